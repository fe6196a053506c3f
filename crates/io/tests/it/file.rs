use std::fs;
use std::io::{self, Cursor, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex};

use patchline_graph::{StreamSpec, engine};
use patchline_io::file::{Input, Length, Output, Render, RenderError, Summary};
use patchline_wav::{FileReader, FileWriter, Format, Options, Subtype};

use crate::graph::{combs, expected, noise};

const RATE: u32 = 48_000;

fn write_noise(path: &Path, rate: u32, channels: std::ops::Range<usize>, frames: u64) {
    let format = Format { rate, channels: channels.len() as u16, subtype: Subtype::Float };
    let mut writer = FileWriter::create(path, Options::new(format)).unwrap();
    for frame in 0..frames {
        let samples: Vec<f32> = channels.clone().map(|channel| noise(frame, channel)).collect();
        writer.write_interleaved(&samples).unwrap();
    }
    writer.finish().unwrap();
}

fn to_file(path: &Path) -> Output {
    Output::File { path: path.to_owned(), subtype: Subtype::Float, overwrite: false }
}

fn render(channels: usize, render: Render) -> Result<Summary, RenderError> {
    let (mut engine, mut renderer) = combs(RATE, channels);
    let result = render.run(&mut engine, &mut renderer, |_, _| ControlFlow::Continue(()));
    engine.close(renderer);
    result
}

fn read(path: &Path, channels: usize) -> Vec<Vec<f32>> {
    let mut reader = FileReader::open(path).unwrap();
    let mut samples = vec![0.0; reader.info().frames.unwrap() as usize * channels];
    reader.read_interleaved(&mut samples).unwrap();
    (0..channels).map(|channel| samples.iter().skip(channel).step_by(channels).copied().collect()).collect()
}

#[test]
fn any_block_gives_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.wav");
    write_noise(&input, RATE, 0..2, 10_000);
    let mut files = Vec::new();
    for block in [1, 7, 64, 333, 4096] {
        let output = folder.path().join(format!("{block}.wav"));
        let inputs = vec![Input::open(&input).unwrap()];
        let summary = render(2, Render { inputs, output: to_file(&output), block, ..Render::default() }).unwrap();
        assert_eq!((summary.frames, summary.written.unwrap().frames), (10_000, 10_000));
        files.push((fs::read(&output).unwrap(), summary.channels));
    }
    assert!(files.windows(2).all(|pair| pair[0] == pair[1]));
    let expected = expected(RATE, 2, 10_000);
    assert_eq!(read(&folder.path().join("333.wav"), 2), expected);
    for (level, samples) in files[0].1.iter().zip(&expected) {
        let squares: f64 = samples.iter().map(|&x| f64::from(x).powi(2)).sum();
        assert!((level.rms() - (squares / 10_000.0).sqrt()).abs() < 1e-9);
        assert_eq!(level.peak(), samples.iter().fold(0.0, |most, x| x.abs().max(most)));
    }
}

#[test]
fn several_files_make_up_the_device_and_the_longest_sets_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (left, right, out) =
        (folder.path().join("left.wav"), folder.path().join("right.wav"), folder.path().join("out.wav"));
    write_noise(&left, RATE, 0..1, 3_000);
    write_noise(&right, RATE, 1..2, 1_000);
    let inputs = vec![Input::open(&left).unwrap(), Input::open(&right).unwrap()];
    let length = Length::Inputs { tail: 500 };
    let summary = render(2, Render { inputs, output: to_file(&out), length, block: 64 }).unwrap();
    assert_eq!(summary.frames, 3_500);
    let (made, whole) = (read(&out, 2), expected(RATE, 2, 3_000));
    assert_eq!(made[0][..3_000], whole[0]);
    assert_eq!(made[1][..1_000], whole[1][..1_000]);
    assert_ne!(made[0][3_000..], [0.0; 500], "the combs ring on");
}

#[test]
fn a_duration_cuts_and_extends() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.wav");
    write_noise(&input, RATE, 0..1, 1_000);
    for frames in [0, 1, 999, 1_000, 1_001, 5_000] {
        let inputs = vec![Input::open(&input).unwrap()];
        let summary = render(1, Render { inputs, length: Length::Exactly(frames), ..Render::default() }).unwrap();
        assert_eq!(summary.frames, frames);
        assert_eq!(summary.written, None);
    }
}

#[derive(Clone, Default)]
struct Pipe(Arc<Mutex<Vec<u8>>>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn pipes_in_and_out_hold_what_files_hold() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.wav");
    write_noise(&input, RATE, 0..1, 2_000);
    let mut bytes = fs::read(&input).unwrap();
    // As a recorder that writes to a pipe leaves it: nobody knows the length before the end.
    bytes[4..8].fill(0xFF);
    let data = bytes.windows(4).position(|word| word == b"data").unwrap();
    bytes[data + 4..data + 8].fill(0xFF);
    let inputs = vec![Input::stream("stdin", Cursor::new(bytes)).unwrap()];
    let pipe = Pipe::default();
    let output = Output::Stream { sink: Box::new(pipe.clone()), subtype: Subtype::Float };
    let summary = render(1, Render { inputs, output, block: 300, ..Render::default() }).unwrap();
    assert_eq!(summary.frames, 2_000);
    let bytes = pipe.0.lock().unwrap();
    let samples: Vec<f32> =
        bytes[bytes.len() - 8_000..].chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
    assert_eq!(samples, expected(RATE, 1, 2_000)[0]);
}

#[test]
fn a_cancelled_render_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.wav");
    let (mut engine, mut renderer) = combs(RATE, 1);
    let silence = Input::from_source("silence", Silence);
    let render = Render { inputs: vec![silence], output: to_file(&output), block: 100, ..Render::default() };
    let result = render.run(&mut engine, &mut renderer, |_, progress| {
        assert_eq!(progress.total, None);
        match fs::read_dir(folder.path()).unwrap().count() {
            1 if progress.frames < 1_000 => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    });
    assert!(matches!(result, Err(RenderError::Cancelled { frames: 1_000 })), "{result:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Goes on for ever.
struct Silence;

impl patchline_wav::FrameSource for Silence {
    fn rate(&self) -> u32 {
        RATE
    }

    fn channels(&self) -> usize {
        1
    }

    fn frames(&self) -> Option<u64> {
        None
    }

    fn read_interleaved(&mut self, out: &mut [f32]) -> Result<usize, patchline_wav::ReadError> {
        out.fill(0.0);
        Ok(out.len())
    }
}

#[test]
fn another_rate_is_converted_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.wav");
    write_noise(&input, 44_100, 0..1, 44_100);
    let inputs = vec![Input::open(&input).unwrap()];
    let error = render(1, Render { inputs, ..Render::default() }).unwrap_err().to_string();
    assert!(error.ends_with("in.wav has 44100 Hz and the graph 48000 Hz; convert the input first"), "{error}");

    let mut files = Vec::new();
    for block in [64, 333, 4096] {
        let output = folder.path().join(format!("{block}.wav"));
        let converted = Input::open(&input).unwrap().at_rate(RATE).unwrap();
        assert_eq!((converted.converted_from(), converted.frames()), (Some(44_100), Some(48_000)));
        let render =
            self::render(1, Render { inputs: vec![converted], output: to_file(&output), block, ..Render::default() });
        assert_eq!(render.unwrap().frames, 48_000);
        files.push(fs::read(output).unwrap());
    }
    assert!(files.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn what_cannot_be_rendered_is_said_before_anything_is_created() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.wav"), folder.path().join("out.wav"));
    write_noise(&input, RATE, 0..1, 10);
    let two = |block| Render {
        inputs: vec![Input::open(&input).unwrap(), Input::open(&input).unwrap()],
        output: to_file(&output),
        block,
        ..Render::default()
    };
    let error = render(1, two(64)).unwrap_err().to_string();
    assert_eq!(error, "the inputs have 2 channels in all and the graph was made for 1");
    let error = render(2, two(0)).unwrap_err().to_string();
    assert_eq!(error, "the block is 0; it is 1 to 1048576 frames");
    let (mut engine, mut renderer) = engine(StreamSpec { outputs: None, ..StreamSpec::new(RATE, 64, 0, 0) });
    for (length, expected) in [
        (Length::Inputs { tail: 9 }, "without an input, a render needs a duration"),
        (Length::Exactly(9), "the graph has no output, so there is nothing to write; render without an output file"),
    ] {
        let render = Render { output: to_file(&output), length, ..Render::default() };
        let error = render.run(&mut engine, &mut renderer, |_, _| ControlFlow::Continue(())).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    let error = Input::open(folder.path().join("none.wav")).unwrap_err().to_string();
    assert!(error.contains("none.wav"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// Nodes with a helper thread keep only so much ready: a longer block at once would lose frames.
#[test]
fn no_block_is_longer_than_the_engine_s() {
    let (mut engine, mut renderer) = combs(RATE, 1);
    let most = engine.stream().max_frames as u64;
    let render =
        Render { inputs: vec![silence(1)], block: 100_000, length: Length::Exactly(10_000), ..Render::default() };
    let mut before = 0;
    let summary = render.run(&mut engine, &mut renderer, |_, progress| {
        assert!(progress.frames - before <= most, "{} frames at once", progress.frames - before);
        before = progress.frames;
        ControlFlow::Continue(())
    });
    engine.close(renderer);
    assert_eq!(summary.unwrap().frames, 10_000);
}

/// A second of silence.
fn silence(channels: u16) -> Input {
    let mut bytes = Vec::new();
    let mut writer =
        patchline_wav::StreamWriter::stream(&mut bytes, Format { rate: RATE, channels, subtype: Subtype::Float })
            .unwrap();
    writer.write_silence(u64::from(RATE)).unwrap();
    writer.finish().unwrap();
    Input::stream("silence", Cursor::new(bytes)).unwrap()
}
