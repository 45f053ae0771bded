//! What is stored, read past all nodes once everything is over.

use std::collections::BTreeMap;

use app::conversation::ListName;
use domain::conversation::{Author, Event, Kind, State};
use domain::{OperatorId, Timestamp};
use serde_json::Value;
use store::{Settings, Store, files_in};

use super::house::{self, AtOnce};
use super::story::what;
use super::world::World;
use crate::socket::entries::{self, Reader};

/// An entry of a conversation.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) sequence: i64,
    pub(super) visible: i64,
    pub(super) author: Author,
    pub(super) kind: Kind,
    pub(super) at: Timestamp,
    /// As operators read it.
    pub(super) what: String,
    /// As the visitor reads it; a note is nothing to them.
    pub(super) to_visitor: Option<String>,
}

/// What the conversation's own row says about it.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub(super) state: State,
    pub(super) assignee: Option<OperatorId>,
    pub(super) unread: i64,
    pub(super) waiting_since: Option<Timestamp>,
    /// Up to which visible number the team has seen it.
    pub(super) team_seen: i64,
}

/// A conversation as it is stored.
#[derive(Clone, Debug)]
pub(super) struct Chat {
    pub(super) entries: Vec<Kept>,
    pub(super) standing: Standing,
    /// As a list shows it.
    pub(super) row: Value,
}

/// Everything that is stored.
#[derive(Clone, Debug, Default)]
pub(super) struct Truth {
    pub(super) chats: BTreeMap<String, Chat>,
}

/// Reads it.
pub(super) async fn read(world: &World) -> app::Result<Truth> {
    let owner = world.house.team[0].principal;
    let app = house::open(&world.folder, world.clock.clone(), &AtOnce, false).await?;
    let settings = Settings { inline: Some(&AtOnce), ..Settings::default() };
    let store = Store::open(&files_in(&world.folder).0, settings).await?;
    let mut truth = Truth::default();
    for summary in app.list(owner, ListName::All, true, i64::MAX, domain::limits::PAGE_MOST).await? {
        let reference = std::sync::Arc::clone(&summary.conversation);
        let mut entries = Vec::new();
        loop {
            let after = entries.last().map_or(0, |last: &Kept| last.sequence);
            let page = app.entries_after(&reference, after, i64::MAX).await?;
            if page.is_empty() {
                break;
            }
            for entry in page {
                let people = entries::people(&app, &reference, &entry).await?;
                let shown = |reader| {
                    let shown = entries::entry(reader, None, reference.name(), &entry, &people).map(entries::frame);
                    shown.map(|frame| what(&serde_json::to_value(frame).expect("frames are JSON")))
                };
                entries.push(Kept {
                    sequence: entry.numbers.sequence,
                    visible: entry.numbers.visible,
                    author: entry.author,
                    kind: entry.kind,
                    at: entry.at,
                    what: shown(Reader::Operator(owner)).unwrap_or_default(),
                    to_visitor: shown(Reader::Visitor),
                });
            }
        }
        let found = store.conversation_named(owner.organisation, reference.name()).await?;
        let standing = Standing {
            state: found.progress.state,
            assignee: found.progress.assignee,
            unread: found.progress.unread,
            waiting_since: found.progress.waiting_since,
            team_seen: found.team_seen_visible,
        };
        let row = entries::summary(&app, summary).await?;
        let row = serde_json::to_value(row).map_err(|_| app::Error::Internal)?;
        truth.chats.insert(reference.name().to_string(), Chat { entries, standing, row });
    }
    store.close().await;
    app.close().await;
    Ok(truth)
}

impl Chat {
    /// Who was on it after each entry, by sequence.
    pub(super) fn assignees(&self) -> BTreeMap<i64, Option<OperatorId>> {
        let mut now = None;
        let after = |entry: &Kept| {
            if let Kind::Event(Event::Assigned(to)) = entry.kind {
                now = to;
            }
            (entry.sequence, now)
        };
        self.entries.iter().map(after).collect()
    }
}
