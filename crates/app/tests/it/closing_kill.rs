//! The power goes at any moment of an organisation's end, and it ends the same.

use std::sync::atomic::Ordering;
use std::time::Duration;

use diskret_app::installation::SetUp;
use domain::PublicId;
use domain::erasure::HoldReason;
use domain::limits::CLOSING;
use privacy::receipt::Receipt;

use crate::closing::another;
use crate::epoch::turned;
use crate::erasure::destroy;
use crate::erasure_kill::work;
use crate::{HERE, House, write};

struct Scene {
    house: House,
    other: SetUp,
    kept: PublicId,
    closing: PublicId,
}

/// Two organisations; the day of one has come, on which a hold of it ended.
async fn scene() -> Scene {
    let house = House::new(false).await;
    let other = another(&house).await;
    for _ in 0..2 {
        let mut visitor = house.visitor().await;
        for counter in 1..=2 {
            let name = write(&house, &mut visitor, counter).await.conversation.name();
            if counter == 2 {
                let until = domain::Clock::now(&*house.clock).plus(CLOSING);
                house.app.set_hold(house.done.principal, name, HoldReason::Claim, until).await.unwrap();
            }
        }
    }
    let (mut theirs, _) = house.app.visit(other.widget, None, None, HERE).await.unwrap();
    let kept = write(&house, &mut theirs, 1).await.conversation.name();
    let closing = house.app.close_organisation_here(house.done.organisation, true).await.unwrap().name;
    house.clock.advance(CLOSING);
    Scene { house, other, kept, closing }
}

async fn ends(scene: &Scene) -> String {
    let Scene { house, other, kept, closing } = scene;
    // Leases of whoever died run out.
    house.clock.advance(Duration::from_secs(90));
    for _ in 0..4 {
        destroy(house).await;
    }
    turned(house, &[]).await;
    destroy(house).await;
    let organisation = house.done.principal.organisation;
    assert!(house.store.organisation(organisation).await.is_err(), "it is there");
    assert!(house.keys.organisation_key(organisation, None).await.is_err(), "its key is there");
    assert_eq!(house.keys.keys_of_organisation(organisation).await.unwrap(), []);
    let (_, entries) = house.app.entries_before(other.principal, *kept, i64::MAX, 10).await.unwrap();
    let receipt = Receipt::verify(&house.app.closing_receipt_numbered(*closing).await.unwrap(), None).unwrap();
    let said = receipt.statement;
    // Keys that were made ahead are fewer or more, as it was killed or not.
    assert!(said.keys > 2 && said.outcome.is_some());
    format!("{} conversations, {} messages; the others have {}", said.conversations, said.messages, entries.len())
}

#[tokio::test]
async fn killed_at_every_commit_of_an_organisations_end_it_ends_the_same() {
    let plain = scene().await;
    let (app, fuse) = plain.house.doomed(i64::MAX / 4, None).await;
    let begun = fuse.turns.load(Ordering::SeqCst);
    assert!(work(&plain.house, (&app, fuse)).await, "nothing stops it");
    let turns = begun - fuse.turns.load(Ordering::SeqCst);
    let expected = ends(&plain).await;
    assert!(expected.starts_with("2 conversations, 4 messages") && turns > 40, "{turns} {expected}");
    // Before or after a commit, or at a reading, in whichever step. All of them take a minute.
    let step = if std::env::var_os("DISKRET_KILLS").is_some_and(|kills| kills == "all") { 1 } else { 7 };
    for turn in (1..turns).step_by(step) {
        let scene = scene().await;
        let (app, fuse) = scene.house.doomed(turn, None).await;
        assert!(!work(&scene.house, (&app, fuse)).await, "it was not killed");
        drop(app);
        assert_eq!(ends(&scene).await, expected, "killed at turn {turn} of {turns}");
    }
}
