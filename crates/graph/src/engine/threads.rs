//! Several threads: who helps the audio thread, and what each of them does.

use super::Engine;
use super::load::{Arrival, Turning};
use crate::cost::Cost;
use crate::fade::Moment;
use crate::message::Message;
use crate::spread::spread;
use crate::{NodeName, Schedule, Slot, Spread, Worker, stage};

/// Times that a node was timed before that counts for more than what was assumed.
const SAMPLES: u64 = 16;

impl Engine {
    /// The workers that help the renderer, one less than the stream's [`threads`](crate::StreamSpec::threads), for threads of
    /// yours; none the second time. Whoever does not [run](Worker::run) is not waited for.
    ///
    /// ```
    /// # use patchline_graph::{StreamSpec, engine};
    /// let (mut engine, renderer) = engine(StreamSpec { threads: 3, ..StreamSpec::new(48_000, 64, 2, 2) });
    /// let helpers: Vec<_> = engine.workers().into_iter().map(|worker| std::thread::spawn(|| worker.run())).collect();
    /// // … and a priority for each, as that of the thread that calls `render`.
    /// assert_eq!(helpers.len(), 2);
    /// engine.close(renderer);
    /// helpers.into_iter().for_each(|helper| helper.join().unwrap());
    /// ```
    pub fn workers(&mut self) -> Vec<Worker> {
        std::mem::take(&mut self.workers)
    }

    /// From the next load on, spreads graphs over so many threads: 1, or up to the stream's
    /// [`threads`](crate::StreamSpec::threads).
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{Alone, StreamSpec, engine};
    ///
    /// let (mut engine, _renderer) = engine(StreamSpec { threads: 3, ..StreamSpec::new(48_000, 64, 2, 2) });
    /// engine.set_threads(1);
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// engine.load(trim(0.5))?;
    /// assert_eq!(engine.spread().alone, Some(Alone::Asked));
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_threads(&mut self, threads: usize) {
        self.stream.threads = threads.clamp(1, self.most_threads);
    }

    /// What nodes are assumed to take as long as they have not been [timed](Self::profile), by name, in nanoseconds a frame. Replaces
    /// what was assumed before; for other nodes, a guess has to do. From the next load on, graphs are spread over threads by it.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{NodeName, StreamSpec, engine};
    ///
    /// let (mut engine, _renderer) = engine(StreamSpec { threads: 2, ..StreamSpec::new(48_000, 64, 2, 2) });
    /// engine.assume_costs([(NodeName::new("trim")?, 900.0)]);
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// engine.load(trim(0.5))?;
    /// // However heavy, one node after the other is nothing to be shared.
    /// assert_eq!(engine.spread().lanes(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn assume_costs(&mut self, costs: impl IntoIterator<Item = (NodeName, f64)>) {
        self.assumed = costs.into_iter().collect();
    }

    /// How what plays is spread over threads.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{Alone, StreamSpec, engine};
    ///
    /// let (mut engine, _renderer) = engine(StreamSpec { threads: 2, ..StreamSpec::new(48_000, 64, 2, 2) });
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// engine.load(trim(0.5))?;
    /// assert_eq!(engine.spread().alone, Some(Alone::Narrow));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn spread(&self) -> &Spread {
        &self.schedule.spread
    }

    /// Spreads what plays over threads anew, by what its nodes were [found](Self::profile) to take. Says whether that changed anything.
    /// No sample changes by it.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::trim;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{StreamSpec, engine};
    ///
    /// let (mut engine, mut renderer) = engine(StreamSpec { threads: 2, ..StreamSpec::new(48_000, 64, 1, 1) });
    /// engine.profile(std::num::NonZeroU32::new(1));
    /// // `trim(0.5)` is the graph `mic -> trim -> out`, where `trim` multiplies by 0.5.
    /// engine.load(trim(0.5))?;
    /// (0..100).for_each(|_| renderer.render(64, &[&[1.0; 64]], &mut [&mut [0.0; 64]]));
    /// // There is one way only to run a single node.
    /// assert!(!engine.rebalance());
    /// # Ok(())
    /// # }
    /// ```
    pub fn rebalance(&mut self) -> bool {
        if self.most_threads == 1 || self.messages.is_full() || self.messages.is_abandoned() {
            return false;
        }
        let next = stage::Next::as_it_is(&self.stage, &self.stream);
        let arrival = self.between(&next).and_then(|between| self.prepared(next, between, None));
        match arrival {
            Ok(arrival) if arrival.schedule().spread.tasks != self.schedule.spread.tasks => {
                self.arrive_untold(arrival);
                true
            }
            _ => false,
        }
    }

    /// Sends what sounds the same as what plays.
    pub(super) fn arrive_untold(&mut self, arrival: Arrival) {
        let message = self.untold(arrival);
        self.send_loads([message]);
    }

    pub(super) fn untold(&mut self, arrival: Arrival) -> Message {
        self.message(arrival, Turning { moment: Moment::new(), at: None, after: 0, over: None }).0
    }

    /// Spreads a schedule, whose nodes had these numbers before.
    pub(super) fn spread_out(&self, schedule: Schedule, union: &stage::Next) -> Schedule {
        let measured = |slot: &Slot| {
            let cost = union.before[slot.node].and_then(|was| self.cast.cost(was));
            let timed = cost.filter(|cost| cost.laps >= SAMPLES).map(|cost: Cost| cost.per_frame(self.lap));
            timed.or_else(|| self.assumed.get(&slot.name).copied())
        };
        spread(schedule, &self.stream, measured)
    }
}
