//! Everything up to the welcome, and how a socket comes to the conversation of its visitor.

use std::sync::Arc;
use std::time::Duration;

use app::conversation::{Reference, Standing};
use app::rate::Whereabouts;
use bus::Topic;

use super::{Chat, Listening};
use crate::http::Shared;
use crate::socket::connection::{Connection, Gone};
use crate::socket::hello;
use crate::socket::problem::Problem;
use crate::wire::frames::{Limits, PROTOCOL, ProblemCode, ServerFrame, VisitorConversation};

/// Whoever comes back with request after request counts as present in between: a hidden window asks every 25 seconds.
const BACK_WITHIN: Duration = Duration::from_secs(35);

/// Everything up to the welcome.
pub(super) async fn greet(mut connection: Connection, shared: Shared, from: Whereabouts) -> Option<Box<Chat>> {
    let hello = tokio::select! {
        biased;
        hello = tokio::time::timeout(hello::WITHIN, hello::of_visitor(&mut connection)) => hello,
        () = shared.ending.cancelled() => {
            let _ = connection.refuse(Problem::restarting()).await;
            return None;
        }
    };
    let hello = match hello {
        Ok(Ok(hello)) => hello,
        Ok(Err(problem)) => {
            let _ = connection.refuse(problem).await;
            return None;
        }
        Err(_) => return None,
    };
    let visit = shared.app.visit(hello.widget, hello.token.as_deref(), hello.language, from).await;
    let (visitor, standing) = match visit {
        Ok(visit) => visit,
        Err(error) => {
            let problem = match error {
                app::Error::Unauthorised => {
                    Problem::fatal(ProblemCode::TokenInvalid, "this token was not issued here: say hello without one")
                }
                app::Error::NotFound => Problem::fatal(ProblemCode::NotFound, "there is no such widget"),
                other => Problem { fatal: true, ..other.into() },
            };
            let _ = connection.refuse(problem).await;
            return None;
        }
    };
    // Whoever holds entries of a conversation that is not there comes back to a deleted one.
    if standing.is_none() && visitor.is_known && hello.after > 0 {
        let _ = connection.refuse(Problem::conversation_gone()).await;
        return None;
    }
    let mailbox = Arc::default();
    let mut chat = Box::new(Chat {
        waiting: visitor.conversation.is_none().then(|| shared.app.bus().subscribe(visitor.topic(), &mailbox)),
        _team: shared.app.bus().subscribe(Topic::Team(visitor.widget.organisation), &mailbox),
        app: shared.app,
        connection,
        visitor,
        sender: hello.sender,
        mailbox,
        listening: None,
        delivered: hello.after,
        held: hello.after,
        first_counter: i64::MAX,
        acknowledged: 0,
    });
    chat.welcome(standing).await.ok()?;
    Some(chat)
}

impl Chat {
    async fn welcome(&mut self, standing: Option<Standing>) -> Result<(), Gone> {
        // Whoever holds more than there is would otherwise never hear anything again.
        let last_visible = standing.as_ref().map_or(0, |standing| standing.last_visible);
        self.held = self.held.min(last_visible);
        self.delivered = self.delivered.min(last_visible);
        let conversation = match &standing {
            Some(standing) => Some(self.standing(standing).await),
            None => None,
        };
        let organisation = self.visitor.widget.organisation;
        self.connection
            .feed(&ServerFrame::Welcome {
                protocol: PROTOCOL,
                at: self.app.now().0,
                limits: Limits::OURS,
                presence: self.app.is_team_online(organisation),
                position: 0,
                token: self.visitor.new_token.take(),
                conversation,
            })
            .await?;
        if let (Some(reference), Some(standing)) = (self.visitor.conversation.clone(), standing) {
            self.listen(&reference);
            // The visitor's numbers are never ahead of ours, so starting at theirs misses nothing.
            self.deliver(&reference, i64::MAX, false).await?;
            self.connection
                .feed(&ServerFrame::Current {
                    conversation: reference.name().into(),
                    last_sequence: self.held.max(standing.last_visible),
                })
                .await?;
        } else if self.visitor.is_known {
            // Another window may have begun between the look and the listening.
            self.join_begun().await?;
        }
        self.connection.flush().await
    }

    async fn standing(&mut self, standing: &Standing) -> VisitorConversation {
        let organisation = self.visitor.widget.organisation;
        let assignee = match standing.assignee {
            Some(id) => self.app.person(organisation, id).await.ok().map(|person| person.display.reveal().to_owned()),
            None => None,
        };
        VisitorConversation {
            state: standing.state.into(),
            last_sequence: standing.last_visible,
            team_seen: standing.team_seen,
            assignee,
        }
    }

    pub(super) fn listen(&mut self, reference: &Reference) {
        if self.listening.is_none() {
            self.waiting = None;
            let mut present = self.app.visitor_comes(reference.id);
            if self.connection.comes_again() {
                present.stay_for(BACK_WITHIN);
            }
            self.listening = Some(Listening {
                _conversation: self.app.bus().subscribe(Topic::Conversation(reference.id), &self.mailbox),
                _present: present,
            });
        }
    }

    /// Another window of this visitor may have begun the conversation.
    pub(super) async fn join_begun(&mut self) -> Result<(), Gone> {
        if self.visitor.conversation.is_some() {
            return Ok(());
        }
        match self.app.begun_by(&self.visitor).await {
            Ok(Some(reference)) => {
                self.visitor.conversation = Some(Arc::clone(&reference));
                self.listen(&reference);
                self.deliver(&reference, i64::MAX, false).await?;
                let (conversation, last_sequence) = (reference.name().into(), self.held);
                self.connection.feed(&ServerFrame::Current { conversation, last_sequence }).await
            }
            Ok(None) => Ok(()),
            Err(error) => self.connection.refuse(Problem { fatal: true, ..error.into() }).await,
        }
    }
}
