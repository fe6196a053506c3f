//! Patches that are right: the ways in which the language may be written.

use patchline_graph::{Graph, StreamSpec};
use patchline_patch::{Checked, EngineSettings, Options, Registry, SampleRate, Style, read, render};

fn stream(settings: &EngineSettings, _: &Graph) -> StreamSpec {
    let rate = settings.rate().unwrap_or(48_000);
    StreamSpec { outputs: None, ..StreamSpec::new(rate, 512, 8, 0) }
}

fn check(text: &str) -> Checked {
    let patch = read(text.as_bytes(), "folder/some.toml").unwrap();
    patch.check(&Registry::standard(), &Options::default(), stream).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn links_may_be_written_in_many_ways() {
    let text = r#"
links = ["in->a-1->out", '''
  in[0] -> b''', "b~>b", "b -> out[1]", "gate.open -> out[0]", "in -> gate"]
[nodes]
in = { type = "input", channels = [0, 1] }
a-1 = { type = "gain" }
b = { type = "gain" }
gate = { type = "vad_gate" }
out = { type = "output", channels = [0, 1] }
"#;
    let graph = check(text).loaded.graph;
    let links: Vec<_> =
        graph.links().iter().map(|link| format!("{} {} {}", link.from, link.feedback, link.to)).collect();
    let expected = [
        "in false a-1",
        "a-1 false out",
        "in[0] false b",
        "b true b",
        "b false out[1]",
        "gate.open false out[0]",
        "in false gate",
    ];
    assert_eq!(links, expected);
    let names: Vec<_> = graph.nodes().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["in", "a-1", "b", "gate", "out"], "in the order of the file");
}

#[test]
fn settings_reach_the_stream() {
    let checked =
        check("links = []\n[engine]\nsample_rate = \"44.1 kHz\"\nfeedback = \"1 ms\"\nmax_memory = \"2 MiB\"\n");
    assert_eq!(checked.loaded.engine.sample_rate, SampleRate::Hz(44_100));
    assert_eq!((checked.stream.rate, checked.stream.feedback, checked.stream.max_memory), (44_100, 44, 2 << 20));
    assert_eq!(checked.loaded.name, "some");
    let defaults = check("links = []").loaded.engine;
    assert_eq!(defaults, EngineSettings::default());
}

#[test]
fn every_setting_is_read() {
    let text = r#"
links = []
[engine]
backend = "sim"
sample_rate = "device"
block = 64
latency = "20 ms"
allow_paths = ["../takes"]
on_device_loss = "fallback"
on_xrun = "stop"
max_xruns = 3
client_name = "desk"
connect = false
share = "exclusive"
"#;
    let engine = check(text).loaded.engine;
    let data = serde_json::to_value(&engine).unwrap();
    for (key, value) in toml::from_str::<serde_json::Value>(text).unwrap()["engine"].as_object().unwrap() {
        assert_eq!(&data[key], value, "{key}");
    }
}

#[test]
fn what_may_not_be_meant_is_a_warning() {
    let text = "links = [\"a ~> a\"]\n[engine]\nfeedback = \"8 smp\"\n[nodes.a]\ntype = \"gain\"\n[nodes.b]\ntype = \"gain\"\n";
    let warnings = check(text).loaded.warnings;
    let codes: Vec<_> =
        warnings.iter().map(|warning| (warning.code.as_str(), warnings.position(warning).line)).collect();
    assert_eq!(codes, [("short-feedback", 3), ("unlinked", 6)]);
}

#[test]
fn nodes_may_be_optional_and_the_limit_has_a_unit() {
    let text = "links = [\"in -> a -> b -> out\"]\n[engine]\nshed = \"75 %\"\n[nodes]\nin.type = \"input\"\n\
                a = { type = \"gain\", optional = true }\nb = { type = \"gain\", optional = false }\n\
                out.type = \"output\"\n";
    let checked = check(text);
    let names: Vec<_> = checked.loaded.graph.optional_nodes().map(ToString::to_string).collect();
    assert_eq!((names, checked.loaded.engine.shed.limit()), (vec!["a".to_owned()], Some(0.75)));
}

/// A beginner's decibels without their unit: six times as loud, upside down.
#[test]
fn factors_that_look_like_decibels_are_told_of() {
    let warnings = |node: &str, set: &[(&str, &str)]| {
        let nodes = "[nodes]\na.type = \"noise\"\nb.type = \"output\"";
        let text = format!("links = [\"a -> g -> b\"]\n{nodes}\ng = {{ {node} }}\n");
        let mut patch = read(text.as_bytes(), "p.toml").unwrap();
        set.iter().for_each(|(key, value)| patch.set("g", key, value));
        let loaded = patch.load(&Registry::standard(), &Options::default()).unwrap();
        render(&loaded.warnings, Style::Plain)
    };
    let gain = |gain: &str| warnings(&format!("type = \"gain\", gain = {gain}"), &[]);
    let said = gain("-6");
    assert!(said.contains("`gain = -6` is a factor: +15.6 dB, inverted") && said.contains("p.toml:5:29"), "{said}");
    assert!(
        said.contains(r#"for decibels write `"-6 dB"`; this factor would be `"+15.6 dB"` and `invert = true`"#),
        "{said}"
    );
    assert!(gain("12").contains("warning[factor]"));
    for meant in ["2", "-0.5", "-1", "\"-6 dB\"", "\"+20 dB\""] {
        assert_eq!(gain(meant), "", "{meant}");
    }
    // What a command line sets counts.
    assert_eq!(warnings("type = \"gain\", gain = -6", &[("gain", "-6 dB")]), "");
    assert!(warnings("type = \"gain\"", &[("gain", "-6")]).contains("--set g.gain=-6"));
    // The levels of other nodes, wherever they stand, and nothing that is none.
    let matrix = "type = \"matrix\", outputs = 9, gains = [{ from = 0, to = 8, gain = -12 }]";
    let said = warnings(matrix, &[]);
    assert!(said.contains("`gain = -12` is a factor: +21.6 dB, inverted") && said.contains("invert = true"), "{said}");
    assert_eq!(said.matches("warning[").count(), 1, "{said}");
}
