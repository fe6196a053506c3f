//! The seeds' chain as a callback in Python, beside ours: its process plays a period of the input whenever it is asked to.
//!
//! `./x setup` installs numpy for it alone.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;
use std::{fs, iter};

use patchline_benches::measure::{Effort, Timed, rounds};
use patchline_benches::{Contestant, Extra, InstructionSet, Ours, Signal, Workload, limit};

const PROGRAM: &str = include_str!("seeds.py");
/// How far samples may be apart: Python's sums of squares go another way, and so may the fade of a gate that closes.
const TOLERANCE: f32 = 1e-5;

/// All comparisons.
pub(crate) fn all() -> Vec<Box<dyn Extra>> {
    let blocks = |kind: &'static Kind| [128, 512].map(|block| Box::new(Callback { kind, block }) as Box<dyn Extra>);
    KINDS.iter().flat_map(blocks).collect()
}

/// One way to write it.
struct Kind {
    name: &'static str,
    words: &'static str,
    goal: &'static str,
}

const KINDS: [Kind; 2] = [
    Kind { name: "loop", words: "a delay sample by sample", goal: "seeds-python" },
    Kind { name: "numpy", words: "numpy throughout", goal: "seeds-numpy" },
];

struct Callback {
    kind: &'static Kind,
    block: usize,
}

impl Extra for Callback {
    fn goal(&self) -> &'static str {
        self.kind.goal
    }

    fn case(&self) -> String {
        format!("gain, delay, meter, gate, blocks of {}: Python, {}", self.block, self.kind.words)
    }

    fn measure(&mut self, effort: Effort) -> Result<Timed, String> {
        let mut python = Python::start(self)?;
        let mut ours = Period::new(self.block);
        let rows = rounds(effort.share(8), &mut [&mut || ours.play(), &mut || python.play()]);
        Ok(Timed::over(&rows[0], &rows[1]))
    }
}

/// Ours, over one period of the input and back.
struct Period {
    ours: Ours,
    signal: Signal,
    block: usize,
    output: [Vec<f32>; 2],
}

impl Period {
    fn new(block: usize) -> Self {
        let output = [vec![0.0; block], vec![0.0; block]];
        Self { ours: Ours::new(&Workload::Seeds, block), signal: Signal::new(block), block, output }
    }

    /// Nanoseconds of a block.
    fn play(&mut self) -> f64 {
        let start = Instant::now();
        for frame in starts(self.block) {
            let [left, right] = &mut self.output;
            self.ours.run(self.signal.at(&Workload::Seeds, frame), [left, right]);
            std::hint::black_box(&mut self.output);
        }
        start.elapsed().as_nanos() as f64 / starts(self.block).count() as f64
    }
}

/// Where the blocks of a period begin.
fn starts(block: usize) -> iter::StepBy<std::ops::Range<usize>> {
    (0..Workload::Seeds.period().expect("its input comes again")).step_by(block)
}

/// The process.
struct Python {
    child: Child,
    asks: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Python {
    /// Starts it and compares what it computes with the hand-written loop.
    fn start(callback: &Callback) -> Result<Self, String> {
        let said = |error: std::io::Error| format!("Python: {error}");
        let folder = tempfile::tempdir().map_err(said)?;
        let path = |name: &str| folder.path().join(name);
        fs::write(path("seeds.py"), PROGRAM).map_err(said)?;
        fs::write(path("in"), period(callback.block)).map_err(said)?;
        let mut command = python();
        command.arg(path("seeds.py")).args([callback.kind.name, &callback.block.to_string()]);
        command.args([path("in"), path("out")]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(said)?;
        let asks = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut python = Self { child, asks, answers };
        if python.line() != "ready" {
            return Err(python.complaint());
        }
        compare(callback.block, &fs::read(path("out")).map_err(said)?)?;
        Ok(python)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        // At the end there is nothing, which is no answer either.
        let _bytes = self.answers.read_line(&mut line);
        line.trim().to_owned()
    }

    fn complaint(&mut self) -> String {
        let said = self.child.stderr.take().map(|mut stderr| std::io::read_to_string(&mut stderr));
        let said = said.and_then(Result::ok).unwrap_or_default();
        if said.contains("No module named 'numpy'") {
            return "numpy is missing: ./x setup".to_owned();
        }
        said.lines().last().unwrap_or("Python said nothing").to_owned()
    }

    /// Nanoseconds of a block.
    fn play(&mut self) -> f64 {
        let asks = self.asks.as_mut().expect("open until the end");
        asks.write_all(b"\n").expect("it listens");
        self.line().parse().expect("it answers with a number")
    }
}

impl Drop for Python {
    /// It ends when nothing more can be asked.
    fn drop(&mut self) {
        drop(self.asks.take());
        let _status = self.child.wait();
    }
}

fn python() -> Command {
    let modules: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", ".tools"].iter().collect();
    let mut command = Command::new("python3");
    command.env("PYTHONPATH", modules);
    command
}

/// A period of the input: frames × 2 channels, as bytes.
fn period(block: usize) -> Vec<u8> {
    let signal = Signal::new(block);
    let mut bytes = Vec::new();
    for frame in starts(block) {
        let [left, right] = signal.at(&Workload::Seeds, frame);
        for (left, right) in left.iter().zip(right) {
            bytes.extend([left, right].map(|sample| sample.to_le_bytes()).as_flattened());
        }
    }
    bytes
}

/// What came out of a period and a quarter.
fn compare(block: usize, theirs: &[u8]) -> Result<(), String> {
    let signal = Signal::new(block);
    let mut hand_written = limit(&Workload::Seeds, InstructionSet::widest());
    let mut samples = theirs.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().expect("four bytes")));
    let blocks = starts(block).count();
    let (mut left, mut right) = (vec![0.0; block], vec![0.0; block]);
    for frame in starts(block).cycle().take(blocks + blocks / 4) {
        hand_written.run(signal.at(&Workload::Seeds, frame), [&mut left, &mut right]);
        for (at, right) in left.iter().zip(&right).flat_map(|(left, right)| [left, right]).enumerate() {
            let theirs = samples.next().ok_or("Python computed too few samples")?;
            if (theirs - right).abs() > TOLERANCE || theirs.is_nan() {
                return Err(format!("Python computes {theirs} instead of {right} in frame {}", frame + at / 2));
            }
        }
    }
    Ok(())
}
