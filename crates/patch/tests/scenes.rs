//! Scenes and maps as data for those who apply them: all of it can be applied.

use patchline_nodes::{Gain, Oscillator, Surroundings, Time};
use patchline_patch::{Action, Asked, Changes, Curve, Loaded, Mapper, Options, Registry, Style, Trigger, read, render};

const PATCH: &str = r#"
links = ["tone -> lane/trim -> mix -> out"]
[nodes.tone]
type = "oscillator"
[nodes."lane/trim"]
type = "gain"
[nodes.mix]
type = "matrix"
gains = [{ from = 0, to = 0 }, { from = 0, to = 1, gain = "-6 dB" }]
[nodes.out]
type = "output"

[scenes.verse]
over = "2 s"
tone.frequency = "1 kHz"
lane.trim.gain = "-20 dB"
lane.trim.mute = true
mix."gains[1].gain" = 0.25

[scenes."Big chorus"]
"lane/trim".gain = 1
tone.bypass = true

[[map]]
cc = 7
channel = 3
to = "lane/trim.gain"
range = ["-60 dB", "0 dB"]
[[map]]
cc = 8
to = "tone.frequency"
range = ["20 Hz", "20 kHz"]
[[map]]
note = 60
to = "tone.shape"
on = "saw"
off = "sine"
[[map]]
note = 61
to = "lane/trim.bypass"
toggle = true
[[map]]
program = 4
scene = "Big chorus"
[[map]]
cc = 9
to = "mix.gains[0].gain"
range = [0, 1]
curve = "linear"
"#;

fn load(text: &str) -> Loaded {
    let loaded = read(text.as_bytes(), "p.toml").unwrap().load(&Registry::standard(), &Options::default());
    loaded.unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

#[test]
fn a_scene_is_a_list_of_changes_that_can_be_made() {
    let loaded = load(PATCH);
    let [verse, chorus] = &loaded.scenes[..] else { panic!("{:?}", loaded.scenes) };
    assert_eq!((verse.name.as_str(), verse.over), ("verse", Some(Time::Seconds(2.0))));
    assert_eq!((chorus.name.as_str(), chorus.over), ("Big chorus", None));
    let registry = Registry::standard();
    let mut changes = Changes::new(&registry, &loaded.graph, 48_000, Surroundings::new("", ".".as_ref()));
    for change in &verse.changes {
        changes.set(&change.node, &change.parameter, &change.value).unwrap();
    }
    let edits = changes.edits().unwrap();
    assert_eq!((verse.changes.len(), edits.len()), (4, 3));
    let gain = edits.iter().find_map(|edit| match edit {
        patchline_graph::Edit::Node { name, node } if name.as_str() == "lane/trim" => node.downcast_ref::<Gain>(),
        _ => None,
    });
    assert!(gain.is_some_and(|gain| gain.mute && (gain.gain.linear() - 0.1).abs() < 1e-6));
    let bypass = &chorus.changes[1];
    assert_eq!((bypass.node.as_str(), bypass.parameter.as_str(), &bypass.value), ("tone", "bypass", &true.into()));
}

#[test]
fn messages_become_values_that_can_be_set() {
    let loaded = load(PATCH);
    assert_eq!((loaded.maps[0].trigger, loaded.maps[0].channel), (Trigger::Cc(7), Some(3)));
    let curve = |index: usize| match &loaded.maps[index].action {
        Action::Follow { scale, .. } => scale.curve,
        other => panic!("{other:?}"),
    };
    assert_eq!([curve(0), curve(1), curve(5)], [Curve::Db, Curve::Exponential, Curve::Linear]);
    let mut mapper = Mapper::new(loaded.maps);
    let registry = Registry::standard();
    for message in [[0xb2, 7, 0], [0xb2, 7, 90], [0xb0, 8, 64], [0x90, 60, 1], [0x90, 60, 0], [0xb0, 9, 0]] {
        let mut changes = Changes::new(&registry, &loaded.graph, 48_000, Surroundings::new("", ".".as_ref()));
        let asked = mapper.take(&message);
        let [Asked::Set { node, parameter, value }] = &asked[..] else { panic!("{asked:?}") };
        changes.set(node, parameter, value).unwrap();
        assert_eq!(changes.edits().unwrap().len(), 1);
    }
    assert_eq!(mapper.take(&[0xb0, 7, 3]), []);
    assert_eq!(mapper.take(&[0xc0, 4]), [Asked::Scene("Big chorus")]);
    let bypass = |value: bool| Asked::Set { node: "lane/trim", parameter: "bypass", value: value.into() };
    assert_eq!(mapper.take(&[0x90, 61, 1]), [bypass(true)]);
    assert_eq!(mapper.take(&[0x80, 61, 1]), []);
    assert_eq!(mapper.take(&[0x90, 61, 1]), [bypass(false)]);
    // The middle of 20 Hz to 20 kHz, to the ear.
    let frequency = match &mapper.take(&[0xb0, 8, 127])[..] {
        [Asked::Set { value, .. }] => value.as_f64(),
        other => panic!("{other:?}"),
    };
    assert_eq!(frequency, Some(20_000.0));
    assert!(Oscillator::default().frequency.hz() < 20_000.0);
}

#[test]
fn a_monstrous_number_of_scenes_and_maps_is_refused() {
    let scenes: String = (0..1001).map(|index| format!("[scenes.s{index}]\n")).collect();
    let maps = "[[map]]\nprogram = 1\nscene = \"s1\"\n".repeat(2001);
    let text = format!("links = []\n{scenes}{maps}");
    let mistakes = read(text.as_bytes(), "p.toml").unwrap().load(&Registry::standard(), &Options::default());
    let mistakes = mistakes.unwrap_err().to_string();
    assert!(mistakes.contains("at most 1000 scenes") && mistakes.contains("at most 2000 maps"), "{mistakes}");
}

/// A change costs as much as what it changes is long. Half a minute without optimisation.
#[test]
fn scenes_that_take_long_to_check_are_refused() {
    if std::env::var_os("PATCHLINE_FULL").is_none() {
        return;
    }
    let gains = "{ from = 0, to = 0 },".repeat(20_000);
    let scenes: String = (0..900).map(|index| format!("[scenes.s{index}.mix]\n\"gains[1].gain\" = 0.5\n")).collect();
    let text = format!("links = []\n[nodes.mix]\ntype = \"matrix\"\ngains = [{gains}]\n{scenes}");
    let mistakes = read(text.as_bytes(), "p.toml").unwrap().load(&Registry::standard(), &Options::default());
    assert!(mistakes.unwrap_err().to_string().contains("in a reasonable time"));
}

#[test]
fn a_patch_may_start_with_a_scene() {
    let text = "links = [\"tone -> trim -> echo -> out\"]\n[nodes.tone]\ntype = \"oscillator\"\n[nodes.trim]\n\
                type = \"gain\"\n[nodes.echo]\ntype = \"delay\"\ntime = \"1 s\"\n[nodes.out]\ntype = \"output\"\n\
                [scenes.quiet]\nover = \"2 s\"\ntrim.gain = \"-20 dB\"\necho.mix = 0.1\necho.bypass = true\n";
    let registry = Registry::standard();
    let started = |scene: &str, set: Option<&str>| {
        let mut patch = read(text.as_bytes(), "p.toml").unwrap();
        set.iter().for_each(|value| patch.set("trim", "gain", value));
        patch.start_with(scene);
        assert_eq!(patch.scene(), Some(scene));
        patch.load(&registry, &Options::default())
    };
    let values = |loaded: &Loaded, node: &str| registry.parameters_in(&loaded.graph, node, 48_000).unwrap();
    let value = |loaded: &Loaded, node: &str, path: &str| {
        values(loaded, node).into_iter().find(|found| found.path == path).unwrap().value.unwrap()
    };
    let quiet = started("quiet", None).unwrap();
    assert_eq!((value(&quiet, "trim", "gain"), value(&quiet, "echo", "mix")), (0.1.into(), 0.1.into()));
    assert_eq!(value(&quiet, "echo", "bypass"), true);
    // What was set by hand stays.
    let quiet = started("quiet", Some("-3dB")).unwrap();
    assert_eq!((value(&quiet, "trim", "gain"), value(&quiet, "echo", "mix")), ("-3 dB".into(), 0.1.into()));
    let mistakes = started("loud", None).unwrap_err();
    let said = render(&mistakes, Style::Plain);
    assert!(said.contains("there is no scene `loud`") && said.contains("the patch has `quiet`"), "{said}");
    assert!(said.contains("--scene loud"), "{said}");
}
