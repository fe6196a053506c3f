//! Bytes as JSON messages: whatever they are, each is answered once.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| patchline_fuzz::answers_json(bytes));
