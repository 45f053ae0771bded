//! Configuration: one TOML file, the environment, flags; later ones win. Every option stands in one table, from which the
//! flags, the environment's names, the checks' messages and `docs/configuration.md` come.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use app::rate::Rate;
use domain::limits::LEASE;
use places::Where;
use store::Location;

use crate::door::{self, Proxies};

pub use options::{Described, OPTIONS};
pub use place::PlaceOption;

mod options;
mod place;

/// The whole configuration, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Folder of the installation.
    pub data: PathBuf,
    /// Where to listen.
    pub listen: std::net::SocketAddr,
    /// The dashboard's origin.
    pub app_origin: String,
    /// The widget's origin.
    pub widget_origin: String,
    /// The demonstration shop's origin, where it is on.
    pub shop_origin: Option<String>,
    /// Where the data are; `None` is SQLite in the folder.
    pub databases: Option<(String, String)>,
    /// What joins several nodes: NATS servers and the subject.
    pub bus: Option<(String, String)>,
    /// What the application wants to know.
    pub app: app::Options,
    /// Who may come in, and how often.
    pub door: door::Options,
    /// The places of backups.
    pub places: Vec<PlaceOption>,
    /// Where this machine is, where that is said.
    pub here: Option<Where>,
    /// When the data are backed up: so long after midnight.
    pub backup_at: Duration,
    /// How long a backup of the data is kept.
    pub backup_keep: Duration,
    /// A list of leaked passwords, none of which anybody may set.
    pub breached_passwords: Option<PathBuf>,
    /// Threads of the runtime.
    pub workers: usize,
    /// The log's level.
    pub log: String,
    /// Whether the log is JSON.
    pub log_json: bool,
}

/// Something is wrong with the configuration. Names the key, and where its value came from.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {0} cannot be read: {1}")]
    Unreadable(PathBuf, String),
    /// The file has a key that no option has.
    #[error("`{0}` (in {1}) is no option: `diskret help serve` lists them all")]
    Unknown(String, String),
    /// A value is not what its option takes.
    #[error("`{key}` ({source_of}): {detail}")]
    Invalid {
        /// The option's key.
        key: &'static str,
        /// Where the value came from.
        source_of: String,
        /// What it must be.
        detail: String,
    },
}

/// Values with where they came from, before they are checked.
pub struct Layers(BTreeMap<&'static str, (String, String)>);

impl Layers {
    /// The defaults.
    pub fn defaults() -> Self {
        Self(OPTIONS.iter().map(|option| (option.key, (option.default.to_owned(), "default".to_owned()))).collect())
    }

    /// Lays the values of a TOML file over.
    ///
    /// # Errors
    /// [`ConfigError::Unreadable`], [`ConfigError::Unknown`].
    pub fn file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let unreadable = |error: String| ConfigError::Unreadable(path.to_owned(), error);
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
        let table: toml::Table = toml::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
        for (key, value) in table {
            let option = OPTIONS
                .iter()
                .find(|option| option.key == key)
                .ok_or_else(|| ConfigError::Unknown(key.clone(), path.display().to_string()))?;
            let value = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Float(number) => number.to_string(),
                toml::Value::Boolean(truth) => truth.to_string(),
                toml::Value::Datetime(_) | toml::Value::Array(_) | toml::Value::Table(_) => {
                    return Err(ConfigError::Invalid {
                        key: option.key,
                        source_of: format!("in {}", path.display()),
                        detail: "must be a text, a number, true or false".to_owned(),
                    });
                }
            };
            self.0.insert(option.key, (value, format!("in {}", path.display())));
        }
        Ok(())
    }

    /// Lays the environment over, as asked through `get`.
    pub fn environment(&mut self, get: impl Fn(&str) -> Option<String>) {
        for option in OPTIONS {
            let name = variable(option.key);
            if let Some(value) = get(&name) {
                self.0.insert(option.key, (value, format!("from {name}")));
            }
        }
    }

    /// Lays a flag over.
    pub fn flag(&mut self, key: &'static str, value: String) {
        self.0.insert(key, (value, format!("from --{}", key.replace('_', "-"))));
    }

    /// Checks everything.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`], naming the key.
    pub fn check(&self) -> Result<Config, ConfigError> {
        let demo = self.one("demo", "must be true or false", |text| text.parse::<bool>().ok())?;
        let database = self.text("database");
        let keys = self.text("key_database");
        let databases = match (database.is_empty(), keys.is_empty()) {
            (true, true) => None,
            (false, false) if database != keys => Some((database, keys)),
            (false, false) => return Err(self.invalid("key_database", "must be another database than `database`")),
            (false, true) => return Err(self.invalid("key_database", "is needed where `database` is set")),
            (true, false) => return Err(self.invalid("database", "is needed where `key_database` is set")),
        };
        let bus = self.bus(databases.is_some())?;
        let listen: std::net::SocketAddr =
            self.one("listen", "must be an address and a port, such as 127.0.0.1:8080", |text| text.parse().ok())?;
        let port = listen.port();
        let (app_origin, widget_origin) = (self.origin("app_origin", port)?, self.origin("widget_origin", port)?);
        if app_origin == widget_origin {
            return Err(self.invalid("widget_origin", "must be another origin than `app_origin`"));
        }
        let shop_origin = if demo { Some(self.origin("shop_origin", port)?) } else { None };
        let visitor = self.visitor_rate()?;
        let (places, here) = self.places()?;
        let levels = ["error", "warn", "info", "debug", "trace"];
        Ok(Config {
            data: PathBuf::from(self.text("data")),
            listen,
            app_origin,
            widget_origin,
            shop_origin,
            databases,
            bus,
            app: app::Options {
                end_idle_after: self.one("end_idle_after", "must be a span such as 30m, 24h or 7d", |text| {
                    span(text).filter(|span| (60..=90 * 86_400).contains(&span.as_secs()))
                })?,
                visitor_rate: visitor.each_second,
                visitor_burst: visitor.burst,
                address_conversations: self.count("address_conversations")?,
                organisation_conversations: self.count("organisation_conversations")?,
                address_messages: self.count("address_messages")?,
                organisation_messages: self.count("organisation_messages")?,
            },
            door: door::Options {
                trusted_proxies: self.one(
                    "trusted_proxies",
                    "must be addresses or ranges such as 10.0.0.0/8, separated by commas",
                    Proxies::parse,
                )?,
                connections: self.one("connections", "must be a whole number", |text| {
                    text.parse().ok().map(|most| (most > 0).then_some(most))
                })?,
                address_connections: self.count("address_connections")? as usize,
                address_requests: self.count("address_requests")?,
                address_sockets: self.count("address_sockets")?,
            },
            places,
            here,
            backup_at: self.one("backup_at", "must be a time of day such as 03:00", time_of_day)?,
            backup_keep: self.one("backup_keep", "must be a span from 7d to 60d", |text| {
                span(text).filter(|span| (7 * 86_400..=60 * 86_400).contains(&span.as_secs()))
            })?,
            breached_passwords: Some(self.text("breached_passwords"))
                .filter(|path| !path.is_empty())
                .map(PathBuf::from),
            workers: self.one("workers", "must be a whole number from 1 to 256", |text| {
                text.parse().ok().filter(|workers| (1..=256).contains(workers))
            })?,
            log: self.one("log", "must be error, warn, info, debug or trace", |text| {
                levels.contains(&text).then(|| text.to_owned())
            })?,
            log_json: self.one("log_format", "must be text or json", |text| match text {
                "text" => Some(false),
                "json" => Some(true),
                _ => None,
            })?,
        })
    }

    /// What a visitor may send.
    fn visitor_rate(&self) -> Result<Rate, ConfigError> {
        let each_second = self.one("visitor_rate", "must be a number from 0.1 to 10000", |text| {
            text.parse().ok().filter(|rate| (0.1..=10_000.0).contains(rate))
        })?;
        let burst = self.one("visitor_burst", "must be a whole number from 1 to 10000", |text| {
            text.parse().ok().filter(|burst| (1..=10_000).contains(burst))
        })?;
        // A counter that nobody uses is forgotten after a lease, and by then nothing may be owed.
        let most = each_second * LEASE.as_secs_f64();
        match f64::from(burst) <= most {
            true => Ok(Rate { each_second, burst }),
            false => {
                let detail = format!("must be {} at most: what `visitor_rate` allows in a minute", most.floor());
                Err(self.invalid("visitor_burst", &detail))
            }
        }
    }

    /// The bus's servers and subject.
    fn bus(&self, is_shared: bool) -> Result<Option<(String, String)>, ConfigError> {
        let servers = self.text("bus");
        let subject = self.one("bus_subject", "must be letters, digits, dots, dashes or underscores", |text| {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            (!text.is_empty() && text.chars().all(is_plain) && !text.split('.').any(str::is_empty))
                .then(|| text.to_owned())
        })?;
        if servers.is_empty() {
            return Ok(None);
        }
        if !is_shared {
            return Err(self.invalid("bus", "needs `database`: several nodes share PostgreSQL, not a file"));
        }
        bus::nats::check(&servers).map_err(|error| self.invalid("bus", &error.to_string()))?;
        Ok(Some((servers, subject)))
    }

    fn text(&self, key: &'static str) -> String {
        self.0.get(key).map(|(value, _)| value.trim().to_owned()).unwrap_or_default()
    }

    fn one<T>(&self, key: &'static str, must: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, ConfigError> {
        parse(&self.text(key)).ok_or_else(|| self.invalid(key, must))
    }

    /// One of the limits that only count.
    fn count(&self, key: &'static str) -> Result<u32, ConfigError> {
        self.one(key, "must be a whole number from 1 to 1000000", |text| {
            text.parse().ok().filter(|number| (1..=1_000_000).contains(number))
        })
    }

    /// An origin; where nobody named one, the one on the port that is listened on.
    fn origin(&self, key: &'static str, port: u16) -> Result<String, ConfigError> {
        if self.0.get(key).is_some_and(|(_, source)| source == "default") {
            return Ok(self.text(key).replace("8080", &port.to_string()));
        }
        self.one(key, "must be an origin such as https://chat.example.de, without a path", domain::text::origin)
    }

    fn invalid(&self, key: &'static str, detail: &str) -> ConfigError {
        let source_of = self.0.get(key).map(|(_, source)| source.clone()).unwrap_or_default();
        ConfigError::Invalid { key, source_of, detail: detail.to_owned() }
    }
}

/// The environment's name of an option.
pub fn variable(key: &str) -> String {
    format!("DISKRET_{}", key.to_uppercase())
}

fn time_of_day(text: &str) -> Option<Duration> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str, below: u64| text.parse::<u64>().ok().filter(|number| text.len() == 2 && *number < below);
    Some(Duration::from_secs(number(hour, 24)? * 3600 + number(minute, 60)? * 60))
}

fn span(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(seconds).map(Duration::from_secs)
}

impl Config {
    /// Where the data and the keys are.
    pub fn locations(&self) -> (Location, Location) {
        match &self.databases {
            Some((data, keys)) => (Location::Postgres(data.clone()), Location::Postgres(keys.clone())),
            None => store::files_in(&self.data),
        }
    }

    /// Folder of keys and secrets.
    pub fn secrets(&self) -> PathBuf {
        self.data.join("secrets")
    }
}

#[cfg(test)]
mod tests;
