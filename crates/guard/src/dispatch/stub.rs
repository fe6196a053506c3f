//! The instructions from which the kernel may always be entered, whatever the selector says.
#![allow(unsafe_code, reason = "system calls, in assembly")]

use std::arch::global_asm;
use std::ops::Range;

// The stub that ends a signal handler has to be these very bytes, without unwind information and behind a byte that has
// none either: by them unwinders recognise the frame of a signal.
global_asm!(
    ".pushsection .text.patchline_guard_stub, \"ax\", @progbits",
    ".balign 16",
    ".hidden patchline_guard_stub_begin",
    ".globl patchline_guard_stub_begin",
    "patchline_guard_stub_begin:",
    "nop",
    ".hidden patchline_guard_stub_restore",
    ".globl patchline_guard_stub_restore",
    ".type patchline_guard_stub_restore, @function",
    "patchline_guard_stub_restore:",
    ".byte 0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00", // mov rax, 15 (rt_sigreturn)
    ".byte 0x0f, 0x05",                               // syscall
    "ud2",
    ".balign 16",
    ".hidden patchline_guard_stub_call",
    ".globl patchline_guard_stub_call",
    ".type patchline_guard_stub_call, @function",
    "patchline_guard_stub_call:",
    ".cfi_startproc",
    "mov rax, rdi",
    "mov rdi, rsi",
    "mov rsi, rdx",
    "mov rdx, rcx",
    "mov r10, r8",
    "mov r8, r9",
    "mov r9, [rsp + 8]",
    "syscall",
    "ret",
    ".cfi_endproc",
    ".hidden patchline_guard_stub_end",
    ".globl patchline_guard_stub_end",
    "patchline_guard_stub_end:",
    ".popsection",
);

unsafe extern "C" {
    fn patchline_guard_stub_begin();
    fn patchline_guard_stub_restore();
    fn patchline_guard_stub_call(number: usize, a: usize, b: usize, c: usize, d: usize, e: usize, f: usize) -> isize;
    fn patchline_guard_stub_end();
}

/// The addresses from which the kernel lets every call through.
pub(crate) fn range() -> Range<usize> {
    patchline_guard_stub_begin as *const () as usize..patchline_guard_stub_end as *const () as usize
}

/// Where a signal's handler returns to: the call of `rt_sigreturn`, with the stack as the handler leaves it.
pub(crate) fn restorer() -> usize {
    patchline_guard_stub_restore as *const () as usize
}

/// A system call that is never refused. The result is as the kernel gives it: −4095 to −1 are errors.
///
/// # Safety
/// As for the system call.
pub(crate) unsafe fn call(number: usize, [a, b, c, d, e, f]: [usize; 6]) -> isize {
    // SAFETY: the stub hands the arguments to the kernel; what that does is the caller's promise.
    unsafe { patchline_guard_stub_call(number, a, b, c, d, e, f) }
}
