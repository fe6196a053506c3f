//! Visits within visits, on many threads, and ended by a panic.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::yield_now;

use patchline_guard::{Guard, Kind, Watch};

use crate::call;

fn calls(guard: &Guard) -> Vec<(String, u64)> {
    guard.report().syscalls_by_name().collect()
}

#[test]
fn an_inner_visit_counts_for_both_guards_and_an_outer_one_for_itself() {
    let (outer, inner) = (Guard::new(Watch::all()), Guard::new(Watch::all()));
    outer.visit(|| {
        inner.visit(yield_now);
        yield_now();
        outer.visit(yield_now);
    });
    yield_now();
    assert_eq!(calls(&inner), [call("sched_yield", 1)]);
    assert_eq!(calls(&outer), [call("sched_yield", 3)]);
    assert_eq!((outer.report().visits(), inner.report().visits()), (1, 1));
}

#[test]
fn an_inner_guard_that_watches_less_does_not_blind_the_outer() {
    let (outer, inner) = (Guard::new(Watch::all()), Guard::new(Watch::nothing().and(Kind::Allocations)));
    outer.visit(|| inner.visit(yield_now));
    assert_eq!((calls(&outer), calls(&inner)), (vec![call("sched_yield", 1)], vec![]));
}

#[test]
fn threads_are_watched_at_the_same_time() {
    let guard = Guard::new(Watch::all());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..1_000).for_each(|_| guard.visit(|| drop(std::hint::black_box(Box::new(1))))));
            scope.spawn(|| {
                (0..1_000).for_each(|_| {
                    yield_now();
                    guard.visit(yield_now);
                });
            });
        }
    });
    let report = guard.report();
    assert_eq!((report.allocs(), report.frees()), (4_000, 4_000), "{report}");
    assert_eq!(report.syscalls_named("sched_yield"), 4_000, "{report}");
    assert_eq!(report.visits(), 8_000);
}

#[test]
fn a_panic_ends_the_visit() {
    let guard = Guard::new(Watch::all());
    for round in 1..=3 {
        let caught = catch_unwind(AssertUnwindSafe(|| guard.visit(|| std::panic::resume_unwind(Box::new(round)))));
        assert_eq!(caught.unwrap_err().downcast_ref(), Some(&round));
        yield_now();
        assert_eq!(guard.report().syscalls_named("sched_yield"), 0);
    }
    guard.visit(yield_now);
    assert_eq!(guard.report().syscalls_named("sched_yield"), 1);
}

/// As an audio library makes its threads: without Rust's knowledge.
#[test]
fn threads_that_c_has_made_are_watched() {
    extern "C" fn work(guard: *mut c_void) -> *mut c_void {
        // SAFETY: the test passes its guard, and waits for the thread.
        let guard = unsafe { &*guard.cast::<Guard>() };
        guard.visit(yield_now);
        guard.visit(|| ());
        std::ptr::null_mut()
    }
    let guard = Guard::new(Watch::all());
    for _ in 0..50 {
        let mut thread = 0;
        let pass = (&raw const guard).cast_mut().cast();
        // SAFETY: the guard outlives the thread, which is joined.
        assert_eq!(unsafe { libc::pthread_create(&raw mut thread, std::ptr::null(), work, pass) }, 0);
        // SAFETY: it was just made, and nobody else joins it.
        assert_eq!(unsafe { libc::pthread_join(thread, std::ptr::null_mut()) }, 0);
    }
    assert_eq!(calls(&guard), [call("sched_yield", 50)]);
    assert_eq!(guard.report().visits(), 100);
}

#[test]
fn what_nobody_asked_for_is_not_counted_and_no_gap() {
    let guard = Guard::new(Watch::nothing().and(Kind::Switches));
    guard.visit(|| drop(std::hint::black_box(vec![1; 1_000])));
    let report = guard.report();
    assert_eq!((report.violations(), report.gaps().len()), (0, 0), "{report}");
    assert!(report.to_string().contains("not asked for"), "{report}");
}

#[test]
fn a_thread_in_a_visit_at_its_very_end_is_said_not_to_be_watched_or_counted() {
    struct Late(Guard);
    impl Drop for Late {
        fn drop(&mut self) {
            self.0.visit(yield_now);
        }
    }
    thread_local!(static LATE: std::cell::RefCell<Option<Late>> = const { std::cell::RefCell::new(None) });
    let guard = Guard::new(Watch::all());
    let inside = guard.clone();
    std::thread::spawn(move || LATE.set(Some(Late(inside)))).join().unwrap();
    let report = guard.report();
    assert!(report.syscalls_named("sched_yield") == 1 || !report.gaps().is_empty(), "{report}");
    assert!(!report.is_clean());
}

#[test]
fn a_guard_that_nobody_visited_is_not_clean() {
    let guard = Guard::new(Watch::nothing());
    assert!(!guard.report().is_clean());
    assert_eq!(guard.report().gaps(), ["there was no visit"]);
    guard.visit(|| ());
    assert!(guard.report().is_clean());
}
