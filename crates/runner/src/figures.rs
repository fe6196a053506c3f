//! What nodes have measured: their readings, as lines for people and as data for programs.

use std::fmt::Write;

use patchline_graph::{Engine, Per, Reading, Readings};
use serde_json::{Map, Value, json};

use crate::meter::{bar, signed};
use crate::style;

/// The readings of all nodes that have any, in the graph's order. They can be read after the engine was closed.
pub(crate) struct Figures(Vec<(String, &'static str, Readings)>);

impl Figures {
    /// The readings of what plays now.
    pub(crate) fn new(engine: &Engine) -> Self {
        let nodes = engine.graph().nodes().filter(|(_, node)| !node.readings().is_empty());
        let found =
            nodes.filter_map(|(name, node)| Some((name.to_string(), node.kind(), engine.readings(name.as_str())?)));
        Self(found.collect())
    }

    /// A paragraph for each node; levels with a bar.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        for (name, kind, readings) in &self.0 {
            let lines: Vec<String> = readings.all().flat_map(|(reading, values)| lines(reading, values)).collect();
            if !lines.is_empty() {
                writeln!(out, "{} ({kind})", style::strong(name)).expect(TAKES);
                out.extend(lines);
            }
        }
        out
    }

    /// The levels of all meters in a few words: `level -12.3 -12.5 dBFS`.
    pub(crate) fn short(&self) -> String {
        let mut parts = Vec::new();
        for (name, _, readings) in &self.0 {
            let levels = readings.all().find(|(reading, _)| reading.name == "rms" && reading.unit == "dBFS");
            if let Some((_, values)) = levels {
                let values: Vec<String> = values.into_iter().map(signed).collect();
                parts.push(format!("{name} {} dBFS", values.join(" ")));
            }
        }
        parts.join(", ")
    }

    /// By node, then by reading: a number, or one for each channel.
    pub(crate) fn data(&self) -> Value {
        let node = |(name, _, readings): &(String, _, Readings)| {
            let values = readings.all().map(|(reading, values)| {
                let value = match reading.per {
                    Per::Node => json!(values.first()),
                    Per::Channel => json!(values),
                };
                (reading.name.to_owned(), value)
            });
            (name.clone(), Value::Object(values.collect::<Map<_, _>>()))
        };
        Value::Object(self.0.iter().map(node).collect())
    }
}

const TAKES: &str = "a string takes every text";

/// A line for each value. Samples that were spoilt are counted in samples: none is the rule, and not worth a line.
fn lines(reading: &Reading, values: Vec<f64>) -> Vec<String> {
    let worth = |(_, value): &(usize, f64)| reading.unit != "samples" || *value != 0.0;
    let line = |(channel, value): (usize, f64)| {
        let index = if reading.per == Per::Channel { format!(" {channel}") } else { String::new() };
        let label = format!("{}{index}", reading.name);
        format!("  {label:<15} {}\n", shown(value, reading.unit))
    };
    values.into_iter().enumerate().filter(worth).map(line).collect()
}

fn shown(value: f64, unit: &str) -> String {
    match unit {
        _ if value.is_nan() => "not measured".to_owned(),
        "dBFS" => format!("{} {} dBFS", bar(value), signed(value)),
        "" if value.fract() != 0.0 => format!("{value:.4}"),
        "" => format!("{value}"),
        unit => format!("{value} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_fits_a_terminal() {
        let reading = Reading { name: "peak", doc: "", unit: "dBFS", per: Per::Channel };
        let line = lines(&reading, vec![-200.0]).remove(0);
        assert!(line.trim_end().chars().count() <= 80, "{line}");
    }

    #[test]
    fn what_was_never_measured_is_said_in_words() {
        assert_eq!(shown(f64::NAN, "dBFS"), "not measured");
        assert_eq!(shown(0.5, "s"), "0.5 s");
        let mut graph = patchline_graph::Graph::new();
        graph.add("a", patchline_nodes::Noise::default()).unwrap();
        graph.add("level", patchline_nodes::Meter::default()).unwrap().chain(&["a", "level"]).unwrap();
        let (mut engine, _renderer) = patchline_graph::engine(patchline_graph::StreamSpec::new(48_000, 64, 0, 0));
        engine.load(graph).unwrap();
        let figures = Figures::new(&engine);
        assert!(figures.data()["level"]["rms_all"].is_null(), "{}", figures.data());
        assert!(!figures.text().contains("0.0 dBFS") && !figures.text().contains('█'), "{}", figures.text());
    }
}
