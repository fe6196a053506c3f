//! The signal flow as rows of text: each node in a row, in the order sound passes them, and lines from row to row.

use patchline_graph::Graph;

/// Lanes that are drawn; nodes beyond them stand at the last one.
const MOST_LANES: usize = 10;

/// A node's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) kind: &'static str,
    /// The lines up to the node, and from it to the right: `│ ●─╮`.
    pub(super) lines: String,
    /// The lines below the node.
    pub(super) below: String,
    /// Nodes that hear it a block later, through feedback.
    pub(super) back: Vec<String>,
}

/// The rows of all nodes.
pub(super) fn rows(graph: &Graph) -> Vec<Row> {
    let links = Targets::of(graph);
    let nodes: Vec<_> = graph.nodes().collect();
    let mut lanes = Lanes::default();
    let row = |node: usize| {
        let (lines, below) = lanes.pass(node, &links.ahead[node]);
        let back = links.back[node].iter().map(|&to| nodes[to].0.to_string()).collect();
        Row { name: nodes[node].0.to_string(), kind: nodes[node].1.kind(), lines, below, back }
    };
    links.order().into_iter().map(row).collect()
}

/// What each node is linked to, each once, by their places in the graph.
struct Targets {
    ahead: Vec<Vec<usize>>,
    back: Vec<Vec<usize>>,
}

impl Targets {
    fn of(graph: &Graph) -> Self {
        let count = graph.nodes().len();
        let mut all = Self { ahead: vec![Vec::new(); count], back: vec![Vec::new(); count] };
        for link in graph.links() {
            let ends = [&link.from, &link.to].map(|end| graph.index(end.node.as_str()));
            let [Some(from), Some(to)] = ends else { continue };
            let list = if link.feedback { &mut all.back[from] } else { &mut all.ahead[from] };
            if !list.contains(&to) {
                list.push(to);
            }
        }
        all
    }

    /// All nodes, each behind those it hears, and what belongs to one chain together.
    fn order(&self) -> Vec<usize> {
        let mut heard = vec![0_usize; self.ahead.len()];
        self.ahead.iter().flatten().for_each(|&to| heard[to] += 1);
        let mut ready: Vec<usize> = (0..heard.len()).rev().filter(|&node| heard[node] == 0).collect();
        let mut order = Vec::with_capacity(heard.len());
        while let Some(node) = ready.pop() {
            order.push(node);
            for &to in self.ahead[node].iter().rev() {
                heard[to] -= 1;
                if heard[to] == 0 {
                    ready.push(to);
                }
            }
        }
        order
    }
}

/// Lines side by side, each on its way to a node.
#[derive(Default)]
struct Lanes(Vec<Option<usize>>);

impl Lanes {
    /// Draws a node: the lines that end there are joined, those that begin there leave.
    fn pass(&mut self, node: usize, targets: &[usize]) -> (String, String) {
        let joined: Vec<usize> = (0..self.0.len()).filter(|&lane| self.0[lane] == Some(node)).collect();
        let place = joined.first().copied().unwrap_or_else(|| self.free(0));
        joined.iter().for_each(|&lane| self.0[lane] = None);
        let mut left = Vec::new();
        for (index, &target) in targets.iter().enumerate() {
            let lane = if index == 0 { place } else { self.free(place + 1) };
            self.0[lane] = Some(target);
            left.push(lane);
        }
        let last = joined.iter().chain(&left).copied().max().unwrap_or(place);
        let drawn = self.0.len().max(place + 1).min(MOST_LANES);
        let symbol = |lane: usize| match (joined.contains(&lane), left.contains(&lane)) {
            _ if lane == place.min(MOST_LANES - 1) => '●',
            (true, true) => {
                if lane < last {
                    '┼'
                } else {
                    '┤'
                }
            }
            (true, false) => {
                if lane < last {
                    '┴'
                } else {
                    '╯'
                }
            }
            (false, true) => {
                if lane < last {
                    '┬'
                } else {
                    '╮'
                }
            }
            _ => match (self.0.get(lane).is_some_and(Option::is_some), (place..last).contains(&lane)) {
                (true, true) => '┼',
                (true, false) => '│',
                (false, true) => '─',
                (false, false) => ' ',
            },
        };
        let cell = |lane: usize| [symbol(lane), if (place..last).contains(&lane) { '─' } else { ' ' }];
        let lines: String = (0..drawn).flat_map(cell).collect();
        while self.0.last() == Some(&None) {
            self.0.pop();
        }
        let below = self.0.iter().take(MOST_LANES).flat_map(|lane| [if lane.is_some() { '│' } else { ' ' }, ' ']);
        (lines.trim_end().to_owned(), below.collect::<String>().trim_end().to_owned())
    }

    /// The first lane from this one on that is free.
    fn free(&mut self, from: usize) -> usize {
        let free = (from..self.0.len()).find(|&lane| self.0[lane].is_none());
        free.unwrap_or_else(|| {
            self.0.resize(self.0.len().max(from) + 1, None);
            self.0.len() - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use patchline_graph::Graph;
    use patchline_nodes::{Gain, Input, Meter, Output};

    use super::*;

    fn drawn(nodes: &str, links: &[&[&str]]) -> String {
        let mut graph = Graph::new();
        for name in nodes.split_whitespace() {
            match name {
                "in" => graph.add(name, Input::default()),
                "out" => graph.add(name, Output::default()),
                "level" => graph.add(name, Meter::default()),
                _ => graph.add(name, Gain::default()),
            }
            .unwrap();
        }
        links.iter().for_each(|chain| {
            graph.chain(chain).unwrap();
        });
        let line = |row: &Row| format!("{:<6}{}\n", row.lines, row.name);
        rows(&graph).iter().map(line).collect()
    }

    #[test]
    fn a_chain_is_one_line() {
        assert_eq!(drawn("in trim out", &[&["in", "trim", "out"]]), "●     in\n●     trim\n●     out\n");
    }

    #[test]
    fn ways_part_and_join() {
        let links: &[&[&str]] = &[&["in", "dry", "out"], &["in", "wet", "out"], &["in", "level"]];
        let expected = "●─┬─╮ in\n● │ │ dry\n│ ● │ wet\n●─╯ │ out\n    ● level\n";
        assert_eq!(drawn("in dry wet level out", links), expected);
    }

    #[test]
    fn a_line_that_is_passed_is_crossed() {
        let links: &[&[&str]] =
            &[&["in", "a"], &["in", "b"], &["in", "c"], &["a", "out"], &["c", "out"], &["b", "level"]];
        let shown = drawn("in a b c level out", links);
        assert!(shown.lines().last().is_some_and(|line| line.ends_with("out")), "{shown}");
        assert_eq!(shown.matches('●').count(), 6);
    }

    #[test]
    fn many_lanes_are_cut_and_every_node_has_a_row() {
        let names: Vec<String> = (0..40).map(|index| format!("g{index}")).collect();
        let mut graph = Graph::new();
        graph.add("in", Input::default()).unwrap();
        for name in &names {
            graph.add(name, Gain::default()).unwrap().chain(&["in", name]).unwrap();
        }
        let rows = rows(&graph);
        assert_eq!(rows.len(), 41);
        assert!(rows.iter().all(|row| row.lines.chars().count() <= 2 * MOST_LANES && row.lines.contains('●')));
    }
}
