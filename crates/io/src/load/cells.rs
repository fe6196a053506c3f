//! What a callback found about itself: written by it alone, read by anyone.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Load;

/// Loads are the bits of an `f64`. None is below 0, so the bits are in the order of the values.
#[derive(Debug, Default)]
pub(super) struct Cells {
    mean: AtomicU64,
    peak: AtomicU64,
    overall: AtomicU64,
    worst: AtomicU64,
    overruns: AtomicU64,
    blocks: AtomicU64,
}

impl Cells {
    /// One block's load, and the means with it.
    pub(super) fn store(&self, load: f64, mean: f64, overall: f64) {
        self.mean.store(mean.to_bits(), Ordering::Relaxed);
        self.overall.store(overall.to_bits(), Ordering::Relaxed);
        self.peak.fetch_max(load.to_bits(), Ordering::Relaxed);
        self.worst.fetch_max(load.to_bits(), Ordering::Relaxed);
        self.overruns.fetch_add(u64::from(load > 1.0), Ordering::Relaxed);
        // Last, so that whoever sees the first block counted sees its load.
        self.blocks.fetch_add(1, Ordering::Release);
    }

    pub(super) fn read(&self) -> Option<Load> {
        let blocks = self.blocks.load(Ordering::Acquire);
        let load = |cell: &AtomicU64| f64::from_bits(cell.load(Ordering::Relaxed));
        (blocks > 0).then(|| Load {
            mean: load(&self.mean),
            peak: load(&self.peak),
            overall: load(&self.overall),
            worst: load(&self.worst),
            overruns: self.overruns.load(Ordering::Relaxed),
            blocks,
        })
    }

    pub(super) fn take(&self) -> Option<Load> {
        let load = self.read()?;
        let peak = f64::from_bits(self.peak.swap(0, Ordering::Relaxed));
        Some(Load { peak, ..load })
    }
}
