//! `runner render`, of one file and of many.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, ValueHint};
use jiff::civil::DateTime;
use patchline_nodes::Time;
use patchline_wav::Subtype;

use super::{InputFile, PatchArgs, TailChoice, block, duration, rate, subtype, values, wav_file};
use crate::allocator::OnViolation;

/// `runner render`.
#[derive(Clone, Debug, Args)]
pub(crate) struct RenderArgs {
    /// The patch to render; `-` reads it from stdin.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) patch: PathBuf,
    /// More input files, as a shell makes of `-i takes/*.wav`.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) more: Vec<PathBuf>,
    /// A WAV file as the device's input, `-` for stdin; NODE=FILE gives one input node its own. Repeatable: several
    /// files, or a pattern ('takes/**/*.wav'), are rendered one by one.
    #[arg(long, short, value_name = "[NODE=]FILE", value_hint = ValueHint::FilePath, value_parser = values::input_file())]
    pub(crate) input: Vec<InputFile>,
    /// The WAV file to write, `-` for stdout. Needed when the patch has an output. For several files a folder, or a name
    /// with {stem} (the input's name) and {dir} (the folders that a pattern's wildcards found).
    #[arg(long, short, value_name = "FILE", value_parser = wav_file(), value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Replaces the output file if there is one, and its pictures.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Draws the waveform of what was written, as PNG: a panel for each channel, peaks and RMS over time, red where it goes
    /// beyond full scale. For several files a folder, or a name with {stem}.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) waveform: Option<PathBuf>,
    /// Draws the spectrogram of what was written, as PNG: frequencies from 20 Hz up, levels from -110 to 0 dBFS. For
    /// several files a folder, or a name with {stem}.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) spectrogram: Option<PathBuf>,
    /// Files rendered at a time, when there are several; as many as there are processors without it.
    #[arg(long, short, value_name = "N", value_parser = jobs, allow_hyphen_values = true)]
    pub(crate) jobs: Option<usize>,
    /// Leaves out files whose output is there already: goes on where an earlier call ended. Outputs appear when they are
    /// complete; whether an input has changed since is not looked at. Pictures that an output lacks are drawn.
    #[arg(long, visible_alias = "resume", conflicts_with = "overwrite")]
    pub(crate) skip_existing: bool,
    /// Only the I-th of N equal parts of the files, for N machines: 1/8 to 8/8.
    #[arg(long, value_name = "I/N")]
    pub(crate) shard: Option<Shard>,
    /// Renders this long: "12s", "500ms", "10min", "48000smp" (frames). Needed when no input file gives a length.
    #[arg(long, short, conflicts_with = "tail", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) duration: Option<Time>,
    /// What follows after the input has ended: a time, or `auto` for as long as the nodes ring on.
    #[arg(long, value_name = "TIME|auto", default_value = "0", allow_hyphen_values = true)]
    pub(crate) tail: TailChoice,
    /// Frames per block, 1 to 65536; the samples are the same whatever it is.
    #[arg(long, value_parser = block, allow_hyphen_values = true)]
    pub(crate) block: Option<usize>,
    /// The stream's rate in Hz; without it the patch's, else the file's.
    #[arg(long, value_name = "HZ", value_parser = rate, allow_hyphen_values = true)]
    pub(crate) sample_rate: Option<u32>,
    /// Refuses a file of another rate instead of converting it.
    #[arg(long)]
    pub(crate) strict: bool,
    /// How samples are written: PCM_16, PCM_24, PCM_32 or FLOAT.
    #[arg(long, default_value = "FLOAT", value_parser = subtype(), ignore_case = true)]
    pub(crate) subtype: Subtype,
    /// Fixes the start of the run that `{date}` and `{time}` in file names count from: 2026-01-01T00:00:00.
    #[arg(long, value_name = "TIME")]
    pub(crate) clock: Option<DateTime>,
    /// When a node allocates in the audio callback: end at once, or count, go on and exit with 7.
    #[arg(long, value_enum, default_value = "abort")]
    pub(crate) on_violation: OnViolation,
    /// Prints the summary as one JSON object on stdout (on stderr when the WAV goes to stdout). Of several files JSON
    /// Lines: an object for each file, then one for all.
    #[arg(long)]
    pub(crate) json: bool,
    /// What every command that reads a patch takes.
    #[command(flatten)]
    pub(crate) patch_args: PatchArgs,
}

/// Which part of the files: the first of `of` is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    pub(crate) part: usize,
    pub(crate) of: usize,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((part, of)) if (1..=of).contains(&part) => Ok(Self { part, of }),
            Some((_, of)) if of > 0 => Err(format!("1/{of} to {of}/{of} are the parts of {of}")),
            _ => Err("write I/N, as in 1/8".to_owned()),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.part, self.of)
    }
}

fn jobs(text: &str) -> Result<usize, String> {
    super::within(text, 1, 1_024, "files at a time")
}

impl RenderArgs {
    /// What `runner render PATCH` means.
    pub(crate) fn of(patch: &Path) -> Self {
        Self {
            patch: patch.to_owned(),
            more: Vec::new(),
            input: Vec::new(),
            output: None,
            overwrite: false,
            waveform: None,
            spectrogram: None,
            jobs: None,
            skip_existing: false,
            shard: None,
            duration: None,
            tail: TailChoice::For(Time::ZERO),
            block: None,
            sample_rate: None,
            strict: false,
            subtype: Subtype::Float,
            clock: None,
            on_violation: OnViolation::Abort,
            json: false,
            patch_args: PatchArgs::default(),
        }
    }

    /// Whether files are rendered one by one, each to an output of its own.
    pub(crate) fn several(&self) -> bool {
        let batch_only = self.jobs.is_some() || self.skip_existing || self.shard.is_some() || !self.more.is_empty();
        let shared: Vec<&Path> = self.shared().collect();
        let settings = || self.patch_args.set.iter().any(|setting| has_placeholder(&setting.value));
        batch_only
            || shared.len() > 1
            || shared.iter().any(|file| is_pattern(file))
            || [&self.output, &self.waveform, &self.spectrogram]
                .into_iter()
                .flatten()
                .any(|output| is_folder(output) || has_placeholder(&output.to_string_lossy()))
            || settings()
    }

    /// Files and patterns that are for all inputs without a file of their own.
    pub(crate) fn shared(&self) -> impl Iterator<Item = &Path> {
        let named = self.input.iter().filter(|input| input.node.is_none());
        named.map(|input| input.file.as_path()).chain(self.more.iter().map(PathBuf::as_path))
    }
}

/// Whether a text has a place for what differs from file to file.
pub(crate) fn has_placeholder(text: &str) -> bool {
    ["{stem}", "{dir}"].iter().any(|placeholder| text.contains(placeholder))
}

/// Whether an output is a folder: there is one, or its name ends like one.
pub(crate) fn is_folder(output: &Path) -> bool {
    output.to_string_lossy().ends_with(std::path::is_separator) || output.is_dir()
}

/// Whether it stands for files rather than for one: a file of exactly this name is meant where there is one.
pub(crate) fn is_pattern(file: &Path) -> bool {
    file.to_string_lossy().contains(['*', '?', '[']) && file.symlink_metadata().is_err()
}
