//! A dip: what leaves is silenced before the load instead of fading beside what comes.

use std::collections::HashSet;

use super::{Actor, Next, Running, Stage};
use crate::fade::Moment;
use crate::{Fade, Frames, NodeName};

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
        let stays: HashSet<&str> = next.carried().collect();
        let leaves = |actor: &Actor| actor.left.is_some() || !stays.contains(actor.name.as_str());
        let leaving: HashSet<NodeName> =
            self.actors.iter().filter(|actor| leaves(actor)).map(|actor| actor.name.clone()).collect();
        let outputs = self.actors.iter().filter(|actor| actor.is_device_output());
        let outputs: HashSet<NodeName> = outputs.map(|actor| actor.name.clone()).collect();

        let mut hushed = self.clone();
        let number = hushed.number();
        let fade = Fade { after: 0, length: fade, rises: false };
        let (mut gone, mut late) = (HashSet::new(), 0);
        for wire in &mut hushed.wires {
            let (from, to) = (&wire.link.from.node, &wire.link.to.node);
            if leaving.contains(from) && (!leaving.contains(to) || outputs.contains(to)) {
                wire.fades.push(Running { number, fade, moment: moment.clone() });
                gone.insert(wire.number);
                late = late.max(if wire.link.feedback { feedback } else { 0 });
            }
        }
        let mut after = hushed.clone();
        after.wires.retain(|wire| !gone.contains(&wire.number));
        (!gone.is_empty()).then_some(Dip { hushed, after, frames: fade.length + late })
    }

    /// How many nodes run.
    pub(crate) fn running_nodes(&self) -> usize {
        self.actors.iter().filter(|actor| actor.ports.device.is_none()).count()
    }
}

impl Next {
    /// The nodes that play on as a part of the graph.
    fn carried(&self) -> impl Iterator<Item = &str> {
        let names = self.stage.actors.iter().filter(|actor| actor.left.is_none()).map(|actor| actor.name.as_str());
        names.filter(|name| self.before.contains_key(*name))
    }
}
