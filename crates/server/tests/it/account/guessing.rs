//! Whoever guesses passwords, and what the answers and their waiting tell them.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{hire, try_from};
use crate::harness::{House, On, PASSWORD, on_both, random};

on_both! {
    the_victim_signs_in_while_an_attacker_guesses_from_elsewhere
    a_known_browser_signs_in_while_everybody_guesses
    known_and_unknown_accounts_take_the_same_time
}

/// An address of this machine that no other test guesses from.
fn elsewhere() -> Ipv4Addr {
    let number = random();
    Ipv4Addr::new(127, 66 + (number % 100) as u8, (number >> 8) as u8, ((number >> 16) % 254) as u8 + 1)
}

async fn the_victim_signs_in_while_an_attacker_guesses_from_elsewhere(on: On) {
    let house = House::shared(on);
    let (victim, attacker) = (hire(house, "agent"), elsewhere());
    let (mut wrong, mut slowed) = (0, 0);
    for number in 0..30 {
        match try_from(house, &victim.email, &format!("a wrong guess, number {number}"), attacker).await.status {
            401 => wrong += 1,
            429 => slowed += 1,
            other => panic!("{other}"),
        }
    }
    assert!(wrong <= 14 && slowed >= 16, "{wrong} guesses, {slowed} refused");
    let refused = try_from(house, &victim.email, PASSWORD, attacker).await;
    if refused.status == 429 {
        assert!(refused.header("retry-after").is_some(), "{}", refused.head);
    }
    try_from(house, &victim.email, PASSWORD, Ipv4Addr::LOCALHOST).await.is(200);
    // Nor does it hinder whoever shares the attacker's address.
    try_from(house, &hire(house, "agent").email, PASSWORD, attacker).await.is(200);
}

async fn a_known_browser_signs_in_while_everybody_guesses(on: On) {
    let house = House::shared(on);
    let victim = hire(house, "agent");
    let cookie = try_from(house, &victim.email, PASSWORD, elsewhere()).await.is(200).device();
    assert!(cookie.len() >= 43, "256 bits");
    let mut guessed = 0;
    while try_from(house, &victim.email, "a wrong guess of many", elsewhere()).await.status == 401 {
        guessed += 1;
        assert!(guessed < 100, "somewhere it ends");
    }
    let body = json!({ "email": victim.email, "password": PASSWORD });
    let with_cookie = |cookie: &str| {
        let cookie = format!("__Host-diskret-device={cookie}");
        house.ask("POST", "/api/session").with_own_origin().from(elsewhere()).header("cookie", &cookie).json(&body)
    };
    let again = with_cookie(&cookie).send().await.is(200);
    assert_eq!(again.device(), cookie, "it stays the one of all who share the browser");
    let planted = with_cookie(&"A".repeat(43)).send().await;
    if planted.status == 200 {
        assert_ne!(planted.device(), "A".repeat(43), "what somebody planted is not taken over");
    }
}

/// The middle of what two kinds of requests take, asked in turns so that what else goes on touches both alike.
async fn medians<A: AsyncFnMut(usize) -> Duration, B: AsyncFnMut(usize) -> Duration>(
    rounds: usize,
    mut one: A,
    mut other: B,
) -> f64 {
    let (mut ones, mut others) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        if round % 2 == 0 {
            ones.push(one(round).await);
            others.push(other(round).await);
        } else {
            others.push(other(round).await);
            ones.push(one(round).await);
        }
    }
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    };
    median(ones) / median(others)
}

async fn known_and_unknown_accounts_take_the_same_time(on: On) {
    const ROUNDS: usize = 40;
    const MEASUREMENTS: usize = 12;
    let alike = |ratio: f64| (0.95..=1.05).contains(&ratio);
    let house = House::shared(on);
    let known = hire(house, "agent");
    let wrong = async |email: &str, password: &str| {
        let since = Instant::now();
        let answer = try_from(house, email, password, elsewhere()).await.is(401);
        let head: Vec<&str> = answer.head.lines().filter(|line| !line.starts_with("date:")).collect();
        ((head.join("\n"), answer.body.clone()), since.elapsed())
    };
    let unknown = || format!("{:x}@konto.example", random());
    assert_eq!(wrong(&known.email, "a wrong guess").await.0, wrong(&unknown(), "a wrong guess").await.0, "same bytes");
    let mut ratios = Vec::new();
    // Other tests run beside this one: what is alike is found to be so some time, what is not never is.
    while ratios.len() < MEASUREMENTS && !ratios.last().is_some_and(|ratio| alike(*ratio)) {
        let ratio = medians(
            ROUNDS,
            async |round| {
                if round % 16 == 0 {
                    // The account's guesses are counted: the right one begins anew.
                    try_from(house, &known.email, PASSWORD, elsewhere()).await.is(200);
                }
                wrong(&known.email, "a wrong guess").await.1
            },
            async |_| wrong(&unknown(), "a wrong guess").await.1,
        )
        .await;
        ratios.push(ratio);
    }
    assert!(alike(ratios[ratios.len() - 1]), "{ratios:?}");
    // Planted: a password that is too long for anybody is not hashed. The same measurement finds that every time.
    let long = "x".repeat(600);
    for _ in 0..3 {
        let planted = medians(
            8,
            async |_| wrong(&unknown(), &long).await.1,
            async |_| wrong(&unknown(), "a wrong guess").await.1,
        )
        .await;
        assert!(!alike(planted), "an early return was not found: {planted}");
    }
}
