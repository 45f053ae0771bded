//! Reading entries.

use diskret_store::Error;

use crate::fixture::{Fixture, assert_gapless, content, stored};

on_both![
    entries_are_read_forwards_and_backwards_in_pages,
    single_entries_of_several_conversations_are_read_at_once,
    another_organisations_entries_are_never_given,
    what_was_sealed_comes_back_byte_for_byte,
];

async fn entries_are_read_forwards_and_backwards_in_pages(at: Fixture) {
    let chat = at.chat().await;
    for counter in 2..=9 {
        stored(at.store.append(chat.visitor(1, counter)).await);
    }
    let after = async |after, most| {
        let entries = at.store.entries_after(at.ours.id, chat.id, chat.names(), after, most).await.unwrap();
        entries.iter().map(|entry| entry.numbers.sequence).collect::<Vec<_>>()
    };
    assert_eq!(after(0, 100).await, (1..=9).collect::<Vec<_>>());
    assert_eq!(after(3, 4).await, [4, 5, 6, 7]);
    assert!(after(9, 4).await.is_empty());
    let before = async |before, most| {
        let entries = at.store.entries_before(at.ours.id, chat.id, chat.names(), before, most).await.unwrap();
        entries.iter().map(|entry| entry.numbers.sequence).collect::<Vec<_>>()
    };
    assert_eq!(before(i64::MAX, 4).await, [6, 7, 8, 9]);
    assert_eq!(before(6, 4).await, [2, 3, 4, 5]);
    assert_eq!(before(2, 4).await, [1]);
    assert!(before(1, 4).await.is_empty());
}

async fn single_entries_of_several_conversations_are_read_at_once(at: Fixture) {
    let (chat, other) = (at.chat().await, at.chat().await);
    stored(at.store.append(chat.visitor(1, 2)).await);
    let wanted = vec![(other.id, other.names(), 1), (chat.id, chat.names(), 2), (chat.id, chat.names(), 99)];
    let mut found = at.store.entries_at(at.ours.id, wanted).await.unwrap();
    found.sort_by_key(|(id, _)| *id);
    let sequences: Vec<_> = found.iter().map(|(id, entry)| (*id, entry.numbers.sequence)).collect();
    assert_eq!(sequences, [(chat.id, 2), (other.id, 1)]);
    assert!(found.iter().all(|(id, entry)| {
        let name = if *id == chat.id { chat.name } else { other.name };
        entry.message.as_ref().unwrap().identity().conversation == name
    }));
    assert_eq!(at.store.entries_at(at.ours.id, Vec::new()).await.unwrap().len(), 0);
}

async fn another_organisations_entries_are_never_given(at: Fixture) {
    // Who asks found the conversation in their own organisation first, so this is a fault of ours: told as such, empty.
    let chat = at.chat().await;
    assert_eq!(at.entries(&chat).await.len(), 1);
    let (them, names) = (at.theirs.id, chat.names());
    let refused = |result: Option<Error>| assert!(matches!(result, Some(Error::Broken(_))), "{result:?}");
    refused(at.store.entries_after(them, chat.id, names, 0, 10).await.err());
    refused(at.store.entries_before(them, chat.id, names, i64::MAX, 10).await.err());
    refused(at.store.entries_at(them, vec![(chat.id, names, 1)]).await.err());
}

async fn what_was_sealed_comes_back_byte_for_byte(at: Fixture) {
    let chat = at.chat().await;
    let bytes: Vec<u8> = content(1, 2).into_iter().chain((0..=255).cycle().take(64 * 1024)).collect();
    let mut message = chat.visitor(1, 2);
    message.message = privacy::Message::from_store(*message.message.identity(), bytes.clone());
    let identity = *message.message.identity();
    stored(at.store.append(message).await);
    let entries = at.entries(&chat).await;
    assert_gapless(&entries);
    let back = entries[1].message.as_ref().unwrap();
    assert_eq!((back.sealed(), *back.identity()), (bytes.as_slice(), identity));
}
