//! What nodes put out, and how often it is read.

use std::ops::Range;

use super::lanes::Lanes;
use super::value::Value;
use crate::channels::OfPorts;
use crate::topology::Topology;

/// The channels of all that nodes put out, node after node and port after port.
pub(super) struct Outputs {
    /// Where those of each node begin, and after the last node those of the last one end.
    starts: Vec<u32>,
    values: Vec<Value>,
    /// How often each will be read: by each channel that a link leads it to, or once to be sent back.
    readers: Vec<u32>,
    /// The nodes whose values are there.
    has_come: Vec<bool>,
}

/// Where the channels of each node begin, and after the last node those of the last one end.
pub(super) fn starts(widths: &[&OfPorts]) -> Vec<u32> {
    let mut starts = Vec::with_capacity(widths.len() + 1);
    let mut end = 0;
    for widths in widths {
        starts.push(end);
        end += widths.outputs.iter().sum::<usize>() as u32;
    }
    starts.push(end);
    starts
}

impl Outputs {
    /// Of which none has come.
    pub(super) fn new(topology: &Topology, lanes: &Lanes, starts: Vec<u32>) -> Self {
        let channels = starts.last().map_or(0, |&end| end as usize);
        let mut readers = vec![0; channels];
        for (edge, lane) in topology.edges.iter().zip(lanes) {
            let each = if edge.feedback { 1 } else { lane.readers() };
            readers[lane.sources()].iter_mut().for_each(|readers| *readers += each);
        }
        Self { values: vec![Value::default(); channels], readers, has_come: vec![false; starts.len() - 1], starts }
    }

    /// Where those of a node are.
    pub(super) fn of(&self, node: usize) -> Range<usize> {
        self.starts[node] as usize..self.starts[node + 1] as usize
    }

    /// Takes what a node puts out.
    pub(super) fn come(&mut self, node: usize, values: impl IntoIterator<Item = Value>) {
        let range = self.of(node);
        self.values[range].iter_mut().zip(values).for_each(|(place, value)| *place = value);
        self.has_come[node] = true;
    }

    pub(super) fn has_come(&self, node: usize) -> bool {
        self.has_come[node]
    }

    pub(super) fn values(&self, channels: Range<usize>) -> &[Value] {
        &self.values[channels]
    }

    pub(super) fn values_mut(&mut self, channels: Range<usize>) -> &mut [Value] {
        &mut self.values[channels]
    }

    pub(super) fn value(&self, channel: usize) -> Value {
        self.values[channel]
    }

    pub(super) fn readers(&self, channel: usize) -> u32 {
        self.readers[channel]
    }
}
