//! The public cases on requests that two readers understand in two ways (SI3): those of AWS's http-desync-guardian, by
//! whose tiers load balancers decide. None of our making, and none of our opinion: what is severe or ambiguous to them is
//! answered once, and ends the connection; what is in order is served.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use futures_util::future::join_all;

use crate::harness::{House, On, Plan, run};
use crate::malformed::statuses;

/// How they judge a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tier {
    Compliant,
    Acceptable,
    Ambiguous,
    Severe,
}

use Tier::{Acceptable, Ambiguous, Compliant, Severe};

/// How many there are of each.
const CASES: &[(Tier, usize)] = &[(Compliant, 28), (Acceptable, 15), (Ambiguous, 58), (Severe, 58)];

/// What we judge otherwise, and why.
const ODD: &[(&str, &str)] = &[
    // In order to them, and refused by us.
    ("Transfer-Encoding with a param: chunked;custom_param", "chunked has no parameters (RFC 9112, section 7.1)"),
    ("TE with custom parameters OK", "the same"),
    ("Empty URI", "a request is for something (RFC 9112, section 3.2)"),
    // Ambiguous to them. The same length twice is one length, and all who read it see the same end.
    ("Duplicate Content-Length", "may be taken for one (RFC 9110, section 8.6)"),
    ("Two Identical Fields - CL", "the same"),
];

#[derive(Debug, Default)]
struct Case {
    name: String,
    method: String,
    uri: String,
    version: String,
    headers: Vec<(String, String)>,
    tier: Option<Tier>,
}

/// Where the cases lie, and no network is asked for it.
fn folder() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/suites/Cargo.toml");
    let words = ["metadata", "--format-version", "1", "--locked", "--offline", "--manifest-path"];
    let told = Command::new(env!("CARGO")).args(words).arg(manifest).output().unwrap();
    assert!(
        told.status.success(),
        "The public cases are missing. ./test fetches them; by hand:  \
         cargo fetch --locked --manifest-path scripts/suites/Cargo.toml\n{}",
        String::from_utf8_lossy(&told.stderr)
    );
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    let packages = told["packages"].as_array().unwrap();
    let found = packages.iter().find(|package| package["name"] == "http_desync_guardian").unwrap();
    Path::new(found["manifest_path"].as_str().unwrap()).with_file_name("tests")
}

/// A value as it is written there: in single quotes, in double quotes with escapes, or plain; escapes count everywhere.
fn value(written: &str) -> String {
    let written = written.trim();
    if let Some(inner) = written.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return inner.replace("''", "'");
    }
    let inner = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(written);
    let mut text = String::new();
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            text.push(letter);
            continue;
        }
        text.push(match letters.next().expect("an escape is whole") {
            'r' => '\r',
            'n' => '\n',
            't' => '\t',
            'x' => {
                let digits: String = letters.by_ref().take(2).collect();
                char::from(u8::from_str_radix(&digits, 16).expect("two digits"))
            }
            other @ ('\\' | '"') => other,
            other => panic!("an escape that nobody knows: {other}"),
        });
    }
    text
}

/// Reads what stands there, which is a small part of what YAML may be.
fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for file in fs::read_dir(folder()).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|kind| kind != "yaml") {
            continue;
        }
        for line in fs::read_to_string(path).unwrap().lines() {
            if line.trim_start().starts_with('#') {
                continue;
            }
            if let Some(name) = line.strip_prefix("- name:") {
                cases.push(Case { name: value(name), ..Case::default() });
                continue;
            }
            let Some(case) = cases.last_mut() else { continue };
            let after = |key: &str| line.strip_prefix(key).map(value);
            if let Some(method) = after("  method:") {
                case.method = method;
            } else if let Some(uri) = after("  uri:") {
                case.uri = uri;
            } else if let Some(version) = after("  version:") {
                case.version = version;
            } else if let Some(name) = after("    - name:") {
                case.headers.push((name, String::new()));
            } else if let Some(value) = after("      value:") {
                case.headers.last_mut().expect("a header has a name").1 = value;
            } else if let Some(tier) = after("    tier:") {
                let all = CASES.iter().map(|(tier, _)| *tier);
                case.tier = all.into_iter().find(|known| format!("{known:?}") == tier);
            }
        }
    }
    cases
}

impl Case {
    /// The request, and behind it another one, whole and well-formed: for whoever does not see that there is a body, for
    /// whoever sees its length, and for whoever sees its pieces.
    fn bytes(&self, host: &str, smuggled: &str) -> Vec<u8> {
        let Self { method, uri, version, headers, .. } = self;
        let mut text = format!("{method} {uri} {version}\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            text.push_str(&format!("Host: {host}\r\n"));
        }
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        let mut about = headers.iter().map(|(name, value)| {
            let letters: String = name.chars().filter(char::is_ascii_alphabetic).collect();
            (letters.to_ascii_lowercase(), value)
        });
        if about.clone().any(|(name, value)| name == "transferencoding" && value.to_lowercase().contains("chunked")) {
            text.push_str("0\r\n\r\n");
        } else if let Some(length) =
            about.find_map(|(name, value)| (name == "contentlength").then(|| value.trim().parse::<usize>().ok())?)
        {
            text.push_str(&format!("{smuggled}{}", "x".repeat(length))[..length]);
        }
        text.push_str(smuggled);
        text.into_bytes()
    }
}

#[test]
fn public_cases_are_answered_as_they_are_judged() {
    run(async {
        let house = House::new(&Plan::on(On::Sqlite));
        let host = house.app_host();
        let smuggled = format!("GET /health?smuggled HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let tried = cases().into_iter().map(async |case| {
            let (statuses, ended) = statuses(&house, &case.bytes(&host, &smuggled)).await;
            (case, statuses, ended)
        });
        let (mut bad, mut went_on) = (Vec::new(), 0);
        let mut counts: Vec<_> = CASES.iter().map(|(tier, _)| (*tier, 0)).collect();
        for (case, statuses, ended) in join_all(tried).await {
            let tier = case.tier.expect("each is judged");
            counts.iter_mut().find(|(of, _)| *of == tier).expect("all tiers").1 += 1;
            let refused = matches!(statuses.first(), None | Some(400 | 501 | 505));
            let is_odd = ODD.iter().any(|(name, _)| *name == case.name);
            let good = match tier {
                // One answer, which never says that it was done, and the end.
                Severe => ended && matches!(statuses.as_slice(), [400..=499] | [501] | [505]),
                Ambiguous if !is_odd => ended && statuses.len() == 1,
                // Here the request behind it is one.
                Compliant if !is_odd => !refused && (ended || statuses.len() == 2),
                Acceptable | Ambiguous | Compliant => statuses.len() == if ended { 1 } else { 2 },
            };
            went_on += usize::from(statuses.ends_with(&[200]));
            if !good {
                bad.push(format!("{tier:?}: {}: {statuses:?}{}", case.name, if ended { "" } else { ", still open" }));
            }
        }
        assert!(bad.is_empty(), "{bad:#?}");
        assert_eq!(counts, CASES, "each of them has run");
        assert!(went_on >= 15, "a request behind another one is seen where it is answered: {went_on}");
    });
}
