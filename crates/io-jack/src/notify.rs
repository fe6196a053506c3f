//! What JACK tells on its own thread.

use std::sync::Arc;

use jack::{Client, ClientStatus, Control, NotificationHandler, PortId};
use patchline_io::prefault_stack;

use crate::shared::Shared;

/// Notes what happened; everything else is done elsewhere.
pub(crate) struct Notify(pub(crate) Arc<Shared>);

#[expect(unsafe_code, reason = "the trait declares `shutdown` as unsafe")]
impl NotificationHandler for Notify {
    /// The process thread is one of them, and this is before its first block.
    fn thread_init(&self, _: &Client) {
        prefault_stack();
    }

    // SAFETY: storing to an atomic is allowed where a signal handler is.
    unsafe fn shutdown(&mut self, _status: ClientStatus, _reason: &str) {
        self.0.set_gone();
    }

    fn freewheel(&mut self, _: &Client, on: bool) {
        self.0.set_freewheel(on);
    }

    fn port_registration(&mut self, _: &Client, _: PortId, is_registered: bool) {
        match is_registered {
            true => self.0.set_port_came(),
            false => self.0.set_port_gone(),
        }
    }

    fn xrun(&mut self, _: &Client) -> Control {
        self.0.count_xrun();
        Control::Continue
    }
}
