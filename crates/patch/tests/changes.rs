//! Ten thousand changes at random frames, by name: the same samples, whatever the blocks.

use patchline_graph::{Edit, Frame, Frames, Graph, StreamSpec, engine};
use patchline_nodes::Surroundings;
use patchline_patch::{Changes, Options, Registry, read};
use serde_json::{Value, json};

const RATE: u32 = 48_000;
const CHANGES: usize = 10_000;
/// Whoever controls looks this often.
const LOOK: usize = 4_800;
const FRAMES: usize = 100 * LOOK;

const PATCH: &str = r#"
links = ["tone -> trim -> echo -> bus -> vad -> level -> out", "hiss -> soft -> echo", "bus[0] ~> soft"]
[nodes]
tone = { type = "oscillator" }
hiss = { type = "noise" }
trim = { type = "gain" }
soft = { type = "gain", gain = 0.1 }
echo = { type = "delay", time = "10 ms", max_time = "50 ms" }
bus = { type = "matrix", gains = [{ from = 0, to = [0, 1], gain = 0.5 }, { from = 0, to = 0, gain = 0.2 }] }
vad = { type = "vad_gate", hold = "10 ms", threshold = 0.1 }
level = { type = "meter" }
out = { type = "output" }
"#;

/// Numbers from a seed: xorshift.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn within(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn choice(&mut self, of: &[&str]) -> Value {
        of[self.below(of.len())].into()
    }

    fn level(&mut self) -> Value {
        if self.below(8) == 0 { json!(0) } else { json!(format!("{:.1} dB", self.within(-60.0, 0.0))) }
    }

    fn time(&mut self, longest: f64) -> Value {
        json!(format!("{:.2} ms", self.within(1.0, longest)))
    }

    fn flag(&mut self) -> Value {
        json!(self.below(2) == 0)
    }

    /// A parameter and a value for it.
    fn change(&mut self) -> (&'static str, &'static str, Value) {
        const PARAMETERS: [(&str, &str); 28] = [
            ("tone", "frequency"),
            ("tone", "level"),
            ("tone", "shape"),
            ("tone", "bypass"),
            ("hiss", "level"),
            ("trim", "gain"),
            ("trim", "smooth"),
            ("trim", "mute"),
            ("trim", "invert"),
            ("trim", "bypass"),
            ("soft", "gain"),
            ("echo", "time"),
            ("echo", "mix"),
            ("echo", "feedback"),
            ("echo", "bypass"),
            ("bus", "gains[0].gain"),
            ("bus", "gains[1].gain"),
            ("bus", "gains[1].invert"),
            ("vad", "threshold"),
            ("vad", "close_threshold"),
            ("vad", "attack"),
            ("vad", "hold"),
            ("vad", "release"),
            ("vad", "mode"),
            ("vad", "bypass"),
            ("vad", "score"),
            ("level", "floor"),
            ("level", "bypass"),
        ];
        let (node, parameter) = PARAMETERS[self.below(PARAMETERS.len())];
        let value = match parameter {
            "frequency" => json!(self.within(20.0, 10_000.0)),
            "shape" => self.choice(&["sine", "square", "saw", "triangle"]),
            "mode" => self.choice(&["gate", "trigger"]),
            "mute" | "invert" | "bypass" | "gains[1].invert" => self.flag(),
            "time" | "attack" | "hold" | "release" | "smooth" => self.time(50.0),
            "mix" | "score" => json!(self.within(0.4, 1.0)),
            "feedback" => json!(self.within(-0.9, 0.9)),
            "threshold" => json!(self.within(0.05, 0.3)),
            "close_threshold" => json!(self.within(0.0, 0.05)),
            "floor" => json!(format!("{:.1} dB", self.within(-200.0, -60.0))),
            _ if node == "soft" => json!(self.within(-0.3, 0.3)),
            _ => self.level(),
        };
        (node, parameter, value)
    }
}

/// Changes that are told together, for a frame, in a time.
type Told = (Vec<Edit>, Option<Frame>, Option<Frames>);

/// All changes, by when they are told.
fn told(graph: &Graph) -> Vec<Vec<Told>> {
    let registry = Registry::standard();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut graph = graph.clone();
    let mut all: Vec<Vec<Told>> = vec![Vec::new(); FRAMES / LOOK];
    let (mut count, mut look) = (0, 0);
    while count < CHANGES {
        let mut changes = Changes::new(&registry, &graph, RATE, Surroundings::new("", ".".as_ref()));
        let together = 1 + random.below(3);
        for _ in 0..together {
            let (node, parameter, value) = random.change();
            changes.set(node, parameter, &value).unwrap_or_else(|error| panic!("{node}.{parameter}: {error}"));
        }
        let edits = changes.edits().unwrap();
        for edit in &edits {
            match edit.clone() {
                Edit::Node { name, node } => graph.insert(name, node),
                Edit::Bypass { name, on } => graph.bypass(name, on),
            }
        }
        let at = (look * LOOK + random.below(LOOK)) as Frame;
        let over = [None, None, Some(0), Some(random.below(20_000) as Frames)][random.below(4)];
        all[look].push((edits, Some(at), over));
        count += together;
        look = count * all.len() / CHANGES;
    }
    all
}

fn play(graph: &Graph, told: &[Vec<Told>], block: usize) -> Vec<Vec<f32>> {
    let (mut engine, mut renderer) = engine(StreamSpec::new(RATE, 1_024, 0, 2));
    engine.load(graph.clone()).unwrap();
    let mut out = vec![vec![0.0; FRAMES]; 2];
    for (look, told) in told.iter().enumerate() {
        for (edits, at, over) in told {
            engine.change(edits, *at, *over).unwrap();
        }
        let mut done = look * LOOK;
        while done < (look + 1) * LOOK {
            let end = (done + block).min((look + 1) * LOOK);
            let mut piece: Vec<&mut [f32]> = out.iter_mut().map(|channel| &mut channel[done..end]).collect();
            renderer.render(end - done, &[], &mut piece);
            done = end;
        }
        engine.collect();
    }
    let stats = engine.stats();
    assert_eq!((stats.late_sets, stats.stale_sets, stats.panics, stats.allocations), (0, 0, 0, 0));
    assert_eq!(stats.non_finite_outputs, 0);
    engine.close(renderer);
    out
}

#[test]
fn ten_thousand_changes_make_the_same_samples_whatever_the_blocks() {
    let patch = read(PATCH.as_bytes(), "p.toml").unwrap().load(&Registry::standard(), &Options::default());
    let graph = patch.unwrap_or_else(|mistakes| panic!("{mistakes}")).graph;
    let told = told(&graph);
    assert!(told.iter().flatten().map(|(edits, ..)| edits.len()).sum::<usize>() > CHANGES / 2);
    let whole = play(&graph, &told, 1_000);
    assert!(whole.iter().all(|channel| channel.iter().any(|sample| sample.abs() > 0.01)));
    for block in [1, 64, 333] {
        let other = play(&graph, &told, block);
        let same = |(one, two): (&Vec<f32>, &Vec<f32>)| {
            one.iter().zip(two).position(|(one, two)| one.to_bits() != two.to_bits())
        };
        assert_eq!(whole.iter().zip(&other).find_map(same), None, "block {block}");
    }
    // It can fail: one change a frame later is heard.
    let mut moved = told.clone();
    moved.iter_mut().flatten().skip(100).take(50).for_each(|(_, at, _)| *at = at.map(|at| at + 1));
    assert!(play(&graph, &moved, 1_000) != whole);
}
