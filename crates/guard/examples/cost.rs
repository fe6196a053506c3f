//! What a visit costs: `cargo run --release -p patchline-guard --example cost`.
//!
//! Prints nanoseconds per visit, over a million visits of an empty closure.

use std::hint::black_box;
use std::time::Instant;

use patchline_guard::{CountingAllocator, Guard, Kind, Watch};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

const VISITS: u32 = 1_000_000;

fn main() {
    let usage = Watch::all().without(Kind::PageFaults).without(Kind::Switches);
    print("everything", Watch::all(), false);
    print("everything, in a batch", Watch::all(), true);
    print("system calls and allocations", usage, false);
    print("nothing", Watch::nothing(), false);
}

fn print(what: &str, watch: Watch, batch: bool) {
    let guard = Guard::new(watch);
    let visits = || (0..VISITS).for_each(|number| guard.visit(|| _ = black_box(number)));
    let began = Instant::now();
    if batch {
        guard.batch(visits)
    } else {
        visits()
    }
    let each = began.elapsed().as_nanos() / u128::from(VISITS);
    println!("{each:>6} ns a visit: {what} ({} violations)", guard.report().violations());
}
