//! An operator's socket: what comes and what goes. `messages` takes what the operator writes, `post` what others did; `lists`
//! tells rows and counts, `follow` the entries of conversations.

mod follow;
mod lists;
mod messages;
mod post;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::team::Present;
use bus::{Mailbox, Subscription, Topic};
use domain::conversation::Change;
use domain::limits::IN_FLIGHT;
use domain::{Capability, ConversationId, Level, Principal, Reach, SenderId};
use http::HeaderMap;
use privacy::Plaintext;
use tokio::time::Instant;

use self::follow::Followed;
use super::connection::{Came, Connection, Gone};
use super::hello;
use super::in_flight::InFlight;
use super::problem::Problem;
use super::visitor::SILENT_FOR;
use crate::http::{Shared, peek};
use crate::wire::conversations::{Counts, ListName};
use crate::wire::frames::{ClientFrame, Limits, PROTOCOL, ProblemCode, ServerFrame};

/// Rows that changed are told together, so that a busy list costs a few frames a second and not one per message.
const ROWS_EVERY: Duration = Duration::from_millis(100);
/// How soon a session that ended, or a role that changed, acts on an open socket (SA5).
const ASKED_EVERY: Duration = Duration::from_secs(2);

/// Whoever comes back with request after request counts as present in between.
const BACK_WITHIN: Duration = Duration::from_secs(10);
/// How long an operator who went away or came back is not read.
const AWAY_REST: Duration = Duration::from_millis(250);

/// What an operator's socket is about.
struct Desk {
    app: Arc<App>,
    shared: Shared,
    headers: HeaderMap,
    connection: Connection,
    principal: Principal,
    sender: SenderId,
    mailbox: Arc<Mailbox>,
    followed: HashMap<ConversationId, Followed>,
    watched: Option<Subscription>,
    _always: Vec<Subscription>,
    present: Option<Present>,
    rows: HashMap<ConversationId, Change>,
    /// The last change of each conversation that was taken up lately. News overtake each other on their ways – told by the
    /// commit here, by another node, by the sweep – and an older one must not undo a newer one.
    taken: HashMap<ConversationId, i64>,
    counts: Option<Counts>,
    counted_at: Option<Instant>,
}

/// Serves an operator until one side ends it.
pub(super) async fn serve(mut connection: Connection, shared: Shared, principal: Principal, headers: HeaderMap) {
    let hello = tokio::select! {
        biased;
        hello = tokio::time::timeout(hello::WITHIN, hello::of_operator(&mut connection)) => hello,
        () = shared.ending.cancelled() => {
            let _ = connection.refuse(Problem::restarting()).await;
            return;
        }
    };
    let hello = match hello {
        Ok(Ok(hello)) => hello,
        Ok(Err(problem)) => {
            let _ = connection.refuse(problem).await;
            return;
        }
        Err(_) => return,
    };
    let Ok(access) = principal.require(Capability::Conversations, Level::Read) else {
        let problem = Problem::fatal(ProblemCode::Forbidden, "your role reads no conversations");
        let _ = connection.refuse(problem).await;
        return;
    };
    let (mailbox, bus) = (Arc::default(), shared.app.bus());
    let mut always = vec![
        bus.subscribe(Topic::Operator(principal.operator), &mailbox),
        bus.subscribe(Topic::Unassigned(principal.organisation), &mailbox),
    ];
    always.shrink_to_fit();
    let mut present = shared.app.operator_comes(principal, hello.sender, hello.away);
    if let (Some(present), true) = (&mut present, connection.comes_again()) {
        present.stay_for(BACK_WITHIN);
    }
    let mut desk = Desk {
        app: Arc::clone(&shared.app),
        connection,
        principal,
        sender: hello.sender,
        mailbox,
        followed: HashMap::new(),
        watched: None,
        _always: always,
        present,
        rows: HashMap::new(),
        taken: HashMap::new(),
        counts: None,
        counted_at: None,
        headers,
        shared,
    };
    let mut in_flight = InFlight::default();
    if desk.welcome(hello.position, access.reach).await.is_ok() {
        let _ = desk.work(&mut in_flight).await;
    }
}

impl Desk {
    async fn welcome(&mut self, position: Option<i64>, reach: Reach) -> Result<(), Gone> {
        let last = match self.app.last_position(self.principal).await {
            Ok(last) => last,
            Err(error) => return self.connection.refuse(Problem { fatal: true, ..error.into() }).await,
        };
        self.connection
            .feed(&ServerFrame::Welcome {
                protocol: PROTOCOL,
                at: self.app.now().0,
                limits: Limits::OURS,
                presence: self.app.is_team_online(self.principal.organisation),
                position: last,
                token: None,
                conversation: None,
            })
            .await?;
        if let Some(position) = position.filter(|position| *position < last) {
            self.tell_missed(position, reach).await?;
        }
        if !self.connection.is_brief() {
            self.tell_counts().await?;
        }
        self.connection.flush().await
    }

    async fn work(&mut self, in_flight: &mut InFlight) -> Result<(), Gone> {
        let ending = self.shared.ending.clone();
        let mut silent = Box::pin(tokio::time::sleep(SILENT_FOR));
        let mut asked = Box::pin(tokio::time::sleep(ASKED_EVERY));
        let mut rows: Option<Pin<Box<tokio::time::Sleep>>> = None;
        loop {
            let mailbox = Arc::clone(&self.mailbox);
            tokio::select! {
                biased;
                // The end and the session's end first: no flood of frames may hold them up.
                () = ending.cancelled() => {
                    self.finish(in_flight).await?;
                    self.connection.refuse(Problem::restarting()).await?;
                }
                () = &mut asked => {
                    asked.as_mut().reset(Instant::now() + ASKED_EVERY);
                    self.ask_again().await?;
                }
                // Receipts before the rest: what was stored before something else is told before it.
                Some(answer) = in_flight.next(), if !in_flight.is_empty() => {
                    self.acknowledge(answer).await?;
                    while let Some(answer) = in_flight.next_now() {
                        self.acknowledge(answer).await?;
                    }
                    self.connection.flush().await?;
                }
                () = async { if let Some(rows) = rows.as_mut() { rows.await } }, if rows.is_some() => {
                    rows = self.tell_rows().await?.map(|wait| Box::pin(tokio::time::sleep(wait)));
                }
                () = mailbox.wait() => {
                    self.read_post(in_flight).await?;
                    if rows.is_none() && !self.rows.is_empty() {
                        rows = Some(Box::pin(tokio::time::sleep(ROWS_EVERY)));
                    }
                }
                came = self.connection.next(), if in_flight.len() < IN_FLIGHT => {
                    silent.as_mut().reset(Instant::now() + SILENT_FOR);
                    match came {
                        Came::Frame(frame) => self.take(frame, in_flight).await?,
                        Came::Problem(problem) => self.connection.refuse(problem).await?,
                        Came::Nothing => self.connection.flush().await?,
                        Came::Done => return self.finish(in_flight).await,
                        Came::End => return Ok(()),
                    }
                }
                () = &mut silent => return Ok(()),
            }
        }
    }

    /// Answers what is under way; nothing more will come.
    async fn finish(&mut self, in_flight: &mut InFlight) -> Result<(), Gone> {
        while let Some(answer) = in_flight.next().await {
            self.acknowledge(answer).await?;
        }
        self.connection.flush().await
    }

    /// Whether the session still stands, and with which role.
    async fn ask_again(&mut self) -> Result<(), Gone> {
        match peek(&self.headers, &self.shared).await {
            Ok(principal) if principal == self.principal => Ok(()),
            Ok(_) => {
                let problem = Problem::fatal(ProblemCode::Unauthorised, "your role has changed: reconnect");
                self.connection.refuse(problem).await
            }
            Err(app::Error::Unauthorised) => self.connection.refuse(app::Error::Unauthorised.into()).await,
            // A database that is away signs nobody out.
            Err(_) => Ok(()),
        }
    }

    async fn take(&mut self, frame: ClientFrame, in_flight: &mut InFlight) -> Result<(), Gone> {
        let (result, conversation) = match frame {
            ClientFrame::Message { counter, text, conversation: Some(id), note } => {
                let text = Plaintext::new(text);
                return self.message(counter, text, id, note.unwrap_or(false), in_flight).await;
            }
            ClientFrame::Follow { conversation, after } => (self.follow(conversation.0, after).await?, conversation),
            ClientFrame::Unfollow { conversation } => {
                self.followed.retain(|_, followed| followed.reference.name() != conversation.0);
                return Ok(());
            }
            ClientFrame::Watch { list } => {
                let all = self.principal.rights.of(Capability::Conversations).1 > Reach::Own;
                self.watched = (matches!(list, ListName::All) && all)
                    .then(|| self.app.bus().subscribe(Topic::All(self.principal.organisation), &self.mailbox));
                return Ok(());
            }
            ClientFrame::Typing { on, conversation: Some(id) } => {
                (self.app.operator_types(self.principal, id.0, on).await, id)
            }
            ClientFrame::Seen { sequence, conversation: Some(id) } => {
                (self.app.team_sees(self.principal, id.0, sequence).await, id)
            }
            ClientFrame::Away { on } => {
                self.step_away(on);
                // All visitors may be told of it: who flickers is read more slowly.
                self.connection.rest(AWAY_REST);
                return Ok(());
            }
            ClientFrame::Ping {} => return self.connection.send(&ServerFrame::Pong {}).await,
            ClientFrame::Hello { .. }
            | ClientFrame::Message { .. }
            | ClientFrame::Typing { .. }
            | ClientFrame::Seen { .. } => {
                return self.connection.refuse(Problem::malformed()).await;
            }
            ClientFrame::Erase {} => {
                let problem = Problem::new(ProblemCode::Forbidden, "delete conversations through /api/erasures");
                return self.connection.refuse(problem).await;
            }
        };
        match result {
            Ok(()) => Ok(()),
            Err(error) => self.connection.refuse(Problem::from(error).on(Some(conversation))).await,
        }
    }

    /// Counts as away, or as back, at once: also where the page's connections before are still counted.
    fn step_away(&mut self, is_away: bool) {
        let mut present = self.app.operator_comes(self.principal, self.sender, is_away);
        if let (Some(present), true) = (&mut present, self.connection.comes_again()) {
            present.stay_for(BACK_WITHIN);
        }
        self.present = present;
    }
}
