//! Pipes in and out.

use std::io::{self, Read, Write};

use patchline_wav::{Reader, StreamWriter, Subtype, WriteError};

use crate::{bits, format, formats, read_all, scratch, signal};

/// A source that cannot seek and gives 5 bytes at a time.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let some = out.len().min(5);
        self.0.read(&mut out[..some])
    }
}

#[test]
fn a_pipe_carries_every_format() {
    for format in formats() {
        let samples = signal(1001 * usize::from(format.channels));
        let mut pipe = Vec::new();
        let mut writer = StreamWriter::stream(&mut pipe, format).unwrap();
        writer.write_interleaved(&samples).unwrap();
        let summary = writer.finish().unwrap();
        assert_eq!((summary.frames, summary.bytes), (1001, pipe.len() as u64));
        assert_eq!(pipe[4..8], [0xFF; 4]);

        let (_folder, path) = scratch();
        crate::write(&path, format, &samples);
        let expected = crate::read(&path).1;
        let (info, back) = read_all(&mut Reader::from_stream(Trickle(&pipe)).unwrap());
        assert_eq!((info.frames, info.channels), (None, format.channels));
        assert_eq!(bits(&back), bits(&expected), "{format:?}");
        // Kept in a file it has its frames, too.
        let (info, back) = read_all(&mut Reader::new(io::Cursor::new(&pipe)).unwrap());
        assert_eq!(info.frames, Some(1001));
        assert_eq!(bits(&back), bits(&expected), "{format:?}");
        // And a file goes through a pipe: its end is known, what follows it is not read.
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend(b"LIST\x04\0\0\0more");
        let (info, back) = read_all(&mut Reader::from_stream(Trickle(&bytes)).unwrap());
        assert_eq!(info.frames, Some(1001));
        assert_eq!(bits(&back), bits(&expected), "{format:?}");
    }
}

/// A reader of a pipe that goes away.
struct Closing {
    room: usize,
    got: Vec<u8>,
}

impl Write for &mut Closing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let some = bytes.len().min(self.room);
        if some == 0 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.room -= some;
        self.got.extend(&bytes[..some]);
        Ok(some)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_broken_pipe_never_gets_frames_out_of_step() {
    let mut pipe = Closing { room: 44 + 8 * 10 + 3, got: Vec::new() };
    let mut writer = StreamWriter::stream(&mut pipe, format(2, Subtype::Float)).unwrap();
    let samples = signal(2 * 30);
    writer.write_interleaved(&samples).unwrap();
    let error = writer.checkpoint().unwrap_err();
    let WriteError::Frames { written: 10, lost: 20, source } = error else { panic!("{error}") };
    assert_eq!(source.kind(), io::ErrorKind::BrokenPipe);
    writer.write_interleaved(&samples).unwrap();
    let error = writer.finish().unwrap_err();
    assert!(matches!(error, WriteError::Frames { written: 10, lost: 30, .. }), "{error}");
    assert_eq!(pipe.got.len(), 44 + 8 * 10 + 3);
    assert_eq!(bits(&read_all(&mut Reader::from_stream(&pipe.got[..]).unwrap()).1), bits(&samples[..20]));
}

#[test]
fn a_pipe_that_fails_is_reported_with_its_byte() {
    struct Failing<'a>(&'a [u8]);
    impl Read for Failing<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() { Err(io::ErrorKind::ConnectionReset.into()) } else { self.0.read(out) }
        }
    }
    let mut pipe = Vec::new();
    let mut writer = StreamWriter::stream(&mut pipe, format(1, Subtype::Pcm16)).unwrap();
    writer.write_interleaved(&signal(9000)).unwrap();
    drop(writer);
    let mut reader = Reader::from_stream(Failing(&pipe)).unwrap();
    let mut out = vec![0.0; 10_000];
    let error = reader.read_interleaved(&mut out).unwrap_err();
    assert!(error.to_string().starts_with("cannot read at byte 18044: "), "{error}"); // 44 + all there was
    assert_eq!(reader.read_interleaved(&mut out).unwrap(), 0);
}
