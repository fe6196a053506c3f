//! `runner run`: plays a patch on a device until it ends.

mod capture;
mod controls;
mod device;
mod objections;
mod reload;
mod score;
mod shown;
mod state;
mod status;
mod summary;

use std::ops::ControlFlow;
use std::sync::Arc;

use patchline_capture::Capture;
use patchline_graph::StreamSpec;
use patchline_patch::{Checked, Loaded, Registry};

use crate::cli::{Assumed, RunArgs};
use crate::exit::{Failure, Outcome};
use crate::flight::Dumps;
use crate::hosts::Opened;
use crate::live::{Done, Live, NotStarted, Piece, Player, Terms};
use crate::reads::Reads;
use crate::{files, load, signals};
use controls::Controls;
use reload::Reloads;
use score::Score;
use shown::Shown;
use state::State;

pub(crate) fn run(registry: &Registry, args: &RunArgs) -> Outcome {
    let mut score = Score::new(registry, args)?;
    // All mistakes are told before any device is opened.
    let checked = score.check(|settings, graph| {
        let assumed = Assumed { rate: args.sample_rate, channels: args.channels };
        let stream = assumed.stream(settings, graph);
        StreamSpec { max_frames: args.block.unwrap_or(stream.max_frames), ..stream }
    })?;
    load::show(&checked.loaded.warnings);
    let reads = Reads::of(&args.patch, &checked.loaded);
    files::free(&checked.loaded, &reads)?;
    let held = reads.hold();
    let dumps = Dumps::new(&args.flight, &args.patch)?;
    let state = args.state.as_deref().map(|path| State::open(path, &args.patch_args.set)).transpose()?;
    let name = checked.loaded.name.clone();
    capture::free(&args.capture)?;
    let controls = Controls::start(&args.control, registry, &checked.loaded)?;
    let mut beside = Beside { dumps, reloads: Reloads::new(&score, held)?, state, controls };
    let (mut opened, mut checked) = device::open(&score, checked)?;
    let capture = capture::create(&args.capture)?;
    let mut past = Vec::new();
    loop {
        let played = play(&mut score, checked, opened, &mut beside, capture.as_ref());
        let (mut done, device) = played.inspect_err(|_| {
            capture.iter().for_each(|capture| capture::abandon(capture, &args.capture));
        })?;
        let rate = device.device.spec().rate;
        if !done.changed_rate() || signals::stopping() || score.left(rate) == Some(0) {
            let kept = capture.as_ref().map(|capture| capture::finish(capture, &args.capture));
            let (told, written) =
                (summary::tell(args, &name, (&past, &done), kept, beside.controls.stats()), beside.dumps.finish());
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

/// What goes on beside the playing.
struct Beside {
    dumps: Dumps,
    reloads: Reloads,
    state: Option<State>,
    controls: Controls,
}

impl Beside {
    /// Keeps the state of what plays, if that is wanted.
    fn keep(&mut self, score: &Score, loaded: &Loaded, live: &Live, now: bool) {
        if let Some(state) = &mut self.state {
            let engine = live.engine();
            state.keep(score.registry, (loaded, engine.graph()), engine.stream().rate, now);
        }
    }
}

/// Plays until the end, or until the device has another rate.
fn play(
    score: &mut Score,
    checked: Checked,
    opened: Opened<Player>,
    beside: &mut Beside,
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
    let mut capture = capture.map(|capture| score.capturing(Arc::clone(capture)));
    let restored = beside.state.as_ref().map(|state| state.restore(score.registry, &loaded, &stream));
    let graph = restored.unwrap_or_else(|| loaded.graph.clone());
    if graph != loaded.graph {
        capture.iter_mut().for_each(|capture| capture.source = None);
    }
    let piece = Piece { graph, stream, limit, capture };
    let mut live = Live::start(opened, piece, terms).map_err(|error| match error {
        NotStarted::Graph(error) => load::refused(&loaded, error),
        error => error.into(),
    })?;
    let mut shown = Shown::new(live.latency().rate(), score.args.plain);
    live.play(|live| {
        shown.look((&mut *score, &mut loaded, &mut *live, &mut *beside));
        beside.dumps.look(live);
        beside.reloads.look(score, &mut loaded, live);
        beside.controls.look(score, &mut loaded, live, &mut beside.reloads);
        beside.keep(score, &loaded, live, false);
        ControlFlow::Continue(())
    });
    beside.dumps.end(&live);
    beside.keep(score, &loaded, &live, true);
    let stopped = live.stop();
    // The terminal may stand still: what was recorded is closed before.
    shown.clear();
    Ok(stopped)
}
