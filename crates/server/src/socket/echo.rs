//! The public WebSocket suite (SI2): kosoku drives the case files of the Autobahn Testsuite, the one that most
//! implementations are measured by. It wants an echo, and our vocabulary is JSON; so the test build of the server, and no
//! other, has one more route on the widget's origin. Everything about it is as for a visitor: the listener, the door, the
//! router, the upgrade with its limits, the line with its closing codes, the orderly end. Only what is done with a message
//! differs.

use std::collections::BTreeMap;
use std::path::Path as FilePath;
use std::process::Command;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocketUpgrade, close_code};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::line::{Gone, Line, Said};
use super::tuned;
use crate::config::Layers;
use crate::door::Door;
use crate::http::{Failure, Shared, router};
use crate::{cli, listen};

/// What is not run, and why:
///
/// - 9: messages of up to 16 MiB. Ours end at 64 KiB, which is what a text of 10,000 characters needs; `LARGE` names those
///   that fit.
/// - 12, 13: compression (RFC 7692). We offer none: it costs memory for each connection, for frames of a few hundred bytes.
const LEFT_OUT: &[&str] = &["9.*", "12.*", "13.*"];
/// All others: framing, pings, reserved bits, opcodes, fragments, UTF-8, closing, and what arrives in pieces.
const CASES: usize = 247;
/// Of 9: messages of exactly 64 KiB, and a thousand small ones in a row.
const LARGE: &[&str] = &["9.1.1", "9.2.1", "9.7.*", "9.8.*"];
const LARGE_CASES: usize = 14;
/// Cases that the RFC leaves open: the suite tells what it saw, and judges nothing.
const OPEN: &[&str] = &["7.1.6", "7.13.1", "7.13.2"];
/// Text that is no UTF-8 is refused at the end of its frame. That it should be before, where a frame comes byte by byte, is
/// a wish of the suite (`NON-STRICT`).
const NOT_AT_ONCE: &[&str] = &["6.4.3", "6.4.4"];

/// Misbehaviour that the suite has to find.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plant {
    None,
    /// Leaves at a ping.
    Pings,
    /// Answers in lower case.
    Letters,
    /// Ends after the first message, as if all were well.
    Leaves,
}

/// An echo connects.
pub(crate) async fn upgrade(
    State(shared): State<Shared>,
    Path(plant): Path<String>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let plant = match plant.as_str() {
        "pings" => Plant::Pings,
        "letters" => Plant::Letters,
        "leaves" => Plant::Leaves,
        _ => Plant::None,
    };
    match upgrade {
        Ok(upgrade) => {
            let tracker = shared.sockets.clone();
            tuned(upgrade).on_upgrade(move |socket| tracker.track_future(serve(Line::over(socket), plant)))
        }
        Err(_) => Failure::no_upgrade().into_response(),
    }
}

async fn serve(mut line: Line, plant: Plant) {
    let _ = echo(&mut line, plant).await;
}

async fn echo(line: &mut Line, plant: Plant) -> Result<(), Gone> {
    loop {
        match line.next().await {
            Said::Text(text) if plant == Plant::Letters => {
                line.feed(Message::Text(text.as_str().to_lowercase().into())).await?;
            }
            Said::Text(text) => line.feed(Message::Text(text)).await?,
            Said::Binary(bytes) => line.feed(Message::Binary(bytes)).await?,
            Said::Nothing if plant == Plant::Pings => return Ok(()),
            Said::Nothing => continue,
            Said::TooLarge => {
                line.close(close_code::SIZE).await;
                return Ok(());
            }
            Said::End => return Ok(()),
        }
        line.flush().await?;
        if plant == Plant::Leaves {
            line.close(close_code::NORMAL).await;
            return Ok(());
        }
    }
}

/// What the suite found: for each case, how the exchange was and how the end.
type Findings = BTreeMap<String, (String, String)>;

/// Runs cases of the suite against the echo of a server of its own.
fn run(plant: &str, words: &[&str]) -> Findings {
    let python = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../../target/kosoku/bin/python");
    assert!(
        python.exists(),
        "The WebSocket suite is missing. ./test installs it; by hand:  python3 -m venv target/kosoku && \
         target/kosoku/bin/pip install --require-hashes --only-binary :all: -r scripts/suites/kosoku.txt"
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let mut layers = Layers::defaults();
    layers.flag("data", folder.path().join("data").display().to_string());
    layers.flag("widget_origin", format!("http://{address}"));
    // Hundreds of sockets in a few seconds, all of one address.
    layers.flag("address_sockets", "1000".to_owned());
    let config = layers.check().unwrap();
    let app = runtime.block_on(cli::installation(&config)).unwrap();
    let door = Door::new(&config.door);
    let (ending, sockets) = (CancellationToken::new(), TaskTracker::new());
    let shared = Shared {
        app: app.clone(),
        config: config.into(),
        door: door.clone(),
        readiness: std::sync::Arc::default(),
        ending: ending.clone(),
        sockets: sockets.clone(),
    };
    let serving = runtime.spawn(listen::serve(listener, router(shared), door, ending.clone(), sockets));
    let report = folder.path().join("report");
    let suite = Command::new(&python)
        .args(["-c", "from kosoku._cli import main; main()", "--parallelism", "8", "--outdir"])
        .arg(&report)
        .args(words)
        .arg(format!("ws://{address}/echo/{plant}"))
        .output()
        .unwrap();
    ending.cancel();
    runtime.block_on(serving).unwrap();
    runtime.block_on(app.close());
    let said = format!("{}{}", String::from_utf8_lossy(&suite.stdout), String::from_utf8_lossy(&suite.stderr));
    let index = std::fs::read_to_string(report.join("index.json")).unwrap_or_else(|_| panic!("no report: {said}"));
    let index: serde_json::Value = serde_json::from_str(&index).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let cases = index.as_object().unwrap().values().flat_map(|agent| agent.as_object().unwrap());
    let found: Findings =
        cases.map(|(case, of)| (case.clone(), (text(&of["behavior"]), text(&of["behaviorClose"])))).collect();
    found
}

#[test]
fn the_public_suite_finds_nothing() {
    let left_out: Vec<&str> = LEFT_OUT.iter().flat_map(|&cases| ["--exclude", cases]).collect();
    let large: Vec<&str> = LARGE.iter().flat_map(|&cases| ["--include", cases]).collect();
    let (mut open, mut not_at_once, mut bad) = (Vec::new(), Vec::new(), Vec::new());
    for (words, expected) in [(left_out, CASES), (large, LARGE_CASES)] {
        let found = run("faithful", &words);
        let count = found.len();
        for (case, how) in found {
            match (how.0.as_str(), how.1.as_str()) {
                ("OK", "OK") => {}
                ("INFORMATIONAL", _) | (_, "INFORMATIONAL") => open.push(case),
                ("NON-STRICT", "OK") => not_at_once.push(case),
                _ => bad.push((case, how)),
            }
        }
        assert!(bad.is_empty(), "{bad:#?}");
        assert_eq!(count, expected, "each of them has run");
    }
    assert_eq!(open, OPEN);
    assert_eq!(not_at_once, NOT_AT_ONCE);
}

#[test]
fn planted_misbehaviour_is_found() {
    for (plant, case) in [("pings", "2.2"), ("letters", "6.2.1"), ("leaves", "9.7.1")] {
        let found = run(plant, &["--include", case]);
        assert_eq!(found.len(), 1, "it has run");
        assert!(found[case].0 == "FAILED", "{plant}: {found:?}");
        let found = run("faithful", &["--include", case]);
        assert_eq!(found[case], ("OK".to_owned(), "OK".to_owned()), "{case}");
    }
}
