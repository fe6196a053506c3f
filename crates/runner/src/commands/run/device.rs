//! The device that a patch plays on.

use patchline_graph::StreamSpec;
use patchline_io::sim::{Blocks, Sim, SimConfig};
use patchline_io::{ChannelCount, DeviceRequest, IoError, SideRequest};
use patchline_patch::{Backend, Checked};

use super::objections;
use super::score::Score;
use crate::cli::{self, BackendChoice, RunArgs};
use crate::exit::{Exit, Failure};
use crate::hosts::{self, NotOpened, Opened};
use crate::live::Player;
use crate::load::Trouble;
use crate::{overview, signals, wanted};

/// The longest block that the simulated device has by chance, in frames.
const LONGEST_SIMULATED: usize = 4096;

/// Opens the device of the command line, or of the patch, and fits the patch to it. A device that cannot be had is an
/// error: never silently another one.
pub(super) fn open(score: &Score, checked: Checked) -> Result<(Opened<Player>, Checked), Failure> {
    let choice = score.args.backend.unwrap_or(choice(checked.loaded.engine.backend));
    if choice == BackendChoice::Sim {
        if score.args.duration.is_none() {
            let message = "the simulated device runs as fast as the machine: say how long with `--duration 10min`";
            return Err(Failure::new(Exit::Usage, message));
        }
        let opened = sim(score, &checked).map_err(|error| Failure::new(Exit::Device, error.to_string()))?;
        return fit(score, &opened).map(|checked| (opened, checked));
    }
    let request = request(score, &checked, choice)?;
    let opened = open_now(score, &request, choice, &checked)?;
    let fitting = fit(score, &opened)?;
    let outputs = fitting.schedule.device_out.len();
    if outputs == opened.device.spec().outputs {
        return Ok((opened, fitting));
    }
    // As many channels as come in may go out: the device has told how many come in.
    drop(opened);
    let opened = open_now(score, &wider(request, outputs), choice, &fitting)?;
    fit(score, &opened).map(|checked| (opened, checked))
}

/// The patch on the device as it is.
pub(super) fn fit(score: &Score, opened: &Opened<Player>) -> Result<Checked, Failure> {
    let spec = opened.device.spec();
    let max_frames = if opened.is_simulated() { spec.max_frames.max(LONGEST_SIMULATED) } else { spec.max_frames };
    // The outputs follow from the graph; the device is opened with as many.
    let stream = StreamSpec { outputs: None, ..StreamSpec::new(spec.rate, max_frames, spec.inputs, 0) };
    Ok(score.check(|_, _| stream)?)
}

fn choice(wanted: Backend) -> BackendChoice {
    match wanted {
        Backend::Auto => BackendChoice::Auto,
        Backend::Jack => BackendChoice::Jack,
        Backend::Cpal => BackendChoice::Cpal,
        Backend::Null => BackendChoice::Null,
        Backend::Sim => BackendChoice::Sim,
    }
}

fn request(score: &Score, checked: &Checked, choice: BackendChoice) -> Result<DeviceRequest, Failure> {
    let args = score.args;
    let mut request = wanted::request(checked).map_err(|errors| Trouble::from(checked.loaded.locate(&errors)))?;
    request.rate = args.sample_rate.or(request.rate);
    request.block = args.block.or(request.block);
    if choice == BackendChoice::Null {
        // It stands for every device.
        request.input.iter_mut().chain(&mut request.output).for_each(|side| side.device = None);
    } else if request.input.is_none() && request.output.is_none() {
        let message = "the patch has neither an input nor an output, so no device has to do with it; `--backend null` \
                       runs it in real time, `runner render` as fast as possible";
        return Err(Failure::new(Exit::Usage, message));
    }
    if let (Some(side), Some(channels)) = (&mut request.input, args.channels)
        && overview::device_inputs(&checked.loaded.graph).1
    {
        side.channels = ChannelCount::Exactly(channels);
    }
    Ok(request)
}

/// The same request, for so many outputs.
fn wider(request: DeviceRequest, outputs: usize) -> DeviceRequest {
    let side = SideRequest { channels: ChannelCount::Exactly(outputs), ..request.output.unwrap_or_default() };
    DeviceRequest { output: (outputs > 0).then_some(side), ..request }
}

fn open_now(
    score: &Score,
    request: &DeviceRequest,
    choice: BackendChoice,
    checked: &Checked,
) -> Result<Opened<Player>, Failure> {
    let patience = wanted::patience(&checked.loaded.engine);
    let opened = if score.args.wait_device {
        signals::listen();
        hosts::wait_open(request, choice, &patience)
    } else {
        hosts::open(request, choice, &patience)
    };
    opened.map_err(|error| refused(error, checked, score.args))
}

/// A patch that takes all that comes in may be too wide for what goes out.
fn refused(error: NotOpened, checked: &Checked, args: &RunArgs) -> Failure {
    let open = overview::device_inputs(&checked.loaded.graph).1;
    if open && error.lacks_outputs() {
        let inputs = checked.stream.inputs;
        let help = format!("the patch takes all {inputs} channels of its input: `--channels 2` takes fewer");
        return Failure::new(Exit::Device, format!("{error}\n{help}"));
    }
    objections::of_device(error, checked, args)
}

/// Everything that can go wrong and be gone on from goes wrong.
fn sim(score: &Score, checked: &Checked) -> Result<Opened<Player>, IoError> {
    let stormy = SimConfig::stormy(score.args.seed);
    let blocks = match score.args.block {
        Some(longest) => Blocks::Random { shortest: 1, longest },
        None => stormy.blocks,
    };
    let rate = checked.stream.rate;
    let config = SimConfig {
        rate,
        max_frames: checked.stream.max_frames,
        blocks,
        inputs: checked.stream.inputs,
        outputs: checked.schedule.device_out.len(),
        frames: score.args.duration.map(|duration| cli::duration_frames(duration, rate)),
        ..stormy
    };
    Ok(Opened { device: Box::new(Sim::open(config)?), host: hosts::SIM })
}
