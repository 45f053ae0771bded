//! What processes cost, as the kernel notes it.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

/// What the kernel notes about a process, in ticks of 10 ms.
pub(crate) struct Times {
    parent: String,
    pub(crate) own: u64,
    ended_children: u64,
}

pub(crate) fn times(pid: &str) -> Result<Times> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name stands in parentheses and may hold anything.
    let (_, fields) = stat.rsplit_once(')').context("a name ends")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).unwrap_or_default();
    Ok(Times {
        parent: (*fields.get(1).context("a process has a parent")?).to_owned(),
        own: ticks(11) + ticks(12),
        ended_children: ticks(13) + ticks(14),
    })
}

/// Ticks of every process of a PostgreSQL server so far. `folder` is the one with its data.
pub(crate) fn of_postgres(folder: &Path) -> Result<u64> {
    let pid = fs::read_to_string(folder.join("postmaster.pid"))?;
    let first = pid.lines().next().context("PostgreSQL notes its process")?;
    // What its children used that have ended is counted with the first process.
    let times_of_first = times(first)?;
    let mut ticks = times_of_first.own + times_of_first.ended_children;
    for pid in processes()? {
        // One that ends meanwhile is counted with the first process next time.
        if let Some(times) = times(&pid).ok().filter(|times| times.parent == first) {
            ticks += times.own;
        }
    }
    Ok(ticks)
}

/// Ticks of the server of this name that was told to listen on this port.
pub(crate) fn of_listener(name: &str, port: u16) -> Result<u64> {
    let port = port.to_string();
    let is_it = |pid: &String| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let mut words = line.split(|byte| *byte == 0);
        words.next().is_some_and(|program| program.ends_with(name.as_bytes()))
            && words.any(|word| word == port.as_bytes())
    };
    let pid = processes()?.into_iter().find(is_it).with_context(|| format!("{name} on port {port} runs"))?;
    Ok(times(&pid)?.own)
}

fn processes() -> Result<Vec<String>> {
    let names = fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    Ok(names.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())).collect())
}

/// A figure of `/proc/PID/status` in bytes: `VmRSS` is memory in RAM, `VmHWM` the most there ever was.
pub(crate) fn memory(pid: u32, field: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let value = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let value = value.context("a process has memory")?;
    Ok(value.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}
