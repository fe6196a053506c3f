//! The commands that deal with devices and need no patch.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueHint};
use patchline_io::{Callback, ChannelCount, DeviceRequest, Patience, SideRequest};
use patchline_nodes::{Level, QuantityError, Time};
use patchline_wav::Subtype;

use super::{BackendChoice, PatchArgs, block, duration, rate, subtype, wav_file};
use crate::hosts::{self, NotOpened, Opened};
use crate::signals;

/// `runner devices`.
#[derive(Debug, Default, Args)]
pub(crate) struct DevicesArgs {
    /// Lists the hosts (sound servers and the system's own interfaces) with their default devices.
    #[arg(long, conflicts_with_all = ["inputs", "outputs", "caps"])]
    pub(crate) hosts: bool,
    /// Only devices that deliver sound.
    #[arg(long)]
    pub(crate) inputs: bool,
    /// Only devices that take sound.
    #[arg(long)]
    pub(crate) outputs: bool,
    /// Only what one gets without naming a device.
    #[arg(long)]
    pub(crate) default: bool,
    /// Lists what they can do, too: rates, sample formats, block lengths.
    #[arg(long)]
    pub(crate) caps: bool,
    /// Then says what comes and goes, until Ctrl-C.
    #[arg(long)]
    pub(crate) watch: bool,
    /// Only the devices of this host: jack, alsa, pulseaudio.
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Option<String>,
    /// Prints one JSON object on stdout; with --watch JSON Lines: it in one line, then a line for each change.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `runner doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Prints one JSON object on stdout.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which device, and how it is opened.
#[derive(Debug, Args)]
pub(crate) struct DeviceArgs {
    /// Part of the device's name, or its id, as `runner devices` has them; the default device without it.
    #[arg(long, value_name = "NAME")]
    pub(crate) device: Option<String>,
    /// Where the device is looked for: JACK if a server answers, else the system's own, without it.
    #[arg(long, value_enum)]
    pub(crate) backend: Option<BackendChoice>,
    /// Waits for a device or a server that is not there yet.
    #[arg(long)]
    pub(crate) wait_device: bool,
    /// The device's rate in Hz, an error where it lacks it; the device's own without it.
    #[arg(long, visible_alias = "sample-rate", value_name = "HZ", value_parser = rate, allow_hyphen_values = true)]
    pub(crate) rate: Option<u32>,
    /// Frames per block, 1 to 65536; what the device delivers without it.
    #[arg(long, value_parser = block, allow_hyphen_values = true)]
    pub(crate) block: Option<usize>,
}

/// `runner record`.
#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// The WAV file to write; `{date}`, `{time}` and `{seq:03}` in it are filled in.
    #[arg(long, short, value_name = "FILE", value_parser = wav_file(), value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,
    /// Records this long, to the frame: "5s", "10min", "1.5h", "48000smp" (frames); until Ctrl-C without it.
    #[arg(long, short, value_parser = duration, allow_hyphen_values = true)]
    pub(crate) duration: Option<Time>,
    /// Records the first channels, as many; all of the device's without it.
    #[arg(long, short, value_name = "N", value_parser = some_channels, allow_hyphen_values = true)]
    pub(crate) channels: Option<usize>,
    /// Records what is played on this output device instead of an input.
    #[arg(long, value_name = "NAME", conflicts_with = "device")]
    pub(crate) loopback_of: Option<String>,
    /// How samples are written: PCM_16, PCM_24, PCM_32 or FLOAT.
    #[arg(long, default_value = "PCM_24", value_parser = subtype(), ignore_case = true)]
    pub(crate) subtype: Subtype,
    /// Replaces the file if there is one.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Prints the final report as one JSON object on stdout.
    #[arg(long)]
    pub(crate) json: bool,
    /// The device.
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
}

/// `runner play`.
#[derive(Debug, Args)]
pub(crate) struct PlayArgs {
    /// The WAV file to play.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Ends after this time, if the file has not ended before: "5s", "10min", "48000smp" (frames).
    #[arg(long, short, value_parser = duration, allow_hyphen_values = true)]
    pub(crate) duration: Option<Time>,
    /// Plays it again and again, without a gap.
    #[arg(long = "loop")]
    pub(crate) looped: bool,
    /// What it is multiplied by: "-6dB", "0.5".
    #[arg(long, default_value = "0dB", allow_hyphen_values = true)]
    pub(crate) gain: Level,
    /// Prints the final report as one JSON object on stdout.
    #[arg(long)]
    pub(crate) json: bool,
    /// The device.
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
}

/// `runner meter`.
#[derive(Debug, Args)]
pub(crate) struct MeterArgs {
    /// Ends after this time: "5s", "10min", "48000smp" (frames); at Ctrl-C without it.
    #[arg(long, short, value_parser = duration, allow_hyphen_values = true)]
    pub(crate) duration: Option<Time>,
    /// Measures the first channels, as many; all of the device's without it.
    #[arg(long, short, value_name = "N", value_parser = some_channels, allow_hyphen_values = true)]
    pub(crate) channels: Option<usize>,
    /// Measures what is played on this output device instead of an input.
    #[arg(long, value_name = "NAME", conflicts_with = "device")]
    pub(crate) loopback_of: Option<String>,
    /// Prints JSON Lines on stdout: an object in each line, one a second.
    #[arg(long)]
    pub(crate) json: bool,
    /// The device.
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
}

impl DeviceArgs {
    /// Opens what is asked for, now or, if it may be waited for, as soon as it is there.
    pub(crate) fn open<C: Callback>(&self, request: &DeviceRequest) -> Result<Opened<C>, NotOpened> {
        let backend = self.backend.unwrap_or(BackendChoice::Auto);
        if !self.wait_device {
            return hosts::open(request, backend, &Patience::default());
        }
        signals::listen();
        hosts::wait_open(request, backend, &Patience::default())
    }

    /// The request for these options: the sides are up to the command.
    pub(crate) fn request(&self) -> DeviceRequest {
        DeviceRequest {
            client_name: "patchline".to_owned(),
            rate: self.rate,
            block: self.block,
            ..DeviceRequest::default()
        }
    }

    /// A side of the device that was named.
    pub(crate) fn side(&self, channels: ChannelCount) -> SideRequest {
        SideRequest { device: self.device.clone(), channels, ..SideRequest::default() }
    }

    /// An input: the device that was named, or what the device `loopback_of` plays.
    pub(crate) fn input(&self, channels: Option<usize>, loopback_of: Option<&str>) -> SideRequest {
        let side = self.side(channels.map_or(ChannelCount::All, ChannelCount::Exactly));
        match loopback_of {
            Some(output) => SideRequest { device: Some(output.to_owned()), loopback: true, ..side },
            None => side,
        }
    }
}

fn some_channels(text: &str) -> Result<usize, String> {
    super::within(text, 1, 1_024, "channels")
}

/// `runner bench`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true)), group(ArgGroup::new("picture").multiple(true)))]
pub(crate) struct BenchArgs {
    /// The patch to measure, in blocks of several lengths: how long its calls take, what each node costs, which block is
    /// safe here, and the latency that comes of it. No device is needed; with --backend it plays on one as well.
    #[arg(value_name = "PATCH", group = "what", value_hint = ValueHint::FilePath)]
    pub(crate) patch: Option<PathBuf>,
    /// How long the patch is measured, in seconds: 0.1 to 3600.
    #[arg(long, short, default_value = "5", value_parser = seconds, allow_hyphen_values = true, conflicts_with = "loopback")]
    pub(crate) seconds: f64,
    /// Frames per block to measure, as in 32,64,128; 16 to 1024 by powers of two, and the patch's own, without it.
    #[arg(long, value_name = "N,N", value_delimiter = ',', value_parser = block, allow_hyphen_values = true, conflicts_with_all = ["loopback", "block"])]
    pub(crate) blocks: Vec<usize>,
    /// Channels of the device's input where the patch leaves them open; 2 without it.
    #[arg(long, value_name = "N", value_parser = super::channels, allow_hyphen_values = true, conflicts_with = "loopback")]
    pub(crate) channels: Option<usize>,
    /// Draws how the times are spread into this file: a histogram for each block size; of --loopback, each impulse's
    /// latency over time.
    #[arg(long, group = "picture", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) svg: Option<PathBuf>,
    /// Draws when the longest calls were into this file: what comes at regular times is something else on this machine.
    #[arg(long, group = "picture", value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "loopback")]
    pub(crate) timeline: Option<PathBuf>,
    /// Replaces pictures that are there.
    #[arg(long, requires = "picture")]
    pub(crate) overwrite: bool,
    /// Measures how long sound takes from the output to the input, by impulses. Connect the two: by a cable, or by a
    /// device that gives back what is played.
    #[arg(long, group = "what")]
    pub(crate) loopback: bool,
    /// Where the impulses go, if that is another device than --device.
    #[arg(long, value_name = "NAME", conflicts_with = "device")]
    pub(crate) output: Option<String>,
    /// Where they are listened for, if that is another device than --device.
    #[arg(long, value_name = "NAME", conflicts_with = "device")]
    pub(crate) input: Option<String>,
    /// Listens to what is played on this output device.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["device", "input"])]
    pub(crate) loopback_of: Option<String>,
    /// How many impulses.
    #[arg(long, default_value_t = 20, value_parser = impulses, allow_hyphen_values = true)]
    pub(crate) count: u32,
    /// From one impulse to the next: 10ms to 10s. Longer ways cannot be measured.
    #[arg(long, default_value = "500ms", value_parser = interval, allow_hyphen_values = true)]
    pub(crate) interval: Time,
    /// How loud they are, linear or in dB; 1 is full scale.
    #[arg(long, default_value = "-6dB", value_parser = loudness, allow_hyphen_values = true)]
    pub(crate) level: Level,
    /// Prints the result as one JSON object on stdout.
    #[arg(long)]
    pub(crate) json: bool,
    /// The device.
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
    /// What every command that reads a patch takes.
    #[command(flatten)]
    pub(crate) patch_args: PatchArgs,
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds =
        text.trim_end_matches('s').trim_end().parse().ok().filter(|seconds| (0.1..=3_600.0).contains(seconds));
    seconds.ok_or_else(|| "a number of seconds, 0.1 to 3600, is needed".to_owned())
}

fn impulses(text: &str) -> Result<u32, String> {
    super::within(text, 1, 10_000, "impulses")
}

fn interval(text: &str) -> Result<Time, String> {
    let time: Time = text.parse().map_err(|error: QuantityError| error.to_string())?;
    match time {
        Time::Seconds(seconds) if !(0.01..=10.0).contains(&seconds) => Err("10ms to 10s are allowed".to_owned()),
        Time::Frames(frames) if !(480..=480_000).contains(&frames) => Err("480smp to 480000smp are allowed".to_owned()),
        time => Ok(time),
    }
}

fn loudness(text: &str) -> Result<Level, String> {
    let level: Level = text.parse().map_err(|error: QuantityError| error.to_string())?;
    let allowed = (0.01..=1.0).contains(&level.linear());
    if allowed { Ok(level) } else { Err("-40dB to 0dB are allowed".to_owned()) }
}
