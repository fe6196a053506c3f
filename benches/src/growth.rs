//! How cost grows: with nodes, with frames, with channels. A line through the origin would be ideal.

use patchline_graph::{StreamSpec, compile, engine};

use crate::graphs::graph;
use crate::measure::{Effort, Repeated, Spread, rounds};
use crate::results::{Growth, Point, Quantity};
use crate::workload::{RATE, Signal, Workload};

/// Frames per block where these do not grow.
const BLOCK: usize = 64;
const NODES: [usize; 9] = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000];
const FRAMES: [usize; 9] = [1, 4, 16, 64, 128, 256, 512, 1_024, 4_096];
const CHANNELS: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];

/// The key of the goal.
const GOAL: &str = "growth";

type Call = Box<dyn FnMut()>;

/// A curve to be measured: what grows, of which graph, at which sizes, and what is called for a size.
struct Plan {
    of: &'static str,
    case: &'static str,
    sizes: &'static [usize],
    call: fn(usize) -> Call,
}

const PLANS: [Plan; 9] = [
    plan("nodes", "chain of gains", &NODES, |size| rendered(&chain(size), BLOCK, 2)),
    plan("nodes", "chain of opaque nodes", &NODES, |size| rendered(&opaque(size), BLOCK, 2)),
    plan("nodes", "gains in parallel", &NODES, |size| rendered(&Workload::Wide { nodes: size }, BLOCK, 2)),
    plan("frames", "chain of 100 gains", &FRAMES, |size| rendered(&chain(100), size, 2)),
    plan("frames", "chain of 100 opaque nodes", &FRAMES, |size| rendered(&opaque(100), size, 2)),
    plan("channels", "chain of 100 gains", &CHANNELS, |size| rendered(&chain(100), BLOCK, size)),
    plan("channels", "chain of 100 opaque nodes", &CHANNELS, |size| rendered(&opaque(100), BLOCK, size)),
    plan("nodes (compiling)", "chain of gains", &NODES, |size| compiled(&chain(size))),
    plan("nodes (compiling)", "chain of opaque nodes", &NODES, |size| compiled(&opaque(size))),
];

const fn plan(of: &'static str, case: &'static str, sizes: &'static [usize], call: fn(usize) -> Call) -> Plan {
    Plan { of, case, sizes, call }
}

impl Plan {
    fn name(&self) -> String {
        format!("growth with {}: {}", self.of, self.case)
    }
}

fn chain(nodes: usize) -> Workload {
    Workload::Chain { nodes }
}

fn opaque(nodes: usize) -> Workload {
    Workload::OpaqueChain { nodes }
}

/// What there is, by name.
pub(crate) fn names() -> impl Iterator<Item = String> {
    PLANS.iter().map(Plan::name)
}

/// All curves. `wanted` says which, by name.
pub(crate) fn all(effort: Effort, wanted: impl Fn(&str) -> bool) -> Vec<Growth> {
    let curve = |plan: &Plan| {
        crate::progress(&plan.name());
        curve(plan, effort)
    };
    PLANS.iter().filter(|plan| wanted(&plan.name())).map(curve).collect()
}

/// The slopes, to be held against the goal; compiling has a goal of its own.
pub(crate) fn slopes(growth: &[Growth]) -> Vec<Quantity> {
    let rendered = growth.iter().filter(|growth| !growth.of.contains("compiling"));
    let quantity = |growth: &Growth| Quantity {
        goal: GOAL.to_owned(),
        case: format!("{}, growing {}", growth.case, growth.of),
        unit: "slope".to_owned(),
        value: Spread { low: growth.slope, median: growth.slope, high: growth.slope },
        samples: growth.samples,
    };
    rendered.map(quantity).collect()
}

fn curve(plan: &Plan, effort: Effort) -> Growth {
    let samples = effort.share(4);
    let mut repeated: Vec<_> = plan.sizes.iter().map(|&size| Repeated::new(1, (plan.call)(size))).collect();
    let mut turns: Vec<_> = repeated.iter_mut().map(|repeated| || repeated.sample()).collect();
    let mut turns: Vec<&mut dyn FnMut() -> f64> =
        turns.iter_mut().map(|turn| turn as &mut dyn FnMut() -> f64).collect();
    let rows = rounds(samples, &mut turns);
    let point = |(&size, row): (&usize, Vec<f64>)| Point { size, ns: Spread::of(row) };
    let points: Vec<Point> = plan.sizes.iter().zip(rows).map(point).collect();
    let slope = slope(&points[points.len() / 2..]);
    Growth { of: plan.of.to_owned(), case: plan.case.to_owned(), points, slope, samples }
}

/// Of the line that fits the logarithms best.
fn slope(points: &[Point]) -> f64 {
    let logs: Vec<(f64, f64)> = points.iter().map(|point| ((point.size as f64).ln(), point.ns.median.ln())).collect();
    let count = logs.len() as f64;
    let (x, y) = logs.iter().fold((0.0, 0.0), |(x, y), log| (x + log.0 / count, y + log.1 / count));
    let covariance: f64 = logs.iter().map(|log| (log.0 - x) * (log.1 - y)).sum();
    covariance / logs.iter().map(|log| (log.0 - x).powi(2)).sum::<f64>()
}

fn rendered(workload: &Workload, block: usize, channels: usize) -> Call {
    let (mut engine, mut renderer) = engine(StreamSpec::new(RATE, block, channels, channels));
    engine.load(graph(workload)).expect("the workload's graph is good");
    let signal = Signal::new(block);
    let mut output = vec![vec![0.0; block]; channels];
    Box::new(move || {
        let _keeps_its_collector = &engine;
        let [left, right] = signal.at(&Workload::Empty, 0);
        let input: [&[f32]; 64] = std::array::from_fn(|channel| if channel % 2 == 0 { left } else { right });
        let mut rest = output.iter_mut();
        let mut output: [&mut [f32]; 64] = std::array::from_fn(|_| rest.next().map_or(&mut [][..], |it| &mut it[..]));
        renderer.render(block, &input[..channels], std::hint::black_box(&mut output[..channels]));
    })
}

fn compiled(workload: &Workload) -> Call {
    let (graph, stream) = (graph(workload), StreamSpec::new(RATE, 512, 2, 2));
    Box::new(move || drop(std::hint::black_box(compile(&graph, &stream))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_slope_one_and_a_square_two() {
        let points = |cost: fn(f64) -> f64| -> Vec<Point> {
            let point = |size: usize| {
                let ns = cost(size as f64);
                Point { size, ns: Spread { low: ns, median: ns, high: ns } }
            };
            [10, 30, 100].into_iter().map(point).collect()
        };
        assert!((slope(&points(|x| 3.0 * x)) - 1.0).abs() < 1e-12);
        assert!((slope(&points(|x| x * x)) - 2.0).abs() < 1e-12);
    }
}
