//! The process callback: the callback's blocks, straight on JACK's buffers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jack::{AudioIn, AudioOut, Client, Control, MidiIn, Port, ProcessHandler, ProcessScope, TransportState};
use patchline_io::channels::{with_inputs, with_outputs};
use patchline_io::seat::{Seat, Seated};
use patchline_io::{Block, Callback, EventSender, IoEvent, IoEventKind, LostReason, Side};

use crate::midi::hand_on;
use crate::shared::Shared;

/// Lives on JACK's process thread.
///
/// # Real-time
/// Never allocates, frees, locks, waits or enters the kernel; nor does what it uses of libjack.
pub(crate) struct Process<C: Callback> {
    pub(crate) inputs: Vec<Port<AudioIn>>,
    pub(crate) outputs: Vec<Port<AudioOut>>,
    pub(crate) midi: Option<Port<MidiIn>>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) events: EventSender,
    pub(crate) seat: Seat<C>,
    pub(crate) transport: Option<Follower>,
    pub(crate) clock: Clock,
}

/// Where the stream stands.
#[derive(Default)]
pub(crate) struct Clock {
    position: u64,
    /// JACK's frame at which the next block must start, if it follows.
    next: Option<u32>,
    /// The length of the block before.
    block: usize,
    xruns: u64,
    freewheel: bool,
    /// Whether the next block follows no other.
    gap: bool,
    started: bool,
    /// Whether there was a callback in the block before.
    seated: bool,
}

/// What the server's transport was doing.
#[derive(Default)]
pub(crate) struct Follower {
    /// `None` before the first block.
    rolling: Option<bool>,
    next: u32,
}

impl<C: Callback> ProcessHandler for Process<C> {
    fn process(&mut self, client: &Client, scope: &ProcessScope) -> Control {
        self.shared.enter();
        let seat = self.seat.clone();
        let mut seated = seat.sit();
        let seats = self.shared.runs() && seated.callback().is_some();
        if seats && !std::mem::replace(&mut self.clock.seated, seats) {
            self.clock.gap |= std::mem::replace(&mut self.clock.started, true);
        }
        self.clock.seated = seats;
        let runs = seats && self.follow_transport(client, scope);
        if runs {
            let block = self.block(scope);
            self.call(&mut seated, block, scope);
        } else {
            self.silence(scope);
            self.clock.next = None;
        }
        self.events.count_block(if runs { scope.n_frames() as usize } else { 0 });
        drop(seated);
        self.shared.leave();
        // Never `Quit`: libjack would deactivate the client from here, while the control thread may be closing it.
        Control::Continue
    }
}

impl<C: Callback> Process<C> {
    /// The block that is due, with everything that happened before it said.
    fn block(&mut self, scope: &ProcessScope) -> Block {
        let (frames, now) = (scope.n_frames() as usize, scope.last_frame_time());
        let freewheel = self.shared.freewheel();
        if freewheel != std::mem::replace(&mut self.clock.freewheel, freewheel) {
            self.clock.next = None;
            self.say(IoEventKind::Freewheel { on: freewheel });
        }
        let before = std::mem::replace(&mut self.clock.block, frames);
        if before != frames && before != 0 {
            self.say(IoEventKind::BlockChanged { from: before, to: frames });
        }
        let xruns = self.shared.xruns();
        // What JACK tells of the moment at which we joined is not a break of anything that played.
        let told = xruns != std::mem::replace(&mut self.clock.xruns, xruns) && before != 0;
        let jump = self.clock.next.filter(|_| !freewheel).map_or(0, |next| now.wrapping_sub(next).cast_signed());
        let lost = u64::try_from(jump).unwrap_or(0);
        if told || lost > 0 {
            self.say(IoEventKind::Xrun { lost, side: Side::Both });
            self.clock.gap = true;
        }
        let position = self.clock.position + lost;
        self.clock.position = position + frames as u64;
        self.clock.next = Some(now.wrapping_add(scope.n_frames()));
        Block { frames, position, discontinuity: std::mem::take(&mut self.clock.gap) }
    }

    fn call(&mut self, seated: &mut Seated<'_, C>, block: Block, scope: &ProcessScope) {
        let (Self { inputs, outputs, midi, .. }, Some(callback)) = (&mut *self, seated.callback()) else { return };
        let (sources, targets) = (inputs.len(), outputs.len());
        let called = catch_unwind(AssertUnwindSafe(|| {
            midi.iter().for_each(|port| hand_on(port, scope, callback));
            with_inputs(sources, inputs.iter().map(|port| port.as_slice(scope)), |inputs| {
                with_outputs(targets, outputs.iter_mut().map(|port| port.as_mut_slice(scope)), |outputs| {
                    callback.process(block, inputs, outputs);
                });
            });
        }));
        if let Err(payload) = called {
            self.shared.set_panicked();
            seated.panicked(payload);
            self.say(IoEventKind::Lost { reason: LostReason::Panicked });
            self.silence(scope);
        }
    }

    fn silence(&mut self, scope: &ProcessScope) {
        self.outputs.iter_mut().for_each(|port| port.as_mut_slice(scope).fill(0.0));
    }

    /// Whether the transport lets us run in this block.
    fn follow_transport(&mut self, client: &Client, scope: &ProcessScope) -> bool {
        let Some(before) = &mut self.transport else { return true };
        let Ok(now) = client.transport().query() else { return true };
        let (rolling, frame) = (now.state == TransportState::Rolling, now.pos.frame());
        let moved = rolling && before.rolling == Some(true) && frame != before.next;
        let changed = before.rolling != Some(rolling) || moved;
        *before = Follower { rolling: Some(rolling), next: frame.wrapping_add(scope.n_frames()) };
        if changed {
            self.clock.gap |= self.clock.started && rolling;
            self.say(IoEventKind::Transport { rolling, frame: u64::from(frame) });
        }
        rolling
    }

    fn say(&mut self, kind: IoEventKind) {
        self.events.send(IoEvent { position: self.clock.position, kind });
    }
}
