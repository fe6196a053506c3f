//! Threads that render a piece together, from the engine's own source.
//!
//! Two lanes of which the second needs what the first makes, and the first what the second makes of that, over two pieces: each
//! task sees what it needs, whoever does it, and nobody does one twice, or with a kit that another one has.
//!
//! And three lanes: one helper goes on from what the conductor's first task has made, another does something else beside, and
//! the conductor's second task takes what both have made. (Of two helpers that wait at once, each would let the other go
//! first for ever: loom has no clock to end that.)

use loom::cell::UnsafeCell;
use loom::thread;

/// As the engine's: so many tasks of a lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Need {
    pub(crate) lane: usize,
    pub(crate) tasks: usize,
}

/// The tasks of each lane, with what they need.
const LANES: [&[&[Need]]; 2] = [&[&[], &[Need { lane: 1, tasks: 1 }]], &[&[Need { lane: 0, tasks: 1 }]]];

/// The tasks of three lanes, of which the last of the first takes what all others have made.
const JOIN: [&[&[Need]]; 3] =
    [&[&[], &[Need { lane: 1, tasks: 1 }, Need { lane: 2, tasks: 1 }]], &[&[Need { lane: 0, tasks: 1 }]], &[&[]]];

/// What a task makes, and others read that come after it.
struct Made(UnsafeCell<bool>);

// SAFETY: whether it is written while nobody else uses it is what loom looks at.
#[allow(unsafe_code, reason = "loom finds out whether it is")]
unsafe impl Sync for Made {}

impl Made {
    fn new() -> Self {
        Self(UnsafeCell::new(false))
    }

    #[allow(unsafe_code, reason = "loom's cells are used so")]
    fn make(&self) {
        self.0.with_mut(|made| {
            // SAFETY: loom fails the model where another thread uses it meanwhile.
            let was_made = std::mem::replace(unsafe { &mut *made }, true);
            assert!(!was_made, "a task that was done twice");
        });
    }

    #[allow(unsafe_code, reason = "loom's cells are used so")]
    fn is_made(&self) -> bool {
        // SAFETY: loom fails the model where another thread writes it meanwhile.
        self.0.with(|made| unsafe { *made })
    }
}

/// What tasks hand on: each adds 1 to what it finds.
struct Baton(UnsafeCell<usize>);

// SAFETY: whether it is used by one at a time is what loom looks at.
#[allow(unsafe_code, reason = "loom finds out whether it is")]
unsafe impl Sync for Baton {}

impl Baton {
    /// The task that is the `nth` of all, counted from 0.
    #[allow(unsafe_code, reason = "loom's cells are used so")]
    fn pass(&self, nth: usize) {
        self.0.with_mut(|value| {
            // SAFETY: loom fails the model where another thread uses it meanwhile.
            let value = unsafe { &mut *value };
            assert_eq!(*value, nth, "a task that was done too early, or twice");
            *value += 1;
        });
    }
}

/// The model, over the source with one of the weakenings of `build.rs`.
macro_rules! variant {
    ($name:ident, $file:literal) => {
        #[allow(
            missing_docs,
            dead_code,
            unsafe_code,
            unreachable_pub,
            unused_imports,
            clippy::overly_complex_bool_expr,
            clippy::nonminimal_bool,
            reason = "another crate's source"
        )]
        mod $name {
            use super::{Baton, JOIN, LANES, Made};

            mod source {
                include!(concat!(env!("OUT_DIR"), "/", $file));
            }
            use source::{Job, team};

            struct Relay(Baton);

            impl Job<usize> for Relay {
                fn lanes(&self) -> usize {
                    LANES.len()
                }

                fn tasks(&self, lane: usize) -> usize {
                    LANES[lane].len()
                }

                fn needs(&self, lane: usize, task: usize) -> &[super::Need] {
                    LANES[lane][task]
                }

                fn run(&self, kit: &mut usize, lane: usize, task: usize, _by_helper: bool) {
                    *kit += 1;
                    self.0.pass([[0, 2], [1, 9]][lane][task]);
                }
            }

            /// By lane and task, what it makes.
            struct Join([[Made; 2]; 3]);

            impl Job<usize> for Join {
                fn lanes(&self) -> usize {
                    JOIN.len()
                }

                fn tasks(&self, lane: usize) -> usize {
                    JOIN[lane].len()
                }

                fn needs(&self, lane: usize, task: usize) -> &[super::Need] {
                    JOIN[lane][task]
                }

                fn run(&self, kit: &mut usize, lane: usize, task: usize, _by_helper: bool) {
                    *kit += 1;
                    for need in JOIN[lane][task] {
                        assert!(self.0[need.lane][need.tasks - 1].is_made(), "a task that was done too early");
                    }
                    self.0[lane][task].make();
                }
            }

            pub fn three_lanes() {
                let (mut conductor, helpers) = team([0_usize; 3]);
                let help = |helper: source::Helper<usize>| {
                    super::thread::spawn(move || {
                        helper.help(&mut |task| task());
                    })
                };
                let helping: Vec<_> = helpers.into_iter().map(help).collect();
                let made = || [Made::new(), Made::new()];
                let join = Join([made(), made(), made()]);
                conductor.conduct(&join, loom::hint::spin_loop);
                assert!([(0, 0), (0, 1), (1, 0), (2, 0)].iter().all(|&(lane, task)| join.0[lane][task].is_made()));
                assert_eq!([0, 1, 2].map(|lane| conductor.kit(lane, |kit| *kit)), [2, 1, 1]);
                helping.into_iter().for_each(|helper| helper.join().unwrap());
            }

            pub fn model() {
                let (mut conductor, mut helpers) = team([0_usize, 0]);
                let helper = helpers.remove(0);
                let helping = super::thread::spawn(move || {
                    for _ in 0..2 {
                        helper.help(&mut |task| task());
                        super::thread::yield_now();
                    }
                });
                for piece in 1..=2 {
                    let relay = Relay(Baton(super::UnsafeCell::new(0)));
                    conductor.conduct(&relay, loom::hint::spin_loop);
                    relay.0.pass(3);
                    assert_eq!([0, 1].map(|lane| conductor.kit(lane, |kit| *kit)), [2 * piece, piece]);
                }
                helping.join().unwrap();
            }
        }
    };
}

variant!(sound, "team_sound.rs");
variant!(begins_unseen, "team_begins_unseen.rs");
variant!(done_unseen, "team_done_unseen.rs");
variant!(claims_by_storing, "team_claims_by_storing.rs");
variant!(waits_for_nothing, "team_waits_for_nothing.rs");

/// The source as it is.
pub fn model() {
    sound::model();
}

/// Three lanes, one piece.
pub fn three_lanes() {
    sound::three_lanes();
}

/// The weakenings of three lanes, by name.
pub const WEAKENINGS_OF_THREE: [(&str, fn()); 4] = [
    ("the job may not be seen by who is to do it", begins_unseen::three_lanes),
    ("what was done may not be seen by who needs it", done_unseen::three_lanes),
    ("a task is claimed without looking who else does", claims_by_storing::three_lanes),
    ("nobody waits for what a task needs", waits_for_nothing::three_lanes),
];

/// The weakenings, by name.
pub const WEAKENINGS: [(&str, fn()); 4] = [
    ("the job may not be seen by who is to do it", begins_unseen::model),
    ("what was done may not be seen by who needs it", done_unseen::model),
    ("a task is claimed without looking who else does", claims_by_storing::model),
    ("nobody waits for what a task needs", waits_for_nothing::model),
];
