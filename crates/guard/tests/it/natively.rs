//! Calls that the code has to make by itself.

use std::process::Command;

use patchline_guard::{Guard, Watch};

#[test]
fn a_thread_made_in_a_visit_runs_and_the_rest_of_the_visit_is_a_gap() {
    let guard = Guard::new(Watch::all());
    let made = guard.visit(|| std::thread::spawn(|| 42).join().unwrap());
    assert_eq!(made, 42);
    let report = guard.report();
    assert_eq!(report.syscalls_named("clone3") + report.syscalls_named("clone"), 1, "{report}");
    assert_eq!(report.gaps().len(), 1, "{report}");
    assert!(report.to_string().contains("in the rest of 1 visits"), "{report}");
    // The next visit is watched again.
    let before = report.syscalls_named("sched_yield");
    guard.visit(std::thread::yield_now);
    assert_eq!(guard.report().syscalls_named("sched_yield"), before + 1);
}

#[test]
fn a_program_started_in_a_visit_runs() {
    let guard = Guard::new(Watch::all());
    let output = guard.visit(|| Command::new("echo").arg("heard").output().unwrap());
    assert_eq!(output.stdout, b"heard\n");
    assert!(!guard.report().is_clean());
}

#[test]
fn a_forked_child_goes_on_unwatched() {
    let guard = Guard::new(Watch::all());
    let status = guard.visit(|| {
        // SAFETY: the child only makes a system call and ends.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // SAFETY: asks for the parent's number.
            let parent = unsafe { libc::getppid() };
            // SAFETY: ends the child without running anything of the parent's.
            unsafe { libc::_exit(i32::from(parent > 0) + 6) };
        }
        let mut status = 0;
        // SAFETY: waits for the child that was just made.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        libc::WEXITSTATUS(status)
    });
    assert_eq!(status, 7);
    assert_eq!(guard.report().gaps().len(), 1);
}
