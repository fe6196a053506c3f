//! What is asked of the allocator, and what pages the kernel brings.

use std::hint::black_box;
use std::sync::mpsc::channel;
use std::time::Duration;

use patchline_guard::{
    Guard, Kind, Watch, measure_heap, measure_heap_of_process, prefault_code, prefault_stack, with_fresh_pages,
};

use crate::report_of;

#[test]
fn allocations_frees_and_their_bytes_are_counted_exactly() {
    let old = vec![1_u8; 100];
    let mut kept = Vec::new();
    let report = report_of(|| {
        drop(black_box(old));
        kept = black_box(vec![0_u8; 1_000]);
        kept.reserve_exact(3_000);
    });
    assert_eq!((report.allocs(), report.frees(), report.reallocs(), report.bytes()), (1, 1, 1, 5_000), "{report}");
    assert_eq!(report.violations_of(Kind::Allocations), 3);
    let text = report.to_string();
    assert!(text.contains("memory.rs:"), "{text}");
}

#[test]
fn fresh_pages_are_counted_where_they_are_touched() {
    let pages = 300;
    let mut fresh: Vec<u8> = vec![0; pages * 4096];
    let touch = |memory: &mut [u8]| memory.iter_mut().step_by(4096).for_each(|byte| *byte = 1);
    let report = report_of(|| touch(&mut fresh));
    // Neighbours may come along, in large pages.
    assert!(report.minor_faults() >= 1 && report.minor_faults() <= pages as u64 + 2, "{report}");
    assert_eq!(report_of(|| touch(&mut fresh)).minor_faults(), 0);
}

#[test]
fn a_batch_reads_once_what_all_its_visits_did() {
    let guard = Guard::new(Watch::nothing().and(Kind::PageFaults));
    let mut fresh: Vec<u8> = vec![0; 64 * 4096];
    guard.batch(|| {
        fresh.chunks_mut(4096).for_each(|page| guard.visit(|| page[0] = 1));
    });
    let report = guard.report();
    assert_eq!(report.visits(), 64);
    assert!((1..=66).contains(&report.minor_faults()), "{report}");
}

#[test]
fn waiting_is_a_voluntary_switch() {
    let (sender, receiver) = channel();
    let other = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        sender.send(()).unwrap();
    });
    let report = report_of(|| receiver.recv().unwrap());
    other.join().unwrap();
    assert!(report.voluntary_switches() >= 1 && report.syscalls_named("futex") >= 1, "{report}");
}

#[test]
fn the_heap_is_measured_at_its_peak() {
    let (kept, heap) = measure_heap(|| {
        drop(black_box(vec![0_u8; 10_000]));
        black_box(vec![0_u8; 4_000])
    });
    let heap = heap.unwrap();
    assert_eq!((heap.peak(), heap.kept()), (10_000, 4_000));
    let (_, heap) = measure_heap(|| drop(kept));
    assert_eq!(heap.unwrap().kept(), -4_000);
}

#[test]
fn a_measurement_inside_of_another_counts_for_both() {
    let (inner, outer) = measure_heap(|| {
        let _held = black_box(vec![0_u8; 1_000]);
        measure_heap(|| drop(black_box(vec![0_u8; 500]))).1.unwrap().peak()
    });
    assert_eq!((inner, outer.unwrap().peak(), outer.unwrap().kept()), (500, 1_500, 0));
}

#[test]
fn other_threads_count_for_the_process() {
    let take = || std::thread::spawn(|| drop(black_box(vec![0_u8; 1 << 22]))).join().unwrap();
    assert!(measure_heap(take).1.unwrap().peak() < 1 << 20);
    assert!(measure_heap_of_process(take).1.unwrap().peak() >= 1 << 22);
}

#[test]
fn memory_that_is_used_again_can_be_made_fresh() {
    let pages = 16;
    let faults =
        |memory: &mut [u8]| report_of(|| memory.iter_mut().step_by(4096).for_each(|byte| *byte += 1)).minor_faults();
    drop(black_box(vec![1_u8; pages * 4096]));
    let mut again = black_box(vec![1_u8; pages * 4096]);
    assert_eq!(faults(&mut again), 0);
    drop(again);
    let mut fresh: Vec<u8> = with_fresh_pages(|| black_box(vec![0; pages * 4096]));
    assert!(faults(&mut fresh) >= pages as u64 - 1, "the pages inside");
    assert!(fresh.iter().step_by(4096).all(|byte| *byte == 1));
}

/// Uses 200 KiB of the stack.
#[inline(never)]
fn deep() -> u8 {
    let mut frame = black_box([1_u8; 200 * 1024]);
    frame.iter_mut().step_by(4096).for_each(|byte| *byte += 1);
    black_box(frame[100 * 1024])
}

#[test]
fn a_stack_that_was_touched_does_not_fault() {
    let faults = |prefault: bool| {
        let visit = move || {
            if prefault {
                prefault_stack();
            }
            report_of(deep).minor_faults()
        };
        std::thread::Builder::new().stack_size(1 << 22).spawn(visit).unwrap().join().unwrap()
    };
    prefault_code();
    assert!(faults(false) >= 10);
    assert_eq!(faults(true), 0);
}

/// Memory of a file that the kernel has to read from the disk first.
#[cfg(target_os = "linux")]
struct OnDisk(*const u8);

#[cfg(target_os = "linux")]
impl OnDisk {
    const BYTES: usize = 64 * 4096;

    fn new() -> Self {
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, &vec![1; Self::BYTES]).unwrap();
        file.sync_all().unwrap();
        let handle = std::os::fd::AsRawFd::as_raw_fd(&file);
        // SAFETY: the file is open.
        assert_eq!(unsafe { libc::posix_fadvise(handle, 0, 0, libc::POSIX_FADV_DONTNEED) }, 0);
        let (nowhere, access) = (std::ptr::null_mut(), libc::PROT_READ);
        // SAFETY: the mapping is private, readable, and never given back.
        let memory = unsafe { libc::mmap(nowhere, Self::BYTES, access, libc::MAP_PRIVATE, handle, 0) };
        assert_ne!(memory, libc::MAP_FAILED);
        Self(memory.cast())
    }

    fn read(&self) -> u32 {
        // SAFETY: all of it is mapped, and nobody writes to it.
        let bytes = unsafe { std::slice::from_raw_parts(self.0, Self::BYTES) };
        bytes.iter().step_by(4096).map(|&byte| u32::from(byte)).sum()
    }
}

#[test]
#[cfg(target_os = "linux")]
fn waiting_for_a_page_is_no_violation_where_nobody_asked_for_page_faults() {
    let waits = |watch: Watch| {
        let (guard, memory) = (Guard::new(watch), OnDisk::new());
        assert_eq!(guard.visit(|| memory.read()), 64);
        guard.report()
    };
    let report = waits(Watch::available());
    assert!(report.violations_of(Kind::PageFaults) > 0, "{report}");
    assert_eq!(report.violations_of(Kind::Switches), report.voluntary_switches());
    let report = waits(Watch::available().without(Kind::PageFaults));
    assert_eq!(report.violations(), 0, "{report}");
}
