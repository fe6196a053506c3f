//! The control side of a processor's helper thread.

/// A processor's helper thread (a file's writer or reader) as the control side sees it.
///
/// Live, nobody waits for it. Offline, the backend asks before every block, so that nothing is lost however fast the
/// machine renders.
///
/// ```
/// use std::sync::{Arc, Condvar, Mutex};
///
/// use patchline_graph::Companion;
///
/// /// A thread that writes what a processor hands over, in frames, and what has been written so far.
/// #[derive(Default)]
/// struct Writer {
///     waiting: Mutex<usize>,
///     less: Condvar,
/// }
///
/// impl Companion for Writer {
///     fn wait_ready(&self, frames: usize) {
///         let room = |waiting: &mut usize| *waiting + frames > 4_096;
///         drop(self.less.wait_while(self.waiting.lock().unwrap(), room).unwrap());
///     }
///
///     fn is_finished(&self) -> bool {
///         *self.waiting.lock().unwrap() == 0
///     }
///
///     fn finish(&self) {
///         drop(self.less.wait_while(self.waiting.lock().unwrap(), |waiting| *waiting > 0).unwrap());
///     }
/// }
///
/// let writer = Arc::new(Writer { waiting: Mutex::new(4_096), less: Condvar::new() });
/// assert!(!writer.is_finished());
/// let helper = std::thread::spawn({
///     let writer = Arc::clone(&writer);
///     move || {
///         *writer.waiting.lock().unwrap() = 0;
///         writer.less.notify_all();
///     }
/// });
/// writer.wait_ready(64);
/// writer.finish();
/// assert!(writer.is_finished());
/// helper.join().unwrap();
/// ```
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
