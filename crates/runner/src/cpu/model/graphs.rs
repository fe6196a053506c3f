//! Small graphs of given nodes, to find out what each node costs.

use patchline_graph::{AnyNode, Graph, NodeName, Schedule, Slot, Widths};
use patchline_nodes::{Input, Output};

/// Nodes of a kind in a graph that shows what one costs.
const COPIES: usize = 6;
/// Nodes in a graph that judges, at most.
const MOST_NODES: usize = 64;

/// Nodes that cost the same: type, width and parameters are equal.
#[derive(Clone)]
pub(super) struct Kind {
    pub(super) kind: &'static str,
    pub(super) widths: Widths,
    node: AnyNode,
    /// How many there are in the graph that is asked about.
    count: usize,
}

/// All kinds of a graph.
pub(super) struct Kinds(Vec<Kind>);

impl Kinds {
    /// The kinds of a graph, at most so many, the most frequent first.
    pub(super) fn of(graph: &Graph, schedule: &Schedule, most: usize) -> Self {
        let mut kinds: Vec<Kind> = Vec::new();
        for slot in schedule.slots.iter() {
            // What the compiler put in has no node in the graph.
            let Some(node) = graph.node(slot.name.as_str()) else { continue };
            match kinds.iter_mut().find(|kind| kind.is(slot) && kind.node == *node) {
                Some(kind) => kind.count += 1,
                None => kinds.push(Kind::new(slot, node.clone())),
            }
        }
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.count));
        kinds.truncate(most);
        Self(kinds)
    }

    /// The kind of a node of `graph`: its own, or else the most similar one.
    pub(super) fn index(&self, slot: &Slot, graph: &Graph) -> usize {
        let node = graph.node(slot.name.as_str());
        let similarity = |index: &usize| (self.0[*index].similarity(slot, node), std::cmp::Reverse(*index));
        (0..self.0.len()).max_by_key(similarity).unwrap_or(0)
    }

    /// Channels that the graphs need to come in.
    pub(super) fn widest(&self) -> usize {
        self.0.iter().filter_map(|kind| kind.widths.inputs.iter().max()).copied().max().unwrap_or(0).max(1)
    }

    /// Graphs that tell all costs apart.
    pub(super) fn to_fit(&self) -> Vec<Graph> {
        let mut graphs = vec![Graph::new(), self.wires(1), self.wires(8)];
        for index in 0..self.0.len() {
            graphs.extend([1, COPIES].map(|copies| self.graph(&[vec![index; copies]])));
            graphs.push(self.graph(&[vec![index], vec![index], vec![index]]));
        }
        graphs
    }

    /// Other graphs: branches of nodes as they come, together about as many as the graph in question has.
    pub(super) fn to_judge(&self, graphs: usize, nodes: usize) -> Vec<Graph> {
        if self.0.is_empty() {
            return vec![self.wires(3)];
        }
        let mut dice = 0x9e37_79b9_u32;
        let mut roll = |sides: usize| {
            // Marsaglia, Xorshift RNGs, 2003.
            dice ^= dice << 13;
            dice ^= dice >> 17;
            dice ^= dice << 5;
            dice as usize % sides
        };
        let mut graph = || {
            let nodes = nodes.clamp(2, MOST_NODES);
            let mut branches = vec![Vec::new(); 1 + roll(4.min(nodes))];
            for _ in 0..nodes {
                let branch = roll(branches.len());
                branches[branch].push(roll(self.0.len()));
            }
            self.graph(&branches)
        };
        (0..graphs).map(|_| graph()).collect()
    }

    /// The input beside itself, into one output.
    fn wires(&self, count: usize) -> Graph {
        let mut graph = Graph::new();
        add(&mut graph, "in", AnyNode::new(Input::default()));
        for index in 0..count {
            let name = format!("out{index}");
            add(&mut graph, &name, AnyNode::new(Output::default()));
            link(&mut graph, "in", &name);
        }
        graph
    }

    /// Branches from the input to outputs. A node that does not fit behind the one before it begins a branch of its own.
    fn graph(&self, branches: &[Vec<usize>]) -> Graph {
        let mut graph = Graph::new();
        add(&mut graph, "in", AnyNode::new(Input::default()));
        let mut names = 0..;
        for branch in branches {
            let mut end: Option<(String, usize)> = None;
            for &index in branch {
                let kind = &self.0[index];
                let name = format!("n{}", names.next().expect("there is no end of numbers"));
                add(&mut graph, &name, kind.node.clone());
                let wanted = kind.widths.inputs.first().copied().unwrap_or(0);
                let before = end.take();
                match before {
                    Some((before, width)) if wanted > 0 && width == wanted => link(&mut graph, &before, &name),
                    before => {
                        before.iter().for_each(|(before, _)| finish(&mut graph, before));
                        if wanted > 0 {
                            link(&mut graph, &format!("in[0..{wanted}]"), &name);
                        }
                    }
                }
                let ports = kind.node.ports();
                for (port, &channels) in
                    ports.inputs.iter().zip(&kind.widths.inputs).skip(1).filter(|(_, width)| **width > 0)
                {
                    link(&mut graph, &format!("in[0..{channels}]"), &format!("{name}.{}", port.name));
                }
                end = kind.widths.outputs.first().filter(|width| **width > 0).map(|&width| (name, width));
            }
            end.iter().for_each(|(last, _)| finish(&mut graph, last));
        }
        graph
    }
}

impl Kind {
    fn new(slot: &Slot, node: AnyNode) -> Self {
        Self { kind: slot.kind, widths: slot.widths.clone(), node, count: 1 }
    }

    /// Type before width, width before parameters; then the one that is about as wide.
    fn similarity(&self, slot: &Slot, node: Option<&AnyNode>) -> (bool, bool, bool, usize) {
        let channels = |widths: &Widths| widths.inputs.iter().chain(&widths.outputs).sum::<usize>();
        let (mine, its) = (channels(&self.widths), channels(&slot.widths));
        let near = usize::MAX - mine.abs_diff(its);
        (self.kind == slot.kind, self.is(slot), node.is_some_and(|node| self.node == *node), near)
    }

    fn is(&self, slot: &Slot) -> bool {
        self.kind == slot.kind && self.widths == slot.widths
    }
}

fn add(graph: &mut Graph, name: &str, node: AnyNode) {
    graph.insert(NodeName::new(name).expect("the names are made here"), node);
}

/// To an output of its own, so that branches of any width go together.
fn finish(graph: &mut Graph, from: &str) {
    let name = format!("out-{from}");
    add(graph, &name, AnyNode::new(Output::default()));
    link(graph, from, &name);
}

fn link(graph: &mut Graph, from: &str, to: &str) {
    graph.link(from, to).expect("the names are made here");
}
