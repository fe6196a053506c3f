//! Graphs drawn by chance: the same for the same number, everywhere.

/// Frames of each delay.
pub(crate) const DELAY: usize = 4_800;

/// A graph: its nodes in an order in which sources come first, and what goes to the output.
pub(crate) struct Drawn {
    pub(crate) nodes: Vec<Node>,
    /// Whoever nobody else reads, in order.
    pub(crate) ends: Vec<usize>,
}

/// A node and whom it reads: 0 is the input, k the node before the kth.
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) sources: Vec<usize>,
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Gain(f32),
    /// The same, which nobody else knows.
    Opaque(f32),
    /// With a mix of [`crate::MIX`].
    Delay,
    Meter,
}

/// Draws a graph: half of the nodes gains, a sixth each of the others; every third has two sources, mostly recent ones.
pub(crate) fn draw(seed: u32, nodes: usize) -> Drawn {
    let mut state = seed.wrapping_mul(0x9E37_79B9) | 1;
    let mut below = |limit: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((u64::from(state) * limit as u64) >> 32) as usize
    };
    let mut drawn = Vec::new();
    for index in 0..nodes {
        let factor = 0.55 + below(100) as f32 * 1e-3;
        let kind = [
            Kind::Gain(factor),
            Kind::Gain(factor),
            Kind::Gain(factor),
            Kind::Opaque(factor),
            Kind::Delay,
            Kind::Meter,
        ];
        let kind = kind[below(6)];
        let mut source = || index - below((index + 1).min(4));
        let first = source();
        let second = source();
        let sources = if below(3) == 0 && second != first { vec![first, second] } else { vec![first] };
        drawn.push(Node { kind, sources });
    }
    let read = |index: usize| drawn.iter().any(|node| node.sources.contains(&(index + 1)));
    let ends = (0..nodes).filter(|index| !read(*index)).map(|index| index + 1).collect();
    Drawn { nodes: drawn, ends }
}
