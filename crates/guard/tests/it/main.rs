//! The guard on planted violations, and on code that keeps its promises.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(unsafe_code, reason = "violations are planted by the system's own functions")]

mod memory;
mod natively;
mod signals;
mod syscalls;
mod visits;

use patchline_guard::{CountingAllocator, Guard, Report, Watch};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

/// What a guard says of one visit.
fn report_of<T>(work: impl FnOnce() -> T) -> Report {
    let guard = Guard::new(Watch::all());
    guard.visit(work);
    guard.report()
}

/// The system calls of one visit, by name.
fn calls_of<T>(work: impl FnOnce() -> T) -> Vec<(String, u64)> {
    report_of(work).syscalls_by_name().collect()
}

fn call(name: &str, count: u64) -> (String, u64) {
    (name.to_owned(), count)
}
