//! A ring that overwrites its oldest records: one thread writes and never waits, another reads what is still there.
//!
//! What a flight recorder needs: the writer is the audio thread, which must not care whether anybody reads. A reader may
//! be overtaken at any moment; a record that was overwritten while it was read is dropped and counted, never torn.
//!
//! ```
//! use patchline_graph::lapped::lapped;
//!
//! let (mut writer, reader) = lapped::<2>(4);
//! (0..6).for_each(|n| writer.write([n, 10 * n]));
//! let kept = reader.read();
//! assert_eq!(kept.records, [[2, 20], [3, 30], [4, 40], [5, 50]]);
//! assert_eq!((kept.written, kept.torn), (6, 0));
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// The two ends of a ring of `capacity` records (at least 1) of `W` words each. Every page of it has been written to.
///
/// ```
/// use patchline_graph::lapped::lapped;
///
/// let (mut writer, reader) = lapped::<1>(2);
/// (0..3).for_each(|n| writer.write([n]));
/// assert_eq!(reader.read().records, [[1], [2]]);
/// ```
#[must_use]
pub fn lapped<const W: usize>(capacity: usize) -> (LappedWriter<W>, LappedReader<W>) {
    let slots: Arc<[Slot<W>]> = (0..capacity.max(1)).map(|_| Slot::new()).collect();
    let ring = Arc::new(Ring { slots, written: AtomicU64::new(0) });
    (LappedWriter { ring: Arc::clone(&ring), next: 0, at: 0 }, LappedReader(ring))
}

/// Bytes that a ring of `capacity` records of `W` words takes.
///
/// ```
/// use patchline_graph::lapped::footprint;
///
/// // The words of 1,000 records, and what seals each of them.
/// assert_eq!(footprint::<2>(1_000), 1_000 * (2 + 1) * 8);
/// ```
#[must_use]
pub const fn footprint<const W: usize>(capacity: usize) -> usize {
    capacity.saturating_mul(size_of::<Slot<W>>())
}

/// The writing end.
///
/// ```
/// use patchline_graph::lapped::lapped;
///
/// let (mut writer, reader) = lapped::<2>(16);
/// let audio = std::thread::spawn(move || (0..100).for_each(|call| writer.write([call, 64])));
/// // To be read at any moment, while it is written to as well as afterwards.
/// assert!(reader.read().written <= 100);
/// audio.join().unwrap();
/// assert_eq!(reader.last(1).records, [[99, 64]]);
/// ```
#[derive(Debug)]
pub struct LappedWriter<const W: usize> {
    ring: Arc<Ring<W>>,
    /// Records written so far, and the slot of the next one.
    next: u64,
    at: usize,
}

/// The reading end. Clones read the same ring.
///
/// ```
/// use patchline_graph::lapped::lapped;
///
/// let (mut writer, reader) = lapped::<1>(8);
/// (0..20).for_each(|n| writer.write([n]));
/// let another = reader.clone();
/// assert_eq!((reader.capacity(), reader.read().records.len()), (8, 8));
/// assert_eq!(another.last(2).records, [[18], [19]]);
/// ```
#[derive(Clone, Debug)]
pub struct LappedReader<const W: usize>(Arc<Ring<W>>);

/// What a ring held.
///
/// ```
/// use patchline_graph::lapped::{Kept, lapped};
///
/// let (mut writer, reader) = lapped::<1>(2);
/// (0..5).for_each(|n| writer.write([n]));
/// assert_eq!(reader.read(), Kept { records: vec![[3], [4]], written: 5, torn: 0 });
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept<const W: usize> {
    /// The records, the oldest first, one after the other up to the newest.
    pub records: Vec<[u64; W]>,
    /// Records written since the ring was made; those that are not here were overwritten, or are torn.
    pub written: u64,
    /// Records that were overwritten while they were read, or soon after.
    pub torn: u64,
}

#[derive(Debug)]
struct Ring<const W: usize> {
    slots: Arc<[Slot<W>]>,
    written: AtomicU64,
}

/// A record and its seal: twice its number plus two when it is whole, odd while it is written, 0 when it never was.
#[derive(Debug)]
struct Slot<const W: usize> {
    seal: AtomicU64,
    words: [AtomicU64; W],
}

impl<const W: usize> Slot<W> {
    fn new() -> Self {
        Self { seal: AtomicU64::new(0), words: [const { AtomicU64::new(0) }; W] }
    }

    /// Boehm, Can seqlocks get along with programming language memory models, 2012.
    fn read(&self, number: u64) -> Option<[u64; W]> {
        let seal = 2 * number + 2;
        let before = self.seal.load(Ordering::Acquire);
        let words = std::array::from_fn(|word| self.words[word].load(Ordering::Relaxed));
        fence(Ordering::Acquire);
        let after = self.seal.load(Ordering::Relaxed);
        (before == seal && after == seal).then_some(words)
    }
}

impl<const W: usize> LappedWriter<W> {
    /// Adds a record, in the place of the oldest one if the ring is full.
    ///
    /// # Real-time
    /// `W` + 3 plain stores: never allocates, locks, waits or fails.
    #[inline]
    pub fn write(&mut self, record: [u64; W]) {
        let slot = &self.ring.slots[self.at];
        slot.seal.store(2 * self.next + 1, Ordering::Relaxed);
        // Whoever sees a word of this record sees the odd seal, too.
        fence(Ordering::Release);
        for (word, value) in slot.words.iter().zip(record) {
            word.store(value, Ordering::Relaxed);
        }
        self.next += 1;
        slot.seal.store(2 * self.next, Ordering::Release);
        self.ring.written.store(self.next, Ordering::Release);
        self.at = if self.at + 1 == self.ring.slots.len() { 0 } else { self.at + 1 };
    }
}

impl<const W: usize> LappedReader<W> {
    /// All records that are there now, the oldest first.
    #[must_use]
    pub fn read(&self) -> Kept<W> {
        self.last(usize::MAX)
    }

    /// The last `count` of them, or as many as there are, the oldest first.
    #[must_use]
    pub fn last(&self, count: usize) -> Kept<W> {
        let written = self.0.written.load(Ordering::Acquire);
        let there = written.min(self.0.slots.len() as u64).min(count as u64);
        let mut kept = Kept { records: Vec::with_capacity(there as usize), written, torn: 0 };
        for number in written - there..written {
            let slot = &self.0.slots[(number % self.0.slots.len() as u64) as usize];
            match slot.read(number) {
                Some(words) => kept.records.push(words),
                None => {
                    // Those before it were overwritten, too: what is told is without holes.
                    kept.torn += 1 + kept.records.len() as u64;
                    kept.records.clear();
                }
            }
        }
        kept
    }

    /// How many records fit.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.0.slots.len()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[test]
    fn the_newest_stay_and_the_last_few_can_be_asked_for() {
        let (mut writer, reader) = lapped::<1>(3);
        assert_eq!(reader.read(), Kept::default());
        for n in 0..1_000 {
            writer.write([n]);
            let kept = reader.read();
            let expected: Vec<[u64; 1]> = (n.saturating_sub(2)..=n).map(|n| [n]).collect();
            assert_eq!((kept.records, kept.written, kept.torn), (expected, n + 1, 0));
            assert_eq!(reader.last(1).records, [[n]]);
        }
    }

    /// A record that was begun and not finished is none: what a reader sees whom the writer overtakes.
    #[test]
    fn a_record_half_written_is_torn() {
        let (mut writer, reader) = lapped::<2>(2);
        (0..2).for_each(|n| writer.write([n, n]));
        writer.ring.slots[0].seal.store(2 * 2 + 1, Ordering::Relaxed);
        writer.ring.slots[0].words[0].store(2, Ordering::Relaxed);
        assert_eq!(reader.read(), Kept { records: vec![[1, 1]], written: 2, torn: 1 });
    }

    /// All words of what is read belong together and nothing comes twice, whatever the writer does meanwhile.
    #[test]
    fn readers_that_are_overtaken_see_whole_records_only() {
        let (mut writer, reader) = lapped::<4>(8);
        let end = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                (0..).take_while(|_| !end.load(Ordering::Relaxed)).for_each(|n: u64| {
                    writer.write([n, !n, n ^ 0x5555, n.rotate_left(32)]);
                });
            });
            let mut seen = 0;
            while seen < 200_000 {
                let kept = reader.read();
                assert!(kept.records.len() as u64 + kept.torn <= 8);
                for [n, not, xored, rotated] in &kept.records {
                    assert!(*not == !n && *xored == n ^ 0x5555 && *rotated == n.rotate_left(32), "a torn record");
                }
                assert!(kept.records.windows(2).all(|pair| pair[1][0] == pair[0][0] + 1), "without holes");
                seen += kept.records.len();
            }
            end.store(true, Ordering::Relaxed);
        });
        let kept = reader.read();
        assert_eq!((kept.records.len(), kept.torn), (8, 0), "the writer rests");
    }
}
