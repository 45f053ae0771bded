//! `diskret migrate`: opening the databases brings their schemas up to date.

use store::{KeyStore, Settings, Store};

use super::say;
use crate::config::Config;

pub(super) fn run(config: Config) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let (data, keys) = config.locations();
        if config.databases.is_none() {
            anyhow::ensure!(config.data.is_dir(), "`data`: there is no folder {}", config.data.display());
        }
        let data = Store::open(&data, Settings::default()).await?;
        let keys = KeyStore::open(&keys, Settings::default()).await?;
        data.close().await;
        keys.close().await;
        say("both schemas are up to date");
        Ok(())
    })
}
