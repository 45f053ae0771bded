//! Epoch keys on their way out of this node: numbers and keys, one behind the other, to be sealed.

use privacy::keys::RawKey;
use zeroize::Zeroizing;

/// What envelopes of epoch keys at places are for.
pub const RECOVERY: &str = "epoch keys for recovery";

const EACH: usize = 40;

pub(super) fn pack(keys: &[(i64, RawKey)]) -> Zeroizing<Vec<u8>> {
    // In one piece: what grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(keys.len() * EACH));
    for (epoch, key) in keys {
        bytes.extend_from_slice(&epoch.to_be_bytes());
        bytes.extend_from_slice(key.expose());
    }
    bytes
}

/// Epoch keys from an envelope that was opened; nothing where it holds something else.
pub fn unpack(bytes: &[u8]) -> Option<Vec<(i64, RawKey)>> {
    let (each, rest) = bytes.as_chunks::<EACH>();
    if !rest.is_empty() {
        return None;
    }
    each.iter()
        .map(|one| {
            let (epoch, key) = one.split_first_chunk::<8>()?;
            let epoch = i64::from_be_bytes(*epoch);
            (epoch > 0).then_some((epoch, RawKey::from_bytes(key.try_into().ok()?)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked() {
        let keys = [(1, RawKey::generate()), (7, RawKey::generate())];
        let packed = pack(&keys);
        let again = unpack(&packed).unwrap();
        assert!(again.iter().map(|(epoch, key)| (epoch, key.expose())).eq(keys.iter().map(|(e, k)| (e, k.expose()))));
        assert!(unpack(&packed[..79]).is_none());
        assert!(unpack(&[0; 40]).is_none(), "there is no epoch 0");
        assert!(unpack(&[]).unwrap().is_empty());
    }
}
