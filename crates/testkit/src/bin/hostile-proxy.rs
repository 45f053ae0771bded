//! One of the test kit's hostile HTTP proxies as a program, for tests that are not written in Rust.
//!
//! ```text
//! hostile-proxy buffering|idle-cutting|upgrade-stripping --to 127.0.0.1:PORT [--listen 127.0.0.1:0] [--idle SECONDS]
//! ```
//!
//! Prints the port it listens on as one line. It ends when its standard input does: whoever starts it keeps that open (a
//! pipe, never `/dev/null`), and nothing is left of it however they end.

use std::io::{Write as _, stderr, stdin, stdout};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use diskret_testkit::{Hostility, HttpProxy};

const USAGE: &str = "hostile-proxy buffering|idle-cutting|upgrade-stripping --to 127.0.0.1:PORT \
                     [--listen 127.0.0.1:0] [--idle SECONDS]";

struct Wish {
    hostility: Hostility,
    to: SocketAddr,
    listen: SocketAddr,
}

fn main() -> ExitCode {
    let wish = match read(std::env::args().skip(1)) {
        Ok(wish) => wish,
        Err(error) => {
            // Nobody to tell is no reason to go on.
            let _ = writeln!(stderr(), "{error}\nUsage: {USAGE}");
            return ExitCode::from(2);
        }
    };
    let proxy = HttpProxy::listen(wish.listen, wish.to, wish.hostility);
    let told = writeln!(stdout(), "{}", proxy.address().port()).and_then(|()| stdout().flush());
    if told.is_err() || std::io::copy(&mut stdin(), &mut std::io::sink()).is_err() {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn read(mut words: impl Iterator<Item = String>) -> Result<Wish, String> {
    let kind = words.next().unwrap_or_default();
    let (mut to, mut idle) = (None, Hostility::IDLE);
    let mut listen = (Ipv4Addr::LOCALHOST, 0).into();
    while let Some(flag) = words.next() {
        let value = words.next().ok_or_else(|| format!("{flag} needs a value"))?;
        let address = || -> Result<SocketAddr, String> {
            let address: SocketAddr = value.parse().map_err(|_| format!("{flag}: {value} is no address"))?;
            address.ip().is_loopback().then_some(address).ok_or_else(|| format!("{flag}: only the loopback"))
        };
        match flag.as_str() {
            "--to" => to = Some(address()?),
            "--listen" => listen = address()?,
            "--idle" => {
                let seconds = value.parse().ok().filter(|seconds| *seconds > 0.0);
                let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                idle = duration.ok_or_else(|| format!("--idle: {value} is no number of seconds"))?;
            }
            _ => return Err(format!("there is no {flag}")),
        }
    }
    let hostility = match kind.as_str() {
        "buffering" => Hostility::Buffering,
        "idle-cutting" => Hostility::IdleCutting(idle),
        "upgrade-stripping" => Hostility::UpgradeStripping,
        _ => return Err(format!("there is no proxy {kind:?}")),
    };
    Ok(Wish { hostility, to: to.ok_or("--to is missing")?, listen })
}
