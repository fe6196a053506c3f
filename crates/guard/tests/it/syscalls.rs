//! Each system call is counted by its name, and does what it does without a guard.

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Seek, Write};
use std::time::Duration;

use patchline_guard::{Guard, Watch};

use crate::{call, calls_of, report_of};

#[test]
fn a_write_is_counted_and_writes() {
    let mut file = tempfile::tempfile().unwrap();
    assert_eq!(calls_of(|| file.write_all(b"sound").unwrap()), [call("write", 1)]);
    file.rewind().unwrap();
    let mut text = String::new();
    let report = report_of(|| file.read_to_string(&mut text).unwrap());
    assert!(report.syscalls_named("read") >= 1 && report.allocs() + report.reallocs() >= 1, "{report}");
    assert_eq!(text, "sound");
}

#[test]
fn six_arguments_arrive_and_the_result_comes_back() {
    let length = 1 << 16;
    let mut memory = std::ptr::null_mut();
    let file = tempfile::tempfile().unwrap();
    (&file).write_all(&vec![7; 2 * length]).unwrap();
    let calls = calls_of(|| {
        use std::os::fd::AsRawFd;
        let (flags, offset) = (libc::MAP_PRIVATE, length as libc::off_t);
        // SAFETY: maps a file that stays open.
        memory = unsafe { libc::mmap(std::ptr::null_mut(), length, libc::PROT_READ, flags, file.as_raw_fd(), offset) };
    });
    assert_eq!(calls, [call("mmap", 1)]);
    // SAFETY: the mapping is that long and readable.
    let bytes = unsafe { std::slice::from_raw_parts(memory.cast::<u8>(), length) };
    assert_eq!(bytes[length - 1], 7);
    // SAFETY: it is ours.
    assert_eq!(calls_of(|| unsafe { libc::munmap(memory, length) }), [call("munmap", 1)]);
}

#[test]
fn errors_come_back_as_errors() {
    let mut result = Ok(());
    let calls = calls_of(|| result = File::open("/nowhere").map(drop));
    assert_eq!(calls, [call("openat", 1)]);
    assert_eq!(result.unwrap_err().kind(), std::io::ErrorKind::NotFound);
}

#[test]
fn several_calls_are_counted_apart() {
    let expected = i64::from(std::process::id());
    let calls = calls_of(|| {
        std::thread::yield_now();
        std::thread::sleep(Duration::from_micros(10));
        std::thread::yield_now();
        // SAFETY: asks for this process' number.
        assert_eq!(unsafe { libc::syscall(libc::SYS_getpid) }, expected);
    });
    assert_eq!(calls, [call("sched_yield", 2), call("getpid", 1), call("clock_nanosleep", 1)]);
}

#[test]
fn a_number_that_no_kernel_knows_is_counted_and_fails() {
    let mut result = 0;
    // SAFETY: no call has this number.
    let report = report_of(|| result = unsafe { libc::syscall(100_000) });
    assert_eq!((result, report.syscalls()), (-1, 1));
}

#[test]
fn what_changes_the_signal_mask_or_stack_still_does() {
    let mask = || {
        // SAFETY: reads into a set of its own.
        let mut set = unsafe { std::mem::zeroed() };
        // SAFETY: as above.
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), &raw mut set) };
        // SAFETY: the set was just filled in.
        unsafe { libc::sigismember(&raw const set, libc::SIGUSR2) }
    };
    let block = |how| {
        // SAFETY: all bytes 0 are an empty set.
        let mut set = unsafe { std::mem::zeroed() };
        // SAFETY: sets one bit of it.
        unsafe { libc::sigaddset(&raw mut set, libc::SIGUSR2) };
        // SAFETY: reads the set.
        unsafe { libc::pthread_sigmask(how, &raw const set, std::ptr::null_mut()) };
    };
    assert_eq!(mask(), 0);
    assert_eq!(calls_of(|| block(libc::SIG_BLOCK)), [call("rt_sigprocmask", 1)]);
    assert_eq!(mask(), 1);
    calls_of(|| block(libc::SIG_UNBLOCK));
    assert_eq!(mask(), 0);
}

#[test]
fn a_report_names_the_function_that_called() {
    #[inline(never)]
    fn culprit() {
        std::thread::yield_now();
        black_box(());
    }
    let text = report_of(culprit).to_string();
    assert!(text.contains("sched_yield × 1"), "{text}");
    assert!(text.contains("culprit"), "{text}");
    assert!(text.contains("syscalls.rs:"), "{text}");
    assert!(!text.contains("patchline_guard::"), "only the watched code's own functions: {text}");
}

#[test]
fn a_million_clean_visits_count_nothing() {
    let guard = Guard::new(Watch::all());
    let mut block = [0.5_f32; 64];
    let mut render = || block.iter_mut().for_each(|sample| *sample = black_box(*sample * 0.999));
    guard.visit(&mut render);
    let clean = Guard::new(Watch::all());
    (0..1_000_000).for_each(|_| clean.visit(&mut render));
    let report = clean.report();
    report.assert_clean();
    assert_eq!(report.visits(), 1_000_000);
}

#[test]
fn a_hundred_thousand_violations_are_counted_to_the_last() {
    let guard = Guard::new(Watch::all());
    for _ in 0..100_000 {
        // SAFETY: asks for this process' number.
        guard.visit(|| unsafe { libc::syscall(libc::SYS_getppid) });
    }
    let report = guard.report();
    assert_eq!(report.syscalls_named("getppid"), 100_000);
    assert_eq!(report.sites().len(), 1, "{report}");
}
