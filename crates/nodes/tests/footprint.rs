//! No node takes more memory than it declares before it is prepared: the patch's memory budget rests on that. What helper
//! threads take counts as well, so nothing else runs in this process.

use patchline_graph::Node;
use patchline_guard::CountingAllocator;
use patchline_nodes::{Delay, Detector, FileSink, PatchNode, Time, VadGate};
use patchline_proofs::{Every, every_node};
use patchline_prove::{Check, Prove};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

struct Honest;

impl Every for Honest {
    fn proof<N: PatchNode>(&mut self, _name: &str, proof: Prove<N>) {
        check(&proof);
    }
}

fn check<N: Node>(proof: &Prove<N>) {
    proof.clone().only(&[Check::Footprint]).max_frames(512).alone().run().assert();
}

#[test]
fn no_node_takes_more_than_it_declares() {
    every_node(&mut Honest);

    check(&Prove::new(Delay { max_time: Some(Time::Seconds(10.0)), ..Delay::new(Time::Seconds(1.0)) }));
    check(&Prove::new(VadGate { detector: Detector::Speech, ..VadGate::default() }));
    check(&Prove::new(VadGate::default()).channels(256));
    check(&Prove::new(FileSink { pre_roll: Time::Seconds(10.0), ..FileSink::new("unused.wav") }));
}
