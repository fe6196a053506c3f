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
