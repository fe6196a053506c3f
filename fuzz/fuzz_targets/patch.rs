//! Bytes as a patch: whatever they are, all that is said of them is short, printable and in place.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| patchline_fuzz::reads(bytes));
