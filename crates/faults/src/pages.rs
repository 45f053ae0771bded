//! One file: what is on the disk, and what was written and not yet synced.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use crate::random::Sequence;

/// Bytes of a sector, the most that a disk writes in one piece.
const SECTOR: u64 = 512;

#[derive(Debug)]
struct Sector {
    bytes: [u8; SECTOR as usize],
    /// Will be written by the next sync. Not so after a failed one: then it reads as if it were written, until it is not.
    dirty: bool,
}

/// A file as the process sees it, over the file as the disk has it.
#[derive(Debug)]
pub(crate) struct Pages {
    real: Arc<File>,
    length: u64,
    /// The shortest that it was cut to since the last sync: behind this, nothing counts that the disk has.
    cut: Option<u64>,
    sectors: BTreeMap<u64, Sector>,
}

impl Pages {
    pub(crate) fn new(real: File) -> io::Result<Self> {
        let length = real.metadata()?.len();
        Ok(Self { real: Arc::new(real), length, cut: None, sectors: BTreeMap::new() })
    }

    pub(crate) const fn length(&self) -> u64 {
        self.length
    }

    /// The file on the disk, to be synced.
    pub(crate) fn real(&self) -> Arc<File> {
        Arc::clone(&self.real)
    }

    /// Whether the disk has everything.
    pub(crate) fn is_clean(&self) -> bool {
        self.sectors.is_empty() && self.cut.is_none()
    }

    /// Sectors that a crash may lose.
    pub(crate) fn unsynced(&self) -> usize {
        self.sectors.len()
    }

    /// Reads; says how many bytes there were. What is behind the end is zero.
    pub(crate) fn read(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        into.fill(0);
        let there = self.length.saturating_sub(offset).min(into.len() as u64) as usize;
        let into = &mut into[..there];
        let on_disk = self.cut.unwrap_or(u64::MAX).saturating_sub(offset).min(there as u64) as usize;
        let mut done = 0;
        while done < on_disk {
            match self.real.read_at(&mut into[done..on_disk], offset + done as u64)? {
                0 => break,
                more => done += more,
            }
        }
        let end = offset + there as u64;
        for (index, sector) in self.sectors.range(offset / SECTOR..end.div_ceil(SECTOR)) {
            let start = index * SECTOR;
            let (from, to) = (start.max(offset), (start + SECTOR).min(end));
            let bytes = &sector.bytes[(from - start) as usize..(to - start) as usize];
            into[(from - offset) as usize..(to - offset) as usize].copy_from_slice(bytes);
        }
        Ok(there)
    }

    /// Writes, into memory only.
    pub(crate) fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let end = offset + bytes.len() as u64;
        for index in offset / SECTOR..end.div_ceil(SECTOR) {
            let start = index * SECTOR;
            let mut sector = [0; SECTOR as usize];
            self.read(start, &mut sector)?;
            let (from, to) = (start.max(offset), (start + SECTOR).min(end));
            sector[(from - start) as usize..(to - start) as usize]
                .copy_from_slice(&bytes[(from - offset) as usize..(to - offset) as usize]);
            self.sectors.insert(index, Sector { bytes: sector, dirty: true });
        }
        self.length = self.length.max(end);
        Ok(())
    }

    /// Cuts to a length, or lengthens with zeros, in memory only.
    pub(crate) fn resize(&mut self, length: u64) {
        if length < self.length {
            self.cut = Some(self.cut.unwrap_or(u64::MAX).min(length));
            self.sectors.split_off(&length.div_ceil(SECTOR));
            if let Some(last) = self.sectors.get_mut(&(length / SECTOR)) {
                last.bytes[(length % SECTOR) as usize..].fill(0);
            }
        } else if length > self.length {
            // So that the next sync has something to do, and a crash something to lose.
            self.cut = Some(self.cut.unwrap_or(u64::MAX).min(self.length));
        }
        self.length = length;
    }

    /// What a sync does before it waits for the disk.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.settle_cut()?;
        for (index, sector) in &self.sectors {
            if sector.dirty {
                self.put(*index, sector)?;
            }
        }
        self.sectors.retain(|_, sector| !sector.dirty);
        if self.real.metadata()?.len() != self.length {
            self.real.set_len(self.length)?;
        }
        Ok(())
    }

    /// A sync that fails: some of it is written, and the rest never will be unless it is written anew, although it still reads
    /// as if it were there.
    pub(crate) fn fail_flush(&mut self, random: &mut Sequence) -> io::Result<()> {
        self.settle_cut()?;
        self.write_back(|| random.coin())?;
        for sector in self.sectors.values_mut() {
            sector.dirty = false;
        }
        Ok(())
    }

    /// Has the operating system write back what it likes of what is dirty. It stays dirty: a later sync writes it again.
    pub(crate) fn write_back(&self, mut likes: impl FnMut() -> bool) -> io::Result<()> {
        for (index, sector) in &self.sectors {
            if sector.dirty && likes() {
                self.put(*index, sector)?;
            }
        }
        Ok(())
    }

    /// What a crash leaves of it.
    pub(crate) fn crash(mut self, random: &mut Sequence) -> io::Result<()> {
        if random.coin() {
            self.settle_cut()?;
        }
        self.write_back(|| random.coin())
    }

    fn settle_cut(&mut self) -> io::Result<()> {
        if let Some(cut) = self.cut.take()
            && self.real.metadata()?.len() > cut
        {
            self.real.set_len(cut)?;
        }
        Ok(())
    }

    fn put(&self, index: u64, sector: &Sector) -> io::Result<()> {
        let start = index * SECTOR;
        let bytes = self.length.saturating_sub(start).min(SECTOR);
        self.real.write_all_at(&sector.bytes[..bytes as usize], start)
    }
}
