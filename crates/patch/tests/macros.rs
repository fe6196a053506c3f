//! Macros: what their uses become.

use patchline_graph::{Graph, StreamSpec};
use patchline_nodes::{FileSink, Gain};
use patchline_patch::{Checked, EngineSettings, Loaded, Options, Registry, read};

const LANE: &str = r#"
[macros.lane]
required = ["file"]
params   = { gain = "-20 dB" }
inputs   = { in = ["trim", "echo"] }
outputs  = { out = ["trim", "echo"], sides = "trim[0..2]" }
links    = ["trim -> level", "echo -> rec"]
[macros.lane.nodes.trim]
type = "gain"
gain = "$gain"
[macros.lane.nodes.level]
type = "meter"
[macros.lane.nodes.echo]
type = "delay"
time = "5 smp"
[macros.lane.nodes.rec]
type = "file_sink"
path = "takes/${file}_$name-{seq:04}$$.wav"
"#;

fn load(text: &str) -> Result<Loaded, String> {
    let mut patch = read(text.as_bytes(), "p.toml").unwrap();
    patch.gather(&Options::default());
    patch.load(&Registry::standard(), &Options::default()).map_err(|mistakes| mistakes.to_string())
}

fn loaded(text: &str) -> Loaded {
    load(text).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn check(text: &str) -> Result<Checked, String> {
    let stream = |_: &EngineSettings, _: &Graph| StreamSpec { outputs: None, ..StreamSpec::new(48_000, 64, 2, 0) };
    let checked = read(text.as_bytes(), "p.toml").unwrap().check(&Registry::standard(), &Options::default(), stream);
    checked.map_err(|mistakes| mistakes.to_string())
}

fn links(loaded: &Loaded) -> Vec<String> {
    loaded.graph.links().iter().map(|link| format!("{} -> {}", link.from, link.to)).collect()
}

const ENDS: &str = "[nodes.mic]\ntype = \"input\"\nchannels = [0, 1]\n[nodes.out]\ntype = \"output\"\n";

#[test]
fn each_use_has_nodes_of_its_own() {
    let text = format!(
        "links = [\"mic -> host -> out\", \"host.sides[1] -> guest\", \"guest/level -> out\"]\n{ENDS}{LANE}\n\
         [[use]]\nmacro = \"lane\"\nname = \"host\"\nfile = \"a\"\ngain = 0.5\n\
         [[use]]\nmacro = \"lane\"\nname = \"guest\"\nfile = 7\n"
    );
    let loaded = loaded(&text);
    let expected = [
        "mic -> host/trim",
        "mic -> host/echo",
        "host/trim -> out",
        "host/echo -> out",
        "host/trim[1] -> guest/trim",
        "host/trim[1] -> guest/echo",
        "guest/level -> out",
        "host/trim -> host/level",
        "host/echo -> host/rec",
        "guest/trim -> guest/level",
        "guest/echo -> guest/rec",
    ];
    assert_eq!(links(&loaded), expected);
    let gain = |name: &str| loaded.graph.node(name).unwrap().downcast_ref::<Gain>().unwrap().gain.linear();
    assert_eq!((gain("host/trim"), gain("guest/trim")), (0.5, 0.1));
    let path = |name: &str| loaded.graph.node(name).unwrap().downcast_ref::<FileSink>().unwrap().path.clone();
    assert_eq!(path("host/rec"), "takes/a_host-{seq:04}$.wav");
    assert_eq!(path("guest/rec"), "takes/7_guest-{seq:04}$.wav");
}

#[test]
fn a_patch_with_macros_is_the_patch_without() {
    let by_macro = check(
        "links = [\"mic -> host ~> lag -> host\", \"host -> out\"]\n[macros.two]\ninputs = { in = \"a\" }\n\
         outputs = { out = \"b\" }\nlinks = [\"a -> b\"]\n[macros.two.nodes.a]\ntype = \"gain\"\ngain = 0.5\n\
         [macros.two.nodes.b]\ntype = \"meter\"\n[[use]]\nmacro = \"two\"\nname = \"host\"\n\
         [nodes.mic]\ntype = \"input\"\n[nodes.lag]\ntype = \"gain\"\n[nodes.out]\ntype = \"output\"\n",
    );
    let by_hand = check(
        "links = [\"mic -> host/a\", \"host/b ~> lag -> host/a\", \"host/b -> out\", \"host/a -> host/b\"]\n\
         [nodes.\"host/a\"]\ntype = \"gain\"\ngain = 0.5\n[nodes.\"host/b\"]\ntype = \"meter\"\n\
         [nodes.mic]\ntype = \"input\"\n[nodes.lag]\ntype = \"gain\"\n[nodes.out]\ntype = \"output\"\n",
    );
    let (by_macro, by_hand) = (by_macro.unwrap(), by_hand.unwrap());
    let mut links = [links(&by_macro.loaded), links(&by_hand.loaded)];
    links.iter_mut().for_each(|links| links.sort());
    assert_eq!(links[0], links[1]);
    assert!(by_macro.loaded.graph.nodes().all(|(name, node)| by_hand.loaded.graph.node(name.as_str()) == Some(node)));
    assert_eq!(by_macro.schedule.steps.len(), by_hand.schedule.steps.len());
}

#[test]
fn macros_use_macros() {
    let text = "links = [\"mic -> host -> out\", \"host.low[1] -> out\"]\n\
        [macros.strip]\nrequired = [\"g\"]\ninputs = { in = \"trim\" }\noutputs = { out = \"trim\", high = \"trim[1..2]\" }\n\
        [macros.strip.nodes.trim]\ntype = \"gain\"\ngain = \"$g\"\n\
        [macros.lane]\nrequired = [\"gain\"]\ninputs = { in = \"eq\" }\noutputs = { out = \"level\", low = \"eq\" }\n\
        links = [\"eq -> level\"]\n[[macros.lane.use]]\nmacro = \"strip\"\nname = \"eq\"\ng = \"$gain\"\n\
        [macros.lane.nodes.level]\ntype = \"meter\"\n\
        [[use]]\nmacro = \"lane\"\nname = \"host\"\ngain = 0.25\n";
    let loaded = loaded(&format!("{text}{ENDS}"));
    assert_eq!(links(&loaded)[..3], ["mic -> host/eq/trim", "host/level -> out", "host/eq/trim[1] -> out"]);
    let trim = loaded.graph.node("host/eq/trim").unwrap().downcast_ref::<Gain>().unwrap();
    assert_eq!(trim.gain.linear(), 0.25);
    // The wrong value is shown where it is written, and where it goes.
    let mistakes = load(&format!("{}{ENDS}", text.replace("gain = 0.25", "gain = \"loud\""))).unwrap_err();
    assert!(mistakes.contains("gain = \"loud\"") && mistakes.contains("where macro `strip` takes it"), "{mistakes}");
    // What is wrong in the text of a macro is shown there, with all that use it.
    let mistakes = load(&format!("{}{ENDS}", text.replace("gain = \"$g\"", "gian = \"$g\""))).unwrap_err();
    for part in ["macro `strip`, used here as `host/eq`", "macro `lane`, used here as `host`", "did you mean `gain`?"] {
        assert!(mistakes.contains(part), "{part}: {mistakes}");
    }
}

#[test]
fn the_command_line_sets_parameters_of_uses_and_of_their_nodes() {
    let text = format!(
        "links = [\"mic -> host -> out\"]\n{ENDS}{LANE}\n[[use]]\nmacro = \"lane\"\nname = \"host\"\nfile = \"a\"\n"
    );
    let set = |node: &str, parameter: &str, value: &str| {
        let mut patch = read(text.as_bytes(), "p.toml").unwrap();
        patch.set(node, parameter, value);
        patch.load(&Registry::standard(), &Options::default()).map_err(|mistakes| mistakes.to_string())
    };
    let gain = |loaded: &Loaded| loaded.graph.node("host/trim").unwrap().downcast_ref::<Gain>().unwrap().gain.linear();
    assert_eq!(gain(&set("host", "gain", "0.25").unwrap()), 0.25);
    assert_eq!(gain(&set("host/trim", "gain", "0.75").unwrap()), 0.75);
    for (node, parameter, value, expected) in [
        ("host", "gian", "1", "did you mean `gain`?"),
        ("host", "gain", "loud", "`loud` is not a level"),
        ("host/trin", "gain", "1", "did you mean `host/trim`?"),
        ("host/trim", "gian", "1", "did you mean `gain`?"),
    ] {
        let mistakes = set(node, parameter, value).unwrap_err();
        assert!(mistakes.contains(expected) && mistakes.contains("--> command line\n"), "{mistakes}");
    }
}

/// A mistake in a macro is said once, however often it is used; a wrong value each time that it is given.
#[test]
fn a_mistake_is_said_once() {
    let uses: String = (0..50).map(|n| format!("[[use]]\nmacro = \"m\"\nname = \"u{n}\"\ng = \"x{n}\"\n")).collect();
    let text = format!(
        "links = []\n[macros.m]\nrequired = [\"g\"]\nlinks = [\"a -> b -> a\", \"a.x -> b\"]\n\
         [macros.m.nodes.a]\ntype = \"gain\"\ngain = \"$g\"\nsmoth = 1\n[macros.m.nodes.b]\ntype = \"gain\"\n{uses}"
    );
    let stream = |_: &EngineSettings, _: &Graph| StreamSpec { outputs: None, ..StreamSpec::new(48_000, 64, 2, 0) };
    let patch = read(text.as_bytes(), "p.toml").unwrap();
    let mistakes = patch.check(&Registry::standard(), &Options::default(), stream).unwrap_err();
    let codes = |code: &str| mistakes.iter().filter(|mistake| mistake.code.as_str() == code).count();
    assert_eq!([codes("unknown-key"), codes("value"), codes("link"), codes("graph")], [1, 50, 1, 1], "{mistakes}");
}

#[test]
fn what_grows_without_end_is_refused_quickly() {
    let nodes: String = (0..1000).map(|n| format!("[macros.m.nodes.n{n}]\ntype = \"gain\"\n")).collect();
    let uses: String = (0..10_000).map(|n| format!("[[use]]\nmacro = \"m\"\nname = \"u{n}\"\n")).collect();
    let mistakes = load(&format!("links = [\"u9999/n1 -> u3/n4\"]\n[macros.m]\n{nodes}{uses}")).unwrap_err();
    assert!(mistakes.contains("10000 nodes") && mistakes.lines().count() < 12, "{mistakes}");
    // Ten of ten of ten, with nothing in them; and a text that doubles at each step.
    let mut text = String::from("links = []\n[macros.m0]\n");
    for n in 1..16 {
        text += &format!("[macros.m{n}]\n");
        for k in 0..10 {
            text += &format!("[[macros.m{n}.use]]\nmacro = \"m{}\"\nname = \"u{k}\"\n", n - 1);
        }
    }
    assert!(load(&format!("{text}[[use]]\nmacro = \"m15\"\nname = \"all\"\n")).unwrap_err().contains("10000 nodes"));
    let mut text = String::from("links = []\n[macros.m0]\nrequired = [\"t\"]\n[macros.m0.nodes.a]\ntype = \"$t\"\n");
    for n in 1..40 {
        text += &format!("[macros.m{n}]\nrequired = [\"t\"]\n");
        text += &format!("[[macros.m{n}.use]]\nmacro = \"m{}\"\nname = \"u\"\nt = \"$t$t$t$t$t$t$t$t\"\n", n - 1);
    }
    let deep = |top: usize| load(&format!("{text}[[use]]\nmacro = \"m{top}\"\nname = \"all\"\nt = \"gain\"\n"));
    assert!(deep(12).unwrap_err().contains("16 MiB"));
    assert!(deep(39).unwrap_err().contains("16 MiB"));
    let plain = text.replace("$t$t$t$t$t$t$t$t", "$t");
    let deep = load(&format!("{plain}[[use]]\nmacro = \"m39\"\nname = \"all\"\nt = \"gain\"\n"));
    assert!(deep.unwrap_err().contains("more than 16 deep"));
}
