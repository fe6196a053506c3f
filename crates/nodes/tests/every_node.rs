//! What holds for every node, tried on all that are registered: a new one is covered by its line in the registry.
//!
//! `./x prove` does the same with a million callbacks of each.

use std::path::Path;

use patchline_guard::CountingAllocator;
use patchline_nodes::PatchNode;
use patchline_nodes::declaration::Declaration;
use patchline_proofs::{Each, Every, every_node, every_type, random, resolved, variants};
use patchline_prove::{Check, Prove};
use serde_json::Value;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

/// Proves these checks of every node with all its choices.
struct Proven(&'static [Check]);

impl Every for Proven {
    fn proof<N: PatchNode>(&mut self, name: &str, proof: Prove<N>) {
        println!("{name}");
        proof.only(self.0).callbacks(2_000).run().assert_where_checked();
    }
}

#[test]
fn callbacks_with_changes_and_loads_meanwhile_break_no_promise() {
    every_node(&mut Proven(&[
        Check::Allocations,
        Check::Syscalls,
        Check::PageFaults,
        Check::Switches,
        Check::Panics,
        Check::FirstBlock,
    ]));
}

#[test]
fn any_split_with_timed_changes_gives_the_same_bits_and_so_does_a_reset() {
    every_node(&mut Proven(&[Check::AnyBlock, Check::Reset]));
}

#[test]
fn all_instructions_give_the_same_bits_and_readings_whatever_the_parameters() {
    struct Sets;
    impl Each for Sets {
        fn each<N: PatchNode>(&mut self, folder: &Path) {
            for (choice, node) in variants::<N>(folder) {
                println!("{}{choice}", N::KIND);
                let randoms = (1..=4).map(|seed| random(&node, folder, seed));
                let proof = randoms.fold(Prove::new(node.clone()), Prove::with);
                proof.only(&[Check::Instructions]).run().assert_where_checked();
            }
        }
    }
    every_type(&mut Sets);
}

#[test]
fn resting_is_not_heard() {
    every_node(&mut Proven(&[Check::Rest]));
}

#[test]
fn numbers_stay_finite_and_silence_cheap() {
    every_node(&mut Proven(&[Check::Finite, Check::NonFinite, Check::Silence]));
}

struct Documented;

impl Each for Documented {
    fn each<N: PatchNode>(&mut self, folder: &Path) {
        let declaration = Declaration::of::<N>();
        assert!(declaration.doc.ends_with('.'), "{} is documented", N::KIND);
        for param in &declaration.params {
            assert!(!param.doc.is_empty(), "{}.{} is documented", N::KIND, param.name);
        }
        for reading in declaration.readings {
            assert!(reading.doc.ends_with('.'), "{}.{} is documented", N::KIND, reading.name);
        }
        // The example can be written down and read back.
        let text = serde_json::to_value(N::example()).unwrap();
        let mut fields = text.as_object().unwrap().clone();
        fields.retain(|_, value| !value.is_null());
        let read: N = serde_json::from_value(Value::Object(fields)).unwrap();
        assert!(read == N::example(), "{}", N::KIND);
        let example = || resolved(N::example(), folder).expect("the example is right");
        assert!(!example().rebuilds(&example()), "{}: the same parameters carry on", N::KIND);
    }
}

#[test]
fn every_parameter_and_reading_is_documented() {
    every_type(&mut Documented);
}
