//! The backend on a JACK server of its own: the dummy driver, started and ended by each test.

mod support;

mod buried;
mod clocks;
mod life;
mod memory;
mod midi;
mod network;
mod refusals;
mod server;
mod sound;
mod stubborn;
mod wire;

use support::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;
