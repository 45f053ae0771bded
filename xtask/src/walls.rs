//! `cargo xtask walls`: who may depend on whom. The promises are promises of layers, so the layers are checked.
//!
//! The three tables below are the walls. A change to them is a change to the architecture: it comes with a reason here and
//! a decision record.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::shell;

/// Each crate of the workspace and the crates of the workspace it may use.
const ARROWS: &[(&str, &[&str])] = &[
    ("diskret-domain", &[]),
    ("diskret-privacy", &["diskret-domain"]),
    ("diskret-store", &["diskret-domain", "diskret-privacy"]),
    ("diskret-bus", &["diskret-domain"]),
    // What it is given is sealed already: it sees no store and no key but for randomness and signatures of requests.
    ("diskret-places", &["diskret-domain", "diskret-privacy"]),
    ("diskret-app", &["diskret-domain", "diskret-privacy", "diskret-store", "diskret-bus", "diskret-places"]),
    // It delivers to strangers: no store, no key, no bus.
    ("diskret-edge", &["diskret-domain"]),
    // `store` and `bus` for the wiring at the start only: every verb is one of `app`.
    (
        "diskret-server",
        &[
            "diskret-app",
            "diskret-edge",
            "diskret-domain",
            "diskret-privacy",
            "diskret-store",
            "diskret-bus",
            "diskret-places",
        ],
    ),
    // Tools, no part of the product. They use it from outside, as anyone would; only a million keys are planted through the
    // store.
    ("diskret-bench", &["diskret-domain", "diskret-privacy", "diskret-store"]),
    (TESTKIT, &[]),
    // The product on a bad disk, as a program for tests to kill.
    (FAULTS, &["diskret-server"]),
    ("xtask", &[]),
];

/// May be used by everyone's tests and benchmarks, and never by the product.
const TESTKIT: &str = "diskret-testkit";
/// The same, for whoever tests what a bad disk does. The only crate with `unsafe`.
const FAULTS: &str = "diskret-faults";
const TOOLS: &[&str] = &["diskret-bench"];

/// A library that belongs to some crates only.
struct Fence {
    library: &'static str,
    only_in: &'static [&'static str],
    because: &'static str,
}

const FENCES: &[Fence] = &[
    Fence {
        library: "rusqlite",
        only_in: &["diskret-store", FAULTS],
        because: "the store is the only SQL; the bad disk is what SQLite stands on in tests",
    },
    Fence {
        library: "tokio-postgres",
        only_in: &["diskret-store", TESTKIT],
        because: "the store is the only SQL; the test kit makes and drops databases",
    },
    Fence { library: "deadpool-postgres", only_in: &["diskret-store"], because: "the store is the only SQL" },
    Fence {
        library: "aws-lc-rs",
        only_in: &["diskret-privacy", TESTKIT],
        because: "keys, digests and randomness have one home; the store takes what is sealed already; the test kit signs as \
                  a security key does",
    },
    Fence { library: "axum", only_in: &["diskret-server"], because: "the server is the only application HTTP" },
    Fence {
        library: "hyper",
        only_in: &["diskret-server", "diskret-places"],
        because: "the server is the only application HTTP; an object store is a place for backups",
    },
    Fence {
        library: "hyper-util",
        only_in: &["diskret-server", "diskret-places"],
        because: "the server is the only application HTTP; an object store is a place for backups",
    },
    Fence {
        library: "tokio-rustls",
        only_in: &["diskret-places"],
        because: "nothing but a registered place is connected to (law L6)",
    },
    Fence { library: "async-nats", only_in: &["diskret-bus"], because: "the bus is the only NATS" },
];

/// Libraries that may stand nowhere in the whole graph, also not below another one.
const NOWHERE: &[(&str, &str)] = &[
    ("reqwest", "nothing connects outwards (law L6)"),
    ("ureq", "nothing connects outwards (law L6)"),
    ("isahc", "nothing connects outwards (law L6)"),
    ("curl", "nothing connects outwards (law L6)"),
    ("openssl-sys", "one cryptographic library: aws-lc"),
    ("native-tls", "one cryptographic library: aws-lc"),
];

/// What is shipped runs here; libraries for other systems are never even downloaded.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// Looks at the workspace.
pub(crate) fn check() -> Result<()> {
    let words = ["metadata", "--format-version", "1", "--locked", "--filter-platform", PLATFORM];
    let metadata = shell::ask(&mut shell::cargo(&words))?;
    let metadata = serde_json::from_str(&metadata)?;
    let breaches = breaches(&metadata)?;
    if !breaches.is_empty() {
        bail!("{}\nThe walls and their reasons: xtask/src/walls.rs.", breaches.join("\n"));
    }
    println!("The walls stand.");
    Ok(())
}

fn breaches(metadata: &Value) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let packages = metadata["packages"].as_array().context("cargo metadata tells packages")?;
    let members = metadata["workspace_members"].as_array().context("cargo metadata tells members")?;
    let (ours, others): (Vec<_>, Vec<_>) = packages.iter().partition(|package| members.contains(&package["id"]));
    if ours.is_empty() {
        bail!("cargo metadata names no crate of the workspace: nothing was checked");
    }
    let is_ours = |name: &str| ours.iter().any(|package| package["name"] == name);
    for package in &ours {
        let name = package["name"].as_str().context("a package has a name")?;
        let Some((_, arrows)) = ARROWS.iter().find(|(from, _)| *from == name) else {
            found.push(format!("{name} has no place in the architecture yet: give it one."));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let to = dependency["name"].as_str().context("a dependency has a name")?;
            let is_for_tests = dependency["kind"] == "dev";
            if [TESTKIT, FAULTS].contains(&to) && name != to {
                let is_for_a_tool = to == TESTKIT && TOOLS.contains(&name);
                if !is_for_tests && !is_for_a_tool {
                    found.push(format!("{name} → {to}: the test kit and the bad disk are dev-dependencies or none."));
                }
            } else if is_ours(to) && !arrows.contains(&to) {
                let allowed = if arrows.is_empty() { "no other crate".to_owned() } else { arrows.join(", ") };
                found.push(format!("{name} → {to}: {name} may use {allowed}."));
            }
            for Fence { library, only_in, because } in FENCES {
                if to == *library && !only_in.contains(&name) {
                    found.push(format!("{name} → {to}: only in {}, because {because}.", only_in.join(", ")));
                }
            }
        }
    }
    for package in others {
        let name = package["name"].as_str().context("a package has a name")?;
        if let Some((_, because)) = NOWHERE.iter().find(|(library, _)| *library == name) {
            found.push(format!("{name} is in the graph (`cargo tree --invert {name}` tells how): {because}."));
        }
        if package["source"].as_str().is_some_and(|source| source.starts_with("git+")) {
            found.push(format!("{name} comes from a git repository: take a release, which nobody can change."));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::breaches;

    /// A workspace as `cargo metadata` tells it: crates and their dependencies, `dev:` before those of tests.
    fn workspace(crates: &[(&str, &[&str])], libraries: &[Value]) -> Value {
        let members: Vec<_> = crates.iter().map(|(name, _)| json!(name)).collect();
        let packages = crates.iter().map(|(name, dependencies)| {
            let dependencies = dependencies.iter().map(|dependency| match dependency.strip_prefix("dev:") {
                Some(name) => json!({ "name": name, "kind": "dev" }),
                None => json!({ "name": dependency, "kind": null }),
            });
            json!({ "id": name, "name": name, "dependencies": dependencies.collect::<Vec<_>>() })
        });
        let packages: Vec<_> = packages.chain(libraries.iter().cloned()).collect();
        json!({ "packages": packages, "workspace_members": members })
    }

    fn library(name: &str) -> Value {
        json!({ "id": name, "name": name, "dependencies": [], "source": "registry+https://example.org" })
    }

    /// What stands, with one more dependency planted.
    fn planted(into: &str, dependency: &str) -> Vec<String> {
        let mut crates: Vec<(&str, Vec<&str>)> = vec![
            ("diskret-domain", vec!["serde"]),
            ("diskret-privacy", vec!["diskret-domain", "aws-lc-rs"]),
            ("diskret-store", vec!["diskret-domain", "rusqlite", "dev:diskret-testkit", "dev:diskret-faults"]),
            ("diskret-edge", vec!["diskret-domain"]),
            ("diskret-server", vec!["diskret-store", "axum", "dev:diskret-testkit"]),
            ("diskret-testkit", vec!["tokio-postgres"]),
            ("diskret-faults", vec!["rusqlite", "diskret-server"]),
            ("diskret-bench", vec!["diskret-testkit"]),
        ];
        if !dependency.is_empty() {
            crates.iter_mut().find(|(name, _)| *name == into).unwrap().1.push(dependency);
        }
        let crates: Vec<_> = crates.iter().map(|(name, dependencies)| (*name, dependencies.as_slice())).collect();
        breaches(&workspace(&crates, &[library("serde"), library("rusqlite")])).unwrap()
    }

    #[test]
    fn what_stands_is_in_order() {
        assert_eq!(planted("", ""), Vec::<String>::new());
    }

    #[test]
    fn a_planted_arrow_is_found() {
        for (into, dependency) in [
            ("diskret-domain", "diskret-store"),
            ("diskret-domain", "dev:diskret-privacy"),
            ("diskret-edge", "diskret-store"),
            ("diskret-store", "diskret-testkit"),
            ("diskret-server", "diskret-faults"),
            ("diskret-bench", "diskret-faults"),
            ("diskret-faults", "diskret-store"),
            ("diskret-privacy", "rusqlite"),
            ("diskret-server", "dev:rusqlite"),
            ("diskret-testkit", "rusqlite"),
            ("diskret-edge", "axum"),
            ("diskret-store", "aws-lc-rs"),
            ("diskret-server", "async-nats"),
        ] {
            let found = planted(into, dependency);
            let arrow = format!("{into} → {}:", dependency.trim_start_matches("dev:"));
            assert!(matches!(&found[..], [one] if one.starts_with(&arrow)), "{into}, {dependency}: {found:?}");
        }
    }

    #[test]
    fn a_forbidden_library_is_found_however_deep() {
        let found = breaches(&workspace(&[("diskret-domain", &[])], &[library("reqwest")])).unwrap();
        assert!(matches!(&found[..], [one] if one.starts_with("reqwest is in the graph")), "{found:?}");
    }

    #[test]
    fn so_is_one_from_a_repository() {
        let mut changeable = library("fork");
        changeable["source"] = json!("git+https://example.org/fork");
        let found = breaches(&workspace(&[("diskret-domain", &[])], &[changeable])).unwrap();
        assert!(matches!(&found[..], [one] if one.starts_with("fork comes from a git")), "{found:?}");
    }

    #[test]
    fn a_crate_without_a_place_is_found() {
        let found = breaches(&workspace(&[("diskret-new", &[])], &[])).unwrap();
        assert!(matches!(&found[..], [one] if one.starts_with("diskret-new has no place")), "{found:?}");
    }

    #[test]
    fn an_empty_workspace_is_no_success() {
        breaches(&workspace(&[], &[])).unwrap_err();
    }
}
