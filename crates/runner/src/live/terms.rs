//! What ends a run, and what is said of what happens in it.

use patchline_patch::{EngineSettings, OnDeviceLoss, OnXrun};

use super::Profile;
use crate::allocator::OnViolation;
use crate::exit::Exit;
use crate::watch::Watch;

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
    pub(crate) on_file_trouble: OnFileTrouble,
    /// Whether an input that is silent is no news.
    pub(crate) silence_is_usual: bool,
    /// The load above which optional nodes are left out.
    pub(crate) shed: Option<f64>,
    /// How often the time of each node is taken.
    pub(crate) profile: Profile,
}

/// What becomes of a run in which a file cannot be read or written on. It is told in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnFileTrouble {
    /// It ends: it was all about that file.
    End,
    /// It ends if nothing could be begun; else it goes on, since there may be room again.
    EndUnlessBegun,
    /// It goes on.
    Tell,
}

impl OnFileTrouble {
    /// Whether what was heard ends the run.
    pub(super) fn ends(self, watch: &Watch) -> bool {
        let trouble = watch.exit() == Exit::File;
        match self {
            Self::End => trouble,
            Self::EndUnlessBegun => trouble && !watch.has_begun(),
            Self::Tell => false,
        }
    }
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            block: None,
            on_violation: OnViolation::Count,
            on_xrun: OnXrun::default(),
            most_xruns: None,
            on_device_loss: OnDeviceLoss::default(),
            on_file_trouble: OnFileTrouble::End,
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
            on_file_trouble: OnFileTrouble::Tell,
            ..Self::default()
        }
    }
}
