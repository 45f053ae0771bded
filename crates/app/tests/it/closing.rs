//! An organisation ends: with a copy first, on its day, whole, and nothing of any other organisation with it.

use std::time::Duration;

use diskret_app::App;
use diskret_app::Error;
use diskret_app::conversation::{ListName, ReceiveError, Visitor};
use diskret_app::erasure::ToClose;
use diskret_app::installation::{NewOrganisation, SetUp};
use diskret_app::team::{NewOperator, Proof, SignedIn, SignedInBrowser};
use diskret_app::widget::WidgetChange;
use domain::Clock as _;
use domain::erasure::{HoldReason, State, What};
use domain::limits::{CLOSING, COPY_COUNTS};
use domain::{ErasureId, Language, OrganisationId, PublicId, Role};
use privacy::Plaintext;
use privacy::receipt::Receipt;
use store::erasure::Erasure;

use crate::epoch::turned;
use crate::erasure::destroy;
use crate::{DAY, HERE, House, PASSWORD, SECOND, message, on_both, signed_in, write};

on_both! {
    an_organisation_ends_on_its_day_and_nobody_elses_does
    without_a_copy_or_a_word_that_none_is_wanted_it_is_not_closed
    it_can_be_kept_until_a_second_before_its_day_and_not_after
    no_conversation_begins_and_those_under_way_go_on
    what_must_be_kept_keeps_the_organisation_and_nothing_else_of_it
    two_organisations_end_on_one_day
}

/// Another organisation of the same installation.
pub(crate) async fn another(house: &House) -> SetUp {
    let owner = NewOperator {
        name: "Eve".to_owned(),
        email: "eve@example.de".to_owned(),
        password: Plaintext::new(PASSWORD.to_owned()),
        role: Role::Owner,
        language: Language::En,
    };
    let new = NewOrganisation { title: "Südwind".to_owned(), owner, widget: WidgetChange::default() };
    house.app.set_up(new).await.unwrap()
}

async fn browser(app: &App) -> SignedInBrowser {
    let SignedIn { secret, .. } = signed_in(app).await;
    app.browser(&secret).await.unwrap()
}

fn wish(title: &str, without_copy: bool, password: &str) -> ToClose {
    let proof = Proof { password: Plaintext::new(password.to_owned()), code: None };
    ToClose { title: title.to_owned(), without_copy, proof }
}

pub(crate) async fn close(house: &House) -> Erasure {
    let by = browser(&house.app).await;
    house.app.close_organisation(&by, wish("Nordlicht", true, PASSWORD)).await.unwrap()
}

/// Its day, and everything that is due then, up to the turn.
pub(crate) async fn its_day(house: &House) {
    house.clock.advance(CLOSING);
    for _ in 0..3 {
        destroy(house).await;
    }
}

/// Nothing is left of an organisation but its receipt. That no table was forgotten is tried in the store's own tests.
async fn is_gone(house: &House, organisation: OrganisationId) {
    assert!(house.store.organisation(organisation).await.is_err());
    assert!(house.store.operators(organisation).await.unwrap().is_empty());
    assert!(house.store.widgets(organisation).await.unwrap().is_empty());
    let erasures = house.store.erasures(organisation, ErasureId(i64::MAX), None, None, 100).await.unwrap();
    assert!(matches!(erasures.as_slice(), [Erasure { what: What::Organisation, .. }]), "{erasures:?}");
    assert!(house.keys.organisation_key(organisation, None).await.is_err());
    assert_eq!(house.keys.keys_of_organisation(organisation).await.unwrap(), []);
}

async fn talk(house: &House, visitor: &mut Visitor, messages: i64) -> PublicId {
    let mut name = None;
    for counter in 1..=messages {
        name = Some(write(house, visitor, counter).await.conversation.name());
    }
    name.unwrap()
}

async fn an_organisation_ends_on_its_day_and_nobody_elses_does(house: House) {
    let (ada, other) = (house.done.principal, another(&house).await);
    let eve = other.principal;
    let mut visitor = house.visitor().await;
    talk(&house, &mut visitor, 3).await;
    talk(&house, &mut house.visitor().await, 600).await;
    let (mut theirs, _) = house.app.visit(other.widget, None, None, HERE).await.unwrap();
    let kept = talk(&house, &mut theirs, 2).await;
    house.app.add_topic(ada, "Rechnung", 1).await.unwrap();
    let session = signed_in(&house.app).await.secret;
    let token = house.app.issue_api_token(ada, CLOSING * 3).await.unwrap();

    let closing = close(&house).await;
    assert_eq!((closing.destroy_at, closing.state), (house.clock.now().plus(CLOSING), State::Waiting));
    let acknowledgement = house.app.erasure_receipt(ada, closing.name).await.unwrap();
    let first = Receipt::verify(&acknowledgement, None).unwrap();
    assert_eq!((first.statement.organisation, first.statement.conversations), (house.done.organisation, 2));
    house.clock.advance(CLOSING - SECOND);
    house.work().await;
    assert_eq!(house.app.list(ada, ListName::All, true, i64::MAX, 10).await.unwrap().len(), 2, "a second before");
    house.clock.advance(SECOND);
    // The others' chat goes on all the while.
    for counter in 3..=6 {
        house.app.work().await.unwrap();
        write(&house, &mut theirs, counter).await;
    }
    destroy(&house).await;
    assert!(matches!(house.app.session(&session).await, Err(Error::Unauthorised)));
    assert!(matches!(house.app.api_token(&token).await, Err(Error::Unauthorised)));
    destroy(&house).await;
    destroy(&house).await;
    assert!(matches!(house.app.visit(house.done.widget, None, None, HERE).await, Err(Error::NotFound)));
    is_gone(&house, ada.organisation).await;
    assert!(matches!(house.app.closing_receipt(&acknowledgement).await, Err(Error::Conflict(_))));

    turned(&house, &[]).await;
    destroy(&house).await;
    let last = house.app.closing_receipt(&acknowledgement).await.unwrap();
    let last = Receipt::verify(&last, Some(&first.key.0)).unwrap();
    let said = &last.statement;
    assert_eq!((said.number, said.conversations, said.messages), (closing.name, 2, 603));
    assert!(said.keys >= 3 && said.outcome.is_some(), "{said:?}");

    // Nothing of the others changed but for what they wrote themselves.
    let (_, entries) = house.app.entries_before(eve, kept, i64::MAX, 200).await.unwrap();
    assert_eq!(entries.iter().filter(|entry| entry.text.is_some()).count(), 6);
    let key = house.keys.organisation_key(eve.organisation, None).await.unwrap();
    assert!(key.version == 1, "theirs was not replaced: nothing of theirs was deleted");
    // A receipt that somebody else signed, or of something else, gives nothing.
    let changed = acknowledgement.replace("\"conversations\": 2", "\"conversations\": 3");
    assert!(matches!(house.app.closing_receipt(&changed).await, Err(Error::Invalid { .. })));
}

async fn without_a_copy_or_a_word_that_none_is_wanted_it_is_not_closed(house: House) {
    let ada = house.done.principal;
    let by = browser(&house.app).await;
    let refused = async |title, without, password| {
        house.app.close_organisation(&by, wish(title, without, password)).await.unwrap_err()
    };
    assert!(matches!(refused("Nordlicht", false, PASSWORD).await, Error::Conflict(_)));
    assert!(matches!(refused("Nordwind", true, PASSWORD).await, Error::Invalid { field: "name", .. }));
    assert!(matches!(refused("Nordlicht", true, "correct horse").await, Error::Invalid { field: "current", .. }));
    assert_eq!(house.app.closing(ada).await.unwrap().closing, None);
    house.app.end_copy_of_all(ada).await.unwrap();
    house.clock.advance(COPY_COUNTS + SECOND);
    let by = browser(&house.app).await;
    let late = house.app.close_organisation(&by, wish("Nordlicht", false, PASSWORD)).await;
    assert!(matches!(late, Err(Error::Conflict(_))), "of the day before");
    house.app.end_copy_of_all(ada).await.unwrap();
    house.app.close_organisation(&by, wish(" Nordlicht ", false, PASSWORD)).await.unwrap();
    let again = house.app.close_organisation(&by, wish("Nordlicht", true, PASSWORD)).await;
    assert!(matches!(again, Err(Error::Conflict(_))), "once");
}

async fn it_can_be_kept_until_a_second_before_its_day_and_not_after(house: House) {
    let ada = house.done.principal;
    let mut visitor = house.visitor().await;
    talk(&house, &mut visitor, 1).await;
    let closing = close(&house).await;
    // By its own way only.
    assert!(matches!(house.app.undo_erasure(ada, closing.name).await, Err(Error::Conflict(_))));
    assert!(matches!(house.app.hasten_erasure(ada, closing.name).await, Err(Error::Conflict(_))));
    house.clock.advance(CLOSING - SECOND);
    house.work().await;
    house.app.keep_organisation(&browser(&house.app).await).await.unwrap();
    assert_eq!(house.app.closing(ada).await.unwrap().closing, None);
    house.clock.advance(DAY);
    destroy(&house).await;
    assert_eq!(house.app.list(ada, ListName::All, true, i64::MAX, 10).await.unwrap().len(), 1);
    talk(&house, &mut house.visitor().await, 1).await;

    close(&house).await;
    house.clock.advance(CLOSING);
    let by = browser(&house.app).await;
    house.app.work().await.unwrap();
    assert!(matches!(house.app.keep_organisation(&by).await, Err(Error::Conflict(_))));
    let other = house.app.close_organisation(&by, wish("Nordlicht", true, PASSWORD)).await;
    assert!(matches!(other, Err(Error::Conflict(_))));
}

async fn no_conversation_begins_and_those_under_way_go_on(house: House) {
    let (mut visitor, late) = (house.visitor().await, house.visitor().await);
    talk(&house, &mut visitor, 1).await;
    let other = house.node(house.secrets()).await;
    let greeting = other.published(house.done.widget).await.unwrap().greeting;
    let closing = close(&house).await;
    // Also at a node that has not heard of it, and for somebody whose window was open.
    for app in [&house.app, &other] {
        assert!(matches!(app.receive_first(&late, message(1)).await, Err(ReceiveError::Closes)));
    }
    let said = house.app.published(house.done.widget).await.unwrap().greeting;
    assert!(said.starts_with("Hier beginnen keine neuen Gespräche"), "{said}");
    write(&house, &mut visitor, 2).await;
    assert_eq!(house.app.closing_at(house.done.principal.organisation).await.unwrap(), Some(closing.destroy_at));
    house.app.keep_organisation(&browser(&house.app).await).await.unwrap();
    assert_eq!(house.app.published(house.done.widget).await.unwrap().greeting, greeting);
    assert!(house.app.receive_first(&late, message(1)).await.is_ok());
}

async fn what_must_be_kept_keeps_the_organisation_and_nothing_else_of_it(house: House) {
    let ada = house.done.principal;
    let gone = talk(&house, &mut house.visitor().await, 2).await;
    let held = talk(&house, &mut house.visitor().await, 2).await;
    let until = house.clock.now().plus(CLOSING).plus(DAY * 10);
    house.app.set_hold(ada, held, HoldReason::Claim, until).await.unwrap();
    let key = house.store.conversation_named(ada.organisation, held).await.unwrap().key;
    let lost = house.store.conversation_named(ada.organisation, gone).await.unwrap().key;
    close(&house).await;
    its_day(&house).await;
    let there = async |key| house.keys.data_key(ada.organisation, key).await.is_ok();
    assert!(there(key).await && !there(lost).await);
    assert!(house.app.list(ada, ListName::All, true, i64::MAX, 10).await.unwrap().is_empty(), "hidden from everybody");
    let standing = house.app.closing(ada).await.unwrap();
    assert_eq!((standing.held, standing.held_until), (1, Some(until)));
    assert_eq!(standing.closing.unwrap().state, State::Held);
    assert!(matches!(house.app.keep_organisation(&browser(&house.app).await).await, Err(Error::Conflict(_))));
    // Somebody must be able to see to it; a second before it is over, it is there.
    let left = until.0 - house.clock.now().0;
    house.clock.advance(Duration::from_micros(left as u64) - SECOND);
    house.work().await;
    assert!(there(key).await);
    for _ in 0..4 {
        destroy(&house).await;
    }
    house.clock.advance(Duration::from_secs(3600));
    for _ in 0..3 {
        destroy(&house).await;
    }
    assert!(!there(key).await);
    is_gone(&house, ada.organisation).await;
}

async fn two_organisations_end_on_one_day(house: House) {
    let other = another(&house).await;
    talk(&house, &mut house.visitor().await, 2).await;
    let (mut theirs, _) = house.app.visit(other.widget, None, None, HERE).await.unwrap();
    talk(&house, &mut theirs, 2).await;
    let ours = house.app.close_organisation_here(house.done.organisation, true).await.unwrap();
    let others = house.app.close_organisation_here(other.organisation, true).await.unwrap();
    its_day(&house).await;
    turned(&house, &[]).await;
    destroy(&house).await;
    for (closing, organisation) in [(ours, house.done.principal.organisation), (others, other.principal.organisation)] {
        let receipt = house.app.closing_receipt_numbered(closing.name).await.unwrap();
        assert!(Receipt::verify(&receipt, None).unwrap().statement.outcome.is_some());
        is_gone(&house, organisation).await;
    }
    assert!(house.store.organisations().await.unwrap().is_empty());
    assert!(house.app.needs_set_up().await.unwrap(), "whoever runs the machine may begin anew, with its code");
}
