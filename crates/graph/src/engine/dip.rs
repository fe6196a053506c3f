//! Loads that would cost too much beside what they replace: what leaves fades first.

use super::load::Turning;
use super::{Engine, LoadError, Told, journal};
use crate::compile::{Fading, build};
use crate::fade::Moment;
use crate::resolve::resolve;
use crate::stage::{self, Dip};
use crate::{Frame, Graph, Loaded};

/// The most that a callback may be loaded while a load fades, as a part of its time.
const MOST_LOAD: f64 = 0.8;

impl Engine {
    /// As [`load`](Self::load), but what is gone or replaced fades out first, and only then the new graph takes over and
    /// fades in: so long there is less to be heard, and never are both run at once. What plays on as it is is heard all
    /// the time; what is gone does not ring out.
    ///
    /// What is sent afterwards waits for the new graph to take over.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::{around, Scale, trim};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{StreamSpec, engine};
    ///
    /// let (mut engine, mut renderer) = engine(StreamSpec { fade: 10, ..StreamSpec::new(48_000, 64, 1, 1) });
    /// // `trim(0.5)` is the graph `mic -> trim -> out`; `around` puts `boost` in the place of `trim`.
    /// engine.load(trim(0.5))?;
    /// renderer.render(1, &[&[1.0]], &mut [&mut [0.0]]);
    /// let loaded = engine.dip(around("boost", Scale(2.0)))?;
    /// assert!(loaded.dipped);
    /// // The one fades out, then the other fades in.
    /// let mut output = [0.0; 64];
    /// renderer.render(64, &[&[1.0; 64]], &mut [&mut output]);
    /// assert!(output[..20].iter().any(|&sample| sample < 0.1));
    /// assert_eq!(output[63], 2.0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn dip(&mut self, graph: Graph) -> Result<Loaded, LoadError> {
        let (first, now) = (self.sent, self.now());
        let loaded = self.dive(graph, now)?;
        journal::enter(&mut self.journal, Told::Dip { graph: &self.graph }, (first..self.sent, now));
        Ok(loaded)
    }

    /// [Loads](Self::load) a graph, or [dips](Self::dip) where both graphs together would be too much: where the callback
    /// takes the part `load` of its time (0 to 1, as it was measured) and would, by the nodes that run then, take more
    /// than 0.8 of it. Which of them it was stands in [`Loaded::dipped`].
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::{around, Scale, trim};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{StreamSpec, engine};
    ///
    /// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
    /// // `trim(0.5)` is the graph `mic -> trim -> out`; `around` puts `boost` in the place of `trim`.
    /// engine.load(trim(0.5))?;
    /// renderer.render(1, &[&[1.0]], &mut [&mut [0.0]]);
    /// // The callback takes a tenth of its time: both graphs may play at once.
    /// assert!(!engine.load_within(around("boost", Scale(2.0)), 0.1)?.dipped);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_within(&mut self, graph: Graph, load: f64) -> Result<Loaded, LoadError> {
        match load * self.burden(&graph)? > MOST_LOAD {
            true => self.dip(graph),
            false => self.load(graph),
        }
    }

    /// How many times as many nodes would run while a load of `graph` fades as run now.
    ///
    /// ```
    /// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
    /// # use nodes::{around, Scale, trim};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use patchline_graph::{StreamSpec, engine};
    ///
    /// let (mut engine, _renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
    /// // `trim(0.5)` is the graph `mic -> trim -> out`; `around` puts `boost` in the place of `trim`.
    /// engine.load(trim(0.5))?;
    /// // What stays is run once, what is replaced is run beside what takes its place.
    /// assert_eq!(engine.burden(&trim(0.25))?, 1.0);
    /// assert!(engine.burden(&around("boost", Scale(2.0)))? > 1.0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The mistakes of the graph.
    pub fn burden(&self, graph: &Graph) -> Result<f64, LoadError> {
        let alone = resolve(graph, self.stage.resolved(), &self.stream)?;
        build(&alone.resolved, &Fading::default(), &[], &self.stream)?;
        let change = self.change_to(&alone, self.now(), &Moment::new());
        let together = self.stage.next(&change, |actor| self.sounds(actor)).stage.running_nodes();
        Ok(together as f64 / self.stage.running_nodes().max(1) as f64)
    }

    fn dive(&mut self, graph: Graph, now: Frame) -> Result<Loaded, LoadError> {
        let graph = self.room_for(2, graph)?;
        let alone = resolve(&graph, self.stage.resolved(), &self.stream)?;
        let (hush, moment) = (Moment::new(), Moment::new());
        let together = self.stage.next(&self.change_to(&alone, now, &moment), |actor| self.sounds(actor));
        let lengths = (self.fade, self.stream.feedback);
        let dip = self.stage.dip(&together, lengths, &hush).filter(|_| self.fade > 0);
        let hushed = dip.and_then(|Dip { hushed, after, frames }| {
            let hushed = stage::Next::again(hushed, &self.stream);
            Some((self.between(&hushed).ok()?, hushed, after, frames))
        });
        // Nothing to fade, or no memory for so much as a fade.
        let Some((between, hushed, after, frames)) = hushed else {
            return self.exchange(graph, (None, None), now);
        };
        let arrival = self.arrival(&after, (graph, alone), (now, &moment))?;
        let hushed = self.prepared(hushed, between, None)?;
        let (first, _) = self.message(hushed, Turning { moment: hush, at: None, after: 0, over: None });
        let (second, loaded) = self.message(arrival, Turning { moment, at: None, after: frames, over: None });
        // In one go, so that no block can begin between them.
        self.send_loads([first, second]);
        self.forget_bypassed();
        Ok(Loaded { dipped: true, ..loaded })
    }
}
