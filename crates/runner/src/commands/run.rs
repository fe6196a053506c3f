//! `runner run`: plays a patch on a device until it ends.

mod device;
mod session;
mod status;
mod summary;

use patchline_graph::{StreamSpec, engine};
use patchline_patch::Registry;

use crate::cli::RunArgs;
use crate::exit::{Exit, Failure, Outcome};
use crate::figures::Figures;
use crate::load::{Assumed, Trouble};
use crate::{allocator, load, memory, signals};
use session::Session;

pub(crate) fn run(registry: &Registry, args: &RunArgs) -> Outcome {
    let patch = load::read(&args.patch, &args.patch_args)?;
    let assumed = Assumed { rate: args.sample_rate, channels: args.channels };
    let options = load::options(&args.patch_args, args.clock);
    let mut checked = patch
        .check(registry, &options, |settings, graph| {
            let stream = assumed.stream(settings, graph);
            StreamSpec { max_frames: args.block.unwrap_or(stream.max_frames), ..stream }
        })
        .map_err(Trouble::from)?;
    load::show(&checked.loaded.warnings);
    let mut device = device::open(&checked, args)?;
    checked.stream.max_frames = device::longest_block(&device, args, &checked);
    allocator::on_violation(args.on_violation);
    signals::listen();

    let waits = device::is_simulated(args, &checked);
    let locked = if waits { None } else { Some(memory::lock()) };
    let (mut engine, renderer) = engine(checked.stream.clone());
    engine.load(checked.loaded.graph.clone()).map_err(|error| load::refused(&checked.loaded, error))?;
    let figures = Figures::new(&engine);
    device.start(renderer).map_err(|refused| Failure::new(Exit::Device, refused.to_string()))?;
    let mut session = Session::new(device, &checked.loaded.engine, waits);
    session.play(&mut engine, &figures);
    let (device, end) = session.stop(&mut engine)?;
    let told =
        summary::Told { args, checked: &checked, device, figures: &figures, stats: engine.stats(), end: &end, locked };
    told.tell()?;
    Ok(end.exit())
}
