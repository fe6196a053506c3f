//! Rest: what is silent is not computed, and nobody can tell.

use patchline_graph::{DeviceChannels, Engine, EventKind, Frame, Graph, Renderer, StreamSpec, engine};

use crate::nodes::{DeviceIn, DeviceOut, Echo, Scale, Sink, Source, Trim};

const BLOCK: usize = 64;

/// The input, halved, and an echo of 100 frames, subtracted.
fn patch() -> Graph {
    let mut graph = Graph::new();
    graph.add("in", DeviceIn(DeviceChannels::Pick(vec![Some(0)]))).unwrap();
    graph.add("half", Scale(0.5)).unwrap().add("echo", Echo(100)).unwrap().add("minus", Trim(-1.0)).unwrap();
    graph.add("out", DeviceOut(vec![0])).unwrap();
    graph.chain(&["in", "half", "out"]).unwrap().chain(&["half", "echo", "minus", "out"]).unwrap();
    graph
}

/// The same, and somebody who never rests.
fn restless(mut graph: Graph) -> Graph {
    graph.add("hum", Source { seed: 1, channels: 1 }).unwrap().add("bin", Sink).unwrap();
    graph.link("hum", "bin").unwrap();
    graph
}

/// A patch that may rest, and one that never does.
struct Pair {
    players: [(Engine, Renderer); 2],
    sample: u32,
}

impl Pair {
    fn new(graph: impl Fn() -> Graph) -> Self {
        let player = |graph| {
            let (mut engine, renderer) = engine(StreamSpec::new(48_000, BLOCK, 2, 2));
            engine.load(graph).unwrap();
            (engine, renderer)
        };
        Self { players: [player(graph()), player(restless(graph()))], sample: 1 }
    }

    fn each(&mut self, change: impl Fn(&mut Engine)) {
        self.players.iter_mut().for_each(|(engine, _)| change(engine));
    }

    fn load(&mut self, graph: Graph) {
        self.players[0].0.load(graph.clone()).unwrap();
        self.players[1].0.load(restless(graph)).unwrap();
    }

    /// Lets both play the same; nobody can tell which one rested.
    fn hear(&mut self, input: &[f32]) -> Vec<f32> {
        let [mut own, mut other] = self.players.each_mut().map(|(_, renderer)| {
            let mut out = [vec![f32::NAN; input.len()], vec![f32::NAN; input.len()]];
            let [left, right] = &mut out;
            renderer.render(input.len(), &[input, input], &mut [left, right]);
            out
        });
        assert_eq!(own.each_ref().map(|out| bits(out)), other.each_ref().map(|out| bits(out)));
        other.reverse();
        std::mem::take(&mut own[0])
    }

    fn noise(&mut self, frames: usize) -> Vec<f32> {
        let noise: Vec<f32> = (0..frames)
            .map(|_| {
                self.sample = self.sample.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                self.sample as f32 / u32::MAX as f32 - 0.5
            })
            .collect();
        self.hear(&noise)
    }

    fn silence(&mut self, blocks: usize) -> Vec<f32> {
        (0..blocks).flat_map(|_| self.hear(&[0.0; BLOCK])).collect()
    }

    /// Frames that the one has rested; the other never does.
    fn slept(&self) -> u64 {
        let [own, other] = self.players.each_ref().map(|(engine, _)| engine.stats().slept);
        assert_eq!(other, 0);
        own
    }

    fn falls_asleep(&mut self) {
        let before = self.slept();
        self.silence(20);
        assert!(self.slept() >= before + 8 * BLOCK as u64, "{}", self.slept() - before);
    }

    fn stays_awake(&mut self, blocks: usize) {
        let before = self.slept();
        self.silence(blocks);
        assert_eq!(self.slept(), before);
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        for (engine, renderer) in &mut self.players {
            let (_, gone) = patchline_graph::engine(StreamSpec::new(48_000, 1, 1, 1));
            engine.close(std::mem::replace(renderer, gone));
        }
    }
}

fn bits(samples: &[f32]) -> Vec<u32> {
    samples.iter().map(|sample| sample.to_bits()).collect()
}

#[test]
fn silence_is_slept_through_until_something_comes_in() {
    let mut pair = Pair::new(patch);
    pair.noise(300);
    // As long as the echo lasts.
    pair.stays_awake(2);
    for round in 1..50 {
        pair.falls_asleep();
        // The echo begins where it would be, had it gone round all the while.
        let heard = pair.noise(1 + round);
        assert!(heard.iter().any(|sample| *sample != 0.0));
        pair.stays_awake(2);
    }
}

#[test]
fn negative_zeros_are_heard() {
    let mut pair = Pair::new(patch);
    pair.falls_asleep();
    let before = pair.slept();
    let heard = pair.hear(&[-0.0; BLOCK]);
    assert_eq!(pair.slept(), before, "a patch turns them into what it likes");
    assert!(heard.iter().all(|sample| *sample == 0.0));
    pair.falls_asleep();
}

#[test]
fn changes_wake() {
    let mut pair = Pair::new(patch);
    pair.falls_asleep();
    let changes: [&dyn Fn(&mut Engine); 4] = [
        &|engine| engine.set("half", Scale(0.25), None).unwrap(),
        &|engine| engine.set("minus", Trim(0.5), None).unwrap(),
        &|engine| engine.bypass("half", true, None).unwrap(),
        &|engine| engine.bypass("half", false, None).unwrap(),
    ];
    for change in changes {
        let before = pair.slept();
        pair.each(change);
        pair.silence(1);
        assert_eq!(pair.slept(), before);
        pair.silence(30);
        pair.falls_asleep();
        pair.noise(100);
    }
    let before = pair.slept();
    let mut graph = patch();
    graph.add("more", Trim(0.1)).unwrap().chain(&["half", "more", "out"]).unwrap();
    pair.load(graph);
    pair.silence(1);
    assert_eq!(pair.slept(), before, "a load is a change");
    pair.silence(30);
    pair.falls_asleep();
    pair.noise(300);
}

#[test]
fn a_change_for_a_later_frame_comes_in_time() {
    let mut pair = Pair::new(patch);
    pair.falls_asleep();
    let frame = pair.players[0].1.position() + 5 * BLOCK as Frame + 7;
    pair.each(|engine| engine.set("half", Scale(0.75), Some(frame)).unwrap());
    pair.silence(10);
    pair.each(|engine| {
        let events = std::iter::from_fn(|| engine.next_event());
        let frames = events.filter(|event| matches!(event.kind, EventKind::Set { late: 0 })).map(|event| event.frame);
        assert_eq!(frames.collect::<Vec<_>>(), [frame]);
    });
    pair.falls_asleep();
}

#[test]
fn a_loop_sleeps_once_it_has_died_away() {
    let looped = || {
        let mut graph = patch();
        graph.link_back("echo", "half").unwrap();
        graph
    };
    let mut pair = Pair::new(looped);
    pair.noise(100);
    pair.stays_awake(20);
    pair.silence(2_000);
    pair.falls_asleep();
    pair.noise(100);
}

#[test]
fn a_constant_is_held() {
    let constant = || {
        let mut graph = patch();
        graph.add("dc", crate::nodes::Drone(0.25)).unwrap().chain(&["half", "dc", "out"]).unwrap();
        graph
    };
    let mut pair = Pair::new(constant);
    pair.falls_asleep();
    assert!(pair.silence(1).iter().all(|sample| *sample == 0.25));
}
