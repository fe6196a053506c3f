//! Readers that know nothing of the writer: hound, and libsndfile through Python where both are installed.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use patchline_nodes::Gap;
use patchline_wav::FileReader;

use crate::code;

/// Insists that each frame of a file is what stood at `first` and after it in the run, or silence where a gap is
/// listed; says how many frames there are. Read by our own reader and by hound, which agree.
#[track_caller]
pub(crate) fn check(path: &Path, first: u64, gaps: &[Gap]) -> u64 {
    let mut reader = FileReader::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let info = *reader.info();
    let (frames, channels) = (info.frames.unwrap(), usize::from(info.channels));
    let mut piece = vec![0.0; 4096 * channels];
    let mut at = 0;
    while at < frames {
        let got = reader.read_interleaved(&mut piece).unwrap();
        assert!(got > 0, "{} ends at frame {at} of {frames}", path.display());
        check_frames(path, &piece[..got * channels], channels, at, first, gaps);
        at += got as u64;
    }
    let is_narrow = path.metadata().unwrap().len() < u64::from(u32::MAX);
    if is_narrow {
        check_by_hound(path, frames, channels, first, gaps);
    }
    frames
}

fn check_frames(path: &Path, samples: &[f32], channels: usize, at: u64, first: u64, gaps: &[Gap]) {
    for (frame, samples) in (at..).zip(samples.chunks_exact(channels)) {
        let silent = gaps.iter().any(|gap| (gap.file_frame..gap.file_frame + gap.silence).contains(&frame));
        let expected = |channel| if silent { 0.0 } else { code(first + frame, channel) };
        let good = samples.iter().enumerate().all(|(channel, sample)| *sample == expected(channel));
        assert!(good, "{}: frame {frame} is {samples:?}; silent: {silent}", path.display());
    }
}

#[track_caller]
fn check_by_hound(path: &Path, frames: u64, channels: usize, first: u64, gaps: &[Gap]) {
    let mut reader = hound::WavReader::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(u64::from(reader.duration()), frames, "{}", path.display());
    let samples: Vec<f32> = match reader.spec().sample_format {
        hound::SampleFormat::Float => reader.samples::<f32>().map(Result::unwrap).collect(),
        hound::SampleFormat::Int => reader.samples::<i32>().map(|s| s.unwrap() as f32 / (1 << 23) as f32).collect(),
    };
    assert_eq!(samples.len() as u64, frames * channels as u64);
    check_frames(path, &samples, channels, 0, first, gaps);
}

/// Reads every file whose path comes on stdin by libsndfile, and answers with its frames and the Adler-32 of its samples
/// as 32-bit floats.
const SNDFILE: &str = r"
import ctypes, sys, zlib
class Info(ctypes.Structure):
    _fields_ = [('frames', ctypes.c_int64)] + [(name, ctypes.c_int) for name in
        ('rate', 'channels', 'format', 'sections', 'seekable')]
library = ctypes.CDLL('libsndfile.so.1')
library.sf_open.restype = ctypes.c_void_p
library.sf_readf_float.restype = ctypes.c_int64
library.sf_readf_float.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
library.sf_close.argtypes = [ctypes.c_void_p]
for line in sys.stdin:
    info = Info()
    handle = library.sf_open(line.rstrip('\n').encode(), 0x10, ctypes.byref(info))
    if not handle:
        print('refused', flush=True)
        continue
    piece = (ctypes.c_float * (65536 * info.channels))()
    frames, digest = 0, 1
    while True:
        got = library.sf_readf_float(handle, piece, 65536)
        if got <= 0:
            break
        frames += got
        digest = zlib.adler32(memoryview(piece).cast('B')[:got * info.channels * 4], digest)
    library.sf_close(handle)
    print(frames, info.frames, digest, flush=True)
";

/// Insists that libsndfile finds in each file what our own reader does; says how many it read, none where Python or the
/// library is not installed.
pub(crate) fn check_by_sndfile(paths: &[PathBuf]) -> usize {
    let child = Command::new("python3")
        .args(["-c", SNDFILE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = child else { return skipped() };
    let list: String = paths.iter().map(|path| format!("{}\n", path.display())).collect();
    let mut stdin = child.stdin.take().unwrap();
    // Without the library nobody reads this.
    let feeder = std::thread::spawn(move || drop(stdin.write_all(list.as_bytes())));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    if !output.status.success() {
        return skipped();
    }
    let answers = String::from_utf8(output.stdout).unwrap();
    assert_eq!(answers.lines().count(), paths.len());
    for (path, answer) in paths.iter().zip(answers.lines()) {
        let (frames, digest) = digest(path);
        assert_eq!(answer, format!("{frames} {frames} {digest}"), "{}", path.display());
    }
    paths.len()
}

fn skipped() -> usize {
    println!("skipped: libsndfile (needs python3 and libsndfile.so.1)");
    0
}

/// Frames of a file, and the Adler-32 of its samples (RFC 1950).
fn digest(path: &Path) -> (u64, u32) {
    let mut reader = FileReader::open(path).unwrap();
    let channels = usize::from(reader.info().channels);
    let mut piece = vec![0.0_f32; 65_536 * channels];
    let (mut frames, mut a, mut b) = (0, 1, 0);
    loop {
        let got = reader.read_interleaved(&mut piece).unwrap();
        if got == 0 {
            return (frames, b << 16 | a);
        }
        frames += got as u64;
        for byte in piece[..got * channels].iter().flat_map(|sample| sample.to_le_bytes()) {
            a = (a + u32::from(byte)) % 65_521;
            b = (b + a) % 65_521;
        }
    }
}
