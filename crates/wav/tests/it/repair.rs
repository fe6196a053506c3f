//! Files that somebody left unfinished are put right without touching a sample.

use std::fs;
use std::path::Path;

use patchline_wav::{FileReader, FileWriter, Options, Problem, ReadError, Repair, Subtype, WriteError};

use crate::{bits, format, formats, read, scratch, signal};

const FRAMES: u64 = 999;

/// Damages a whole file of [`FRAMES`] frames; expects this to be said, and as many frames after the repair, in place and
/// in a copy.
#[track_caller]
fn check(damage: impl Fn(&mut Vec<u8>), problems: &[Problem], frames: u64) {
    for format in [format(1, Subtype::Pcm24), format(3, Subtype::Pcm24)] {
        let (_folder, path) = scratch();
        let samples = signal(FRAMES as usize * usize::from(format.channels));
        crate::write(&path, format, &samples);
        let whole = read(&path).1;
        let mut bytes = fs::read(&path).unwrap();
        damage(&mut bytes);
        fs::write(&path, &bytes).unwrap();
        let repair = Repair::examine(&path).unwrap();
        assert_eq!(repair.problems(), problems, "{format:?}");
        assert_eq!((repair.frames(), fs::read(&path).unwrap() == bytes), (frames, true), "looking changes nothing");
        let copy = path.with_file_name("copy.wav");
        repair.copy(&copy, false).unwrap();
        assert!(matches!(repair.copy(&copy, false), Err(WriteError::Exists(_))));
        repair.write().unwrap();
        for path in [&path, &copy] {
            let kept = frames as usize * usize::from(format.channels);
            assert_eq!(Repair::examine(path).unwrap().problems(), []);
            let (info, back) = read(path);
            assert_eq!(info.frames, Some(frames));
            assert_eq!(bits(&back[..kept.min(whole.len())]), bits(&whole[..kept.min(whole.len())]), "{format:?}");
            assert_eq!(u64::from(hound::WavReader::open(path).unwrap().duration()), frames, "{format:?}");
        }
        assert_eq!(fs::read(&path).unwrap()[header(format.channels)..bytes.len()], bytes[header(format.channels)..]);
    }
}

fn header(channels: u16) -> usize {
    if channels > 2 { 104 } else { 80 }
}

/// Where the size of the samples stands.
fn data_size(bytes: &[u8]) -> usize {
    bytes.windows(4).position(|id| id == b"data").unwrap() + 4
}

fn put(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

#[test]
fn a_header_that_was_never_completed_gets_its_sizes() {
    for size in [0, u32::MAX] {
        let damage = |bytes: &mut Vec<u8>| {
            let at = data_size(bytes);
            put(bytes, at, size);
            put(bytes, 4, size);
        };
        check(damage, &[Problem::NoLength], FRAMES);
    }
}

#[test]
fn a_file_that_was_cut_ends_with_its_last_whole_frame() {
    // Within a frame of 3 and of 9 bytes, and the pad byte of either.
    let (_folder, path) = scratch();
    for channels in [1, 3] {
        let format = format(channels, Subtype::Pcm24);
        crate::write(&path, format, &signal(FRAMES as usize * usize::from(channels)));
        let mut bytes = fs::read(&path).unwrap();
        let declared = FRAMES * format.frame_bytes() as u64;
        bytes.truncate(header(channels) + 10 * format.frame_bytes() + 2);
        fs::write(&path, &bytes).unwrap();
        let repair = Repair::examine(&path).unwrap();
        let present = 10 * format.frame_bytes() as u64 + 2;
        assert_eq!(repair.problems(), [Problem::Cut { declared, present }, Problem::PartOfFrame { bytes: 2 }]);
        assert_eq!((repair.declared_frames(), repair.frames()), (Some(FRAMES), 10));
        repair.write().unwrap();
        assert_eq!(hound::WavReader::open(&path).unwrap().duration(), 10);
        assert_eq!(fs::read(&path).unwrap().len(), bytes.len(), "nothing is cut off");
        let again = Repair::examine(&path).unwrap();
        assert_eq!((again.problems(), again.frames()), (&[][..], 10), "a repaired file has no problems");
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_missing_pad_byte_is_put_there() {
    check(|bytes| bytes.truncate(bytes.len() - 1), &[Problem::NoPad], FRAMES);
}

#[test]
fn a_wrong_size_of_the_whole_file_is_put_right() {
    check(|bytes| put(bytes, 4, 17), &[Problem::RiffSize], FRAMES);
}

#[test]
fn what_a_killed_recorder_wrote_behind_its_last_header_is_found() {
    for format in formats() {
        let (_folder, path) = scratch();
        let channels = usize::from(format.channels);
        let samples = signal(40_001 * channels);
        let mut writer = FileWriter::create(&path, Options::new(format)).unwrap();
        writer.write_interleaved(&samples[..333 * channels]).unwrap();
        writer.checkpoint().unwrap();
        writer.write_interleaved(&samples[333 * channels..]).unwrap();
        writer.write_out().unwrap();
        #[cfg(unix)]
        {
            let busy = Repair::examine(&path).unwrap();
            assert!(busy.is_busy() && matches!(busy.write(), Err(WriteError::Busy(_))), "it is being written");
        }
        let left = path.with_file_name("left.wav");
        fs::copy(&path, &left).unwrap();
        assert_eq!(read(&left).0.frames, Some(333));
        let repair = Repair::examine(&left).unwrap();
        assert!(matches!(repair.problems(), [Problem::Behind { .. }, ..]), "{:?}", repair.problems());
        assert_eq!((repair.declared_frames(), repair.frames()), (Some(333), 40_001));
        repair.write().unwrap();
        writer.finish().unwrap();
        assert!(fs::read(&left).unwrap().starts_with(&fs::read(&path).unwrap()[..]), "{format:?}: as if it had lived");
    }
}

#[test]
fn rf64_that_was_not_finished_gets_its_sizes() {
    let (_folder, path) = scratch();
    for place in [20..44, 4..8] {
        let mut writer = FileWriter::create(&path, Options::new(format(2, Subtype::Float))).unwrap();
        writer.rf64_above(0);
        writer.write_interleaved(&signal(400)).unwrap();
        writer.finish().unwrap();
        let whole = fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        bytes[place].fill(0);
        fs::write(&path, bytes).unwrap();
        let repair = Repair::examine(&path).unwrap();
        assert_eq!((repair.problems().len(), repair.frames()), (1, 200));
        repair.write().unwrap();
        assert!(fs::read(&path).unwrap() == whole);
        fs::remove_file(&path).unwrap();
    }
}

/// A sparse file past 4 GiB of 16-bit stereo whose sizes were counted in 32 bits.
fn wrapped(path: &Path, junk: bool) -> u64 {
    let frames = (1_u64 << 30) + 1_000;
    crate::write(path, format(2, Subtype::Pcm16), &signal(2_000));
    let mut bytes = fs::read(path).unwrap();
    if !junk {
        bytes.drain(12..48);
        let size = bytes.len() as u32 - 8;
        put(&mut bytes, 4, size);
    }
    fs::write(path, &bytes).unwrap();
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(bytes.len() as u64 + (1 << 32)).unwrap();
    frames
}

#[test]
fn sizes_that_were_counted_in_32_bits_become_rf64() {
    let (_folder, path) = scratch();
    let frames = wrapped(&path, true);
    let repair = Repair::examine(&path).unwrap();
    assert_eq!((repair.problems(), repair.frames()), (&[Problem::Behind { bytes: 1 << 32 }][..], frames));
    repair.write().unwrap();
    assert_eq!(Repair::examine(&path).unwrap().problems(), []);
    assert_eq!(FileReader::open(&path).unwrap().info().frames, Some(frames));
    assert_eq!(fs::metadata(&path).unwrap().len(), 80 + 4 * frames);
    let plain = path.with_file_name("plain.wav");
    wrapped(&plain, false);
    let repair = Repair::examine(&plain).unwrap();
    assert!(!repair.fits_in_place() && matches!(repair.write(), Err(WriteError::NoRoom(_))));
}

#[test]
fn chunks_and_tags_behind_the_samples_are_left_alone() {
    let chunk = |bytes: &mut Vec<u8>| bytes.extend(b"LIST\x05\0\0\0INFOx\0");
    // Appended without telling the header: chunks are known for what they are, and so is a tag.
    check(chunk, &[Problem::RiffSize], FRAMES);
    check(|bytes| bytes.extend([&b"TAG"[..], &[7; 125]].concat()), &[], FRAMES);
    let told = |bytes: &mut Vec<u8>| {
        chunk(bytes);
        let size = bytes.len() as u32 - 8;
        put(bytes, 4, size);
    };
    check(told, &[], FRAMES);
    let cut = |bytes: &mut Vec<u8>| {
        told(bytes);
        bytes.extend(b"id3 \xFF\0\0\0x");
        let size = bytes.len() as u32 + 246;
        put(bytes, 4, size);
    };
    check(cut, &[Problem::PartOfChunk { bytes: 9 }], FRAMES);
}

#[test]
fn whole_files_are_whole_and_others_are_refused() {
    for format in formats() {
        for samples in [0, 1, 500] {
            let (_folder, path) = scratch();
            crate::write(&path, format, &signal(samples * usize::from(format.channels)));
            assert_eq!(Repair::examine(&path).unwrap().problems(), [], "{format:?} of {samples} frames");
        }
    }
    let (_folder, path) = scratch();
    fs::write(&path, b"RIFF\0\0\0\0WAVEfmt ").unwrap();
    assert!(matches!(Repair::examine(&path), Err(ReadError::Truncated { .. })));
    fs::write(&path, "precious").unwrap();
    assert!(matches!(Repair::examine(&path), Err(ReadError::Malformed { .. } | ReadError::Truncated { .. })));
}

#[test]
fn a_file_that_has_changed_meanwhile_is_left_alone() {
    let (_folder, path) = scratch();
    crate::write(&path, format(1, Subtype::Pcm16), &signal(100));
    let mut bytes = fs::read(&path).unwrap();
    put(&mut bytes, 76, 0);
    fs::write(&path, &bytes).unwrap();
    let repair = Repair::examine(&path).unwrap();
    bytes.push(1);
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(repair.write(), Err(WriteError::Busy(_))));
    assert!(fs::read(&path).unwrap() == bytes);
}

#[cfg(unix)]
#[test]
fn links_are_not_written_through() {
    let (_folder, path) = scratch();
    crate::write(&path, format(1, Subtype::Pcm16), &signal(101));
    let link = path.with_file_name("link.wav");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(matches!(Repair::examine(&link).unwrap().write(), Err(WriteError::Symlink(_))));
}
