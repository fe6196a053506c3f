//! Any bytes as a sound file, and as samples for one.

use std::io::Cursor;

use patchline_wav::{FileReader, FrameSource, Problem, ReadError, Reader, Repair, Resampled};

use crate::sound;

/// More frames than this are not converted to another rate: each costs hundreds of multiplications.
const MOST_CONVERTED: u64 = 4096;

/// Reads the bytes as a file and from a pipe, converts, examines and repairs them; then takes them for samples, writes
/// these and reads them again.
///
/// # Panics
/// Where the readers disagree, a repaired file has something wrong with it or other samples, or what is read is not what
/// was written.
pub fn survives(bytes: &[u8]) {
    match Reader::new(Cursor::new(bytes)) {
        Ok(mut reader) => {
            let samples = read_all(&mut reader);
            agrees_with_a_pipe(bytes, &samples);
            seeks(&mut reader, &samples);
            converts(bytes);
        }
        Err(error) => is_well_said(&error),
    }
    is_repaired(bytes);
    sound::comes_back(bytes);
}

/// Everything from here to the end, in pieces of 7 frames.
fn read_all(reader: &mut impl FrameSource) -> Vec<f32> {
    let channels = reader.channels();
    let (mut samples, mut piece) = (Vec::new(), vec![0.0; 7 * channels]);
    loop {
        let frames = reader.read_interleaved(&mut piece).expect("bytes in memory can be read");
        assert!(frames <= 7);
        samples.extend_from_slice(&piece[..frames * channels]);
        if frames < 7 {
            return samples;
        }
    }
}

fn bits(samples: &[f32]) -> Vec<u32> {
    samples.iter().map(|sample| sample.to_bits()).collect()
}

/// A pipe cannot know where a file ends that does not say so: it may hold more, never other frames.
fn agrees_with_a_pipe(bytes: &[u8], samples: &[f32]) {
    let mut piped = Reader::from_stream(bytes).expect("what can be read from a file can be from a pipe");
    let piped = read_all(&mut piped);
    assert!(piped.len() >= samples.len(), "{} of {} samples come through a pipe", piped.len(), samples.len());
    assert_eq!(bits(&piped[..samples.len()]), bits(samples));
}

fn seeks(reader: &mut Reader<Cursor<&[u8]>>, samples: &[f32]) {
    let channels = usize::from(reader.info().channels);
    let frames = (samples.len() / channels) as u64;
    assert_eq!(reader.info().frames, Some(frames));
    for frame in [frames / 2, frames, 0] {
        reader.seek(frame).expect("a frame of the file");
        assert_eq!(bits(&read_all(reader)), bits(&samples[frame as usize * channels..]));
    }
    assert!(matches!(reader.seek(frames + 1), Err(ReadError::PastEnd { .. })));
}

fn converts(bytes: &[u8]) {
    let reader = Reader::new(Cursor::new(bytes)).expect("it was read before");
    let (rate, frames) = (reader.info().rate, reader.info().frames.unwrap_or(0));
    if frames > MOST_CONVERTED || reader.info().channels > 8 {
        return;
    }
    let wanted = if rate > 48_000 { rate / 2 } else { rate.saturating_mul(2).max(1) };
    if let Ok(mut converted) = Resampled::new(reader, wanted) {
        let promised = converted.frames().expect("the length is known");
        let channels = converted.channels();
        assert_eq!(read_all(&mut converted).len() as u64, promised * channels as u64);
    }
}

fn is_well_said(error: &ReadError) {
    let text = error.to_string();
    assert!(text.len() < 300, "{} bytes are said", text.len());
    assert!(!text.contains(char::is_control), "control characters: {text:?}");
}

/// A repaired file, and a repaired copy, have nothing wrong with them, and the frames that were found.
fn is_repaired(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (path, copy) = (folder.path().join("a.wav"), folder.path().join("b.wav"));
    std::fs::write(&path, bytes).expect("room for a small file");
    let found = match Repair::examine(&path) {
        Ok(found) => found,
        Err(error) => {
            assert!(Reader::new(Cursor::new(bytes)).is_err(), "a file that can be read cannot be examined: {error}");
            return;
        }
    };
    assert_eq!(std::fs::read(&path).expect("it is ours"), bytes, "to examine changes nothing");
    found.copy(&copy, false).expect("room for a copy");
    let samples = whole(&copy, found.frames());
    // Behind the end of a file that was repaired in place, a part of a chunk may pass for samples.
    let has_scraps = found.problems().iter().any(|problem| matches!(problem, Problem::PartOfChunk { .. }));
    if found.fits_in_place() && has_scraps {
        found.write().expect("nobody else has it");
    } else if found.fits_in_place() {
        found.write().expect("nobody else has it");
        assert_eq!(bits(&whole(&path, found.frames())), bits(&samples));
    } else {
        assert!(found.write().is_err(), "sizes that have no room");
    }
}

/// The samples of a file that must be whole.
fn whole(path: &std::path::Path, frames: u64) -> Vec<f32> {
    let again = Repair::examine(path).expect("a repaired file can be read");
    assert_eq!(again.problems(), [], "what was repaired has problems");
    assert_eq!(again.frames(), frames);
    let mut reader = FileReader::open(path).expect("a repaired file can be read");
    assert_eq!(reader.info().frames, Some(frames));
    read_all(&mut reader)
}
