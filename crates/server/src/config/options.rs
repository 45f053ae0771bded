//! The table of every option.

/// One option.
pub struct Described {
    /// Its key in the file; in the environment `DISKRET_` and the key in upper case.
    pub key: &'static str,
    /// Its flag, without the dashes before it.
    pub flag: &'static str,
    /// Its value where nothing is said.
    pub default: &'static str,
    /// What it does.
    pub help: &'static str,
}

/// Every option.
pub const OPTIONS: &[Described] = &[
    Described {
        key: "data",
        flag: "data",
        default: "data",
        help: "Folder of the installation: keys, secrets, and the databases when they are SQLite. Made with mode 700.",
    },
    Described {
        key: "listen",
        flag: "listen",
        default: "127.0.0.1:8080",
        help: "Address and port to listen on. Put a proxy that ends TLS in front of anything but loopback.",
    },
    Described {
        key: "app_origin",
        flag: "app-origin",
        default: "http://app.localhost:8080",
        help: "Where operators reach the dashboard: scheme, host, port. By default on the port of `listen`.",
    },
    Described {
        key: "widget_origin",
        flag: "widget-origin",
        default: "http://widget.localhost:8080",
        help: "Where sites load the widget from. An origin of its own, so that the page's scripts cannot read the chat.",
    },
    Described {
        key: "shop_origin",
        flag: "shop-origin",
        default: "http://shop.localhost:8080",
        help: "Where the demonstration shop is served while `demo` is on.",
    },
    Described {
        key: "demo",
        flag: "demo",
        default: "false",
        help: "Serve a demonstration shop that has the first widget on it.",
    },
    Described {
        key: "database",
        flag: "database",
        default: "",
        help: "PostgreSQL address of the data, such as `postgres://diskret@localhost/diskret`. Empty: SQLite in `data`.",
    },
    Described {
        key: "key_database",
        flag: "key-database",
        default: "",
        help: "PostgreSQL address of the keys: a database of its own, best on a cluster of its own. Needed with `database`.",
    },
    Described {
        key: "bus",
        flag: "bus",
        default: "",
        help: "NATS servers that join several nodes, such as `nats://10.0.0.1:4222`, comma-separated. Needs `database`. Empty: one node.",
    },
    Described {
        key: "bus_subject",
        flag: "bus-subject",
        default: "diskret",
        help: "Subject on NATS: another one for each installation that shares the servers.",
    },
    Described {
        key: "end_idle_after",
        flag: "end-idle-after",
        default: "24h",
        help: "A conversation in which nobody writes for so long ends by itself: 1m to 90d (s, m, h, d).",
    },
    Described {
        key: "visitor_rate",
        flag: "visitor-rate",
        default: "5",
        help: "Messages a visitor may send per second over time: 0.1 to 10000.",
    },
    Described {
        key: "visitor_burst",
        flag: "visitor-burst",
        default: "20",
        help: "Messages a visitor may send at once: 1 to 10000, and no more than `visitor_rate` allows in a minute.",
    },
    Described {
        key: "trusted_proxies",
        flag: "trusted-proxies",
        default: "",
        help: "Proxies whose `X-Forwarded-For` is believed: addresses or ranges such as `10.0.0.0/8`, separated by commas.",
    },
    Described {
        key: "connections",
        flag: "connections",
        default: "0",
        help: "Most open connections. 0: as many as the system's limit of open files leaves room for.",
    },
    Described {
        key: "address_connections",
        flag: "address-connections",
        default: "1000",
        help: "Most open connections of one address (IPv6: /64): 1 to 1000000. Many people can share an address.",
    },
    Described {
        key: "address_requests",
        flag: "address-requests",
        default: "100",
        help: "Requests of one address per second over time, ten times as many at once: 1 to 1000000.",
    },
    Described {
        key: "address_sockets",
        flag: "address-sockets",
        default: "50",
        help: "New sockets of one address per second over time, ten times as many at once: 1 to 1000000.",
    },
    Described {
        key: "address_conversations",
        flag: "address-conversations",
        default: "60",
        help: "Conversations that may begin from one address per minute: 1 to 1000000. An IPv6 /48 has four addresses' share.",
    },
    Described {
        key: "organisation_conversations",
        flag: "organisation-conversations",
        default: "1200",
        help: "Conversations that may begin with one organisation per minute: 1 to 1000000.",
    },
    Described {
        key: "address_messages",
        flag: "address-messages",
        default: "200",
        help: "Messages that visitors of one address may send per second: 1 to 1000000. An IPv6 /48 has four addresses' share.",
    },
    Described {
        key: "organisation_messages",
        flag: "organisation-messages",
        default: "2000",
        help: "Messages of one organisation's visitors per second, and as many of its operators: 1 to 1000000.",
    },
    Described {
        key: "place_a",
        flag: "place-a",
        default: "",
        help: "First place of backups: `file:///mnt/backup?country=DE&site=Kiel&company=Us`, a folder that is there, or `s3://bucket/prefix?endpoint=https://s3.example.de&region=eu-1&country=DE&site=Bonn&company=Them`, a bucket that keeps no versions.",
    },
    Described {
        key: "place_a_credentials",
        flag: "place-a-credentials",
        default: "",
        help: "File with the key of an object store, closed to others: its name on the first line, the key on the second.",
    },
    Described {
        key: "place_b",
        flag: "place-b",
        default: "",
        help: "Second place of backups, written like the first: elsewhere, so that one disaster does not take both.",
    },
    Described {
        key: "place_b_credentials",
        flag: "place-b-credentials",
        default: "",
        help: "The same for the second place.",
    },
    Described {
        key: "here",
        flag: "here",
        default: "",
        help: "Where this machine and its databases are: `country=DE&site=Kiel&company=Us`. Where it is said, it must be a country that every organisation allows.",
    },
    Described {
        key: "backup_at",
        flag: "backup-at",
        default: "03:00",
        help: "When the data are backed up every day, in UTC. Keys are backed up every hour.",
    },
    Described {
        key: "backup_keep",
        flag: "backup-keep",
        default: "30d",
        help: "How long a backup of the data is kept: 7d to 60d. The last one stays, however old it is.",
    },
    Described {
        key: "breached_passwords",
        flag: "breached-passwords",
        default: "",
        help: "File of leaked passwords, none of which anybody may set: SHA-1 hashes in hexadecimal, sorted, one on a line, as Have I Been Pwned publishes them. What is guessed first is refused without it.",
    },
    Described { key: "workers", flag: "workers", default: "2", help: "Threads that serve sockets and HTTP: 1 to 256." },
    Described { key: "log", flag: "log", default: "info", help: "What is logged: error, warn, info, debug or trace." },
    Described {
        key: "log_format",
        flag: "log-format",
        default: "text",
        help: "How it is logged to standard error: text or json.",
    },
];
