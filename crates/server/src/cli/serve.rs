//! `diskret serve`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use app::nodes::{PRESENCE_EVERY, SWEEP_EVERY, TIME_EVERY};
use app::{App, Lane};
use futures_util::future::BoxFuture;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{open, say};
use crate::config::Config;
use crate::door::Door;
use crate::http::{Shared, router};
use crate::listen;

/// The bus is waited for so long before anybody is served.
const BUS_WITHIN: Duration = Duration::from_secs(2);
const WORK_EVERY: Duration = Duration::from_secs(1);
const WIPE_EVERY: Duration = Duration::from_secs(10);
const TIDY_EVERY: Duration = Duration::from_secs(600);
/// How often it is asked whether somebody restores the databases that are served.
const LOOKED_EVERY: Duration = Duration::from_secs(5);
/// What is under way when the program ends has so long to come to its end; all of it is gone on with at the next start.
const ENDS_WITHIN: Duration = Duration::from_secs(1);

pub(super) fn run(config: Config) -> anyhow::Result<()> {
    log(&config);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(config.workers)
        // Only passwords are hashed there, four at a time.
        .max_blocking_threads(8)
        .thread_keep_alive(Duration::from_secs(2))
        .enable_all()
        .build()?;
    let served = runtime.block_on(serve(config));
    // A disk that hangs holds its thread for ever.
    runtime.shutdown_timeout(ENDS_WITHIN);
    served
}

fn log(config: &Config) {
    let log = tracing_subscriber::fmt()
        .with_max_level(config.log.parse::<tracing::Level>().unwrap_or(tracing::Level::INFO))
        .with_writer(std::io::stderr)
        .with_target(false);
    if config.log_json { log.json().init() } else { log.with_ansi(false).init() }
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let listener =
        listen::on(config.listen).with_context(|| format!("`listen`: {} cannot be listened on", config.listen))?;
    let (app, _only) = open::node(&config).await?;
    greet(&config, &app).await?;
    let door = Door::new(&config.door);
    let (ending, sockets, work) = (CancellationToken::new(), TaskTracker::new(), TaskTracker::new());
    if let Some((servers, subject)) = &config.bus {
        bus::nats::join(app.bus(), servers, subject)?;
        // Whoever comes first should be heard at other nodes and hear them; without the bus they are served all the same.
        let heard = async {
            while !app.bus().is_up() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let _ = tokio::time::timeout(BUS_WITHIN, heard).await;
    }
    // From here on nothing is missed, also while the bus is away.
    app.sweep().await?;
    // Not awaited at the end: it waits for others for ever.
    let hearing = tokio::spawn(Arc::clone(&app).hear_others());
    let shared = Shared {
        app: Arc::clone(&app),
        config: Arc::new(config),
        door: Arc::clone(&door),
        readiness: Arc::default(),
        ending: ending.clone(),
        sockets: sockets.clone(),
    };
    let regularly = |span, task: Task| work.spawn(every(span, shared.clone(), task));
    regularly(WORK_EVERY, |shared| Box::pin(work_on(shared, Lane::Quick)));
    regularly(WORK_EVERY, |shared| Box::pin(work_on(shared, Lane::Erasing)));
    regularly(WORK_EVERY, |shared| Box::pin(work_on(shared, Lane::House)));
    regularly(WORK_EVERY, |shared| Box::pin(work_on(shared, Lane::Keys)));
    regularly(WORK_EVERY, |shared| Box::pin(carry(shared)));
    regularly(SWEEP_EVERY, |shared| Box::pin(async move { shared.app.sweep().await.map(drop) }));
    regularly(TIME_EVERY, |shared| Box::pin(async move { shared.app.keep_time().await }));
    regularly(PRESENCE_EVERY, |shared| {
        shared.app.keep_in_touch();
        Box::pin(async { Ok(()) })
    });
    regularly(PRESENCE_EVERY, |shared| Box::pin(async move { shared.app.keep_epochs().await }));
    regularly(WIPE_EVERY, |shared| {
        shared.app.wipe_expired();
        shared.door.wipe_expired();
        Box::pin(async { Ok(()) })
    });
    regularly(TIDY_EVERY, |shared| Box::pin(async move { shared.app.tidy().await }));
    regularly(TIDY_EVERY, |shared| Box::pin(async move { shared.app.finish_spooled().await }));
    work.close();
    let serving = tokio::spawn(listen::serve(listener, router(shared), door, ending.clone(), sockets));
    let ended = tokio::select! {
        asked = end_asked() => asked,
        () = half_restored(&app) => Err(anyhow::anyhow!("these databases are being restored: nobody is served from them")),
    };
    tracing::info!("ending: clients are told to come back");
    ending.cancel();
    serving.await?;
    work.wait().await;
    hearing.abort();
    app.close().await;
    ended
}

/// Waits until somebody restores these databases. An error says nothing: they are served from again when they answer.
async fn half_restored(app: &App) {
    while !app.is_half_restored().await.unwrap_or(false) {
        tokio::time::sleep(LOOKED_EVERY).await;
    }
}

/// Something that is done again and again.
type Task = fn(Shared) -> BoxFuture<'static, app::Result<()>>;

/// Does all that is due in a lane: where something was, more may be.
async fn work_on(shared: Shared, lane: Lane) -> app::Result<()> {
    while !shared.ending.is_cancelled() && shared.app.work_on(lane).await? > 0 {}
    Ok(())
}

/// The same for the journal. What was begun at a place that hangs is not waited for at the end: it is begun anew.
async fn carry(shared: Shared) -> app::Result<()> {
    let ending = shared.ending.clone();
    tokio::select! {
        done = work_on(shared, Lane::Journal) => done,
        () = ending.cancelled() => Ok(()),
    }
}

/// Does it until the end; a failure is logged and tried again.
async fn every(span: Duration, shared: Shared, task: Task) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(span) => {}
            () = shared.ending.cancelled() => return,
        }
        let ending = async {
            shared.ending.cancelled().await;
            tokio::time::sleep(ENDS_WITHIN).await;
        };
        let done = tokio::select! {
            done = task(shared.clone()) => done,
            () = ending => return,
        };
        if let Err(error) = done {
            tracing::warn!(%error, "background work could not be done; it will be tried again");
        }
    }
}

async fn end_asked() -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Says where everything is. The first sign-in's code stands in the address's fragment, which no server on the way sees; it
/// works once and only until somebody has set the installation up.
async fn greet(config: &Config, app: &App) -> anyhow::Result<()> {
    say(&format!("diskret {} listens on {}", env!("CARGO_PKG_VERSION"), config.listen));
    match app.setup_code() {
        Some(code) => {
            say(&format!("first sign-in  {}/setup#code={code}", config.app_origin));
            say(&format!("set-up code    {code}"));
        }
        None => say(&format!("dashboard      {}", config.app_origin)),
    }
    if let Some(shop) = &config.shop_origin {
        say(&format!("demo shop      {shop}"));
    }
    Ok(())
}
