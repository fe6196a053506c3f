//! The time between start and stop: the device plays, and everything that happens is told.

use std::time::Duration;

use patchline_graph::Engine;
use patchline_io::{IoEvent, IoEventKind, IoStats};
use patchline_patch::{EngineSettings, OnDeviceLoss, OnXrun};
use tracing::{debug, info, warn};

use super::device::Device;
use super::status::Status;
use crate::exit::{Exit, Failure};
use crate::figures::Figures;
use crate::signals;
use crate::watch::Watch;

/// How much of the device's time goes by between two looks at what happened.
const STEP: Duration = Duration::from_millis(10);

/// A device that plays.
pub(super) struct Session {
    device: Device,
    watch: Watch,
    /// Whether nothing paces it, so that recorders and their disk must be waited for.
    waits: bool,
    on_xrun: OnXrun,
    on_loss: OnDeviceLoss,
    most_xruns: Option<u64>,
    /// Why it ends, once it does.
    ended: Option<Ended>,
}

/// Why playing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// Its time was up.
    Finished,
    /// Somebody asked for it.
    Asked,
    /// More xruns than the patch allows.
    Xruns,
    /// The device is gone, or no longer what the patch was loaded for.
    Device,
}

/// What is left when all is closed.
pub(super) struct End {
    pub(super) watch: Watch,
    ended: Option<Ended>,
}

impl Session {
    /// A device that was started.
    pub(super) fn new(device: Device, settings: &EngineSettings, waits: bool) -> Self {
        Self {
            watch: Watch::new(device.spec().rate),
            device,
            waits,
            on_xrun: settings.on_xrun,
            on_loss: settings.on_device_loss,
            most_xruns: settings.max_xruns.map(u64::from),
            ended: None,
        }
    }

    /// Plays until something ends it.
    pub(super) fn play(&mut self, engine: &mut Engine, figures: &Figures) {
        let rate = self.device.spec().rate;
        let mut status = Status::new(rate);
        while self.ended.is_none() {
            if self.waits {
                engine.wait_ready(2 * engine.stream().max_frames);
            }
            self.device.pass(STEP);
            while let Some(event) = self.device.poll() {
                self.event(event);
            }
            self.watch.listen(engine);
            status.show(engine.stats().frames, &self.device.stats(), figures);
            if signals::stopping() {
                self.ended.get_or_insert(Ended::Asked);
            }
        }
        status.clear();
    }

    fn event(&mut self, event: IoEvent) {
        match event.kind {
            IoEventKind::Xrun { .. } => self.xrun(event),
            IoEventKind::Lost { .. } => {
                warn!("{event}");
                if self.on_loss == OnDeviceLoss::Stop {
                    self.ended.get_or_insert(Ended::Device);
                }
            }
            IoEventKind::RateChanged { .. } => {
                warn!("{event}");
                self.ended.get_or_insert(Ended::Device);
            }
            IoEventKind::Finished => {
                debug!("{event}");
                self.ended.get_or_insert(Ended::Finished);
            }
            IoEventKind::BlockChanged { .. } => debug!("{event}"),
            IoEventKind::EventsLost { .. } => warn!("{event}"),
            _ => info!("{event}"),
        }
    }

    fn xrun(&mut self, event: IoEvent) {
        match self.on_xrun {
            OnXrun::Ignore => debug!("{event}"),
            OnXrun::Report | OnXrun::Stop => warn!("{event}"),
        }
        let too_many = self.most_xruns.is_some_and(|most| self.device.stats().xruns > most);
        if self.on_xrun == OnXrun::Stop || too_many {
            self.ended.get_or_insert(Ended::Xruns);
        }
    }

    /// Stops the device, then waits until all files are closed.
    pub(super) fn stop(mut self, engine: &mut Engine) -> Result<(IoStats, End), Failure> {
        let renderer = self.device.stop().map_err(|error| Failure::new(Exit::Broken, error.to_string()))?;
        let stats = self.device.stats();
        engine.close(renderer);
        self.watch.listen(engine);
        Ok((stats, End { watch: self.watch, ended: self.ended }))
    }
}

impl End {
    /// A broken promise outweighs the device, and the device a file.
    pub(super) fn exit(&self) -> Exit {
        match (self.watch.exit(), self.ended) {
            (Exit::Broken, _) => Exit::Broken,
            (_, Some(Ended::Xruns)) => Exit::Xruns,
            (_, Some(Ended::Device)) => Exit::Device,
            (exit, _) => exit,
        }
    }
}
