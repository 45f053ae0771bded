//! Signing in with a passkey, and everything that is not the one it was added as. Both databases.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use diskret_app::Error;
use diskret_app::rate::{Source, Whereabouts};
use diskret_app::team::{
    NewOperator, NewPasskey, PasskeyDraft, PasskeyInfo, Proof, SignedIn, SignedInBrowser, UsedPasskey, Visit,
};
use domain::audit::{Actor, Origin};
use domain::limits::{PASSKEYS, STEP_LIFE};
use domain::{Browser, Clock as _, Language, Platform, Role, Timestamp};
use privacy::Plaintext;
use privacy::passkey::Place;
use privacy::totp::TotpSecret;
use store::operator::OperatorChange;
use testkit::Authenticator;

use crate::{House, PASSWORD, on_both, signed_in};

on_both! {
    a_passkey_signs_in_alone_and_past_a_second_factor
    a_passkey_is_added_with_password_and_code_only
    what_was_answered_once_is_answered
    a_challenge_is_good_for_its_purpose_session_and_time_only
    whatever_lies_signs_nobody_in_and_is_told_nothing
    the_passkey_of_one_is_nothing_to_another
    a_copied_passkey_is_refused_and_its_owner_is_told
    whoever_has_left_or_was_reset_signs_in_with_no_passkey
    a_passkey_planted_in_the_database_signs_nobody_in
    wrong_passkeys_are_slowed_down
    a_passkey_is_renamed_recognised_and_removed
}

const ORIGIN: &str = "https://chat.example.de";
const SECOND: Duration = Duration::from_secs(1);

fn place() -> Place {
    Place::new(ORIGIN)
}

fn device() -> Authenticator {
    Authenticator::new(ORIGIN, "chat.example.de")
}

fn text(text: &str) -> Plaintext {
    Plaintext::new(text.to_owned())
}

fn proof(code: Option<&str>) -> Proof {
    Proof { password: text(PASSWORD), code: code.map(text) }
}

fn from(address: u64) -> Visit {
    Visit {
        from: Whereabouts { address: Source::new(address), network: None },
        device: None,
        browser: Browser::Firefox,
        platform: Platform::Linux,
    }
}

fn answer(device: &Authenticator, draft: &PasskeyDraft) -> NewPasskey {
    let made = device.register(&draft.challenge);
    NewPasskey { title: "Laptop".to_owned(), client_data: made.client_data, attestation: made.attestation }
}

/// By what a device that was registered knows its owner.
fn handle(draft: &PasskeyDraft) -> Vec<u8> {
    BASE64URL_NOPAD.decode(draft.user.as_bytes()).unwrap()
}

fn used(device: &Authenticator, user: &[u8], challenge: &str) -> UsedPasskey {
    let signed = device.sign(challenge);
    UsedPasskey {
        id: device.id.clone(),
        user: user.to_vec(),
        client_data: signed.client_data,
        authenticator_data: signed.authenticator_data,
        signature: signed.signature,
    }
}

impl House {
    async fn owner(&self) -> SignedInBrowser {
        self.app.browser(&signed_in(&self.app).await.secret).await.unwrap()
    }

    async fn draft(&self, by: &SignedInBrowser) -> PasskeyDraft {
        self.app.draft_passkey(by, &place(), proof(None)).await.unwrap()
    }

    /// Adds a passkey on a device: by what it knows its owner.
    async fn add(&self, by: &SignedInBrowser, device: &Authenticator) -> Vec<u8> {
        let draft = self.draft(by).await;
        self.app.add_passkey(by, &place(), answer(device, &draft)).await.unwrap();
        handle(&draft)
    }

    async fn try_used(&self, used: &UsedPasskey) -> Result<SignedIn, Error> {
        self.app.sign_in_with_passkey(&place(), used, &from(1)).await
    }

    async fn sign_in_with(&self, device: &Authenticator, user: &[u8]) -> Result<SignedIn, Error> {
        self.try_used(&used(device, user, &self.app.begin_passkey_sign_in())).await
    }

    async fn listed(&self, by: &SignedInBrowser) -> Vec<PasskeyInfo> {
        self.app.passkeys(by).await.unwrap()
    }
}

async fn a_passkey_signs_in_alone_and_past_a_second_factor(house: House) {
    let by = house.owner().await;
    let (device, other) = (device(), device());
    let draft = house.draft(&by).await;
    assert_eq!((draft.place.as_str(), draft.email.as_str()), ("chat.example.de", "ada@example.de"));
    assert_eq!((draft.display.as_str(), draft.known.len()), ("Ada", 0));
    house.app.add_passkey(&by, &place(), answer(&device, &draft)).await.unwrap();
    let user = handle(&draft);
    assert!(user.len() == 32 && house.draft(&by).await.known == [BASE64URL_NOPAD.encode(&device.id)]);
    let done = house.sign_in_with(&device, &user).await.unwrap();
    assert_eq!(house.app.session(&done.secret).await.unwrap(), by.principal);
    assert!(house.app.browser(&done.secret).await.is_ok());
    assert_eq!(house.add(&by, &other).await, user, "one handle for all of theirs");
    // It is two factors by itself.
    let secret = house.app.draft_second_factor(&by).await.unwrap().secret;
    let phone = TotpSecret::from_text(&secret).unwrap();
    let code = text(&phone.code_at(house.clock.now()));
    house.app.turn_second_factor_on(&by, text(PASSWORD), &text(&secret), &code).await.unwrap();
    assert!(house.sign_in_with(&device, &user).await.is_ok() && house.sign_in_with(&other, &user).await.is_ok());
    assert_eq!(house.listed(&by).await[0].used_day, Some(house.clock.now().day()));
}

async fn a_passkey_is_added_with_password_and_code_only(house: House) {
    let by = house.owner().await;
    let wrong = Proof { password: text("a wrong guess of many"), code: None };
    let refused = house.app.draft_passkey(&by, &place(), wrong).await.err();
    assert!(matches!(refused, Some(Error::Invalid { field: "current", .. })), "{refused:?}");
    assert!(house.app.draft_passkey(&by, &place(), proof(Some("123456"))).await.is_ok(), "a code that nobody asks for");
    let secret = house.app.draft_second_factor(&by).await.unwrap().secret;
    let phone = TotpSecret::from_text(&secret).unwrap();
    let code = phone.code_at(house.clock.now());
    house.app.turn_second_factor_on(&by, text(PASSWORD), &text(&secret), &text(&code)).await.unwrap();
    for code in [None, Some("000000"), Some(code.as_str())] {
        let refused = house.app.draft_passkey(&by, &place(), proof(code)).await.err();
        assert!(matches!(refused, Some(Error::Invalid { field: "code", .. })), "{refused:?}");
    }
    house.clock.advance(SECOND * 30);
    let code = phone.code_at(house.clock.now());
    assert!(house.app.draft_passkey(&by, &place(), proof(Some(&code))).await.is_ok());
    // As many as there may be, and each once.
    house.app.clear_second_factor("ada@example.de").await.unwrap();
    let first = device();
    house.add(&by, &first).await;
    let again = answer(&first, &house.draft(&by).await);
    assert!(matches!(house.app.add_passkey(&by, &place(), again).await, Err(Error::Conflict(_))));
    let last = house.draft(&by).await;
    for _ in 1..PASSKEYS {
        house.add(&by, &device()).await;
    }
    let one_more = house.app.add_passkey(&by, &place(), answer(&device(), &last)).await;
    assert!(matches!(one_more, Err(Error::Conflict(_))));
    assert!(matches!(house.app.draft_passkey(&by, &place(), proof(None)).await, Err(Error::Conflict(_))));
    assert_eq!(house.listed(&by).await.len(), PASSKEYS);
}

async fn what_was_answered_once_is_answered(house: House) {
    let (by, device) = (house.owner().await, device());
    let draft = house.draft(&by).await;
    house.app.add_passkey(&by, &place(), answer(&device, &draft)).await.unwrap();
    let replayed = house.app.add_passkey(&by, &place(), answer(&self::device(), &draft)).await;
    assert!(matches!(replayed, Err(Error::Invalid { field: "challenge", .. })), "with another device, too");
    let challenge = house.app.begin_passkey_sign_in();
    let stolen = used(&device, &handle(&draft), &challenge);
    assert!(house.try_used(&stolen).await.is_ok());
    assert_eq!(house.try_used(&stolen).await.err(), Some(Error::Unauthorised), "replayed");
    let signed_anew = used(&device, &handle(&draft), &challenge);
    assert_eq!(house.try_used(&signed_anew).await.err(), Some(Error::Unauthorised), "signed anew");
    house.app.tidy().await.unwrap();
    assert_eq!(house.try_used(&stolen).await.err(), Some(Error::Unauthorised), "nor after tidying");
    house.clock.advance(STEP_LIFE);
    house.app.tidy().await.unwrap();
    assert_eq!(house.try_used(&stolen).await.err(), Some(Error::Unauthorised), "nor when it is over and forgotten");
    // Another node of the house knows.
    let node = house.node(house.secrets()).await;
    let stolen = used(&device, &handle(&draft), &node.begin_passkey_sign_in());
    assert!(house.try_used(&stolen).await.is_ok());
    let there = node.sign_in_with_passkey(&place(), &stolen, &from(1)).await;
    assert_eq!(there.err(), Some(Error::Unauthorised));
}

async fn a_challenge_is_good_for_its_purpose_session_and_time_only(house: House) {
    let (by, other, device) = (house.owner().await, house.owner().await, device());
    let user = house.add(&by, &device).await;
    let refused = async |by: &SignedInBrowser, challenge: String| {
        let draft = PasskeyDraft { challenge, ..house.draft(by).await };
        match house.app.add_passkey(by, &place(), answer(&self::device(), &draft)).await {
            Err(Error::Invalid { field: "challenge", .. }) => {}
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("it was added"),
        }
    };
    refused(&by, house.app.begin_passkey_sign_in()).await;
    refused(&other, house.draft(&by).await.challenge).await;
    let late = house.draft(&by).await.challenge;
    let draft = house.draft(&by).await.challenge;
    assert_eq!(house.try_used(&used(&device, &user, &draft)).await.err(), Some(Error::Unauthorised), "for adding");
    let sign_in = house.app.begin_passkey_sign_in();
    house.clock.advance(STEP_LIFE - SECOND);
    assert!(house.try_used(&used(&device, &user, &sign_in)).await.is_ok(), "just in time");
    let sign_in = house.app.begin_passkey_sign_in();
    house.clock.advance(STEP_LIFE);
    refused(&by, late).await;
    assert_eq!(house.try_used(&used(&device, &user, &sign_in)).await.err(), Some(Error::Unauthorised), "too late");
    // One whose end was moved, one whose purpose was, and those that were never ours.
    let bytes = BASE64URL_NOPAD.decode(house.app.begin_passkey_sign_in().as_bytes()).unwrap();
    assert!(house.try_used(&used(&device, &user, &BASE64URL_NOPAD.encode(&bytes))).await.is_ok());
    for at in 0..bytes.len() {
        let mut moved = BASE64URL_NOPAD.decode(house.app.begin_passkey_sign_in().as_bytes()).unwrap();
        moved[at] ^= 1;
        let forged = used(&device, &user, &BASE64URL_NOPAD.encode(&moved));
        let visit = from(1000 + at as u64);
        let done = house.app.sign_in_with_passkey(&place(), &forged, &visit).await;
        assert_eq!(done.err(), Some(Error::Unauthorised), "byte {at}");
    }
    for forged in ["", "AAAA", "not base64!"] {
        assert_eq!(house.try_used(&used(&device, &user, forged)).await.err(), Some(Error::Unauthorised), "{forged}");
    }
    // A password that is another one meanwhile.
    let draft = house.draft(&by).await;
    house.app.change_own_password(&by, text(PASSWORD), text("another long secret of Ada")).await.unwrap();
    let done = house.app.add_passkey(&by, &place(), answer(&self::device(), &draft)).await;
    assert!(matches!(done, Err(Error::Invalid { field: "challenge", .. })));
    assert_eq!(house.listed(&by).await.len(), 1, "and the one that there was stays");
}

async fn whatever_lies_signs_nobody_in_and_is_told_nothing(house: House) {
    let (by, mut device) = (house.owner().await, device());
    let user = house.add(&by, &device).await;
    assert!(house.sign_in_with(&device, &user).await.is_ok());
    let stranger = self::device();
    assert_eq!(house.sign_in_with(&stranger, &user).await.err(), Some(Error::Unauthorised), "an unknown one");
    let mut forged = used(&stranger, &user, &house.app.begin_passkey_sign_in());
    forged.id.clone_from(&device.id);
    assert_eq!(house.try_used(&forged).await.err(), Some(Error::Unauthorised), "a wrong signature");
    for handle in [&[][..], &user[1..], b"ada@example.de", &[0; 32]] {
        assert_eq!(house.sign_in_with(&device, handle).await.err(), Some(Error::Unauthorised), "another handle");
    }
    device.verified = false;
    assert_eq!(house.sign_in_with(&device, &user).await.err(), Some(Error::Unauthorised), "nobody verified");
    device.verified = true;
    device.origin = "https://chat.example.de.evil.example".to_owned();
    assert_eq!(house.sign_in_with(&device, &user).await.err(), Some(Error::Unauthorised), "on a foreign page");
    device.origin = ORIGIN.to_owned();
    device.place = "evil.example".to_owned();
    assert_eq!(house.sign_in_with(&device, &user).await.err(), Some(Error::Unauthorised), "for another site");
    device.place = "chat.example.de".to_owned();
    assert!(house.sign_in_with(&device, &user).await.is_ok());
    // Nor is it added.
    let mut liar = self::device();
    liar.verified = false;
    let draft = house.draft(&by).await;
    let done = house.app.add_passkey(&by, &place(), answer(&liar, &draft)).await;
    assert!(matches!(done, Err(Error::Invalid { field: "challenge", .. })));
    let nameless = NewPasskey { title: " ".to_owned(), ..answer(&self::device(), &draft) };
    let done = house.app.add_passkey(&by, &place(), nameless).await;
    assert!(matches!(done, Err(Error::Invalid { field: "name", .. })));
    assert_eq!(house.listed(&by).await.len(), 1);
}

async fn colleague(house: &House) -> SignedInBrowser {
    let new = NewOperator {
        name: "Ben".to_owned(),
        email: "ben@example.de".to_owned(),
        password: text(PASSWORD),
        role: Role::Agent,
        language: Language::De,
    };
    house.app.add_operator(house.done.principal.organisation, new).await.unwrap();
    match house.app.sign_in("ben@example.de", text(PASSWORD), &from(2)).await.unwrap() {
        diskret_app::team::Step::Done(done) => house.app.browser(&done.secret).await.unwrap(),
        diskret_app::team::Step::Code(_) => panic!("a code is asked for"),
    }
}

async fn the_passkey_of_one_is_nothing_to_another(house: House) {
    let (ada, ben) = (house.owner().await, colleague(&house).await);
    let (hers, his) = (device(), device());
    let (of_ada, of_ben) = (house.add(&ada, &hers).await, house.add(&ben, &his).await);
    assert_ne!(of_ada, of_ben);
    assert_eq!(house.sign_in_with(&his, &of_ben).await.unwrap().principal, ben.principal);
    assert_eq!(house.sign_in_with(&his, &of_ada).await.err(), Some(Error::Unauthorised));
    let taken = answer(&hers, &house.draft(&ben).await);
    assert!(matches!(house.app.add_passkey(&ben, &place(), taken).await, Err(Error::Conflict(_))), "hers stays hers");
    assert_eq!(house.sign_in_with(&hers, &of_ada).await.unwrap().principal, ada.principal);
    let name = house.listed(&ada).await[0].name;
    assert_eq!(house.app.remove_passkey(&ben, name).await, Err(Error::NotFound));
    assert_eq!(house.app.rename_passkey(&ben, name, "Mine").await, Err(Error::NotFound));
    assert_eq!(house.app.recognise_passkey(&ben, name).await, Err(Error::NotFound));
    assert_eq!(house.listed(&ada).await[0].title, "Laptop");
}

async fn a_copied_passkey_is_refused_and_its_owner_is_told(house: House) {
    let (by, mut device) = (house.owner().await, device());
    device.counter = 3;
    let user = house.add(&by, &device).await;
    device.counter = 4;
    assert!(house.sign_in_with(&device, &user).await.is_ok());
    assert!(!house.listed(&by).await[0].is_copied);
    assert_eq!(house.sign_in_with(&device, &user).await.err(), Some(Error::Unauthorised), "the same once more");
    assert!(house.listed(&by).await[0].is_copied);
    let recorded = async || {
        let page = house.app.audit_of_mine(by.principal, i64::MAX, 100).await.unwrap();
        let copied = page.records.into_iter().filter(|record| record.kind == "passkey_copied");
        copied.collect::<Vec<_>>()
    };
    let [copied] = &recorded().await[..] else { panic!("it is recorded once") };
    assert_eq!(copied.subject.as_ref().map(|owner| owner.id), Some(by.principal.operator));
    assert!(matches!(copied.actor, Some((Actor::Anybody, None))) && copied.origin == Some(Origin::Linux));
    device.counter = 100;
    assert_eq!(house.sign_in_with(&device, &user).await.err(), Some(Error::Unauthorised), "neither of the two");
    assert_eq!(recorded().await.len(), 1, "what is taken no more fills no log");
    house.app.remove_passkey(&by, house.listed(&by).await[0].name).await.unwrap();
    let user = house.add(&by, &device).await;
    device.counter = 101;
    assert!(house.sign_in_with(&device, &user).await.is_ok(), "added anew");
}

async fn whoever_has_left_or_was_reset_signs_in_with_no_passkey(house: House) {
    let (ada, ben, device) = (house.owner().await, colleague(&house).await, device());
    let user = house.add(&ben, &device).await;
    let name = house.store.operator(ben.principal.organisation, ben.principal.operator).await.unwrap().name;
    assert!(house.sign_in_with(&device, &user).await.is_ok());
    house.app.reset_second_factor(&ada, name).await.unwrap();
    assert_eq!(house.sign_in_with(&device, &user).await.err(), Some(Error::Unauthorised), "reset by a colleague");
    assert!(house.app.second_factor(&ben).await.unwrap().reset_at.is_some(), "and told so");
    house.add(&ben, &device).await;
    assert!(house.sign_in_with(&device, &user).await.is_ok());
    house.app.set_password("ben@example.de", text("another long secret of Ben")).await.unwrap();
    assert_eq!(house.sign_in_with(&device, &user).await.err(), Some(Error::Unauthorised), "a new password");
    let ben = match house.app.sign_in("ben@example.de", text("another long secret of Ben"), &from(2)).await.unwrap() {
        diskret_app::team::Step::Done(done) => house.app.browser(&done.secret).await.unwrap(),
        diskret_app::team::Step::Code(_) => panic!("a code is asked for"),
    };
    let proof = Proof { password: text("another long secret of Ben"), code: None };
    let draft = house.app.draft_passkey(&ben, &place(), proof).await.unwrap();
    house.app.add_passkey(&ben, &place(), answer(&device, &draft)).await.unwrap();
    assert!(house.sign_in_with(&device, &user).await.is_ok());
    let left = |active| OperatorChange { active: Some(active), ..OperatorChange::default() };
    let (who, now) = (ben.principal.operator, house.clock.now());
    house.store.audited(somebody()).change_operator(ada.principal, who, left(false), now).await.unwrap();
    assert_eq!(house.sign_in_with(&device, &user).await.err(), Some(Error::Unauthorised), "they have left");
    house.store.audited(somebody()).change_operator(ada.principal, who, left(true), now).await.unwrap();
    assert_eq!(house.sign_in_with(&device, &user).await.err(), Some(Error::Unauthorised), "nor when they are back");
}

/// Whoever writes past the application.
#[expect(clippy::disallowed_methods, reason = "a test is not the application")]
pub(crate) fn somebody() -> store::audit::By {
    store::audit::By::new(Actor::Anybody, Origin::House, Timestamp(0))
}

async fn a_passkey_planted_in_the_database_signs_nobody_in(house: House) {
    let (ada, ben, his) = (house.owner().await, colleague(&house).await, device());
    house.add(&ada, &device()).await;
    let user = handle(&house.draft(&ada).await);
    house.add(&ben, &his).await;
    // Whoever can write the database makes Ben's device Ada's, but holds no key to seal it with.
    let who = ben.principal;
    let planted = house.store.passkeys(who.organisation, who.operator).await.unwrap().remove(0);
    house.store.audited(somebody()).delete_passkey(who.organisation, who.operator, planted.hash).await.unwrap();
    let owner = house.store.operator(ada.principal.organisation, ada.principal.operator).await.unwrap();
    let planted = store::passkey::Passkey { operator: owner.id, ..planted };
    let spent = store::passkey::Spent { hash: [9; 32], until: house.clock.now() };
    house.store.audited(somebody()).insert_passkey(planted, owner.password_hash, spent).await.unwrap();
    assert_eq!(house.sign_in_with(&his, &user).await.err(), Some(Error::Internal));
}

async fn wrong_passkeys_are_slowed_down(house: House) {
    let (by, device) = (house.owner().await, device());
    let user = house.add(&by, &device).await;
    let mut tried = 0;
    let stranger = self::device();
    while house.sign_in_with(&stranger, &user).await.err() == Some(Error::Unauthorised) {
        tried += 1;
        assert!(tried < 100);
    }
    assert_eq!(tried, 60, "as many as an address may try passwords");
    let here = house.sign_in_with(&device, &user).await.err();
    assert!(matches!(here, Some(Error::RateLimited(_))), "{here:?}");
    let used = used(&device, &user, &house.app.begin_passkey_sign_in());
    let elsewhere = house.app.sign_in_with_passkey(&place(), &used, &from(2)).await.unwrap();
    let visit = Visit { device: Some(elsewhere.device), ..from(1) };
    let used = self::used(&device, &user, &house.app.begin_passkey_sign_in());
    let beside = house.app.sign_in_with_passkey(&place(), &used, &visit).await;
    assert!(beside.is_ok(), "its owner beside whoever guesses, in a browser that is known");
    let mut tried = 0;
    loop {
        let wrong = self::used(&stranger, &user, &house.app.begin_passkey_sign_in());
        match house.app.sign_in_with_passkey(&place(), &wrong, &visit).await.err() {
            Some(Error::Unauthorised) => tried += 1,
            other => break assert!(matches!(other, Some(Error::RateLimited(_))), "{other:?}"),
        }
    }
    assert_eq!(tried, 10, "a known browser is no excuse");
}

async fn a_passkey_is_renamed_recognised_and_removed(house: House) {
    let (by, other, device) = (house.owner().await, house.owner().await, device());
    let user = house.add(&by, &device).await;
    let one = house.listed(&by).await.remove(0);
    assert!(!one.is_new && one.title == "Laptop" && one.created_at == house.clock.now());
    assert!(house.listed(&other).await[0].is_new, "told elsewhere");
    assert!(
        matches!(house.app.recognise_passkey(&by, one.name).await, Err(Error::Conflict(_))),
        "not where it was added"
    );
    let there = house.app.recognise_passkey(&other, one.name).await;
    assert!(matches!(there, Err(Error::Conflict(_))), "nor in a browser that is new itself");
    let itself = house.app.sessions(&by).await.unwrap().into_iter().find(|one| one.is_new).unwrap();
    house.app.recognise_session(&by, itself.name).await.unwrap();
    house.app.recognise_passkey(&other, one.name).await.unwrap();
    house.app.recognise_passkey(&other, one.name).await.unwrap();
    assert!(!house.listed(&other).await[0].is_new);
    house.app.rename_passkey(&other, one.name, "  My phone ").await.unwrap();
    assert_eq!(house.listed(&by).await[0].title, "My phone");
    assert!(house.sign_in_with(&device, &user).await.is_ok(), "whatever it is called");
    assert!(matches!(house.app.rename_passkey(&by, one.name, "").await, Err(Error::Invalid { field: "name", .. })));
    let signed_in = house.sign_in_with(&device, &user).await.unwrap();
    house.app.remove_passkey(&by, one.name).await.unwrap();
    assert_eq!(house.app.remove_passkey(&by, one.name).await, Err(Error::NotFound));
    assert_eq!(house.sign_in_with(&device, &user).await.err(), Some(Error::Unauthorised));
    assert!(house.app.session(&signed_in.secret).await.is_ok(), "sessions stay");
    house.owner().await;
}
