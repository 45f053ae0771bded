//! Floods: of requests, connections, sockets, conversations and messages, from one address and from one organisation.
//! Whoever floods is slowed down, and the others notice nothing (SB1).

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::harness::{Heard, House, On, Plan, Socket, Tenant, Visitor, hello_visitor, on_both, run, sender};

on_both! {
    a_flood_of_first_messages_from_one_address_begins_few_conversations
    a_flood_of_one_organisation_is_no_other_organisations_matter
}

/// Addresses of the loopback: each is somebody else.
const FLOODER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const OTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

fn with<'a>(options: &'a [&'a str]) -> House {
    House::new(&Plan { tenants: 2, options, ..Plan::on(On::Sqlite) })
}

/// Asks so many times, and tells how many were served; the others must have been told when to come back.
async fn served(house: &House, from: Ipv4Addr, forwarded: Option<&str>, times: usize) -> usize {
    let mut served = 0;
    for _ in 0..times {
        let ask = house.ask("GET", "/api/setup").from(from);
        let ask = forwarded.iter().fold(ask, |ask, address| ask.header("x-forwarded-for", address));
        let answer = ask.send().await;
        if answer.status == 200 {
            served += 1;
            continue;
        }
        let answer = answer.is(429);
        assert!((1..=10).contains(&answer.header("retry-after").unwrap().parse::<u64>().unwrap()), "{}", answer.head);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.json()["status"], 429);
    }
    served
}

/// What a connection that is not taken is told: the status, and nothing after it.
async fn told(stream: &mut TcpStream) -> Option<u16> {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_millis(500), stream.read_to_end(&mut answer)).await;
    // Silence: the connection is open, and somebody listens.
    let Ok(Ok(_)) = read else { return None };
    let text = String::from_utf8(answer).unwrap();
    assert_eq!(text.matches("HTTP/1.1").count(), 1, "{text}");
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("nosniff") && head.contains("retry-after: ") && head.contains("problem+json"), "{head}");
    assert!(serde_json::from_str::<serde_json::Value>(body).unwrap()["detail"].is_string());
    Some(head.split(' ').nth(1).unwrap().parse().unwrap())
}

async fn connect(house: &House, from: Ipv4Addr) -> TcpStream {
    testkit::connect_from(from, house.address(), None).await.unwrap()
}

async fn socket(house: &House, from: Ipv4Addr, forwarded: Option<&str>) -> Result<Socket, u16> {
    let origin = house.widget_origin();
    let headers = [("origin", origin.as_str()), ("x-forwarded-for", forwarded.unwrap_or_default())];
    let headers = &headers[..1 + usize::from(forwarded.is_some())];
    Socket::open_from(from, house, &house.widget_host(), "/socket", headers).await
}

async fn visitor(house: &House, tenant: &Tenant, from: Ipv4Addr) -> Visitor {
    let (mut socket, sender) = (socket(house, from, None).await.unwrap(), sender());
    socket.say(hello_visitor(&tenant.widget, &sender)).await;
    let welcome = socket.expect("welcome").await;
    let token = welcome["token"].as_str().unwrap().to_owned();
    Visitor { socket, widget: tenant.widget.clone(), token, sender, counter: 0, welcome }
}

#[test]
fn a_flood_of_requests_from_one_address_is_slowed_down_and_others_are_served() {
    run(async {
        let house = with(&["--address-requests", "5"]);
        let since = Instant::now();
        let most = |since: Instant| 50 + 5 * (1 + since.elapsed().as_secs() as usize);
        let flooded = served(&house, FLOODER, None, 120).await;
        assert!((50..=most(since)).contains(&flooded), "{flooded} in {:?}", since.elapsed());
        assert_eq!(served(&house, OTHER, None, 20).await, 20);
        // Nobody here is a proxy whose word would count.
        let disguised = served(&house, FLOODER, Some("198.51.100.7"), 40).await;
        assert!(flooded + disguised <= most(since), "{disguised} more in {:?}", since.elapsed());
        // Whoever waits is served again.
        tokio::time::sleep(Duration::from_millis(450)).await;
        assert!(served(&house, FLOODER, None, 2).await >= 1);
    });
}

#[test]
fn a_flood_of_connections_from_one_address_leaves_room_for_others() {
    run(async {
        let house = with(&["--address-connections", "20"]);
        let mut held = Vec::new();
        for _ in 0..20 {
            held.push(connect(&house, FLOODER).await);
        }
        assert_eq!(told(&mut held[19]).await, None, "twenty are taken");
        for _ in 0..5 {
            assert_eq!(told(&mut connect(&house, FLOODER).await).await, Some(429));
        }
        assert_eq!(served(&house, OTHER, None, 1).await, 1);
        held.pop();
        testkit::eventually(Duration::from_secs(5), "a place is free again", async || {
            told(&mut connect(&house, FLOODER).await).await.is_none()
        })
        .await;
        // A socket is a connection like any other, and stays one after its upgrade.
        drop(held);
        let mut sockets = Vec::new();
        for _ in 0..20 {
            sockets.push(socket(&house, OTHER, None).await.unwrap());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(told(&mut connect(&house, OTHER).await).await, Some(429));
    });
}

#[test]
fn when_every_connection_is_taken_newcomers_are_told_so_and_nobody_is_thrown_out() {
    run(async {
        let house = with(&["--connections", "30"]);
        let mut first = visitor(&house, house.ours(), OTHER).await;
        let mut held = Vec::new();
        for _ in 0..29 {
            held.push(connect(&house, FLOODER).await);
        }
        assert_eq!(told(&mut connect(&house, Ipv4Addr::new(127, 0, 0, 4)).await).await, Some(503));
        // More than are told so at once.
        let mut crowd = Vec::new();
        for _ in 0..200 {
            crowd.push(connect(&house, FLOODER).await);
        }
        first.write("Ich bin noch da").await;
        drop((held, crowd));
        testkit::eventually(Duration::from_secs(5), "there is room again", async || {
            // While the crowd is being sent away, some are closed without a word.
            let stream = connect(&house, OTHER).await;
            let mut one = [0];
            tokio::time::timeout(Duration::from_millis(500), stream.peek(&mut one)).await.is_err()
        })
        .await;
    });
}

#[test]
fn a_flood_of_new_sockets_from_one_address_is_slowed_down() {
    run(async {
        let house = with(&["--address-sockets", "2"]);
        let since = Instant::now();
        let mut opened = 0;
        for _ in 0..40 {
            match socket(&house, FLOODER, None).await {
                Ok(_) => opened += 1,
                Err(status) => assert_eq!(status, 429),
            }
        }
        assert!((20..=22 + 2 * since.elapsed().as_secs()).contains(&opened), "{opened} in {:?}", since.elapsed());
        assert!(socket(&house, OTHER, None).await.is_ok());
        assert_eq!(served(&house, FLOODER, None, 1).await, 1, "other requests are counted for themselves");
    });
}

#[test]
fn behind_a_proxy_each_client_has_a_share_and_a_forged_address_gets_none() {
    run(async {
        let house = with(&[
            "--trusted-proxies",
            "127.0.0.1, 10.0.0.0/8",
            "--address-requests",
            "2",
            "--address-connections",
            "5",
            "--address-sockets",
            "100",
        ]);
        let proxy = Ipv4Addr::LOCALHOST;
        let flooded = served(&house, proxy, Some("198.51.100.7"), 40).await;
        assert!((20..=24).contains(&flooded), "{flooded}");
        // What the client itself wrote stands before what the proxy added.
        let forged = |number: usize| format!("203.0.113.{number}, 198.51.100.7, 10.1.1.1");
        let mut again = 0;
        for number in 0..20 {
            again += served(&house, proxy, Some(&forged(number)), 1).await;
        }
        assert!(again <= 4, "{again}");
        assert_eq!(served(&house, proxy, Some("198.51.100.8"), 10).await, 10, "another client");
        // A household's /64 is one client, its neighbour another.
        let mut household = 0;
        for number in 0..40 {
            household += served(&house, proxy, Some(&format!("2001:db8:1:2::{number:x}")), 1).await;
        }
        assert!((20..=24).contains(&household), "{household}");
        assert_eq!(served(&house, proxy, Some("2001:db8:1:3::1"), 10).await, 10);
        // Whoever comes past the proxy is believed nothing.
        let mut past = 0;
        for number in 0..40 {
            past += served(&house, FLOODER, Some(&format!("198.51.100.{number}")), 1).await;
        }
        assert!((20..=24).contains(&past), "{past}");
        // Sockets are their clients', not the proxy's; and a place is free again once its socket has gone.
        let (mut held, client) = (Vec::new(), Some("198.51.100.20"));
        for _ in 0..5 {
            held.push(socket(&house, proxy, client).await.unwrap());
        }
        assert_eq!(socket(&house, proxy, client).await.err(), Some(429));
        for number in 30..40 {
            held.push(socket(&house, proxy, Some(&format!("198.51.100.{number}"))).await.unwrap());
        }
        drop(held);
        testkit::eventually(Duration::from_secs(5), "the places are free again", async || {
            socket(&house, proxy, client).await.is_ok()
        })
        .await;
    });
}

/// Whether a visitor's first message begins a conversation; otherwise they must have been told when to try again.
async fn begins(visitor: &mut Visitor) -> bool {
    visitor.send("Hallo").await;
    loop {
        let Heard::Frame(frame) = visitor.socket.hear().await else { panic!("the end") };
        match frame["type"].as_str() {
            Some("accepted") => return true,
            Some("problem") => {
                assert_eq!((&frame["code"], &frame["counter"]), (&json!("rate_limited"), &json!(1)), "{frame}");
                assert_eq!(frame["fatal"], false, "they may try again");
                assert!((50..=60_000).contains(&frame["retry_after_ms"].as_u64().unwrap()), "{frame}");
                return false;
            }
            _ => {}
        }
    }
}

/// Sends so many at once, and tells how many were stored.
async fn stored(visitor: &mut Visitor, messages: usize) -> usize {
    let before = visitor.counter;
    for number in 0..messages {
        visitor.send(&format!("Flut {number}")).await;
    }
    let (mut accepted, mut limited) = (0, 0);
    while accepted + limited < messages {
        let Heard::Frame(frame) = visitor.socket.hear().await else { panic!("the end") };
        match (frame["type"].as_str(), frame["code"].as_str()) {
            (Some("accepted"), _) => accepted += 1,
            (_, Some("rate_limited" | "counter_gap")) => limited += 1,
            _ => {}
        }
    }
    // What was refused is sent again, or not at all.
    visitor.counter = before + i64::try_from(accepted).unwrap();
    accepted
}

async fn a_flood_of_first_messages_from_one_address_begins_few_conversations(on: On) {
    let options = ["--address-conversations", "3", "--organisation-conversations", "5"];
    let house = House::new(&Plan { tenants: 2, options: &options, ..Plan::on(on) });
    let begin = async |tenant: &Tenant, from: Ipv4Addr| begins(&mut visitor(&house, tenant, from).await).await;
    let mut begun = 0;
    for _ in 0..8 {
        begun += usize::from(begin(house.ours(), FLOODER).await);
    }
    assert_eq!(begun, 3, "of one address");
    assert!(begin(house.ours(), OTHER).await, "another address is no part of that");
    assert!(begin(house.ours(), OTHER).await);
    assert!(!begin(house.ours(), Ipv4Addr::new(127, 0, 0, 4)).await, "five of one organisation, from wherever");
    assert!(begin(house.theirs(), Ipv4Addr::new(127, 0, 0, 4)).await, "another organisation is no part of that");
}

async fn a_flood_of_one_organisation_is_no_other_organisations_matter(on: On) {
    let options = ["--organisation-messages", "40", "--visitor-rate", "1000", "--visitor-burst", "1000"];
    let house = House::new(&Plan { tenants: 2, options: &options, ..Plan::on(on) });
    let mut flooder = visitor(&house, house.ours(), FLOODER).await;
    flooder.write("Hallo").await;
    let mut calm = visitor(&house, house.theirs(), OTHER).await;
    let since = Instant::now();
    let accepted = 1 + stored(&mut flooder, 200).await;
    for number in 0..10 {
        calm.write(&format!("Ruhe {number}")).await;
    }
    assert!(
        (40..=40 * (2 + since.elapsed().as_secs())).contains(&(accepted as u64)),
        "{accepted} in {:?}",
        since.elapsed()
    );
    // Nothing is lost: what was refused is taken later.
    tokio::time::sleep(Duration::from_millis(200)).await;
    flooder.write("Danach").await;
}

#[test]
fn a_flood_of_messages_from_one_address_silences_nobody_else_in_its_organisation() {
    run(async {
        let options = ["--address-messages", "10", "--organisation-messages", "40"];
        let house = with(&[&options[..], &["--visitor-rate", "1000", "--visitor-burst", "1000"]].concat());
        let mut other = visitor(&house, house.ours(), OTHER).await;
        other.write("Guten Tag").await;
        let mut flooders = Vec::new();
        for _ in 0..4 {
            flooders.push(visitor(&house, house.ours(), FLOODER).await);
        }
        let since = Instant::now();
        let mut flooded = 0;
        for flooder in &mut flooders {
            flooded += stored(flooder, 50).await;
        }
        assert!((10..=10 * (2 + since.elapsed().as_secs())).contains(&(flooded as u64)), "{flooded}");
        assert_eq!(stored(&mut other, 9).await, 9, "another address of the same organisation");
    });
}

#[test]
fn operators_answer_however_much_visitors_write() {
    run(async {
        let often = ["--visitor-rate", "1000", "--visitor-burst", "1000", "--organisation-messages", "5"];
        let house = with(&often);
        let caller = house.sign_in(&house.ours().owner).await;
        let (mut flooder, id) = house.conversation(house.ours(), "Hallo").await;
        let mut operator = house.operator(&caller).await;
        let flooded = stored(&mut flooder, 200).await;
        assert!(flooded < 100, "{flooded}");
        for counter in 1..=5 {
            let message = json!({ "type": "message", "conversation": id, "counter": counter, "text": "Ich bin da" });
            operator.say(message).await;
            operator.expect_where("accepted", |frame| frame["counter"] == counter).await;
        }
        // They have a limit of their own.
        for counter in 6..=60 {
            let message = json!({ "type": "message", "conversation": id, "counter": counter, "text": "Flut" });
            operator.say(message).await;
        }
        operator.expect_where("problem", |frame| frame["code"] == "rate_limited").await;
    });
}

#[test]
fn what_is_no_message_takes_nobodys_turn() {
    run(async {
        let house = with(&["--address-conversations", "1", "--organisation-conversations", "1"]);
        let mut visitor = visitor(&house, house.ours(), OTHER).await;
        for (text, code) in [(" ".to_owned(), "text_empty"), ("x".repeat(10_001), "text_too_long")] {
            visitor.socket.say(json!({ "type": "message", "counter": 1, "text": text })).await;
            assert_eq!(visitor.socket.expect("problem").await["code"], code);
        }
        assert!(begins(&mut visitor).await);
    });
}

#[test]
fn a_network_full_of_addresses_begins_as_many_conversations_as_four_of_them() {
    run(async {
        let house = with(&["--address-conversations", "2", "--trusted-proxies", "127.0.0.1"]);
        let from = async |address: &str| {
            let mut socket = socket(&house, Ipv4Addr::LOCALHOST, Some(address)).await.unwrap();
            let (widget, sender) = (house.ours().widget.clone(), sender());
            socket.say(hello_visitor(&widget, &sender)).await;
            let welcome = socket.expect("welcome").await;
            begins(&mut Visitor { socket, widget, token: String::new(), sender, counter: 0, welcome }).await
        };
        let (since, mut begun) = (Instant::now(), 0);
        for number in 0..20 {
            begun += u64::from(from(&format!("2001:db8:1:{number:x}::1")).await);
        }
        // Eight a minute come back.
        assert!((8..=8 + since.elapsed().as_secs() / 7).contains(&begun), "{begun} in {:?}", since.elapsed());
        assert!(from("2001:db8:2::1").await, "another network");
        for number in 0..20 {
            assert!(from(&format!("192.0.2.{number}")).await, "neighbours have nothing to do with each other");
        }
    });
}

#[test]
fn no_flood_of_requests_makes_a_check_fail() {
    run(async {
        let house = with(&["--trusted-proxies", "127.0.0.1", "--address-requests", "2"]);
        let proxy = Ipv4Addr::LOCALHOST;
        // A proxy that adds nothing, whose own checks come from the address that everybody has.
        assert!(served(&house, proxy, None, 40).await < 30);
        for _ in 0..40 {
            for path in ["/health", "/ready"] {
                house.ask("GET", path).send().await.is(200);
            }
        }
        // What a stranger writes before it does not make a client the proxy.
        let mut spoiled = 0;
        for number in 0..20 {
            let (way, ask) = (format!("\u{e4}, 198.51.100.{number}"), house.ask("GET", "/api/setup").from(proxy));
            spoiled += usize::from(ask.header("x-forwarded-for", &way).send().await.status == 200);
        }
        assert_eq!(spoiled, 20, "each is a client of its own");
    });
}
