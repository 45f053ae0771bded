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
        self.put(self.sectors.iter().filter(|(_, sector)| sector.dirty))?;
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
        self.tear(random)?;
        for sector in self.sectors.values_mut() {
            sector.dirty = false;
        }
        Ok(())
    }

    /// Has the operating system write back some of what is dirty, here and there in some part of the file. It stays dirty: a
    /// later sync writes it again.
    pub(crate) fn write_back(&self, random: &mut Sequence) -> io::Result<()> {
        let start = random.below(self.length.div_ceil(SECTOR).max(1));
        let near = self.sectors.range(start..).take(16);
        self.put(near.filter(|(_, sector)| sector.dirty && random.coin()))
    }

    /// Writes half of what is dirty.
    fn tear(&self, random: &mut Sequence) -> io::Result<()> {
        self.put(self.sectors.iter().filter(|(_, sector)| sector.dirty && random.coin()))
    }

    /// What a crash leaves of it.
    pub(crate) fn crash(mut self, random: &mut Sequence) -> io::Result<()> {
        if random.coin() {
            self.settle_cut()?;
        }
        self.tear(random)
    }

    fn settle_cut(&mut self) -> io::Result<()> {
        if let Some(cut) = self.cut.take()
            && self.real.metadata()?.len() > cut
        {
            self.real.set_len(cut)?;
        }
        Ok(())
    }

    /// Writes sectors to the disk, neighbours in one go.
    fn put<'s>(&self, sectors: impl Iterator<Item = (&'s u64, &'s Sector)>) -> io::Result<()> {
        let (mut start, mut run) = (0, Vec::new());
        for (index, sector) in sectors {
            let from = index * SECTOR;
            if from != start + run.len() as u64 {
                self.real.write_all_at(&run, start)?;
                start = from;
                run.clear();
            }
            // The last one may end before its end.
            let bytes = self.length.saturating_sub(from).min(SECTOR);
            run.extend_from_slice(&sector.bytes[..bytes as usize]);
        }
        self.real.write_all_at(&run, start)
    }
}
