//! Callbacks on a thread of their own, watched, while another sets parameters and loads graphs.

use std::thread;

use patchline_graph::{Engine, Graph, LoadError, Node, Renderer, SetError};
use patchline_guard::{Availability, Guard, Kind, Report, Watch, prefault_code, prefault_stack, with_fresh_pages};

use crate::check::pace::Pace;
use crate::proof::Row;
use crate::stage::{self, NAME, Stage};
use crate::workers::Workers;
use crate::{Check, Prove, Verdict, signal};

pub(crate) const CHECKS: [Check; 5] =
    [Check::Allocations, Check::Syscalls, Check::PageFaults, Check::Switches, Check::Panics];

/// Callbacks before those that are watched, as many as it takes to get going.
const WARM_UP: usize = 100;

pub(crate) fn rows<N: Node>(prove: &Prove<N>) -> Vec<Row> {
    match watched(prove) {
        Ok(watched) => CHECKS.into_iter().map(|check| watched.row(check)).collect(),
        Err(error) => CHECKS.into_iter().map(|check| Row::new(check, Verdict::Broken, error.clone())).collect(),
    }
}

/// Where workers are slow to come, it goes on for so many times the callbacks,
const LONGER: usize = 5;
/// until they have done a task for so many callbacks.
const TASK_FOR: usize = 10;

/// What was seen of the callbacks.
struct Watched {
    report: Report,
    /// Tasks of workers, where there are to be any.
    tasks: Option<u64>,
    changes: Changes,
    panics: u64,
}

/// What was sent meanwhile.
#[derive(Default)]
struct Changes {
    sets: usize,
    loads: usize,
}

fn watched<N: Node>(prove: &Prove<N>) -> Result<Watched, String> {
    prefault_code();
    let Stage { mut engine, renderer, outputs } = with_fresh_pages(|| Stage::shared(prove))?;
    let guard = Guard::new(Watch::all());
    let workers = Workers::start(&mut engine, &guard, prove.around)?;
    let part = Part::new(prove, outputs);
    let pace = Pace::new(part.callbacks);
    let (renderer, changes) = thread::scope(|scope| {
        let audio = scope.spawn(|| {
            let _end = pace.end();
            part.play(renderer, (&guard, &workers), &pace)
        });
        let changes = {
            let _end = pace.end();
            change(prove, &mut engine, &pace)
        };
        (audio.join().map_err(|_| "a callback panicked through the renderer".to_owned()), changes)
    });
    let panics = engine.stats().panics;
    engine.close(renderer?);
    let tasks = workers.end()?;
    let tasks = (prove.threads > 1).then_some(tasks);
    Ok(Watched { report: guard.report(), tasks, changes: changes?, panics })
}

/// What the audio thread does: callbacks of all lengths, with everything that they need made before.
struct Part {
    lengths: Vec<usize>,
    callbacks: usize,
    input: Vec<Vec<f32>>,
    outputs: usize,
    around: fn(&mut dyn FnMut()),
}

impl Part {
    fn new<N: Node>(prove: &Prove<N>, outputs: usize) -> Self {
        let longest = prove.blocks.iter().copied().max().unwrap_or(1);
        let channels = stage::device_channels(&prove.node, prove.channels);
        let input = prove.input.clone().unwrap_or_else(|| signal::noise(1, channels, longest, 0.5));
        Self {
            lengths: prove.blocks.clone(),
            callbacks: WARM_UP + prove.callbacks,
            input,
            outputs,
            around: prove.around,
        }
    }

    fn play(&self, mut renderer: Renderer, (guard, workers): (&Guard, &Workers), pace: &Pace) -> Renderer {
        prefault_stack();
        let longest = self.lengths.iter().copied().max().unwrap_or(1);
        let mut output = vec![vec![1.0_f32; longest]; self.outputs];
        let goes_on = |number: &usize| *number < self.callbacks || self.lacks_tasks(*number, workers);
        for (number, length) in (0..).take_while(goes_on).zip(self.lengths.iter().copied().cycle()) {
            let inputs: Vec<&[f32]> = self.input.iter().map(|channel| stage::slice(channel, 0..length)).collect();
            let mut outputs: Vec<&mut [f32]> = output.iter_mut().map(|channel| &mut channel[..length]).collect();
            let mut render = || renderer.render(length, &inputs, &mut outputs);
            pace.wait_to_render(number);
            let mut callback = || (self.around)(&mut render);
            if number == WARM_UP {
                workers.watch();
            }
            match number < WARM_UP {
                true => callback(),
                false => guard.visit(callback),
            }
        }
        renderer
    }

    /// Whether workers, where there are any, have done little so far.
    fn lacks_tasks(&self, number: usize, workers: &Workers) -> bool {
        workers.are_there() && number < LONGER * self.callbacks && workers.tasks() < (self.callbacks / TASK_FOR) as u64
    }
}

/// The control thread: sets, and now and then a load with other parameters, one without the node, one with a fresh one.
fn change<N: Node>(prove: &Prove<N>, engine: &mut Engine, pace: &Pace) -> Result<Changes, String> {
    let mut changes = Changes::default();
    while !pace.is_over() {
        let node = prove.turn(changes.sets);
        match with_fresh_pages(|| engine.set(NAME, node.clone(), None)) {
            Ok(()) => changes.sets += 1,
            Err(SetError::Busy) => {}
            Err(error) => return Err(format!("parameters are refused: {error}")),
        }
        if changes.sets % 8 == 0 {
            let graph = |turn| stage::graph_for(prove.threads, prove.turn(turn), prove.channels).0;
            for graph in [graph(changes.loads), Graph::new(), graph(changes.loads + 1)] {
                load(engine, graph, &mut changes)?;
            }
        }
        engine.collect();
        while engine.next_event().is_some() {}
        pace.wait_to_change();
    }
    Ok(changes)
}

fn load(engine: &mut Engine, graph: Graph, changes: &mut Changes) -> Result<(), String> {
    match with_fresh_pages(|| engine.load(graph)) {
        Ok(_) => changes.loads += 1,
        Err(LoadError::Busy(_)) => {}
        Err(error) => return Err(format!("a graph is refused: {error}")),
    }
    Ok(())
}

impl Watched {
    fn row(&self, check: Check) -> Row {
        if self.tasks == Some(0) && self.report.violations() == 0 {
            return Row::new(check, Verdict::NotChecked, "no worker came to a task: no processor was left for it");
        }
        let kind = match check {
            Check::Syscalls => Kind::Syscalls,
            Check::PageFaults => Kind::PageFaults,
            Check::Switches => Kind::Switches,
            Check::Allocations => Kind::Allocations,
            _ => return self.panics(),
        };
        let evidence = match self.report.availability(kind) {
            Availability::Unavailable(reason) => return Row::new(check, Verdict::NotChecked, reason),
            _ if self.report.violations_of(kind) > 0 => Err(self.report.to_string()),
            _ if !self.report.gaps_of(kind).is_empty() => Err(self.report.to_string()),
            _ => Ok(self.evidence()),
        };
        Row::judge(check, evidence)
    }

    fn evidence(&self) -> String {
        let Changes { sets, loads } = self.changes;
        let tasks = self.tasks.unwrap_or(0);
        let workers = self.tasks.map(|tasks| format!(" and {tasks} tasks of workers")).unwrap_or_default();
        let callbacks = self.report.visits().saturating_sub(tasks);
        format!("0 in {callbacks} callbacks{workers}, {sets} parameter changes and {loads} loads meanwhile")
    }

    fn panics(&self) -> Row {
        let result = match self.panics {
            0 => Ok(self.evidence()),
            panics => Err(format!("it panicked {panics} times")),
        };
        Row::judge(Check::Panics, result)
    }
}
