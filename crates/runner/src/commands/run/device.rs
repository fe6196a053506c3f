//! The device that a patch plays on.

use patchline_graph::Renderer;
use patchline_io::null::{Null, NullConfig};
use patchline_io::sim::{Blocks, Sim, SimConfig};
use patchline_io::{Backend, IoError};
use patchline_patch::{Backend as Wanted, Checked};

use crate::cli::{BackendChoice, RunArgs};
use crate::exit::{Exit, Failure};

/// The longest block that the simulated device has by chance, in frames.
const LONGEST_SIMULATED: usize = 4096;

/// Any device that calls a renderer.
pub(super) type Device = Box<dyn Backend<Renderer>>;

/// The longest block that a stream on this device should be ready for, in frames.
pub(super) fn longest_block(device: &Device, args: &RunArgs, checked: &Checked) -> usize {
    let usual = device.spec().max_frames;
    if is_simulated(args, checked) { usual.max(LONGEST_SIMULATED) } else { usual }
}

/// Whether the device runs in virtual time.
pub(super) fn is_simulated(args: &RunArgs, checked: &Checked) -> bool {
    args.backend.unwrap_or(choice(checked.loaded.engine.backend)) == BackendChoice::Sim
}

/// Opens the device of the command line, or of the patch. A device that cannot be had is an error: never silently
/// another one.
pub(super) fn open(checked: &Checked, args: &RunArgs) -> Result<Device, Failure> {
    match args.backend.unwrap_or(choice(checked.loaded.engine.backend)) {
        BackendChoice::Null => null(checked, args).map_err(unavailable),
        BackendChoice::Sim if args.duration.is_none() => {
            let message = "the simulated device runs as fast as the machine: say how long with `--duration 10min`";
            Err(Failure::new(Exit::Usage, message))
        }
        BackendChoice::Sim => sim(checked, args).map_err(unavailable),
        BackendChoice::Auto => Err(absent("no device was asked for, and this version has none for real sound")),
        BackendChoice::Jack => Err(absent("this version cannot play through JACK")),
        BackendChoice::Cpal => Err(absent("this version cannot play through the system's own devices")),
    }
}

fn choice(wanted: Wanted) -> BackendChoice {
    match wanted {
        Wanted::Auto => BackendChoice::Auto,
        Wanted::Jack => BackendChoice::Jack,
        Wanted::Cpal => BackendChoice::Cpal,
        Wanted::Null => BackendChoice::Null,
        Wanted::Sim => BackendChoice::Sim,
    }
}

fn absent(what: &str) -> Failure {
    let instead = "`--backend null` plays silently in real time, `--backend sim` on a simulated device, \
                   `runner render` to a file";
    Failure::new(Exit::Device, format!("{what}; {instead}"))
}

fn unavailable(error: IoError) -> Failure {
    Failure::new(Exit::Device, error.to_string())
}

fn null(checked: &Checked, args: &RunArgs) -> Result<Device, IoError> {
    let config = NullConfig {
        rate: checked.stream.rate,
        block: checked.stream.max_frames,
        inputs: checked.stream.inputs,
        outputs: checked.schedule.device_out.len(),
        frames: frames(checked, args),
    };
    Ok(Box::new(Null::open(config)?))
}

/// Everything that can go wrong and be gone on from goes wrong.
fn sim(checked: &Checked, args: &RunArgs) -> Result<Device, IoError> {
    let stormy = SimConfig::stormy(args.seed);
    let blocks = match args.block {
        Some(longest) => Blocks::Random { shortest: 1, longest },
        None => stormy.blocks,
    };
    let config = SimConfig {
        rate: checked.stream.rate,
        max_frames: checked.stream.max_frames,
        blocks,
        inputs: checked.stream.inputs,
        outputs: checked.schedule.device_out.len(),
        frames: frames(checked, args),
        ..stormy
    };
    Ok(Box::new(Sim::open(config)?))
}

fn frames(checked: &Checked, args: &RunArgs) -> Option<u64> {
    args.duration.map(|duration| duration.frames(f64::from(checked.stream.rate)))
}
