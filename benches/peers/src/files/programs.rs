//! The programs, and how each is told to do the jobs, as its manual says.

use std::ffi::OsString;
use std::process::Command;

use super::{Call, FILE, FUSED, IN, Job, OUT};

pub(crate) struct Program {
    pub(crate) name: &'static str,
    /// The promise it belongs to.
    pub(crate) goal: &'static str,
    /// How it gets here.
    pub(crate) install: &'static str,
    /// What it says of its version, where it is installed.
    pub(crate) version: fn() -> Option<String>,
    pub(crate) command: fn(Job) -> Option<Call>,
    /// Whether its output is to be what ours is: not for what only copies.
    pub(crate) computes: bool,
}

pub(crate) fn programs() -> &'static [Program] {
    &[
        Program {
            name: "a fused loop",
            install: "",
            goal: "file-limit",
            version: || Some("the fused loop".to_owned()),
            command: fused,
            computes: true,
        },
        Program {
            name: "cp",
            install: "",
            goal: "",
            version: || said("cp", "--version"),
            command: cp,
            computes: false,
        },
        Program {
            name: "ffmpeg",
            install: "apt-get install ffmpeg",
            goal: "file-ffmpeg",
            version: || said("ffmpeg", "-version"),
            command: ffmpeg,
            computes: true,
        },
        Program {
            name: "sox (with dither, as by default)",
            install: "apt-get install sox",
            goal: "file-sox",
            version: || said("sox", "--version"),
            command: sox,
            computes: true,
        },
        Program {
            name: "sox -D (no dither)",
            install: "apt-get install sox",
            goal: "file-sox",
            version: || said("sox", "--version"),
            command: undithered,
            computes: true,
        },
        Program {
            name: "ecasound",
            install: "apt-get install ecasound",
            goal: "file-ecasound",
            version: || said("ecasound", "--version"),
            command: ecasound,
            computes: true,
        },
        Program {
            name: "camilladsp",
            install: "cargo install camilladsp --version 5.0.0-beta.1",
            goal: "file-camilladsp",
            version: || said("camilladsp", "--version"),
            command: camilladsp,
            computes: true,
        },
    ]
}

/// The first line that a program says.
fn said(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(text.lines().find(|line| !line.trim().is_empty()).unwrap_or(program).to_owned())
}

fn call(program: impl Into<OsString>, arguments: &[&str]) -> Call {
    let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
    Call { program: program.into(), arguments, file: None }
}

/// `runner render`; `PATCHLINE_RUNNER` says which runner.
pub(crate) fn ours(job: Job) -> Result<Call, String> {
    let runner = std::env::var_os("PATCHLINE_RUNNER").ok_or("PATCHLINE_RUNNER does not name the runner")?;
    let arguments = ["render", FILE, "-i", IN, "-o", OUT, "--overwrite", "--subtype", "PCM_16"];
    let echo = "\n[nodes.echo]\ntype = \"delay\"\ntime = \"24000 smp\"\nmix = 0.4\n";
    let (links, echo) = match job {
        Job::Gain => ("in -> gain -> out", ""),
        Job::Echo => ("in -> gain -> echo -> out", echo),
    };
    let nodes =
        "[nodes.in]\ntype = \"input\"\n[nodes.gain]\ntype = \"gain\"\ngain = 0.5\n[nodes.out]\ntype = \"output\"\n";
    Ok(Call { file: Some(format!("links = [\"{links}\"]\n{nodes}{echo}")), ..call(runner, &arguments) })
}

/// This program, as another one.
fn fused(job: Job) -> Option<Call> {
    let arguments: &[&str] = match job {
        Job::Gain => &[FUSED, IN, OUT, "0.5"],
        Job::Echo => &[FUSED, IN, OUT, "0.5", "24000", "0.4"],
    };
    Some(call(std::env::current_exe().ok()?, arguments))
}

fn cp(job: Job) -> Option<Call> {
    (job == Job::Gain).then(|| call("cp", &[IN, OUT]))
}

fn ffmpeg(job: Job) -> Option<Call> {
    let filter = match job {
        Job::Gain => "volume=0.5",
        Job::Echo => "volume=0.5,aecho=in_gain=0.6:out_gain=1:delays=500:decays=0.4",
    };
    Some(call("ffmpeg", &["-nostdin", "-v", "error", "-y", "-i", IN, "-af", filter, "-c:a", "pcm_s16le", OUT]))
}

/// As it is typed: with fewer bits at the end than in between, it adds dither.
fn sox(job: Job) -> Option<Call> {
    let mut arguments = vec![IN, OUT, "vol", "0.5"];
    if job == Job::Echo {
        arguments.extend(["echo", "0.6", "1", "500", "0.4"]);
    }
    Some(call("sox", &arguments))
}

/// Told to leave that, as the others do.
fn undithered(job: Job) -> Option<Call> {
    let mut call = sox(job)?;
    call.arguments.insert(0, "-D".to_owned());
    Some(call)
}

fn ecasound(job: Job) -> Option<Call> {
    let mut arguments = vec!["-q", "-f:s16_le,2,48000", "-i", IN, "-o", OUT, "-ea:50"];
    if job == Job::Echo {
        arguments.push("-etd:500,0,1,40,0");
    }
    Some(call("ecasound", &arguments))
}

/// In chunks of the size that its manual starts from. A gain only: an echo would be a mixer from two channels to four, two delays and a mixer back.
fn camilladsp(job: Job) -> Option<Call> {
    let config = format!(
        "devices:
  samplerate: 48000
  chunksize: 1024
  capture:
    type: WavFile
    filename: {IN}
  playback:
    type: File
    channels: 2
    filename: {OUT}
    format: S16_LE
    wav_header: true
filters:
  half:
    type: Gain
    parameters:
      gain: 0.5
      scale: linear
pipeline:
  - type: Filter
    channels: [0, 1]
    names: [half]
"
    );
    let file = Some(config);
    (job == Job::Gain).then(|| Call { file, ..call("camilladsp", &["--loglevel", "error", FILE]) })
}
