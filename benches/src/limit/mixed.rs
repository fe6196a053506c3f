//! A graph drawn by chance, as somebody would write it down by hand: passes over a block that stays in the cache.
//!
//! A gain that one other node reads is a factor of that node's pass; sum, gain and delay of one node are one pass, and a
//! meter listens to what the cache still has.
//! A buffer is used again as soon as nobody needs it any more.

use super::level::Levels;
use super::ring::Ring;
use super::simd::{InstructionSet, Kernel, Vector};
use super::walk::{Body, added, added_times, load, scaled, store, walk};
use crate::contestant::Contestant;
use crate::mixed::{DELAY, Drawn, Kind};
use crate::workload::{METER_WINDOW, MIX};

pub(super) struct Mixed {
    set: InstructionSet,
    passes: Vec<Pass>,
    /// As long as the longest block so far.
    buffers: Vec<[Vec<f32>; 2]>,
    /// Frames since the rings began anew, and the windows: the rings are whole windows long.
    position: usize,
}

/// One node: `dst = (Σ source·gains)·factor`, and what happens to that on its way.
struct Pass {
    /// The output, or a buffer.
    to: Option<usize>,
    terms: Vec<Term>,
    factor: Option<f32>,
    then: Then,
}

#[derive(Clone)]
struct Term {
    /// The input, or a buffer.
    from: Option<usize>,
    gains: Vec<f32>,
}

enum Then {
    Nothing,
    Delay([Ring; 2]),
    Meter(Box<Levels>),
}

impl Mixed {
    pub(super) fn new(set: InstructionSet, drawn: &Drawn) -> Self {
        let (passes, buffers) = passes(drawn);
        Self { set, passes, buffers: vec![[vec![], vec![]]; buffers], position: 0 }
    }
}

/// The passes in order, and how many buffers they take.
fn passes(drawn: &Drawn) -> (Vec<Pass>, usize) {
    let readers = |id: usize| {
        let nodes = drawn.nodes.iter().map(|node| node.sources.iter().filter(|source| **source == id).count());
        nodes.sum::<usize>() + drawn.ends.iter().filter(|end| **end == id).count()
    };
    let mut values = vec![Term { from: None, gains: vec![] }];
    let mut buffers = Buffers::default();
    let mut passes = Vec::new();
    for (index, node) in drawn.nodes.iter().enumerate() {
        let factor = match node.kind {
            Kind::Gain(factor) | Kind::Opaque(factor) => Some(factor),
            _ => None,
        };
        let terms: Vec<Term> = node.sources.iter().map(|source| values[*source].clone()).collect();
        if let (Some(factor), [term], 1) = (factor, &terms[..], readers(index + 1)) {
            let mut term = term.clone();
            term.gains.push(factor);
            values.push(term);
            continue;
        }
        let then = match node.kind {
            Kind::Delay => Then::Delay([Ring::new(DELAY), Ring::new(DELAY)]),
            Kind::Meter => Then::Meter(Box::new(Levels::new(METER_WINDOW))),
            _ => Then::Nothing,
        };
        let to = buffers.take();
        values.push(Term { from: Some(to), gains: vec![] });
        passes.push(Pass { to: Some(to), terms, factor, then });
        let needed: Vec<usize> = (1..values.len())
            .filter(|id| {
                drawn.nodes[index + 1..].iter().any(|node| node.sources.contains(id)) || drawn.ends.contains(id)
            })
            .filter_map(|id| values[id].from)
            .collect();
        buffers.free_but(&needed);
    }
    let terms = drawn.ends.iter().map(|end| values[*end].clone()).collect();
    passes.push(Pass { to: None, terms, factor: None, then: Then::Nothing });
    (passes, buffers.used.len())
}

/// Which buffers are in use.
#[derive(Default)]
struct Buffers {
    used: Vec<bool>,
}

impl Buffers {
    fn take(&mut self) -> usize {
        let free = self.used.iter().position(|used| !used).unwrap_or_else(|| {
            self.used.push(false);
            self.used.len() - 1
        });
        self.used[free] = true;
        free
    }

    fn free_but(&mut self, needed: &[usize]) {
        self.used.iter_mut().enumerate().for_each(|(index, used)| *used = needed.contains(&index));
    }
}

impl Contestant for Mixed {
    fn run(&mut self, input: [&[f32]; 2], output: [&mut [f32]; 2]) {
        let frames = input[0].len();
        if self.buffers.first().is_some_and(|buffer| buffer[0].len() < frames) {
            self.buffers.iter_mut().flatten().for_each(|channel| channel.resize(frames, 0.0));
        }
        let [left, right] = output;
        let mut done = 0;
        while done < frames {
            let length = (frames - done).min(METER_WINDOW - self.position % METER_WINDOW);
            let piece = done..done + length;
            let input = input.map(|channel| &channel[piece.clone()]);
            let output = [&mut left[piece.clone()], &mut right[piece.clone()]];
            let (passes, buffers, position) = (&mut self.passes, &mut self.buffers, self.position);
            self.set.run(Run { input, output, passes, buffers, position });
            self.position = (self.position + length) % DELAY;
            done += length;
        }
    }
}

/// Frames within one window and one piece of the rings.
struct Run<'a> {
    input: [&'a [f32]; 2],
    output: [&'a mut [f32]; 2],
    passes: &'a mut [Pass],
    buffers: &'a mut [[Vec<f32>; 2]],
    position: usize,
}

impl Kernel for Run<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { input, output: [left, right], passes, buffers, position } = self;
        let frames = input[0].len();
        for pass in passes {
            // A buffer that is written is none of those that are read.
            let mut written = pass.to.map(|to| std::mem::take(&mut buffers[to]));
            let output: [&mut [f32]; 2] = match &mut written {
                Some([left, right]) => [left, right],
                None => [&mut *left, &mut *right],
            };
            walk::<V, 4>(0..frames, &mut Passing { input, output, pass, buffers, position });
            if let (Then::Meter(levels), Some([left, right])) = (&mut pass.then, &written) {
                levels.listen::<V>([&left[..frames], &right[..frames]]);
            }
            if let (Some(to), Some(written)) = (pass.to, written) {
                buffers[to] = written;
            }
        }
    }
}

struct Passing<'a> {
    input: [&'a [f32]; 2],
    output: [&'a mut [f32]; 2],
    pass: &'a mut Pass,
    buffers: &'a [[Vec<f32>; 2]],
    position: usize,
}

impl Body for Passing<'_> {
    #[inline(always)]
    fn take<V: Vector, const K: usize>(&mut self, at: usize) {
        let mut samples = [[V::splat(0.0); K]; 2];
        for (channel, samples) in samples.iter_mut().enumerate() {
            for (index, term) in self.pass.terms.iter().enumerate() {
                let from = term.from.map_or(self.input[channel], |from| &self.buffers[from][channel]);
                let mut part: [V; K] = load(from, at);
                for gain in &term.gains {
                    part = scaled(part, V::splat(*gain));
                }
                *samples = if index == 0 { part } else { added(*samples, part) };
            }
            if let Some(factor) = self.pass.factor {
                *samples = scaled(*samples, V::splat(factor));
            }
        }
        if let Then::Delay(rings) = &mut self.pass.then {
            delayed(rings, &mut samples, self.position + at);
        }
        for (samples, output) in samples.into_iter().zip(&mut self.output) {
            store(samples, output, at);
        }
    }
}

#[inline(always)]
fn delayed<V: Vector, const K: usize>(rings: &mut [Ring; 2], samples: &mut [[V; K]; 2], position: usize) {
    let (dry, wet) = (V::splat((1.0 - MIX) as f32), V::splat(MIX as f32));
    for (ring, samples) in rings.iter_mut().zip(samples) {
        let ring = ring.samples();
        let past: [V; K] = load(ring, position);
        store(*samples, ring, position);
        *samples = added_times(scaled(*samples, dry), past, wet);
    }
}
