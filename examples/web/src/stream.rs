//! What the browser gives: two channels each way, in blocks of 128 frames.

use patchline_graph::StreamSpec;
use patchline_patch::EngineSettings;

/// Channels in and channels out. The browser mixes to and from what its devices have.
pub(crate) const CHANNELS: usize = 2;
/// Frames in a block: the render quantum.
pub(crate) const BLOCK: usize = 128;
/// The most memory of a patch, in bytes: a failed allocation would end the instance.
const MOST_MEMORY: usize = 256 << 20;

/// The stream at a rate in Hz.
pub(crate) fn stream(rate: u32) -> StreamSpec {
    StreamSpec { max_memory: MOST_MEMORY, ..StreamSpec::new(rate, BLOCK, CHANNELS, CHANNELS) }
}

/// The stream as a patch wants it, within what there is.
pub(crate) fn wanted(settings: &EngineSettings, stream: &StreamSpec) -> StreamSpec {
    let mut wanted = stream.clone();
    settings.apply(&mut wanted);
    StreamSpec { max_memory: wanted.max_memory.min(MOST_MEMORY), threads: 1, ..wanted }
}
