//! RealtimeSanitizer, in the build that has it.
//!
//! Its runtime comes with Rust. The build is told by its environment: `RTSAN_ENABLE=1`, and in `RTSAN_LIB_PATH` where the
//! runtime lies.

/// Runs the callback where RealtimeSanitizer forbids what is not for real time; it ends the process with this code.
#[cfg(feature = "rtsan")]
pub(crate) fn around(callback: &mut dyn FnMut()) {
    let _realtime = rtsan_standalone::ScopedSanitizeRealtime::default();
    callback();
}

/// What the sanitizer's runtime exits with when it has found something.
pub(crate) const EXIT: i32 = 43;

#[cfg(not(feature = "rtsan"))]
pub(crate) fn around(callback: &mut dyn FnMut()) {
    callback();
}
