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
/// # Real-time
/// One thread-local read; may be called from an allocator.
#[must_use]
pub fn in_callback() -> bool {
    STATE.try_with(|state| state.inside.get()).unwrap_or(false)
}

/// Notes that the code running inside the callback allocated or freed. For a counting global allocator.
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
pub fn quiet_panics() {
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !in_callback() {
            previous(info);
        }
    }));
}

/// A visit of the callback; it ends when this is dropped, also by a panic.
pub(crate) struct Visit(());

pub(crate) fn enter() -> Visit {
    STATE.with(|state| state.inside.set(true));
    Visit(())
}

/// Runs `work` with the place that says which node runs now, looked up once.
pub(crate) fn with_running<T>(work: impl FnOnce(&Cell<Option<Instance>>) -> T) -> T {
    STATE.with(|state| work(&state.running))
}

impl Visit {
    /// How often the callback allocated or freed so far, and the first node that did.
    pub(crate) fn violations(&self) -> (u32, Option<Instance>) {
        STATE.with(|state| (state.violations.take(), state.violator.take()))
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        STATE.with(|state| {
            state.inside.set(false);
            state.running.set(None);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violations_belong_to_the_node_that_ran_first() {
        let node = Some(Instance { seat: 3, generation: 1 });
        assert!(!in_callback());
        let visit = enter();
        with_running(|running| running.set(node));
        assert!(in_callback());
        count_violation();
        with_running(|running| running.set(None));
        count_violation();
        assert_eq!(visit.violations(), (2, node));
        assert_eq!(visit.violations(), (0, None));
        drop(visit);
        assert!(!in_callback());
    }
}
