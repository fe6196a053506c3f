//! A contestant with its input and output, fed block after block.

use std::hint::black_box;
use std::rc::Rc;

use crate::contestant::Contestant;
use crate::workload::{Signal, Workload};

/// What a case is: a workload in blocks of so many frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The graph.
    pub workload: Workload,
    /// Frames per block.
    pub block: usize,
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, blocks of {}", self.workload, self.block)
    }
}

/// One contestant of a case. All of a case share an input, a whole number of everybody's runs long.
pub(crate) struct Playing {
    contestant: Box<dyn Contestant>,
    workload: Workload,
    signal: Rc<Signal>,
    /// Frames of one run.
    run: usize,
    frame: usize,
    output: [Vec<f32>; 2],
}

impl Playing {
    pub(crate) fn new(case: &Case, contestant: Box<dyn Contestant>, signal: &Rc<Signal>, run: usize) -> Self {
        let output = [vec![0.0; signal.frames()], vec![0.0; signal.frames()]];
        let signal = Rc::clone(signal);
        Self { contestant, workload: case.workload.clone(), signal, run, frame: 0, output }
    }

    /// Computes the next run.
    #[inline]
    pub(crate) fn run(&mut self) {
        let at = self.frame % self.signal.frames();
        let part = at..at + self.run;
        let input = self.signal.at(&self.workload, self.frame - at).map(|channel| &channel[part.clone()]);
        let [left, right] = &mut self.output;
        self.contestant.run(input, [&mut left[part.clone()], &mut right[part]]);
        black_box(&mut self.output);
        self.frame += self.run;
    }

    /// Computes the whole input once; gives what came out.
    pub(crate) fn pass(&mut self) -> &[Vec<f32>; 2] {
        (0..self.signal.frames() / self.run).for_each(|_| self.run());
        &self.output
    }

    /// Blocks of the case that one run is.
    pub(crate) fn blocks(&self, case: &Case) -> usize {
        self.run / case.block
    }

    /// Runs after which the input begins anew.
    pub(crate) fn period(&self) -> usize {
        self.workload.period().unwrap_or(self.run) / self.run
    }
}
