use super::*;

fn with(key: &'static str, value: &str) -> Result<Config, ConfigError> {
    let mut layers = Layers::defaults();
    layers.flag(key, value.to_owned());
    layers.check()
}

#[test]
fn the_defaults_are_good() {
    let config = Layers::defaults().check().unwrap();
    assert_eq!(config.app.end_idle_after, Duration::from_secs(86_400));
    assert!(config.shop_origin.is_none());
}

#[test]
fn every_bad_value_is_refused_by_its_key() {
    let bad = [
        ("listen", "8080"),
        ("app_origin", "app.example.de"),
        ("widget_origin", "https://x/y"),
        ("widget_origin", "http://app.localhost:8080"),
        ("demo", "yes"),
        ("database", "postgres://a"),
        ("key_database", "postgres://a"),
        ("bus", "nats://127.0.0.1:4222"),
        ("bus_subject", "a b"),
        ("bus_subject", "a..b"),
        ("end_idle_after", "0s"),
        ("end_idle_after", "ä"),
        ("visitor_rate", "0"),
        ("visitor_burst", "-1"),
        ("visitor_burst", "301"),
        ("trusted_proxies", "10.0.0.0/33"),
        ("connections", "many"),
        ("address_connections", "0"),
        ("address_requests", "0"),
        ("address_sockets", "-1"),
        ("address_conversations", "1.5"),
        ("organisation_conversations", "1000001"),
        ("address_messages", "0"),
        ("organisation_messages", ""),
        ("workers", "0"),
        ("log", "loud"),
        ("log_format", "xml"),
    ];
    for (key, value) in bad {
        let error = with(key, value).unwrap_err().to_string();
        // One of a pair of databases is missing where the other one is given.
        let from = if key.ends_with("database") { "(default)" } else { "(from --" };
        assert!(error.starts_with('`') && error.contains(from), "{key}={value}: {error}");
    }
}

#[test]
fn what_a_visitor_may_send_at_once_comes_back_within_a_minute() {
    let with = |rate: &str, burst: &str| {
        let mut layers = Layers::defaults();
        layers.flag("visitor_rate", rate.to_owned());
        layers.flag("visitor_burst", burst.to_owned());
        layers.check().map(|config| config.app.visitor_burst)
    };
    assert_eq!(with("0.1", "6").unwrap(), 6);
    let error = with("0.1", "10000").unwrap_err().to_string();
    assert!(error.starts_with("`visitor_burst`") && error.contains("must be 6 at most"), "{error}");
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("diskret.toml");
    std::fs::write(&path, "workers = 3\nlog = \"warn\"\nvisitor_burst = 7").unwrap();
    let mut layers = Layers::defaults();
    layers.file(&path).unwrap();
    layers.environment(|name| (name == "DISKRET_WORKERS" || name == "DISKRET_LOG").then(|| "4".to_owned()));
    layers.flag("log", "debug".to_owned());
    let config = layers.check().unwrap();
    assert_eq!((config.workers, config.app.visitor_burst, config.log.as_str()), (4, 7, "debug"));
}

#[test]
fn origins_that_nobody_named_follow_the_port() {
    let config = with("listen", "127.0.0.1:9000").unwrap();
    assert_eq!(config.app_origin, "http://app.localhost:9000");
    assert_eq!(config.widget_origin, "http://widget.localhost:9000");
}

#[test]
fn an_unknown_key_in_the_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("diskret.toml");
    std::fs::write(&path, "wrokers = 3").unwrap();
    assert!(Layers::defaults().file(&path).unwrap_err().to_string().contains("`wrokers`"));
}
