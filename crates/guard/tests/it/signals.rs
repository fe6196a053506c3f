//! Handlers of other signals run during visits, whatever they do.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use patchline_guard::{Guard, Watch};

static TAKEN: AtomicU64 = AtomicU64::new(0);

extern "C" fn on_signal(_signal: i32) {
    TAKEN.fetch_add(1, SeqCst);
    // SAFETY: asks for this process' number.
    unsafe { libc::syscall(libc::SYS_getppid) };
}

/// Installs the handler, with all signals blocked while it runs: as many programs do.
fn install(signal: i32) {
    // SAFETY: all bytes 0 are a valid `sigaction`.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = on_signal as *const () as usize;
    // SAFETY: fills in a set of its own.
    unsafe { libc::sigfillset(&raw mut action.sa_mask) };
    // SAFETY: the handler only counts.
    assert_eq!(unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) }, 0);
}

#[test]
fn a_signal_in_a_visit_is_handled_and_what_its_handler_does_is_counted() {
    install(libc::SIGUSR1);
    let guard = Guard::new(Watch::all());
    let before = TAKEN.load(SeqCst);
    for round in 1..=100 {
        guard.visit(|| {
            // SAFETY: the signal has a handler.
            unsafe { libc::raise(libc::SIGUSR1) };
            assert_eq!(TAKEN.load(SeqCst) - before, round);
        });
    }
    let report = guard.report();
    // The C library raises a signal by these, with the mask changed around them or not.
    assert_eq!(report.syscalls_named("tgkill"), 100, "{report}");
    assert_eq!(report.gaps(), Vec::<String>::new());
}

struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

#[test]
fn signals_from_another_thread_interrupt_visits() {
    install(libc::SIGUSR2);
    let guard = Guard::new(Watch::all());
    // SAFETY: this thread's own handle.
    let this = unsafe { libc::pthread_self() };
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(SeqCst) {
                // SAFETY: the thread lives until this one has ended.
                unsafe { libc::pthread_kill(this, libc::SIGUSR2) };
                std::thread::sleep(Duration::from_micros(50));
            }
        });
        // Ends the other thread on a panic's way, too.
        let _end = End(&done);
        let mut number = 0_u64;
        while guard.report().signals() < 200 {
            guard.visit(|| (0..20_000).for_each(|step| number = std::hint::black_box(number.wrapping_add(step))));
        }
    });
    let report = guard.report();
    // Each handler makes its one call, all of them in visits; those outside of visits are nobody's.
    assert!(report.signals() >= 200 && report.syscalls_named("getppid") >= 200, "{report}");
    assert_eq!(report.gaps(), Vec::<String>::new());
}
