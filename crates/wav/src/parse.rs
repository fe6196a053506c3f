//! Finds the samples: everything in front of them, from a source that need not be seekable.

use std::io::{self, Read};

use crate::header::{SUBFORMAT_TAIL, TAG_EXTENSIBLE, TAG_FLOAT, TAG_PCM, UNKNOWN};
use crate::{Encoding, MAX_CHANNELS, MAX_RATE, ReadError};

/// More chunks than any file has in front of its samples; ends a search in endless zeros.
const MAX_CHUNKS: usize = 1024;
/// Bytes of a WAVE_FORMAT_EXTENSIBLE description.
const FMT_BYTES: usize = 40;

/// What a header says.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) rate: u32,
    pub(crate) channels: u16,
    pub(crate) encoding: Encoding,
    /// Offset of the first sample from where the source stood, in bytes.
    pub(crate) data_start: u64,
    /// Size of the samples in bytes; `None` when the header leaves it open.
    pub(crate) data_bytes: Option<u64>,
    /// Where the file ends, in bytes; `None` when the header leaves it open.
    pub(crate) file_end: Option<u64>,
}

struct Fmt {
    rate: u32,
    channels: u16,
    encoding: Encoding,
}

/// The true sizes of an RF64 file.
struct Ds64 {
    riff_bytes: u64,
    data_bytes: u64,
}

/// Passes over this many bytes of a source, and says how many there were.
pub(crate) type Skip<'a, R> = &'a mut dyn FnMut(&mut R, u64) -> io::Result<u64>;

/// Skips by reading, as it has to be done in a pipe.
pub(crate) fn skip_by_reading(source: &mut impl Read, bytes: u64) -> io::Result<u64> {
    io::copy(&mut source.take(bytes), &mut io::sink())
}

/// Reads up to the first sample.
pub(crate) fn parse<R: Read>(source: &mut R, skip: Skip<'_, R>) -> Result<Head, ReadError> {
    let mut cursor = Cursor { source, skip, offset: 0 };
    let form = cursor.array::<4>("the RIFF header")?;
    let wide = matches!(&form, b"RF64" | b"BW64");
    if !wide && form != *b"RIFF" {
        let other = other_format(form, cursor.array("").ok());
        return Err(malformed(0, format!("{} is not RIFF, RF64 or BW64: {other}", quoted(form))));
    }
    let riff_size = u32::from_le_bytes(cursor.array("the RIFF header")?);
    let kind = cursor.array::<4>("the RIFF header")?;
    if kind != *b"WAVE" {
        return Err(malformed(8, format!("a RIFF file of {}, not of WAVE", quoted(kind))));
    }
    let (mut fmt, mut ds64) = (None, None);
    for _ in 0..MAX_CHUNKS {
        let at = cursor.offset;
        let (id, size) = cursor.chunk_head("a chunk header in front of the samples")?;
        match &id {
            b"fmt " => fmt = Some(parse_fmt(&mut cursor, size)?),
            b"ds64" if wide => ds64 = Some(parse_ds64(&mut cursor, size)?),
            b"data" => {
                let fmt = fmt.ok_or_else(|| malformed(at, "samples without a `fmt ` chunk before them"))?;
                return Ok(head(fmt, ds64, riff_size, size, cursor.offset));
            }
            _ => cursor.skip_chunk(size, 0)?,
        }
    }
    Err(malformed(cursor.offset, format!("no samples after {MAX_CHUNKS} chunks")))
}

fn head(fmt: Fmt, ds64: Option<Ds64>, riff_size: u32, data_size: u32, data_start: u64) -> Head {
    let size = |narrow: u32, wide: Option<u64>| {
        if narrow == UNKNOWN { wide } else { Some(u64::from(narrow)) }
    };
    let riff_bytes = size(riff_size, ds64.as_ref().map(|ds64| ds64.riff_bytes));
    Head {
        rate: fmt.rate,
        channels: fmt.channels,
        encoding: fmt.encoding,
        data_start,
        data_bytes: size(data_size, ds64.as_ref().map(|ds64| ds64.data_bytes)),
        file_end: riff_bytes.map(|bytes| bytes.saturating_add(8)),
    }
}

fn parse_ds64(cursor: &mut Cursor<impl Read>, size: u32) -> Result<Ds64, ReadError> {
    if size < 16 {
        return Err(malformed(cursor.offset, format!("a `ds64` chunk of {size} bytes; it takes 28")));
    }
    let riff_bytes = u64::from_le_bytes(cursor.array("the `ds64` chunk")?);
    let data_bytes = u64::from_le_bytes(cursor.array("the `ds64` chunk")?);
    cursor.skip_chunk(size, 16)?;
    Ok(Ds64 { riff_bytes, data_bytes })
}

fn parse_fmt(cursor: &mut Cursor<impl Read>, size: u32) -> Result<Fmt, ReadError> {
    let at = cursor.offset;
    if size < 16 {
        return Err(malformed(at, format!("a `fmt ` chunk of {size} bytes; it takes 16 or more")));
    }
    let mut bytes = [0; FMT_BYTES];
    let known = FMT_BYTES.min(size as usize);
    cursor.exact(&mut bytes[..known], "the `fmt ` chunk")?;
    cursor.skip_chunk(size, known as u32)?;
    let u16_at = |i: usize| u16::from_le_bytes([bytes[i], bytes[i + 1]]);
    let (channels, frame_bytes, bits) = (u16_at(2), u16_at(12), u16_at(14));
    let rate = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
    if !(1..=MAX_CHANNELS).contains(&channels) {
        return Err(malformed(at + 2, format!("{channels} channels; it takes 1 to {MAX_CHANNELS}")));
    }
    if !(1..=MAX_RATE).contains(&rate) {
        return Err(malformed(at + 4, format!("a rate of {rate} Hz; it is 1 to {MAX_RATE}")));
    }
    let tag = match u16_at(0) {
        TAG_EXTENSIBLE if known < FMT_BYTES || bytes[26..] != SUBFORMAT_TAIL => {
            return Err(malformed(at + 24, "an extensible format that is neither PCM nor float"));
        }
        TAG_EXTENSIBLE => u16_at(24),
        tag => tag,
    };
    let encoding = encoding(tag, bits).ok_or_else(|| malformed(at, unsupported(tag, bits)))?;
    let expected = usize::from(channels) * encoding.bytes();
    if usize::from(frame_bytes) != expected {
        let what = format!("frames of {frame_bytes} bytes; {channels} channels of {encoding} take {expected}");
        return Err(malformed(at + 12, what));
    }
    Ok(Fmt { rate, channels, encoding })
}

/// Odd widths fill their container from the top, so they read as the container's width.
fn encoding(tag: u16, bits: u16) -> Option<Encoding> {
    match (tag, bits) {
        (TAG_PCM, 1..=8) => Some(Encoding::PcmU8),
        (TAG_PCM, 9..=16) => Some(Encoding::Pcm16),
        (TAG_PCM, 17..=24) => Some(Encoding::Pcm24),
        (TAG_PCM, 25..=32) => Some(Encoding::Pcm32),
        (TAG_FLOAT, 32) => Some(Encoding::Float),
        (TAG_FLOAT, 64) => Some(Encoding::Double),
        _ => None,
    }
}

fn unsupported(tag: u16, bits: u16) -> String {
    format!("format {tag:#06x} with {bits} bits; PCM of 8 to 32 bits and floats of 32 or 64 can be read")
}

pub(crate) fn malformed(offset: u64, what: impl Into<String>) -> ReadError {
    ReadError::Malformed { offset, what: what.into() }
}

/// What a file is instead, by its first eight bytes.
fn other_format(form: [u8; 4], next: Option<[u8; 4]>) -> String {
    let (name, extension) = match form {
        [b'I', b'D', b'3', _] | [0xff, 0xe2..=0xff, ..] => ("an MP3 file", "mp3"),
        _ if form == *b"fLaC" => ("a FLAC file", "flac"),
        _ if form == *b"OggS" => ("an Ogg file", "ogg"),
        _ if form == *b"FORM" => ("an AIFF file", "aiff"),
        _ if next == Some(*b"ftyp") => ("an MP4 file", "m4a"),
        _ => return "no WAV file".to_owned(),
    };
    format!("{name}, no WAV file. Convert it first, as in `ffmpeg -i in.{extension} out.wav`")
}

fn quoted(id: [u8; 4]) -> String {
    format!("\"{}\"", id.escape_ascii())
}

/// A source that knows how far it was read.
struct Cursor<'a, R> {
    source: &'a mut R,
    skip: Skip<'a, R>,
    offset: u64,
}

impl<R: Read> Cursor<'_, R> {
    fn exact(&mut self, out: &mut [u8], what: &'static str) -> Result<(), ReadError> {
        let got = read_full(self.source, out).map_err(|source| ReadError::Io { offset: self.offset, source })?;
        self.offset += got as u64;
        if got < out.len() {
            return Err(ReadError::Truncated { offset: self.offset, what });
        }
        Ok(())
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], ReadError> {
        let mut out = [0; N];
        self.exact(&mut out, what)?;
        Ok(out)
    }

    fn chunk_head(&mut self, what: &'static str) -> Result<([u8; 4], u32), ReadError> {
        Ok((self.array(what)?, u32::from_le_bytes(self.array(what)?)))
    }

    /// Skips what is left of a chunk of `size` bytes and the pad byte of an odd one.
    fn skip_chunk(&mut self, size: u32, done: u32) -> Result<(), ReadError> {
        let rest = u64::from(size - done) + u64::from(size % 2);
        let skipped = (self.skip)(self.source, rest).map_err(|source| ReadError::Io { offset: self.offset, source })?;
        self.offset += skipped;
        if skipped < rest {
            return Err(ReadError::Truncated { offset: self.offset, what: "a chunk in front of the samples" });
        }
        Ok(())
    }
}

/// Reads until `out` is full or the source ends; says how many bytes there were.
pub(crate) fn read_full(source: &mut impl Read, out: &mut [u8]) -> io::Result<usize> {
    let (done, result) = read_as_far(source, out);
    result.map(|()| done)
}

/// As [`read_full`]; says also how many bytes came before an error.
pub(crate) fn read_as_far(source: &mut impl Read, out: &mut [u8]) -> (usize, io::Result<()>) {
    let mut done = 0;
    while done < out.len() {
        match source.read(&mut out[done..]) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (done, Err(error)),
        }
    }
    (done, Ok(()))
}
