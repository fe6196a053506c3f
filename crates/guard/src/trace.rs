//! Which functions were on the stack: taken down as addresses in the visit, given names afterwards.

use std::ffi::c_void;

/// Frames that are taken down, at most.
pub(crate) const DEPTH: usize = 32;

/// A function on the stack when something happened.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Frame {
    address: usize,
    name: Option<String>,
    place: Option<(String, u32)>,
}

impl Frame {
    /// The address of the instruction that follows.
    #[must_use]
    pub fn address(&self) -> usize {
        self.address
    }

    /// The function's name, where the program's symbols tell.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The source file and the line, counted from 1, where the program's debug information tells.
    #[must_use]
    pub fn place(&self) -> Option<(&str, u32)> {
        self.place.as_ref().map(|(file, line)| (file.as_str(), *line))
    }
}

/// Writes the addresses on this thread's stack, innermost first; says how many. With `from`, those before it are left
/// out: the frames of a signal handler. Neither allocates nor enters the kernel where the system's unwinder does not.
pub(crate) fn capture(from: Option<usize>, addresses: &mut [usize; DEPTH]) -> usize {
    let (mut length, mut started) = (0, from.is_none());
    let mut each = |frame: &backtrace::Frame| {
        let address = frame.ip() as usize;
        started |= Some(address) == from;
        // The outermost frame may have no address to return to.
        if started && address != 0 {
            addresses[length] = address;
            length += 1;
        }
        length < DEPTH
    };
    // SAFETY: on Unix the unwinder keeps no state that two threads could spoil; elsewhere it is not called.
    #[cfg(unix)]
    #[allow(unsafe_code, reason = "the variant that takes a lock would deadlock in an allocator")]
    unsafe {
        backtrace::trace_unsynchronized(&mut each);
    }
    #[cfg(not(unix))]
    let _ = &mut each;
    if let (Some(from), 0) = (from, length) {
        addresses[0] = from;
        length = 1;
    }
    length
}

/// Has the unwinder set itself up, which the first stack that it looks at makes it do.
pub(crate) fn warm_up() {
    capture(None, &mut [0; DEPTH]);
}

/// Names for addresses. Allocates, reads files, and takes its time.
pub(crate) fn name(addresses: &[usize]) -> Vec<Frame> {
    let mut frames = Vec::new();
    for &address in addresses {
        let before = frames.len();
        // What was called stands before the address that it returns to.
        backtrace::resolve((address - 1) as *mut c_void, |symbol| {
            // Inlined functions have a symbol each.
            let place = symbol.filename().map(|file| (file.display().to_string(), symbol.lineno().unwrap_or(0)));
            frames.push(Frame { address, name: symbol.name().map(|name| format!("{name:#}")), place });
        });
        if frames.len() == before {
            frames.push(Frame { address, ..Frame::default() });
        }
    }
    frames
}

/// Only what the watched code called: without the guard's own frames at both ends.
pub(crate) fn trim(mut frames: Vec<Frame>) -> Vec<Frame> {
    let is_visit = |frame: &Frame| frame.is_ours() && frame.name().is_some_and(|name| name.contains("visit"));
    frames.truncate(frames.iter().position(is_visit).unwrap_or(frames.len()));
    let is_inner = |frame: &Frame| frame.is_ours() || frame.name().is_some_and(|name| name.starts_with("backtrace::"));
    let inner = frames.iter().rposition(is_inner).map_or(0, |last| last + 1);
    frames.split_off(inner)
}

impl Frame {
    /// Whether it is this crate's. Inlined functions have names without a path.
    fn is_ours(&self) -> bool {
        const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
        self.name().is_some_and(|name| name.contains("patchline_guard::"))
            || self.place().is_some_and(|(file, _)| file.starts_with(SOURCE))
    }

    /// Whether it is the standard library's.
    pub(crate) fn is_library(&self) -> bool {
        self.name().is_some_and(|name| name.contains("__rust"))
            || self.place().is_some_and(|(file, _)| file.starts_with("/rustc/") || file.starts_with("library/"))
    }
}
