//! Bytes as a sound file, and as samples for one.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| patchline_fuzz::survives(bytes));
