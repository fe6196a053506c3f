//! What a call of `render` costs, as a sum over the steps of its schedule.
//!
//! A call is worth so many nanoseconds by itself, each mix some, each of its summands and factors some (a gain that was
//! dissolved is a factor), each run of a node of one kind, width and set of parameters some. These are found from small graphs of the nodes in question, measured here and now, by least
//! squares of the relative error; none is negative. Other graphs of the same nodes, which had no part in that, show how
//! far it is off.

mod fit;
mod graphs;

use std::collections::BTreeMap;
use std::time::Duration;

use patchline_graph::{Factor, Frames, Graph, LoadError, Schedule, Slot, Step, StreamSpec, Term};

use super::Bed;
use fit::least_squares;
use graphs::Kinds;

/// Kinds that are told apart; what is left costs what the most similar one does.
const MOST_KINDS: usize = 16;
/// Rounds over all graphs, one after the other, so that what disturbs one disturbs all.
const ROUNDS: u32 = 5;
/// How long all of it takes.
const TIME: Duration = Duration::from_millis(700);
/// The shortest time that a graph gets in a round.
const LEAST: Duration = Duration::from_micros(500);
/// Graphs that are kept from the fit, to judge it by.
const HELD_OUT: usize = 8;

/// What is counted in a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Feature {
    /// The call itself.
    Call,
    /// A channel that comes in or goes out.
    Device,
    /// A mix, of however many channels.
    Mix,
    /// A channel of a summand of a mix, and what else moves a channel: silence, feedback lines.
    Term,
    /// What a channel of a summand is multiplied by: a gain that was dissolved, an entry of a matrix, a fade.
    Factor,
    /// A run of this kind.
    Run(usize),
}

/// Nanoseconds of each feature, in blocks of one length.
pub(crate) struct Model {
    kinds: Kinds,
    costs: BTreeMap<Feature, f64>,
    /// By how much the worst of the graphs kept apart was off, or took longer in another round, relative to what it took.
    error: f64,
    /// Frames of a block, and the pieces that feedback makes of it.
    block: usize,
    pieces: f64,
    rate: u32,
}

/// Calls that a block comes to: feedback cuts blocks where they cross its grid, on an average so often.
fn pieces(feedback: Option<Frames>, block: usize) -> f64 {
    let Some(feedback) = feedback else { return 1.0 };
    let (block, feedback) = (block as u64, feedback.max(1));
    // Where both end at once there is one cut.
    let mut common = (block, feedback);
    while common.1 > 0 {
        common = (common.1, common.0 % common.1);
    }
    1.0 + block as f64 / feedback as f64 - common.0 as f64 / feedback as f64
}

/// What a graph is expected to take.
#[derive(Clone, Debug)]
pub(crate) struct Prediction {
    /// Nanoseconds of a block.
    pub(crate) nanoseconds: f64,
    /// The part of the block's time, 0 to 1 and beyond.
    pub(crate) load: f64,
    /// What it may be off, in the unit of `load`.
    pub(crate) error: f64,
    /// Each node's part of the load, the heaviest first.
    pub(crate) nodes: Vec<(String, f64)>,
}

impl Model {
    /// Measures what the nodes of a graph cost on a stream like this, in blocks of `block` frames. Takes about a second.
    ///
    /// # Errors
    /// What the engine has against one of the nodes in a graph of its own.
    pub(crate) fn measure(
        graph: &Graph,
        schedule: &Schedule,
        stream: &StreamSpec,
        block: usize,
    ) -> Result<Self, LoadError> {
        let feedback = (!schedule.lines.is_empty()).then_some(schedule.feedback);
        let pieces = pieces(feedback, block);
        let piece = ((block as f64 / pieces).round() as usize).max(1);
        let kinds = Kinds::of(graph, schedule, MOST_KINDS);
        let (fitted, held_out) = (kinds.to_fit(), kinds.to_judge(HELD_OUT, schedule.slots.len()));
        let judged_from = fitted.len();
        let made = fitted.into_iter().chain(held_out);
        let mut cases = made.map(|graph| Case::new(graph, &kinds, stream, piece)).collect::<Result<Vec<_>, _>>()?;
        let time = (TIME / ROUNDS / cases.len().max(1) as u32).max(LEAST);
        for round in 0..=ROUNDS {
            // The first round warms up.
            cases.iter_mut().for_each(|case| case.measure(time, round > 0));
        }
        let unrest = cases[judged_from..].iter().map(Case::unrest).fold(0.0, f64::max);
        let measured: Vec<_> = cases.into_iter().map(Case::finish).collect();
        let (fitted, judged) = measured.split_at(judged_from);
        let costs = least_squares(fitted);
        let off = |(features, took): &(BTreeMap<Feature, f64>, f64)| (cost(&costs, features) - took).abs() / took;
        let error = judged.iter().map(off).fold(unrest, f64::max);
        Ok(Self { kinds, costs, error, block, pieces, rate: stream.rate })
    }

    /// What a graph of these nodes takes.
    pub(crate) fn predict(&self, graph: &Graph, schedule: &Schedule) -> Prediction {
        let features = features(graph, schedule, &self.kinds);
        let nanoseconds = cost(&self.costs, &features) * self.pieces;
        let period = self.block as f64 * 1e9 / f64::from(self.rate);
        let load = nanoseconds / period;
        let price = |feature| self.costs.get(&feature).map_or(0.0, |cost| cost * self.pieces / period);
        let run = |slot: &Slot| match slot.mixing {
            Some(_) => 0.0,
            None => price(Feature::Run(self.kinds.index(slot, graph))),
        };
        let mut nodes: Vec<(String, f64)> =
            schedule.slots.iter().map(|slot| (slot.name.to_string(), run(slot))).collect();
        for Term { sources, factors } in &schedule.terms {
            for factor in &schedule.factors[factors.clone()] {
                if let Factor::Gain { slot, .. } = *factor {
                    nodes[slot].1 += price(Feature::Factor) * sources.len() as f64;
                }
            }
        }
        nodes.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        Prediction { nanoseconds, load, error: load * self.error, nodes }
    }
}

fn cost(costs: &BTreeMap<Feature, f64>, features: &BTreeMap<Feature, f64>) -> f64 {
    features.iter().map(|(feature, count)| costs.get(feature).copied().unwrap_or(0.0) * count).sum()
}

/// How much of what there is in a schedule.
fn features(graph: &Graph, schedule: &Schedule, kinds: &Kinds) -> BTreeMap<Feature, f64> {
    let mut features = BTreeMap::from([(Feature::Call, 1.0)]);
    let mut add = |feature, count: usize| *features.entry(feature).or_insert(0.0) += count as f64;
    let device = schedule.device_in.iter().chain(&schedule.device_out).flatten().count();
    add(Feature::Device, device);
    for step in &schedule.steps {
        match step {
            Step::Mix { terms, .. } => {
                add(Feature::Mix, 1);
                for Term { sources, factors } in &schedule.terms[terms.clone()] {
                    add(Feature::Term, sources.len());
                    add(Feature::Factor, sources.len() * factors.len());
                }
            }
            Step::Run { slot, .. } => add(Feature::Run(kinds.index(&schedule.slots[*slot], graph)), 1),
            _ => add(Feature::Term, 1),
        }
    }
    features
}

/// A graph that is measured.
struct Case {
    bed: Bed,
    features: BTreeMap<Feature, f64>,
    times: Vec<u64>,
}

impl Case {
    fn new(graph: Graph, kinds: &Kinds, stream: &StreamSpec, block: usize) -> Result<Self, LoadError> {
        let inputs = kinds.widest();
        let stream = StreamSpec { inputs, outputs: None, assigned: BTreeMap::new(), ..stream.clone() };
        let bed = Bed::new(graph.clone(), &stream, block)?;
        let features = features(&graph, bed.schedule(), kinds);
        Ok(Self { bed, features, times: Vec::new() })
    }

    /// The typical call of this round is kept.
    fn measure(&mut self, time: Duration, counts: bool) {
        let mut round = Vec::new();
        self.bed.calls_for(time, &mut |nanos| round.push(nanos));
        if counts {
            round.sort_unstable();
            self.times.push(round[round.len() / 2]);
        }
    }

    /// By how much the typical round took longer than the quietest, relative to that.
    fn unrest(&self) -> f64 {
        let mut times = self.times.clone();
        times.sort_unstable();
        let (least, typical) = (times[0].max(1) as f64, times[times.len() / 2] as f64);
        typical / least - 1.0
    }

    /// The quietest round: what else runs only ever adds.
    fn finish(self) -> (BTreeMap<Feature, f64>, f64) {
        let least = self.times.iter().copied().min().unwrap_or(1).max(1);
        self.bed.close();
        (self.features, least as f64)
    }
}

#[cfg(test)]
mod tests {
    use patchline_nodes::{Delay, Gain, Input, Meter, Noise, Oscillator, Output};

    use super::*;

    #[test]
    fn feedback_cuts_blocks_where_its_grid_lies() {
        assert_eq!(pieces(None, 128), 1.0);
        // Counted: the ends of blocks and the lines of the grid among so many frames.
        for (block, feedback) in [(64, 64), (128, 64), (64, 128), (128, 240), (100, 7), (1, 5)] {
            let frames = block * feedback;
            let ends = (1..=frames).filter(|frame| frame % block == 0 || frame % feedback == 0).count();
            let found = pieces(Some(feedback as u64), block) * feedback as f64;
            assert!((found - ends as f64).abs() < 1e-9, "{block} frames, {feedback} of feedback: {found}, {ends}");
        }
    }

    /// Graphs that the model was not made from, of all kinds: prediction and measurement in nanoseconds. With
    /// `PATCHLINE_FULL=1` it prints them, which is how the error in docs is known.
    #[test]
    fn what_is_predicted_is_about_what_it_takes() {
        let mut graph = Graph::new();
        let delay = || Delay { time: "10 ms".parse().unwrap(), ..<Delay as patchline_nodes::PatchNode>::example() };
        let mut add = |name: &str, node: patchline_graph::AnyNode| {
            graph.insert(patchline_graph::NodeName::new(name).unwrap(), node)
        };
        add("in", patchline_graph::AnyNode::new(Input::default()));
        add("out", patchline_graph::AnyNode::new(Output::default()));
        for index in 0..6 {
            add(&format!("delay{index}"), patchline_graph::AnyNode::new(delay()));
            add(&format!("gain{index}"), patchline_graph::AnyNode::new(Gain::default()));
            add(&format!("meter{index}"), patchline_graph::AnyNode::new(Meter::default()));
        }
        add("tone", patchline_graph::AnyNode::new(Oscillator::default()));
        add("hiss", patchline_graph::AnyNode::new(Noise::default()));
        for index in 0..6 {
            let [delay, gain, meter] = ["delay", "gain", "meter"].map(|name| format!("{name}{index}"));
            graph.chain(&["in", &delay, &gain, &meter, "out"]).unwrap();
        }
        graph.link("tone", "out").unwrap().link("hiss", "out").unwrap();
        let stream = StreamSpec { outputs: None, ..StreamSpec::new(48_000, 128, 2, 0) };
        for block in [16, 128, 1024] {
            let mut bed = Bed::new(graph.clone(), &stream, block).unwrap();
            let model = Model::measure(&graph, bed.schedule(), &stream, block).unwrap();
            let found = model.predict(&graph, bed.schedule());
            let mut times = Vec::new();
            bed.calls_for(Duration::from_millis(100), &mut |nanos| times.push(nanos));
            times.sort_unstable();
            let took = times[times.len() / 4] as f64;
            bed.close();
            if std::env::var_os("PATCHLINE_FULL").is_some() {
                let stated = 100.0 * found.error / found.load;
                println!(
                    "{block} frames: {:.0} ns predicted ± {stated:.1} %, {took:.0} ns measured",
                    found.nanoseconds
                );
            }
            // Whatever else runs here meanwhile: a model that forgets a kind of node, or counts one twice, is off by more.
            assert!(
                (0.5..2.0).contains(&(found.nanoseconds / took)),
                "{} ns predicted, {took} measured",
                found.nanoseconds
            );
            assert_eq!(found.nodes.len(), 20);
        }
    }
}
