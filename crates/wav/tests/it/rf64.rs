//! Files past 4 GiB.

use std::fs::File;
use std::io;

use patchline_wav::{FileReader, FileWriter, Options, Storage, Subtype, Writer};

use crate::{bits, format, formats, read, scratch, signal};

#[test]
fn a_small_file_turns_into_rf64_in_place_and_reads_the_same() {
    for format in formats() {
        let (_folder, narrow) = scratch();
        let samples = signal(1001 * usize::from(format.channels));
        crate::write(&narrow, format, &samples);

        let wide = narrow.with_file_name("wide.wav");
        let mut writer = FileWriter::create(&wide, Options::new(format)).unwrap();
        writer.rf64_above(1000);
        let half = samples.len() / 2 / usize::from(format.channels) * usize::from(format.channels);
        writer.checkpoint().unwrap();
        assert_eq!(std::fs::read(&wide).unwrap()[..4], *b"RIFF");
        writer.write_interleaved(&samples[..half]).unwrap();
        writer.checkpoint().unwrap();
        assert_eq!(std::fs::read(&wide).unwrap()[..4], *b"RF64");
        writer.write_interleaved(&samples[half..]).unwrap();
        writer.finish().unwrap();

        let bytes = std::fs::read(&wide).unwrap();
        assert_eq!(bytes.len() as u64, std::fs::metadata(&narrow).unwrap().len());
        assert_eq!(bytes[12..16], *b"ds64");
        let (info, back) = read(&wide);
        assert_eq!(info.frames, Some(1001));
        assert_eq!(bits(&back), bits(&read(&narrow).1), "{format:?}");
    }
}

#[test]
fn the_limit_is_the_last_size_that_stays_riff() {
    for (limit, expected) in [(72 + 64, b"RIFF"), (72 + 63, b"RF64")] {
        let (_folder, path) = scratch();
        let mut writer = FileWriter::create(&path, Options::new(format(1, Subtype::Float))).unwrap();
        writer.rf64_above(limit);
        writer.write_interleaved(&signal(16)).unwrap();
        writer.finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap()[..4], *expected);
    }
}

#[test]
fn bw64_is_read_as_well() {
    let (_folder, path) = scratch();
    let mut writer = FileWriter::create(&path, Options::new(format(2, Subtype::Float))).unwrap();
    writer.rf64_above(0);
    writer.write_interleaved(&signal(200)).unwrap();
    writer.finish().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[..4].copy_from_slice(b"BW64");
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(bits(&read(&path).1), bits(&signal(200)));
}

/// A file that leaves holes where zeros are written, so that 4 GiB take no room.
struct Sparse(File);

impl Storage for Sparse {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        if bytes.len() >= 4096 && bytes.iter().all(|&byte| byte == 0) {
            return Ok(bytes.len()); // what comes behind extends the file
        }
        self.0.write_at(bytes, offset)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
}

#[test]
fn more_than_4_gib_are_counted_and_found_again() {
    let (_folder, path) = scratch();
    let format = format(6, Subtype::Float);
    let marks = signal(6 * 10);
    let gap = (1_u64 << 32) / 24 + 1000;
    let mut writer = Writer::new(Sparse(File::create_new(&path).unwrap()), format).unwrap();
    writer.write_interleaved(&marks).unwrap();
    writer.write_silence(gap).unwrap();
    writer.write_interleaved(&marks).unwrap();
    let summary = writer.finish().unwrap();
    assert_eq!(summary.frames, gap + 20);
    assert!(summary.bytes > 1 << 32);
    assert_eq!(summary.bytes, std::fs::metadata(&path).unwrap().len());

    let mut reader = FileReader::open(&path).unwrap();
    assert_eq!(reader.info().frames, Some(gap + 20));
    let mut found = vec![1.0; marks.len() + 6];
    for (at, expected) in [(gap + 10, 10), (0, 11)] {
        reader.seek(at).unwrap();
        assert_eq!(reader.read_interleaved(&mut found).unwrap(), expected);
        assert_eq!(bits(&found[..marks.len()]), bits(&marks));
    }
}
