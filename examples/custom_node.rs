//! A node type of one's own, used from a patch like those that come with Patchline.
//!
//!     cargo run --example custom_node
//!
//! One struct declares it: its fields are the keys of the patch, their comments the documentation, their ranges are
//! checked before anything plays. The second half is what runs on the audio thread.

use std::error::Error;

use patchline::nodes::{Declaration, Frequency};
use patchline::patch::{Options, Registry, read};
use patchline::{
    Io, Node, NodeError, PatchNode, Ports, PrepareSpec, Processor, Register, StreamSpec, Surroundings, engine,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Makes a signal swell and fade, along straight lines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Tremolo {
    /// How often per second, held between once a minute and half the sample rate.
    speed: Frequency,
    /// How far it fades: 0 not at all, 1 to silence.
    #[schemars(range(min = 0.0, max = 1.0))]
    depth: f32,
}

impl Default for Tremolo {
    fn default() -> Self {
        Self { speed: Frequency::new(5.0).expect("a finite frequency"), depth: 0.5 }
    }
}

impl Tremolo {
    /// Frames of one swell, at least 2.
    fn period(&self, rate: u32) -> u32 {
        let rate = f64::from(rate);
        (rate / self.speed.hz().clamp(1.0 / 60.0, rate / 2.0)).round() as u32
    }
}

/// The control half: what a graph is made of.
impl Node for Tremolo {
    const KIND: &'static str = "tremolo";
    type Processor = TremoloProcessor;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn prepare(&self, spec: &PrepareSpec) -> Result<TremoloProcessor, NodeError> {
        Ok(TremoloProcessor { rate: spec.rate, period: self.period(spec.rate), depth: self.depth, at: 0 })
    }

    fn footprint(&self, _spec: &PrepareSpec) -> usize {
        size_of::<TremoloProcessor>()
    }
}

/// What a patch needs besides.
impl PatchNode for Tremolo {
    fn example() -> Self {
        Self::default()
    }

    fn resolve(&mut self, _surroundings: &Surroundings) -> Result<(), Vec<NodeError>> {
        match self.speed.hz() > 0.0 {
            true => Ok(()),
            false => Err(vec![NodeError::of("speed", "a tremolo moves: its speed is above 0 Hz")]),
        }
    }
}

/// The audio half: no method allocates, locks or waits.
struct TremoloProcessor {
    rate: u32,
    period: u32,
    depth: f32,
    /// Where in the period the next frame is. Blocks have no meaning: only frames are counted.
    at: u32,
}

impl Processor for TremoloProcessor {
    type Params = Tremolo;

    fn update(&mut self, params: &Tremolo) {
        self.period = params.period(self.rate);
        self.depth = params.depth;
        self.at %= self.period;
    }

    fn process(&mut self, io: &mut Io<'_>) {
        let frames = io.frames();
        for channel in io.main().channels() {
            // The output arrives holding the input.
            for (frame, sample) in (0..).zip(channel.iter_mut()) {
                let at = (self.at + frame) % self.period;
                // From 1 down to 0 in the middle of the period, and up again.
                let swell = (1.0 - 2.0 * at as f32 / self.period as f32).abs();
                *sample *= 1.0 - self.depth + self.depth * swell;
            }
        }
        self.at = ((u64::from(self.at) + frames as u64) % u64::from(self.period)) as u32;
    }

    fn reset(&mut self) {
        self.at = 0;
    }
}

const PATCH: &str = r#"
name  = "wobble"
links = ["tone -> wobble -> out"]
[nodes.tone]
type  = "oscillator"
shape = "square"
level = 0.5
[nodes.wobble]
type  = "tremolo"
speed = "2 Hz"
depth = 0.8
[nodes.out]
type = "output"
"#;

const RATE: u32 = 48_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut registry = Registry::standard();
    registry.node::<Tremolo>();
    document(registry.kind("tremolo").expect("it was registered a line ago"));

    let patch = read(PATCH.as_bytes(), "wobble.toml")?.load(&registry, &Options::default())?;
    play(patch.graph)?;

    // A mistake is reported by the same declaration, with its place.
    let deep = PATCH.replace("depth = 0.8", "depth = 8");
    let mistakes = read(deep.as_bytes(), "wobble.toml")?.load(&registry, &Options::default());
    println!("With `depth = 8`:\n{}", mistakes.expect_err("8 is beyond the declared range"));
    Ok(())
}

fn document(tremolo: &Declaration) {
    println!("{}: {}", tremolo.kind, tremolo.doc);
    for param in &tremolo.params {
        println!("  {:<6} {} ({})", param.name, param.doc, param.shape);
    }
    println!();
}

/// Renders half a second, one swell, and draws how loud each part of it is.
fn play(graph: patchline::Graph) -> Result<(), Box<dyn Error>> {
    let (mut engine, mut renderer) = engine(StreamSpec::new(RATE, 512, 0, 1));
    engine.load(graph)?;
    let mut part = [0.0; RATE as usize / 20];
    for number in 0..10 {
        renderer.render(part.len(), &[], &mut [&mut part]);
        let peak = part.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        println!("{:>4} ms  {:.2}  {}", number * 50, peak, "#".repeat((peak * 80.0) as usize));
    }
    println!();
    engine.close(renderer);
    Ok(())
}
