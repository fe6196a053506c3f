//! What goes in comes out.

use patchline_wav::{AtomicWriter, Encoding, FileReader, FileWriter, Format, Options, ReadError, Subtype, WriteError};

use crate::{bits, format, formats, read, scratch, signal};

/// What a subtype makes of a sample, by the rule in its documentation, in f64.
fn stored(subtype: Subtype, x: f32) -> f32 {
    let scale = match subtype {
        Subtype::Pcm16 => 32_768.0,
        Subtype::Pcm24 => 8_388_608.0,
        Subtype::Pcm32 => 2_147_483_648.0,
        Subtype::Float => return x,
    };
    let held = (f64::from(x) * scale).round_ties_even().clamp(-scale, scale - 1.0);
    // An integer has one zero only.
    (held / scale) as f32 + 0.0
}

#[test]
fn every_format_and_length_comes_back_bit_for_bit() {
    for format in formats() {
        for frames in [0, 1, 2, 3, 63, 64, 65, 1001] {
            let (_folder, path) = scratch();
            let samples = signal(frames * usize::from(format.channels));
            let mut writer = FileWriter::create(&path, Options::new(format)).unwrap();
            writer.write_interleaved(&samples).unwrap();
            let summary = writer.finish().unwrap();
            assert_eq!((summary.frames, summary.lost), (frames as u64, 0), "{format:?}");
            let size = std::fs::metadata(&path).unwrap().len();
            assert_eq!(summary.bytes, size, "{format:?}");
            assert_eq!(size % 2, 0, "{format:?}: chunks are padded");

            let (info, back) = read(&path);
            assert_eq!((info.rate, info.channels), (format.rate, format.channels));
            assert_eq!(info.encoding.subtype(), Some(format.subtype));
            assert_eq!(info.frames, Some(frames as u64));
            let expected: Vec<f32> = samples.iter().map(|&x| stored(format.subtype, x)).collect();
            assert_eq!(bits(&back), bits(&expected), "{format:?} × {frames}");
        }
    }
}

#[test]
fn the_way_samples_are_handed_over_leaves_no_trace() {
    for format in formats() {
        let channels = usize::from(format.channels);
        let frames = 40_000; // more than the buffer holds
        let samples = signal(frames * channels);
        let (_folder, whole) = scratch();
        crate::write(&whole, format, &samples);

        let pieces = whole.with_file_name("pieces.wav");
        let mut writer = FileWriter::create(&pieces, Options::new(format)).unwrap();
        for (i, piece) in samples.chunks(channels * 777).enumerate() {
            let planes: Vec<Vec<f32>> =
                (0..channels).map(|c| piece.iter().skip(c).step_by(channels).copied().collect()).collect();
            match i % 3 {
                0 => writer.write_interleaved(piece).unwrap(),
                1 => writer.write_planar(&planes.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap(),
                _ => {
                    writer.write_interleaved(piece).unwrap();
                    writer.checkpoint().unwrap();
                }
            }
        }
        assert_eq!(writer.frames(), frames as u64);
        drop(writer); // finishes, too
        assert!(std::fs::read(&whole).unwrap() == std::fs::read(&pieces).unwrap(), "{format:?}");

        let planar = whole.with_file_name("planar.wav");
        let planes: Vec<Vec<f32>> =
            (0..channels).map(|c| samples.iter().skip(c).step_by(channels).copied().collect()).collect();
        let mut writer = AtomicWriter::create(&planar, Options::new(format)).unwrap();
        writer.write_planar(&planes.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
        writer.commit().unwrap();
        assert!(std::fs::read(&whole).unwrap() == std::fs::read(&planar).unwrap(), "{format:?}");
    }
}

#[test]
fn clipped_and_broken_samples_are_counted() {
    let (_folder, path) = scratch();
    let mut writer = FileWriter::create(&path, Options::new(format(1, Subtype::Pcm16))).unwrap();
    writer.write_interleaved(&[0.5, 1.0, -1.0, -1.5, f32::NAN, f32::INFINITY]).unwrap();
    let summary = writer.finish().unwrap();
    assert_eq!((summary.clipped, summary.non_finite), (2, 2));
    assert_eq!(read(&path).1, [0.5, 32_767.0 / 32_768.0, -1.0, -1.0, 0.0, 0.0]);
}

#[test]
fn silence_is_written_in_every_subtype() {
    for format in formats() {
        let (_folder, path) = scratch();
        let channels = usize::from(format.channels);
        let frame = vec![0.5; channels];
        let mut writer = FileWriter::create(&path, Options::new(format)).unwrap();
        writer.write_interleaved(&frame).unwrap();
        writer.write_silence(30_001).unwrap();
        writer.write_interleaved(&frame).unwrap();
        assert_eq!(writer.finish().unwrap().frames, 30_003);
        let back = read(&path).1;
        assert_eq!(back[..channels], frame[..]);
        assert!(back[channels..30_002 * channels].iter().all(|&x| x == 0.0));
        assert_eq!(back[30_002 * channels..], frame[..]);
    }
}

#[test]
fn shapes_that_are_no_frames_are_refused_and_write_nothing() {
    let (_folder, path) = scratch();
    let mut writer = FileWriter::create(&path, Options::new(format(2, Subtype::Float))).unwrap();
    let refused = [
        writer.write_interleaved(&[0.0; 3]),
        writer.write_planar(&[&[0.0; 3]]),
        writer.write_planar(&[&[0.0; 3], &[0.0; 2]]),
    ];
    assert!(refused.iter().all(|result| matches!(result, Err(WriteError::Shape(_)))), "{refused:?}");
    assert_eq!(writer.finish().unwrap().frames, 0);
}

#[test]
fn formats_that_no_header_can_say_create_nothing() {
    let good = format(2, Subtype::Float);
    let bad = [
        Format { rate: 0, ..good },
        Format { rate: 1_536_001, ..good },
        Format { channels: 0, ..good },
        Format { channels: 1025, ..good },
        Format { rate: 1_536_000, channels: 1024, ..good },
    ];
    for format in bad {
        let (folder, path) = scratch();
        let refused = FileWriter::create(&path, Options::new(format));
        assert!(matches!(refused, Err(WriteError::Format(_))), "{refused:?}");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    }
}

#[test]
fn seeking_finds_every_frame() {
    for format in formats() {
        let (_folder, path) = scratch();
        let channels = usize::from(format.channels);
        crate::write(&path, format, &signal(1001 * channels));
        let whole = read(&path).1;
        let mut reader = FileReader::open(&path).unwrap();
        let mut frame = vec![0.0; channels];
        for at in [1000, 0, 500, 501, 3, 1000, 0] {
            reader.seek(at).unwrap();
            assert_eq!(reader.read_interleaved(&mut frame).unwrap(), 1);
            assert_eq!(reader.position(), at + 1);
            let at = at as usize;
            assert_eq!(bits(&frame), bits(&whole[at * channels..][..channels]));
        }
        reader.seek(1001).unwrap();
        assert_eq!(reader.read_interleaved(&mut frame).unwrap(), 0);
        let refused = reader.seek(1002);
        assert!(matches!(refused, Err(ReadError::PastEnd { frame: 1002, frames: 1001 })), "{refused:?}");
    }
}

#[test]
fn names_are_those_of_patches() {
    for subtype in Subtype::ALL {
        assert_eq!(subtype.to_string().parse(), Ok(subtype));
    }
    assert_eq!(Subtype::Pcm24.to_string(), "PCM_24");
    let error = "pcm24".parse::<Subtype>().unwrap_err();
    assert_eq!(error.to_string(), "unknown subtype \"pcm24\"; it is one of PCM_16, PCM_24, PCM_32, FLOAT");
    assert_eq!(Encoding::Double.subtype(), None);
}
