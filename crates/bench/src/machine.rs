//! The machine that measures: what it is, how busy it is, and how fast its disk makes things last.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use domain::Clock as _;

/// How long making 4 KiB last takes, one after the other.
pub(crate) struct Syncs {
    pub(crate) took: Vec<Duration>,
}

impl Syncs {
    /// Appends and syncs for a second.
    pub(crate) fn measure(folder: &Path) -> Result<Self> {
        let path = folder.join("synced");
        let mut file = File::create(&path)?;
        let (mut took, start) = (Vec::new(), Instant::now());
        while start.elapsed() < Duration::from_secs(1) {
            let begun = Instant::now();
            file.write_all(&[0x5a; 4096])?;
            file.sync_data()?;
            took.push(begun.elapsed());
        }
        fs::remove_file(path)?;
        Ok(Self { took })
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.took.len() as f64 / self.took.iter().sum::<Duration>().as_secs_f64()
    }
}

/// The value below which `share` of them lie.
pub(crate) fn quantile(values: &mut [Duration], share: f64) -> Duration {
    values.sort_unstable();
    let index = ((values.len() as f64 * share) as usize).min(values.len().saturating_sub(1));
    values.get(index).copied().unwrap_or_default()
}

/// Processor time of all cores: busy, and all of it, in ticks.
pub(crate) fn cores() -> Result<(u64, u64)> {
    let stat = fs::read_to_string("/proc/stat")?;
    let ticks: Vec<u64> = stat
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .take(8)
        .filter_map(|field| field.parse().ok())
        .collect();
    let all: u64 = ticks.iter().sum();
    let idle = ticks.get(3).copied().unwrap_or_default() + ticks.get(4).copied().unwrap_or_default();
    Ok((all - idle, all))
}

/// One line about the machine.
pub(crate) fn describe() -> Result<String> {
    let cpu = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    let model = model.trim_start_matches([' ', '\t', ':']);
    let cores = std::thread::available_parallelism()?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let memory = fs::read_to_string("/proc/meminfo")?;
    let memory: u64 = memory
        .split_whitespace()
        .nth(1)
        .and_then(|kilobytes| kilobytes.parse::<u64>().ok())
        .map_or(0, |kilobytes| kilobytes.div_ceil(1024 * 1024));
    Ok(format!("{model}, {cores} cores, {memory} GiB of memory, Linux {}", kernel.trim()))
}

/// Today, in UTC.
pub(crate) fn today() -> String {
    let days = domain::clock::SystemClock.now().0.div_euclid(86_400_000_000);
    // Howard Hinnant's civil_from_days: years begin in March, so that the leap day is their last.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// How many processes wait for a core on average over the last minute.
pub(crate) fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace().next().unwrap_or("?").to_owned()
}
