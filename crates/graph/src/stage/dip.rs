//! A dip: what leaves is silenced before the load instead of fading beside what comes.

use super::{GONE, Next, Running, Stage, is_device_output};
use crate::fade::Moment;
use crate::{Fade, Frames};

/// A stage on its way to a load that finds nobody left who would have to ring out.
pub(crate) struct Dip {
    /// The same, while what will leave fades where it meets what plays on.
    pub(crate) hushed: Stage,
    /// The same without the links that have faded.
    pub(crate) after: Stage,
    /// How many frames later that is.
    pub(crate) frames: Frames,
}

impl Stage {
    /// The dip before a load which would lead to `next`; `None` where nothing has to fade for it.
    pub(crate) fn dip(&self, next: &Next, (fade, feedback): (Frames, Frames), moment: &Moment) -> Option<Dip> {
        let mut leaves = vec![true; self.nodes() + self.ghosts.len()];
        let stay = next.before[..next.stage.nodes()].iter().flatten();
        stay.for_each(|&actor| leaves[actor] = false);
        let goes = |from: usize, to: usize| leaves[from] && (!leaves[to] || is_device_output(self.node(to).ports()));

        let mut hushed = self.clone();
        let number = hushed.number();
        let fall = Running { number, fade: Fade { after: 0, length: fade, rises: false }, moment: moment.clone() };
        let mut after = hushed.clone();
        let mut late = None;
        let mut silence = |fades: &mut Vec<Running>, is_feedback: bool| {
            fades.push(fall.clone());
            late = late.max(Some(if is_feedback { feedback } else { 0 }));
        };
        for (at, link, ends) in self.graph.linked_from(0).filter(|&(at, ..)| self.wires[at] != GONE) {
            let [Some(from), Some(to)] = ends else { continue };
            if goes(from, to) {
                silence(hushed.link_fades.entry(at).or_default(), link.feedback);
                after.wires[at] = GONE;
                after.link_fades.remove(&at);
            }
        }
        for left in hushed.left.iter_mut().filter(|left| goes(left.from, left.to)) {
            silence(&mut left.fades, left.link.feedback);
        }
        after.left.retain(|left| !goes(left.from, left.to));
        Some(Dip { hushed, after, frames: fade + late? })
    }

    /// How many nodes run.
    pub(crate) fn running_nodes(&self) -> usize {
        let ghosts = self.ghosts.iter().map(|ghost| &ghost.node);
        self.graph.nodes().map(|(_, node)| node).chain(ghosts).filter(|node| node.ports().device.is_none()).count()
    }
}
