//! Threads that render a piece together, from the engine's own source.
//!
//! Two lanes of which the second needs what the first makes, and the first what the second makes of that, over two pieces: each
//! task sees what it needs, whoever does it, and nobody does one twice, or with a kit that another one has.

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
            use super::{Baton, LANES};

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

/// The weakenings, by name.
pub const WEAKENINGS: [(&str, fn()); 4] = [
    ("the job may not be seen by who is to do it", begins_unseen::model),
    ("what was done may not be seen by who needs it", done_unseen::model),
    ("a task is claimed without looking who else does", claims_by_storing::model),
    ("nobody waits for what a task needs", waits_for_nothing::model),
];
