//! Fades in a schedule.

use super::Builder;
use crate::topology::Edge;
use crate::{BufferId, Fade, Step};

/// What fades, by its index among the fades of the schedule.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fading {
    pub(crate) fades: Vec<Fade>,
    /// At the outputs of each node, and on each link; what is missing at the end does not fade.
    pub(crate) nodes: Vec<Vec<usize>>,
    pub(crate) links: Vec<Vec<usize>>,
}

impl Fading {
    pub(super) fn of(list: &[Vec<usize>], index: usize) -> &[usize] {
        list.get(index).map_or(&[], Vec::as_slice)
    }

    /// Whether nothing of a link is left in the end.
    pub(super) fn ends(&self, edge: &Edge) -> bool {
        let fades = [Self::of(&self.links, edge.link), Self::of(&self.nodes, edge.from.node)];
        fades.concat().iter().any(|&fade| !self.fades[fade].rises)
    }
}

impl Builder<'_> {
    /// A buffer that holds what one reader takes from another, faded.
    pub(super) fn faded(&mut self, source: BufferId, fades: &[usize]) -> BufferId {
        let mut src = source;
        for &fade in fades {
            let dst = if self.buffers.readers(src) == 1 { src } else { self.buffers.take(1) };
            self.schedule.steps.push(Step::Fade { dst, src, fade });
            if dst != src {
                self.buffers.release(src);
            }
            src = dst;
        }
        src
    }

    /// Fades what a node puts out, for all of its readers.
    pub(super) fn fade_outputs(&mut self, node: usize) {
        let fading = self.fading;
        let fades = Fading::of(&fading.nodes, node);
        if fades.is_empty() {
            return;
        }
        let ports = 0..self.topology.ports[node].outputs.len();
        let readers: Vec<u32> = ports.flat_map(|port| self.readers(node, port)).collect();
        for (channel, readers) in readers.into_iter().enumerate().filter(|(_, readers)| *readers > 0) {
            let src = self.values[node][channel];
            let shared = self.buffers.readers(src) > readers;
            let dst = if shared { self.buffers.take(readers) } else { src };
            self.schedule.steps.push(Step::Fade { dst, src, fade: fades[0] });
            self.schedule.steps.extend(fades[1..].iter().map(|&fade| Step::Fade { dst, src: dst, fade }));
            if shared {
                (0..readers).for_each(|_| self.buffers.release(src));
            }
            self.values[node][channel] = dst;
        }
    }
}
