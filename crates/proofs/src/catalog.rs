//! The node types that come with Patchline, as proofs and tests want them: each with all its choices, other parameters to
//! change to, and the files that it needs.

mod other;

use std::path::Path;

use patchline_graph::{Channels, PrepareSpec};
use patchline_nodes::declaration::{Declaration, Shape};
use patchline_nodes::{PatchNode, Register, Surroundings, register_all};
use patchline_prove::Prove;
use patchline_wav::{FileWriter, Format, Options, Subtype};

pub use other::{other, random};

/// What is done with one node type in a folder of its own, which holds the file that its example names.
pub trait Each {
    /// Takes one type.
    fn each<N: PatchNode>(&mut self, folder: &Path);
}

/// Calls `each` with every registered type, one after the other.
pub fn every_type(each: &mut impl Each) {
    struct Every<'a, E>(&'a mut E);
    impl<E: Each> Register for Every<'_, E> {
        fn node<N: PatchNode>(&mut self) {
            let folder = tempfile::tempdir().expect("a temporary folder");
            write_example(&folder.path().join("example.wav"));
            self.0.each::<N>(folder.path());
        }
    }
    register_all(&mut Every(each));
}

/// What is done with a proof of one variant of a node type.
pub trait Every {
    /// Takes a proof that is to be made; `name` says of what.
    fn proof<N: PatchNode>(&mut self, name: &str, proof: Prove<N>);
}

/// Calls `every` with every variant of every registered type: its example and the example with each choice that its
/// parameters offer, and other parameters to change to.
pub fn every_node(every: &mut impl Every) {
    struct Variants<'a, E>(&'a mut E);
    impl<E: Every> Each for Variants<'_, E> {
        fn each<N: PatchNode>(&mut self, folder: &Path) {
            for (choice, node) in variants::<N>(folder) {
                let name = format!("{}{choice}", N::KIND);
                let others = other(&node, folder);
                self.0.proof(&name, Prove::new(node).with(others));
            }
        }
    }
    every_type(&mut Variants(every));
}

/// The file that the example of `file_source` plays: stereo, of another rate.
fn write_example(path: &Path) {
    let format = Format { rate: 44_100, channels: 2, subtype: Subtype::Float };
    let samples =
        (0..100_000_u32).map(|frame| (frame.wrapping_mul(2_654_435_769) >> 8) as f32 / (1 << 24) as f32 - 0.5);
    let mut writer = FileWriter::create(path, Options::new(format)).expect("a new file");
    writer.write_interleaved(&samples.collect::<Vec<_>>()).expect("room for a second of sound");
    writer.finish().expect("room for a header");
}

/// The node with everything it needs from its surroundings.
pub fn resolved<N: PatchNode>(mut node: N, folder: &Path) -> Option<N> {
    node.resolve(&Surroundings::new("node", folder)).ok().map(|()| node)
}

/// The example, and the example with each choice; with what was chosen.
pub fn variants<N: PatchNode>(folder: &Path) -> Vec<(String, N)> {
    let example = resolved(N::example(), folder).expect("the example is right");
    let mut variants = vec![(String::new(), example)];
    let fields = serde_json::to_value(N::example()).expect("parameters are plain data");
    for param in Declaration::of::<N>().params {
        let Shape::Choice(choices) = param.shape else { continue };
        for choice in choices {
            let mut fields = fields.clone();
            fields[&param.name] = choice.name.as_str().into();
            let read = serde_json::from_value(fields).ok().and_then(|node| resolved(node, folder));
            let node = read.filter(|node| accepts_stereo(node) && variants.iter().all(|(_, other)| other != node));
            variants.extend(node.map(|node| (format!(" ({} = {})", param.name, choice.name), node)));
        }
    }
    variants
}

/// A matrix preset may want another number of channels.
fn accepts_stereo<N: PatchNode>(node: &N) -> bool {
    let ports = node.ports();
    let width = |port: &patchline_graph::Port| match port.channels {
        Channels::Exactly(width) => width,
        Channels::Follow => 2,
    };
    let spec = PrepareSpec {
        rate: 48_000,
        max_frames: 256,
        inputs: ports.inputs.iter().map(width).collect(),
        outputs: ports.outputs.iter().map(width).collect(),
        ..PrepareSpec::default()
    };
    node.check(&spec).is_ok()
}
