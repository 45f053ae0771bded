//! Deletions while people write: how long from the wish to the destroyed key, and how long a sweep takes that deletes a great
//! many conversations at once.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use domain::audit::{Actor, Origin};
use domain::clock::SystemClock;
use domain::conversation::Author;
use domain::erasure::State;
use domain::{
    Access, Capability, Clock as _, ErasureId, Groups, KeyId, Language, Level, OperatorId, OrganisationId, Principal,
    PublicId, Role, SenderId, Timestamp,
};
use futures_util::future::try_join_all;
use privacy::message::Identity;
use privacy::{Message, random};
use serde_json::Value;
use store::append::{Append, Beginning, Outcome, Target};
use store::audit::By;
use store::{Settings, Store};

use crate::chat::{Chat, Span, TEXT, VISITORS, message};
use crate::filled::RATE;
use crate::house::{Door, Engine, House};
use crate::net::{self, Place};
use crate::paced::{Delivery, open_loop};
use crate::proof::prove;

/// A sweep that takes longer does not end.
const PATIENCE: Duration = Duration::from_secs(3 * 3600);
/// Conversations that are planted in one transaction.
const PORTION: usize = 1_000;
/// Who writes them: nobody else has such a number.
const PLANTED: usize = VISITORS + 1_000;
const LOOK: Duration = Duration::from_millis(5);
const LOOK_FOR_HELD: Duration = Duration::from_millis(200);

/// Deletions of one conversation each.
pub(crate) struct Erased {
    /// From the wish to the destroyed key.
    pub(crate) took: Vec<Duration>,
    /// Delivery before.
    pub(crate) quiet: Delivery,
    /// Delivery meanwhile.
    pub(crate) beside: Delivery,
}

/// Has conversations deleted at once, one after the other, beside people who write.
pub(crate) async fn erase(program: &Path, engine: &Engine<'_>, span: Span) -> Result<Erased> {
    let house = House::found(program, engine)?;
    let nodes = vec![house.open()?.0];
    let mut chat = Chat::begin(&house, &nodes, VISITORS)?;
    let quiet = open_loop(&mut chat, &house, RATE, span).await?;
    let (door, operators, ends) = (house.visitors(), house.operators(), Arc::new(AtomicBool::new(false)));
    let until = Arc::clone(&ends);
    let erasing = std::thread::spawn(move || {
        let mut took = Vec::new();
        while !until.load(Ordering::Relaxed) {
            took.push(one(&door, &operators, PLANTED + took.len())?);
        }
        anyhow::Ok(took)
    });
    let beside = open_loop(&mut chat, &house, RATE, span).await;
    ends.store(true, Ordering::Relaxed);
    let took = erasing.join().map_err(|_| anyhow::anyhow!("whoever deletes panicked"))??;
    let written = chat.end();
    prove(&house, nodes, &written)?;
    ensure!(!took.is_empty(), "nothing was deleted");
    Ok(Erased { took, quiet, beside: beside? })
}

/// A visitor writes and deletes it, which is meant at once; how long until its key is destroyed.
fn one(door: &Door, operators: &Place, number: usize) -> Result<Duration> {
    let mut visitor = door.visitor(number)?;
    visitor.say(&message(1, TEXT))?;
    visitor.expect("accepted")?;
    let begun = Instant::now();
    visitor.say(r#"{"type":"erase"}"#)?;
    let erased: Value = serde_json::from_str(&visitor.expect("erased")?)?;
    let receipt: Value = serde_json::from_str(erased["receipt"].as_str().context("a receipt")?)?;
    let id = receipt["statement"]["number"].as_str().context("a deletion has a number")?.to_owned();
    while ask(operators, &format!("GET /api/erasures/{id}"), "")?["shredded_at"].is_null() {
        ensure!(begun.elapsed() < PATIENCE, "it is not destroyed");
        std::thread::sleep(LOOK);
    }
    Ok(begun.elapsed())
}

fn ask(operators: &Place, line: &str, body: &str) -> Result<Value> {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
    let head = format!("{}{kind}", operators.head);
    let answer = net::request(operators.to, line, &operators.host, &head, body)?;
    ensure!(answer.status < 300, "{line}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
    Ok(serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
}

/// A sweep.
pub(crate) struct Swept {
    /// From when it was let go on until the last row was deleted.
    pub(crate) took: Duration,
    /// Delivery before it.
    pub(crate) quiet: Delivery,
    /// The worst delivery of all spans in which it was under way.
    pub(crate) beside: Delivery,
}

/// Plants conversations that are over, and has the sweep delete them beside people who write.
pub(crate) async fn sweep(program: &Path, engine: &Engine<'_>, conversations: usize, span: Span) -> Result<Swept> {
    let house = House::found(program, engine)?;
    plant(&house, conversations).await?;
    house.settle()?;
    let nodes = vec![house.open()?.0];
    let mut chat = Chat::begin(&house, &nodes, VISITORS)?;
    let quiet = open_loop(&mut chat, &house, RATE, span).await?;
    let store = Store::open(&house.data_location(), Settings::default()).await?;
    let organisation = store.organisations().await?.first().context("an organisation")?.id;
    // So much at once is held up; somebody looks at it, and lets it go on.
    let now = SystemClock.now();
    store.begin_retention(organisation, 1, now).await?;
    store.reschedule_job(organisation, store::job::Kind::Retain, organisation.0, now, now).await?;
    let ends = Arc::new(AtomicBool::new(false));
    let letting_go = tokio::spawn(let_go(store.clone(), organisation, Arc::clone(&ends)));
    let (begun, mut beside) = (Instant::now(), None::<Delivery>);
    loop {
        let delivery = open_loop(&mut chat, &house, RATE, span).await?;
        if beside.as_ref().is_none_or(|worst| delivery.slow > worst.slow) {
            beside = Some(delivery);
        }
        if is_through(&store, organisation).await? || letting_go.is_finished() {
            break;
        }
        ensure!(begun.elapsed() < PATIENCE, "the sweep does not end");
    }
    ends.store(true, Ordering::Relaxed);
    let let_go = letting_go.await??;
    let took = let_go.elapsed();
    store.close().await;
    let written = chat.end();
    prove(&house, nodes, &written)?;
    Ok(Swept { took, quiet, beside: beside.context("nobody wrote")? })
}

/// Lets whatever is held up go on, the oldest first, which takes those beside it with it; says when the first was. No program
/// may, so it is done where people's wishes arrive in the end.
async fn let_go(store: Store, organisation: OrganisationId, until: Arc<AtomicBool>) -> Result<Instant> {
    let somebody = store.operators(organisation).await?.first().context("an operator")?.id;
    let mut first = None;
    while !until.load(Ordering::Relaxed) {
        let held = store.erasures(organisation, ErasureId(i64::MAX), Some(State::Braked), None, 500).await?;
        if let Some(oldest) = held.last() {
            let now = SystemClock.now();
            let store = store.audited(nobody(now));
            match store.release_erasure(organisation, oldest.name, (somebody, true), now).await {
                // It went on with the one before.
                Ok(()) | Err(store::Error::Conflict(_)) => first = first.or_else(|| Some(Instant::now())),
                Err(error) => return Err(error.into()),
            }
        }
        tokio::time::sleep(LOOK_FOR_HELD).await;
    }
    first.context("nothing was held up")
}

/// Whether nothing is over, and every row of what was is deleted.
async fn is_through(store: &Store, organisation: OrganisationId) -> Result<bool> {
    for state in [State::Braked, State::Waiting, State::Working] {
        if !store.erasures(organisation, ErasureId(i64::MAX), Some(state), None, 1).await?.is_empty() {
            return Ok(false);
        }
    }
    Ok(!store.erasures(organisation, ErasureId(i64::MAX), None, None, 1).await?.is_empty()
        && store.ended_classes(organisation).await?.is_empty())
}

/// Puts conversations of one message each there, as if they had ended two days ago. Nobody can open them: their keys are
/// nowhere, which destroying them does not mind.
pub(crate) async fn plant(house: &House<'_>, conversations: usize) -> Result<()> {
    let store = Store::open(&house.data_location(), Settings::default()).await?;
    let organisation = store.organisations().await?.first().context("an organisation")?.clone();
    let widget = store.widgets(organisation.id).await?.first().context("a chat surface")?.id;
    let operator = store.operators(organisation.id).await?.first().context("an operator")?.id;
    let access = everything(organisation.id, operator)?;
    let now = SystemClock.now();
    let at = now.minus(Duration::from_secs(2 * 24 * 3600));
    for first in (0..conversations).step_by(PORTION) {
        let portion = first..conversations.min(first + PORTION);
        let begun =
            try_join_all(portion.map(|_| store.append(message_of(organisation.name, organisation.id, widget, at))))
                .await?;
        let ended = begun.into_iter().filter_map(|outcome| match outcome {
            Outcome::Stored(stored) => Some(stored.change.conversation),
            _ => None,
        });
        try_join_all(ended.map(|id| {
            let by = (operator, access);
            store.audited(nobody(at)).set_ended(organisation.id, id, by, true, at, at)
        }))
        .await?;
    }
    store.close().await;
    Ok(())
}

fn everything(organisation: OrganisationId, operator: OperatorId) -> Result<Access> {
    let owner = Principal::new(organisation, operator, Role::Owner, Groups::default());
    owner.require(Capability::Conversations, Level::Read).map_err(|_| anyhow::anyhow!("an owner reaches everything"))
}

#[expect(clippy::disallowed_methods, reason = "what is planted was done by nobody whom an application knows")]
const fn nobody(at: Timestamp) -> By {
    By::new(Actor::CommandLine, Origin::CommandLine, at)
}

fn message_of(name: PublicId, organisation: OrganisationId, widget: domain::WidgetId, at: Timestamp) -> Append {
    let identity = Identity {
        organisation: name,
        conversation: random::public_id(),
        author: Author::Visitor,
        sender: SenderId(1),
        counter: 1,
        note: false,
        revision: 0,
    };
    Append {
        organisation,
        target: Target::New(Beginning { widget, token_hash: random::bytes(), language: Language::En }),
        message: Message::from_store(identity, TEXT.as_bytes().to_vec()),
        key: KeyId(random::number()),
        access: None,
        named: Vec::new(),
        at,
        idle_at: at,
        ask_at: None,
    }
}
