//! Ten minutes of stereo, 16 bits in and out, through whole programs: the CPU time of each process, in turns.
//!
//! Two jobs: a gain of 0.5, and a gain with an echo of half a second. What each program wrote is compared with what ours
//! wrote before anything is timed, to two steps of 16 bits, as some round and some cut. `TMPDIR` says where the files are.

mod fused;
mod plain_wav;
mod programs;

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;

use nix::sys::resource::{UsageWho, getrusage};
use patchline_benches::Extra;
use patchline_benches::measure::{Effort, Timed, rounds};
use tempfile::TempDir;

pub(crate) use fused::{FUSED, main as fused};
use plain_wav::{HEADER, header};
use programs::{Program, programs};

/// Frames of the file.
const FRAMES: usize = 600 * 48_000;
/// Frames at the start that are compared, and steps of 16 bits that they may differ.
const COMPARED: usize = 20 * 48_000;
const STEPS: u16 = 2;

/// What is done to the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Job {
    /// ×0.5.
    Gain,
    /// ×0.5, then 0.6 of it and 0.4 of what it was half a second ago.
    Echo,
}

impl Job {
    const ALL: [Self; 2] = [Self::Gain, Self::Echo];

    fn words(self) -> &'static str {
        match self {
            Self::Gain => "gain",
            Self::Echo => "gain and echo",
        }
    }
}

/// All comparisons. They share their files, which are gone with the last of them.
pub(crate) fn all() -> Vec<Box<dyn Extra>> {
    let folder = Rc::new(RefCell::new(None));
    let each = |program: &'static Program| {
        let folder = Rc::clone(&folder);
        let jobs = Job::ALL.into_iter().filter(|&job| (program.command)(job).is_some());
        jobs.map(move |job| Box::new(WholeFile { program, job, folder: Rc::clone(&folder) }) as Box<dyn Extra>)
    };
    programs().iter().flat_map(each).collect()
}

struct WholeFile {
    program: &'static Program,
    job: Job,
    folder: Rc<RefCell<Option<Folder>>>,
}

impl Extra for WholeFile {
    fn goal(&self) -> &'static str {
        self.program.goal
    }

    fn case(&self) -> String {
        format!("10 minutes of stereo, {}: {}", self.job.words(), self.program.name)
    }

    fn measure(&mut self, effort: Effort) -> Result<Timed, String> {
        let theirs = (self.program.command)(self.job).ok_or("it cannot do this job")?;
        let version = (self.program.version)()
            .ok_or_else(|| format!("{} is not here: {}", self.program.name, self.program.install))?;
        let mut folder = self.folder.borrow_mut();
        if folder.is_none() {
            *folder = Some(Folder::new().map_err(|error| format!("no files to measure with: {error}"))?);
        }
        let folder = folder.as_ref().expect("it was made just now");
        let ours = programs::ours(self.job)?;
        folder.run(&ours, "ours.wav")?;
        folder.run(&theirs, "theirs.wav")?;
        if self.program.computes {
            folder.compare().map_err(|why| format!("{version} does not compute the same: {why}"))?;
        }
        let mut turn = |call: &Call, output: &str| folder.run(call, output).expect("it ran before");
        let turn = RefCell::new(&mut turn);
        let mut our_turn = || (turn.borrow_mut())(&ours, "ours.wav");
        let mut their_turn = || (turn.borrow_mut())(&theirs, "theirs.wav");
        let rows = rounds(effort.share(8), &mut [&mut our_turn, &mut their_turn]);
        Ok(Timed::over(&rows[0], &rows[1]))
    }
}

/// A program with its arguments; [`IN`] and [`OUT`] stand for the files.
pub(crate) struct Call {
    pub(crate) program: OsString,
    pub(crate) arguments: Vec<String>,
    /// A file that is written beforehand, under the name `FILE` stands for, with the others' names put in.
    pub(crate) file: Option<String>,
}

pub(crate) const IN: &str = "@IN@";
pub(crate) const OUT: &str = "@OUT@";
pub(crate) const FILE: &str = "@FILE@";

/// Where the files are.
struct Folder(TempDir);

impl Folder {
    /// With ten minutes of noise, different on both sides.
    fn new() -> std::io::Result<Self> {
        let folder = Self(tempfile::tempdir()?);
        let mut bytes = Vec::with_capacity(HEADER + 4 * FRAMES);
        bytes.extend_from_slice(&header(4 * FRAMES as u64));
        let mut state = 1u32;
        for _ in 0..2 * FRAMES {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Half of full scale: no sum of it clips.
            bytes.extend_from_slice(&(((state >> 16) as i16) / 2).to_le_bytes());
        }
        fs::write(folder.path("in.wav"), bytes)?;
        Ok(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Nanoseconds of CPU, of the program and the kernel for it.
    fn run(&self, call: &Call, output: &str) -> Result<f64, String> {
        let file = self.path(&format!("{output}.txt"));
        let names = [(IN, self.path("in.wav")), (OUT, self.path(output)), (FILE, file.clone())];
        let filled = |text: &String| {
            names.iter().fold(text.clone(), |text, (mark, path)| text.replace(mark, &path.to_string_lossy()))
        };
        if let Some(text) = &call.file {
            fs::write(&file, filled(text)).map_err(|error| error.to_string())?;
        }
        let mut command = Command::new(&call.program);
        command
            .args(call.arguments.iter().map(filled))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let before = children_ns();
        let done = command.output().map_err(|error| format!("{}: {error}", call.program.to_string_lossy()))?;
        let took = children_ns() - before;
        let said = String::from_utf8_lossy(&done.stderr);
        if done.status.success() { Ok(took) } else { Err(format!("{}: {said}", call.program.to_string_lossy())) }
    }

    fn compare(&self) -> Result<(), String> {
        let (ours, theirs) = (samples(&self.path("ours.wav"))?, samples(&self.path("theirs.wav"))?);
        if ours.len() > theirs.len() {
            return Err(format!("{} samples instead of {}", theirs.len(), ours.len()));
        }
        let compared = ours.iter().zip(&theirs).take(2 * COMPARED);
        let loudest = ours.iter().take(2 * COMPARED).map(|sample| sample.unsigned_abs()).max();
        if loudest < Some(2000) {
            return Err("ours is next to silent".to_owned());
        }
        match compared.enumerate().find(|(_, (ours, theirs))| ours.abs_diff(**theirs) > STEPS) {
            None => Ok(()),
            Some((at, (ours, theirs))) => Err(format!("frame {} is {theirs} instead of {ours}", at / 2)),
        }
    }
}

/// What follows the header of the chunk `data`.
fn samples(path: &Path) -> Result<Vec<i16>, String> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let start = bytes.windows(4).take(4096).position(|four| four == b"data").ok_or("it wrote no WAV file")? + 8;
    let two = bytes[start..].chunks_exact(2);
    Ok(two.take(2 * FRAMES).map(|two| i16::from_le_bytes([two[0], two[1]])).collect())
}

/// CPU time of all processes that ended so far and were waited for.
fn children_ns() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the kernel counts");
    [usage.user_time(), usage.system_time()]
        .iter()
        .map(|time| time.tv_sec() as f64 * 1e9 + time.tv_usec() as f64 * 1e3)
        .sum()
}
