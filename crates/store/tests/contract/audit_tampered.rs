//! Whatever is done to an audit log behind the store's back is named, and the first entry that it was done to.

use diskret_store::audit::{Broken, Claim, Fault, Signed, Verified};
use diskret_store::session::Machine;
use domain::PublicId;
use privacy::chain::{SigningKey, Statement};
use privacy::keys::RawKey;

use crate::audit::{at_entry, broken, signing_key, ten_entries, verify_at};
use crate::fixture::{Fixture, Raw, START, moment, proved, somebody};

on_both![
    each_column_that_is_altered_is_named,
    what_is_dropped_moved_or_cut_off_is_named,
    an_older_copy_that_was_put_back_is_named_by_a_checkpoint,
    a_forged_checkpoint_is_named,
    what_was_tampered_with_since_the_last_signature_is_not_signed,
];

async fn claim(at: &Fixture) -> Claim {
    let head = at.store.audit_head(at.ours.id).await.unwrap();
    let said = Statement { organisation: at.ours.name, number: head.number, hash: head.hash, at: START };
    Claim { said, signature: signing_key().sign(&said).to_vec() }
}

/// Does something to entry 5 behind the store's back, sees what is said, and undoes it.
async fn tamper(at: &Fixture, raw: &Raw, how: &str) -> Option<Broken> {
    raw.run("CREATE TABLE kept AS SELECT * FROM audit_entry").await;
    raw.run(how).await;
    let found = broken(at).await;
    raw.run("DELETE FROM audit_entry").await;
    raw.run("INSERT INTO audit_entry SELECT * FROM kept").await;
    raw.run("DROP TABLE kept").await;
    assert_eq!(broken(at).await, None, "put back as it was, it is whole again");
    found
}

async fn each_column_that_is_altered_is_named(at: Fixture) {
    ten_entries(&at).await;
    assert_eq!(broken(&at).await, None, "untouched it is whole");
    let raw = at.place.data().await;
    let bytes = if at.is_postgres() { "decode(repeat('11', 32), 'hex')" } else { "zeroblob(32)" };
    let fives = format!("organisation_id = {} AND number = 5", at.ours.id.0);
    for set in [
        "at = at + 1".to_owned(),
        "kind = 'group_removed'".to_owned(),
        format!("commitment = {bytes}"),
        format!("hash = {bytes}"),
        format!("salt = {bytes}"),
        "salt = NULL".to_owned(),
        "actor_kind = 'house'".to_owned(),
        "actor = 1".to_owned(),
        "subject = 1".to_owned(),
        "origin = 'house'".to_owned(),
        "details = '[]'".to_owned(),
        "details = NULL".to_owned(),
    ] {
        let found = tamper(&at, &raw, &format!("UPDATE audit_entry SET {set} WHERE {fives}")).await;
        assert_eq!(found, at_entry(5, Fault::Altered), "{set}");
    }
    let all = "salt = NULL, actor_kind = NULL, actor = NULL, subject = NULL, origin = NULL, details = NULL";
    let emptied = tamper(&at, &raw, &format!("UPDATE audit_entry SET {all} WHERE {fives}")).await;
    assert_eq!(emptied, at_entry(5, Fault::Emptied), "before its time");
    let moved = format!("UPDATE audit_entry SET number = 11 WHERE {fives}");
    assert_eq!(tamper(&at, &raw, &moved).await, at_entry(5, Fault::Missing));
    let given = format!("UPDATE audit_entry SET organisation_id = 99 WHERE {fives}");
    assert_eq!(tamper(&at, &raw, &given).await, at_entry(5, Fault::Missing));
    for set in ["number = 9", "number = 11", &format!("hash = {bytes}")] {
        raw.run("CREATE TABLE kept_head AS SELECT * FROM audit_head").await;
        raw.run(&format!("UPDATE audit_head SET {set} WHERE organisation_id = {}", at.ours.id.0)).await;
        let fault = if set == "number = 11" { at_entry(11, Fault::Truncated) } else { at_entry(10, Fault::End) };
        assert_eq!(broken(&at).await, fault, "{set}");
        raw.run("DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM kept_head; DROP TABLE kept_head").await;
    }
    assert_eq!(broken(&at).await, None);
}

async fn what_is_dropped_moved_or_cut_off_is_named(at: Fixture) {
    ten_entries(&at).await;
    assert_eq!(broken(&at).await, None, "untouched it is whole");
    let (raw, ours) = (at.place.data().await, format!("organisation_id = {}", at.ours.id.0));
    for number in [1, 5] {
        let dropped = tamper(&at, &raw, &format!("DELETE FROM audit_entry WHERE {ours} AND number = {number}")).await;
        assert_eq!(dropped, at_entry(number, Fault::Missing));
    }
    for last in [10, 7] {
        let cut = tamper(&at, &raw, &format!("DELETE FROM audit_entry WHERE {ours} AND number >= {last}")).await;
        assert_eq!(cut, at_entry(last, Fault::Truncated));
    }
    let closed = "UPDATE audit_entry SET number = number - 1 WHERE organisation_id = 1 AND number";
    let dropped = format!("DELETE FROM audit_entry WHERE {ours} AND number = 5; {closed} = 6; {closed} = 7;");
    assert_eq!(tamper(&at, &raw, &dropped).await, at_entry(5, Fault::Altered), "and the gap closed");
    for (one, other) in [(5, 6), (3, 9), (1, 10)] {
        let swap = |from, to| format!("UPDATE audit_entry SET number = {to} WHERE {ours} AND number = {from};");
        let swapped = [swap(one, 99), swap(other, one), swap(99, other)].concat();
        assert_eq!(tamper(&at, &raw, &swapped).await, at_entry(one, Fault::Moved(other)), "{one} and {other}");
    }
}

async fn an_older_copy_that_was_put_back_is_named_by_a_checkpoint(at: Fixture) {
    ten_entries(&at).await;
    let raw = at.place.data().await;
    raw.run("CREATE TABLE old AS SELECT * FROM audit_entry; CREATE TABLE old_head AS SELECT * FROM audit_head").await;
    let earlier = claim(&at).await;
    let session = |hash| {
        at.store.audited(somebody()).insert_session(
            [hash; 32],
            proved(at.ours.id, at.ours.ada),
            START,
            Machine::default(),
        )
    };
    session(1).await.unwrap();
    session(2).await.unwrap();
    let kept = claim(&at).await;
    let both = || vec![kept.clone(), earlier.clone()];
    let verified = verify_at(&at, START, both()).await;
    assert_eq!(verified, Verified { entries: 12, checkpoints: 2, broken: None });
    raw.run("DELETE FROM audit_entry; INSERT INTO audit_entry SELECT * FROM old").await;
    raw.run("DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM old_head").await;
    assert_eq!(broken(&at).await, None, "by itself an older copy looks whole");
    assert_eq!(verify_at(&at, START, both()).await.broken, at_entry(11, Fault::Truncated));
    for hash in 3..6 {
        session(hash).await.unwrap();
    }
    assert_eq!(broken(&at).await, None, "and goes on as if nothing were");
    assert_eq!(verify_at(&at, START, both()).await.broken, at_entry(11, Fault::RolledBack));
    assert_eq!(verify_at(&at, START, vec![earlier.clone()]).await.broken, None, "this one says nothing of it");
}

async fn a_forged_checkpoint_is_named(at: Fixture) {
    ten_entries(&at).await;
    let good = claim(&at).await;
    let number = good.said.number;
    let signed = Signed { number, hash: good.said.hash.to_vec(), at: good.said.at, signature: good.signature.clone() };
    at.store.insert_checkpoint(at.ours.id, signed.clone()).await.unwrap();
    at.store.insert_checkpoint(at.ours.id, Signed { at: moment(1), ..signed.clone() }).await.unwrap();
    assert_eq!(at.store.checkpoints(at.ours.id).await.unwrap(), std::slice::from_ref(&signed), "the first one stays");
    assert_eq!(at.store.last_checkpoint(at.ours.id).await.unwrap(), Some(signed));
    assert_eq!(at.store.last_checkpoint(at.theirs.id).await.unwrap(), None);
    assert_eq!(verify_at(&at, START, vec![good.clone()]).await.broken, None);
    let other = SigningKey::new(&RawKey::from_bytes([8; 32]));
    let foreign = Statement { organisation: PublicId::from_bytes([1; 16]), ..good.said };
    for forged in [
        Claim { signature: other.sign(&good.said).to_vec(), ..good.clone() },
        Claim { said: Statement { at: moment(1), ..good.said }, ..good.clone() },
        Claim { said: foreign, signature: signing_key().sign(&foreign).to_vec() },
    ] {
        assert_eq!(verify_at(&at, START, vec![forged]).await.broken, at_entry(number, Fault::Checkpoint));
    }
    at.place.data().await.run("UPDATE audit_checkpoint SET at = at + 1").await;
    assert_eq!(broken(&at).await, at_entry(number, Fault::Checkpoint));
}

async fn what_was_tampered_with_since_the_last_signature_is_not_signed(at: Fixture) {
    let begun = at.store.audit_head(at.ours.id).await.unwrap();
    ten_entries(&at).await;
    let head = at.store.audit_head(at.ours.id).await.unwrap();
    let since = async |since| at.store.verify_audit_since(at.ours.id, since, START).await.unwrap();
    for good in [None, Some(begun), Some(head)] {
        assert_eq!(since(good).await, Ok(head), "untouched it is whole");
    }
    let raw = at.place.data().await;
    let ours = format!("organisation_id = {}", at.ours.id.0);
    let (fifth, last) = (format!("{ours} AND number = 5"), format!("{ours} AND number = 10"));
    let broken = |number, fault| Err(Broken { number, fault });
    for (how, fault) in [
        (format!("UPDATE audit_entry SET details = '[]' WHERE {fifth}"), broken(5, Fault::Altered)),
        (format!("DELETE FROM audit_entry WHERE {fifth}"), broken(5, Fault::Missing)),
        (format!("DELETE FROM audit_entry WHERE {last}"), broken(10, Fault::Truncated)),
        (format!("UPDATE audit_head SET number = 9 WHERE {ours}"), broken(10, Fault::End)),
    ] {
        raw.run("CREATE TABLE kept AS SELECT * FROM audit_entry; CREATE TABLE kept_head AS SELECT * FROM audit_head")
            .await;
        raw.run(&how).await;
        assert_eq!(since(Some(begun)).await, fault, "{how}");
        // What lies before was checked when that was signed; an end that was moved is behind everything.
        if fault != broken(5, Fault::Altered) && fault != broken(5, Fault::Missing) {
            assert!(since(Some(head)).await.is_err(), "{how}");
        }
        raw.run("DELETE FROM audit_entry; INSERT INTO audit_entry SELECT * FROM kept; DROP TABLE kept").await;
        raw.run("DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM kept_head; DROP TABLE kept_head").await;
    }
    let forged = diskret_store::audit::Head { hash: [1; 32], ..begun };
    assert_eq!(since(Some(forged)).await, broken(2, Fault::RolledBack), "it does not follow from another state");
    assert_eq!(since(Some(head)).await, Ok(head));
}
