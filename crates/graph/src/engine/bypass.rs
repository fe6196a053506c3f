//! Leaving nodes out, from the control thread.

use basedrop::Owned;

use super::{Engine, Told, journal};
use crate::bypass::Bypass;
use crate::message::{Change, Message, Set};
use crate::renderer::PENDING;
use crate::{Frame, Slot, StreamSpec};

/// Why a node was not left out, or not taken back.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BypassError {
    /// No such node is loaded, or it stands for the device.
    #[error("there is no node `{0}` that runs")]
    Unknown(String),
    /// Nothing goes through the node.
    #[error("`{0}` has no output: nothing goes on without it, and what it takes in would be lost")]
    NoOutput(String),
    /// The audio thread has not yet taken what was sent before: try again later.
    #[error("the audio thread has not yet taken what was sent before")]
    Busy,
}

impl Engine {
    /// Leaves the node `name` out (`on`), or takes it back, from frame `at` or the start of the next callback on.
    ///
    /// The sound fades over 20 ms between what the node makes and its input. The input is made as late as the node's
    /// [latency](crate::Node::latency), so the fade, and the return of a node that has rested, begin that much later. Where
    /// the first input and the first output have not the same channels, and on all other outputs, it fades to silence.
    ///
    /// A node that is left out is not run and costs next to nothing; it keeps its state, and goes on from there. It
    /// stays out over loads for as long as there is a node of its name; one that starts fresh fades out anew.
    ///
    /// # Errors
    /// See [`BypassError`]; all plays on as before.
    pub fn bypass(&mut self, name: &str, on: bool, at: Option<Frame>) -> Result<(), BypassError> {
        let (first, now) = (self.sent, self.now());
        self.leave_out(name, on, at)?;
        journal::enter(&mut self.journal, Told::Bypass { name, on, at }, (first..self.sent, now));
        Ok(())
    }

    fn leave_out(&mut self, name: &str, on: bool, at: Option<Frame>) -> Result<(), BypassError> {
        let unknown = || BypassError::Unknown(name.to_owned());
        let slot = self.schedule.slots.iter().find(|slot| slot.name == name).ok_or_else(unknown)?;
        if slot.outputs.is_empty() {
            return Err(BypassError::NoOutput(name.to_owned()));
        }
        let waiting = self.sets_sent - self.stats.sets_done.get();
        if waiting >= PENDING as u64 || self.messages.is_full() {
            return Err(BypassError::Busy);
        }
        let instance = self.cast.instance(name).ok_or_else(unknown)?;
        let StreamSpec { rate, max_frames, .. } = self.stream;
        let kit = on.then(|| Box::new(Bypass::new(slot, rate, max_frames)));
        let change = Owned::new(&self.collector.handle(), Change::Bypass { on, kit });
        self.messages.push(Message::Set(Set { instance, at, change })).map_err(|_| BypassError::Busy)?;
        self.sets_sent += 1;
        self.sent += 1;
        if on {
            self.bypassed.insert(name.to_owned());
        } else {
            self.bypassed.remove(name);
        }
        Ok(())
    }

    /// The nodes that are left out, or will be.
    pub fn bypassed(&self) -> impl Iterator<Item = &str> {
        self.bypassed.iter().map(String::as_str)
    }

    /// After a load: nodes that started fresh under the name of one that was left out.
    pub(super) fn bypass_again(&mut self, started: &[String]) {
        let Self { schedule, bypassed, .. } = self;
        let runs = |slot: &Slot, name: &String| slot.name == *name && !slot.outputs.is_empty();
        bypassed.retain(|name| schedule.slots.iter().any(|slot| runs(slot, name)));
        let again: Vec<String> = self.bypassed.iter().filter(|name| started.contains(name)).cloned().collect();
        for name in again {
            // Room for it was seen to before the load.
            let _ = self.leave_out(&name, true, None);
        }
    }
}
