//! `runner render`: files through a patch, as fast as the machine.

mod inputs;
mod progress;
mod summary;

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::Path;

use patchline_graph::{Engine, Frames, Schedule, StreamSpec, Tail, engine};
use patchline_io::file::{Length, Output, Progress, Render, RenderError, Summary};
use patchline_patch::{Loaded, Registry};
use patchline_wav::WriteError;

use crate::cli::{RenderArgs, TailChoice};
use crate::exit::{Exit, Failure, Outcome};
use crate::figures::Figures;
use crate::load::shown;
use crate::watch::Watch;
use crate::{allocator, files, load, overview, signals, style};
use inputs::Inputs;
use progress::Bar;

/// Frames per block where neither the command line nor the patch says: changes no sample.
const BLOCK: usize = 1024;

pub(crate) fn run(registry: &Registry, args: &RenderArgs) -> Outcome {
    let patch = load::read(&args.patch, &args.patch_args)?;
    let loaded = load::load(registry, &patch, &args.patch_args, args.clock)?;
    load::show(&loaded.warnings);
    files::free(&loaded)?;
    render(&loaded, args, |_, _| ())
}

/// Renders a patch that is loaded; `each` sees the engine after every block.
pub(crate) fn render(loaded: &Loaded, args: &RenderArgs, each: impl FnMut(&Engine, Progress)) -> Outcome {
    check_output(loaded, args)?;
    let inputs = Inputs::open(loaded, args)?;
    allocator::on_violation(args.on_violation);
    signals::listen();
    let (mut engine, mut renderer) = engine(stream(loaded, args, &inputs));
    engine.load(loaded.graph.clone()).map_err(|error| load::refused(loaded, error))?;
    let length = length(args, engine.schedule(), inputs.rate)?;
    let job = Render { inputs: inputs.files, output: output(args), block: block(loaded, args), length };
    let mut watch = Watch::new(inputs.rate);
    let done = watched(job, &mut engine, &mut renderer, &mut watch, each);
    let figures = Figures::new(&engine);
    let tail = (engine.schedule().tail, !engine.schedule().lines.is_empty());
    engine.close(renderer);
    watch.listen(&mut engine);
    signals::unfinished(None);
    let done = done.map_err(|error| failed(error, args))?;
    summary::Told {
        loaded,
        args,
        done: &done,
        figures: &figures,
        watch: &watch,
        stats: engine.stats(),
        hint: hint(args, tail, inputs.rate),
    }
    .tell()?;
    watch.failure().map_or(Ok(Exit::Ok), Err)
}

fn watched(
    job: Render,
    engine: &mut Engine,
    renderer: &mut patchline_graph::Renderer,
    watch: &mut Watch,
    mut each: impl FnMut(&Engine, Progress),
) -> Result<Summary, RenderError> {
    let rate = engine.stream().rate;
    let mut bar = Bar::new(rate);
    let done = job.run(engine, renderer, |engine, progress| {
        watch.listen(engine);
        bar.show(progress);
        each(engine, progress);
        if signals::stopping() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    bar.clear();
    done
}

// Before anything is opened.

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
            files::apart(path, &args.patch, loaded)?;
            let in_the_way = !args.overwrite && path.symlink_metadata().is_ok();
            if in_the_way { Err(files::exists(path)) } else { Ok(()) }
        }
        (_, _) => Ok(()),
    }
}

fn is_pipe(path: &Path) -> bool {
    path == Path::new("-")
}

fn stream(loaded: &Loaded, args: &RenderArgs, inputs: &Inputs) -> StreamSpec {
    let mut stream = StreamSpec::new(inputs.rate, block(loaded, args), inputs.channels(), 0);
    stream.outputs = None;
    stream.assigned.clone_from(&inputs.assigned);
    loaded.engine.apply(&mut stream);
    stream
}

fn block(loaded: &Loaded, args: &RenderArgs) -> usize {
    let from_patch = match loaded.engine.block {
        0 => BLOCK,
        block => block as usize,
    };
    args.block.unwrap_or(from_patch)
}

fn output(args: &RenderArgs) -> Output {
    let subtype = args.subtype;
    match &args.output {
        None => Output::None,
        Some(path) if is_pipe(path) => Output::Stream { sink: Box::new(std::io::stdout()), subtype },
        Some(path) => {
            signals::unfinished(Some(path));
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
            return Failure::new(Exit::Interrupted, format!("interrupted after {frames} frames{kept}"));
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
