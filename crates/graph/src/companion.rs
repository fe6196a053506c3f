//! The control side of a processor's helper thread.

/// A processor's helper thread (a file's writer or reader) as the control side sees it.
///
/// Live, nobody waits for it. Offline, the backend asks before every block, so that nothing is lost however fast the
/// machine renders.
pub trait Companion: Send + Sync {
    /// Blocks until the processor can run `frames` more frames without losing any.
    fn wait_ready(&self, frames: usize);

    /// Whether nothing is left to finish, so that nobody needs to keep this companion.
    fn is_finished(&self) -> bool {
        false
    }

    /// Blocks until what the processor handed over is finished (written, closed). Called after the processor is gone.
    fn finish(&self);
}
