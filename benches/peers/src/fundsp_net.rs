//! fundsp's `Net`: a graph that can be edited while its backend plays.

use fundsp::prelude32::*;
use patchline_benches::{Contestant, DELAY, GAIN, MIX, Peer, RATE, SEEDS_DELAY, Workload, gains, mix as mix_of};

use crate::fundsp::{Blocks, VERSION, echo, fed_back, gain, gate, meter};

/// fundsp's networks.
pub(crate) struct Network;

impl Peer for Network {
    fn name(&self) -> &'static str {
        "fundsp (Net)"
    }

    fn version(&self) -> &'static str {
        VERSION
    }

    fn differs(&self) -> &'static str {
        "A network of boxed nodes of the static kind, which a backend plays while it is edited; what is summed takes nodes \
         that add, made by its operator for this."
    }

    fn contestant(&self, workload: &Workload, _block: usize) -> Option<Box<dyn Contestant>> {
        let mut net = net(workload)?;
        Some(Box::new(Blocks::new(Box::new(net.backend()))))
    }
}

fn net(workload: &Workload) -> Option<Net> {
    let mut net = Net::new(2, 2);
    net.set_sample_rate(f64::from(RATE));
    match *workload {
        Workload::Empty => {}
        Workload::Through => net = Net::wrap(Box::new(multipass::<U2>())),
        Workload::Chain { nodes } | Workload::OpaqueChain { nodes } => {
            gains(nodes).into_iter().for_each(|factor| append(&mut net, gain(factor)));
        }
        Workload::Wide { nodes } | Workload::OpaqueWide { nodes } => net = wide(nodes),
        Workload::Delays { nodes, feedback: false } => {
            (0..nodes).for_each(|_| append(&mut net, echo(DELAY, mix_of(nodes))));
        }
        Workload::Delays { nodes, feedback: true } => {
            (0..nodes).for_each(|_| append(&mut net, fed_back(DELAY, mix_of(nodes))));
        }
        Workload::Meter => {
            append(&mut net, gain(GAIN));
            append(&mut net, meter());
        }
        Workload::Seeds => {
            append(&mut net, gain(GAIN));
            append(&mut net, echo(SEEDS_DELAY, MIX));
            append(&mut net, meter());
            append(&mut net, gate());
        }
        Workload::Moving { .. } | Workload::Mixed { .. } => return None,
    }
    Some(net)
}

fn append(net: &mut Net, node: An<impl AudioNode + 'static>) {
    net.chain(Box::new(node));
}

/// Side by side on one bus, gain by gain.
fn wide(nodes: usize) -> Net {
    let one = |factor| Net::wrap(Box::new(gain(factor)));
    gains(nodes).into_iter().map(one).reduce(|sum, gain| sum & gain).expect("there is a gain")
}

/// A chain that plays, and the half of it that edits.
pub(crate) struct Edited {
    front: Net,
    back: Blocks,
}

impl Edited {
    pub(crate) fn chain(nodes: usize) -> Self {
        let mut front = net(&Workload::Chain { nodes }).expect("a chain can be done");
        let back = Blocks::new(Box::new(front.backend()));
        Self { front, back }
    }

    /// Appends a gain, as far as its user has to see to it.
    pub(crate) fn append_gain(&mut self, factor: f32) {
        append(&mut self.front, gain(factor));
        self.front.commit();
    }
}

impl Contestant for Edited {
    fn run(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]) {
        self.back.run(input, output);
    }
}
