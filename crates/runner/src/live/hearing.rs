//! What the device has to say, and what follows from it.

use patchline_io::{DeviceSpec, IoEvent, IoEventKind};
use patchline_patch::{OnDeviceLoss, OnXrun};
use tracing::{debug, info, warn};

use super::{Ended, Live};
use crate::units::frames_and_ms;

impl Live {
    /// Hears what the device has to say.
    pub(super) fn listen(&mut self) {
        while let Some(event) = self.opened.device.poll() {
            self.capture.iter().for_each(|capture| capture.note(&event));
            self.event(event);
        }
    }

    pub(super) fn end(&mut self, why: Ended) {
        self.ended.get_or_insert(why);
    }

    fn event(&mut self, event: IoEvent) {
        if matches!(event.kind, IoEventKind::Xrun { .. }) {
            return self.xrun(event);
        }
        // A device that is gone is opened again as soon as it is there; what plays waits with its state.
        self.state.happened(event.kind);
        match event.kind {
            IoEventKind::Lost { .. } | IoEventKind::EventsLost { .. } => warn!("{event}"),
            IoEventKind::RateChanged { from, to } => {
                warn!("at frame {} the device changed from {from} Hz to {to} Hz", event.position);
            }
            IoEventKind::Reconnected { .. } => info!("{event}{}", self.other_blocks()),
            IoEventKind::BlockChanged { .. } | IoEventKind::Finished => debug!("{event}"),
            _ => info!("{event}"),
        }
        match event.kind {
            IoEventKind::Lost { reason } => self.loss = Some(reason),
            IoEventKind::BlockChanged { to, .. } if !self.state.away => self.block = to,
            _ => {}
        }
        match event.kind {
            IoEventKind::Lost { .. } if self.terms.on_device_loss == OnDeviceLoss::Stop => self.end(Ended::Device),
            IoEventKind::RateChanged { .. } => self.end(Ended::Rate),
            IoEventKind::Finished => self.end(Ended::Finished),
            _ => {}
        }
    }

    /// Tells of the xruns whose causes are known by now, or at the `end` of all.
    pub(super) fn explain(&mut self, end: bool) {
        for case in self.flight.judge(&self.engine, end) {
            self.xruns.happened(&case.event, &case.text());
        }
    }

    /// `, in blocks of 1024 frames (21.33 ms) instead of 256`, if they are others now.
    fn other_blocks(&mut self) -> String {
        let DeviceSpec { rate, max_frames, .. } = *self.opened.device.spec();
        let before = std::mem::replace(&mut self.block, max_frames);
        let now = frames_and_ms(max_frames as u64, rate);
        if before == max_frames { String::new() } else { format!(", in blocks of {now} instead of {before}") }
    }

    fn xrun(&mut self, event: IoEvent) {
        self.flight.xrun(event);
        let too_many = self.terms.most_xruns.is_some_and(|most| self.stats().xruns > most);
        if self.terms.on_xrun == OnXrun::Stop || too_many {
            self.end(Ended::Xruns);
        }
    }
}
