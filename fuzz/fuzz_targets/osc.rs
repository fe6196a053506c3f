//! Bytes as an OSC packet: whatever they are, what is answered are packets.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| patchline_fuzz::answers_osc(bytes));
