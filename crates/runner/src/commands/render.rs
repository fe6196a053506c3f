//! `runner render`: files through a patch, as fast as the machine.

mod batch;
mod inputs;
mod pictures;
mod progress;
mod room;
mod summary;

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::Path;

use patchline_graph::{Engine, Frames, LoadError, Renderer, Schedule, StreamSpec, Tail, engine};
use patchline_io::file::{Length, Output, Progress, Render, RenderError};
use patchline_patch::{Loaded, Registry};
use patchline_wav::WriteError;

use crate::cli::{RenderArgs, TailChoice};
use crate::exit::{Exit, Failure, Outcome};
use crate::figures::Figures;
use crate::helpers::Helpers;
use crate::load::shown;
use crate::reads::Reads;
use crate::units::count;
use crate::watch::Watch;
use crate::{allocator, files, load, output, overview, signals, style};
pub(crate) use inputs::Inputs;
use progress::Bar;
use summary::Told;

/// Frames per block where neither the command line nor the patch says: changes no sample. Long blocks cost the least, …
const BLOCK: usize = 4096;
/// … as long as the buffers of a block, this many samples, stay in the processor's nearer caches, …
const CACHED: usize = 1 << 17;
/// … but blocks below this cost more than they save. A patch that needs most of its `max_memory` gets them, too.
const LEAST_BLOCK: usize = 512;

pub(crate) fn run(registry: &Registry, args: &RenderArgs) -> Outcome {
    if args.several() {
        return batch::run(registry, args);
    }
    let patch = load::read(&args.patch, &args.patch_args)?;
    let loaded = load::load(registry, &patch, &args.patch_args, args.clock)?;
    load::show(&loaded.warnings);
    files::free(&loaded, &reads(&loaded, args))?;
    render(&loaded, args, |_, _| ())
}

/// Renders a patch that is loaded, with a bar, and says what came of it; `each` sees the engine after every block.
pub(crate) fn render(loaded: &Loaded, args: &RenderArgs, mut each: impl FnMut(&Engine, Progress)) -> Outcome {
    allocator::on_violation(args.on_violation);
    signals::listen();
    let mut bar = Bar::new();
    let told = rendered(loaded, args, |engine, progress| {
        bar.show(progress, engine.stream().rate);
        each(engine, progress);
    });
    bar.clear();
    let told = told?;
    tell(&told, args)?;
    told.failure().map_or(Ok(Exit::Ok), Err)
}

/// On stdout, unless the samples went there.
fn tell(told: &Told, args: &RenderArgs) -> Result<(), Failure> {
    let piped = args.output.as_deref().is_some_and(is_pipe);
    match (args.json, piped) {
        (true, false) => output::print(&format!("{}\n", told.data())),
        (true, true) => {
            output::tell(&told.data().to_string());
            Ok(())
        }
        (false, true) if !output::is_quiet() => {
            output::tell(told.text().trim_end());
            Ok(())
        }
        (false, _) => output::report(&told.text()),
    }
}

/// Renders a patch that is loaded.
fn rendered<'a>(
    loaded: &'a Loaded,
    args: &'a RenderArgs,
    mut each: impl FnMut(&Engine, Progress),
) -> Result<Told<'a>, Failure> {
    check_output(loaded, args)?;
    let reads = reads(loaded, args);
    pictures::check(loaded, &reads, args)?;
    let _held = reads.hold();
    let inputs = Inputs::open(loaded, args)?;
    let rate = inputs.rate;
    let (mut engine, mut renderer) = started(loaded, args, &inputs)?;
    let length = length(args, engine.schedule(), rate)?;
    room::check(args, &engine, &inputs.files, length)?;
    let mut helpers = Helpers::unhurried(&mut engine, &mut renderer);
    let block = block(args.block, loaded, engine.schedule(), engine.stream());
    let job = Render { inputs: inputs.files, output: output(args), block, length };
    let mut watch = Watch::new(rate);
    let done = job.run(&mut engine, &mut renderer, |engine, progress| {
        watch.listen(engine);
        helpers.look(engine, engine.stats().frames);
        each(engine, progress);
        if signals::stopping() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let figures = Figures::new(&engine);
    let tail = (engine.schedule().tail, !engine.schedule().lines.is_empty());
    let threads = (helpers.data(&engine), helpers.text(&engine));
    engine.close(renderer);
    helpers.end();
    watch.listen(&mut engine);
    args.output.iter().for_each(|path| signals::ended(path));
    let done = done.map_err(|error| failed(error, args))?;
    let (pictures, undrawn) = pictures::draw(args);
    Ok(Told {
        loaded,
        args,
        done,
        pictures,
        undrawn,
        figures,
        threads,
        watch,
        stats: engine.stats(),
        hint: hint(args, tail, rate),
    })
}

/// An engine that has the patch. Where nobody asked for a block, the longest one that the patch has the memory for.
fn started(loaded: &Loaded, args: &RenderArgs, inputs: &Inputs) -> Result<(Engine, Renderer), Failure> {
    let longest = args.block.unwrap_or(match loaded.engine.block {
        0 => BLOCK,
        block => block as usize,
    });
    let start = |block| {
        let (mut engine, renderer) = engine(stream(loaded, inputs, block));
        engine.load(loaded.graph.clone()).map(|_| (engine, renderer))
    };
    match start(longest) {
        Err(LoadError::Graph(_)) if longest == BLOCK && args.block.is_none() => start(LEAST_BLOCK),
        started => started,
    }
    .map_err(|error| load::refused(loaded, error))
}

// Before anything is opened.

/// What must not be replaced.
fn reads(loaded: &Loaded, args: &RenderArgs) -> Reads {
    let mut reads = Reads::of(&args.patch, loaded);
    args.input.iter().for_each(|input| reads.hears(&input.file));
    reads
}

/// Whether `-o` and the patch go together, and nothing is in the way.
fn check_output(loaded: &Loaded, args: &RenderArgs) -> Result<(), Failure> {
    match (&args.output, overview::has_output(&loaded.graph)) {
        (None, true) => Err(Failure::new(Exit::Usage, "the patch has an output: say where it goes with `-o out.wav`")),
        (Some(path), false) => {
            let what = "the patch has no `output` node, so nothing would be written to";
            Err(Failure::new(Exit::Usage, format!("{what} {}; leave `-o` away, or add one", shown(path))))
        }
        (Some(path), true) if is_pipe(path) && std::io::stdout().is_terminal() => {
            Err(Failure::new(Exit::Usage, "`-o -` writes a WAV file to stdout, and that is a terminal: use a pipe"))
        }
        (Some(path), true) if !is_pipe(path) => {
            files::apart("-o", path, &reads(loaded, args), loaded)?;
            let in_the_way = !args.overwrite && path.symlink_metadata().is_ok();
            if in_the_way { Err(files::exists(path)) } else { Ok(()) }
        }
        (_, _) => Ok(()),
    }
}

fn is_pipe(path: &Path) -> bool {
    path == Path::new("-")
}

pub(crate) fn stream(loaded: &Loaded, inputs: &Inputs, block: usize) -> StreamSpec {
    let mut stream = StreamSpec::new(inputs.rate, block, inputs.channels(), 0);
    stream.outputs = None;
    stream.assigned.clone_from(&inputs.assigned);
    loaded.engine.apply(&mut stream);
    stream
}

/// Frames of a block: as asked for, else as many as the caches hold of all buffers.
fn block(asked: Option<usize>, loaded: &Loaded, schedule: &Schedule, stream: &StreamSpec) -> usize {
    if asked.is_some() || loaded.engine.block > 0 {
        return stream.max_frames;
    }
    let buffers = schedule.buffers + schedule.device_in.len() + schedule.device_out.len();
    let fits = CACHED / buffers.max(1);
    // A power of two, which is what drivers use and kernels like.
    (1 << fits.max(1).ilog2()).clamp(LEAST_BLOCK, BLOCK).min(stream.max_frames)
}

fn output(args: &RenderArgs) -> Output {
    let subtype = args.subtype;
    match &args.output {
        None => Output::None,
        Some(path) if is_pipe(path) => Output::Stream { sink: Box::new(std::io::stdout()), subtype },
        Some(path) => {
            signals::begins(path);
            Output::File { path: path.clone(), subtype, overwrite: args.overwrite }
        }
    }
}

fn length(args: &RenderArgs, schedule: &Schedule, rate: u32) -> Result<Length, Failure> {
    let frames = |time: patchline_nodes::Time| time.frames(f64::from(rate));
    match (args.duration, args.tail) {
        (Some(duration), _) => Ok(Length::Exactly(crate::cli::duration_frames(duration, rate))),
        (None, TailChoice::For(tail)) => Ok(Length::Inputs { tail: frames(tail) }),
        (None, TailChoice::Auto) => match schedule.tail {
            Tail::None => Ok(Length::Inputs { tail: 0 }),
            Tail::Frames(tail) => Ok(Length::Inputs { tail }),
            Tail::Infinite => Err(Failure::new(
                Exit::Usage,
                "the patch never falls silent by itself, so `--tail auto` has no end: give a time, as in `--tail 5s`",
            )),
        },
    }
}

// Afterwards.

/// What of the tail was cut, if any was.
fn hint(args: &RenderArgs, (tail, loops): (Tail, bool), rate: u32) -> Option<String> {
    let TailChoice::For(given) = args.tail else { return None };
    let given: Frames = given.frames(f64::from(rate));
    match tail {
        _ if args.duration.is_some() => None,
        Tail::Frames(frames) if frames > given => {
            let late = crate::units::frames_and_ms(frames, rate);
            Some(format!("the patch rings on for {late} after its input and that was cut; `--tail auto` keeps it"))
        }
        Tail::Infinite if loops && given == 0 => {
            Some("the patch's loop rings on after its input and that was cut; `--tail 5s` keeps some of it".to_owned())
        }
        _ => None,
    }
}

fn failed(error: RenderError, args: &RenderArgs) -> Failure {
    // What a pipe has taken cannot be taken back.
    let piped = args.output.as_deref().is_some_and(is_pipe);
    let exit = match &error {
        RenderError::Cancelled { frames } => {
            let kept = if piped { "" } else { "; nothing was kept of the output" };
            return Failure::new(Exit::Interrupted, format!("interrupted after {}{kept}", count(*frames, "frame")));
        }
        RenderError::Endless | RenderError::NoOutput | RenderError::Setting(_) => Exit::Usage,
        RenderError::Channels { .. } => Exit::Broken,
        _ => Exit::File,
    };
    let what = match (&error, &args.output) {
        // These name no file, since what they write to may have no name.
        (RenderError::Write(error @ (WriteError::Frames { .. } | WriteError::Update { .. })), Some(output)) => {
            match piped {
                true => format!("stdout: {error}"),
                false => format!("{}: {error}; nothing was kept of it", output.display()),
            }
        }
        _ => error.to_string(),
    };
    Failure::new(exit, style::safe(&what, 600))
}
