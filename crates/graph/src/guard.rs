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
