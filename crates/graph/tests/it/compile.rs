//! What the compiler makes of a graph, and what it says about a bad one.

use patchline_graph::{
    DeviceChannels, Factor, Graph, Instructions, Place, Schedule, Slot, Step, StreamSpec, Tail, Term, Why, Widths,
    compile,
};

use crate::nodes::{Blend, Combine, DeviceIn, DeviceOut, Scale, Side, Sink, Source, Trim};

fn stream() -> StreamSpec {
    StreamSpec::new(48_000, 64, 2, 2)
}

fn stereo(channels: &[usize]) -> DeviceOut {
    DeviceOut(channels.to_vec())
}

/// `in -> s0 -> s1 -> … -> out`, stereo.
fn chain(length: usize) -> Graph {
    let mut graph = Graph::new();
    graph.add("in", DeviceIn(DeviceChannels::All)).unwrap();
    graph.add("out", stereo(&[0, 1])).unwrap();
    let names: Vec<String> = (0..length).map(|index| format!("s{index}")).collect();
    for name in &names {
        graph.add(name, Scale(0.5)).unwrap();
    }
    let ends: Vec<&str> = std::iter::once("in").chain(names.iter().map(String::as_str)).chain(["out"]).collect();
    graph.chain(&ends).unwrap();
    graph
}

/// The messages and places of everything that is wrong with a graph.
fn errors(graph: &Graph) -> Vec<(Place, String)> {
    let errors = compile(graph, &stream()).expect_err("the graph is bad").0;
    errors.into_iter().map(|error| (error.place, error.message)).collect()
}

#[test]
fn a_chain_lives_in_the_devices_buffers() {
    let schedule = compile(&chain(1000), &stream()).unwrap();
    assert_eq!((schedule.buffers, schedule.steps.len()), (4, 1001));
    assert!(schedule.steps[1..].iter().all(|step| matches!(step, Step::Run { .. })));
}

#[test]
fn a_branch_is_copied_and_summed_in_place() {
    let mut graph = chain(1);
    graph.add("side", Scale(2.0)).unwrap();
    graph.chain(&["in", "side", "out"]).unwrap();
    check_plan(
        &graph,
        "   0 mix      [out0 out1] = [in0 in1]    (a copy to work on in place)
   1 run      s0 (scale) [out0 out1] in place
   2 mix      [b0 b1] = [in0 in1]    (a copy to work on in place)
   3 run      side (scale) [b0 b1] in place
   4 mix      [out0 out1] = [out0 out1] + [b0 b1]    (links meet)
5 steps, 2 buffers beside the device's, 2 nodes run, 0 dissolved in mixes",
    );
}

#[track_caller]
fn check_plan(graph: &Graph, expected: &str) {
    assert_eq!(compile(graph, &stream()).unwrap().to_string(), expected);
}

/// `names` in a chain of trims from `from` to `to`.
fn trims(graph: &mut Graph, from: &str, names: &[&str], to: &str) {
    for name in names {
        graph.add(name, Trim(0.5)).unwrap();
    }
    let ends: Vec<&str> = std::iter::once(from).chain(names.iter().copied()).chain([to]).collect();
    graph.chain(&ends).unwrap();
}

#[test]
fn what_only_scales_is_a_factor_of_who_reads_it() {
    let mut graph = Graph::new();
    graph.add("in", DeviceIn(DeviceChannels::All)).unwrap().add("out", stereo(&[0, 1])).unwrap();
    graph.add("echo", Scale(0.5)).unwrap();
    trims(&mut graph, "in", &["level", "pan"], "out");
    trims(&mut graph, "in", &["send"], "echo");
    trims(&mut graph, "echo", &["return"], "out");
    check_plan(
        &graph,
        "   0 mix      [b0 b1] = [in0 in1] * send    (for a node that does more than scale)
   1 run      echo (scale) [b0 b1] in place
   2 mix      [out0 out1] = [in0 in1] * level * pan + [b0 b1] * return    (links meet)
3 steps, 2 buffers beside the device's, 1 node run, 4 dissolved in mixes",
    );
}

#[test]
fn what_several_read_is_scaled_once_and_what_nobody_reads_never() {
    let mut graph = Graph::new();
    graph.add("in", DeviceIn(DeviceChannels::Pick(vec![Some(1)]))).unwrap().add("out", stereo(&[1, 0])).unwrap();
    trims(&mut graph, "in", &["level"], "out");
    graph.add("unheard", Trim(0.5)).unwrap().link("in", "unheard").unwrap();
    check_plan(
        &graph,
        "   0 mix      [out1] = [in1] * level    (several read it)
   1 mix      [out0] = [out1]    (to the device)
2 steps, 0 buffers beside the device's, 0 nodes run, 2 dissolved in mixes",
    );
}

#[test]
fn what_only_sums_up_is_a_mix_for_each_sum() {
    let plan = |parts: &[(usize, usize, f32)], expected: &str| {
        let mut graph = Graph::new();
        graph.add("in", DeviceIn(DeviceChannels::All)).unwrap().add("out", stereo(&[0, 1])).unwrap();
        graph.add("pan", Blend { outputs: 2, parts: parts.to_vec(), opaque: false }).unwrap();
        trims(&mut graph, "in", &["before"], "pan");
        trims(&mut graph, "pan", &["after"], "out");
        check_plan(&graph, expected);
    };
    plan(
        &[(1, 0, 0.5), (0, 1, 0.5)],
        "   0 mix      [out0] = [in1] * before * pan#0 * after    (to the device)
   1 mix      [out1] = [in0] * before * pan#1 * after    (to the device)
2 steps, 0 buffers beside the device's, 0 nodes run, 3 dissolved in mixes",
    );
    plan(
        &[(0, 0, 0.5), (1, 0, 0.5)],
        "   0 mix      [out0] = [in0] * before * pan#0 + [in1] * before * pan#1    (a node sums them up)
   1 clear    out1
   2 mix      [out0 out1] = [out0 out1] * after    (to the device)
3 steps, 0 buffers beside the device's, 0 nodes run, 3 dissolved in mixes",
    );
    plan(
        &[(0, 1, 0.5), (0, 0, 0.25), (1, 1, 0.125)],
        "   0 mix      [out0] = [in0] * before    (several read it)
   1 mix      [out1] = [out0] * pan#0 + [in1] * before * pan#2    (a node sums them up)
   2 mix      [out0] = [out0] * pan#1 * after    (to the device)
   3 mix      [out1] = [out1] * after    (to the device)
4 steps, 0 buffers beside the device's, 0 nodes run, 3 dissolved in mixes",
    );
}

#[test]
fn wide_sums_are_folded_as_their_sources_come() {
    let mut graph = Graph::new();
    graph.add("in", DeviceIn(DeviceChannels::MonoMix)).unwrap().add("out", stereo(&[0])).unwrap();
    for index in 0..20 {
        let name = format!("s{index}");
        graph.add(&name, Scale(1.0)).unwrap().chain(&["in", &name, "out"]).unwrap();
    }
    let schedule = compile(&graph, &stream()).unwrap();
    // The device's three, the mean of its inputs, the sum so far and eight sources.
    assert_eq!((schedule.buffers, schedule.slots.len()), (3 + 1 + 8, 20));
    let folds = schedule.steps.iter().filter(|step| matches!(step, Step::Mix { why: Why::Fold, .. }));
    assert_eq!(folds.count(), 2);
}

#[test]
fn channels_follow_the_input_and_one_is_copied_to_many() {
    let mut graph = Graph::new();
    graph.add("mono", Source { seed: 1, channels: 1 }).unwrap();
    graph.add("in", DeviceIn(DeviceChannels::All)).unwrap();
    graph.add("both", Scale(1.0)).unwrap();
    graph.add("out", stereo(&[0, 1])).unwrap();
    graph.chain(&["mono", "both", "out"]).unwrap().link("in", "both").unwrap();
    let schedule = compile(&graph, &stream()).unwrap();
    let both = schedule.slots.iter().find(|slot| slot.name == "both").unwrap();
    assert_eq!((&both.widths.inputs[..], &both.widths.outputs[..]), (&[2][..], &[2][..]));
}

#[test]
fn a_node_fed_back_only_takes_its_sources_width_and_an_open_loop_is_mono() {
    let mut graph = Graph::new();
    for name in ["a", "b", "c"] {
        graph.add(name, Scale(0.5)).unwrap();
    }
    graph.add("in", DeviceIn(DeviceChannels::All)).unwrap();
    graph.link_back("in", "a").unwrap().link_back("b", "c").unwrap().link_back("c", "b").unwrap();
    let schedule = compile(&graph, &stream()).unwrap();
    let width = |name: &str| schedule.slots.iter().find(|slot| slot.name == name).unwrap().widths.outputs[0];
    assert_eq!((width("a"), width("b"), width("c")), (2, 1, 1));
    assert_eq!(schedule.tail, Tail::Infinite);
}

#[test]
fn an_unlinked_optional_port_has_no_channels() {
    let mut graph = Graph::new();
    graph.add("side", Side(1.0)).unwrap();
    assert_eq!(compile(&graph, &stream()).unwrap().slots[0].widths.inputs, [1, 0]);
}

#[test]
fn every_bad_link_is_reported_at_its_end() {
    let mut graph = chain(1);
    graph.add("sink", Sink).unwrap();
    graph.link("in", "nobody").unwrap().link("s0.oops", "out").unwrap().link("sink", "out.inn").unwrap();
    assert_eq!(
        errors(&graph),
        [
            (Place::To(2), "there is no node `nobody`".to_owned()),
            (Place::From(3), "`s0` has no output `oops`; it has `out`".to_owned()),
            (Place::From(4), "`sink` has no output, only the input `in`".to_owned()),
            (Place::To(4), "`out` has no input `inn`; it has `in`".to_owned()),
        ]
    );
}

#[test]
fn a_loop_is_spelled_out_whole() {
    let mut graph = chain(3);
    graph.link("s2", "s0").unwrap();
    let (place, message) = errors(&graph).remove(0);
    assert_eq!(place, Place::To(4));
    assert!(message.contains("s0 -> s1 -> s2 -> s0"), "{message}");
    assert!(message.contains("`s2 ~> s0`"), "{message}");
    let mut itself = chain(1);
    itself.link("s0", "s0").unwrap();
    assert!(errors(&itself)[0].1.contains("s0 -> s0"));
}

#[test]
fn counts_that_do_not_match_offer_a_way_out() {
    let mut graph = chain(1);
    graph.add("three", Source { seed: 1, channels: 3 }).unwrap();
    graph.link("three", "out").unwrap().link("in[2]", "out").unwrap().link("in[0]", "out[4]").unwrap();
    let messages: Vec<String> = errors(&graph).into_iter().map(|(_, message)| message).collect();
    assert!(messages[0].starts_with("`three` gives 3 channels (0 to 2) and `out` takes 2"), "{}", messages[0]);
    assert!(messages[0].contains("`three[0..2] -> out`") && messages[0].contains("matrix"), "{}", messages[0]);
    assert_eq!(messages[1], "`in` has 2 channels (0 to 1); there is no channel 2");
    assert_eq!(messages[2], "`out` takes 2 channels (0 to 1); there is no channel 4");
}

#[test]
fn channels_that_the_device_lacks_are_named() {
    let mut graph = Graph::new();
    graph.add("in", DeviceIn(DeviceChannels::Pick(vec![Some(5)]))).unwrap();
    graph.add("out", stereo(&[2])).unwrap();
    graph.link("in", "out").unwrap();
    let messages: Vec<String> = errors(&graph).into_iter().map(|(_, message)| message).collect();
    assert_eq!(messages[0], "`in` asks for channel 5 of the device, but the input has 2 channels, 0 to 1");
    assert_eq!(messages[1], "`out` asks for channel 2 of the device, but the output has 2 channels, 0 to 1");
}

#[test]
fn an_output_without_channels_takes_all_of_the_device_or_what_reaches_it() {
    let mut graph = Graph::new();
    graph.add("two", Combine(1.0)).unwrap();
    graph.add("out", crate::nodes::WholeOut).unwrap();
    graph.link("two", "out").unwrap();
    let open = StreamSpec { outputs: None, ..stream() };
    assert_eq!(compile(&graph, &open).unwrap().device_out.len(), 2);
    assert_eq!(compile(&graph, &StreamSpec { outputs: Some(2), ..stream() }).unwrap().device_out.len(), 2);
    assert!(compile(&graph, &StreamSpec { outputs: Some(3), ..stream() }).is_err());
}

/// A schedule of one mix over two buffers, the first of which is the device's input.
fn small() -> Schedule {
    Schedule {
        steps: vec![Step::Mix { dst: 0..1, terms: 0..1, why: Why::Device }],
        terms: vec![Term { sources: 1..2, factors: 0..0 }],
        wires: vec![1, 0],
        buffers: 2,
        device_in: vec![Some(0)],
        device_out: vec![Some(1)],
        ..Schedule::default()
    }
}

#[test]
fn verify_finds_every_planted_violation() {
    let problem = |change: fn(&mut Schedule)| {
        let mut schedule = small();
        change(&mut schedule);
        schedule.verify().map_err(|error| error.problem)
    };
    assert_eq!(problem(|_| {}), Ok(()));
    assert_eq!(problem(|s| s.wires = vec![1, 1]), Err("reads a buffer that was never written"));
    assert_eq!(problem(|s| s.wires = vec![0, 0]), Err("writes what the device reads in"));
    assert_eq!(problem(|s| s.terms[0].factors = 0..1), Err("points outside the schedule"));
    assert_eq!(problem(|s| s.steps[0] = Step::Clear { dst: 7 }), Err("writes a buffer that does not exist"));
    assert_eq!(problem(|s| s.steps[0] = Step::Send { src: 0, line: 0 }), Err("points outside the schedule"));
    assert_eq!(problem(|s| s.steps.clear()), Err("sends a buffer that was never written to the device"));
    let second_source = |s: &mut Schedule| {
        s.steps.insert(0, Step::Clear { dst: 1 });
        s.terms.push(Term { sources: 0..1, factors: 0..0 });
        s.steps[1] = Step::Mix { dst: 0..1, terms: 0..2, why: Why::Meet };
    };
    let gain = |s: &mut Schedule| {
        s.factors.push(Factor::Gain { slot: 0, factor: 0 });
        s.terms[0].factors = 0..1;
    };
    assert_eq!(problem(gain), Err("points outside the schedule"));
    let other_channel = |s: &mut Schedule| {
        (s.buffers, s.wires) = (3, vec![1, 2, 0, 1]);
        s.steps = vec![Step::Clear { dst: 1 }, Step::Mix { dst: 0..2, terms: 0..1, why: Why::Meet }];
        s.terms[0].sources = 2..4;
    };
    assert_eq!(problem(other_channel), Err("writes a buffer that it reads"));
    assert_eq!(problem(second_source), Err("writes a buffer that it reads"));
    let nothing = |s: &mut Schedule| s.steps[0] = Step::Mix { dst: 0..1, terms: 0..0, why: Why::Meet };
    assert_eq!(problem(nothing), Err("points outside the schedule"));
    let in_place = |s: &mut Schedule| {
        let slot = compile(&chain(1), &stream()).unwrap().slots[0].clone();
        s.slots = [Slot { widths: Widths::new(vec![1], vec![1]), ..slot }].into_iter().collect();
        s.steps.insert(0, Step::Run { slot: 0, inputs: 0..0, outputs: 0..1 });
    };
    assert_eq!(problem(in_place), Err("works in place on a buffer that was never written"));
}

#[test]
fn an_echo_in_a_loop_is_as_wide_as_what_it_echoes() {
    for bus in [false, true] {
        let mut graph = chain(1);
        graph.add("echo", Scale(0.5)).unwrap();
        if bus {
            graph.add("s0", Combine(1.0)).unwrap();
        }
        graph.link_back("s0", "echo").unwrap().link("echo", "s0").unwrap();
        let schedule = compile(&graph, &stream()).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(schedule.slots.iter().find(|slot| slot.name == "echo").unwrap().widths.outputs, [2]);
    }
}

#[test]
fn a_side_port_says_nothing_about_the_main_ports_width() {
    let mut graph = chain(1);
    graph.add("lfo", Source { seed: 1, channels: 1 }).unwrap().add("side", Side(1.0)).unwrap();
    graph.link("lfo", "side.mod").unwrap().link_back("s0", "side").unwrap().link("side", "out").unwrap();
    let schedule = compile(&graph, &stream()).unwrap();
    assert_eq!(schedule.slots.iter().find(|slot| slot.name == "side").unwrap().widths.outputs, [2, 1]);
}

#[test]
fn numbers_that_nobody_means_are_refused_before_anything_is_built() {
    let refused = |change: fn(&mut Graph)| {
        let mut graph = chain(1);
        change(&mut graph);
        compile(&graph, &StreamSpec { outputs: None, ..stream() }).unwrap_err().0.remove(0).message
    };
    let slice = |graph: &mut Graph| {
        graph.link("in[0]", "s0[18446744073709551614]").unwrap();
    };
    assert!(refused(slice).contains("counted from 0 to 65535"), "{}", refused(slice));
    let output = |graph: &mut Graph| {
        graph.add("out", DeviceOut(vec![usize::MAX])).unwrap();
    };
    assert!(refused(output).contains("at most 65536"), "{}", refused(output));
    let many = |graph: &mut Graph| {
        for index in 0..20 {
            graph.add(&format!("wide{index}"), Source { seed: 1, channels: 65_536 }).unwrap();
        }
    };
    assert!(refused(many).contains("at most 1048576"), "{}", refused(many));
}

#[test]
fn streams_that_cannot_play_are_refused() {
    let graph = chain(1);
    let assigned = [("in".to_owned(), 1..9)].into();
    let bad = [
        StreamSpec { rate: 0, ..stream() },
        StreamSpec { max_frames: 0, ..stream() },
        StreamSpec { feedback: 0, ..stream() },
        StreamSpec { feedback: 48_001, ..stream() },
        StreamSpec { inputs: usize::MAX, ..stream() },
        StreamSpec { assigned, ..stream() },
    ];
    for stream in bad {
        assert_eq!(compile(&graph, &stream).unwrap_err().0[0].place, Place::Graph, "{stream:?}");
    }
    assert!(compile(&graph, &StreamSpec { feedback: 48_000, max_frames: 1, ..stream() }).is_ok());
}

#[test]
fn instructions_that_the_machine_has_not_are_refused() {
    for instructions in Instructions::ALL {
        let compiled = compile(&chain(1), &StreamSpec { instructions, ..stream() });
        assert_eq!(compiled.is_ok(), instructions.is_available(), "{instructions}");
        if let Err(errors) = compiled {
            let best = Instructions::best();
            assert_eq!(
                errors.0[0].message,
                format!("this machine has no {instructions} instructions; its best are {best}")
            );
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "no callback here: the test waits for its own thread")]
fn a_long_loop_is_found_on_a_small_stack_and_told_shortly() {
    let length = 20_000;
    let mut graph = chain(length);
    graph.link(&format!("s{}", length - 1), "s0").unwrap();
    let compiled = std::thread::Builder::new().stack_size(256 << 10).spawn(move || compile(&graph, &stream())).unwrap();
    let message = compiled.join().unwrap().unwrap_err().to_string();
    assert!(message.contains("s7 -> (19988 more nodes) -> s19996"), "{message}");
}

#[test]
fn ports_that_no_node_can_have_are_refused() {
    let mut graph = Graph::new();
    graph.add("odd", crate::nodes::Impossible).unwrap();
    let (place, message) = errors(&graph).remove(0);
    assert_eq!(place, Place::Node("odd".to_owned()));
    assert!(message.starts_with("`odd` works in place"), "{message}");
}
