//! A plan takes over, and the old one goes back to be freed: `Engine::load`, `Renderer::take_over`, `Engine::close`.
//!
//! The control thread makes plans, sends them, and frees what has come back. The audio thread swaps, sends back what it
//! has replaced, and renders. At the end the renderer sends back what it never took over and what it played last.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::{Consumer, Producer, Ring};

/// Plans of a run, the first of which plays from the beginning.
const PLANS: usize = 3;
/// Calls of the callback.
const CALLS: usize = 2;
/// What a plan holds that is freed.
const FREED: usize = usize::MAX;

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakening {
    /// Nothing.
    None,
    /// A plan is sent before it is complete.
    PublishedEarly,
    /// A plan goes back before the last block that it renders.
    ReturnedEarly,
    /// A plan is freed when the next one is sent, not when it comes back.
    FreedOnSend,
    /// What was sent and never taken over does not go back.
    ForgottenInTheRing,
}

impl Weakening {
    /// All that are wrong.
    pub const ALL: [Self; 4] = [Self::PublishedEarly, Self::ReturnedEarly, Self::FreedOnSend, Self::ForgottenInTheRing];
}

/// Memory: loom sees when two threads are at the same plan.
struct Plans {
    content: [UnsafeCell<usize>; PLANS],
    freed: AtomicUsize,
}

#[expect(unsafe_code, reason = "loom watches each access and fails the model where two meet")]
impl Plans {
    fn make(&self, plan: usize) {
        // SAFETY: loom panics on a second access at the same time, before the pointer is given out.
        self.content[plan].with_mut(|content| unsafe { *content = plan });
    }

    fn render(&self, plan: usize) {
        // SAFETY: as above.
        let content = self.content[plan].with(|content| unsafe { *content });
        assert_eq!(content, plan, "what plays is whole and not freed");
    }

    fn free(&self, plan: usize) {
        // SAFETY: as above.
        let before = self.content[plan].with_mut(|content| unsafe { std::mem::replace(&mut *content, FREED) });
        assert_ne!(before, FREED, "nothing is freed twice");
        self.freed.fetch_add(1, Ordering::Relaxed);
    }
}

/// The model.
pub fn model(weakening: Weakening) {
    let content = std::array::from_fn(|_| UnsafeCell::new(0));
    let plans = Arc::new(Plans { content, freed: AtomicUsize::new(0) });
    let (messages, messages_end) = Ring::<usize, PLANS>::ends();
    let (returns_end, returns) = Ring::<usize, PLANS>::ends();
    let memory = Arc::clone(&plans);
    let renderer = Renderer { messages: messages_end, returns: returns_end, current: 0, weakening };
    let audio = thread::spawn(move || renderer.play(&memory));
    // The renderer comes back from the device before it is closed.
    load(&plans, messages, returns, weakening, || audio.join().unwrap().close());
    assert_eq!(plans.freed.load(Ordering::Relaxed), PLANS, "everything is freed in the end");
}

/// The control thread.
fn load(
    plans: &Plans,
    mut messages: Producer<usize, PLANS>,
    mut returns: Consumer<usize, PLANS>,
    weakening: Weakening,
    close: impl FnOnce(),
) {
    let order = if weakening == Weakening::PublishedEarly { Ordering::Relaxed } else { Ordering::Release };
    let mut freed_early = 0;
    for plan in 1..PLANS {
        plans.make(plan);
        assert!(messages.push_with(plan, order).is_ok(), "there is room for all");
        if weakening == Weakening::FreedOnSend {
            plans.free(plan - 1);
            freed_early = plan;
        }
        collect(plans, &mut returns, freed_early);
    }
    close();
    collect(plans, &mut returns, freed_early);
}

fn collect(plans: &Plans, returns: &mut Consumer<usize, PLANS>, freed_early: usize) {
    while let Some(plan) = returns.pop() {
        if plan >= freed_early {
            plans.free(plan);
        }
    }
}

/// On the audio thread.
struct Renderer {
    messages: Consumer<usize, PLANS>,
    returns: Producer<usize, PLANS>,
    current: usize,
    weakening: Weakening,
}

impl Renderer {
    fn play(mut self, plans: &Plans) -> Self {
        for _ in 0..CALLS {
            let before = self.current;
            while let Some(plan) = self.messages.pop() {
                let replaced = std::mem::replace(&mut self.current, plan);
                self.send_back(replaced);
            }
            plans.render(if self.weakening == Weakening::ReturnedEarly { before } else { self.current });
        }
        self
    }

    fn close(mut self) {
        while let Some(plan) = self.messages.pop() {
            if self.weakening != Weakening::ForgottenInTheRing {
                self.send_back(plan);
            }
        }
        self.send_back(self.current);
    }

    fn send_back(&mut self, plan: usize) {
        assert!(self.returns.push(plan).is_ok(), "there is room for all");
    }
}
