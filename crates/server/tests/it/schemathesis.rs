//! The API against its own description (SI4), by the public suite schemathesis: it makes requests out of the description,
//! right and wrong ones, and holds every answer to what is described: status, type, headers, schema; that what is described
//! as wrong is refused, that what is right is not called malformed, that other methods are refused, and that nobody gets in
//! without a token. All of its checks are on; a seed makes each run the same.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{House, On, Plan, on_both, run_within};
use std::time::Duration;

on_both! { the_suite_finds_nothing_as_an_owner }

/// What a description cannot say is answered to what it allows: an id that is not there (404), a name that is taken (409), a
/// name of spaces, a wrong code (422), a role or an origin that may not (403), no session (401). Nothing else may be.
const CONFIGURATION: &str = r#"
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "422"]

# The suite guesses as fast as it can, and is told to wait.
[[operations]]
include-path-regex = "^/api/(session(/code|/passkey)?|retention(/preview|/rules)?)$"
checks.positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "409", "422", "429"]
"#;

struct Found {
    report: String,
    /// Codes of failures, such as `ST103`.
    codes: Vec<String>,
    /// How many requests were judged.
    cases: usize,
}

fn suite() -> std::path::PathBuf {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/schemathesis/bin/schemathesis");
    assert!(
        program.exists(),
        "The suite for the API is missing. ./test installs it; by hand:  python3 -m venv target/schemathesis && \
         target/schemathesis/bin/pip install --require-hashes --only-binary :all: -r scripts/suites/schemathesis.txt"
    );
    program
}

/// Runs it against a house, with a description and headers.
async fn run_suite(house: &House, description: &Value, headers: &[String], words: &[&str]) -> Found {
    let folder = house.folder.join(format!("suite-{:x}", crate::harness::random()));
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("openapi.json"), description.to_string()).unwrap();
    // Ids that are there: what is made up is not.
    let mut configuration = CONFIGURATION.to_owned();
    let (_visitor, conversation) = house.conversation(house.ours(), "Hallo").await;
    for (path, id) in [("/api/widgets/{id}", &house.ours().widget), ("/api/conversations/{id}", &conversation)] {
        configuration.push_str(&format!(
            "\n[[operations]]\ninclude-path = \"{path}\"\nparameters = {{ \"path.id\" = \"{id}\" }}\n"
        ));
    }
    std::fs::write(folder.join("suite.toml"), configuration).unwrap();
    let mut command = Command::new(suite());
    command.current_dir(&folder).env("NO_COLOR", "1").args(["--config-file", "suite.toml", "run", "openapi.json"]);
    command.args(["--url", &format!("http://{}", house.address()), "--seed", "7", "--checks", "all", "--no-shrink"]);
    command
        .args(["--continue-on-failure", "--workers", "1", "--phases", "examples,coverage,fuzzing,stateful"])
        .args(words);
    for header in headers.iter().chain([&format!("Host: {}", house.app_host())]) {
        command.args(["--header", header]);
    }
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let report = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let codes: Vec<_> =
        report.lines().filter_map(|line| Some(line.strip_prefix("- ST")?.get(..3)?.to_owned())).collect();
    let cases = report
        .lines()
        .find_map(|line| line.trim().split_once(" generated")?.0.parse().ok())
        .unwrap_or_else(|| panic!("it says what it did: {report}"));
    assert_eq!(output.status.success(), codes.is_empty(), "{report}");
    assert!(report.contains("Tested: "), "{report}");
    Found { report, codes, cases }
}

async fn described(house: &House) -> Value {
    house.ask("GET", "/api/openapi.json").send().await.is(200).json()
}

fn plan(on: On) -> Plan<'static> {
    Plan { options: &["--address-requests", "100000"], ..Plan::on(on) }
}

async fn the_suite_finds_nothing_as_an_owner(on: On) {
    let house = House::new(&plan(on));
    let token = format!("Authorization: Bearer {}", house.ours().token);
    let found = run_suite(&house, &described(&house).await, &[token], &["--max-examples", "30"]).await;
    assert_eq!(found.codes, Vec::<String>::new(), "{}", found.report);
    assert!(found.cases > 1_000, "{} cases: {}", found.cases, found.report);
}

#[test]
fn the_suite_finds_nothing_as_nobody_on_the_dashboards_page() {
    run_within(Duration::from_secs(150), async {
        let house = House::new(&plan(On::Sqlite));
        let origin = format!("Origin: {}", house.app_origin());
        let found = run_suite(&house, &described(&house).await, &[origin], &["--max-examples", "10"]).await;
        assert_eq!(found.codes, Vec::<String>::new(), "{}", found.report);
        assert!(found.cases > 500, "{} cases: {}", found.cases, found.report);
    });
}

/// A description that is wrong in a few ways is found to be.
#[test]
fn the_suite_finds_what_was_planted() {
    run_within(Duration::from_secs(150), async {
        let house = House::new(&plan(On::Sqlite));
        let mut description = described(&house).await;
        let paths = &mut description["paths"];
        let answers = paths["/api/groups"]["post"]["responses"].as_object_mut().unwrap();
        answers.remove("422"); // a status that is not described
        let kept: serde_json::Map<String, Value> = paths.as_object().unwrap().clone();
        let some = ["/api/groups", "/api/roles", "/api/widgets", "/api/setup"];
        *paths = kept
            .into_iter()
            .filter(|(path, _)| some.contains(&path.as_str()))
            .collect::<serde_json::Map<_, _>>()
            .into();
        // An answer of another shape, one of another type, and a door that is said to be locked.
        paths["/api/roles"]["get"]["responses"]["200"]["content"]["application/json"]["schema"] =
            json!({ "type": "string" });
        let content = paths["/api/widgets"]["get"]["responses"]["200"]["content"].as_object_mut().unwrap();
        let schema = content.remove("application/json").unwrap();
        content.insert("application/xml".to_owned(), schema);
        paths["/api/setup"]["get"]["security"] = json!([{ "token": [] }]);
        let token = format!("Authorization: Bearer {}", house.ours().token);
        let found = run_suite(&house, &description, &[token], &["--max-examples", "10"]).await;
        for (code, what) in [("103", "status"), ("105", "type"), ("108", "schema"), ("401", "door")] {
            assert!(found.codes.iter().any(|one| one == code), "{what}: {:?}\n{}", found.codes, found.report);
        }
    });
}
