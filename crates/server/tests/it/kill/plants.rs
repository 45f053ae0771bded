//! What can go wrong, planted in what went right: shows that the checker would have found it.

use std::collections::{BTreeMap, HashSet};

use super::checker::{Side, Stored, Story, faults};

/// Plants something; `false` where a story has nothing that could go wrong in that way.
pub(super) type Plant = fn(&mut Story) -> bool;

fn first_side(story: &mut Story, is_visitor: bool, fits: impl Fn(&Side) -> bool) -> Option<(String, &mut Side)> {
    let mut sides = story.sides.iter_mut();
    sides.find(|(_, side)| side.is_visitor == is_visitor && fits(side)).map(|((_, id), side)| (id.clone(), side))
}

fn longest(story: &mut Story) -> Option<&mut Vec<Stored>> {
    story.stored.values_mut().max_by_key(|entries| entries.iter().filter(|entry| entry.text.is_some()).count())
}

/// The places of the first two messages of one sender in the longest conversation.
fn two_of_one_sender(story: &mut Story) -> Option<(String, usize, usize)> {
    let (id, entries) = story.stored.iter().max_by_key(|(_, entries)| entries.len())?;
    let sides = story.sides.iter().filter(|((_, of), side)| of == id && side.sent.len() > 1);
    sides.into_iter().find_map(|(_, side)| {
        let place = |text: &String| entries.iter().position(|entry| entry.text.as_ref() == Some(text));
        Some((id.clone(), place(&side.sent[0])?, place(&side.sent[1])?))
    })
}

/// All kinds.
pub(super) const PLANTS: &[(&str, &str, Plant)] = &[
    ("the last entry lost", "is not what is stored", |story| {
        longest(story).is_some_and(|entries| entries.pop().is_some())
    }),
    ("a message lost in the middle", "has the numbers", |story| {
        longest(story).filter(|entries| entries.len() > 2).is_some_and(|entries| {
            entries.remove(1);
            true
        })
    }),
    ("a message lost and the numbers closed up", "is not what is stored", |story| {
        longest(story).filter(|entries| entries.len() > 2).is_some_and(|entries| {
            entries.remove(1);
            for (number, entry) in (1..).zip(entries) {
                (entry.sequence, entry.visible) = (number, number);
            }
            true
        })
    }),
    ("an acknowledged message lost, and nobody the wiser", "or one before it, is missing", |story| {
        let Some((id, text)) = first_side(story, true, |side| side.sent.len() > 1).and_then(|(id, side)| {
            let last = side.acknowledged.iter().map(|(counter, _)| *counter).max()?;
            Some((id, side.sent.get(usize::try_from(last).ok()? - 1)?.clone()))
        }) else {
            return false;
        };
        let entries = story.stored.get_mut(&id).into_iter().flatten();
        entries.filter(|entry| entry.text.as_ref() == Some(&text)).for_each(|entry| entry.text = None);
        true
    }),
    ("a message stored twice", "stored 2 times", |story| {
        longest(story).is_some_and(|entries| {
            let Some(mut twice) = entries.iter().rfind(|entry| entry.text.is_some()).cloned() else { return false };
            let last = entries.len() as i64 + 1;
            (twice.sequence, twice.visible) = (last, last);
            entries.push(twice);
            true
        })
    }),
    ("two messages of one sender swapped", "the order of their messages changed", |story| {
        let Some((id, one, two)) = two_of_one_sender(story) else { return false };
        let Some(entries) = story.stored.get_mut(&id) else { return false };
        let text = entries[one].text.take();
        entries[one].text = entries[two].text.take();
        entries[two].text = text;
        true
    }),
    ("a message that nobody sent", "never sent", |story| {
        longest(story).is_some_and(|entries| {
            let last = entries.len() as i64 + 1;
            entries.push(Stored { sequence: last, visible: last, text: Some("x".to_owned()), assigned: None });
            true
        })
    }),
    ("another text", "is not what is stored", |story| {
        longest(story).and_then(|entries| entries.iter_mut().find(|entry| entry.text.is_some())).is_some_and(|entry| {
            entry.text = Some("something else".to_owned());
            true
        })
    }),
    ("a gap in the numbers", "has the numbers", |story| {
        longest(story).and_then(|entries| entries.last_mut()).is_some_and(|entry| {
            entry.sequence += 1;
            true
        })
    }),
    ("acknowledged under another number", "two numbers", |story| {
        first_side(story, true, |side| !side.acknowledged.is_empty()).is_some_and(|(_, side)| {
            let (counter, number) = side.acknowledged[0];
            side.acknowledged.push((counter, number + 1));
            true
        })
    }),
    ("a hole in what a visitor heard", " came after ", |story| {
        first_side(story, true, |side| side.received.len() > 2).is_some_and(|(_, side)| {
            side.received.remove(1);
            true
        })
    }),
    ("a visitor told the same twice", " came after ", |story| {
        first_side(story, true, |side| !side.received.is_empty()).is_some_and(|(_, side)| {
            let first = side.received[0].clone();
            side.received.insert(0, first);
            true
        })
    }),
    ("another text by a second connection", "is not what is stored", |story| {
        first_side(story, true, |side| !side.received.is_empty()).is_some_and(|(_, side)| {
            side.again.push((1, Some("something else".to_owned())));
            true
        })
    }),
    ("an operator who did not hear the last", "did not hear what came after", |story| {
        first_side(story, false, |side| !side.received.is_empty())
            .is_some_and(|(_, side)| side.received.pop().is_some())
    }),
    ("an assignment lost", ": given to ", |story| {
        let entries = story.stored.values_mut().flatten();
        let people: HashSet<String> = story.assigned.values().flatten().cloned().collect();
        entries.into_iter().find(|entry| entry.assigned.as_ref().is_some_and(|name| people.contains(name))).is_some_and(
            |entry| {
                entry.assigned = None;
                true
            },
        )
    }),
    ("a row that a list was not told of", "'s list: ", |story| {
        story.lists.values_mut().find_map(|[told, _]| told.pop_first()).is_some()
    }),
    ("a client that noticed it itself", "was acknowledged and is expected again", |story| {
        story.contradictions.push("visitor 0: message 3 was acknowledged and is expected again".to_owned());
        true
    }),
    ("a second conversation of one visitor", "nobody began it", |story| story.strangers.insert("x".to_owned())),
];

/// Plants everything that can go wrong in a story without faults. Gives what was not found, and how much was.
pub(super) fn overlooked(story: &Story) -> (Vec<&'static str>, usize) {
    let (mut overlooked, mut found) = (Vec::new(), 0);
    for (what, expected, plant) in PLANTS {
        let mut story = story.clone();
        if plant(&mut story) {
            if faults(&story).iter().any(|fault| fault.contains(expected)) {
                found += 1;
            } else {
                overlooked.push(*what);
            }
        }
    }
    (overlooked, found)
}

#[test]
fn the_checker_finds_everything_that_is_planted() {
    let text = |text: &str| Some(text.to_owned());
    let entry =
        |number: i64, said: &str| Stored { sequence: number, visible: number, text: text(said), assigned: None };
    let mut story = Story::default();
    let given = Stored { sequence: 5, visible: 5, text: None, assigned: text("Ben") };
    let stored = vec![entry(1, "a1"), entry(2, "b1"), entry(3, "a2"), entry(4, "a3"), given];
    story.stored.insert("chat".to_owned(), stored);
    story.assigned.insert("chat".to_owned(), vec!["Ben".to_owned()]);
    let row = BTreeMap::from([("chat".to_owned(), 5)]);
    story.lists.insert("Ben".to_owned(), [row.clone(), row]);
    let all = vec![(1, text("a1")), (2, text("b1")), (3, text("a2")), (4, text("a3")), (5, None)];
    let a = Side {
        sent: vec!["a1".to_owned(), "a2".to_owned(), "a3".to_owned(), "a4".to_owned()],
        acknowledged: vec![(1, 1), (2, 3), (3, 4), (3, 4)],
        received: all.clone(),
        again: vec![(2, text("b1"))],
        is_visitor: true,
    };
    let b = Side {
        sent: vec!["b1".to_owned()],
        acknowledged: vec![(1, 2)],
        received: all,
        again: Vec::new(),
        is_visitor: false,
    };
    story.sides.insert(("a".to_owned(), "chat".to_owned()), a);
    story.sides.insert(("b".to_owned(), "chat".to_owned()), b);
    assert_eq!(faults(&story), Vec::<String>::new());
    let (overlooked, found) = overlooked(&story);
    assert_eq!((overlooked, found), (Vec::new(), PLANTS.len()));
}
