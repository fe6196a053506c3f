//! Files that are cut, patched up or made of noise.

use std::io::{Cursor, Read, Seek, SeekFrom};

use patchline_wav::{Encoding, FileReader, FrameSource, ReadError, Reader, Resampled};
use proptest::prelude::*;

use crate::{bits, format, formats, read_all, scratch, signal};
use patchline_wav::Subtype;

/// A header of our own making: `fmt ` as given, then `data` of a declared size, then bytes.
fn file(form: &[u8; 4], riff: u32, chunks: &[u8], fmt: &[u8], data_size: u32, data: &[u8]) -> Vec<u8> {
    let mut out = form.to_vec();
    out.extend(riff.to_le_bytes());
    out.extend(b"WAVE");
    out.extend(chunks);
    out.extend(b"fmt ");
    out.extend((fmt.len() as u32).to_le_bytes());
    out.extend(fmt);
    out.extend(b"data");
    out.extend(data_size.to_le_bytes());
    out.extend(data);
    out
}

fn fmt(tag: u16, channels: u16, rate: u32, frame_bytes: u16, bits: u16) -> Vec<u8> {
    let mut out = tag.to_le_bytes().to_vec();
    out.extend(channels.to_le_bytes());
    out.extend(rate.to_le_bytes());
    out.extend((rate.wrapping_mul(u32::from(frame_bytes))).to_le_bytes());
    out.extend(frame_bytes.to_le_bytes());
    out.extend(bits.to_le_bytes());
    out
}

/// Stereo, 16 bits.
fn plain() -> Vec<u8> {
    fmt(1, 2, 48_000, 4, 16)
}

/// Reads bytes both ways and insists that they agree where both know the end.
fn try_both(bytes: &[u8]) -> Result<(Option<u64>, Vec<f32>), ReadError> {
    let streamed = Reader::from_stream(bytes).map(|mut reader| read_all(&mut reader).1);
    let (info, seeked) = read_all(&mut Reader::new(Cursor::new(bytes))?);
    assert_eq!(info.frames, Some(seeked.len() as u64 / u64::from(info.channels)));
    assert!(streamed.unwrap().len() >= seeked.len());
    Ok((info.frames, seeked))
}

#[test]
fn a_file_cut_at_any_byte_gives_its_whole_frames_or_says_where_it_ends() {
    for format in formats() {
        let (_folder, path) = scratch();
        let channels = usize::from(format.channels);
        crate::write(&path, format, &signal(9 * channels));
        let bytes = std::fs::read(&path).unwrap();
        let whole = crate::read(&path).1;
        let header = if channels > 2 { 104 } else { 80 };
        for cut in 0..bytes.len() {
            match try_both(&bytes[..cut]) {
                Ok((frames, samples)) => {
                    let expected = 9.min((cut - header) / format.frame_bytes());
                    assert_eq!(frames, Some(expected as u64), "{format:?} cut at {cut}");
                    assert_eq!(bits(&samples), bits(&whole[..expected * channels]));
                }
                Err(ReadError::Truncated { offset, .. }) => {
                    assert!(cut < header && offset == cut as u64)
                }
                Err(other) => panic!("{format:?} cut at {cut}: {other}"),
            }
        }
    }
}

/// How many frames are missing, seeking and from a pipe that was read to its end, and of a file at another rate.
fn missing(bytes: &[u8]) -> [u64; 3] {
    let mut pipe = Reader::from_stream(bytes).unwrap();
    read_all(&mut pipe);
    let resampled = Resampled::new(Reader::new(Cursor::new(bytes)).unwrap(), 44_100).unwrap();
    [Reader::new(Cursor::new(bytes)).unwrap().missing(), pipe.missing(), resampled.missing()]
}

#[test]
fn what_the_header_promises_and_is_not_there_is_counted() {
    let data = [0_u8, 64, 0, 192].repeat(10);
    let promising =
        |size: u32, data: &[u8]| missing(&file(b"RIFF", size.saturating_add(36), b"", &plain(), size, data));
    assert_eq!(promising(40, &data), [0; 3]);
    assert_eq!(promising(40, &data[..21]), [5; 3]);
    assert_eq!(promising(40, &[]), [10; 3]);
    assert_eq!(promising(400_000, &data), [99_990; 3]);
    // What killed recorders and pipes write that know no size, sox, arecord and ffmpeg among them.
    for size in [0, 0x7FFF_F000, 0x7FFF_FFDB, 0x7FFF_FFFC, 0x8000_0000, 0xFFFF_FFB7, u32::MAX] {
        assert_eq!(promising(size, &data), [0; 3], "{size:#x}");
    }
}

#[test]
fn sizes_that_cannot_be_true_are_read_to_the_end() {
    let data = [0_u8, 64, 0, 192].repeat(10);
    for riff in [0, 36, u32::MAX] {
        for size in [0, u32::MAX, 0x7FFF_FFFF, 41] {
            let mut bytes = file(b"RIFF", riff, b"", &plain(), size, &data);
            assert_eq!(try_both(&bytes).unwrap().0, Some(10), "RIFF size {riff}, data size {size}");
            bytes.extend([1, 2, 3]);
            assert_eq!(try_both(&bytes).unwrap().1, [0.5, -0.5].repeat(10));
        }
    }
    let rf64 = file(b"RF64", u32::MAX, b"", &plain(), u32::MAX, &data);
    assert_eq!(try_both(&rf64).unwrap().0, Some(10), "a ds64 that is missing");
}

#[test]
fn an_empty_recording_before_other_chunks_stays_empty() {
    let mut bytes = file(b"RIFF", 48, b"", &plain(), 0, b"");
    bytes.extend(b"LIST\x04\0\0\0text");
    assert_eq!(bytes.len(), 48 + 8);
    assert_eq!(try_both(&bytes).unwrap().0, Some(0));
    assert_eq!(read_all(&mut Reader::from_stream(&bytes[..]).unwrap()).1, <[f32; 0]>::default());
}

#[test]
fn unknown_chunks_and_their_padding_are_skipped() {
    let data = [0_u8, 64, 0, 192];
    let chunks = b"bext\x03\0\0\0abc\0LIST\x04\0\0\0abcdJUNK\0\0\0\0";
    let bytes = file(b"RIFF", 0, chunks, &plain(), 4, &data);
    assert_eq!(try_both(&bytes).unwrap().1, [0.5, -0.5]);
    let long = [&plain()[..], &[0; 35]].concat(); // odd, longer than any known description
    let padded = [&long[..], &[0]].concat();
    let mut bytes = file(b"RIFF", 0, b"", &padded, 4, &data);
    bytes[16] = long.len() as u8;
    assert_eq!(try_both(&bytes).unwrap().1, [0.5, -0.5]);
}

#[test]
fn other_encodings_are_read() {
    let extensible = |tag: u16, bits: u16, valid: u16, frame_bytes: u16| {
        let mut out = fmt(0xFFFE, 1, 44_100, frame_bytes, bits);
        out.extend([22, 0]);
        out.extend(valid.to_le_bytes());
        out.extend([0; 4]);
        out.extend(tag.to_le_bytes());
        out.extend([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]);
        out
    };
    let cases: [(Vec<u8>, Vec<u8>, Encoding); 6] = [
        (fmt(1, 1, 8000, 1, 8), vec![192], Encoding::PcmU8),
        (fmt(1, 1, 8000, 2, 12), vec![0, 64], Encoding::Pcm16),
        (fmt(3, 1, 8000, 8, 64), 0.5_f64.to_le_bytes().to_vec(), Encoding::Double),
        (extensible(1, 32, 24, 4), vec![0, 0, 0, 64], Encoding::Pcm32),
        (extensible(1, 24, 20, 3), vec![0, 0, 64], Encoding::Pcm24),
        (extensible(3, 32, 32, 4), 0.5_f32.to_le_bytes().to_vec(), Encoding::Float),
    ];
    for (fmt, data, expected) in cases {
        let bytes = file(b"RIFF", 0, b"", &fmt, data.len() as u32, &data);
        let reader = Reader::new(Cursor::new(&bytes)).unwrap();
        assert_eq!(reader.info().encoding, expected);
        assert_eq!(try_both(&bytes).unwrap().1, [0.5], "{expected}");
    }
}

#[test]
fn headers_that_cannot_be_say_what_and_where() {
    let with = |fmt: Vec<u8>| file(b"RIFF", 0, b"", &fmt, 4, &[0; 4]);
    let mut mp3 = fmt(0x55, 2, 48_000, 4, 16);
    mp3.extend([0; 2]);
    let cases = [
        (b"text".to_vec(), "byte 0: \"text\" is not RIFF, RF64 or BW64: no WAV file"),
        (b"\x1b[2J\0\0\0\0WAVE".to_vec(), "byte 0: \"\\x1b[2J\" is not RIFF, RF64 or BW64: no WAV file"),
        (b"RIFF\0\0\0\0AVI ".to_vec(), "byte 8: a RIFF file of \"AVI \", not of WAVE"),
        (with(fmt(1, 0, 48_000, 0, 16)), "byte 22: 0 channels; it takes 1 to 1024"),
        (with(fmt(1, 1025, 48_000, 2050, 16)), "byte 22: 1025 channels; it takes 1 to 1024"),
        (with(fmt(1, 2, 0, 4, 16)), "byte 24: a rate of 0 Hz; it is 1 to 1536000"),
        (with(fmt(1, 2, 1_536_001, 4, 16)), "byte 24: a rate of 1536001 Hz; it is 1 to 1536000"),
        (with(fmt(1, 2, 48_000, 3, 16)), "byte 32: frames of 3 bytes; 2 channels of PCM_16 take 4"),
        (with(mp3), "byte 20: format 0x0055 with 16 bits; PCM of 8 to 32 bits and floats of 32 or 64 can be read"),
        (with(fmt(0xFFFE, 2, 48_000, 4, 16)), "byte 44: an extensible format that is neither PCM nor float"),
        (with(vec![0; 14]), "byte 20: a `fmt ` chunk of 14 bytes; it takes 16 or more"),
        (b"RIFF\0\0\0\0WAVEdata\0\0\0\0".to_vec(), "byte 12: samples without a `fmt ` chunk before them"),
        (b"RIFF\0\0\0\0WAVEfmt ".to_vec(), "the file ends at byte 16, within a chunk header in front of the samples"),
        ([&b"RIFF\0\0\0\0WAVE"[..], &[0; 10_000]].concat(), "byte 8204: no samples after 1024 chunks"),
        (
            b"RIFF\0\0\0\0WAVELIST\xFF\xFF\xFF\xFFabc".to_vec(),
            "the file ends at byte 23, within a chunk in front of the samples",
        ),
    ];
    for (bytes, expected) in cases {
        let seeked = Reader::new(Cursor::new(&bytes)).unwrap_err();
        assert_eq!(seeked.to_string(), expected);
        let streamed = Reader::from_stream(&bytes[..]).unwrap_err();
        assert_eq!(streamed.to_string(), expected);
    }
}

#[test]
fn other_formats_are_named_with_the_way_to_wav() {
    let cases: [(&[u8], &str, &str); 6] = [
        (b"ID3\x03\0\0\0\0", "an MP3 file", "in.mp3"),
        (b"\xff\xfb\x90\0", "an MP3 file", "in.mp3"),
        (b"fLaC\0\0", "a FLAC file", "in.flac"),
        (b"OggS\0\0\0\0", "an Ogg file", "in.ogg"),
        (b"FORM\0\0\0\0AIFF", "an AIFF file", "in.aiff"),
        (b"\0\0\0\x20ftypM4A ", "an MP4 file", "in.m4a"),
    ];
    for (bytes, name, file) in cases {
        let said = Reader::new(Cursor::new(bytes)).unwrap_err().to_string();
        let expected = format!("{name}, no WAV file. Convert it first, as in `ffmpeg -i {file} out.wav`");
        assert!(said.ends_with(&expected), "{said}");
    }
}

#[test]
fn sizes_near_the_end_of_64_bits_are_held_to_the_file() {
    let mut ds64 = b"ds64\x1C\0\0\0".to_vec();
    ds64.extend([0xFF; 28]);
    let bytes = file(b"RF64", u32::MAX, &ds64, &plain(), u32::MAX, &[0; 9]);
    assert_eq!(try_both(&bytes).unwrap().0, Some(2));
    let mut reader = Reader::new(Cursor::new(&bytes)).unwrap();
    assert!(matches!(reader.seek(u64::MAX), Err(ReadError::PastEnd { .. })));
}

proptest! {
    #[test]
    fn noise_behind_a_header_is_read_and_never_panics(noise in prop::collection::vec(any::<u8>(), 0..400), size: u32) {
        let bytes = file(b"RIFF", size, b"", &fmt(3, 3, 48_000, 12, 32), size, &noise);
        let frames = try_both(&bytes).unwrap().0;
        prop_assert!(frames.unwrap() <= noise.len() as u64 / 12);
    }

    #[test]
    fn noise_for_chunks_never_panics(noise in prop::collection::vec(any::<u8>(), 0..400), form in 0..3_usize) {
        let mut bytes = [b"RIFF", b"RF64", b"BW64"][form].to_vec();
        bytes.extend(b"\0\0\0\0WAVE");
        bytes.extend(noise);
        let _ = try_both(&bytes);
    }

    #[test]
    fn a_header_with_wrong_bytes_never_panics(
        changes in prop::collection::vec((0..104_usize, any::<u8>()), 1..8),
        channels in 1..4_u16,
        wide: bool,
    ) {
        let (_folder, path) = scratch();
        let options = patchline_wav::Options::new(format(channels, Subtype::Pcm24));
        let mut writer = patchline_wav::FileWriter::create(&path, options).unwrap();
        writer.rf64_above(if wide { 0 } else { u64::MAX });
        writer.write_interleaved(&signal(50 * usize::from(channels))).unwrap();
        writer.finish().unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        for (at, value) in changes {
            bytes[at] = value;
        }
        let _ = try_both(&bytes);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_no_regular_file_is_refused_at_once() {
    let (folder, path) = scratch();
    // A pipe that nobody writes to would keep an ordinary open waiting for ever.
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU).unwrap();
    for path in [path.as_path(), folder.path(), std::path::Path::new("/dev/null")] {
        let refused = FileReader::open(path).unwrap_err();
        assert!(matches!(&refused, ReadError::Open { .. }), "{refused}");
        assert!(refused.to_string().contains("no regular file"), "{refused}");
    }
}

/// A seekable source that counts what is read of it.
struct Counted(Cursor<Vec<u8>>, u64);

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(out).inspect(|&read| self.1 += read as u64)
    }
}

impl Seek for Counted {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn a_large_chunk_in_front_of_the_samples_is_passed_over_and_not_read() {
    let mut junk = b"JUNK\x01\x00\x10\x00".to_vec();
    junk.resize(8 + 0x10_0002, 7);
    let data: Vec<u8> = (0..200).collect();
    let bytes = file(b"RIFF", u32::MAX, &junk, &plain(), 200, &data);
    let mut source = Counted(Cursor::new(bytes.clone()), 0);
    let seeked = read_all(&mut Reader::new(&mut source).unwrap()).1;
    assert_eq!((seeked.len(), source.1 < 1000), (100, true), "{} bytes were read", source.1);
    assert_eq!(bits(&seeked), bits(&read_all(&mut Reader::from_stream(&bytes[..]).unwrap()).1));
    // A chunk that ends behind the file's end is one for both.
    let ends = |error: ReadError| matches!(error, ReadError::Truncated { offset: 1000, .. });
    assert!(ends(Reader::new(Cursor::new(&bytes[..1000])).unwrap_err()));
    assert!(ends(Reader::from_stream(&bytes[..1000]).unwrap_err()));
}
