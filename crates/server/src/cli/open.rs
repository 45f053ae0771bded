//! Opens an installation.

use std::os::unix::fs::DirBuilderExt as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use app::App;
use app::backup::restore::is_half_restored;
use app::places::Places;
use app::secrets::Secrets;
use domain::clock::{CommonClock, SystemClock};
use store::{KeyStore, Settings, Store};

use crate::config::Config;

/// How long a node waits for the key of an epoch that began while it was away.
const HANDED_OVER_WITHIN: Duration = Duration::from_secs(60);

/// Opens an installation that is there. Makes none: whoever forgets `--data` must not administer an empty one.
pub(super) async fn existing(config: &Config) -> anyhow::Result<Arc<App>> {
    anyhow::ensure!(
        config.data.join("secrets").is_dir(),
        "`data`: there is no installation in {}; say where it is with --data or --config",
        config.data.display()
    );
    installation(config).await
}

/// Opens folder, secrets and databases, or makes them; brings the schemas up to date.
pub(crate) async fn installation(config: &Config) -> anyhow::Result<Arc<App>> {
    let (app, fresh) = open(config).await?;
    check(&app, fresh, config).await?;
    Ok(app)
}

/// The same for a node: one that was away while the epoch turned destroys what is over, and is handed what it lacks. The folder is
/// its alone before others hear of it: a second program on it would be taken for another node.
pub(super) async fn node(config: &Config) -> anyhow::Result<(Arc<App>, std::fs::File)> {
    let (app, fresh) = open(config).await?;
    let only = only_one(config)?;
    // Whoever has other secrets is told so below.
    if !app.has_other_secrets().await? {
        app.join_epochs(HANDED_OVER_WITHIN).await.context(
            "the key of the current epoch is not in the folder `secrets` and no other node handed it over: start this node \
             while another one runs, or put the folder back",
        )?;
    }
    check(&app, fresh, config).await?;
    Ok((app, only))
}

/// One program serves a folder: two would not tell each other what changed. The lock goes with the program, however it ends.
pub(super) fn only_one(config: &Config) -> anyhow::Result<std::fs::File> {
    let path = config.data.join("serving");
    let file = std::fs::File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
    file.try_lock()
        .map_err(|_| anyhow::anyhow!("`data`: another diskret is serving {} already", config.data.display()))?;
    Ok(file)
}

async fn open(config: &Config) -> anyhow::Result<(Arc<App>, bool)> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&config.data)
        .with_context(|| format!("the folder {} cannot be made", config.data.display()))?;
    anyhow::ensure!(
        !is_half_restored(&config.data),
        "`data`: {} is half restored: run the same `diskret restore` again until it is through",
        config.data.display()
    );
    let (data, keys) = config.locations();
    let data_store = Store::open(&data, Settings::default()).await.context("the data cannot be opened")?;
    let key_store = KeyStore::open(&keys, Settings::default()).await.context("the keys cannot be opened")?;
    belong_together(&data_store, &key_store, config).await?;
    // A database without an organisation has nothing that a missing key could have sealed.
    let fresh = data_store.organisations().await?.is_empty();
    let needs_set_up = !data_store.has_operators().await?;
    let mut secrets = Secrets::load(&config.secrets(), fresh)?;
    if needs_set_up {
        secrets = secrets.with_setup_code()?;
    }
    let app = App::new(data_store, key_store, Arc::new(CommonClock::over(SystemClock)), secrets, config.app);
    app.use_places(places(config)?);
    config.here.iter().for_each(|here| app.use_here(here.clone()));
    if let Some(list) = &config.breached_passwords {
        let told = || format!("`breached_passwords`: {}", list.display());
        app.refuse_leaked_passwords(list).with_context(told)?;
    }
    app.keep_time().await?;
    Ok((app, fresh))
}

async fn check(app: &App, fresh: bool, config: &Config) -> anyhow::Result<()> {
    app.check_secrets().await.with_context(|| format!("`data`: {}", config.secrets().display()))?;
    if !fresh {
        // An installation from before secrets were named.
        app.name_secrets().await?;
    }
    if let Some(abroad) = app.abroad().await? {
        anyhow::bail!("{abroad}: name a place in one of these countries, or have the organisation allow this one");
    }
    Ok(())
}

/// The places of backups. One that is away does not keep anybody from being served.
pub(super) fn places(config: &Config) -> anyhow::Result<Places> {
    let clock: Arc<dyn domain::Clock> = Arc::new(SystemClock);
    Ok(Places {
        all: config.places.iter().map(|place| place.open(Arc::clone(&clock))).collect::<Result<_, _>>()?,
        spool: config.data.join("spool"),
        keep: config.backup_keep,
        daily_at: config.backup_at,
    })
}

/// Data without their keys are unreadable, and keys without their data would look unused and be swept: neither may start.
async fn belong_together(data: &Store, keys: &KeyStore, config: &Config) -> anyhow::Result<()> {
    let (data_at, keys_at) = match &config.databases {
        Some(_) => ("`database`".to_owned(), "`key_database`".to_owned()),
        None => {
            let (data, keys) = (config.data.join("diskret.db"), config.data.join("keys.db"));
            (data.display().to_string(), keys.display().to_string())
        }
    };
    let has_keys = keys.has_keys().await?;
    anyhow::ensure!(
        !has_keys || !data.organisations().await?.is_empty(),
        "{keys_at} holds keys, but {data_at} is empty: put the data back that belong to these keys"
    );
    anyhow::ensure!(
        has_keys || !data.has_operators().await?,
        "{data_at} holds data, but {keys_at} is empty: put the keys back, without them nothing can be read"
    );
    Ok(())
}
