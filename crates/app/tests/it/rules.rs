//! A rule is no way around the brake: who sets one alone empties nothing with it.

use std::time::Duration;

use diskret_app::retention::{Named, Wanted};
use diskret_app::team::NewOperator;
use domain::audit::Origin;
use domain::erasure::State as How;
use domain::limits::{BRAKE_LEAST, BRAKE_WAIT};
use domain::retention::Kept;
use domain::{Clock as _, ErasureId, Groups, Language, Principal, PublicId, Role};
use privacy::Plaintext;
use store::job::Kind;

use crate::{Error, House, PASSWORD, SECOND, on_both, write};

on_both! {
    a_rule_of_a_day_waits_for_somebody_else_or_a_day_and_no_program_sets_one
    a_rule_that_is_set_step_by_step_is_braked_as_one
}

const DAY: Duration = Duration::from_secs(24 * 3600);
const HALF: i64 = BRAKE_LEAST / 2;

const fn days(days: i64) -> Wanted {
    Wanted { kept: Kept::Content, of: Named::All, days: Some(days) }
}

async fn ended(house: &House, count: i64) {
    for _ in 0..count {
        let mut visitor = house.visitor().await;
        let id = write(house, &mut visitor, 1).await.conversation.name();
        house.app.set_ended(house.done.principal, id, true).await.unwrap();
    }
}

async fn sweep(house: &House) -> Vec<(PublicId, i64, How)> {
    let (organisation, now) = (house.done.principal.organisation, house.clock.now());
    house.store.reschedule_job(organisation, Kind::Retain, organisation.0, now, now).await.unwrap();
    house.work().await;
    let found = house.app.erasures(house.done.principal, ErasureId(i64::MAX), None, 100).await.unwrap();
    found.into_iter().map(|one| (one.erasure.name, one.erasure.conversations, one.erasure.state)).collect()
}

/// Somebody else who may erase everywhere.
async fn manager(house: &House) -> Principal {
    let organisation = house.done.principal.organisation;
    let new = NewOperator {
        name: "Ben".to_owned(),
        email: "ben@example.de".to_owned(),
        password: Plaintext::new(PASSWORD.to_owned()),
        role: Role::Manager,
        language: Language::De,
    };
    let ben = house.app.add_operator(organisation, new).await.unwrap();
    Principal::new(organisation, ben.id, Role::Manager, Groups::default())
}

async fn a_rule_of_a_day_waits_for_somebody_else_or_a_day_and_no_program_sets_one(house: House) {
    let (ada, ben) = (house.done.principal, manager(&house).await);
    ended(&house, BRAKE_LEAST).await;
    house.clock.advance(DAY * 2);
    let program = house.app.set_retention(ada.from(Origin::Program), days(1)).await;
    assert!(matches!(program, Err(Error::Forbidden)), "{program:?}");
    let look = house.app.set_retention(ada, days(1)).await.unwrap();
    assert_eq!(look.conversations, BRAKE_LEAST, "whoever sets it has seen this");
    let swept = sweep(&house).await;
    let [(flood, BRAKE_LEAST, How::Braked)] = swept[..] else { panic!("{swept:?}") };
    let own = house.app.release_erasure(ada, flood).await;
    assert!(matches!(own, Err(Error::Conflict(_))), "{own:?}");
    let program = house.app.release_erasure(ben.from(Origin::Program), flood).await;
    assert!(matches!(program, Err(Error::Forbidden)), "{program:?}");
    house.clock.advance(BRAKE_WAIT - SECOND);
    assert_eq!(sweep(&house).await[0].2, How::Braked, "a second before");
    house.app.release_erasure(ben, flood).await.unwrap();
    house.work().await;
    assert_eq!(sweep(&house).await[0].2, How::Working);
}

async fn a_rule_that_is_set_step_by_step_is_braked_as_one(house: House) {
    let ada = house.done.principal;
    ended(&house, HALF).await;
    house.clock.advance(DAY * 10);
    ended(&house, HALF).await;
    house.clock.advance(DAY * 10);
    house.app.set_retention(ada, days(15)).await.unwrap();
    let swept = sweep(&house).await;
    assert!(matches!(swept[..], [(_, HALF, How::Working)]), "what a small organisation does in a day: {swept:?}");
    house.app.set_retention(ada, days(5)).await.unwrap();
    let swept = sweep(&house).await;
    assert!(matches!(swept[0], (_, HALF, How::Braked)), "{swept:?}");
    house.app.undo_erasure(ada, swept[0].0).await.unwrap();
}
