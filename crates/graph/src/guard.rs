//! What a thread is doing right now: whether it is inside a render call, and which node runs.
//!
//! A program's global allocator asks [`in_callback`] and tells [`count_violation`]; the renderer then says which node
//! it was. A program's panic hook is made silent in the callback by [`quiet_panics`]. This crate installs neither by
//! itself.

use std::cell::Cell;

use crate::event::Instance;

thread_local! {
    static STATE: State = const { State::idle() };
}

struct State {
    inside: Cell<bool>,
    running: Cell<Option<Instance>>,
    violations: Cell<u32>,
    violator: Cell<Option<Instance>>,
}

impl State {
    const fn idle() -> Self {
        Self { inside: Cell::new(false), running: Cell::new(None), violations: Cell::new(0), violator: Cell::new(None) }
    }
}

/// Whether this thread is inside [`Renderer::render`](crate::Renderer::render).
///
/// ```standalone_crate
/// use std::alloc::{GlobalAlloc, Layout, System};
///
/// use patchline_graph::{EventKind, Io, Ports, StreamSpec, engine, guard};
///
/// /// The system's allocator, which says what the callback asked of it.
/// struct Watched;
///
/// unsafe impl GlobalAlloc for Watched {
///     unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
///         if guard::in_callback() {
///             guard::count_violation();
///         }
///         unsafe { System.alloc(layout) }
///     }
///
///     unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
///         if guard::in_callback() {
///             guard::count_violation();
///         }
///         unsafe { System.dealloc(memory, layout) }
///     }
/// }
///
/// #[global_allocator]
/// static ALLOCATOR: Watched = Watched;
///
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::{Does, around};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // `hoard` is a node that allocates a vector, and frees it, each time it runs.
/// # let hoard = Does(Ports::effect(), |io: &mut Io<'_>| drop(std::hint::black_box(vec![0.0_f32; io.frames()])));
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
/// // `around` makes the graph `mic -> hoard -> out`.
/// engine.load(around("hoard", hoard))?;
/// renderer.render(64, &[&[0.0; 64]], &mut [&mut [0.0; 64]]);
/// let event = std::iter::from_fn(|| engine.next_event()).find(|event| event.kind != EventKind::Loaded).unwrap();
/// assert_eq!((event.node.as_deref(), event.kind), (Some("hoard"), EventKind::Allocated { times: 2 }));
/// # Ok(())
/// # }
/// ```
///
/// # Real-time
/// One thread-local read; may be called from an allocator.
#[must_use]
pub fn in_callback() -> bool {
    STATE.try_with(|state| state.inside.get()).unwrap_or(false)
}

/// Notes that the code running inside the callback allocated or freed. For a counting global allocator.
///
/// [`in_callback`] shows a whole allocator; here a node asks by itself:
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::{Does, around};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{EventKind, Io, Ports, StreamSpec, engine, guard};
///
/// /// What an allocator does before it asks the system.
/// fn note() {
///     if guard::in_callback() {
///         guard::count_violation();
///     }
/// }
///
/// # let node = Does(Ports::effect(), |_: &mut Io<'_>| note());
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
/// // `around` makes the graph `mic -> hoard -> out`; `node` calls `note` each time it runs.
/// engine.load(around("hoard", node))?;
/// note();
/// renderer.render(64, &[&[0.0; 64]], &mut [&mut [0.0; 64]]);
/// let events: Vec<EventKind> = std::iter::from_fn(|| engine.next_event()).map(|event| event.kind).collect();
/// assert!(events.contains(&EventKind::Allocated { times: 1 }));
/// # Ok(())
/// # }
/// ```
///
/// # Real-time
/// Two thread-local writes; may be called from an allocator.
pub fn count_violation() {
    // A thread that is being torn down has no renderer to tell.
    let _ = STATE.try_with(|state| {
        state.violations.set(state.violations.get().saturating_add(1));
        if state.violator.get().is_none() {
            state.violator.set(state.running.get());
        }
    });
}

/// Makes panics inside the callback silent; elsewhere the hook that was there before still speaks.
///
/// The default hook takes locks, allocates and writes: 164 ms have been measured. The renderer itself catches the
/// panic, silences the node and says so by an event.
///
/// ```standalone_crate
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::{Does, around};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// use patchline_graph::{EventKind, Io, Ports, StreamSpec, engine, guard};
///
/// static SAID: AtomicU32 = AtomicU32::new(0);
/// std::panic::set_hook(Box::new(|_| _ = SAID.fetch_add(1, Ordering::Relaxed)));
/// guard::quiet_panics();
///
/// # let broken = Does(Ports::effect(), |_: &mut Io<'_>| panic!("a bug"));
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 1));
/// // `around` makes the graph `mic -> broken -> out`; `broken` is a node that panics.
/// engine.load(around("broken", broken))?;
/// renderer.render(64, &[&[1.0; 64]], &mut [&mut [0.0; 64]]);
/// assert_eq!(SAID.load(Ordering::Relaxed), 0);
/// assert!(std::iter::from_fn(|| engine.next_event()).any(|event| event.kind == EventKind::Panicked));
///
/// // Elsewhere the hook from before speaks.
/// assert!(std::panic::catch_unwind(|| panic!("another one")).is_err());
/// assert_eq!(SAID.load(Ordering::Relaxed), 1);
/// # Ok(())
/// # }
/// ```
pub fn quiet_panics() {
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !in_callback() {
            previous(info);
        }
    }));
}

/// Runs `work` as the callback, with the place that says which node runs. Returns how often the callback allocated or
/// freed, and the first node that did.
pub(crate) fn visit(work: impl FnOnce(&Cell<Option<Instance>>)) -> (u32, Option<Instance>) {
    STATE.with(|state| {
        let visit = Visit(state);
        state.inside.set(true);
        work(&state.running);
        drop(visit);
        (state.violations.take(), state.violator.take())
    })
}

/// Runs `work` with the place that says which node runs now.
pub(crate) fn with_running<T>(work: impl FnOnce(&Cell<Option<Instance>>) -> T) -> T {
    STATE.with(|state| work(&state.running))
}

/// A visit of the callback; it ends when this is dropped, also by a panic.
struct Visit<'a>(&'a State);

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.0.inside.set(false);
        self.0.running.set(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violations_belong_to_the_node_that_ran_first() {
        let node = Some(Instance { seat: 3, generation: 1 });
        assert!(!in_callback());
        let found = visit(|running| {
            running.set(node);
            assert!(in_callback());
            count_violation();
            running.set(None);
            count_violation();
        });
        assert_eq!(found, (2, node));
        assert!(!in_callback());
        assert_eq!(visit(|_| ()), (0, None));
        assert!(!in_callback());
    }
}
