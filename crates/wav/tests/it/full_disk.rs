//! Storage that fails: the file keeps whole frames, and the error counts them.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use patchline_wav::{Format, Reader, Storage, Subtype, WriteError, Writer};

use crate::{bits, format, formats, read_all, signal};

/// A disk with room for some bytes only; the test keeps a handle on it.
#[derive(Clone)]
struct Disk {
    bytes: Rc<RefCell<Vec<u8>>>,
    room: Rc<RefCell<usize>>,
    /// The most that one write takes.
    at_once: usize,
}

impl Disk {
    fn with_room(room: usize, at_once: usize) -> Self {
        Self { bytes: Rc::default(), room: Rc::new(RefCell::new(room)), at_once }
    }

    /// Insists that the file ends with its frames (and a pad byte, if there was room) and that its header says so.
    fn check_sizes(&self, format: Format, frames: usize) {
        let bytes = self.bytes.borrow();
        let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        let (header, data) = (header_bytes(format), frames * format.frame_bytes());
        assert_eq!(u32_at(header - 4), data, "{format:?}: the data size");
        assert_eq!(u32_at(4) + 8, bytes.len(), "{format:?}: the RIFF size");
        assert!(bytes.len() == header + data || bytes.len() == header + data + data % 2);
    }

    fn read(&self) -> (Option<u64>, Vec<f32>) {
        let (info, samples) = read_all(&mut Reader::new(io::Cursor::new(self.bytes.borrow().clone())).unwrap());
        (info.frames, samples)
    }
}

impl Storage for Disk {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let (mut held, offset) = (self.bytes.borrow_mut(), offset as usize);
        let end = (offset + bytes.len().min(self.at_once)).min(*self.room.borrow());
        if end <= offset {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let longer = held.len().max(end);
        held.resize(longer, 0);
        held[offset..end].copy_from_slice(&bytes[..end - offset]);
        Ok(end - offset)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.bytes.borrow_mut().resize(len as usize, 0);
        Ok(())
    }
}

fn header_bytes(format: Format) -> usize {
    if format.channels > 2 { 104 } else { 80 }
}

/// Fills a disk with room for `whole` frames and `rest` bytes; hands over `total` frames in blocks of `block`.
fn check(format: Format, whole: usize, rest: usize, total: usize, block: usize) {
    let channels = usize::from(format.channels);
    let disk = Disk::with_room(header_bytes(format) + whole * format.frame_bytes() + rest, 1000);
    let mut writer = Writer::new(disk.clone(), format).unwrap();
    let samples = signal(total * channels);
    let (mut named, mut written_at_error) = (0, None);
    let mut note = |result: Result<(), WriteError>| match result {
        Ok(()) => {}
        Err(WriteError::Frames { written, lost, source }) => {
            assert_eq!(source.kind(), io::ErrorKind::StorageFull);
            named += lost;
            written_at_error = Some(written);
            disk.check_sizes(format, written as usize);
        }
        Err(other) => panic!("{other}"),
    };
    for piece in samples.chunks(block * channels) {
        note(writer.write_interleaved(piece));
    }
    note(writer.checkpoint());
    let (frames, back) = disk.read();
    assert_eq!(written_at_error, Some(whole as u64), "{format:?}");
    assert_eq!(named, (total - whole) as u64, "{format:?}: the books balance");
    assert_eq!(frames, Some(whole as u64), "{format:?}: the header is up to date");
    assert_eq!(back.len(), whole * channels);

    let summary = writer.finish().unwrap();
    assert_eq!((summary.frames, summary.lost), (whole as u64, named));
    assert_eq!(disk.read().1.len(), whole * channels);
    if format.subtype == Subtype::Float {
        assert_eq!(bits(&back), bits(&samples[..whole * channels]));
    }
}

#[test]
fn every_whole_frame_that_fits_is_kept() {
    for format in formats() {
        for rest in [0, 1, format.frame_bytes() - 1] {
            check(format, 100, rest, 5000, 64);
            check(format, 0, rest, 5000, 5000);
            check(format, 20_000, rest, 70_000, 1234);
            check(format, 20_000, rest, 70_000, 70_000);
        }
    }
}

#[test]
fn recording_goes_on_when_there_is_room_again() {
    let format = format(2, Subtype::Float);
    let disk = Disk::with_room(80 + 8 * 10 + 3, usize::MAX);
    let mut writer = Writer::new(disk.clone(), format).unwrap();
    let samples = signal(2 * 30);
    writer.write_interleaved(&samples[..40]).unwrap();
    let error = writer.checkpoint().unwrap_err();
    assert!(matches!(error, WriteError::Frames { written: 10, lost: 10, .. }), "{error}");
    assert!(error.to_string().starts_with("10 frames could not be written after 10: "), "{error}");
    *disk.room.borrow_mut() = usize::MAX;
    writer.write_interleaved(&samples[40..]).unwrap();
    let summary = writer.finish().unwrap();
    assert_eq!((summary.frames, summary.lost), (20, 10));
    let expected = [&samples[..20], &samples[40..]].concat();
    assert_eq!(bits(&disk.read().1), bits(&expected));
}

#[test]
fn a_disk_without_room_for_a_header_says_so() {
    let refused = Writer::new(Disk::with_room(79, 1000), format(1, Subtype::Pcm16)).err().unwrap();
    assert!(matches!(refused, WriteError::Update { written: 0, .. }), "{refused}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_an_error_of_the_system() {
    let sink = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let refused = Writer::new(sink, format(1, Subtype::Pcm16)).err().unwrap();
    let WriteError::Update { source, .. } = refused else { panic!("{refused}") };
    assert_eq!(source.kind(), io::ErrorKind::StorageFull);
}
