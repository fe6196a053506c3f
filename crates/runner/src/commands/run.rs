//! `runner run`: plays a patch on a device until it ends.

mod capture;
mod device;
mod objections;
mod reload;
mod score;
mod status;
mod summary;

use std::ops::ControlFlow;
use std::sync::Arc;

use patchline_capture::Capture;
use patchline_graph::StreamSpec;
use patchline_patch::{Checked, Registry};

use crate::cli::RunArgs;
use crate::exit::{Failure, Outcome};
use crate::flight::Dumps;
use crate::hosts::Opened;
use crate::live::{Done, Live, NotStarted, Piece, Player, Terms};
use crate::load::Assumed;
use crate::{files, load, signals};
use reload::Reloads;
use score::Score;
use status::Status;

pub(crate) fn run(registry: &Registry, args: &RunArgs) -> Outcome {
    let mut score = Score::new(registry, args)?;
    // All mistakes are told before any device is opened.
    let checked = score.check(|settings, graph| {
        let assumed = Assumed { rate: args.sample_rate, channels: args.channels };
        let stream = assumed.stream(settings, graph);
        StreamSpec { max_frames: args.block.unwrap_or(stream.max_frames), ..stream }
    })?;
    load::show(&checked.loaded.warnings);
    files::free(&checked.loaded)?;
    let mut dumps = Dumps::new(&args.flight, &args.patch)?;
    let name = checked.loaded.name.clone();
    capture::free(&args.capture)?;
    let mut reloads = Reloads::new(&score)?;
    let (mut opened, mut checked) = device::open(&score, checked)?;
    let capture = capture::create(&args.capture)?;
    let mut past = Vec::new();
    loop {
        let played = play(&mut score, checked, opened, (&mut dumps, &mut reloads), capture.as_ref());
        let (mut done, device) = played.inspect_err(|_| {
            capture.iter().for_each(|capture| capture::abandon(capture, &args.capture));
        })?;
        let rate = device.device.spec().rate;
        if !done.changed_rate() || signals::stopping() || score.left(rate) == Some(0) {
            let kept = capture.as_ref().map(|capture| capture::finish(capture, &args.capture));
            let (told, written) = (summary::tell(args, &name, &past, &done, kept), dumps.finish());
            return told.and_then(|exit| written.map(|_| exit));
        }
        // Another rate: the patch starts anew, with files of its own.
        score.go_on_after(&done, rate);
        done.forgive();
        checked = device::fit(&score, &device)?;
        opened = device;
        past.push(done);
    }
}

/// Plays until the end, or until the device has another rate.
fn play(
    score: &mut Score,
    checked: Checked,
    opened: Opened<Player>,
    (dumps, reloads): (&mut Dumps, &mut Reloads),
    capture: Option<&Arc<Capture>>,
) -> Result<(Done, Opened<Player>), Failure> {
    let Checked { mut loaded, stream, .. } = checked;
    // Whatever is loaded later plays on the device as it is.
    let stream = StreamSpec { outputs: Some(opened.device.spec().outputs), ..stream };
    let profile = score.args.flight.profile(stream.rate);
    let terms = Terms::of(&loaded.engine);
    let terms =
        Terms { block: score.args.block.or(terms.block), on_violation: score.args.on_violation, profile, ..terms };
    // The simulated device knows itself when it has to end.
    let limit = if opened.is_simulated() { None } else { score.left(stream.rate) };
    let capture = capture.map(|capture| score.capturing(Arc::clone(capture)));
    let piece = Piece { graph: loaded.graph.clone(), stream, limit, capture };
    let mut live = Live::start(opened, piece, terms).map_err(|error| match error {
        NotStarted::Graph(error) => load::refused(&loaded, error),
        error => error.into(),
    })?;
    let mut status = Status::new(live.latency().rate());
    live.play(|live| {
        status.show(live);
        dumps.look(live);
        reloads.look(score, &mut loaded, live);
        ControlFlow::Continue(())
    });
    status.clear();
    dumps.end(&live);
    Ok(live.stop())
}
