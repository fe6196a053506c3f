//! Violations planted on purpose: each must be flagged by the tools that are there to see it.

mod deeds;
mod stage;

use std::process::ExitCode;

use patchline_guard::Kind;

use crate::rtsan;

pub(crate) use stage::{Place, Tool};

/// What a process exits with when its guard has found what was planted.
pub(crate) const FLAGGED: i32 = 42;

/// A violation, and who sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Planted {
    pub(crate) name: &'static str,
    /// As what the guard sees it, if it does.
    pub(crate) guard: Option<Kind>,
    pub(crate) rtsan: bool,
    pub(crate) assert_no_alloc: bool,
}

const fn planted(name: &'static str, guard: Option<Kind>, rtsan: bool, assert_no_alloc: bool) -> Planted {
    Planted { name, guard, rtsan, assert_no_alloc }
}

const ALLOCATION: Option<Kind> = Some(Kind::Allocations);
const SYSCALL: Option<Kind> = Some(Kind::Syscalls);
const FAULT: Option<Kind> = Some(Kind::PageFaults);
const SWITCH: Option<Kind> = Some(Kind::Switches);

/// All of them. An uncontended `std::sync::Mutex` is seen by none of these tools: clippy forbids it, see `clippy.rs`.
/// RealtimeSanitizer sees neither `thread::sleep` nor what goes around the C library.
pub(crate) const PLANTED: [Planted; 22] = [
    planted("alloc", ALLOCATION, true, true),
    planted("free", ALLOCATION, true, true),
    planted("realloc", ALLOCATION, true, true),
    planted("last_arc", ALLOCATION, true, true),
    planted("grown_vec", ALLOCATION, true, true),
    planted("c_malloc_small", None, true, false),
    planted("c_malloc_large", SYSCALL, true, false),
    planted("mmap", SYSCALL, true, false),
    planted("pthread_mutex_uncontended", None, true, false),
    planted("mutex_contended", SYSCALL, true, false),
    planted("condvar_wait", SWITCH, true, false),
    planted("channel_wait", SWITCH, true, false),
    planted("unpark", SYSCALL, true, false),
    planted("write", SYSCALL, true, false),
    planted("yield", SYSCALL, true, false),
    planted("sleep", SWITCH, false, false),
    planted("raw_syscall", SYSCALL, false, false),
    planted("fresh_page", FAULT, false, false),
    planted("cold_stack", FAULT, false, false),
    planted("default_panic_hook", SYSCALL, true, false),
    planted("file_open", SYSCALL, true, false),
    planted("println", SYSCALL, true, false),
];

/// What keeps every promise: no tool may flag it.
pub(crate) const NOTHING: &str = "nothing";

/// Page faults that a violation causes at least: some hundreds, where code that runs for the first time causes a few.
const FAULTS: u64 = 200;

/// Runs one of them in a callback, or in a task of a worker, under one tool. Exits with [`FLAGGED`] if the guard sees it as it should; the other
/// tools end the process by themselves.
pub(crate) fn run(name: &str, tool: Tool, place: Place) -> ExitCode {
    let planted = PLANTED.into_iter().find(|planted| planted.name == name);
    if planted.is_none() && name != NOTHING {
        eprintln!("proofs: nothing called `{name}` is planted");
        return ExitCode::from(2);
    }
    let report = stage::in_a_callback(deeds::deed(name), tool, place);
    eprintln!("{report}");
    let flagged = match planted.map(|planted| planted.guard) {
        Some(Some(Kind::PageFaults)) => report.minor_faults() >= FAULTS,
        Some(kind) => kind.is_some_and(|kind| report.violations_of(kind) > 0),
        None => report.violations() - report.minor_faults() > 0 || report.minor_faults() >= FAULTS,
    };
    ExitCode::from(if flagged { FLAGGED as u8 } else { 0 })
}

/// Whether a process' end says that this tool has flagged what was planted.
pub(crate) fn is_flagged(tool: Tool, code: Option<i32>) -> bool {
    match tool {
        Tool::Guard => code == Some(FLAGGED),
        Tool::Rtsan => code == Some(rtsan::EXIT),
        // Aborted by a signal.
        Tool::AssertNoAlloc => code.is_none(),
    }
}

impl Planted {
    /// Whether this tool is there to see it.
    pub(crate) fn is_for(&self, tool: Tool) -> bool {
        match tool {
            Tool::Guard => self.guard.is_some(),
            Tool::Rtsan => self.rtsan,
            Tool::AssertNoAlloc => self.assert_no_alloc,
        }
    }
}
