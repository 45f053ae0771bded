//! Signing in while somebody guesses, and with a second factor. Tests own the clock of the installation; the brake goes by
//! the machine's.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use diskret_app::Error;
use diskret_app::audit::Query;
use diskret_app::rate::{Source, Whereabouts};
use diskret_app::team::{Secret, SignedIn, SignedInBrowser, Step, Visit};
use domain::audit::Detail;
use domain::limits::STEP_LIFE;
use domain::{Browser, Clock as _, Platform};
use privacy::Plaintext;
use privacy::totp::TotpSecret;

use crate::passkey::somebody;
use crate::{House, PASSWORD, on_both, signed_in};

on_both! {
    what_is_done_to_an_account_is_recorded
    the_victim_signs_in_while_an_attacker_guesses_from_elsewhere
    the_victim_signs_in_with_a_known_browser_while_everybody_guesses
    an_unknown_account_is_slowed_down_like_a_known_one
    a_second_factor_asks_for_a_code_that_works_once
    the_token_of_the_first_step_ends_with_its_time_and_with_the_password
    codes_are_not_guessed
    a_right_password_clears_no_wrong_codes_of_a_known_browser
    a_proof_without_a_code_clears_no_wrong_codes
    a_second_factor_is_not_turned_on_by_a_password_that_was_changed
    a_recovery_code_works_once_and_new_ones_take_their_place
    the_second_factor_is_turned_off_with_password_and_code_only
    a_new_browser_is_noticed_and_recognised_from_an_old_one_only
}

const EMAIL: &str = "ada@example.de";
const HALF_A_MINUTE: Duration = Duration::from_secs(30);

fn text(text: &str) -> Plaintext {
    Plaintext::new(text.to_owned())
}

fn from(address: u64, device: Option<&Secret>) -> Visit {
    Visit {
        from: Whereabouts { address: Source::new(address), network: None },
        device: device.map(|device| Secret::new(device.expose().to_owned())),
        browser: Browser::Firefox,
        platform: Platform::Linux,
    }
}

impl House {
    async fn guess(&self, email: &str, address: u64) -> Error {
        match self.app.sign_in(email, text("a wrong guess of many"), &from(address, None)).await {
            Err(error) => error,
            Ok(_) => panic!("it was no wrong guess"),
        }
    }

    async fn browser(&self, signed_in: &SignedIn) -> SignedInBrowser {
        self.app.browser(&signed_in.secret).await.unwrap()
    }

    /// Turns the owner's second factor on: the phone, and the recovery codes.
    async fn with_phone(&self, by: &SignedInBrowser) -> (TotpSecret, Vec<String>) {
        let draft = self.app.draft_second_factor(by).await.unwrap();
        let phone = TotpSecret::from_text(&draft.secret).unwrap();
        let code = text(&phone.code_at(self.clock.now()));
        let codes = self.app.turn_second_factor_on(by, text(PASSWORD), &text(&draft.secret), &code).await.unwrap();
        // The code of the set-up was used.
        self.clock.advance(HALF_A_MINUTE);
        (phone, codes.0)
    }

    async fn first_step(&self) -> Secret {
        match self.app.sign_in(EMAIL, text(PASSWORD), &from(1, None)).await.unwrap() {
            Step::Code(pending) => pending.token,
            Step::Done(_) => panic!("no code was asked for"),
        }
    }

    async fn second_step(&self, token: &Secret, code: &str) -> Result<SignedIn, Error> {
        self.app.second_step(token, &text(code), &from(1, None)).await
    }
}

async fn the_victim_signs_in_while_an_attacker_guesses_from_elsewhere(house: House) {
    let mut refused = 0;
    for _ in 0..40 {
        refused += usize::from(matches!(house.guess(EMAIL, 666).await, Error::RateLimited(_)));
    }
    assert!(refused >= 25, "the attacker is slowed down: {refused}");
    let right = house.app.sign_in(EMAIL, text(PASSWORD), &from(666, None)).await;
    assert!(matches!(right, Err(Error::RateLimited(_))), "even with the right one, or guessing on would pay");
    assert!(matches!(house.app.sign_in(EMAIL, text(PASSWORD), &from(1, None)).await, Ok(Step::Done(_))));
}

async fn the_victim_signs_in_with_a_known_browser_while_everybody_guesses(house: House) {
    let known = signed_in(&house.app).await.device;
    let mut address = 1000;
    while !matches!(house.guess(EMAIL, address).await, Error::RateLimited(_)) {
        address += 1;
        assert!(address < 1100, "the account's guesses end somewhere");
    }
    for _ in 0..3 {
        assert!(matches!(house.app.sign_in(EMAIL, text(PASSWORD), &from(1, Some(&known))).await, Ok(Step::Done(_))));
    }
    // Whoever has stolen the cookie is slowed down, too.
    let mut tried = 0;
    while !matches!(
        house.app.sign_in(EMAIL, text("a wrong guess of many"), &from(3, Some(&known))).await,
        Err(Error::RateLimited(_))
    ) {
        tried += 1;
        assert!(tried < 20);
    }
}

/// How often the brake lets somebody guess who began then: ten times, and once more after each wait that is over, of one second,
/// two, four … Passwords take a slow machine that long.
fn allowed(began: Instant) -> u32 {
    let passed = began.elapsed().as_secs();
    10 + (passed + 1).ilog2()
}

async fn an_unknown_account_is_slowed_down_like_a_known_one(house: House) {
    for address in [1, 2] {
        let email = if address == 1 { EMAIL } else { "nobody@example.de" };
        let (mut tried, began) = (0, Instant::now());
        while house.guess(email, address).await == Error::Unauthorised {
            tried += 1;
        }
        assert!((10..=allowed(began)).contains(&tried), "{email}: {tried}");
    }
}

async fn a_second_factor_asks_for_a_code_that_works_once(house: House) {
    let (first, other) = (signed_in(&house.app).await, signed_in(&house.app).await);
    let by = house.browser(&first).await;
    let draft = house.app.draft_second_factor(&by).await.unwrap();
    let wrong = house.app.turn_second_factor_on(&by, text(PASSWORD), &text(&draft.secret), &text("000000")).await;
    assert!(matches!(wrong, Err(Error::Invalid { field: "code", .. })), "a phone that has it not");
    let (phone, codes) = house.with_phone(&by).await;
    assert_eq!(codes.len(), 10);
    assert!(house.app.session(&first.secret).await.is_ok());
    assert_eq!(house.app.session(&other.secret).await, Err(Error::Unauthorised), "whoever was there without it");

    let (token, code) = (house.first_step().await, phone.code_at(house.clock.now()));
    assert_eq!(house.app.session(&token).await, Err(Error::Unauthorised), "the token opens nothing");
    let done = house.second_step(&token, &code).await.unwrap();
    assert!(house.app.session(&done.secret).await.is_ok());
    assert_eq!(house.second_step(&token, &code).await.err(), Some(Error::Unauthorised), "used");
    let again = house.first_step().await;
    assert_eq!(house.second_step(&again, &code).await.err(), Some(Error::Unauthorised), "with another token, too");
    house.clock.advance(HALF_A_MINUTE);
    assert!(house.second_step(&again, &phone.code_at(house.clock.now())).await.is_ok());
}

async fn the_token_of_the_first_step_ends_with_its_time_and_with_the_password(house: House) {
    let first = signed_in(&house.app).await;
    let by = house.browser(&first).await;
    let (phone, _) = house.with_phone(&by).await;
    let code = |house: &House| phone.code_at(house.clock.now());
    let token = house.first_step().await;
    house.clock.advance(STEP_LIFE);
    assert_eq!(house.second_step(&token, &code(&house)).await.err(), Some(Error::Unauthorised), "too late");
    let token = house.first_step().await;
    house.app.change_own_password(&by, text(PASSWORD), text("another long secret of Ada")).await.unwrap();
    assert_eq!(house.second_step(&token, &code(&house)).await.err(), Some(Error::Unauthorised), "another password");
    for forged in [String::new(), "x".to_owned(), "A".repeat(96), token.expose().replace('A', "B")] {
        assert_eq!(house.second_step(&Secret::new(forged), &code(&house)).await.err(), Some(Error::Unauthorised));
    }
}

async fn codes_are_not_guessed(house: House) {
    let by = house.browser(&signed_in(&house.app).await).await;
    let (phone, _) = house.with_phone(&by).await;
    let right = phone.code_at(house.clock.now());
    let wrong = if right == "123456" { "654321" } else { "123456" };
    let began = Instant::now();
    let (mut tried, mut tokens) = (0, 0);
    'guessing: loop {
        let token = house.first_step().await;
        tokens += 1;
        for one_token in 0.. {
            match house.second_step(&token, wrong).await.err() {
                Some(Error::Unauthorised) => tried += 1,
                Some(Error::RateLimited(_)) if one_token == 0 => break 'guessing,
                Some(Error::RateLimited(_)) => break,
                other => panic!("{other:?}"),
            }
            assert!(one_token < 5, "five for each token");
        }
    }
    let most = allowed(began);
    assert!((10..=most).contains(&tried), "and ten for whoever takes new ones: {tried}");
    assert!((3..=most - 7).contains(&tokens), "each for five: {tokens}");
    let token = house.first_step().await;
    assert!(matches!(house.second_step(&token, &right).await.err(), Some(Error::RateLimited(_))));
}

async fn a_right_password_clears_no_wrong_codes_of_a_known_browser(house: House) {
    let own = signed_in(&house.app).await;
    let by = house.browser(&own).await;
    house.with_phone(&by).await;
    let visit = || from(1, Some(&own.device));
    let (mut tried, began) = (0, Instant::now());
    for _ in 0..20 {
        let Step::Code(pending) = house.app.sign_in(EMAIL, text(PASSWORD), &visit()).await.unwrap() else {
            panic!("a code is asked for in a known browser, too")
        };
        for _ in 0..5 {
            match house.app.second_step(&pending.token, &text("000000"), &visit()).await.err() {
                Some(Error::Unauthorised) => tried += 1,
                Some(Error::RateLimited(_)) => break,
                other => panic!("{other:?}"),
            }
        }
    }
    assert!((10..=allowed(began)).contains(&tried), "{tried}");
}

async fn a_proof_without_a_code_clears_no_wrong_codes(house: House) {
    let by = house.browser(&signed_in(&house.app).await).await;
    house.with_phone(&by).await;
    let mut tried = 0;
    for _ in 0..20 {
        match house.app.turn_second_factor_off(&by, text(PASSWORD), text("000000")).await.err() {
            Some(Error::Invalid { field: "code", .. }) => tried += 1,
            Some(Error::RateLimited(_)) => break,
            other => panic!("{other:?}"),
        }
        // The right password, and a new one that changes nothing.
        let short = house.app.change_own_password(&by, text(PASSWORD), text("short")).await.err();
        assert!(matches!(short, Some(Error::Invalid { field: "password", .. })), "{short:?}");
    }
    assert_eq!(tried, 10);
    assert!(house.app.second_factor(&by).await.unwrap().is_on);
}

async fn a_second_factor_is_not_turned_on_by_a_password_that_was_changed(house: House) {
    let by = house.browser(&signed_in(&house.app).await).await;
    let (organisation, operator) = (by.principal.organisation, by.principal.operator);
    let before = house.store.operator(organisation, operator).await.unwrap().password_hash;
    house.app.change_own_password(&by, text(PASSWORD), text("another long secret of Ada")).await.unwrap();
    let now = house.store.operator(organisation, operator).await.unwrap().password_hash;
    // A request that showed the password before it was changed, and comes to its end now.
    let turn_on = async |password: String| {
        let store = house.store.audited(somebody());
        store.set_factor(organisation, operator, password, (vec![7], 1), vec![], [0; 32]).await
    };
    assert_eq!(turn_on(before).await, Err(store::Error::NotFound));
    assert!(!house.app.second_factor(&by).await.unwrap().is_on);
    assert_eq!(turn_on(now.clone()).await, Ok(()));
    assert_eq!(turn_on(now).await, Err(store::Error::NotFound), "another phone in the place of the first");
}

async fn a_recovery_code_works_once_and_new_ones_take_their_place(house: House) {
    let by = house.browser(&signed_in(&house.app).await).await;
    let (phone, codes) = house.with_phone(&by).await;
    let typed = codes[0].to_lowercase().replace('-', " ");
    let token = house.first_step().await;
    assert!(house.second_step(&token, &typed).await.is_ok(), "however it is typed");
    let token = house.first_step().await;
    assert_eq!(house.second_step(&token, &codes[0]).await.err(), Some(Error::Unauthorised), "used");
    assert_eq!(house.app.second_factor(&by).await.unwrap().codes, 9);
    let code = phone.code_at(house.clock.now());
    let renewed = house.app.renew_recovery_codes(&by, text(PASSWORD), text(&code)).await.unwrap().0;
    assert_eq!(house.second_step(&token, &codes[1]).await.err(), Some(Error::Unauthorised), "replaced");
    assert!(house.second_step(&token, &renewed[9]).await.is_ok());
}

async fn the_second_factor_is_turned_off_with_password_and_code_only(house: House) {
    let by = house.browser(&signed_in(&house.app).await).await;
    let (phone, _) = house.with_phone(&by).await;
    let code = phone.code_at(house.clock.now());
    let off = async |password: &str, code: &str| {
        house.app.turn_second_factor_off(&by, text(password), text(code)).await.err()
    };
    assert!(matches!(off("not the password", &code).await, Some(Error::Invalid { field: "current", .. })));
    assert!(matches!(off(PASSWORD, "000000").await, Some(Error::Invalid { field: "code", .. })));
    assert!(house.app.second_factor(&by).await.unwrap().is_on);
    assert_eq!(off(PASSWORD, &code).await, None);
    assert!(!house.app.second_factor(&by).await.unwrap().is_on);
    signed_in(&house.app).await;
}

async fn a_new_browser_is_noticed_and_recognised_from_an_old_one_only(house: House) {
    let old = signed_in(&house.app).await;
    let strange = signed_in(&house.app).await;
    let (by, stranger) = (house.browser(&old).await, house.browser(&strange).await);
    let seen = house.app.sessions(&by).await.unwrap();
    assert_eq!(seen.iter().map(|one| (one.is_current, one.is_new)).collect::<Vec<_>>(), [(true, false), (false, true)]);
    let name = seen[1].name;
    assert!(matches!(house.app.recognise_session(&stranger, name).await, Err(Error::Conflict(_))), "by itself");
    house.app.end_session(&by, name).await.unwrap();
    assert_eq!(house.app.session(&strange.secret).await, Err(Error::Unauthorised));
    assert_eq!(house.app.end_session(&by, name).await, Err(Error::NotFound));
    // Its browser is known no more: it is new again.
    let back = house.app.sign_in(EMAIL, text(PASSWORD), &from(1, Some(&strange.device))).await.unwrap();
    assert!(matches!(back, Step::Done(_)));
    let seen = house.app.sessions(&by).await.unwrap();
    assert!(seen[1].is_new);
    house.app.recognise_session(&by, seen[1].name).await.unwrap();
    assert!(!house.app.sessions(&by).await.unwrap()[1].is_new);
}

async fn what_is_done_to_an_account_is_recorded(house: House) {
    let by = house.browser(&signed_in(&house.app).await).await;
    let (_, codes) = house.with_phone(&by).await;
    let wrong = house.app.sign_in(EMAIL, text("not the password"), &from(1, None)).await;
    assert_eq!(wrong.err(), Some(Error::Unauthorised));
    let token = house.first_step().await;
    for _ in 0..2 {
        assert_eq!(house.second_step(&token, "000000").await.err(), Some(Error::Unauthorised));
    }
    let by = house.browser(&house.second_step(&token, &codes[0]).await.unwrap()).await;
    house.app.end_other_sessions(&by).await.unwrap();
    house.app.end_other_sessions(&by).await.unwrap();
    assert!(house.app.change_own_password(&by, text("not the password"), text("a long new secret")).await.is_err());
    house.app.change_own_password(&by, text(PASSWORD), text("another long secret of Ada")).await.unwrap();
    house.app.clear_second_factor(EMAIL).await.unwrap();
    house.app.clear_second_factor(EMAIL).await.unwrap();
    let records = async || {
        let page = house.app.audit(by.principal, Query::default(), i64::MAX, 200).await.unwrap();
        page.records.into_iter().map(|record| (record.kind, record.details)).collect::<BTreeMap<_, _>>()
    };
    // Nobody waits for what was refused.
    let mut found = records().await;
    for _ in 0..100 {
        if ["sign_in_failed", "code_refused", "proof_refused"].iter().all(|kind| found.contains_key(*kind)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        found = records().await;
    }
    let kinds: Vec<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(
        kinds,
        [
            "audit_viewed",
            "code_refused",
            "operator_added",
            "password_changed",
            "proof_refused",
            "recovery_code_used",
            "second_factor_on",
            "second_factor_reset",
            "session_ended",
            "sign_in_failed",
            "signed_in"
        ]
    );
    assert_eq!(found["recovery_code_used"], [Detail::is("left", 9)]);
    assert_eq!(found["session_ended"], [Detail::is("count", 1)], "and the second time there was none");
}
