//! What each node did in the calls that were timed: one record for each time it ran, kept in a ring that overwrites.

use std::time::Duration;

use crate::event::Instance;
use crate::lapped::{LappedReader, LappedWriter};

/// One run of a node, timed.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use patchline_graph::{NodeSpan, StreamSpec, TimeSource, Timing, engine_timed};
///
/// // By a clock that stands still, so that the outcome is known.
/// let timing = Timing { time: TimeSource::new(|| Duration::ZERO), spans: 10 };
/// let (mut engine, mut renderer) = engine_timed(StreamSpec::new(48_000, 64, 1, 1), timing);
/// engine.profile(std::num::NonZeroU32::new(1));
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// engine.load(trim(0.5))?;
/// renderer.render(64, &[&[1.0; 64]], &mut [&mut [0.0; 64]]);
/// let NodeSpan { node, begins, lasts, frames, .. } = engine.spans().spans.remove(0);
/// assert_eq!((node.as_deref(), frames), (Some("trim"), 64));
/// assert_eq!((begins, lasts), (Duration::ZERO, Duration::ZERO));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSpan {
    /// The node's name; `None` for one that is long gone.
    pub node: Option<String>,
    /// Which call of `render` it was, counted from 0.
    pub call: u64,
    /// When it began, by the engine's [`TimeSource`](crate::TimeSource).
    pub begins: Duration,
    /// How long it took, with gathering what it reads.
    pub lasts: Duration,
    /// Frames it processed. A call that is cut into pieces runs a node once for each.
    pub frames: usize,
}

/// The spans that are still there.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{NodeSpans, StreamSpec, Timing, engine_timed};
///
/// let timing = Timing { spans: 4, ..Timing::default() };
/// let (mut engine, mut renderer) = engine_timed(StreamSpec::new(48_000, 64, 1, 1), timing);
/// engine.profile(std::num::NonZeroU32::new(1));
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// engine.load(trim(0.5))?;
/// (0..100).for_each(|_| renderer.render(64, &[&[1.0; 64]], &mut [&mut [0.0; 64]]));
/// let NodeSpans { spans, written, torn, lost } = engine.spans();
/// assert_eq!((spans.len(), torn, lost), (4, 0, 0));
/// assert!(written > 4);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeSpans {
    /// The oldest first.
    pub spans: Vec<NodeSpan>,
    /// Spans recorded since the engine was made.
    pub written: u64,
    /// Spans that were overwritten while they were read.
    pub torn: u64,
    /// Spans that were never recorded: of several threads, each has room for 4,096 in one piece of a block.
    pub lost: u64,
}

/// Words of a span in its ring.
pub(crate) const WORDS: usize = 5;

pub(crate) type SpanWriter = LappedWriter<WORDS>;
pub(crate) type SpanReader = LappedReader<WORDS>;

/// A span as it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawSpan {
    pub(crate) instance: Instance,
    pub(crate) call: u64,
    pub(crate) begins: Duration,
    pub(crate) lasts: Duration,
    pub(crate) frames: usize,
}

impl RawSpan {
    pub(crate) fn words(self) -> [u64; WORDS] {
        let Instance { seat, generation } = self.instance;
        let instance = u64::from(seat) << 32 | u64::from(generation);
        [instance, self.call, nanos(self.begins), nanos(self.lasts), self.frames as u64]
    }

    pub(crate) fn of([instance, call, begins, lasts, frames]: [u64; WORDS]) -> Self {
        Self {
            instance: Instance { seat: (instance >> 32) as u32, generation: instance as u32 },
            call,
            begins: Duration::from_nanos(begins),
            lasts: Duration::from_nanos(lasts),
            frames: frames as usize,
        }
    }
}

/// A span of time in nanoseconds: five hundred years fit.
pub(crate) fn nanos(time: Duration) -> u64 {
    time.as_secs().wrapping_mul(1_000_000_000).wrapping_add(u64::from(time.subsec_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_survives_its_ring() {
        let span = RawSpan {
            instance: Instance { seat: 7, generation: u32::MAX },
            call: 1 << 40,
            begins: Duration::new(3_600, 5),
            lasts: Duration::from_nanos(900),
            frames: 64,
        };
        assert_eq!(RawSpan::of(span.words()), span);
    }
}
