//! Who does which task of a piece, and when it may begin: two words of state for each lane.
//!
//! A lane's state says how many of its tasks are left, whether one of them is being done, and which piece it is about. Its
//! next task is claimed by exchanging that word. The conductor puts down the job, then lets all lanes begin, and does not
//! return before all are through: so who has claimed a task may look at the job, and at the lane's kit.
#![allow(unsafe_code, reason = "what a claim allows: the one place where threads share what is written")]

use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::cell::UnsafeCell;
use crate::spread::Need;

/// What is done together. Of each lane's tasks, one after the other is run, with what belongs to that lane.
pub(crate) trait Job<K>: Sync {
    /// How many lanes it has, at least 1 and at most as many as the team.
    fn lanes(&self) -> usize;

    /// How many tasks a lane has.
    fn tasks(&self, lane: usize) -> usize;

    /// What is done before a task, apart from those of its lane before it.
    fn needs(&self, lane: usize, task: usize) -> &[Need];

    /// Does a task; `by_helper` says that it is not the conductor who does. It does not unwind.
    fn run(&self, kit: &mut K, lane: usize, task: usize, by_helper: bool);
}

type AnyJob<K> = *const (dyn Job<K> + 'static);

/// What its threads share.
struct Team<K> {
    lanes: Box<[Lane<K>]>,
    job: UnsafeCell<Option<AnyJob<K>>>,
}

/// One lane, in cache lines of its own.
#[repr(align(128))]
struct Lane<K> {
    state: AtomicU64,
    kit: UnsafeCell<K>,
}

// SAFETY: a kit goes to whoever claims a task of its lane, one thread after the other, and so has to be `Send`. The job is
// written by the conductor alone, while no task is left that somebody could claim; jobs are `Sync`.
unsafe impl<K: Send> Send for Team<K> {}
// SAFETY: as above.
unsafe impl<K: Send> Sync for Team<K> {}

/// A lane's state: 32 bits of the piece, 31 of the tasks that are not done, one of whether the first of these is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State(u64);

impl State {
    fn new(piece: u32, left: usize) -> Self {
        Self(u64::from(piece) << 32 | (left as u64) << 1)
    }

    fn piece(self) -> u32 {
        (self.0 >> 32) as u32
    }

    fn left(self) -> usize {
        (self.0 as u32 >> 1) as usize
    }

    /// With its next task claimed, if there is one that nobody has.
    fn claimed(self) -> Option<Self> {
        (self.left() > 0 && self.0 & 1 == 0).then_some(Self(self.0 | 1))
    }
}

/// A task that is one's own until it is done.
struct Claim<'a, K> {
    lane: &'a Lane<K>,
    state: State,
}

impl<K> Lane<K> {
    fn state(&self) -> State {
        // What was done before is seen from here on.
        State(self.state.load(Ordering::Acquire))
    }

    /// Claims its next task, unless somebody has come between since its state was seen.
    fn claim(&self, seen: State) -> Option<Claim<'_, K>> {
        let state = seen.claimed()?;
        let claimed = self.state.compare_exchange(seen.0, state.0, Ordering::Acquire, Ordering::Relaxed);
        claimed.ok().map(|_| Claim { lane: self, state })
    }
}

impl<K> Drop for Claim<'_, K> {
    /// Done, be it by a panic: nobody waits forever.
    fn drop(&mut self) {
        let done = State::new(self.state.piece(), self.state.left() - 1);
        self.lane.state.store(done.0, Ordering::Release);
    }
}

impl<K> Team<K> {
    /// Whether what a task needs is done.
    fn is_done(&self, job: &(dyn Job<K> + '_), piece: u32, need: &Need) -> bool {
        let state = self.lanes[need.lane].state();
        state.piece() == piece && state.left() + need.tasks <= job.tasks(need.lane)
    }

    fn run(&self, job: &(dyn Job<K> + '_), claim: &Claim<'_, K>, lane: usize, by_helper: bool) {
        let task = job.tasks(lane) - claim.state.left();
        claim.lane.kit.with_mut(|kit| {
            // SAFETY: who has claimed a task of a lane has its kit alone until the claim ends: one claim ends before the next
            // begins, and the conductor looks at kits between pieces only.
            let kit = unsafe { &mut *kit };
            job.run(kit, lane, task, by_helper);
        });
    }
}

/// A team with a kit for each lane, of which there is at least one: its conductor, and a helper for each lane but the first.
pub(crate) fn team<K: Send>(kits: impl IntoIterator<Item = K>) -> (Conductor<K>, Vec<Helper<K>>) {
    let lane = |kit| Lane { state: AtomicU64::new(0), kit: UnsafeCell::new(kit) };
    let team = Arc::new(Team { lanes: kits.into_iter().map(lane).collect(), job: UnsafeCell::new(None) });
    let helpers = (1..team.lanes.len()).map(|lane| Helper { team: Arc::clone(&team), lane }).collect();
    (Conductor { team, piece: 0 }, helpers)
}

/// Who begins and ends each piece. Lives on the audio thread.
pub(crate) struct Conductor<K> {
    team: Arc<Team<K>>,
    piece: u32,
}

impl<K: Send> Conductor<K> {
    /// Does a job with whoever helps, and returns when it is done. `wait` is called while helpers are at work, and there is
    /// nothing else to do: again and again, for as long as the longest task takes, and for as long as the system keeps a
    /// thread from running that has begun one.
    pub(crate) fn conduct(&mut self, job: &(dyn Job<K> + '_), mut wait: impl FnMut()) {
        let (lanes, piece) = (job.lanes(), self.piece.wrapping_add(1));
        assert!(lanes <= self.team.lanes.len(), "a plan has no more lanes than its team");
        self.piece = piece;
        // SAFETY: only the lifetime is another one, and nobody looks at the job when this returns: `Piece` sees to that.
        let lent: AnyJob<K> = unsafe { std::mem::transmute::<*const (dyn Job<K> + '_), AnyJob<K>>(job) };
        self.team.job.with_mut(|place| {
            // SAFETY: helpers look at it only while a task of their lane is claimed, and none is left of the piece before.
            unsafe { *place = Some(lent) };
        });
        let begun = Piece { team: &self.team, lanes };
        for (lane, tasks) in self.team.lanes[..lanes].iter().zip((0..lanes).map(|lane| job.tasks(lane))) {
            lane.state.store(State::new(piece, tasks).0, Ordering::Release);
        }
        while !begun.is_over() {
            if !self.advance(job, lanes) {
                wait();
            }
        }
    }

    /// Does the first task that can be done, if there is one. It claims none that would have to wait, be it for itself.
    fn advance(&self, job: &(dyn Job<K> + '_), lanes: usize) -> bool {
        let team = &*self.team;
        (0..lanes).any(|lane| {
            let seen = team.lanes[lane].state();
            let can = |left: usize| {
                let needs = job.needs(lane, job.tasks(lane) - left);
                needs.iter().all(|need| team.is_done(job, self.piece, need))
            };
            let claim = (seen.left() > 0 && can(seen.left())).then(|| team.lanes[lane].claim(seen)).flatten();
            claim.map(|claim| team.run(job, &claim, lane, false)).is_some()
        })
    }

    /// What belongs to a lane, between pieces.
    pub(crate) fn kit<R>(&mut self, lane: usize, look: impl FnOnce(&mut K) -> R) -> R {
        self.team.lanes[lane].kit.with_mut(|kit| {
            // SAFETY: no task is left that somebody could have claimed: `conduct` has returned, and what was done with the kit
            // is seen since it found that.
            look(unsafe { &mut *kit })
        })
    }
}

/// A piece that has begun. It ends when all its tasks are done, or, where the conductor unwinds, nobody does any of them.
struct Piece<'a, K> {
    team: &'a Team<K>,
    lanes: usize,
}

impl<K> Piece<'_, K> {
    fn is_over(&self) -> bool {
        self.team.lanes[..self.lanes].iter().all(|lane| lane.state().left() == 0)
    }
}

impl<K> Drop for Piece<'_, K> {
    fn drop(&mut self) {
        while !self.is_over() {
            // Claimed and not done.
            self.team.lanes[..self.lanes].iter().for_each(|lane| drop(lane.claim(lane.state())));
            spin_loop();
        }
    }
}

/// Who does the tasks of a lane. Lives on a worker thread.
pub(crate) struct Helper<K> {
    team: Arc<Team<K>>,
    lane: usize,
}

impl<K: Send> Helper<K> {
    /// Does the next task of its lane, if there is one that nobody does, and says whether.
    /// `around` calls what it is given: the task itself.
    pub(crate) fn help(&self, around: &mut impl FnMut(&mut dyn FnMut())) -> bool {
        let lane = &self.team.lanes[self.lane];
        let Some(claim) = lane.claim(lane.state()) else { return false };
        let job = self.team.job.with(|place| {
            // SAFETY: there is a claim, so the job was put there before, and is not written while the claim lasts.
            unsafe { *place }
        });
        // SAFETY: the conductor waits for the end of this claim, and the job lives as long.
        let job = unsafe { &*job.expect("a claimed task is part of a job") };
        for need in job.needs(self.lane, job.tasks(self.lane) - claim.state.left()) {
            // The conductor does what nobody has claimed, and what is claimed waits for earlier tasks only.
            while !self.team.is_done(job, claim.state.piece(), need) {
                spin_loop();
            }
        }
        let mut is_done = false;
        let mut task = || {
            if !std::mem::replace(&mut is_done, true) {
                self.team.run(job, &claim, self.lane, true);
            }
        };
        around(&mut task);
        task();
        true
    }

    pub(crate) fn lane(&self) -> usize {
        self.lane
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "not the audio thread")]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    /// Lanes whose tasks add to what their lane has, and note in which order.
    struct Sums {
        needs: Vec<Vec<Vec<Need>>>,
        panics: Option<(usize, usize)>,
    }

    impl Job<Vec<usize>> for Sums {
        fn lanes(&self) -> usize {
            self.needs.len()
        }

        fn tasks(&self, lane: usize) -> usize {
            self.needs[lane].len()
        }

        fn needs(&self, lane: usize, task: usize) -> &[Need] {
            &self.needs[lane][task]
        }

        fn run(&self, kit: &mut Vec<usize>, lane: usize, task: usize, _by_helper: bool) {
            assert_ne!(self.panics, Some((lane, task)));
            kit.push(task);
        }
    }

    /// Each task waits for the one before it in the other lane.
    fn ladder(tasks: usize) -> Sums {
        let of = |lane: usize| {
            let needs = |task: usize| match task + lane {
                0 => Vec::new(),
                _ => vec![Need { lane: 1 - lane, tasks: task + lane }],
            };
            (0..tasks).map(|task| if lane == 0 && task == 0 { Vec::new() } else { needs(task) }).collect()
        };
        Sums { needs: (0..2).map(of).collect(), panics: None }
    }

    #[test]
    fn all_tasks_are_done_once_and_in_order_with_helpers_that_come_and_go() {
        let (mut conductor, mut helpers) = team([Vec::new(), Vec::new()]);
        let helper = helpers.remove(0);
        let (ends, sums) = (Arc::new(AtomicBool::new(false)), ladder(5));
        let ended = Arc::clone(&ends);
        let helping = std::thread::spawn(move || {
            let mut helped = 0_u64;
            while !ended.load(Ordering::Relaxed) {
                helped += u64::from(helper.help(&mut |task| task()));
            }
            helped
        });
        for round in 0..20_000 {
            conductor.conduct(&sums, spin_loop);
            for lane in 0..2 {
                conductor.kit(lane, |kit| {
                    assert_eq!(*kit, [0, 1, 2, 3, 4], "round {round}");
                    kit.clear();
                });
            }
        }
        ends.store(true, Ordering::Relaxed);
        helping.join().unwrap();
    }

    #[test]
    fn who_never_comes_is_not_waited_for() {
        let (mut conductor, _helpers) = team([Vec::new(), Vec::new()]);
        conductor.conduct(&ladder(3), || panic!("there is always something to do"));
        conductor.kit(1, |kit| assert_eq!(*kit, [0, 1, 2]));
    }

    #[test]
    fn a_panic_leaves_nobody_waiting() {
        let (mut conductor, _helpers) = team([Vec::new(), Vec::new()]);
        let bad = Sums { panics: Some((1, 0)), ..ladder(3) };
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| conductor.conduct(&bad, spin_loop)));
        assert!(caught.is_err());
        conductor.kit(0, Vec::clear);
        conductor.conduct(&ladder(3), spin_loop);
        conductor.kit(0, |kit| assert_eq!(*kit, [0, 1, 2]));
    }
}
