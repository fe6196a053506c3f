//! Nodes that break one promise each: the harness says which, and of a good node that all hold.

use std::hint::black_box;

use patchline_graph::{
    Frame, Frames, Instructions, Io, Mixing, Node, NodeError, Ports, PrepareSpec, Processor, Smoothed, Summand,
};
use patchline_guard::CountingAllocator;
use patchline_prove::{Check, Proof, Prove, Verdict};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

#[derive(Clone, Copy, PartialEq, Debug)]
enum Fault {
    None,
    Allocates,
    AllocatesForParameters,
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    Yields,
    /// Wherever it is run but on the callback's own thread.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    YieldsInWorkers,
    Panics,
    ColdMemory,
    CountsBlocks,
    DependsOnInstructions,
    KeepsState,
    KeepsNan,
    Overflows,
    DecaysIntoDenormals,
    UnderDeclares,
    RestsTooSoon,
    ForgetsWhatItSlept,
}

/// A one-pole low-pass, with a fault.
#[derive(Clone, PartialEq)]
struct Pole {
    fault: Fault,
    coefficient: f32,
}

struct PoleProcessor {
    fault: Fault,
    coefficient: f32,
    state: [f32; 2],
    blocks: u64,
    frames: Frames,
    memory: Vec<f32>,
}

impl Node for Pole {
    const KIND: &'static str = "pole";
    type Processor = PoleProcessor;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn prepare(&self, spec: &PrepareSpec) -> Result<PoleProcessor, NodeError> {
        let odd = self.fault == Fault::DependsOnInstructions && spec.instructions != Instructions::Baseline;
        let bytes = match self.fault {
            Fault::ColdMemory => 1 << 23,
            Fault::UnderDeclares => 1 << 14,
            _ => 0,
        };
        // Zeroed memory is lazy: nothing is touched.
        let memory = vec![0.0; bytes / size_of::<f32>()];
        let state = [if odd { 1.0 } else { 0.0 }; 2];
        Ok(PoleProcessor { fault: self.fault, coefficient: self.coefficient, state, blocks: 0, frames: 0, memory })
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        let memory = if self.fault == Fault::ColdMemory { 1 << 23 } else { 0 };
        memory + size_of::<PoleProcessor>()
    }
}

impl Processor for PoleProcessor {
    type Params = Pole;

    fn update(&mut self, params: &Pole) {
        self.coefficient = params.coefficient;
        if self.fault == Fault::AllocatesForParameters {
            drop(black_box(vec![1.0_f32; 10]));
        }
    }

    fn process(&mut self, io: &mut Io<'_>) {
        self.blocks += 1;
        match self.fault {
            Fault::Allocates if self.blocks % 20 == 10 => drop(black_box(vec![1.0_f32; 10])),
            #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
            Fault::Yields if self.blocks % 20 == 10 => std::thread::yield_now(),
            #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
            Fault::YieldsInWorkers if std::thread::current().name() == Some("prove-worker") => std::thread::yield_now(),
            Fault::Panics if self.blocks == 20 => panic!("planted"),
            Fault::ColdMemory => self.memory.iter_mut().step_by(1024).for_each(|sample| *sample += 1.0),
            _ => {}
        }
        // The time counts as well as the input.
        let counts = matches!(self.fault, Fault::None | Fault::ForgetsWhatItSlept);
        for (channel, state) in io.main().channels().zip(&mut self.state) {
            for (sample, frame) in channel.iter_mut().zip(self.frames..) {
                let turned = if counts && frame % 7 == 0 { -*sample } else { *sample };
                *state = step(self.fault, *state, turned, self.coefficient);
                *sample = *state;
            }
            if self.fault == Fault::CountsBlocks && self.blocks.is_multiple_of(2) {
                *state *= 0.5;
            }
        }
        self.frames += io.frames() as Frames;
    }

    fn rests(&mut self, _position: Frame) -> bool {
        self.fault == Fault::RestsTooSoon || self.state.iter().all(|state| state.to_bits() == 0)
    }

    fn slept(&mut self, frames: Frames) {
        if self.fault != Fault::ForgetsWhatItSlept {
            self.frames += frames;
        }
    }

    fn reset(&mut self) {
        self.blocks = 0;
        self.frames = 0;
        if self.fault != Fault::KeepsState {
            self.state = [0.0; 2];
        }
    }
}

fn step(fault: Fault, state: f32, sample: f32, coefficient: f32) -> f32 {
    let input = if sample.is_finite() || fault == Fault::KeepsNan { sample } else { 0.0 };
    let next = input + coefficient * (state - input);
    match fault {
        Fault::DecaysIntoDenormals => next,
        Fault::Overflows => next * input.abs().max(1.0),
        Fault::KeepsNan if next.is_nan() => next,
        _ if next.is_finite() && next.abs() >= 1e-15 => next,
        _ => 0.0,
    }
}

fn proof(fault: Fault) -> Proof {
    let pole = |coefficient| Pole { fault, coefficient };
    Prove::new(pole(0.999)).with(pole(0.99)).callbacks(1_000).run()
}

/// What is broken in a node with this fault.
fn broken(fault: Fault) -> Vec<Check> {
    let proof = proof(fault);
    assert_eq!(proof.rows().len(), Check::ALL.len());
    let broken = proof.rows().iter().filter(|row| row.verdict == Verdict::Broken);
    broken.map(|row| row.check).collect()
}

#[test]
fn a_good_node_keeps_all_promises() {
    let proof = proof(Fault::None);
    proof.assert_where_checked();
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        proof.assert();
    }
}

#[test]
fn allocating_is_found_in_blocks_and_over_parameters() {
    for fault in [Fault::Allocates, Fault::AllocatesForParameters] {
        let broken = broken(fault);
        // Looking at the stack of an allocation may touch pages of its own.
        let others = broken.iter().filter(|check| !matches!(check, Check::Allocations | Check::PageFaults));
        assert!(broken.contains(&Check::Allocations) && others.count() == 0, "{fault:?}: {broken:?}");
    }
}

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn system_calls_and_cold_memory_are_found() {
    assert!(broken(Fault::Yields).contains(&Check::Syscalls));
    assert_eq!(broken(Fault::ColdMemory), [Check::PageFaults, Check::FirstBlock]);
}

/// By any number of threads; and with one alone it is a good node.
#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn system_calls_in_workers_are_found() {
    let pole = |fault| Prove::new(Pole { fault, coefficient: 0.5 }).callbacks(1_000).only(&[Check::Syscalls]);
    let verdict = |fault, threads| pole(fault).threads(threads).run().row(Check::Syscalls).unwrap().verdict;
    assert_eq!(verdict(Fault::YieldsInWorkers, 1), Verdict::Holds);
    let found = |threads| [Fault::None, Fault::YieldsInWorkers].map(|fault| verdict(fault, threads));
    let mut found: Vec<[Verdict; 2]> = (2..=4).map(found).collect();
    // Without a processor for it, no worker does anything, and nothing is said to hold.
    found.retain(|verdicts| !verdicts.contains(&Verdict::NotChecked));
    assert!(!found.is_empty() || std::thread::available_parallelism().is_ok_and(|processors| processors.get() < 2));
    assert!(found.iter().all(|verdicts| *verdicts == [Verdict::Holds, Verdict::Broken]), "{found:?}");
}

#[test]
fn panics_are_found() {
    let broken = broken(Fault::Panics);
    assert!(broken.contains(&Check::Panics), "{broken:?}");
}

#[test]
fn meaning_in_blocks_and_state_behind_a_reset_are_found() {
    assert!(broken(Fault::CountsBlocks).contains(&Check::AnyBlock));
    assert_eq!(broken(Fault::KeepsState), [Check::Reset, Check::NonFinite]);
}

#[test]
fn resting_that_is_heard_is_found() {
    assert_eq!(proof(Fault::None).row(Check::Rest).unwrap().verdict, Verdict::Holds);
    for fault in [Fault::RestsTooSoon, Fault::ForgetsWhatItSlept] {
        assert_eq!(broken(fault), [Check::Rest], "{fault:?}");
    }
}

#[test]
fn other_bits_with_other_instructions_are_found() {
    let proof = proof(Fault::DependsOnInstructions);
    let row = proof.row(Check::Instructions).unwrap();
    let found = if Instructions::available().count() > 1 { Verdict::Broken } else { row.verdict };
    assert_eq!(row.verdict, found, "{proof}");
    assert_ne!(row.verdict, Verdict::Holds, "{proof}");
}

/// Twice its input, run; not run, the sum of the two by its factors.
#[derive(Clone, PartialEq)]
struct Twice([f32; 2]);

struct TwiceProcessor([Smoothed; 2]);

impl Node for Twice {
    const KIND: &'static str = "twice";
    type Processor = TwiceProcessor;

    fn ports(&self) -> Ports {
        Ports::converter(1)
    }

    fn prepare(&self, _spec: &PrepareSpec) -> Result<TwiceProcessor, NodeError> {
        Ok(TwiceProcessor(self.0.map(Smoothed::new)))
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        size_of::<TwiceProcessor>()
    }

    fn mixing(&self, _spec: &PrepareSpec) -> Option<Mixing> {
        Some(Mixing::Sums((0..2).map(|factor| Summand { from: 0, to: 0, factor }).collect()))
    }
}

impl Processor for TwiceProcessor {
    type Params = Twice;

    fn update(&mut self, _params: &Twice) {}

    fn process(&mut self, io: &mut Io<'_>) {
        let input = io.inputs.port(0).channel(0);
        io.main().channel(0).iter_mut().zip(input).for_each(|(out, x)| *out = x + x);
    }

    fn factors(&mut self) -> &mut [Smoothed] {
        &mut self.0
    }
}

#[test]
fn mixing_otherwise_than_it_says_is_found() {
    let verdict = |factors| Prove::new(Twice(factors)).only(&[Check::Mixing]).run().row(Check::Mixing).unwrap().verdict;
    assert_eq!([verdict([1.0, 1.0]), verdict([1.0, 0.5])], [Verdict::Holds, Verdict::Broken]);
    let proof = Prove::new(Pole { fault: Fault::None, coefficient: 0.5 }).only(&[Check::Mixing]).run();
    assert_eq!(proof.row(Check::Mixing).unwrap().verdict, Verdict::DoesNotApply);
}

#[test]
fn bad_numbers_are_found() {
    assert_eq!(broken(Fault::KeepsNan), [Check::NonFinite]);
    assert!(broken(Fault::Overflows).contains(&Check::Finite));
    assert_eq!(broken(Fault::DecaysIntoDenormals), [Check::Silence]);
}

#[test]
fn memory_that_was_not_declared_is_found() {
    assert_eq!(broken(Fault::UnderDeclares), [Check::Footprint]);
}

#[test]
fn evidence_names_the_place() {
    let proof = proof(Fault::Allocates);
    let row = proof.row(Check::Allocations).unwrap();
    assert!(row.evidence.contains("planted.rs:"), "{proof}");
}

#[test]
fn proofs_of_nothing_are_refused() {
    let refused = |prove: fn() -> Prove<Pole>| std::panic::catch_unwind(prove).is_err();
    assert!(refused(|| Prove::new(Pole { fault: Fault::None, coefficient: 0.5 }).callbacks(0)));
    assert!(refused(|| Prove::new(Pole { fault: Fault::None, coefficient: 0.5 }).only(&[])));
    assert!(refused(|| Prove::new(Pole { fault: Fault::None, coefficient: 0.5 }).rate(0)));
    assert!(!refused(|| Prove::new(Pole { fault: Fault::None, coefficient: 0.5 }).callbacks(1)));
}
