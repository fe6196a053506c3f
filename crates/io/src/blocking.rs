//! A device for threads that may wait: read what it records, write what it plays, as from a file.
//!
//! [`stream`] makes a [`Pump`], the callback for any [`Backend`](crate::Backend), and a [`Stream`] for whoever wants the
//! frames. Between them are two rings; all waiting is done by the stream, on its own thread. What did not fit the one
//! or was missing in the other is told by the next call, frame by frame.
//!
//! ```
//! use patchline_io::Backend;
//! use patchline_io::blocking::stream;
//! use patchline_io::null::{Null, NullConfig};
//!
//! let mut device = Null::open(NullConfig { inputs: 1, outputs: 2, ..NullConfig::default() })?;
//! let (pump, mut stream) = stream(device.spec(), 4_800)?;
//! device.start(pump)?;
//!
//! // Half a second of silence out, interleaved: left, right, left, right …
//! let gap = stream.write(&vec![0.0; 2 * 24_000])?;
//! if gap > 0 {
//!     println!("{gap} frames of silence were heard before: nobody wrote in time");
//! }
//! // A tenth of a second in.
//! let recorded = stream.read(4_800)?;
//! assert_eq!(recorded.samples.len(), 4_800);
//! if recorded.lost > 0 {
//!     println!("{} frames are missing: nobody read them in time", recorded.lost);
//! }
//! // What there is by now, without waiting.
//! let more = stream.read_available().samples.len();
//! assert!(more <= 4_800);
//! device.stop()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod pump;
mod waiting;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use patchline_graph::touched;

pub use self::pump::Pump;
pub use self::waiting::{Read, Stream, StreamError};
use crate::settings::{MAX_BLOCK, within};
use crate::{DeviceSpec, IoError};

/// Losses that are kept apart from each other until they are read. More are told at a later place.
const GAPS: usize = 256;
/// How long a stream waits for a device that does not call.
const PATIENCE: Duration = Duration::from_secs(2);

/// A callback for a device, and a stream to and from it with room for `frames` frames each way: 1 to 1 048 576, and at
/// least the device's usual block.
///
/// ```
/// use patchline_io::blocking::stream;
/// use patchline_io::null::{Null, NullConfig};
/// use patchline_io::Backend;
///
/// let mut device = Null::open(NullConfig::default())?;
/// // A tenth of a second each way.
/// let (pump, mut stream) = stream(device.spec(), 4_800)?;
/// device.start(pump)?;
/// assert_eq!(stream.read(256)?.samples, [0.0; 512]);
/// device.stop()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`IoError::Setting`] for a room out of range.
pub fn stream(spec: &DeviceSpec, frames: usize) -> Result<(Pump, Stream), IoError> {
    let least = spec.max_frames.clamp(1, MAX_BLOCK) as u64;
    let allowed = "at least the device's longest block, and at most 1048576 frames";
    within("the stream's room", frames as u64, least..=MAX_BLOCK as u64, allowed)?;
    let (recorded, to_read) = touched::ring(frames * spec.inputs);
    let (to_play, written) = touched::ring(frames * spec.outputs);
    let (gaps, gaps_read) = touched::ring(GAPS);
    let missed = Arc::new(AtomicU64::new(0));
    let pump = Pump::new(recorded, written, gaps, Arc::clone(&missed), (spec.inputs, spec.outputs));
    let stream = Stream::new(to_read, to_play, gaps_read, missed, spec, PATIENCE);
    Ok((pump, stream))
}
