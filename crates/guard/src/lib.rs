#![doc = include_str!("../README.md")]

mod allocator;
mod dispatch;
mod display;
mod guard;
mod heap;
mod names;
mod prefault;
mod record;
mod report;
mod thread;
mod trace;
mod usage;
mod watch;

pub use allocator::{CountingAllocator, with_fresh_pages};
pub use guard::Guard;
pub use heap::{Heap, measure_heap, measure_heap_of_process};
pub use prefault::{prefault_code, prefault_stack};
pub use report::{Report, Site};
pub use trace::Frame;
pub use watch::{Availability, Kind, Watch};
