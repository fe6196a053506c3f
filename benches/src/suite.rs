//! One case: everybody computes the same, then everybody is timed in the same rounds.

use std::rc::Rc;

use crate::agree;
use crate::contestant::Peer;
use crate::limit::{InstructionSet, limit};
use crate::measure::{Effort, Repeated, Spread, ratio, rounds};
use crate::ours::Ours;
use crate::play::{Case, Playing};
use crate::results::{LeftOut, Measurement, Versus};
use crate::workload::{Signal, Workload};

/// Who takes part, apart from the engine.
struct Entrant {
    name: String,
    is_limit: bool,
    playing: Playing,
}

/// Measures a case against the limit and those peers that can do it.
///
/// # Errors
/// The engine does not compute what the hand-written loop computes.
pub(crate) fn measure(case: &Case, peers: &[Box<dyn Peer>], effort: Effort) -> Result<Measurement, String> {
    // What moves has other bits; the loop beside it is that of the same gains at rest.
    match case.workload {
        Workload::Moving { .. } => agree::moves(case)?,
        _ => InstructionSet::here().into_iter().try_for_each(|set| agree::same_bits(case, set))?,
    }
    let (entrants, left_out) = entrants(case, peers);
    let cannot = peers.iter().filter_map(|peer| {
        let why = peer.cannot(&case.workload, case.block)?;
        Some(LeftOut { name: peer.name().to_owned(), why })
    });
    let signal = Rc::new(Signal::new(case.block));
    let ours = Playing::new(case, Box::new(Ours::new(&case.workload, case.block)), &signal, case.block);
    Ok(Measurement { left_out, cannot: cannot.collect(), ..time(case, ours, entrants, effort) })
}

fn entrants(case: &Case, peers: &[Box<dyn Peer>]) -> (Vec<Entrant>, Vec<LeftOut>) {
    let set = fastest(case);
    let signal = Rc::new(Signal::new(case.block));
    let playing = Playing::new(case, limit(&case.workload, set), &signal, case.block);
    let mut entrants = vec![Entrant { name: format!("loop ({})", set.name()), is_limit: true, playing }];
    let mut left_out = Vec::new();
    for peer in peers {
        let Some(contestant) = peer.contestant(&case.workload, case.block) else { continue };
        let run = case.block * peer.blocks_per_run(&case.workload, case.block);
        let signal = Rc::new(Signal::new(run));
        let playing = Playing::new(case, contestant, &signal, run);
        match agree::near(case, peer.as_ref(), playing, &signal) {
            Ok(playing) => entrants.push(Entrant { name: peer.name().to_owned(), is_limit: false, playing }),
            Err(why) => left_out.push(LeftOut { name: peer.name().to_owned(), why }),
        }
    }
    (entrants, left_out)
}

/// The instruction set whose loop is the fastest here: the widest is not always.
fn fastest(case: &Case) -> InstructionSet {
    let sets = InstructionSet::here();
    let signal = Rc::new(Signal::new(case.block));
    let mut playing: Vec<Playing> =
        sets.iter().map(|set| Playing::new(case, limit(&case.workload, *set), &signal, case.block)).collect();
    let rows = in_turn(5, case, playing.iter_mut());
    let medians = rows.iter().map(|row| Spread::of(row.iter().copied()).median);
    let fastest = sets.iter().zip(medians).min_by(|(_, a), (_, b)| a.total_cmp(b));
    *fastest.expect("there is always one").0
}

/// Nanoseconds per block, a row for each.
fn in_turn<'a>(count: usize, case: &Case, playing: impl Iterator<Item = &'a mut Playing>) -> Vec<Vec<f64>> {
    let mut samples: Vec<_> = playing
        .map(|playing| {
            let blocks = playing.blocks(case) as f64;
            let mut repeated = Repeated::new(playing.period(), || playing.run());
            move || repeated.sample() / blocks
        })
        .collect();
    let mut turns: Vec<&mut dyn FnMut() -> f64> =
        samples.iter_mut().map(|sample| sample as &mut dyn FnMut() -> f64).collect();
    rounds(count, &mut turns)
}

fn time(case: &Case, mut ours: Playing, mut entrants: Vec<Entrant>, effort: Effort) -> Measurement {
    let everybody = std::iter::once(&mut ours).chain(entrants.iter_mut().map(|entrant| &mut entrant.playing));
    let rows = in_turn(effort.rounds, case, everybody);
    let (ours, others) = rows.split_first().expect("the engine takes part");
    let versus = entrants.iter().zip(others).map(|(entrant, theirs)| Versus {
        name: entrant.name.clone(),
        is_limit: entrant.is_limit,
        ns: Spread::of(theirs.iter().copied()),
        ratio: ratio(ours, theirs),
    });
    Measurement {
        workload: case.workload.to_string(),
        block: case.block,
        ours_ns: Spread::of(ours.iter().copied()),
        versus: versus.collect(),
        samples: effort.rounds,
        left_out: vec![],
        cannot: vec![],
    }
}
