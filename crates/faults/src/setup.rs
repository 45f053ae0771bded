//! A disk's behaviour as text, for a program that is told by its environment.

use std::str::FromStr;
use std::time::Duration;

use crate::plan::{Fault, Files, Operation, Rule, When};

/// How a disk behaves. As text, words in any order:
///
/// - `seed=7`: of everything random;
/// - `write-back=8`: one of so many writes has the operating system write something back (0: never);
/// - `flush=no`: a sync does not wait for the real disk. Only a real loss of power would tell the difference;
/// - a rule, `operation[@files]:when=fault`. Operation: `read`, `write`, `sync`, `change`. Files: `main`, `log`. When: `12` the
///   twelfth, `12+` from the twelfth on, `*12` every twelfth. Fault: `io`, `full`, `short`, `lie`, `crash`, `stall` (two
///   seconds) or `stall/500` (milliseconds).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Of everything random.
    pub seed: u64,
    /// One of so many writes has some sectors written back; 0: none has.
    pub write_back: u64,
    /// Whether a sync waits for the real disk, too. Only a real loss of power would tell the difference.
    pub flush: bool,
    /// What goes wrong.
    pub rules: Vec<Rule>,
}

impl Default for Setup {
    fn default() -> Self {
        Self { seed: 1, write_back: 8, flush: true, rules: Vec::new() }
    }
}

/// A word that says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(pub String);

impl std::fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "no disk can do this: {}", self.0)
    }
}

impl std::error::Error for Malformed {}

impl FromStr for Setup {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut setup = Self::default();
        for word in text.split_whitespace() {
            understand(&mut setup, word).ok_or_else(|| Malformed(word.to_owned()))?;
        }
        Ok(setup)
    }
}

fn understand(setup: &mut Setup, word: &str) -> Option<()> {
    let (what, how) = word.split_once('=')?;
    match what {
        "seed" => setup.seed = how.parse().ok()?,
        "write-back" => setup.write_back = how.parse().ok()?,
        "flush" => {
            setup.flush = match how {
                "yes" => true,
                "no" => false,
                _ => return None,
            }
        }
        _ => setup.rules.push(rule(what, how)?),
    }
    Some(())
}

fn rule(what: &str, how: &str) -> Option<Rule> {
    let (what, when) = what.split_once(':')?;
    let (operation, files) = what.split_once('@').unwrap_or((what, ""));
    Some(Rule {
        operation: match operation {
            "read" => Operation::Read,
            "write" => Operation::Write,
            "sync" => Operation::Sync,
            "change" => Operation::Change,
            _ => return None,
        },
        files: match files {
            "" => Files::All,
            "main" => Files::Main,
            "log" => Files::Log,
            _ => return None,
        },
        when: match (when.strip_suffix('+'), when.strip_prefix('*')) {
            (Some(nth), _) => When::From(nth.parse().ok()?),
            (_, Some(step)) => When::Every(step.parse().ok()?),
            _ => When::Once(when.parse().ok()?),
        },
        fault: match how.split_once('/').unwrap_or((how, "")) {
            ("io", "") => Fault::Io,
            ("full", "") => Fault::Full,
            ("short", "") => Fault::Short,
            ("lie", "") => Fault::Lie,
            ("crash", "") => Fault::Crash,
            ("stall", "") => Fault::Stall(Duration::from_secs(2)),
            ("stall", millis) => Fault::Stall(Duration::from_millis(millis.parse().ok()?)),
            _ => return None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_say_how_a_disk_behaves() {
        let setup: Setup =
            "seed=7 write-back=0 flush=no sync@log:*50=stall/500 write:12+=full read@main:3=short".parse().unwrap();
        let rule = |operation, files, when, fault| Rule { operation, files, when, fault };
        let rules = vec![
            rule(Operation::Sync, Files::Log, When::Every(50), Fault::Stall(Duration::from_millis(500))),
            rule(Operation::Write, Files::All, When::From(12), Fault::Full),
            rule(Operation::Read, Files::Main, When::Once(3), Fault::Short),
        ];
        assert_eq!(setup, Setup { seed: 7, write_back: 0, flush: false, rules });
        assert_eq!("".parse(), Ok(Setup::default()));
    }

    #[test]
    fn a_word_that_says_nothing_is_refused() {
        for word in [
            "seed",
            "seed=x",
            "flush=maybe",
            "sink=1",
            "write=io",
            "write:=io",
            "write@x:1=io",
            "sync:1=io/5",
            "sync:1=",
            "x:1=io",
        ] {
            assert_eq!(word.parse::<Setup>(), Err(Malformed(word.to_owned())));
        }
    }
}
