//! Memory that is brought near before it is needed.
#![allow(unsafe_code, reason = "the instruction takes a pointer, and does nothing that a program could see")]

/// Asks for the cache line that lies `elements` elements behind `from`: a hint, which may point anywhere.
#[inline(always)]
pub(crate) fn ahead<T>(from: &T, elements: usize) {
    let line = std::ptr::from_ref(from).wrapping_add(elements);
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the instruction is in SSE, which every x86-64 has; it reads nothing into the program, and an address that
    // is nobody's is no fault.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(line.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = line;
}
