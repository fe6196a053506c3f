//! A flight recorder: what the device's last callbacks were like, kept in memory that was set aside before.
//!
//! [`Measured`](crate::load::Measured) writes a [`Call`] for each callback, an engine one
//! [`NodeSpan`](patchline_graph::NodeSpan) for each node in some of them. Writing costs a few stores; who wants to know reads
//! at any moment, on any thread. Older calls are overwritten.
//!
//! When the device tells of an xrun, [`diagnose`] says from these records whose fault it was.
//!
//! ```
//! use patchline_graph::TimeSource;
//! use patchline_io::flight::recorder;
//! use patchline_io::load::Measured;
//! use patchline_io::{Block, Callback, FnCallback};
//!
//! let silence = FnCallback(|_: Block, _: &[&[f32]], _: &mut [&mut [f32]]| {});
//! let (writer, flight) = recorder(1_000);
//! let (callback, _load) = Measured::with_clock(silence, 48_000, TimeSource::monotonic());
//! let mut callback = callback.recorded(writer);
//! for block in 0..3 {
//!     callback.process(Block { frames: 64, position: 64 * block, discontinuity: false }, &[], &mut []);
//! }
//! let calls = flight.read().calls;
//! assert_eq!(calls.len(), 3);
//! println!("the last one began at {:?} and took {:?}", calls[2].begins, calls[2].lasts);
//! ```

mod cause;

use std::time::Duration;

use patchline_graph::lapped::{self, LappedReader, LappedWriter, lapped};

pub use self::cause::{Cause, Diagnosis, Scene, diagnose};
use crate::Block;

/// Words of a call in its ring.
const WORDS: usize = 4;
/// The most calls that [`calls_in`] asks for: 5 MiB.
const MOST: usize = 1 << 17;

/// One callback.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_io::flight::Call;
///
/// let call = Call { frames: 480, lasts: Duration::from_millis(4), ..Call::default() };
/// assert_eq!(call.period(48_000), Duration::from_millis(10));
/// assert!(call.lasts < call.period(48_000));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// Which one, counted from 0.
    pub index: u64,
    /// When it began, by the clock that measures.
    pub begins: Duration,
    /// How long it took.
    pub lasts: Duration,
    /// Its block's frames.
    pub frames: usize,
    /// The device's frame that its block starts at.
    pub position: u64,
    /// Whether its block did not follow the one before: frames were lost.
    pub discontinuity: bool,
}

/// The calls that are still there.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_io::Block;
/// use patchline_io::flight::{Calls, recorder};
///
/// let (mut writer, flight) = recorder(2);
/// for position in [0, 64, 128] {
///     writer.note(Block { frames: 64, position, discontinuity: false }, Duration::ZERO, Duration::ZERO);
/// }
/// let Calls { calls, written, torn } = flight.read();
/// assert_eq!((calls.len(), calls[0].position, written, torn), (2, 64, 3, 0));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// The oldest first.
    pub calls: Vec<Call>,
    /// Calls since the recorder was made.
    pub written: u64,
    /// Calls that were overwritten while they were read.
    pub torn: u64,
}

/// A recorder of the last `capacity` calls, at least 1: 40 bytes each, all of them touched.
///
/// ```
/// use patchline_io::flight::{calls_in, recorder};
/// use std::time::Duration;
///
/// // The last half minute.
/// let (_writer, flight) = recorder(calls_in(Duration::from_secs(30), 48_000, 128));
/// assert_eq!((flight.capacity(), flight.read().written), (11_250, 0));
/// ```
#[must_use]
pub fn recorder(capacity: usize) -> (FlightWriter, FlightReader) {
    let (writer, reader) = lapped(capacity);
    (FlightWriter(writer), FlightReader(reader))
}

/// How many calls there are in so many seconds with blocks of `block` frames, but at most 131 072: what takes 5 MiB.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_io::flight::calls_in;
///
/// assert_eq!(calls_in(Duration::from_secs(1), 48_000, 64), 750);
/// // However short blocks are, it does not take the machine's memory.
/// assert_eq!(calls_in(Duration::from_secs(86_400), 192_000, 1), 131_072);
/// ```
#[must_use]
pub fn calls_in(time: Duration, rate: u32, block: usize) -> usize {
    let calls = time.as_secs_f64() * f64::from(rate) / block.max(1) as f64;
    (calls.ceil() as usize).clamp(1, MOST)
}

/// Bytes that a recorder of `capacity` calls takes.
///
/// ```
/// use patchline_io::flight::footprint;
///
/// assert_eq!(footprint(1_000), 40_000);
/// ```
#[must_use]
pub const fn footprint(capacity: usize) -> usize {
    lapped::footprint::<WORDS>(capacity)
}

/// The device's end.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_io::Block;
/// use patchline_io::flight::recorder;
///
/// // What `Measured` does for you: a callback began 5 ms after the clock's start, and took 1 ms.
/// let (mut writer, flight) = recorder(100);
/// let block = Block { frames: 64, position: 0, discontinuity: false };
/// writer.note(block, Duration::from_millis(5), Duration::from_millis(1));
/// assert_eq!(flight.read().calls[0].lasts, Duration::from_millis(1));
/// ```
#[derive(Debug)]
pub struct FlightWriter(LappedWriter<WORDS>);

/// The control thread's end. Clones read the same calls.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_io::Block;
/// use patchline_io::flight::recorder;
///
/// let (mut writer, flight) = recorder(100);
/// assert_eq!(flight.capacity(), 100);
/// for position in [0, 64, 128] {
///     writer.note(Block { frames: 64, position, discontinuity: false }, Duration::ZERO, Duration::ZERO);
/// }
/// assert_eq!((flight.read().calls.len(), flight.last(1).calls[0].position), (3, 128));
/// ```
#[derive(Clone, Debug)]
pub struct FlightReader(LappedReader<WORDS>);

impl FlightWriter {
    /// Notes a callback that began and lasted so long.
    ///
    /// # Real-time
    /// Seven stores: never allocates, locks, waits or fails.
    #[inline]
    pub fn note(&mut self, block: Block, begins: Duration, lasts: Duration) {
        let frames = (block.frames as u64) << 1 | u64::from(block.discontinuity);
        self.0.write([nanos(begins), nanos(lasts), block.position, frames]);
    }
}

impl FlightReader {
    /// All calls that are there now.
    #[must_use]
    pub fn read(&self) -> Calls {
        self.last(usize::MAX)
    }

    /// The last `count` of them, or as many as there are.
    #[must_use]
    pub fn last(&self, count: usize) -> Calls {
        let kept = self.0.last(count);
        let first = kept.written - kept.records.len() as u64;
        let call = |(index, [begins, lasts, position, frames]): (u64, [u64; WORDS])| Call {
            index,
            begins: Duration::from_nanos(begins),
            lasts: Duration::from_nanos(lasts),
            frames: (frames >> 1) as usize,
            position,
            discontinuity: frames & 1 == 1,
        };
        Calls { calls: (first..).zip(kept.records).map(call).collect(), written: kept.written, torn: kept.torn }
    }

    /// How many calls fit.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl Call {
    /// The time that its frames last on a device of `rate` Hz: what it may take.
    #[must_use]
    pub fn period(&self, rate: u32) -> Duration {
        Duration::from_secs_f64(self.frames as f64 / f64::from(rate.max(1)))
    }
}

/// Five hundred years fit.
#[inline]
fn nanos(time: Duration) -> u64 {
    time.as_secs().wrapping_mul(1_000_000_000).wrapping_add(u64::from(time.subsec_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_come_back_as_they_were_noted() {
        let (mut writer, reader) = recorder(3);
        for index in 0..5 {
            let block = Block { frames: 100 + index, position: 1 << 40, discontinuity: index == 3 };
            writer.note(block, Duration::from_millis(index as u64), Duration::from_nanos(7));
        }
        let Calls { calls, written, torn } = reader.read();
        assert_eq!((calls.len(), written, torn), (3, 5, 0));
        let expected = Call {
            index: 3,
            begins: Duration::from_millis(3),
            lasts: Duration::from_nanos(7),
            frames: 103,
            position: 1 << 40,
            discontinuity: true,
        };
        assert_eq!((calls[1], calls[2].index, calls[2].discontinuity), (expected, 4, false));
        assert_eq!(reader.last(1).calls, calls[2..]);
    }

    #[test]
    fn a_minute_is_kept_within_reason() {
        let minute = Duration::from_secs(60);
        assert_eq!(calls_in(minute, 48_000, 64), 45_000);
        assert_eq!(calls_in(minute, 48_000, 0), MOST);
        assert_eq!(calls_in(minute, 1, 1 << 20), 1);
        assert_eq!(footprint(MOST), 5 << 20);
    }
}
