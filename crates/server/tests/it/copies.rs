//! Copies that people take with them (SP9, SI16): all that is theirs, nothing of anybody else, and nothing that a spreadsheet
//! or a browser would run. And counts, which do not change with what is said.

use serde_json::{Value, json};

use crate::harness::{Caller, House, On, Plan, Tenant, Visitor, on_both};

on_both! {
    an_export_holds_all_of_theirs_and_none_of_others
    what_was_written_to_be_run_is_text_in_every_copy
    a_copy_is_recorded_before_it_is_taken
    counters_say_what_happened_and_nothing_of_whom
    counters_are_byte_equal_before_and_after
}

/// What nobody else would write.
fn canary(of: &str) -> String {
    format!("canary-{of}-{:x}", crate::harness::random())
}

/// What was planted: in the conversation that is copied, in the rest of its organisation, and in another one.
struct Planted {
    owner: Caller,
    conversation: String,
    own: Vec<String>,
    rest: Vec<String>,
    others: Vec<String>,
    /// In our organisation, and yet one's own.
    personal: String,
}

async fn say(house: &House, caller: &Caller, conversation: &str, text: &str, note: bool) {
    let mut socket = house.operator(caller).await;
    let message = json!({ "type": "message", "counter": 1, "conversation": conversation, "text": text, "note": note });
    socket.say(message).await;
    socket.expect("accepted").await;
}

/// A conversation with something in every place that holds words; gives them back.
async fn chat(house: &House, tenant: &Tenant, owner: &Caller, of: &str) -> (String, Vec<String>) {
    let words: Vec<String> =
        ["visitor", "again", "operator", "note"].map(|place| canary(&format!("{of}-{place}"))).into();
    let (mut visitor, id): (Visitor, String) = house.conversation(tenant, &words[0]).await;
    visitor.write(&words[1]).await;
    say(house, owner, &id, &words[2], false).await;
    say(house, owner, &id, &words[3], true).await;
    (id, words)
}

async fn named(house: &House, owner: &Caller, path: &str, body: Value, name: &str) -> String {
    let made = house.ask("POST", path).by(owner).json(&body).send().await.is(201).json();
    assert!(made.to_string().contains(name));
    made["id"].as_str().unwrap().to_owned()
}

async fn set_up(house: &House, owner: &Caller, of: &str) -> Vec<String> {
    let words: Vec<String> =
        ["snippet", "topic", "group", "greeting"].map(|place| canary(&format!("{of}-{place}"))).into();
    let wording = json!({ "de": &words[0], "en": null });
    let snippet = json!({ "shared": true, "shortcut": "wort", "title": "Titel", "wording": wording });
    named(house, owner, "/api/snippets", snippet, &words[0]).await;
    // At most 32 characters fit into a topic.
    let words: Vec<String> = words.into_iter().map(|word| word.chars().take(32).collect()).collect();
    named(house, owner, "/api/topics", json!({ "name": &words[1], "colour": 1 }), &words[1]).await;
    named(house, owner, "/api/groups", json!({ "name": &words[2] }), &words[2]).await;
    let widget = house.ask("GET", "/api/widgets").by(owner).send().await.is(200).json()[0]["id"].clone();
    let path = format!("/api/widgets/{}", widget.as_str().unwrap());
    house.ask("PATCH", &path).by(owner).json(&json!({ "greeting": &words[3] })).send().await.is(200);
    words
}

impl Planted {
    async fn new(house: &House) -> Self {
        let (owner, foreign) = (house.sign_in(&house.ours().owner).await, house.sign_in(&house.theirs().owner).await);
        let (conversation, own) = chat(house, house.ours(), &owner, "own").await;
        let (_, mut rest) = chat(house, house.ours(), &owner, "rest").await;
        rest.extend(set_up(house, &owner, "rest").await);
        let (_, mut others) = chat(house, house.theirs(), &foreign, "other").await;
        others.extend(set_up(house, &foreign, "other").await);
        let agent = house.sign_in(&house.ours().agent).await;
        let personal = canary("personal");
        let wording = json!({ "de": &personal, "en": null });
        let snippet = json!({ "shared": false, "shortcut": "mein", "title": "Meins", "wording": wording });
        named(house, &agent, "/api/snippets", snippet, &personal).await;
        // What is looked for is there to be found: the other organisation's own copy has it.
        let theirs = copy(house, &foreign, "/api/organisation/export?format=jsonl").await;
        assert_eq!(missing(&theirs, &others), Vec::<&String>::new());
        assert_eq!(found(&theirs, &own), Vec::<&String>::new());
        Self { owner, conversation, own, rest, others, personal }
    }
}

async fn copy(house: &House, by: &Caller, path: &str) -> String {
    house.ask("GET", path).by(by).send().await.is(200).text()
}

fn missing<'w>(text: &str, words: &'w [String]) -> Vec<&'w String> {
    words.iter().filter(|word| !text.contains(word.as_str())).collect()
}

fn found<'w>(text: &str, words: &'w [String]) -> Vec<&'w String> {
    words.iter().filter(|word| text.contains(word.as_str())).collect()
}

async fn an_export_holds_all_of_theirs_and_none_of_others(on: On) {
    let house = House::new(&Plan { tenants: 2, ..Plan::on(on) });
    let planted = Planted::new(&house).await;
    let none = Vec::<&String>::new();
    for format in ["json", "html"] {
        let path = format!("/api/conversations/{}/export?format={format}", planted.conversation);
        let copied = house.ask("GET", &path).by(&planted.owner).send().await.is(200);
        let named = copied.header("content-disposition").unwrap();
        assert!(named.starts_with("attachment; filename=\"conversation-") && named.ends_with(&format!("{format}\"")));
        let text = copied.text();
        assert_eq!(missing(&text, &planted.own), none, "{format}");
        assert_eq!(found(&text, &planted.rest), none, "{format}");
        assert_eq!(found(&text, &planted.others), none, "{format}");
        if format == "json" {
            let copy = copied.json();
            let entries = copy["entries"].as_array().unwrap();
            let sequences: Vec<i64> = entries.iter().map(|entry| entry["sequence"].as_i64().unwrap()).collect();
            assert_eq!(sequences, (1..=sequences.len() as i64).collect::<Vec<_>>());
            assert_eq!(copy["format"], "diskret-conversation-1");
            assert_eq!(copy["conversation"]["id"], planted.conversation.as_str());
            assert_eq!(entries.iter().filter(|entry| entry["note"] == true).count(), 1);
        }
    }
    let everything = [planted.own.clone(), planted.rest.clone()].concat();
    let lines = copy(&house, &planted.owner, "/api/organisation/export?format=jsonl").await;
    assert_eq!(missing(&lines, &everything), none);
    assert_eq!(found(&lines, &planted.others), none);
    assert!(!lines.contains(&planted.personal), "a colleague's own snippet");
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let count = |kinds: &[&str]| lines.iter().filter(|line| kinds.iter().any(|kind| line["type"] == *kind)).count();
    assert_eq!(lines[0]["type"], "organisation");
    let end = lines.last().unwrap();
    assert_eq!(
        (count(&["conversation"]), count(&["message", "event"])),
        (end["conversations"].as_u64().unwrap() as usize, end["entries"].as_u64().unwrap() as usize,)
    );
    assert_eq!((count(&["conversation"]), count(&["topic"]), count(&["group"])), (2, 1, 1));
    // The table holds what was said, and how many rows it has is how much that is.
    let table = copy(&house, &planted.owner, "/api/organisation/export?format=csv").await;
    let said = [planted.own, planted.rest[..4].to_vec()].concat();
    assert_eq!(missing(&table, &said), none);
    assert_eq!(found(&table, &planted.others), none);
    assert_eq!(table.matches("\r\n").count(), 1 + count(&["message", "event"]));
}

async fn what_was_written_to_be_run_is_text_in_every_copy(on: On) {
    let house = House::new(&Plan::on(on));
    let owner = house.sign_in(&house.ours().owner).await;
    let attacks = [
        "=HYPERLINK(\"http://evil.example\";\"x\")",
        "+1+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(1+1)",
        "</p><script>alert(1)</script><img src=x onerror=alert(2)>",
        "line one\r\nline two, \"quoted\"",
        "\u{202e}gnp.exe & &amp; '",
    ];
    let (mut visitor, id) = house.conversation(house.ours(), attacks[0]).await;
    for attack in &attacks[1..] {
        visitor.write(attack).await;
    }
    let page = copy(&house, &owner, &format!("/api/conversations/{id}/export?format=html")).await;
    let lower = page.to_lowercase();
    for sign in ["<script", "<img", "onerror=alert(2)>", "http-equiv=\"refresh"] {
        assert!(!lower.contains(sign), "{sign}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && page.contains("&amp;amp;"));
    assert_eq!(page.matches("<li>").count(), attacks.len());
    // A document says the same words that were written, and no more and no fewer.
    let document = house.ask("GET", &format!("/api/conversations/{id}/export?format=json")).by(&owner).send().await;
    let document = document.is(200).json();
    let said: Vec<&str> =
        document["entries"].as_array().unwrap().iter().filter_map(|entry| entry["text"].as_str()).collect();
    assert_eq!(said, attacks);
    let table = copy(&house, &owner, "/api/organisation/export?format=csv").await;
    for attack in &attacks[..4] {
        assert!(table.contains(&format!("\"'{}", attack.replace('"', "\"\""))), "{attack}");
    }
    for cell in cells(&table).iter().skip(1).flatten() {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{cell}");
    }
    assert_eq!(cells(&table).len(), 1 + attacks.len(), "none of them made a row of its own");
}

/// A table as a spreadsheet reads it (RFC 4180), read by hand.
fn cells(table: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut signs = table.chars().peekable();
    while let Some(sign) = signs.next() {
        match (quoted, sign) {
            (true, '"') if signs.peek() == Some(&'"') => {
                signs.next();
                cell.push('"');
            }
            (_, '"') => quoted = !quoted,
            (false, ',') => row.push(std::mem::take(&mut cell)),
            (false, '\r') => {}
            (false, '\n') => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            (_, sign) => cell.push(sign),
        }
    }
    rows
}

async fn a_copy_is_recorded_before_it_is_taken(on: On) {
    let house = House::new(&Plan::on(on));
    let owner = house.sign_in(&house.ours().owner).await;
    let (_visitor, id) = house.conversation(house.ours(), "Hallo").await;
    let taken = async || {
        let log = house.ask("GET", "/api/audit?kind=copy_taken").by(&owner).send().await.is(200).json();
        let details = |entry: &Value| entry["details"].to_string();
        log["items"].as_array().unwrap().iter().map(details).collect::<Vec<_>>()
    };
    assert_eq!(taken().await, Vec::<String>::new());
    house.ask("GET", &format!("/api/conversations/{id}/export?format=html")).by(&owner).send().await.is(200);
    house.ask("GET", "/api/organisation/export?format=csv").by(&owner).send().await.is(200);
    let agent = house.sign_in(&house.ours().agent).await;
    house.ask("GET", "/api/organisation/export?format=csv").by(&agent).send().await.is(403);
    let taken = taken().await;
    assert_eq!(taken.len(), 2, "what was refused was not taken");
    assert!(taken[1].contains(&id) && taken[1].contains("html"), "{}", taken[1]);
    assert!(taken[0].contains("csv") && !taken[0].contains(&id), "{}", taken[0]);
}

async fn counters_say_what_happened_and_nothing_of_whom(on: On) {
    let house = House::new(&Plan { tenants: 2, ..Plan::on(on) });
    let owner = house.sign_in(&house.ours().owner).await;
    let empty = copy(&house, &owner, "/api/counters.csv").await;
    assert_eq!(cells(&empty).len(), 1, "only the names of its columns");
    let (mut visitor, id) = house.conversation(house.ours(), "Hallo").await;
    visitor.write("Noch etwas").await;
    say(&house, &owner, &id, "Guten Tag", false).await;
    say(&house, &owner, &id, "Nur für uns", true).await;
    house.conversation(house.ours(), "Hallo").await;
    house.conversation(house.theirs(), "Hallo").await;
    let table = copy(&house, &owner, "/api/counters.csv").await;
    let rows = cells(&table);
    assert_eq!((rows.len(), rows[1].len()), (2, rows[0].len()), "{table}");
    let value = |column: &str| {
        let index = rows[0].iter().position(|name| name == column).unwrap();
        rows[1][index].clone()
    };
    let numbers =
        ["conversations", "visitor_messages", "team_messages", "first_responses", "within_30_seconds", "later"];
    assert_eq!(numbers.map(value), ["2", "3", "1", "1", "1", "0"]);
    assert_eq!(value("widget_id"), house.ours().widget);
    assert!(!table.contains(&id) && !table.contains("Hallo"));
    // Nothing of it goes when the program ends.
    assert!(house.terminate().success());
    house.start();
    let owner = house.sign_in(&house.ours().owner).await;
    assert_eq!(copy(&house, &owner, "/api/counters.csv").await, table);
}

async fn counters_are_byte_equal_before_and_after(on: On) {
    let house = House::new(&Plan::on(on));
    let owner = house.sign_in(&house.ours().owner).await;
    let said = canary("erased");
    let (mut visitor, id) = house.conversation(house.ours(), &said).await;
    say(&house, &owner, &id, "Guten Tag", false).await;
    let before = copy(&house, &owner, "/api/counters.csv").await;
    assert_eq!(cells(&before).len(), 2);
    let export = "/api/organisation/export?format=jsonl";
    assert!(copy(&house, &owner, export).await.contains(&said));
    visitor.socket.say(json!({ "type": "erase" })).await;
    visitor.socket.expect("erased").await;
    house.ask("GET", &format!("/api/conversations/{id}/export?format=json")).by(&owner).send().await.is(404);
    assert!(!copy(&house, &owner, export).await.contains(&said), "what is hidden is in no copy");
    assert_eq!(copy(&house, &owner, "/api/counters.csv").await, before);
}
