//! Attacks on signing in and on what one's own account holds: guessing, a stolen password, a stolen session, a stolen token
//! (SA1, SA2, SA5, SB4). The matrix of roles asks the same operations without a story.

mod guessing;
mod programs;
mod second_factor;
mod sessions;

use std::net::Ipv4Addr;
use std::time::Duration;

use domain::Clock as _;
use domain::clock::SystemClock;
use privacy::totp::TotpSecret;
use serde_json::{Value, json};

use crate::harness::{Answer, Caller, House, PASSWORD, Person, random};

const OTHER: &str = "another long secret of mine";
const CLOSES_WITHIN: Duration = Duration::from_secs(5);

fn hire(house: &House, role: &str) -> Person {
    let email = format!("{:x}@konto.example", random());
    house.hire(&house.ours().organisation, role, &email, &email)
}

async fn try_from(house: &House, email: &str, password: &str, from: Ipv4Addr) -> Answer {
    let body = json!({ "email": email, "password": password });
    house.ask("POST", "/api/session").with_own_origin().from(from).json(&body).send().await
}

/// What a phone shows now, or a while later.
fn code(secret: &str, later: Duration) -> String {
    TotpSecret::from_text(secret).unwrap().code_at(SystemClock.now().plus(later))
}

const NEXT: Duration = Duration::from_secs(30);

async fn ask(house: &House, caller: &Caller, method: &str, path: &str, body: Value) -> Answer {
    let ask = house.ask(method, path).by(caller);
    if body.is_null() { ask.send().await } else { ask.json(&body).send().await }
}

/// Turns somebody's second factor on: the secret and the recovery codes.
async fn with_phone(house: &House, caller: &Caller) -> (String, Vec<String>) {
    let draft = ask(house, caller, "POST", "/api/second-factor/draft", Value::Null).await.is(200).json();
    let secret = draft["secret"].as_str().unwrap().to_owned();
    let body = json!({ "password": PASSWORD, "secret": secret, "code": code(&secret, Duration::ZERO) });
    let on = ask(house, caller, "PUT", "/api/second-factor", body).await.is(200).json();
    let codes = on["codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    (secret, codes)
}

async fn second_step(house: &House, token: &str, code: &str) -> Answer {
    let body = json!({ "token": token, "code": code });
    ask(house, &Caller::Nobody, "POST", "/api/session/code", body).await
}
