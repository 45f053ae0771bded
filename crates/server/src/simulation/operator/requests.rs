//! What a dashboard asks over HTTP: the same verbs, without HTTP around them.

use std::rc::Rc;
use std::time::Duration;

use app::conversation::ListName;
use serde_json::Value;
use tokio::time::Instant;

use super::desk::Desk;
use crate::simulation::node::Node;
use crate::socket::entries;

const RELOAD: Duration = Duration::from_secs(1);

/// The answer to a request for a list, with when it was asked for.
pub(super) type Listed = (u64, ListName, Option<Vec<Value>>);

impl Desk {
    /// A request whose answer changes nothing here: what it did is told by the socket.
    pub(super) fn ask<F>(&self, request: F)
    where
        F: FnOnce(Rc<Node>) -> std::pin::Pin<Box<dyn Future<Output = app::Result<()>>>> + 'static,
    {
        if let Some(node) = self.node.clone() {
            tokio::task::spawn_local(async move {
                let asked = Rc::clone(&node);
                let _ = node.ask(request(asked)).await;
            });
        }
    }

    pub(super) fn load_all(&mut self) {
        if self.member.sees_all() {
            return self.load(ListName::All);
        }
        self.load(ListName::Mine);
        self.load(ListName::Unassigned);
    }

    /// `GET /api/conversations`: the same verb, without HTTP around it.
    fn load(&mut self, list: ListName) {
        let Some(node) = self.node.clone() else { return };
        self.asked += 1;
        let (principal, asked, answer) =
            (self.member.principal, self.state.rows.borrow().clock(), self.lists.0.clone());
        tokio::task::spawn_local(async move {
            let rows = node.ask(rows(&node, principal, list)).await.and_then(Result::ok);
            let _ = answer.send((asked, list, rows));
        });
    }

    pub(super) fn listed(&mut self, (asked, list, rows): Listed) {
        self.asked -= 1;
        let Some(rows) = rows else {
            self.reload = Some(Instant::now() + RELOAD);
            return;
        };
        self.world.note(&self.name, &format!("reads {list:?}: {} rows", rows.len()));
        rows.iter().for_each(|row| self.world.story.borrow_mut().listed(&self.member, row));
        let me = self.member.name.to_string();
        let belongs = |row: &Value| match list {
            ListName::All => true,
            ListName::Mine => row["assignee"]["id"] == me.as_str(),
            ListName::Unassigned => row["assignee"].is_null(),
            ListName::Mentioned => row["mentioned"] == true,
        };
        self.state.rows.borrow_mut().take(&rows, belongs, asked);
    }
}

async fn rows(node: &Node, principal: domain::Principal, list: ListName) -> app::Result<Vec<Value>> {
    let app = node.app();
    let mut rows = Vec::new();
    for row in app.list(principal, list, true, i64::MAX, domain::limits::PAGE_MOST).await? {
        let row = entries::summary(app, row).await?;
        rows.push(serde_json::to_value(row).map_err(|_| app::Error::Internal)?);
    }
    Ok(rows)
}
