//! Whether a contestant computes what the hand-written loop computes.

use std::rc::Rc;

use crate::contestant::Peer;
use crate::limit::{InstructionSet, limit};
use crate::ours::Ours;
use crate::play::{Case, Playing};
use crate::workload::{RATE, Signal, Workload};

/// How long it is looked at: two seconds, or until the input has gone through all it does and begun anew.
fn frames(workload: &Workload) -> usize {
    workload.period().map_or(2 * RATE as usize, |period| period + period / 4)
}

/// The engine and the loop side by side, bit for bit, from the first frame on.
///
/// # Errors
/// Where they part.
pub(crate) fn same_bits(case: &Case, set: InstructionSet) -> Result<(), String> {
    let signal = Rc::new(Signal::new(case.block));
    let mut ours = Playing::new(case, Box::new(Ours::new(&case.workload, case.block)), &signal, case.block);
    let mut loop_ = Playing::new(case, limit(&case.workload, set), &signal, case.block);
    for block in 0..frames(&case.workload).div_ceil(case.block) {
        for (channel, (ours, loop_)) in ours.pass().iter().zip(loop_.pass()).enumerate() {
            if let Some(at) = ours.iter().zip(loop_).position(|(a, b)| differ(*a, *b)) {
                let (frame, set) = (block * case.block + at, set.name());
                let (a, b) = (ours[at], loop_[at]);
                return Err(format!("{case}: frame {frame} of channel {channel} is {a:e}, by the {set} loop {b:e}"));
            }
        }
    }
    Ok(())
}

/// The engine while its gains move, beside the loop of the same gains at rest: near, as they move slowly, and yet not the same.
///
/// # Errors
/// It is far off, or nothing moves.
pub(crate) fn moves(case: &Case) -> Result<(), String> {
    let signal = Rc::new(Signal::new(case.block));
    let mut ours = Playing::new(case, Box::new(Ours::new(&case.workload, case.block)), &signal, case.block);
    let mut loop_ = Playing::new(case, limit(&case.workload, InstructionSet::widest()), &signal, case.block);
    let mut furthest = 0.0f32;
    for _ in 0..RATE as usize / case.block {
        for (moving, resting) in ours.pass().iter().zip(loop_.pass()) {
            let distances = moving.iter().zip(resting).map(|(moving, resting)| (moving - resting).abs());
            furthest = distances.fold(furthest, f32::max);
        }
    }
    match furthest {
        distance if distance > 1e-3 => Err(format!("{case}: moving slowly is off by {distance:e}")),
        0.0 => Err(format!("{case}: nothing moves")),
        _ => Ok(()),
    }
}

/// A silence may have any sign.
fn differ(a: f32, b: f32) -> bool {
    a.to_bits() != b.to_bits() && (a != 0.0 || b != 0.0)
}

/// Whether a peer is as near to the loop as it says; gives it back, warm.
///
/// # Errors
/// How far off it is, and where.
pub(crate) fn near(case: &Case, peer: &dyn Peer, mut playing: Playing, signal: &Rc<Signal>) -> Result<Playing, String> {
    let mut loop_ = Playing::new(case, limit(&case.workload, InstructionSet::widest()), signal, case.block);
    let tolerance = peer.tolerance(&case.workload);
    let settled = peer.settles(&case.workload);
    let (mut loudest, mut furthest, mut place) = (0.0f32, 0.0f32, (0, 0));
    for pass in 0..frames(&case.workload).div_ceil(signal.frames()) {
        for (channel, (theirs, right)) in playing.pass().iter().zip(loop_.pass()).enumerate() {
            for (at, (theirs, right)) in theirs.iter().zip(right).enumerate() {
                let frame = pass * signal.frames() + at;
                loudest = loudest.max(right.abs());
                let distance = if theirs.is_finite() { (theirs - right).abs() } else { f32::INFINITY };
                if frame >= settled && distance > furthest {
                    (furthest, place) = (distance, (frame, channel));
                }
            }
        }
    }
    if furthest <= tolerance * loudest {
        return Ok(playing);
    }
    let (frame, channel) = place;
    Err(format!("off by {furthest:e} at frame {frame} of channel {channel}, where the loudest sample is {loudest:e}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contestant::Contestant;

    /// Every loop, in blocks that fit vectors, that do not, and that end within a hop of the gate.
    #[test]
    fn every_loop_has_the_bits_of_the_engine_on_each_instruction_set() {
        let workloads = [
            Workload::Empty,
            Workload::Through,
            Workload::Chain { nodes: 1 },
            Workload::Chain { nodes: 11 },
            Workload::OpaqueChain { nodes: 11 },
            Workload::Delays { nodes: 1, feedback: false },
            Workload::Delays { nodes: 3, feedback: true },
            Workload::Wide { nodes: 1 },
            Workload::Wide { nodes: 11 },
            Workload::OpaqueWide { nodes: 11 },
            Workload::Meter,
            Workload::Seeds,
            Workload::Mixed { seed: 1, nodes: 30 },
            Workload::Mixed { seed: 2, nodes: 12 },
            Workload::Mixed { seed: 3, nodes: 1 },
        ];
        for set in InstructionSet::here() {
            for workload in &workloads {
                for block in [64, 157, 512] {
                    same_bits(&Case { workload: workload.clone(), block }, set).unwrap();
                }
            }
        }
    }

    #[test]
    fn gains_that_move_are_near_those_at_rest() {
        moves(&Case { workload: Workload::Moving { nodes: 10 }, block: 128 }).unwrap();
        assert!(
            moves(&Case { workload: Workload::Chain { nodes: 10 }, block: 128 }).unwrap_err().contains("nothing moves")
        );
    }

    /// A gain that is a little too loud.
    struct Wrong;

    impl Contestant for Wrong {
        fn run(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]) {
            for (input, output) in input.into_iter().zip(output) {
                input.iter().zip(output).for_each(|(from, to)| *to = from * 0.8001);
            }
        }
    }

    struct WrongPeer(f32);

    impl Peer for WrongPeer {
        fn name(&self) -> &'static str {
            "wrong"
        }

        fn version(&self) -> &'static str {
            "0"
        }

        fn differs(&self) -> &'static str {
            ""
        }

        fn contestant(&self, workload: &Workload, _block: usize) -> Option<Box<dyn Contestant>> {
            (*workload == Workload::Chain { nodes: 1 }).then(|| Box::new(Wrong) as Box<dyn Contestant>)
        }

        fn tolerance(&self, _workload: &Workload) -> f32 {
            self.0
        }
    }

    #[test]
    fn a_peer_that_computes_something_else_is_found_out() {
        let case = Case { workload: Workload::Chain { nodes: 1 }, block: 64 };
        let judged = |tolerance: f32| {
            let peer = WrongPeer(tolerance);
            let signal = Rc::new(Signal::new(256));
            let contestant = peer.contestant(&case.workload, case.block).unwrap();
            near(&case, &peer, Playing::new(&case, contestant, &signal, 256), &signal).map(|_| ())
        };
        assert!(judged(1e-5).unwrap_err().contains("off by"));
        assert_eq!(judged(1e-3), Ok(()));
    }
}
