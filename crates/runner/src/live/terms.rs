//! What ends a run, and what is said of what happens in it.

use patchline_patch::{EngineSettings, OnDeviceLoss, OnXrun};

use super::Profile;
use crate::allocator::OnViolation;

/// The terms on which something is played. By default a device that goes is waited for, and xruns are reported.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// Frames that a block was asked to have.
    pub(crate) block: Option<usize>,
    /// When a node allocates in the callback.
    pub(crate) on_violation: OnViolation,
    pub(crate) on_xrun: OnXrun,
    /// More xruns than this end it.
    pub(crate) most_xruns: Option<u64>,
    pub(crate) on_device_loss: OnDeviceLoss,
    /// Whether a file that cannot be written ends it: where it was all about that file.
    pub(crate) needs_files: bool,
    /// Whether an input that is silent is no news.
    pub(crate) silence_is_usual: bool,
    /// The load above which optional nodes are left out.
    pub(crate) shed: Option<f64>,
    /// How often the time of each node is taken.
    pub(crate) profile: Profile,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            block: None,
            on_violation: OnViolation::Count,
            on_xrun: OnXrun::default(),
            most_xruns: None,
            on_device_loss: OnDeviceLoss::default(),
            needs_files: true,
            silence_is_usual: false,
            shed: None,
            profile: Profile::default(),
        }
    }
}

impl Terms {
    /// Those of a patch.
    pub(crate) fn of(settings: &EngineSettings) -> Self {
        Self {
            block: (settings.block > 0).then_some(settings.block as usize),
            on_xrun: settings.on_xrun,
            most_xruns: settings.max_xruns.map(u64::from),
            on_device_loss: settings.on_device_loss,
            shed: settings.shed.limit(),
            needs_files: false,
            ..Self::default()
        }
    }
}
