//! The command line, declared once: parser, help, man page and completions follow from it.
//!
//! Times and numbers allow a hyphen, so that `--duration -1` is told what a time is.

mod control;
mod flight;
mod render;
mod repair;
mod replay;
mod sound;
mod values;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};
use jiff::civil::DateTime;
use patchline_nodes::{QuantityError, Time};
use patchline_wav::Subtype;

pub(crate) use control::ControlArgs;
pub(crate) use flight::FlightArgs;
pub(crate) use render::{RenderArgs, Shard, has_placeholder, is_folder, is_pattern};
pub(crate) use repair::RepairArgs;
pub(crate) use replay::{CaptureArgs, ReplayArgs};
pub(crate) use sound::{BenchArgs, DevicesArgs, DoctorArgs, MeterArgs, PlayArgs, RecordArgs};
pub(crate) use values::{InputFile, Setting, TailChoice, wav_file};

use crate::allocator::OnViolation;
use crate::document::Form;
use crate::exit::{EXIT_CODES, JSON};

/// Plays, renders and checks Patchline patches: audio graphs written in TOML.
///
/// `runner PATCH` is short for `runner run PATCH`.
#[derive(Debug, Parser)]
#[command(name = "runner", version, max_term_width = 100, arg_required_else_help = true, after_help = format!("{EXIT_CODES}\n\n{JSON}"))]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Say more; twice for everything. PATCHLINE_LOG=debug does the same.
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Only warnings and errors, on stderr: no progress, and no report of what was played, recorded or rendered. What is
    /// asked for as output, such as --json, comes on stdout all the same.
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Play a patch until Ctrl-C or its --duration.
    Run(RunArgs),
    /// Render a patch to a WAV file, or many files through it, as fast as the machine can.
    Render(RenderArgs),
    /// Check patches: accept them with a summary, or report every mistake.
    Check(CheckArgs),
    /// Show a patch as a picture or as the plan of what is computed.
    Graph(GraphArgs),
    /// Say what would become of a running patch if another one were loaded: what is kept, changed, faded.
    Diff(DiffArgs),
    /// Record a device's input to a WAV file.
    Record(RecordArgs),
    /// Play a WAV file.
    Play(PlayArgs),
    /// Show how loud a device's input is.
    Meter(MeterArgs),
    /// Say what is wrong with WAV files that were left unfinished, and put it right.
    Repair(RepairArgs),
    /// Render a captured run again and compare the bits: bug reports become files.
    Replay(ReplayArgs),
    /// List the node types, or document one.
    Nodes(NodesArgs),
    /// Write a first patch for this machine, with comments; asks what it is for, or takes --for.
    Init(InitArgs),
    /// List the devices there are.
    Devices(DevicesArgs),
    /// Say what the code of an error means, and what would be right.
    Explain(ExplainArgs),
    /// Measure what a patch costs on this machine, or how long sound takes from the output to the input.
    Bench(BenchArgs),
    /// Say what this machine lacks for sound in real time, and the lines that fix it.
    Doctor(DoctorArgs),
    /// Print the JSON schema of patches, for editors.
    Schema,
    /// Render a built-in patch into a folder: nothing else is needed.
    Demo(DemoArgs),
    /// Print a shell's completion script.
    Completions(CompletionsArgs),
    /// Print the manual page, or write one page for each command into a folder.
    Man(ManArgs),
}

impl Command {
    /// How its results are wanted.
    pub(crate) fn form(&self) -> Form {
        let json = match self {
            Self::Run(args) => args.json,
            Self::Render(args) => args.json,
            Self::Check(args) => args.json,
            Self::Diff(args) => args.json,
            Self::Record(args) => args.json,
            Self::Play(args) => args.json,
            Self::Meter(args) => args.json,
            Self::Repair(args) => args.json,
            Self::Nodes(args) => args.json,
            Self::Devices(args) => args.json,
            Self::Bench(args) => args.json,
            Self::Doctor(args) => args.json,
            Self::Replay(args) => args.json,
            Self::Graph(_) | Self::Schema | Self::Demo(_) | Self::Explain(_) | Self::Init(_) => false,
            Self::Completions(_) | Self::Man(_) => false,
        };
        match self {
            _ if !json => Form::Text,
            Self::Meter(_) | Self::Devices(DevicesArgs { watch: true, .. }) => Form::Lines,
            Self::Render(args) if args.several() => Form::Lines,
            Self::Render(RenderArgs { output: Some(path), .. }) if path == Path::new("-") => Form::Aside,
            _ => Form::Document,
        }
    }
}

/// What every command that reads a patch takes.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct PatchArgs {
    /// Sets a parameter before anything starts: --set trim.gain=-6dB, --set bus.gains[0].gain=0.5. Repeatable.
    #[arg(long, value_name = "NODE.PARAM=VALUE")]
    pub(crate) set: Vec<Setting>,
    /// Starts with the values of this scene of the patch; what --set sets stays.
    #[arg(long, value_name = "NAME")]
    pub(crate) scene: Option<String>,
    /// Lets the patch read and write files in this folder too. Repeatable.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) allow_path: Vec<PathBuf>,
}

/// What is assumed of the device by commands that open none.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct Assumed {
    /// Channels of the device's input where a patch leaves them open; 2 without it.
    #[arg(long, value_name = "N", value_parser = channels, allow_hyphen_values = true)]
    pub(crate) channels: Option<usize>,
    /// The rate in Hz where a patch leaves it to the device; 48000 without it.
    #[arg(id = "sample_rate", long = "sample-rate", value_name = "HZ", value_parser = rate, allow_hyphen_values = true)]
    pub(crate) rate: Option<u32>,
}

/// `runner run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The patch to play; `-` reads it from stdin. Another device than it names: --set mic.device=NAME.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) patch: PathBuf,
    /// Where the device is looked for; without it the patch's `engine.backend` decides.
    #[arg(long, value_enum)]
    pub(crate) backend: Option<BackendChoice>,
    /// Loads the patch anew whenever its file is edited, without a click; one with mistakes leaves the old one playing.
    /// On Unix SIGHUP asks for the same at any time.
    #[arg(long, short)]
    pub(crate) watch: bool,
    /// Keeps parameters that are changed while it plays in this file, and starts with what it holds.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) state: Option<PathBuf>,
    /// Waits for a device or a server that is not there yet.
    #[arg(long)]
    pub(crate) wait_device: bool,
    /// Ends after so much was played: "12s", "500ms", "10min", "1.5h", "48000smp" (frames).
    #[arg(long, short, value_parser = duration, allow_hyphen_values = true)]
    pub(crate) duration: Option<Time>,
    /// Frames per block, 1 to 65536; without it the patch's, else what the device delivers.
    #[arg(long, value_parser = block, allow_hyphen_values = true)]
    pub(crate) block: Option<usize>,
    /// The stream's rate in Hz, an error where the device lacks it; without it the patch's, else the device's own.
    #[arg(long, visible_alias = "rate", value_name = "HZ", value_parser = rate, allow_hyphen_values = true)]
    pub(crate) sample_rate: Option<u32>,
    /// Channels of the device's input where the patch leaves them open; all it has without it.
    #[arg(long, value_name = "N", value_parser = channels, allow_hyphen_values = true)]
    pub(crate) channels: Option<usize>,
    /// The seed of the simulated device: what goes wrong, and when.
    #[arg(long, default_value_t = 1, allow_hyphen_values = true)]
    pub(crate) seed: u64,
    /// Fixes the start of the run that `{date}` and `{time}` in file names count from: 2026-01-01T00:00:00.
    #[arg(long, value_name = "TIME")]
    pub(crate) clock: Option<DateTime>,
    /// When a node allocates in the audio callback: end at once, or count, play on and exit with 7.
    #[arg(long, value_enum, default_value = "count")]
    pub(crate) on_violation: OnViolation,
    /// On a terminal, a line of status instead of the screen with meters and parameters.
    #[arg(long)]
    pub(crate) plain: bool,
    /// Prints the final report as one JSON object on stdout.
    #[arg(long)]
    pub(crate) json: bool,
    /// Who may change it while it plays.
    #[command(flatten)]
    pub(crate) control: ControlArgs,
    /// Whether the run is captured.
    #[command(flatten)]
    pub(crate) capture: CaptureArgs,
    /// What is written of the flight recorder.
    #[command(flatten)]
    pub(crate) flight: FlightArgs,
    /// What every command that reads a patch takes.
    #[command(flatten)]
    pub(crate) patch_args: PatchArgs,
}

/// Where sound comes from and goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BackendChoice {
    /// Silence in, sound nowhere, paced by the machine's clock.
    Null,
    /// A simulated device with odd blocks, drift, jitter, dropouts and loose plugs, as fast as the machine.
    Sim,
    /// JACK if a server answers, else the system's own devices, else an error.
    Auto,
    /// A JACK server.
    Jack,
    /// The system's own devices: ALSA, WASAPI, CoreAudio.
    Cpal,
}

/// `runner check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The patches to check.
    #[arg(required = true, value_name = "PATCH", value_hint = ValueHint::FilePath)]
    pub(crate) patches: Vec<PathBuf>,
    /// What is assumed of a device that is not there.
    #[command(flatten)]
    pub(crate) assumed: Assumed,
    /// Says how much of a processor the patch will take here, from what its nodes cost each, measured within a second.
    #[arg(long)]
    pub(crate) cpu: bool,
    /// Frames per block for --cpu, 1 to 65536; the patch's, else 128, without it.
    #[arg(long, requires = "cpu", value_parser = block, allow_hyphen_values = true)]
    pub(crate) block: Option<usize>,
    /// Draws what each node takes into this file, for --cpu and one patch.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "cpu")]
    pub(crate) svg: Option<PathBuf>,
    /// Replaces the picture if there is one.
    #[arg(long, requires = "svg")]
    pub(crate) overwrite: bool,
    /// Prints one JSON object on stdout.
    #[arg(long)]
    pub(crate) json: bool,
    /// What every command that reads a patch takes.
    #[command(flatten)]
    pub(crate) patch_args: PatchArgs,
}

/// `runner diff`.
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The patch that plays.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) old: PathBuf,
    /// The patch that would be loaded.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) new: PathBuf,
    /// What is assumed of a device that is not there.
    #[command(flatten)]
    pub(crate) assumed: Assumed,
    /// Prints one JSON object on stdout.
    #[arg(long)]
    pub(crate) json: bool,
    /// What every command that reads a patch takes.
    #[command(flatten)]
    pub(crate) patch_args: PatchArgs,
}

/// `runner graph`.
#[derive(Debug, Args)]
pub(crate) struct GraphArgs {
    /// The patch to show.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) patch: PathBuf,
    /// The form; what the ending of -o says without it (.svg, .dot or .gv, .mmd), else the plan.
    #[arg(long, short, value_enum)]
    pub(crate) format: Option<GraphFormat>,
    /// Renders the patch, and writes the highest peak onto each link. Nothing is recorded meanwhile.
    #[arg(long)]
    pub(crate) levels: bool,
    /// What comes in for --levels: a WAV file as the device's input; NODE=FILE gives one input node its own. Repeatable.
    #[arg(long, short, value_name = "[NODE=]FILE", value_hint = ValueHint::FilePath, value_parser = values::input_file(), requires = "levels")]
    pub(crate) input: Vec<InputFile>,
    /// How long it is rendered for --levels: "12s", "500ms"; as long as the input without it.
    #[arg(long, short, value_parser = duration, allow_hyphen_values = true, requires = "levels")]
    pub(crate) duration: Option<Time>,
    /// Writes to this file instead of stdout.
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Replaces the output file if there is one.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// What is assumed of a device that is not there.
    #[command(flatten)]
    pub(crate) assumed: Assumed,
    /// What every command that reads a patch takes.
    #[command(flatten)]
    pub(crate) patch_args: PatchArgs,
}

/// How a graph is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// What is computed, step by step.
    Plan,
    /// A picture for Graphviz.
    Dot,
    /// A picture for Markdown.
    Mermaid,
    /// A picture for browsers.
    Svg,
}

/// `runner nodes`.
#[derive(Debug, Args)]
pub(crate) struct NodesArgs {
    /// The node type to document.
    #[arg(value_name = "TYPE")]
    pub(crate) kind: Option<String>,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `runner explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The code, as it stands in a message: `value`, or `error[value]`; all of them without one.
    #[arg(value_name = "CODE")]
    pub(crate) code: Option<String>,
}

/// `runner init`.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The patch to write.
    #[arg(default_value = "patch.toml", value_hint = ValueHint::FilePath)]
    pub(crate) patch: PathBuf,
    /// What the patch does.
    #[arg(long = "for", value_enum, value_name = "PURPOSE")]
    pub(crate) purpose: Option<Purpose>,
    /// The input device, by its name or id; else the system's default.
    #[arg(long, value_name = "DEVICE")]
    pub(crate) input: Option<String>,
    /// The output device, by its name or id; else the system's default.
    #[arg(long, value_name = "DEVICE")]
    pub(crate) output: Option<String>,
    /// Asks nothing: what is not said is the default.
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Replaces a file that is there.
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// What a first patch does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Purpose {
    /// An echo on what comes in.
    Echo,
    /// What comes in goes out, with a gain and a meter.
    Through,
    /// Records what comes in.
    Record,
    /// Records when somebody speaks, a file for each take.
    Speech,
    /// A test tone.
    Tone,
}

impl Purpose {
    pub(crate) const ALL: [Self; 5] = [Self::Echo, Self::Through, Self::Record, Self::Speech, Self::Tone];

    /// What it is, for people.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Echo => "an echo on what comes in",
            Self::Through => "what comes in goes out, with a gain and a meter",
            Self::Record => "record what comes in",
            Self::Speech => "record when somebody speaks, a file for each take",
            Self::Tone => "a test tone",
        }
    }

    /// Whether it has an input.
    pub(crate) fn hears(self) -> bool {
        self != Self::Tone
    }

    /// Whether it has an output.
    pub(crate) fn plays(self) -> bool {
        matches!(self, Self::Echo | Self::Through | Self::Tone)
    }
}

/// `runner demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// The folder to write to; what an earlier demo left there is replaced, except a demo.toml that you changed.
    #[arg(long, short, value_name = "DIR", default_value = "patchline-demo", value_hint = ValueHint::DirPath)]
    pub(crate) output: PathBuf,
}

/// `runner completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// `runner man`.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Writes one page for each command into this folder.
    #[arg(long, short, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) output: Option<PathBuf>,
}

/// `runner PATCH` made into `runner run PATCH`: when no command stands before the first word that is a patch.
pub(crate) fn with_default_command(mut args: Vec<OsString>) -> Vec<OsString> {
    let commands = <Cli as clap::CommandFactory>::command();
    let is_command =
        |word: &OsString| word.to_str().is_some_and(|word| word == "help" || commands.find_subcommand(word).is_some());
    let words = args.iter().skip(1);
    // A first word that is neither gets clap's own answer, with a suggestion for a mistyped command.
    let first = words.clone().next().is_none_or(|word| is_option(word) || is_patch(word));
    let decisive = words.filter(|word| !is_option(word)).find(|word| is_command(word) || is_patch(word));
    if first && decisive.is_some_and(|word| !is_command(word)) {
        args.insert(1, "run".into());
    }
    args
}

fn is_option(word: &OsString) -> bool {
    word != "-" && word.to_string_lossy().starts_with('-')
}

fn is_patch(word: &OsString) -> bool {
    let path = Path::new(word);
    let named = path.extension().is_some_and(|extension| extension == "toml") || path.components().count() > 1;
    named || word == "-" || path.is_file()
}

fn block(text: &str) -> Result<usize, String> {
    within(text, 1, 65_536, "frames")
}

fn duration(text: &str) -> Result<Time, String> {
    let units = |error: QuantityError| format!("{error}; its unit is one of h, min, s, ms, us and smp (frames)");
    let time: Time = text.parse().map_err(units)?;
    let none = time.seconds(1.0) <= 0.0;
    if none { Err("nothing lasts that long: give more than 0, as in \"5s\"".to_owned()) } else { Ok(time) }
}

/// The frames of a `--duration`: one at least, however short it is.
pub(crate) fn duration_frames(duration: Time, rate: u32) -> u64 {
    duration.frames(f64::from(rate)).max(1)
}

fn rate(text: &str) -> Result<u32, String> {
    within(text, 1_000, 768_000, "Hz").map_err(|needed| needed + ", as in 48000")
}

fn channels(text: &str) -> Result<usize, String> {
    within(text, 0, 1_024, "channels")
}

/// A whole number between two, both included.
fn within<T>(text: &str, least: T, most: T, unit: &str) -> Result<T, String>
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display + Copy,
{
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("a whole number of {unit}, {least} to {most}, is needed"))
}

/// Reads a subtype's name in any case.
fn subtype() -> impl clap::builder::TypedValueParser<Value = Subtype> {
    use clap::builder::{PossibleValuesParser, TypedValueParser};
    let names = PossibleValuesParser::new(Subtype::ALL.map(Subtype::name));
    names.map(|name| name.to_ascii_uppercase().parse().expect("every offered name is one"))
}

#[cfg(test)]
mod tests;
