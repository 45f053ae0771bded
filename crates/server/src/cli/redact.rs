//! `diskret redact`: masks lines, as the server does before it stores them.

use std::io::{BufRead as _, Write as _};

use privacy::redact;

pub(super) fn run() -> anyhow::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().split(b'\n') {
        // What is no UTF-8 cannot reach the server either; it is shown as far as it can be read.
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        writeln!(out, "{}", redact::mask(&line).text)?;
    }
    out.flush()?;
    Ok(())
}
