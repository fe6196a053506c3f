//! A block as it stands in the file.

/// The most frames of one block.
const MOST_FRAMES: usize = 1 << 20;
/// The most samples of one block, in and out together: what no capture of a device can have.
pub(crate) const MOST_SAMPLES: usize = 1 << 26;
/// The most channels of one side.
pub(crate) const MOST_CHANNELS: usize = patchline_io::channels::MAX_CHANNELS;
/// The most blocks and frames that can be missing at one place.
pub(crate) const MOST_MISSING: u64 = 1 << 40;

/// A block that the callback got.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlockRecord {
    /// Its frames.
    pub frames: usize,
    /// The device's frame that it starts at.
    pub position: u64,
    /// Whether it does not follow the one before.
    pub discontinuity: bool,
    /// Frames that the renderer had rendered before.
    pub frame: u64,
    /// Messages that the renderer had taken in after it, in all.
    pub messages: u64,
    /// Blocks before it that found no room on their way to the file.
    pub missing_blocks: u64,
    /// Their frames.
    pub missing_frames: u64,
    /// A hash of the bits of its output.
    pub hash: u64,
    /// What came in: channels × frames.
    pub inputs: Samples,
    /// What went out, where that is kept.
    pub outputs: Option<Samples>,
}

/// Samples of a block: channels × frames, each channel in one piece.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    pub(crate) channels: usize,
    pub(crate) samples: Vec<f32>,
}

impl Samples {
    /// How many channels there are.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// One channel, all its frames.
    #[must_use]
    pub fn channel(&self, index: usize) -> &[f32] {
        let frames = self.samples.len() / self.channels.max(1);
        &self.samples[index * frames..][..frames]
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        for index in 0..self.channels {
            let channel = self.channel(index);
            // A channel that nothing is plugged into costs one byte.
            let silent = channel.iter().all(|sample| sample.to_bits() == 0);
            bytes.push(u8::from(!silent));
            if !silent {
                channel.iter().for_each(|sample| bytes.extend(sample.to_bits().to_le_bytes()));
            }
        }
    }

    fn read(bytes: &mut &[u8], channels: usize, frames: usize) -> Option<Self> {
        let mut samples = Vec::new();
        for index in 0..channels {
            match take::<1>(bytes)? {
                [0] => {}
                [1] => {
                    samples.resize(index * frames, 0.0);
                    let (these, rest) = bytes.split_at_checked(4 * frames)?;
                    *bytes = rest;
                    let words = these.chunks_exact(4).map(|word| [word[0], word[1], word[2], word[3]]);
                    samples.extend(words.map(|word| f32::from_bits(u32::from_le_bytes(word))));
                }
                _ => return None,
            }
        }
        samples.resize(channels * frames, 0.0);
        Some(Self { channels, samples })
    }
}

impl BlockRecord {
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        let outputs = self.outputs.as_ref();
        let flags = u32::from(self.discontinuity) | u32::from(outputs.is_some()) << 1;
        let channels = [self.inputs.channels, outputs.map_or(0, |outputs| outputs.channels)];
        [self.frames as u32, flags, channels[0] as u32, channels[1] as u32]
            .iter()
            .for_each(|word| bytes.extend(word.to_le_bytes()));
        [self.position, self.frame, self.messages, self.missing_blocks, self.missing_frames, self.hash]
            .iter()
            .for_each(|word| bytes.extend(word.to_le_bytes()));
        self.inputs.write(bytes);
        if let Some(outputs) = outputs {
            outputs.write(bytes);
        }
    }

    /// `None` for bytes that are none of ours.
    pub(crate) fn read(mut bytes: &[u8]) -> Option<Self> {
        let bytes = &mut bytes;
        let frames = small(bytes)?;
        let flags = small(bytes)?;
        let (inputs, outputs) = (small(bytes)?, small(bytes)?);
        let fits = frames <= MOST_FRAMES
            && inputs.max(outputs) <= MOST_CHANNELS
            && frames * (inputs + outputs) <= MOST_SAMPLES
            && flags < 4;
        if !fits {
            return None;
        }
        let [position, frame, messages, missing_blocks, missing_frames, hash] =
            [large(bytes)?, large(bytes)?, large(bytes)?, large(bytes)?, large(bytes)?, large(bytes)?];
        let record = Self {
            frames,
            position,
            discontinuity: flags & 1 == 1,
            frame,
            messages,
            missing_blocks,
            missing_frames,
            hash,
            inputs: Samples::read(bytes, inputs, frames)?,
            outputs: if flags & 2 == 2 { Some(Samples::read(bytes, outputs, frames)?) } else { None },
        };
        (bytes.is_empty() && missing_blocks.max(missing_frames) <= MOST_MISSING).then_some(record)
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (these, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*these)
}

fn small(bytes: &mut &[u8]) -> Option<usize> {
    take(bytes).map(|word| u32::from_le_bytes(word) as usize)
}

fn large(bytes: &mut &[u8]) -> Option<u64> {
    take(bytes).map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block() -> BlockRecord {
        BlockRecord {
            frames: 3,
            position: 1 << 40,
            discontinuity: true,
            frame: 5,
            messages: 2,
            missing_blocks: 1,
            missing_frames: 64,
            hash: u64::MAX,
            inputs: Samples { channels: 3, samples: vec![0.0, 0.0, 0.0, 0.5, -0.0, 1.0, 0.0, 0.0, 0.0] },
            outputs: Some(Samples { channels: 1, samples: vec![0.0, -0.0, 0.0] }),
        }
    }

    #[test]
    fn a_block_is_read_back_to_the_bit() {
        let mut bytes = Vec::new();
        block().write(&mut bytes);
        let back = BlockRecord::read(&bytes).unwrap();
        assert_eq!(back, block());
        assert!(back.outputs.unwrap().samples[1].is_sign_negative());
        assert!(back.inputs.samples[4].is_sign_negative());
        // 64 bytes of header, a byte for each channel, and twice three samples.
        assert_eq!(bytes.len(), 64 + 4 + 2 * 12);
    }

    #[test]
    fn what_is_no_block_is_refused() {
        let mut bytes = Vec::new();
        block().write(&mut bytes);
        for length in 0..bytes.len() {
            assert_eq!(BlockRecord::read(&bytes[..length]), None, "{length} bytes");
        }
        for (at, byte) in [(3, 0xFF), (4, 4), (10, 1), (14, 1), (64, 2)] {
            let mut other = bytes.clone();
            other[at] = byte;
            assert_eq!(BlockRecord::read(&other), None, "byte {at}");
        }
        bytes.push(0);
        assert_eq!(BlockRecord::read(&bytes), None);
    }
}
