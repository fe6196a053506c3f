//! The stack of the thread that a device calls on, touched before it is needed.

use std::hint::black_box;
use std::mem::MaybeUninit;

/// Bytes of stack that a callback may use without bringing a page: half of what a thread of the smallest usual stack has.
const DEPTH: usize = 128 * 1024;

/// The least that a page has on any system.
const PAGE: usize = 4_096;

/// Touches 128 KiB of the calling thread's stack, so that no callback on this thread has to wait for the kernel to bring
/// them. To be called on the device's thread before its first callback; a second call costs little and changes nothing.
///
/// The null device, JACK's and cpal's do it by themselves. The thread must have that much stack left, as every thread of
/// Rust's, of JACK's and of the usual sound systems has.
///
/// ```
/// use patchline_io::prefault_stack;
///
/// let audio = std::thread::spawn(|| {
///     prefault_stack();
///     // … and only then the first callback.
///     true
/// });
/// assert!(audio.join().unwrap());
/// ```
///
/// # Real-time
/// Faults a page for each 4 KiB, once: not for a callback that is heard.
#[inline(never)]
pub fn prefault_stack() {
    let mut room = [const { MaybeUninit::<u8>::uninit() }; DEPTH];
    for byte in room.iter_mut().step_by(PAGE) {
        byte.write(1);
    }
    // What nobody looks at would not be written.
    black_box(&mut room);
}
