//! What a patch costs, for people and for programs.

use std::fmt::Write;

use comfy_table::{CellAlignment, Table};
use patchline_graph::NodeCost;
use patchline_patch::Checked;
use serde_json::{Value, json};

use super::{HEADROOM, Size, concluded, latency, safe};
use crate::cli::BenchArgs;
use crate::cpu::machine_name;
use crate::exit::Failure;
use crate::style;
use crate::units::{count, fine_percent, frames_and_ms, ms, percent};

const TAKES: &str = "a string takes every text";
/// Nodes that are named to people.
const MOST_NODES: usize = 12;

/// Everything there is to tell.
pub(super) struct Told<'a> {
    pub(super) checked: &'a Checked,
    pub(super) sizes: &'a [Size],
    /// The block that the nodes were timed in.
    pub(super) block: usize,
    pub(super) nodes: &'a [NodeCost],
    pub(super) disturbances: Vec<String>,
    /// Recorders that nothing was measured of.
    pub(super) unwritten: Vec<String>,
    pub(super) live: Option<Value>,
    pub(super) args: &'a BenchArgs,
}

impl Told<'_> {
    fn rate(&self) -> u32 {
        self.checked.stream.rate
    }

    fn graph_latency(&self) -> u64 {
        self.checked.schedule.latency
    }

    pub(super) fn text(&self) -> String {
        let Checked { loaded, stream, schedule } = self.checked;
        let mut out = format!(
            "{}: {}, {} Hz, {} in, {} out; {} s of noise at -20 dBFS\n{}\n",
            style::strong(style::safe(&loaded.name, 80)),
            count(loaded.graph.nodes().len(), "node"),
            stream.rate,
            stream.inputs,
            schedule.device_out.len(),
            self.args.seconds,
            machine_name(),
        );
        out.push_str(&self.table());
        out.push_str(&self.advice());
        out.push_str(&self.node_table());
        self.live.iter().for_each(|live| out.push_str(&live_text(live)));
        for name in &self.unwritten {
            let note = style::dim("note");
            writeln!(out, "{note}: `{name}` records nothing here, and is not in these numbers").expect(TAKES);
        }
        for disturbance in &self.disturbances {
            writeln!(out, "{}: {disturbance}", style::warning("disturbed")).expect(TAKES);
        }
        out
    }

    fn table(&self) -> String {
        let rate = self.rate();
        let rows = self.sizes.iter().map(|size| {
            let period = size.period(rate);
            let times = size.spread.told().map(|nanos| micros(nanos as f64));
            let late = latency(self.graph_latency(), size.block);
            let mut row = vec![size.block.to_string(), micros(period)];
            row.extend(times);
            row.extend([fine_percent(size.spread.mean() / period), percent(size.spread.max() as f64 / period)]);
            row.push(format!("{:.2} ms", ms(late, rate)));
            row
        });
        table(&["frames", "period", "p50", "p90", "p99", "p99.9", "max", "load", "worst", "latency"], rows)
    }

    /// The smallest block that is safe, and the latency that comes of it.
    fn advice(&self) -> String {
        let rate = self.rate();
        let Some(block) = safe(self.sizes, rate) else {
            let part = percent(HEADROOM);
            return format!(
                "{}: of no size do 99.9 % of the calls take at most {part} of the block's time\n",
                style::warning("warning")
            );
        };
        let graph = self.graph_latency();
        let late = self.sizes.iter().find(|size| size.block == block).map_or(0, |size| size.late(rate));
        let warning = match late {
            0 => String::new(),
            late => format!(
                "{}: {} of this size took longer than its block lasts, which would be heard\n",
                style::warning("warning"),
                count(late, "call")
            ),
        };
        format!(
            "safe from {} on: 99.9 % of the calls take at most {} of the block's time\n\
             latency then: {graph} (graph) + {block} (in) + {} (out, two blocks) = {}\n{warning}",
            frames_and_ms(block as u64, rate),
            percent(HEADROOM),
            2 * block,
            frames_and_ms(latency(graph, block), rate),
        )
    }

    fn node_table(&self) -> String {
        if self.nodes.is_empty() {
            return String::new();
        }
        let rate = self.rate();
        let rows = self.nodes.iter().take(MOST_NODES).map(|cost| {
            let nanos = cost.nanoseconds;
            vec![cost.node.clone(), format!("{nanos:.2} ns"), fine_percent(cost.load(rate)), percent(cost.share)]
        });
        let more = self.nodes.len().saturating_sub(MOST_NODES);
        let mut out = format!("in blocks of {} frames:\n", self.block);
        out.push_str(&table(&["node", "a frame", "load", "of all"], rows));
        if more > 0 {
            writeln!(out, " and {}", count(more, "lighter node")).expect(TAKES);
        }
        out
    }

    /// `failure` is what kept pictures from being drawn.
    pub(super) fn data(&self, failure: Option<&Failure>) -> Value {
        let Checked { loaded, stream, schedule } = self.checked;
        let rate = self.rate();
        let size = |size: &Size| {
            let period = size.period(rate);
            json!({
                "block_frames": size.block,
                "period_us": period / 1e3,
                "calls": size.spread.times().len(),
                "call_us": size.spread.data(),
                "load": size.spread.mean() / period,
                "worst": size.spread.max() as f64 / period,
                "late": size.late(rate),
                "safe": size.is_safe(rate),
                "latency_frames": latency(schedule.latency, size.block),
                "latency_ms": ms(latency(schedule.latency, size.block), rate),
            })
        };
        let node = |cost: &NodeCost| {
            json!({
                "node": cost.node,
                "ns_per_frame": cost.nanoseconds,
                "load": cost.load(rate),
                "share": cost.share,
                "samples": cost.samples,
            })
        };
        let document = json!({
            "patch": loaded.name,
            "machine": machine_name(),
            "sample_rate": rate,
            "input_channels": stream.inputs,
            "output_channels": schedule.device_out.len(),
            "seconds": self.args.seconds,
            "latency_frames": schedule.latency,
            "headroom": HEADROOM,
            "safe_block_frames": safe(self.sizes, rate),
            "blocks": self.sizes.iter().map(size).collect::<Vec<_>>(),
            "nodes_block_frames": self.block,
            "nodes": self.nodes.iter().map(node).collect::<Vec<_>>(),
            "not_measured": self.unwritten,
            "disturbances": self.disturbances,
            "live": self.live,
        });
        concluded(document, failure)
    }
}

/// What the report of a live run says, in two lines.
fn live_text(live: &Value) -> String {
    let number = |value: &Value| value.as_f64().map_or_else(|| "?".to_owned(), |number| format!("{number:.2}"));
    let load = |key: &str| live["load"][key].as_f64().map_or_else(|| "?".to_owned(), percent);
    format!(
        "live on {}: load {}, {} at worst, {} xruns, latency {} ms\n",
        style::safe(live["device"].as_str().unwrap_or("the device"), 80),
        load("mean"),
        load("worst"),
        live["xruns"],
        number(&live["latency"]["total_ms"]),
    )
}

fn micros(nanos: f64) -> String {
    let micros = nanos / 1e3;
    match micros {
        ..9.995 => format!("{micros:.2} µs"),
        ..99.95 => format!("{micros:.1} µs"),
        ..9_999.5 => format!("{micros:.0} µs"),
        _ => format!("{:.1} ms", micros / 1e3),
    }
}

fn table(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(header);
    rows.for_each(|row| _ = table.add_row(row));
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table.lines().map(|line| format!(" {}\n", line.trim_end())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_a_unit() {
        let shown = [0.4, 999.0, 9_990.0, 9_999.0, 123_456.0, 12_345_678.0].map(micros);
        assert_eq!(shown, ["0.00 µs", "1.00 µs", "9.99 µs", "10.0 µs", "123 µs", "12.3 ms"]);
    }
}
