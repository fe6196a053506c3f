//! Who looks at the device's samples: a mix that passes over them anyway, where one does.
//!
//! What comes in is to be clean before anything is computed with it, what goes out finite. A mix that is the first to read
//! channels of the input sees them while they are in registers; where they turn out not to be clean, they are copied, and it
//! begins again, so it must not have overwritten what it reads. A mix that is the last to write channels of the output sees
//! what it writes. All other channels are looked at before the first step, or after the last one.

use super::{Mix, Op, Plan};
use crate::BufferId;

/// What is known of each of the device's channels, by its buffer, on the way through the steps.
struct Channels(Vec<bool>);

impl Channels {
    /// These are left.
    fn of(buffers: usize, device: &[Option<BufferId>]) -> Self {
        let mut left = vec![false; buffers];
        device.iter().flatten().for_each(|&buffer| left[buffer as usize] = true);
        Self(left)
    }

    fn has(&self, wire: BufferId) -> bool {
        self.0[wire as usize]
    }

    /// Takes these out; gives those that were left.
    fn take<'a>(&'a mut self, wires: &'a [BufferId]) -> impl Iterator<Item = BufferId> + 'a {
        wires.iter().copied().filter(|&wire| std::mem::take(&mut self.0[wire as usize]))
    }
}

impl Plan {
    /// Finds out which mixes look, and which channels are looked at apart. Where several threads share the steps, all are.
    pub(super) fn prepare_looks(&mut self) {
        let apart = match self.lanes.is_empty() {
            true => (self.let_hear(), self.let_look()),
            false => (
                self.device_in.iter().flatten().copied().collect(),
                self.device_out.iter().flatten().copied().collect(),
            ),
        };
        let buffers = self.memory.buffers();
        let channels = |device: &[Option<BufferId>], apart: &[BufferId]| {
            let mut is_one = vec![false; buffers];
            apart.iter().for_each(|&buffer| is_one[buffer as usize] = true);
            let is_apart = |buffer: &Option<BufferId>| buffer.is_some_and(|buffer| is_one[buffer as usize]);
            device.iter().enumerate().filter(|(_, buffer)| is_apart(buffer)).map(|(channel, _)| channel).collect()
        };
        self.heard_apart = channels(&self.device_in, &apart.0);
        self.given_apart = channels(&self.device_out, &apart.1);
        let lent = |device: &[Option<BufferId>]| {
            device.iter().zip(0..).filter_map(|(&buffer, channel)| Some((channel, buffer?))).collect()
        };
        (self.lent_in, self.lent_out) = (lent(&self.device_in), lent(&self.device_out));
        self.gives_all = self.device_out.iter().all(Option::is_some);
        let runs = self.ops.iter().filter(|op| matches!(op, Op::Run(_))).count();
        let is_even = |op: &Op| matches!(op, Op::Mix(Mix { even: true, .. }) | Op::Run(_));
        self.only_mixes = self.lanes.is_empty()
            && self.ops.iter().all(is_even)
            && runs == self.listeners.len()
            && self.heard_apart.is_empty()
            && self.given_apart.is_empty()
            && (self.gives_all || self.ops.is_empty());
    }

    /// Lets the mixes that are the first to read what comes in look at it; gives what others read first.
    fn let_hear(&mut self) -> Vec<BufferId> {
        let (mut left, mut apart) = (Channels::of(self.memory.buffers(), &self.device_in), Vec::new());
        let Self { ops, terms, wires, .. } = self;
        for op in ops {
            match op {
                Op::Mix(mix) => {
                    let (dst, width) = (mix.dst(wires), mix.dst.len());
                    let terms = &mut terms[mix.terms.start as usize..mix.terms.end as usize];
                    let sources = |term: &crate::kernels::Term| &wires[term.sources as usize..][..width];
                    // What `verify` allows: a channel that is the source of its own first term.
                    let overwrites =
                        terms.first().is_some_and(|first| sources(first).iter().zip(dst).any(|(a, b)| a == b));
                    for term in terms {
                        let all = sources(term).iter().all(|&source| left.has(source));
                        let first = left.take(sources(term));
                        match all && !overwrites {
                            true => {
                                first.for_each(drop);
                                (term.hears, mix.looks) = (true, true);
                            }
                            false => apart.extend(first),
                        }
                    }
                }
                Op::Run(run) => {
                    let (inputs, outputs) = run.wires.of(wires);
                    apart.extend(left.take(inputs));
                    apart.extend(left.take(outputs));
                }
                Op::Send { src, .. } => apart.extend(left.take(&[*src])),
                Op::Clear { .. } | Op::Receive { .. } => {}
            }
        }
        apart
    }

    /// Lets the mixes that are the last to write what goes out look at it; gives what others write last.
    fn let_look(&mut self) -> Vec<BufferId> {
        let (mut left, mut apart) = (Channels::of(self.memory.buffers(), &self.device_out), Vec::new());
        let Self { ops, wires, .. } = self;
        for at in (0..ops.len()).rev() {
            // Who only listens writes nothing.
            let listens = at > 0 && matches!(&ops[at - 1], Op::Mix(mix) if mix.heard);
            match &mut ops[at] {
                Op::Run(_) if listens => {}
                Op::Mix(mix) => {
                    let dst = mix.dst(wires);
                    let all = dst.iter().all(|&buffer| left.has(buffer));
                    let last = left.take(dst);
                    match all {
                        true => {
                            last.for_each(drop);
                            (mix.gives, mix.looks) = (true, true);
                        }
                        false => apart.extend(last),
                    }
                }
                Op::Run(run) => apart.extend(left.take(run.wires.of(wires).1)),
                Op::Clear { dst } | Op::Receive { dst, .. } => apart.extend(left.take(&[*dst])),
                Op::Send { .. } => {}
            }
        }
        apart
    }
}
