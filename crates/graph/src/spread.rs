//! Which steps may run at once: a schedule spread over lanes, one for each thread.
//!
//! A chain of plain values, as `compile` is: what each step reads and writes ([`uses`]), steps that belong together
//! ([`units`]), which lane takes which of them and what waits for what ([`list`]), and buffers that no two tasks share
//! unless one comes after the other ([`colour`]). [`verify`](crate::Schedule::verify) proves the outcome again.

mod colour;
mod guess;
mod list;
mod units;
mod uses;

use std::fmt;
use std::ops::Range;

use crate::{Schedule, Slot, StreamSpec, budget};
use list::List;
use units::Units;
use uses::Uses;

/// What handing something to another thread and back takes, in nanoseconds: a cache line on its way, twice, and a thread
/// that looks for it in a loop.
const HANDOVER: f64 = 1_000.0;
/// The frames of a piece that tasks are made for. In longer ones they only take longer.
const USUAL: usize = 256;
/// Small steps are gathered into tasks of so much, in nanoseconds, where there is enough to do.
const GRAIN: f64 = 5_000.0;
/// What several threads take of the time of one, at most, or one does it alone.
const WORTH: f64 = 0.8;

/// How a schedule is spread over threads.
///
/// ```
/// use patchline_graph::{Need, Spread, Task};
///
/// let one = Task { lane: 0, steps: 0..4, needs: vec![] };
/// let other = Task { lane: 1, steps: 4..8, needs: vec![Need { lane: 0, tasks: 1 }] };
/// assert_eq!(Spread { tasks: vec![one, other], ..Spread::default() }.lanes(), 2);
/// // Without tasks, the audio thread does everything.
/// assert_eq!(Spread::default().lanes(), 1);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spread {
    /// All steps, in order, as tasks; none where one thread does everything.
    pub tasks: Vec<Task>,
    /// Pieces of fewer frames are not worth it: one thread does them.
    pub least_frames: usize,
    /// The time that it is to take, as a part of that of one thread: 1.0 where one does everything.
    pub part: f64,
    /// Why one thread does everything, if so.
    pub alone: Option<Alone>,
}

/// Why one thread does everything.
///
/// ```
/// use patchline_graph::{Alone, Graph, StreamSpec, compile};
///
/// let schedule = compile(&Graph::new(), &StreamSpec { threads: 2, ..StreamSpec::new(48_000, 64, 2, 2) })?;
/// if let Some(alone) = schedule.spread.alone {
///     println!("one thread does everything: {alone}");
/// }
/// // There is nothing to do in an empty graph.
/// assert_eq!(schedule.spread.alone, Some(Alone::Narrow));
/// # Ok::<(), patchline_graph::GraphErrors>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alone {
    /// No more were asked for.
    Asked,
    /// There is too little to do at once, or too little at all.
    Narrow,
    /// What several need does not fit into the memory of the stream.
    Memory,
}

/// Steps that one thread runs in one go.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::trim;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{StreamSpec, Task, compile};
///
/// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
/// let schedule = compile(&trim(0.5), &StreamSpec { threads: 2, ..StreamSpec::new(48_000, 64, 2, 2) })?;
/// let of_workers = |task: &&Task| task.lane > 0;
/// // One node after the other: nothing for a second thread.
/// assert_eq!(schedule.spread.tasks.iter().filter(of_workers).count(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The lane it belongs to, of which 0 is the audio thread's. A lane's tasks run one after the other.
    pub lane: usize,
    /// Its steps, in [`Schedule::steps`].
    pub steps: Range<usize>,
    /// What is done before it, beside the tasks of its own lane.
    pub needs: Vec<Need>,
}

/// So many tasks of a lane, the first ones.
///
/// ```
/// use patchline_graph::{Need, Task};
///
/// // Steps 8 to 11, for the second thread, once the audio thread has done its first three tasks.
/// let task = Task { lane: 1, steps: 8..12, needs: vec![Need { lane: 0, tasks: 3 }] };
/// assert!(task.needs.iter().all(|need| need.tasks > 0 && need.lane != task.lane));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// The lane.
    pub lane: usize,
    /// How many of its tasks, at least 1.
    pub tasks: usize,
}

impl Spread {
    /// How many lanes there are, at least 1.
    #[must_use]
    pub fn lanes(&self) -> usize {
        self.tasks.iter().map(|task| task.lane + 1).max().unwrap_or(1)
    }

    /// One thread does everything.
    pub(crate) fn alone(why: Alone) -> Self {
        Self { part: 1.0, alone: Some(why), ..Self::default() }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lane {}", self.lane)?;
        for (index, Need { lane, tasks }) in self.needs.iter().enumerate() {
            let after = if index == 0 { ", after" } else { " and" };
            write!(f, "{after} {tasks} of lane {lane}")?;
        }
        f.write_str(":")
    }
}

impl fmt::Display for Alone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asked => "one thread was asked for",
            Self::Narrow => "there is too little to do at once",
            Self::Memory => "buffers for several threads do not fit into the memory there is",
        })
    }
}

/// Spreads a schedule over as many lanes as the stream has threads, if that is worth it. `measured` says what a slot takes
/// in nanoseconds a frame, where that was measured.
pub(crate) fn spread(schedule: Schedule, stream: &StreamSpec, measured: impl Fn(&Slot) -> Option<f64>) -> Schedule {
    let alone = |schedule, why| Schedule { spread: Spread::alone(why), ..schedule };
    if stream.threads < 2 {
        return alone(schedule, Alone::Asked);
    }
    let Some((uses, list)) = plan(&schedule, stream, measured) else { return alone(schedule, Alone::Narrow) };
    let wide = colour::coloured(&schedule, &uses, list);
    match budget::memory(&wide, stream) {
        Ok(()) => wide,
        Err(_) => alone(schedule, Alone::Memory),
    }
}

fn plan(schedule: &Schedule, stream: &StreamSpec, measured: impl Fn(&Slot) -> Option<f64>) -> Option<(Uses, List)> {
    // A piece ends where feedback lines wrap.
    let longest = if schedule.lines.is_empty() { u64::MAX } else { schedule.feedback };
    let longest = stream.max_frames.min(usize::try_from(longest).unwrap_or(usize::MAX));
    let costs: Vec<f64> = schedule.steps.iter().map(|step| guess::nanoseconds(schedule, step, &measured)).collect();
    let whole = |frames: usize| costs.iter().map(|cost| cost * frames as f64).sum::<f64>();
    // Not even if all could be done at once.
    if whole(longest) * (1.0 - WORTH) < HANDOVER {
        return None;
    }
    let uses = Uses::of(schedule);
    let list = |frames: usize| list_for(schedule, stream.threads, (&uses, &costs), (frames, longest));
    let list = list(longest.min(USUAL)).or_else(|| list(longest))?;
    Some((uses, list))
}

/// The best list for tasks as they are in pieces of so many frames, if it is worth it in the longest ones.
fn list_for(
    schedule: &Schedule,
    threads: usize,
    (uses, costs): (&Uses, &[f64]),
    (frames, longest): (usize, usize),
) -> Option<List> {
    let costs: Vec<f64> = costs.iter().map(|cost| cost * frames as f64 + guess::FIXED).collect();
    // Some for each thread, or they come out uneven.
    let grain = GRAIN.min(costs.iter().sum::<f64>() / (4 * threads) as f64);
    let units = Units::of(schedule, uses, (&costs, grain))?;
    let list = list::best(&units, threads, grain);
    let worth = |part: &f64| *part <= WORTH;
    let of_longest = longest as f64 / frames as f64;
    let part = Some(list.part(of_longest)).filter(worth)?;
    let halves = (0..24).map(|halved| of_longest * 0.5_f64.powi(halved));
    let least = halves.take_while(|shorter| worth(&list.part(*shorter))).last().unwrap_or(of_longest) * frames as f64;
    Some(List { part, least_frames: least.ceil() as usize, ..list })
}
