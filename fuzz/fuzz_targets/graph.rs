//! Bytes as a graph that plays, is changed and loaded anew: no panic, no allocation in the callback, only numbers.
#![no_main]

use assert_no_alloc::AllocDisabler;
use libfuzzer_sys::fuzz_target;
use patchline_guard::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator<AllocDisabler> = CountingAllocator::over(AllocDisabler);

fuzz_target!(|bytes: &[u8]| patchline_fuzz::plays(bytes));
