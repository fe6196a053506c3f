//! What is on its way out after a load: for how long it is heard, and what it takes.

use patchline_graph::{
    DeviceChannels, Engine, Graph, LoadError, OnReplace, Renderer, Step, StreamSpec, compile, engine,
};

use crate::nodes::{DeviceIn, DeviceOut, Drone, Echo, Fixed};
use crate::oracle::Dice;
use crate::reload::{FADE, stream, through, wire};
use crate::render;

/// The device's input that nobody listens to, and its silent output.
fn silent() -> Graph {
    let mut graph = Graph::new();
    graph.add("in", DeviceIn(DeviceChannels::All)).unwrap().add("out", DeviceOut(vec![0])).unwrap();
    graph
}

/// How many frames after `next` was loaded something was still heard of `before`, whose input is silent by then.
fn rings_for(before: Graph, next: Graph, stream: StreamSpec) -> usize {
    let (rate, frames) = (stream.rate as usize, 12 * stream.rate as usize);
    let (mut engine, mut renderer) = engine(stream);
    engine.load(before).unwrap();
    render(&mut renderer, &vec![1.0; 3 * rate / 10], 64);
    engine.load(next).unwrap();
    let heard = render(&mut renderer, &vec![0.0; frames], 64);
    engine.collect();
    assert_eq!(engine.leaving().count(), 0);
    engine.close(renderer);
    heard.iter().rposition(|sample| *sample != 0.0).map_or(0, |last| last + 1)
}

fn cut(mut graph: Graph, name: &str) -> Graph {
    graph.on_replace(name, OnReplace::Cut).unwrap();
    graph
}

#[test]
fn what_is_cut_fades_at_once_and_what_has_a_tail_rings_out_first() {
    let echo = |frames: usize| through("echo", Echo(frames));
    assert_eq!(rings_for(echo(5_000), silent(), stream()), 5_000);
    assert_eq!(rings_for(cut(echo(5_000), "echo"), silent(), stream()), FADE);
    // Of one that is replaced the new graph has the say.
    assert_eq!(rings_for(echo(5_000), cut(echo(50), "echo"), stream()), FADE);
    assert_eq!(rings_for(cut(echo(5_000), "echo"), echo(50), stream()), 5_000);
}

#[test]
fn who_can_be_cut_is_a_node_of_the_graph() {
    let message = compile(&cut(wire(), "nobody"), &stream()).unwrap_err().to_string();
    assert!(message.contains("there is no node `nobody` that could be replaced"), "{message}");
    assert_eq!(cut(wire(), "out").replacing("out"), OnReplace::Cut);
    let mut graph = cut(wire(), "out");
    graph.on_replace("out", OnReplace::Tail).unwrap();
    assert_eq!(graph, wire());
    assert!(graph.on_replace("no name", OnReplace::Cut).is_err());
}

#[test]
fn no_tail_is_longer_than_ten_seconds() {
    let slow = StreamSpec::new(1_000, 64, 1, 1);
    let fade = slow.fade as usize;
    // Its input fades out, ten seconds pass, it fades out itself.
    assert_eq!(rings_for(through("drone", Drone(0.5)), silent(), slow), fade + 10_000 + fade);
}

/// An echo of a tenth of the budget and more, a different one each time.
fn heavy(dice: &mut Dice, engine: &mut Engine, renderer: &mut Renderer) -> (bool, usize) {
    let frames = dice.between(5_000, 20_000);
    let cut = match engine.load(through("echo", Echo(frames))) {
        Ok(loaded) => loaded.cut,
        Err(LoadError::Crowded(_)) => false,
        Err(error) => panic!("{error}"),
    };
    render(renderer, &vec![0.5; dice.between(1, 2_000)], 64);
    engine.collect();
    (cut, engine.schedule().footprint(stream().max_frames))
}

#[test]
fn what_leaves_counts_in_the_budget() {
    let max_memory = 200_000;
    let (mut engine, mut renderer) = engine(StreamSpec { max_memory, ..stream() });
    engine.load(through("echo", Echo(9_999))).unwrap();
    let mut dice = Dice::new(11);
    let (cuts, sizes): (Vec<bool>, Vec<usize>) = (0..300).map(|_| heavy(&mut dice, &mut engine, &mut renderer)).unzip();
    let most = sizes.iter().copied().max().unwrap();
    assert!(most <= max_memory && most > 150_000, "{most} bytes");
    let cuts = cuts.iter().filter(|cut| **cut).count();
    assert!((50..250).contains(&cuts), "{cuts} of 300 loads had to cut");
    engine.close(renderer);
}

#[test]
fn one_that_comes_back_while_it_leaves_starts_beside_itself() {
    let (mut engine, mut renderer) = engine(stream());
    engine.load(through("gone", Fixed(1.0))).unwrap();
    render(&mut renderer, &[1.0; 100], 64);
    let mut heard = Vec::new();
    for number in 0..6 {
        let loaded = engine.load(if number % 2 == 0 { wire() } else { through("gone", Fixed(1.0)) }).unwrap();
        assert_eq!(loaded.started.len(), number % 2);
        assert_eq!(engine.leaving().count(), number / 2 + 1);
        heard.extend(render(&mut renderer, &[1.0; 100], 64));
    }
    heard.extend(render(&mut renderer, &[1.0; 2 * FADE], 64));
    let off = heard.iter().map(|sample| (sample - 1.0).abs()).fold(0.0, f32::max);
    assert!(off < 1e-6, "{off}");
    engine.collect();
    assert_eq!(engine.leaving().count(), 0);
    engine.close(renderer);
}

/// Ends when what feeds it has ended and its way has been gone; on a loop, when a loop may go on no longer.
#[test]
fn what_is_fed_over_a_feedback_link_waits_for_that_and_no_longer() {
    let fed_back = |is_loop: bool| {
        let mut graph = silent();
        graph.add("behind", Fixed(0.5)).unwrap().add("before", Fixed(0.5)).unwrap();
        graph.link("in", "before").unwrap().link_back("before", "behind").unwrap().link("behind", "out").unwrap();
        if is_loop {
            graph.link("behind", "before").unwrap();
        }
        graph
    };
    let (mut engine, mut renderer) = engine(stream());
    engine.load(fed_back(false)).unwrap();
    render(&mut renderer, &[1.0; 1_000], 64);
    engine.load(silent()).unwrap();
    // A fade of the input, the way of 100 frames, and a last fade, of nothing.
    let heard = render(&mut renderer, &[0.5; 3 * FADE], 64);
    assert!(heard[..100].iter().all(|sample| *sample != 0.0), "what was on its way is heard");
    assert!(heard[FADE + 100..].iter().all(|sample| *sample == 0.0));
    engine.collect();
    assert_eq!(engine.leaving().count(), 0);
    engine.close(renderer);

    let (mut engine, mut renderer) = patchline_graph::engine(StreamSpec::new(1_000, 64, 1, 1));
    engine.load(fed_back(true)).unwrap();
    render(&mut renderer, &[1.0; 1_000], 64);
    engine.load(silent()).unwrap();
    for (frames, left) in [(9_000, 2), (1_500, 0)] {
        render(&mut renderer, &vec![0.0; frames], 64);
        engine.collect();
        assert_eq!(engine.leaving().count(), left, "{frames}");
    }
    engine.close(renderer);
}

/// A chain of nodes, some with a tail, some cut, and some of them heard beside it.
fn entangled(dice: &mut Dice) -> Graph {
    let mut graph = silent();
    let mut before = "in".to_owned();
    for number in 0..dice.between(1, 6) {
        let name = format!("n{number}");
        match dice.between(0, 3) {
            0 => graph.add(&name, Echo(dice.between(1, 300))).unwrap(),
            1 => graph.add(&name, Drone(0.5)).unwrap(),
            _ => graph.add(&name, Fixed(0.5 + dice.sample() / 4.0)).unwrap(),
        };
        graph.link(&before, &name).unwrap();
        for (percent, to) in [(20, "out"), (20, &*name)] {
            if dice.chance(percent) {
                graph.link(&before, to).unwrap();
            }
        }
        if dice.chance(20) {
            graph.on_replace(&name, OnReplace::Cut).unwrap();
        }
        before = name;
    }
    graph.link(&before, "out").unwrap();
    graph
}

#[test]
fn no_bit_changes_by_what_is_cleared_away() {
    for seed in 0..300 {
        let play = |clear: bool| {
            let mut dice = Dice::new(seed);
            let (mut engine, mut renderer) = engine(StreamSpec { max_memory: 1 << 30, ..stream() });
            let mut heard = Vec::new();
            for _ in 0..3 {
                engine.load(entangled(&mut dice)).unwrap();
                let frames = dice.between(1, 2 * FADE);
                heard.extend(render(&mut renderer, &dice.signal(1, frames)[0], 64));
            }
            for _ in 0..10 {
                heard.extend(render(&mut renderer, &dice.signal(1, FADE / 3)[0], 64));
                if clear {
                    engine.collect();
                }
            }
            engine.close(renderer);
            heard.into_iter().map(f32::to_bits).collect::<Vec<_>>()
        };
        assert!(play(true) == play(false), "seed {seed}");
    }
}

#[test]
fn who_end_together_fade_once_where_they_are_heard() {
    let chain = |gain: f32| {
        let mut graph = silent();
        for number in 0..10 {
            graph.add(&format!("n{number}"), Fixed(gain)).unwrap();
        }
        graph.chain(&["in", "n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "n9", "out"]).unwrap();
        graph
    };
    let (mut engine, renderer) = engine(stream());
    engine.load(chain(0.5)).unwrap();
    engine.load(chain(0.25)).unwrap();
    let schedule = engine.schedule();
    // One in, one out, and the last one of those who leave; mixed into both chains, and at their end.
    assert_eq!(schedule.fades.len(), 3);
    let mixes = schedule.steps.iter().filter(|step| matches!(step, Step::Mix { .. })).count();
    assert_eq!(mixes, 3, "{schedule}");
    engine.close(renderer);
}

/// A node that turns the device's input over, and one that goes to the same channel of the device and leaves again.
#[test]
fn what_has_left_an_output_of_the_device_adds_nothing_to_the_sign_of_silence() {
    use crate::nodes::{DeviceIn, DeviceOut, Trim};
    use patchline_graph::DeviceChannels;
    let graph = |both: bool| {
        let mut graph = Graph::new();
        graph.add("in", DeviceIn(DeviceChannels::Pick(vec![Some(0)]))).unwrap();
        graph.add("minus", Trim(-1.0)).unwrap().add("out", DeviceOut(vec![0])).unwrap();
        graph.chain(&["in", "minus", "out"]).unwrap();
        if both {
            graph.add("half", Trim(0.5)).unwrap().add("also", DeviceOut(vec![0])).unwrap();
            graph.chain(&["in", "half", "also"]).unwrap();
        }
        graph
    };
    let (mut engine, mut renderer) = crate::playing(graph(true));
    let noise: Vec<f32> = (0..64).map(|frame| (frame % 7) as f32 / 7.0 - 0.5).collect();
    crate::render(&mut renderer, &noise, 64);
    engine.load(graph(false)).unwrap();
    for _ in 0..40 {
        crate::render(&mut renderer, &noise, 64);
    }
    let signs = |renderer: &mut patchline_graph::Renderer| -> Vec<u32> {
        crate::render(renderer, &[0.0, 0.5, -0.0, 0.0], 4).into_iter().map(f32::to_bits).collect()
    };
    let before = signs(&mut renderer);
    engine.load(graph(false)).unwrap();
    assert_eq!(before, signs(&mut renderer), "sweeping changes no bit");
    assert_eq!(before, [-0.0f32, -0.5, 0.0, -0.0].map(f32::to_bits));
}
