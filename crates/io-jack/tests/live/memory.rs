//! What runs on JACK's thread allocates nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use patchline_io::{Block, FnCallback};

use crate::support::{Server, alone, arm, open, request, until, violations};

/// Plays for some blocks on a thread on which everything is counted; the callback allocates if `planted`.
fn play(planted: bool) -> u64 {
    let _server = Server::start(256);
    let mut device = open(&request("frugal", Some("system"), Some("system"))).unwrap();
    let blocks = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&blocks);
    let callback = FnCallback(move |block: Block, inputs: &[&[f32]], outputs: &mut [&mut [f32]]| {
        arm();
        let block_number = count.fetch_add(1, Ordering::Relaxed);
        outputs.iter_mut().zip(inputs).for_each(|(output, input)| output.copy_from_slice(input));
        if planted && block_number == 10 {
            drop(std::hint::black_box(vec![block.frames]));
        }
    });
    device.start(callback).unwrap();
    until("it plays", || blocks.load(Ordering::Relaxed) > 20);
    let (other, _) = jack::Client::new("changer", jack::ClientOptions::NO_START_SERVER).unwrap();
    other.set_buffer_size(128).unwrap();
    let before = blocks.load(Ordering::Relaxed);
    until("it plays on", || blocks.load(Ordering::Relaxed) > before + 20);
    let callback = device.stop().unwrap();
    std::mem::forget(callback);
    violations()
}

#[test]
fn the_process_thread_allocates_nothing() {
    alone("memory::the_process_thread_allocates_nothing", || assert_eq!(play(false), 0));
}

#[test]
fn an_allocation_there_would_be_seen() {
    alone("memory::an_allocation_there_would_be_seen", || assert_eq!(play(true), 2, "one allocation, freed"));
}
