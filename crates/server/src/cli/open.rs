//! Opens an installation.

use std::os::unix::fs::DirBuilderExt as _;
use std::sync::Arc;

use anyhow::Context as _;
use app::App;
use app::secrets::Secrets;
use domain::clock::SystemClock;
use store::{KeyStore, Location, Settings, Store};

use crate::config::Config;

/// Opens folder, secrets and databases; brings the schemas up to date.
pub(super) async fn installation(config: &Config) -> anyhow::Result<Arc<App>> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&config.data)
        .with_context(|| format!("the folder {} cannot be made", config.data.display()))?;
    let (data, keys) = config.locations();
    let is_fresh = |location: &Location| match location {
        Location::File(path) => !path.exists(),
        Location::Postgres(_) => false,
    };
    let fresh_files = is_fresh(&data) && is_fresh(&keys);
    let data_store = Store::open(&data, Settings::default()).await.context("the data cannot be opened")?;
    let key_store = KeyStore::open(&keys, Settings::default()).await.context("the keys cannot be opened")?;
    // A database without an organisation has nothing that a missing key could have sealed.
    let fresh = fresh_files || data_store.organisations().await?.is_empty();
    let secrets = Secrets::load(&config.secrets(), fresh)?;
    Ok(App::new(data_store, key_store, Arc::new(SystemClock), secrets, config.app))
}
