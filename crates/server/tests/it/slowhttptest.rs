//! Slow clients once more (SB3), as the tool plays them that everybody names: slowhttptest, with slow heads (-H), slow
//! bodies (-B), ranges without end (-R) and slow readers (-X). All of them at once, while others are served.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::harness::{House, On, Plan, run};

const EACH: usize = 150;
/// Longer than a client may take for its head or its body.
const SECONDS: &str = "16";

/// What the tool told.
#[derive(Debug)]
struct Told {
    /// Whether the service was available to it, each time it says so.
    available: Vec<bool>,
    /// The most connections that it held.
    most: usize,
    /// Why it ended.
    end: String,
}

/// Runs it. What it asks is asked in absolute form, as of a proxy, so that it need not know the names of our hosts.
async fn slowhttptest(at: SocketAddr, words: &str) -> Told {
    let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    let done = tokio::task::spawn_blocking(move || {
        let mut command = Command::new("slowhttptest");
        command.args(words).args(["-v", "1", "-p", "1", "-d", &at.to_string()]).output()
    });
    let output = done.await.unwrap().unwrap_or_else(|error| {
        panic!("slowhttptest can't be called ({error}). ./test installs it; by hand:  apt-get install slowhttptest")
    });
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    // Letters between escape sequences that colour them.
    let mut plain = String::new();
    for (number, part) in said.split('\u{1b}').enumerate() {
        let colour =
            if number == 0 { 0 } else { part.find(|letter: char| letter.is_ascii_alphabetic()).map_or(0, |at| at + 1) };
        plain.push_str(&part[colour..]);
    }
    let after = |key: &'static str| {
        let lines = plain.lines().filter_map(move |line| line.trim().strip_prefix(key));
        lines.map(|value| value.trim().to_owned()).collect::<Vec<_>>()
    };
    let told = Told {
        available: after("service available:").iter().map(|word| word == "YES").collect(),
        most: after("connected:").iter().map(|number| number.parse().unwrap()).max().unwrap_or(0),
        end: after("Exit status:").last().cloned().unwrap_or_default(),
    };
    assert!(!told.available.is_empty() && !told.end.is_empty(), "it says what it did: {plain}");
    told
}

#[test]
fn nobody_waits_for_what_slowhttptest_does_and_its_connections_are_cut() {
    run(async {
        let options = ["--address-requests", "100000"];
        let house = House::new(&Plan { options: &options, ..Plan::on(On::Sqlite) });
        let mut visitor = house.visitor(house.ours()).await;
        let (before, memory) = (house.open_files(), house.memory());
        let app = house.app_origin();
        let attack = |words: &str, path: &str| {
            let words = format!("{words} -c {EACH} -r {EACH} -l {SECONDS} -u {app}{path}");
            let at = house.address();
            tokio::spawn(async move { slowhttptest(at, &words).await })
        };
        let attacks = [
            attack("-H -i 1", "/api/setup"),
            attack("-B -i 1 -s 60000 -f application/json", "/api/session"),
            attack("-R", "/api/openapi.json"),
            attack("-X -k 10 -w 512 -y 1024 -n 1 -z 32", "/api/openapi.json"),
        ];
        let since = Instant::now();
        let (mut asked, mut most) = (0, 0);
        // By then they are all there, and none of them is cut yet.
        while !attacks.iter().all(tokio::task::JoinHandle::is_finished) {
            let start = Instant::now();
            house.ask("GET", "/health").from(Ipv4Addr::new(127, 0, 2, 1)).send().await.is(200);
            visitor.write("Ist jemand da?").await;
            assert!(start.elapsed() < Duration::from_secs(1), "{:?} after {:?}", start.elapsed(), since.elapsed());
            (asked, most) = (asked + 1, most.max(house.open_files()));
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        assert!(asked > 20, "{asked}");
        assert!(most >= before + 3 * EACH, "they were all there: {most}");
        let mut told = Vec::new();
        for attack in attacks {
            told.push(attack.await.unwrap());
        }
        for told in &told {
            assert!(told.available.iter().all(|available| *available), "{told:?}");
        }
        // A reader has still to read what its own system holds when the server has let go, so it runs to its end.
        for (told, end) in told.iter().zip(["No open connections left"; 3]) {
            assert_eq!(told.end, end, "{told:?}");
        }
        assert!(told[0].most >= EACH && told[1].most >= EACH && told[3].most >= EACH, "{told:?}");
        testkit::eventually(Duration::from_secs(10), "all are cut", async || house.open_files() <= before + 2).await;
        let grown = house.memory().saturating_sub(memory);
        assert!(grown < 64 << 20, "it grew by {grown} bytes");
        visitor.write("Ja.").await;
    });
}

#[test]
fn slowhttptest_tells_of_a_service_that_does_not_answer() {
    run(async {
        // Connections are taken by the system, and nobody answers them.
        let deaf = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let at = deaf.local_addr().unwrap();
        let told = slowhttptest(at, "-H -c 5 -r 5 -i 1 -l 6 -u http://app.localhost/").await;
        assert!(told.available.contains(&false), "{told:?}");
    });
}
