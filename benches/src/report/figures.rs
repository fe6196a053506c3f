//! Which figures there are, and what they show.

use patchline_chart::{Axis, Bar, Bars, Curve, Curves, Look, thousands};

use super::{number, time};
use crate::cells::{Against, cells};
use crate::measure::Spread;
use crate::results::{Growth, Measurement, Results};
use crate::workload::Workload;

/// A figure of the page.
pub(super) struct Figure {
    /// Its file in `docs/figures`.
    pub(super) file: &'static str,
    /// What is to be seen, for those who cannot.
    pub(super) caption: String,
    pub(super) svg: String,
}

/// Frames per block of the figures that show one.
const BLOCK: usize = 128;

/// The workloads that others are shown at; the page's table has all.
const SHOWN: [Workload; 7] = [
    Workload::Chain { nodes: 100 },
    Workload::OpaqueChain { nodes: 100 },
    Workload::Delays { nodes: 10, feedback: false },
    Workload::Delays { nodes: 100, feedback: false },
    Workload::Wide { nodes: 100 },
    Workload::Meter,
    Workload::Seeds,
];

/// All figures that these results have something for.
pub(super) fn figures(results: &Results) -> Vec<Figure> {
    let growth = [
        ("growth-nodes.svg", "nodes", "Time for a block of 64 frames, by nodes", "nodes"),
        ("growth-frames.svg", "frames", "Time for a block, by its frames", "frames per block"),
        ("growth-channels.svg", "channels", "Time for a block of 64 frames, by channels", "channels"),
        ("growth-compiling.svg", "nodes (compiling)", "Time to compile a graph, by nodes", "nodes"),
    ];
    let growth = growth.into_iter().map(|(file, of, title, x)| curves(file, of, title, x, &results.growth));
    [limit(results), peers(results), chain(results)].into_iter().chain(growth).flatten().collect()
}

/// Ours by the limit: every promise that is one, as far as its worst case goes.
fn limit(results: &Results) -> Option<Figure> {
    let against: Vec<&str> =
        cells().iter().filter(|cell| cell.against == Against::Limit).map(|cell| cell.key).collect();
    let bar = |goal: &crate::Goal| {
        let ratio = goal.ratio?;
        let colour = if goal.met { 2 } else { 1 };
        let name = goal.name.clone();
        Some(Bar { name, value: ratio, label: format!("{}×", number(ratio)), bound: Some(goal.bound), colour })
    };
    let goals = results.goals.iter().filter(|goal| against.contains(&goal.key.as_str()));
    let bars: Vec<Bar> = goals.filter_map(bar).collect();
    let title = "Times as long as the hand-written loop";
    let note = "The worst case of each promise; the mark is what was promised. 1× is the loop itself.";
    let caption = "Bars: how many times as long as a hand-written loop the engine takes.".to_owned();
    draw_bars("limit.svg", title, note, vec![(String::new(), bars)], caption)
}

/// Other engines by ours, workload by workload.
fn peers(results: &Results) -> Option<Figure> {
    let names: Vec<&str> = results.peers.iter().map(|peer| peer.name.as_str()).collect();
    let group = |found: &Measurement| {
        let bar = |peer: &crate::Versus| {
            let Spread { median, .. } = peer.ratio.inverse();
            let colour = names.iter().position(|name| *name == peer.name).unwrap_or(0) % 8;
            Bar { name: peer.name.clone(), value: median, label: format!("{}×", number(median)), bound: None, colour }
        };
        let mut bars: Vec<Bar> = found.peers().map(bar).collect();
        bars.sort_by(|a, b| a.value.total_cmp(&b.value));
        (found.workload.clone(), bars)
    };
    let shown = SHOWN
        .iter()
        .map(|workload| workload.to_string())
        .filter_map(|name| results.measurements.iter().find(|found| found.workload == name && found.block == BLOCK));
    let title = "Other engines: times as long as Patchline";
    let note = "Stereo at 48 kHz in blocks of 128 frames, one process, rounds interleaved. 1× is Patchline.";
    let caption = "Bars: how many times as long as this engine others take.".to_owned();
    draw_bars("peers.svg", title, note, shown.map(group).filter(|(_, bars)| !bars.is_empty()).collect(), caption)
}

fn draw_bars(
    file: &'static str,
    title: &str,
    note: &str,
    groups: Vec<(String, Vec<Bar>)>,
    caption: String,
) -> Option<Figure> {
    let axis = Axis::logarithmic().label(|value| format!("{value}×"));
    let bars = Bars { title, note, axis, base: 1.0, groups };
    let any = bars.groups.iter().any(|(_, bars)| !bars.is_empty());
    any.then(|| Figure { file, caption, svg: bars.draw() })
}

/// The chain of gains: everybody's time, by nodes.
fn chain(results: &Results) -> Option<Figure> {
    let sizes: Vec<(usize, &Measurement)> = [1, 10, 100, 1000]
        .into_iter()
        .filter_map(|nodes| {
            let name = Workload::Chain { nodes }.to_string();
            let found = results.measurements.iter().find(|found| found.workload == name && found.block == BLOCK)?;
            Some((nodes, found))
        })
        .collect();
    let (_, widest) = sizes.last()?;
    let mut curves = vec![Curve {
        name: "Patchline".to_owned(),
        points: sizes.iter().map(|(nodes, found)| (*nodes as f64, found.ours_ns.median)).collect(),
        look: Look::Dotted,
    }];
    let limit = |found: &Measurement| found.limit().map(|limit| limit.ns.median);
    curves.push(Curve {
        name: "hand-written loop".to_owned(),
        points: sizes.iter().filter_map(|(nodes, found)| Some((*nodes as f64, limit(found)?))).collect(),
        look: Look::Dashed,
    });
    for peer in widest.peers() {
        let of = |found: &Measurement| found.peers().find(|other| other.name == peer.name).map(|other| other.ns.median);
        let points = sizes.iter().filter_map(|(nodes, found)| Some((*nodes as f64, of(found)?))).collect();
        curves.push(Curve { name: peer.name.clone(), points, look: Look::Dotted });
    }
    let title = "A chain of gains: time for a block of 128 frames";
    let caption = "Curves: the time for a block against the number of gains in series.".to_owned();
    Some(draw_curves("chain.svg", title, "gains in series", curves, caption))
}

fn curves(file: &'static str, of: &str, title: &str, x: &str, growth: &[Growth]) -> Option<Figure> {
    let curve = |growth: &Growth| Curve {
        name: growth.case.clone(),
        points: growth.points.iter().map(|point| (point.size as f64, point.ns.median)).collect(),
        look: Look::Dotted,
    };
    let curves: Vec<Curve> = growth.iter().filter(|growth| growth.of == of).map(curve).collect();
    let caption = format!("Curves: {}, both axes logarithmic.", title.to_lowercase());
    (!curves.is_empty()).then(|| draw_curves(file, title, x, curves, caption))
}

fn draw_curves(file: &'static str, title: &str, x_name: &str, curves: Vec<Curve>, caption: String) -> Figure {
    let label = |value: f64| {
        if value == 1000.0 { "1 µs".to_owned() } else { time(value).replace(".00", "").replace(".0", "") }
    };
    // The sizes that were measured.
    let longest = curves.iter().map(|curve| &curve.points).max_by_key(|points| points.len());
    let sizes: Vec<f64> = longest.into_iter().flatten().map(|point| point.0).collect();
    let (x, y) = (Axis::logarithmic().ticks(sizes).label(thousands), Axis::logarithmic().label(label));
    let svg = Curves { title, note: "both axes logarithmic", x_name, x, y, curves }.draw();
    Figure { file, caption, svg }
}
