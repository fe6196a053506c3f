//! The signal by which the kernel tells of a refused call: takes it down, makes it after all, and goes on.
#![allow(unsafe_code, reason = "a signal handler over the kernel's structs")]

use std::mem;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::linux::sigaction;
use super::stub;
use crate::thread::{self, ALLOW, BLOCK, Thread};

const SIGSYS: usize = libc::SIGSYS as usize;
const SIGSYS_BIT: u64 = 1 << (SIGSYS - 1);
const SA_RESTORER: u64 = 0x0400_0000;
/// `si_code` of a call that was refused by the selector.
const SYS_USER_DISPATCH: i32 = 2;
/// `si_arch` of a call by the 64-bit instruction; the other one is `int 0x80`.
const AUDIT_ARCH_X86_64: u32 = 0xc000_003e;

/// `struct sigaction` as the kernel has it.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct Action {
    handler: usize,
    flags: u64,
    restorer: usize,
    mask: u64,
}

/// `siginfo_t` of SIGSYS as the kernel has it.
#[repr(C)]
struct Info {
    signal: i32,
    errno: i32,
    code: i32,
    call_address: usize,
    number: i32,
    arch: u32,
}

/// `struct ucontext` as the kernel has it.
#[repr(C)]
struct Context {
    flags: u64,
    link: usize,
    stack: [usize; 3],
    registers: Registers,
    floating_point: usize,
    reserved: [u64; 8],
    mask: u64,
}

#[repr(C)]
struct Registers {
    r8: usize,
    r9: usize,
    r10: usize,
    r11: usize,
    r12_to_r15: [usize; 4],
    rdi: usize,
    rsi: usize,
    rbp: usize,
    rbx: usize,
    rdx: usize,
    rax: usize,
    rcx: usize,
    rsp: usize,
    rip: usize,
    flags: usize,
    others: [usize; 5],
}

/// Who had the signal before: filters of system calls use it, too.
static BEFORE: OnceLock<Action> = OnceLock::new();

pub(super) fn install() {
    let mut before = Action::default();
    let flags = (libc::SA_SIGINFO | libc::SA_NODEFER | libc::SA_RESTART) as u64 | SA_RESTORER;
    let ours = Action { handler: address(), flags, restorer: stub::restorer(), mask: 0 };
    if sigaction(SIGSYS, None, Some(&mut before)) && BEFORE.set(before).is_ok() {
        sigaction(SIGSYS, Some(&ours), None);
    }
}

pub(super) fn is_installed() -> bool {
    let mut now = Action::default();
    sigaction(SIGSYS, None, Some(&mut now)) && now.handler == address()
}

fn address() -> usize {
    on_refused as *const () as usize
}

/// Takes SIGSYS out of what is blocked while a signal's handler runs.
pub(super) fn unmask_in_handler_of(signal: usize) {
    let mut action = Action::default();
    if sigaction(signal, None, Some(&mut action)) && action.handler > 1 && action.mask & SIGSYS_BIT != 0 {
        action.mask &= !SIGSYS_BIT;
        sigaction(signal, Some(&action), None);
    }
}

/// Takes SIGSYS out of what this thread blocks.
pub(super) fn unblock_on_this_thread() {
    let set = SIGSYS_BIT;
    let arguments = [libc::SIG_UNBLOCK as usize, &raw const set as usize, 0, 8, 0, 0];
    // SAFETY: the kernel reads the 8 bytes of `set`.
    unsafe { stub::call(libc::SYS_rt_sigprocmask as usize, arguments) };
}

extern "C" fn on_refused(signal: i32, info: &Info, context: &mut Context) {
    if info.code != SYS_USER_DISPATCH {
        return hand_on(signal, info, context);
    }
    thread::with(|thread| {
        thread.select(ALLOW);
        let native = info.arch == AUDIT_ARCH_X86_64;
        let after = match i64::try_from(context.registers.rax).unwrap_or(-1) {
            libc::SYS_rt_sigreturn if native => end_of_a_signal(thread, context),
            number if !native || !may_be_emulated(number) => make_natively(thread, context),
            _ => emulate(thread, context),
        };
        thread.select(after);
    });
}

/// Another signal's handler is done: its way back goes through our stub, which the kernel lets through.
fn end_of_a_signal(thread: &Thread, context: &mut Context) -> u8 {
    thread.tell(|record| add_one(&record.signals));
    context.registers.rip = stub::restorer();
    BLOCK
}

/// Calls that return twice, or never, or to another program: not from within a signal's handler.
fn may_be_emulated(number: i64) -> bool {
    !matches!(
        number,
        libc::SYS_clone
            | libc::SYS_clone3
            | libc::SYS_fork
            | libc::SYS_vfork
            | libc::SYS_execve
            | libc::SYS_execveat
            | libc::SYS_exit
            | libc::SYS_exit_group
            | libc::SYS_restart_syscall
    )
}

fn add_one(count: &AtomicU64) {
    count.fetch_add(1, Relaxed);
}

fn take_down(thread: &Thread, context: &Context) {
    let Registers { rax, rip, .. } = context.registers;
    thread.tell(|record| record.call(rax, rip));
}

/// Goes back to before the instruction (2 bytes, like that of 32-bit calls) and lets it, and what follows, through.
fn make_natively(thread: &Thread, context: &mut Context) -> u8 {
    take_down(thread, context);
    thread.tell(|record| add_one(&record.cut_short));
    context.registers.rip -= 2;
    ALLOW
}

fn emulate(thread: &Thread, context: &mut Context) -> u8 {
    take_down(thread, context);
    let Registers { rax: number, rdi, rsi, rdx, r10, r8, r9, rip, flags, .. } = context.registers;
    // SAFETY: the watched code's own call, with its own arguments.
    let result = unsafe { stub::call(number, [rdi, rsi, rdx, r10, r8, r9]) };
    keep(number as i64, context);
    // As the instruction leaves them.
    context.registers.rax = result as usize;
    context.registers.rcx = rip;
    context.registers.r11 = flags;
    BLOCK
}

/// What the kernel restores at the end of a handler, and the call has just changed.
fn keep(number: i64, context: &mut Context) {
    let ask = |number: i64, arguments: [usize; 6]| {
        // SAFETY: each call below asks for a struct, for which there is room in the context.
        unsafe { stub::call(number as usize, arguments) };
    };
    match number {
        libc::SYS_rt_sigprocmask => {
            let mask = &raw mut context.mask as usize;
            ask(number, [libc::SIG_BLOCK as usize, 0, mask, 8, 0, 0]);
            context.mask &= !SIGSYS_BIT;
        }
        libc::SYS_sigaltstack => ask(number, [0, &raw mut context.stack as usize, 0, 0, 0, 0]),
        libc::SYS_rt_sigaction => unmask_in_handler_of(context.registers.rdi),
        _ => {}
    }
}

/// Somebody else's SIGSYS, of a filter of system calls for instance.
fn hand_on(signal: i32, info: &Info, context: &mut Context) {
    const DEFAULT: usize = libc::SIG_DFL;
    const IGNORE: usize = libc::SIG_IGN;
    let before = BEFORE.get().copied().unwrap_or_default();
    match before.handler {
        IGNORE => {}
        DEFAULT => {
            sigaction(SIGSYS, Some(&before), None);
            // SAFETY: sends this thread a signal, whose default action ends the process.
            unsafe { libc::raise(signal) };
        }
        handler if before.flags & libc::SA_SIGINFO as u64 != 0 => {
            // SAFETY: whoever installed it promised the kernel a function of this kind.
            let handler: extern "C" fn(i32, &Info, &mut Context) = unsafe { mem::transmute(handler) };
            handler(signal, info, context);
        }
        handler => {
            // SAFETY: as above.
            let handler: extern "C" fn(i32) = unsafe { mem::transmute(handler) };
            handler(signal);
        }
    }
}
