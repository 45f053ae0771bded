//! Files that leave the machine: backups, generations of keys, the journal at its places. A file is a sequence of chunks,
//! each sealed with AES-256-GCM under a key of the file's own (STREAM, Hoang, Reyhanitabar, Rogaway and Vizár 2015), so that
//! one is written without being held in memory, and a chunk that was moved, left out or added is refused like a changed bit.
//!
//! `"DKR1" ‖ salt (32) ‖ chunks`. The key is HKDF-SHA-256 (RFC 5869) of the root key, the salt and the file's name; a chunk
//! holds 64 KiB, the last one what is left, and its nonce is `counter (11) ‖ whether it is the last`. A file opens under
//! its own name only: two that were swapped open under neither.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use zeroize::Zeroizing;

use crate::keys::RawKey;
use crate::random;
use crate::seal::Unopenable;

const MAGIC: &[u8; 4] = b"DKR1";
const SALT: usize = 32;
const HEADER: usize = MAGIC.len() + SALT;
/// What a chunk holds.
pub const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;

/// Seals a file, chunk by chunk.
pub struct Sealer {
    key: FileKey,
    counter: u64,
    /// What waits for its chunk to be full, and for one more byte that tells it is not the last.
    waiting: Vec<u8>,
    sealed: Vec<u8>,
}

impl Sealer {
    /// Begins the file of this name.
    pub fn new(root: &RawKey, name: &str) -> Self {
        Self::salted(root, name, random::bytes())
    }

    fn salted(root: &RawKey, name: &str, salt: [u8; SALT]) -> Self {
        let mut sealed = MAGIC.to_vec();
        sealed.extend_from_slice(&salt);
        let key = FileKey::derive(root, name, &sealed);
        Self { key, counter: 0, waiting: Vec::with_capacity(CHUNK), sealed }
    }

    /// Adds to what the file holds.
    pub fn push(&mut self, mut plain: &[u8]) {
        while !plain.is_empty() {
            if self.waiting.len() == CHUNK {
                self.seal(false);
            }
            let (now, later) = plain.split_at(plain.len().min(CHUNK - self.waiting.len()));
            self.waiting.extend_from_slice(now);
            plain = later;
        }
    }

    /// Bytes that the file has by now, what still waits included.
    pub const fn len(&self) -> usize {
        self.sealed.len() + self.waiting.len() + TAG
    }

    /// Whether nothing was added yet.
    pub const fn is_empty(&self) -> bool {
        self.counter == 0 && self.waiting.is_empty()
    }

    /// Ends the file and gives it back.
    pub fn finish(mut self) -> Vec<u8> {
        self.seal(true);
        self.sealed
    }

    fn seal(&mut self, is_last: bool) {
        let tag = self
            .key
            .key
            .seal_in_place_separate_tag(nonce(self.counter, is_last), Aad::from(&self.key.place), &mut self.waiting)
            .expect("a chunk is shorter than 64 GiB");
        self.sealed.append(&mut self.waiting);
        self.sealed.extend_from_slice(tag.as_ref());
        self.counter += 1;
    }
}

/// Opens the file of this name.
///
/// # Errors
/// [`Unopenable`] where key or name are others, or anything was changed, cut, moved or added.
pub fn open(root: &RawKey, name: &str, file: &[u8]) -> Result<Vec<u8>, Unopenable> {
    let (header, body) = file.split_at_checked(HEADER).ok_or(Unopenable)?;
    if !header.starts_with(MAGIC) {
        return Err(Unopenable);
    }
    let key = FileKey::derive(root, name, header);
    let mut plain = Vec::with_capacity(body.len());
    let count = body.len().div_ceil(CHUNK + TAG).max(1);
    for counter in 0..count {
        let (from, is_last) = (counter * (CHUNK + TAG), counter + 1 == count);
        let mut chunk = body[from..body.len().min(from + CHUNK + TAG)].to_vec();
        // A last chunk with nothing in it stands only in a file that holds nothing: there is one way to write a file.
        if is_last && counter > 0 && chunk.len() <= TAG {
            return Err(Unopenable);
        }
        let opened = key
            .key
            .open_in_place(nonce(counter as u64, is_last), Aad::from(&key.place), &mut chunk)
            .map_err(|_| Unopenable)?;
        plain.extend_from_slice(opened);
    }
    Ok(plain)
}

/// The key of one file, and what its chunks are bound to.
struct FileKey {
    key: LessSafeKey,
    place: Vec<u8>,
}

/// 32 bytes, as HKDF is asked for them.
struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        32
    }
}

impl FileKey {
    fn derive(root: &RawKey, name: &str, header: &[u8]) -> Self {
        let info: [&[u8]; 2] = [b"diskret file 1\0", name.as_bytes()];
        let mut bytes = Zeroizing::new([0; 32]);
        Salt::new(HKDF_SHA256, &header[MAGIC.len()..])
            .extract(root.expose())
            .expand(&info, Length)
            .and_then(|made| made.fill(bytes.as_mut()))
            .expect("32 bytes are fewer than HKDF may give");
        let key =
            LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes.as_ref()).expect("32 bytes are a key of AES-256"));
        Self { key, place: [header, name.as_bytes()].concat() }
    }
}

/// No two chunks of a file have one, and a file's key is its own.
fn nonce(counter: u64, is_last: bool) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    bytes[3..11].copy_from_slice(&counter.to_be_bytes());
    bytes[11] = u8::from(is_last);
    Nonce::assume_unique_for_key(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "data/1/0001.part";

    fn root(byte: u8) -> RawKey {
        RawKey::from_bytes([byte; 32])
    }

    fn sealed(plain: &[u8]) -> Vec<u8> {
        let mut sealer = Sealer::salted(&root(1), NAME, [2; 32]);
        sealer.push(plain);
        let expected = sealer.len();
        let file = sealer.finish();
        assert_eq!(file.len(), expected);
        file
    }

    fn opened(file: &[u8]) -> Result<Vec<u8>, Unopenable> {
        open(&root(1), NAME, file)
    }

    fn plain(length: usize) -> Vec<u8> {
        (0..length).map(|index| (index * 7 + index / 251) as u8).collect()
    }

    /// Computed by hand with another library: HKDF-SHA-256 and AES-256-GCM as the heading says.
    #[test]
    fn a_file_is_written_as_described() {
        let file = sealed(b"canary");
        assert_eq!(&file[..4], b"DKR1");
        assert_eq!(&file[4..36], &[2; 32]);
        assert_eq!(data_encoding::HEXLOWER.encode(&file[36..]), "8fa842c5f93be5f498ca5a282b9d3f9f57d62c1a7b7f");
        let file = sealed(&vec![0x61; CHUNK + 1]);
        assert_eq!(file.len(), 36 + CHUNK + 16 + 1 + 16);
        assert_eq!(
            data_encoding::HEXLOWER.encode(&file[36 + CHUNK..]),
            "55b44f3b3252547a16711f807fe3423bf811738adb3dd2780dbeb6aae50698cd85"
        );
    }

    #[test]
    fn every_length_comes_back_however_it_was_pushed() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5] {
            let plain = plain(length);
            assert_eq!(opened(&sealed(&plain)).as_deref(), Ok(&plain[..]), "{length}");
            let mut sealer = Sealer::new(&root(1), NAME);
            assert!(sealer.is_empty());
            plain.chunks(1_000).for_each(|some| sealer.push(some));
            assert_eq!(opened(&sealer.finish()).as_deref(), Ok(&plain[..]), "{length}, in pieces");
        }
    }

    #[test]
    fn another_key_and_another_name_open_nothing() {
        let file = sealed(b"canary");
        assert!(opened(&file).is_ok());
        assert_eq!(open(&root(2), NAME, &file), Err(Unopenable));
        assert_eq!(open(&root(1), "data/1/0002.part", &file), Err(Unopenable));
    }

    #[test]
    fn a_flipped_bit_anywhere_is_refused() {
        let small = sealed(b"canary");
        for bit in 0..small.len() * 8 {
            let mut changed = small.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(opened(&changed), Err(Unopenable), "bit {bit}");
        }
        let large = sealed(&plain(2 * CHUNK + 5));
        let ends = (0..3).flat_map(|chunk| {
            let end = (36 + (chunk + 1) * (CHUNK + TAG)).min(large.len());
            [36 + chunk * (CHUNK + TAG), end - 1]
        });
        for byte in ends {
            let mut changed = large.clone();
            changed[byte] ^= 1;
            assert_eq!(opened(&changed), Err(Unopenable), "byte {byte}");
        }
    }

    #[test]
    fn a_cut_file_is_refused_wherever_it_was_cut() {
        let small = sealed(b"canary");
        for length in 0..small.len() {
            assert_eq!(opened(&small[..length]), Err(Unopenable), "{length}");
        }
        let large = sealed(&plain(2 * CHUNK + 5));
        for length in [36, 36 + CHUNK, 36 + CHUNK + TAG, 36 + 2 * (CHUNK + TAG), large.len() - 1] {
            assert_eq!(opened(&large[..length]), Err(Unopenable), "{length}");
        }
        // The chunks but the last one are whole: what is missing is only that somebody said "the last".
        let even = sealed(&plain(2 * CHUNK));
        assert_eq!(opened(&even[..36 + CHUNK + TAG]), Err(Unopenable));
    }

    #[test]
    fn swapped_repeated_and_added_chunks_are_refused() {
        let file = sealed(&plain(3 * CHUNK));
        let chunk = |number: usize| &file[36 + number * (CHUNK + TAG)..36 + (number + 1) * (CHUNK + TAG)];
        let together = |parts: &[&[u8]]| [&[&file[..36]], parts].concat().concat();
        assert!(opened(&together(&[chunk(0), chunk(1), chunk(2)])).is_ok());
        assert_eq!(opened(&together(&[chunk(1), chunk(0), chunk(2)])), Err(Unopenable));
        assert_eq!(opened(&together(&[chunk(0), chunk(0), chunk(2)])), Err(Unopenable));
        assert_eq!(opened(&together(&[chunk(0), chunk(2)])), Err(Unopenable));
        assert_eq!(opened(&together(&[chunk(0), chunk(1), chunk(2), chunk(2)])), Err(Unopenable));
        for more in [1, TAG, TAG + 1] {
            assert_eq!(opened(&together(&[chunk(0), chunk(1), chunk(2), &vec![0; more]])), Err(Unopenable), "{more}");
        }
    }

    #[test]
    fn a_chunk_of_another_file_is_refused() {
        let [one, other] = [5, 6].map(|salt| {
            let mut sealer = Sealer::salted(&root(1), NAME, [salt; 32]);
            sealer.push(b"canary");
            sealer.finish()
        });
        assert!(opened(&one).is_ok());
        assert_eq!(opened(&[&one[..36], &other[36..]].concat()), Err(Unopenable));
    }
}
