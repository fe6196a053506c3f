//! What to prove of which node, and how long.

use patchline_graph::{Instructions, Node};

use crate::{Check, Proof, check};

/// Proves all [`Check`]s of a node, in stereo at 48 kHz, with what [`Prove::new`] chooses.
#[must_use = "a proof says something only when it is asserted or looked at"]
pub fn prove<N: Node>(node: N) -> Proof {
    Prove::new(node).run()
}

/// A proof to be made.
///
/// ```no_run
/// # use patchline_graph::Node;
/// # fn example<MyNode: Node>(quiet: MyNode, loud: MyNode) {
/// use patchline_prove::Prove;
///
/// Prove::new(quiet).with(loud).rate(44_100).channels(8).callbacks(100_000).run().assert();
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Prove<N> {
    pub(crate) node: N,
    pub(crate) others: Vec<N>,
    pub(crate) rate: u32,
    pub(crate) channels: usize,
    pub(crate) max_frames: usize,
    pub(crate) blocks: Vec<usize>,
    pub(crate) callbacks: usize,
    pub(crate) threads: usize,
    pub(crate) input: Option<Vec<Vec<f32>>>,
    pub(crate) checks: Vec<Check>,
    pub(crate) alone: bool,
    pub(crate) instructions: Instructions,
    pub(crate) around: fn(&mut dyn FnMut()),
}

impl<N: Node> Prove<N> {
    /// All checks of this node: stereo, 48 kHz, blocks of 1 to 1,000 frames, 10,000 callbacks, noise as its input.
    pub fn new(node: N) -> Self {
        Self {
            node,
            others: Vec::new(),
            rate: 48_000,
            channels: 2,
            max_frames: 256,
            blocks: vec![64, 1, 256, 7, 333, 2, 128, 17, 3, 511, 31, 1_000, 5, 255],
            callbacks: 10_000,
            threads: 1,
            input: None,
            checks: Check::ALL.to_vec(),
            alone: false,
            instructions: Instructions::best(),
            around: |callback| callback(),
        }
    }

    /// Other parameters, which are set and loaded while the node plays. May be called several times. Without any, the
    /// node's own are set again and again.
    pub fn with(mut self, other: N) -> Self {
        self.others.push(other);
        self
    }

    /// Frames per second, in Hz; 48,000 otherwise.
    ///
    /// # Panics
    /// If it is 0.
    pub fn rate(mut self, rate: u32) -> Self {
        assert!(rate > 0, "a second has at least one frame");
        self.rate = rate;
        self
    }

    /// Channels of every port that follows what is linked to it; 2 otherwise.
    ///
    /// # Panics
    /// If it is 0.
    pub fn channels(mut self, channels: usize) -> Self {
        assert!(channels > 0, "there is at least one channel");
        self.channels = channels;
        self
    }

    /// The longest block that the node is prepared for, in frames; 256 otherwise. Longer callbacks are split.
    ///
    /// # Panics
    /// If it is 0.
    pub fn max_frames(mut self, frames: usize) -> Self {
        assert!(frames > 0, "a block has at least one frame");
        self.max_frames = frames;
        self
    }

    /// Lengths of the callbacks, in frames, taken in turn.
    ///
    /// # Panics
    /// If there is none, or one of 0 frames.
    pub fn blocks(mut self, lengths: &[usize]) -> Self {
        assert!(!lengths.is_empty() && !lengths.contains(&0), "callbacks have at least one frame each");
        self.blocks = lengths.to_vec();
        self
    }

    /// How many callbacks are watched; 10,000 otherwise. Parameters and graphs are sent meanwhile.
    ///
    /// # Panics
    /// If it is 0: that would prove nothing.
    pub fn callbacks(mut self, callbacks: usize) -> Self {
        assert!(callbacks > 0, "no callback proves nothing");
        self.callbacks = callbacks;
        self
    }

    /// How many threads render in the watched callbacks, with the callback's own; 1 otherwise. With more, the node stands
    /// beside others that keep threads busy, so that workers run it, too, and each [`Worker`](patchline_graph::Worker) is
    /// watched in its tasks as the callback is. Where no worker comes to a task, nothing of the callbacks is checked.
    ///
    /// # Panics
    /// If it is 0.
    pub fn threads(mut self, threads: usize) -> Self {
        assert!(threads > 0, "the callback has a thread");
        self.threads = threads;
        self
    }

    /// What the node hears in the checks for [any block](Check::AnyBlock), [reset](Check::Reset) and the watched
    /// callbacks: channels × frames, finite. Noise between −0.5 and 0.5 otherwise.
    pub fn input(mut self, samples: Vec<Vec<f32>>) -> Self {
        self.input = Some(samples);
        self
    }

    /// Leaves a check out.
    pub fn without(mut self, check: Check) -> Self {
        self.checks.retain(|other| *other != check);
        self
    }

    /// Makes only these checks.
    ///
    /// # Panics
    /// If there is none: that would prove nothing.
    pub fn only(mut self, checks: &[Check]) -> Self {
        assert!(!checks.is_empty(), "no check proves nothing");
        self.checks.retain(|check| checks.contains(check));
        self
    }

    /// Says that no other thread of the process allocates meanwhile: then the [footprint](Check::Footprint) covers what
    /// the node's helper threads take as well.
    pub fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    /// What is done around each watched callback, and each task of a worker, such as telling another sanitizer where it begins and ends.
    pub fn around(mut self, around: fn(callback: &mut dyn FnMut())) -> Self {
        self.around = around;
        self
    }

    /// Makes the checks, one after the other.
    #[must_use = "a proof says something only when it is asserted or looked at"]
    pub fn run(&self) -> Proof {
        Proof { node: N::KIND, rows: check::rows(self) }
    }

    pub(crate) fn asks(&self, checks: &[Check]) -> bool {
        checks.iter().any(|check| self.checks.contains(check))
    }

    /// The node and all others.
    pub(crate) fn all(&self) -> impl Iterator<Item = &N> {
        std::iter::once(&self.node).chain(&self.others)
    }

    /// What to set or load in the `round`th turn.
    pub(crate) fn turn(&self, round: usize) -> &N {
        self.all().nth((round + 1) % (self.others.len() + 1)).expect("the remainder is below the count")
    }
}
