//! Two functions in turn, and the ratio sample by sample.

use std::time::{Duration, Instant};

/// How long one sample of one side takes, about.
const SAMPLE: Duration = Duration::from_micros(400);

/// Two ways to compute the same block.
pub(crate) struct Case {
    pub(crate) workload: String,
    /// Frames per block.
    pub(crate) block: usize,
    pub(crate) ours: Box<dyn FnMut()>,
    pub(crate) limit: Box<dyn FnMut()>,
    /// Buffers of the plan per device channel.
    pub(crate) buffers_per_channel: f64,
    /// The ratio that must not be exceeded, where one is promised.
    pub(crate) bound: Option<f64>,
}

/// What was measured.
pub(crate) struct Pair {
    pub(crate) workload: String,
    pub(crate) block: usize,
    pub(crate) buffers_per_channel: f64,
    pub(crate) bound: Option<f64>,
    /// Nanoseconds a block, medians.
    pub(crate) ours_ns: f64,
    pub(crate) limit_ns: f64,
    /// Ours by limit: lower quartile, median, upper quartile.
    pub(crate) ratio: [f64; 3],
    pub(crate) samples: usize,
}

/// How many samples to take.
#[derive(Clone, Copy)]
pub(crate) struct Rounds(pub(crate) usize);

impl Rounds {
    pub(crate) fn measure(self, mut case: Case) -> Pair {
        let ours_calls = calls(&mut case.ours);
        let limit_calls = calls(&mut case.limit);
        let (mut ours, mut limit, mut ratio) = (vec![], vec![], vec![]);
        for _ in 0..self.0 {
            let a = per_call(&mut case.ours, ours_calls);
            let b = per_call(&mut case.limit, limit_calls);
            ours.push(a);
            limit.push(b);
            ratio.push(a / b);
        }
        Pair {
            workload: case.workload,
            block: case.block,
            buffers_per_channel: case.buffers_per_channel,
            bound: case.bound,
            ours_ns: quantile(&mut ours, 0.5),
            limit_ns: quantile(&mut limit, 0.5),
            ratio: [0.25, 0.5, 0.75].map(|at| quantile(&mut ratio, at)),
            samples: self.0,
        }
    }

    /// The median time of a function in nanoseconds, and its quartiles.
    pub(crate) fn time(self, mut run: impl FnMut()) -> [f64; 3] {
        let mut samples: Vec<f64> = (0..self.0).map(|_| per_call(&mut run, 1)).collect();
        [0.25, 0.5, 0.75].map(|at| quantile(&mut samples, at))
    }
}

/// Calls that fill a sample.
fn calls(run: &mut impl FnMut()) -> usize {
    let mut calls = 1;
    loop {
        let nanoseconds = per_call(run, calls) * calls as f64;
        if nanoseconds > SAMPLE.as_nanos() as f64 / 2.0 {
            return calls;
        }
        calls *= 2;
    }
}

fn per_call(run: &mut impl FnMut(), calls: usize) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        run();
    }
    start.elapsed().as_nanos() as f64 / calls as f64
}

fn quantile(samples: &mut [f64], at: f64) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[((samples.len() - 1) as f64 * at).round() as usize]
}
