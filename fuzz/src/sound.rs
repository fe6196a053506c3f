//! Any bytes as samples: written, and read again.

use std::io::{self, Cursor};

use patchline_wav::{Format, Reader, Storage, Subtype, Writer};

/// A file in memory.
#[derive(Debug, Default)]
struct Memory(Vec<u8>);

impl Storage for &mut Memory {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let (start, end) = (offset as usize, offset as usize + bytes.len());
        if self.0.len() < end {
            self.0.resize(end, 0);
        }
        self.0[start..end].copy_from_slice(bytes);
        Ok(bytes.len())
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.0.resize(len as usize, 0);
        Ok(())
    }
}

/// The first three bytes say how the others, as floats, are written: what is read is that, to the step of the format,
/// and all of it; and written again, it is the same file.
pub(crate) fn comes_back(bytes: &[u8]) {
    let [how, channels, pieces, rest @ ..] = bytes else { return };
    let channels = u16::from(channels % 9) + 1;
    let format = Format { rate: 48_000, channels, subtype: Subtype::ALL[usize::from(how % 4)] };
    let mut samples: Vec<f32> =
        rest.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect();
    samples.truncate(samples.len() / usize::from(channels) * usize::from(channels));
    let file = write(format, &samples, Way { piece: usize::from(pieces % 13) + 1, wide: how & 4 != 0, gaps: 0 });
    let read = read(format, &file);
    assert_eq!(read.len(), samples.len(), "frames are missing");
    for (read, sample) in read.iter().zip(&samples) {
        is_near(format.subtype, *read, *sample);
    }
    assert_eq!(
        write(format, &read, Way { piece: 5, wide: how & 4 != 0, gaps: 0 }),
        file,
        "the second time is different"
    );
    keeps_gaps(format, &samples, u64::from(*pieces));
}

/// How a file is written.
#[derive(Clone, Copy)]
struct Way {
    /// Frames at a time.
    piece: usize,
    /// As RF64 even where it is small.
    wide: bool,
    /// Frames skipped after each piece.
    gaps: u64,
}

fn write(format: Format, samples: &[f32], way: Way) -> Vec<u8> {
    let mut memory = Memory::default();
    let mut writer = Writer::new(&mut memory, format).expect("a format that can be written");
    if way.wide {
        writer.rf64_above(0);
    }
    for (index, piece) in samples.chunks(way.piece * usize::from(format.channels)).enumerate() {
        writer.write_interleaved(piece).expect("memory takes it");
        if index % 3 == 2 && way.gaps > 0 {
            writer.checkpoint().expect("memory takes it");
        }
        writer.skip(way.gaps).expect("memory takes it");
    }
    let promised = writer.bytes();
    let summary = writer.finish().expect("memory takes it");
    assert_eq!((summary.bytes, summary.lost), (memory.0.len() as u64, 0), "{promised} bytes were promised");
    memory.0
}

fn read(format: Format, file: &[u8]) -> Vec<f32> {
    let mut reader = Reader::new(Cursor::new(file)).expect("what was written can be read");
    assert_eq!((reader.info().rate, reader.info().channels), (format.rate, format.channels));
    assert_eq!(reader.info().encoding.subtype(), Some(format.subtype));
    let mut samples =
        vec![0.0; reader.info().frames.expect("a file knows its length") as usize * usize::from(format.channels)];
    let frames = reader.read_interleaved(&mut samples).expect("memory can be read");
    assert_eq!(frames * usize::from(format.channels), samples.len());
    samples
}

/// Half a step of the format, beyond full scale held there; `FLOAT` keeps every bit.
fn is_near(subtype: Subtype, read: f32, sample: f32) {
    let step = match subtype {
        Subtype::Float => return assert_eq!(read.to_bits(), sample.to_bits()),
        Subtype::Pcm16 => 1.0 / 32_768.0,
        Subtype::Pcm24 => 1.0 / 8_388_608.0,
        // As f32, 24 bits of it are kept.
        Subtype::Pcm32 => 2.0 / 8_388_608.0,
    };
    let meant = if sample.is_finite() { sample.clamp(-1.0, 1.0 - step) } else { 0.0 };
    assert!((read - meant).abs() <= step, "{read} was written as {sample}");
}

/// Frames that are skipped read as silence, and those between are where they were.
fn keeps_gaps(format: Format, samples: &[f32], gaps: u64) {
    let gaps = gaps % 5;
    let piece = 3;
    let file = write(format, samples, Way { piece, wide: false, gaps });
    let (whole, channels) = (read(format, &file), usize::from(format.channels));
    let plain = read(format, &write(format, samples, Way { piece, wide: false, gaps: 0 }));
    let mut at = 0;
    for piece in plain.chunks(piece * channels) {
        let bits = |samples: &[f32]| samples.iter().map(|sample| sample.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&whole[at..at + piece.len()]), bits(piece));
        at += piece.len();
        let end = (at + gaps as usize * channels).min(whole.len());
        assert!(whole[at..end].iter().all(|sample| sample.to_bits() == 0), "a gap is not silent");
        at = end;
    }
    assert_eq!(at, whole.len());
}
