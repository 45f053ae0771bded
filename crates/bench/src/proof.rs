//! A figure stands in the table only where nothing that was acknowledged is lost, doubled or out of order.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::house::{House, Server};
use crate::net::number;

/// Entries of a page of the API, at most.
const PAGE: i64 = 200;

/// Kills the servers, starts another and asks it what is stored: exactly what was acknowledged, or the figures are worth
/// nothing.
pub(crate) fn prove(house: &House<'_>, mut nodes: Vec<Server<'_>>, written: &[(String, u64)]) -> Result<()> {
    for node in &mut nodes {
        node.kill()?;
    }
    drop(nodes);
    let (server, _, _) = house.open()?;
    for (conversation, entries) in written {
        let answer = server.api(&format!("GET /api/conversations/{conversation}"), "")?;
        let stored = number(&answer.body, b"\"last_sequence\":").context("a row tells its last entry")?;
        ensure!(stored.unsigned_abs() == *entries, "{stored} entries are stored, {entries} were acknowledged");
        let page = server.api(&format!("GET /api/conversations/{conversation}/entries"), "")?;
        let newest = format!("\"sequence\":{entries},");
        let newest = page.body.windows(newest.len()).any(|bytes| bytes == newest.as_bytes());
        ensure!(newest, "entry {entries} was acknowledged and does not open");
    }
    Ok(())
}

/// The last sequence that every message of one visitor has in the store, by counter from 1, is the one under which it was
/// acknowledged, and there are no others. `counter_of` reads the counter from a text.
pub(crate) fn is_stored_once(
    server: &Server<'_>,
    conversation: &str,
    acknowledged: &[i64],
    counter_of: fn(&str) -> Option<usize>,
) -> Result<()> {
    let (mut stored, mut before) = (Vec::new(), None);
    loop {
        let from = before.map_or(String::new(), |before| format!("&before={before}"));
        let path = format!("GET /api/conversations/{conversation}/entries?limit={PAGE}{from}");
        let mut page: Value = serde_json::from_slice(&server.api(&path, "")?.body)?;
        let Value::Array(items) = page["items"].take() else { anyhow::bail!("a page has items") };
        stored.extend(items.into_iter().rev());
        before = page["first"].as_i64();
        if before.is_none() {
            break;
        }
    }
    let messages = stored.iter().rev().filter_map(|entry| {
        let counter = counter_of(entry["text"].as_str()?)?;
        Some((counter, entry["sequence"].as_i64()?))
    });
    compare(&messages.collect::<Vec<_>>(), acknowledged).with_context(|| format!("conversation {conversation}"))
}

/// `stored` holds counters and sequences in the store's order; `acknowledged` the sequences by counter, from 1.
fn compare(stored: &[(usize, i64)], acknowledged: &[i64]) -> Result<()> {
    ensure!(stored.is_sorted_by(|one, next| one.1 < next.1), "what is stored is out of order");
    for (index, (counter, sequence)) in stored.iter().enumerate() {
        ensure!(*counter == index + 1, "message {counter} is stored where {} belongs", index + 1);
        let as_told = acknowledged.get(index).context("more is stored than was acknowledged")?;
        ensure!(as_told == sequence, "message {counter} was acknowledged as {as_told} and is {sequence}");
    }
    ensure!(stored.len() == acknowledged.len(), "{} of {} messages are stored", stored.len(), acknowledged.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::compare;

    #[test]
    fn what_is_lost_doubled_or_swapped_is_found() {
        compare(&[(1, 1), (2, 3), (3, 4)], &[1, 3, 4]).unwrap();
        let told = |stored: &[(usize, i64)]| compare(stored, &[1, 3, 4]).unwrap_err().to_string();
        assert_eq!(told(&[(1, 1), (2, 3)]), "2 of 3 messages are stored");
        assert_eq!(told(&[(1, 1), (3, 4)]), "message 3 is stored where 2 belongs");
        assert_eq!(told(&[(1, 1), (2, 3), (2, 4)]), "message 2 is stored where 3 belongs");
        assert_eq!(told(&[(2, 1), (1, 3), (3, 4)]), "message 2 is stored where 1 belongs");
        assert_eq!(told(&[(1, 1), (2, 2), (3, 4)]), "message 2 was acknowledged as 3 and is 2");
        assert_eq!(told(&[(1, 1), (2, 3), (3, 4), (4, 5)]), "more is stored than was acknowledged");
        assert_eq!(told(&[(1, 3), (2, 1), (3, 4)]), "what is stored is out of order");
    }
}
