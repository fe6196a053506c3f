//! Nodes that are never run, as all they do is to mix: whoever reads them multiplies and adds.

use std::sync::Arc;

use crate::channels::Widths;
use crate::{Frames, Ports};

/// What a node does that only ever mixes: see [`Node::mixing`](crate::Node::mixing).
///
/// ```
/// use patchline_graph::{Mixing, Summand};
///
/// // A fader: one factor for all channels. A pan: two factors, and each output has its own.
/// let pan = [0, 1].map(|to| Summand { from: 0, to, factor: to });
/// assert_eq!(Mixing::Scales.factors(), 1);
/// assert_eq!(Mixing::Sums(pan.into_iter().collect()).factors(), 2);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Mixing {
    /// Every channel times factor 0, in place.
    Scales,
    /// Every output channel is a sum of input channels times factors.
    Sums(Summands),
}

/// A part of an output channel: an input channel times a factor.
///
/// ```
/// use patchline_graph::{Mixing, Summand};
///
/// // Left and right change places, each with its own factor.
/// let swap = [Summand { from: 1, to: 0, factor: 0 }, Summand { from: 0, to: 1, factor: 1 }];
/// assert_eq!(Mixing::Sums(swap.into_iter().collect()).factors(), 2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Summand {
    /// The input channel, counted from 0.
    pub from: usize,
    /// The output channel, counted from 0.
    pub to: usize,
    /// Which of the [factors](crate::Processor::factors), counted from 0.
    pub factor: usize,
}

/// The summands of all outputs of a node: each output is the sum of its own, left to right; one without any is silence.
///
/// ```
/// use patchline_graph::{Mixing, Summand};
///
/// // The mean of two channels, with one factor for both.
/// let mean = [0, 1].map(|from| Summand { from, to: 0, factor: 0 });
/// assert_eq!(Mixing::Sums(mean.into_iter().collect()).factors(), 1);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Summands {
    /// By output.
    summands: Arc<[Summand]>,
    /// How many factors they name.
    factors: usize,
}

impl FromIterator<Summand> for Summands {
    fn from_iter<I: IntoIterator<Item = Summand>>(summands: I) -> Self {
        let mut summands: Vec<Summand> = summands.into_iter().collect();
        summands.sort_by_key(|summand| summand.to);
        let factors = summands.iter().map(|summand| summand.factor.saturating_add(1)).max().unwrap_or(0);
        Self { summands: summands.into(), factors }
    }
}

impl Summands {
    /// The summands of an output channel, in order.
    pub(crate) fn of(&self, output: usize) -> &[Summand] {
        let start = self.summands.partition_point(|summand| summand.to < output);
        let rest = &self.summands[start..];
        &rest[..rest.partition_point(|summand| summand.to == output)]
    }

    /// What names a channel that is not there, if any does.
    fn mistake(&self, [inputs, outputs]: [usize; 2]) -> Option<String> {
        let outside = |summand: &&Summand| summand.from >= inputs || summand.to >= outputs;
        let Summand { from, to, .. } = self.summands.iter().find(outside)?;
        Some(format!(
            "it says that it sums input {from} into output {to}; it has {inputs} and {outputs}, counted from 0"
        ))
    }
}

impl Mixing {
    /// How many factors it takes.
    #[must_use]
    pub fn factors(&self) -> usize {
        match self {
            Self::Scales => 1,
            Self::Sums(sums) => sums.factors,
        }
    }

    /// What keeps a node from doing so, in words for its author.
    pub(crate) fn mistake(&self, ports: &Ports, widths: &Widths, latency: Frames) -> Option<String> {
        let ([input], [output]) = (&widths.inputs[..], &widths.outputs[..]) else {
            return Some("it says that it only mixes, which takes one input and one output".to_owned());
        };
        match self {
            _ if latency > 0 => Some("it says that it only mixes, and that it is late".to_owned()),
            Self::Scales if !ports.in_place => {
                Some("it says that it only scales, and does not work in place".to_owned())
            }
            Self::Scales => None,
            Self::Sums(sums) => sums.mistake([*input, *output]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(all: &[(usize, usize)]) -> Summands {
        all.iter().enumerate().map(|(factor, &(from, to))| Summand { from, to, factor }).collect()
    }

    #[test]
    fn the_summands_of_an_output_stay_in_order() {
        let sums = sums(&[(3, 2), (1, 0), (0, 2), (0, 0), (3, 2)]);
        let of = |output| sums.of(output).iter().map(|summand| (summand.from, summand.factor)).collect::<Vec<_>>();
        assert_eq!(of(0), [(1, 1), (0, 3)]);
        assert_eq!(of(2), [(3, 0), (0, 2), (3, 4)]);
        assert!(of(1).is_empty() && of(3).is_empty());
        assert_eq!(Mixing::Sums(sums).factors(), 5);
    }

    #[test]
    fn what_is_not_there_is_named() {
        let ports = Ports::converter(2);
        let mistake = |mixing: Mixing, inputs: &[usize], latency| {
            mixing.mistake(&ports, &Widths::new(inputs.to_vec(), vec![2]), latency)
        };
        assert_eq!(mistake(Mixing::Sums(sums(&[(3, 1)])), &[4], 0), None);
        let outside = mistake(Mixing::Sums(sums(&[(0, 0), (3, 1)])), &[3], 0).unwrap();
        assert!(outside.contains("input 3 into output 1; it has 3 and 2"), "{outside}");
        assert!(mistake(Mixing::Sums(sums(&[(0, 2)])), &[1], 0).unwrap().contains("output 2"));
        assert!(mistake(Mixing::Sums(sums(&[])), &[1, 1], 0).unwrap().contains("one input"));
        assert!(mistake(Mixing::Sums(sums(&[])), &[1], 3).unwrap().contains("late"));
        assert!(mistake(Mixing::Scales, &[2], 0).unwrap().contains("in place"));
    }
}
