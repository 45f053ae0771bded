//! `diskret doctor`: says what is misconfigured, and how to mend it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::secrets::Secrets;
use domain::clock::{Clock as _, SystemClock};
use domain::retention::{For, Kept};
use store::{KeyStore, Location, Settings, Store};

use super::say;
use crate::config::Config;

/// One finding.
enum Finding {
    Good(String),
    Warning(String),
    Bad(String),
}

/// 2026-01-01: a clock before the program was written is wrong.
const LONG_AGO: i64 = 1_767_225_600_000_000;

pub(super) fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut findings = vec![clock(), folder(config), origins(config)];
    findings.extend(snapshots(config));
    findings.extend(runtime.block_on(stores(config)));
    findings.extend(runtime.block_on(bus(config)));
    let mut code = ExitCode::SUCCESS;
    for finding in findings {
        match finding {
            Finding::Good(text) => say(&format!("good     {text}")),
            Finding::Warning(text) => say(&format!("warning  {text}")),
            Finding::Bad(text) => {
                say(&format!("bad      {text}"));
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

fn clock() -> Finding {
    if SystemClock.now().0 < LONG_AGO {
        return Finding::Bad(
            "the clock is years behind: deletions would come late; set it and keep it set (NTP)".into(),
        );
    }
    Finding::Good("the clock is plausible".into())
}

fn folder(config: &Config) -> Finding {
    let path = config.data.display();
    match std::fs::metadata(&config.data) {
        Err(error) => Finding::Bad(format!("`data`: {path} cannot be read ({error}); `diskret serve` makes it")),
        Ok(data) if data.permissions().mode() & 0o077 != 0 => {
            Finding::Bad(format!("`data`: others can look into {path}; run `chmod 700 {path}`"))
        }
        Ok(_) => Finding::Good(format!("`data`: {path} is closed to others")),
    }
}

/// File systems that keep what was overwritten, if somebody takes snapshots.
const KEEPS_SNAPSHOTS: [&str; 4] = ["btrfs", "zfs", "bcachefs", "nilfs2"];

fn snapshots(config: &Config) -> Vec<Finding> {
    let folders = config.places.iter().filter_map(|place| Some((place.name, place.folder()?)));
    let told = |(key, folder): (&str, &Path)| kept_by(key, folder, &places::file_system(folder));
    std::iter::once(("data", config.data.as_path())).chain(folders).filter_map(told).collect()
}

fn kept_by(key: &str, folder: &Path, kind: &str) -> Option<Finding> {
    KEEPS_SNAPSHOTS.contains(&kind).then(|| {
        Finding::Warning(format!(
            "`{key}`: {} lies on {kind}: a snapshot of it keeps every key that is destroyed later; take none of it, or \
             delete them within a day",
            folder.display()
        ))
    })
}

fn origins(config: &Config) -> Finding {
    let plain = [&config.app_origin, &config.widget_origin]
        .into_iter()
        .find(|origin| origin.starts_with("http://") && !origin.contains("localhost"));
    match plain {
        Some(origin) => Finding::Bad(format!(
            "{origin} has no TLS: browsers refuse the session's cookie there; put a proxy in front and use https"
        )),
        None => Finding::Good("`app_origin` and `widget_origin` can carry a session".into()),
    }
}

async fn stores(config: &Config) -> Vec<Finding> {
    let bad = |key: &str, error: &dyn std::fmt::Display| Finding::Bad(format!("`{key}`: {error}"));
    if !config.data.is_dir() {
        return Vec::new();
    }
    let (data, keys) = config.locations();
    if [&data, &keys].iter().any(|location| matches!(location, Location::File(path) if !path.exists())) {
        return vec![Finding::Warning(
            "there is no installation yet: `diskret serve` or `diskret setup` makes it".into(),
        )];
    }
    let data = match Store::open(&data, Settings::default()).await {
        Ok(data) => data,
        Err(error) => return vec![bad("database", &error)],
    };
    let keys = match KeyStore::open(&keys, Settings::default()).await {
        Ok(keys) => keys,
        Err(error) => return vec![bad("key_database", &error)],
    };
    let mut findings = vec![Finding::Good("both databases answer".into())];
    findings.extend(common_time(&data).await);
    findings.extend(logged("database", "what is said, sealed,", data.logged().await));
    findings.extend(logged("key_database", "keys, wrapped,", keys.logged().await));
    findings.extend(unruled(&data).await);
    match Secrets::load(&config.secrets(), false) {
        Err(error) => findings.push(bad("data", &error)),
        Ok(secrets) => {
            findings.push(Finding::Good("the installation's secrets are there and closed to others".into()));
            let app = App::new(data.clone(), keys.clone(), Arc::new(SystemClock), secrets, config.app);
            if let Err(error) = app.check_secrets().await {
                findings.push(bad("data", &error));
            }
            findings.push(recovery(config, &data, &app).await);
            findings.push(epoch(&app).await);
            findings.extend(backups(config, &app).await);
            findings.extend(deletions(&app).await);
        }
    }
    data.close().await;
    keys.close().await;
    findings
}

/// How far this machine may be off the database's time before it is worth a word.
const OFF_BY: i64 = 5_000_000;

/// Nodes go by the database's time; a machine that is far off has wrong times in its log.
async fn common_time(data: &Store) -> Option<Finding> {
    let off_by = SystemClock.now().0.saturating_sub(data.time().await.ok()??.0);
    (off_by.abs() > OFF_BY).then(|| {
        Finding::Warning(format!(
            "this machine's clock is {} s off the database's, by which all nodes go; set both and keep them set (NTP)",
            off_by / 1_000_000
        ))
    })
}

/// What PostgreSQL writes to its log stays there when it is deleted.
fn logged(key: &str, what: &str, settings: store::Result<Vec<String>>) -> Option<Finding> {
    match settings {
        Ok(settings) if settings.is_empty() => None,
        Ok(settings) => Some(Finding::Warning(format!(
            "`{key}`: PostgreSQL writes {what} to its log ({}), where nothing of it is ever deleted; set \
             log_parameter_max_length to 0",
            settings.join(", ")
        ))),
        Err(error) => Some(Finding::Bad(format!("`{key}`: {error}"))),
    }
}

/// Organisations that keep what is said until somebody deletes it.
async fn unruled(data: &Store) -> Vec<Finding> {
    let mut findings = Vec::new();
    let organisations = match data.organisations().await {
        Ok(organisations) => organisations,
        Err(error) => return vec![Finding::Bad(format!("`database`: {error}"))],
    };
    for organisation in organisations {
        let rules = match data.retention_rules(organisation.id).await {
            Ok(rules) => rules,
            Err(error) => return vec![Finding::Bad(format!("`database`: {error}"))],
        };
        if !rules.iter().any(|set| set.rule.kept == Kept::Content && set.rule.of == For::All) {
            findings.push(Finding::Warning(format!(
                "the organisation {} has no rule for how long conversations are kept: they stay until somebody deletes \
                 them; set one in its privacy centre",
                organisation.name
            )));
        }
    }
    findings
}

/// The bus is given a moment to answer.
const BUS_WITHIN: Duration = Duration::from_secs(3);

async fn bus(config: &Config) -> Option<Finding> {
    let (servers, subject) = config.bus.as_ref()?;
    let bus = Arc::new(bus::Bus::default());
    if let Err(error) = bus::nats::join(&bus, servers, subject) {
        return Some(Finding::Bad(format!("`bus`: {error}")));
    }
    let answered = tokio::time::timeout(BUS_WITHIN, async {
        while !bus.is_up() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    Some(match answered.await {
        Ok(()) => Finding::Good("the bus answers".into()),
        Err(_) => Finding::Warning(
            "`bus`: no server answers; chat goes on, but news from other nodes come a second late, and nobody sees who \
             types at another node"
                .into(),
        ),
    })
}

/// Whether old epoch keys go: until they do, no deletion is final.
async fn epoch(app: &App) -> Finding {
    match app.status_of_epochs().await {
        Ok(status) if status.is_late => {
            let left = status.left.iter().map(|copy| format!("{} (epoch {})", copy.holder, copy.epoch));
            let left = left.collect::<Vec<_>>().join(", ");
            let left = if left.is_empty() { String::new() } else { format!("; still held by {left}") };
            Finding::Bad(format!(
                "the epoch key is not replaced or not destroyed in time, so no deletion is final{left}"
            ))
        }
        Ok(_) => Finding::Good("epoch keys are replaced and destroyed in time".into()),
        Err(error) => Finding::Bad(format!("the epochs cannot be read: {error}")),
    }
}

/// Places, what lies there, and where in the world they are.
async fn backups(config: &Config, app: &Arc<App>) -> Vec<Finding> {
    match super::open::places(config) {
        Ok(places) => app.use_places(places),
        Err(error) => return vec![Finding::Bad(format!("{error:#}"))],
    }
    let mut findings = match app.places() {
        [] => {
            let told = "there are no backups: set `place_a` and `place_b`; a disk that breaks takes everything with it";
            return vec![Finding::Warning(told.into())];
        }
        [one] => vec![Finding::Warning(format!(
            "`{}` is the only place of backups: a second one elsewhere makes two disasters out of one",
            one.name
        ))],
        _ => Vec::new(),
    };
    for placed in app.places() {
        findings.push(match placed.check().await {
            Ok(()) => Finding::Good(format!(
                "`{}` in {} answers, and forgets what is deleted there",
                placed.name, placed.within
            )),
            Err(failed) => Finding::Bad(format!("`{}`: {}", failed.place, failed.error)),
        });
        // Where it cannot be asked, that was just said.
        if app.has_unknown_deletions(placed).await == Ok(true) {
            findings.push(Finding::Bad(format!(
                "`{0}` has deletions that this database does not know, and no receipt is signed: `diskret backup take-in \
                 --place {0}` says what they are",
                placed.name
            )));
        }
    }
    if config.here.is_none() {
        findings.push(Finding::Warning("nobody said where this machine is: set `here`, so that it can be told".into()));
    }
    config.here.iter().for_each(|here| app.use_here(here.clone()));
    match app.abroad().await {
        Ok(Some(abroad)) => findings.push(Finding::Bad(abroad.to_string())),
        Ok(None) => findings.push(Finding::Good("everything lies in countries that every organisation allows".into())),
        Err(error) => findings.push(Finding::Bad(error.to_string())),
    }
    match app.places_sealed_otherwise().await {
        Ok(others) if others.is_empty() => {}
        Ok(others) => findings.push(Finding::Bad(format!(
            "{} may still open with a recovery key from before: it is sealed anew every hour, once it can be written to",
            others.join(", ")
        ))),
        Err(error) => findings.push(Finding::Bad(error.to_string())),
    }
    match app.overview_of_backups().await {
        Ok(found) => findings.extend(found.places.into_iter().filter_map(|state| {
            let broken = state.broken?;
            Some(Finding::Bad(format!("`{}`: {broken}: `diskret backup now` makes another backup", state.place)))
        })),
        Err(error) => findings.push(Finding::Bad(error.to_string())),
    }
    match app.late_backups().await {
        Ok(late) if late.is_empty() => findings.push(Finding::Good("no backup is late".into())),
        Ok(_) => findings.push(Finding::Bad(
            "backups are more than 26 hours old: `diskret backup now` says why they are not made".into(),
        )),
        Err(error) => findings.push(Finding::Bad(error.to_string())),
    }
    findings
}

/// What people wish gone and is not.
async fn deletions(app: &App) -> Vec<Finding> {
    let lying = match app.lying_everywhere().await {
        Ok(lying) => lying,
        Err(error) => return vec![Finding::Bad(error.to_string())],
    };
    let mut findings = Vec::new();
    if lying.unshredded.is_zero() {
        findings.push(Finding::Good("no deletion is past its time".into()));
    } else {
        findings.push(Finding::Bad(format!(
            "a deletion should have been carried out {} minutes ago: does `diskret serve` run? its log says what fails",
            lying.unshredded.as_secs() / 60
        )));
    }
    if lying.braked > 0 {
        findings.push(Finding::Warning(format!(
            "{} deletions are held up because they are implausibly large: somebody has to look at them in the dashboard",
            lying.braked
        )));
    }
    findings
}

async fn recovery(config: &Config, data: &Store, app: &App) -> Finding {
    match (app.needs_set_up().await, data.installation().await) {
        (Ok(true), _) => Finding::Warning("nobody has set this installation up yet".into()),
        (_, Ok(Some(found))) if found.recovery_tag.is_some() && app.recovery_public().await.is_err() => Finding::Bad(
            "the recovery key in the database is none that this installation made: somebody wrote it there; nothing is sealed \
             to it; `diskret admin new-recovery-key` makes another one"
                .into(),
        ),
        (_, Ok(Some(found))) if found.recovery_tag.is_none() && !config.places.is_empty() => Finding::Bad(
            "what lies at the places is sealed to no recovery key until somebody shows that they hold it, and no deletion is \
             final before: run `diskret admin confirm-recovery-key`, also where that was done with an older version"
                .into(),
        ),
        (_, Ok(Some(found))) if found.recovery_confirmed_at.is_some() => {
            Finding::Good("somebody showed that they hold the recovery key".into())
        }
        (_, Ok(_)) => Finding::Warning(
            "nobody has shown that they hold the recovery key: a lost machine is restored only with it; run `diskret admin \
             confirm-recovery-key`"
                .into(),
        ),
        (_, Err(error)) => Finding::Bad(format!("the installation cannot be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_whose_file_system_keeps_snapshots_is_told_of_and_another_is_not() {
        let told = |kind| kept_by("place_a", Path::new("/mnt/a"), kind);
        for kind in ["btrfs", "zfs"] {
            assert!(matches!(told(kind), Some(Finding::Warning(text)) if text.contains("/mnt/a lies on")), "{kind}");
        }
        assert!(["ext4", "xfs", "tmpfs", "unknown", ""].into_iter().all(|kind| told(kind).is_none()));
    }
}
