//! Gaps: frames that have a place and no samples.

use std::fs::File;

use patchline_wav::{Broadcast, FileWriter, Options, StreamWriter, Subtype, Writer};

use crate::{bits, format, formats, read, scratch, signal};

#[test]
fn a_gap_reads_as_silence_in_files_and_streams() {
    for format in formats() {
        let channels = usize::from(format.channels);
        let samples = signal(300 * channels);
        let (before, after) = samples.split_at(100 * channels);
        let (_folder, path) = scratch();
        let mut writer = FileWriter::create(&path, Options::new(format)).unwrap();
        let mut stream = StreamWriter::stream(Vec::new(), format).unwrap();
        writer.write_interleaved(before).unwrap();
        stream.write_interleaved(before).unwrap();
        writer.skip(70_000).unwrap();
        stream.skip(70_000).unwrap();
        writer.checkpoint().unwrap();
        assert_eq!((writer.frames(), writer.skipped(), writer.ahead()), (70_100, 70_000, 70_000));
        assert_eq!(read(&path).0.frames, Some(100), "nothing follows the gap yet");
        writer.write_interleaved(after).unwrap();
        stream.write_interleaved(after).unwrap();
        assert_eq!(stream.finish().unwrap().frames, 70_300);
        let summary = writer.finish().unwrap();
        assert_eq!((summary.frames, summary.lost), (70_300, 0));

        let whole = path.with_file_name("whole.wav");
        let silence = vec![0.0; 70_000 * channels];
        crate::write(&whole, format, &[before, &silence, after].concat());
        assert!(std::fs::read(&path).unwrap() == std::fs::read(&whole).unwrap(), "{format:?}");
    }
}

#[test]
fn a_gap_at_the_end_is_left_out_unless_it_is_filled() {
    let format = format(2, Subtype::Pcm24);
    for fill in [false, true] {
        let (_folder, path) = scratch();
        let mut writer = FileWriter::create(&path, Options::new(format)).unwrap();
        writer.write_interleaved(&signal(20)).unwrap();
        writer.skip(90).unwrap();
        if fill {
            writer.fill().unwrap();
            assert_eq!(writer.ahead(), 0);
        }
        let summary = writer.finish().unwrap();
        assert_eq!(summary.frames, if fill { 100 } else { 10 });
        assert_eq!(summary.bytes, std::fs::metadata(&path).unwrap().len());
        assert_eq!(read(&path).0.frames, Some(summary.frames));
    }
}

#[test]
fn the_header_says_when_a_file_began_and_every_reader_finds_the_samples() {
    let broadcast = Broadcast {
        description: "rec, from frame 7 – of the run".to_owned(),
        originator: "a name that is longer than its field".to_owned(),
        date: (2026, 1, 31),
        time: (23, 59, 58),
        time_reference: 4_147_200_001,
    };
    for format in formats() {
        for wide in [false, true] {
            let (_folder, path) = scratch();
            let samples = signal(1000 * usize::from(format.channels));
            let mut writer = Writer::with_broadcast(File::create_new(&path).unwrap(), format, &broadcast).unwrap();
            writer.rf64_above(if wide { 0 } else { u64::MAX });
            writer.write_interleaved(&samples).unwrap();
            let summary = writer.finish().unwrap();
            let plain = path.with_file_name("plain.wav");
            crate::write(&plain, format, &samples);
            assert_eq!(summary.bytes, std::fs::metadata(&plain).unwrap().len() + Broadcast::BYTES);
            assert_eq!(bits(&read(&path).1), bits(&read(&plain).1));
            if !wide {
                assert_eq!(hound::WavReader::open(&path).unwrap().duration(), 1000);
            }
            let bytes = std::fs::read(&path).unwrap();
            assert_eq!(bytes[48..56], *b"bext\x5A\x02\0\0");
            let body = &bytes[56..];
            assert!(body.starts_with(b"rec, from frame 7 ? of the run\0"));
            assert_eq!(body[256..288], *b"a name that is longer than its f");
            assert_eq!(body[320..338], *b"2026-01-3123:59:58");
            assert_eq!(body[338..346], 4_147_200_001_u64.to_le_bytes());
        }
    }
}
