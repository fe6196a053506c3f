//! `meter`: how loud a signal is.

use patchline_graph::level::LevelMeter;
use patchline_graph::{Io, Node, NodeError, Per, Ports, PrepareSpec, Processor, Reading, Readings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Level, PatchNode, Time};

/// Measures a signal and passes it on untouched.
///
/// Over windows that follow each other from the first frame on: the peak is max |x|, the RMS √(Σx²/n). Both are shown in
/// dBFS: 20·log10 of the value, 0 dBFS at 1.0, not below `floor`. Each reading belongs to the last whole window, and there
/// is none before the first one has passed (NaN). Squares are added up in f32: of samples
/// beyond 4e18, 372 dBFS, the RMS is shown as the largest there is, 771 dBFS.
///
/// ```
/// use patchline_graph::{Graph, StreamSpec, engine};
/// use patchline_nodes::{Input, Meter, Time};
///
/// let mut graph = Graph::new();
/// let level = Meter { window: Time::Frames(4), ..Meter::default() };
/// graph.add("mic", Input::default())?.add("level", level)?.link("mic", "level")?;
///
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 1, 0));
/// engine.load(graph)?;
/// renderer.render(4, &[&[1.0, -1.0, 1.0, -1.0]], &mut []);
/// let readings = engine.readings("level").unwrap();
/// assert_eq!((readings.get("peak", 0), readings.get("rms", 0)), (Some(0.0), Some(0.0)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Meter {
    /// How long a window is; at least one frame.
    #[schemars(extend("x-min" = "1 smp"))]
    pub window: Time,
    /// What is shown for silence.
    #[schemars(range(min = 1e-15, max = 1.0))]
    #[schemars(extend("x-change" = "now"))]
    pub floor: Level,
}

impl Default for Meter {
    fn default() -> Self {
        Self { window: Time::Seconds(0.05), floor: Level::from_db(-200.0).expect("a finite level") }
    }
}

const PEAK: usize = 0;
const RMS: usize = 1;
const RMS_ALL: usize = 2;
const READINGS: &[Reading] = &[
    Reading { name: "peak", doc: "Largest magnitude in the last window.", unit: "dBFS", per: Per::Channel },
    Reading { name: "rms", doc: "Root of the mean square in the last window.", unit: "dBFS", per: Per::Channel },
    Reading { name: "rms_all", doc: "The same over all channels together.", unit: "dBFS", per: Per::Node },
];

impl Meter {
    fn frames(&self, rate: u32) -> usize {
        usize::try_from(self.window.frames(f64::from(rate))).unwrap_or(usize::MAX)
    }
}

impl Node for Meter {
    const KIND: &'static str = "meter";
    const LISTENS: bool = true;
    type Processor = MeterProcessor;

    fn ports(&self) -> Ports {
        Ports::effect()
    }

    fn readings(&self) -> &'static [Reading] {
        READINGS
    }

    fn prepare(&self, spec: &PrepareSpec) -> Result<MeterProcessor, NodeError> {
        let meter = LevelMeter::new(spec.channels(), self.frames(spec.rate));
        Ok(MeterProcessor { meter: Some(meter), floor: self.floor.db() })
    }

    fn footprint(&self, spec: &PrepareSpec) -> usize {
        size_of::<MeterProcessor>() + size_of::<LevelMeter>() + spec.channels() * LevelMeter::CHANNEL_BYTES
    }

    fn rebuilds(&self, previous: &Self) -> bool {
        self.window != previous.window
    }
}

impl PatchNode for Meter {
    fn example() -> Self {
        Self::default()
    }
}

/// The processor of [`Meter`].
pub struct MeterProcessor {
    /// Until the engine has it.
    meter: Option<LevelMeter>,
    floor: f64,
}

impl MeterProcessor {
    fn dbfs(&self, value: f32) -> f64 {
        let db = 20.0 * libm::log10(f64::from(value));
        // What is not a number stays so: it must not look like silence.
        if db < self.floor { self.floor } else { db }
    }
}

impl Processor for MeterProcessor {
    type Params = Meter;

    fn update(&mut self, params: &Meter) {
        self.floor = params.floor.db();
    }

    /// Not called: the engine lets the meter hear.
    fn process(&mut self, _io: &mut Io<'_>) {}

    fn meter(&mut self) -> Option<LevelMeter> {
        self.meter.take()
    }

    fn heard(&mut self, meter: &LevelMeter, readings: &Readings) {
        // Before there is a window its levels are 0, which must not look like silence.
        let shown = |value: f32| if meter.windows() == 0 { f64::NAN } else { self.dbfs(value) };
        for channel in 0..meter.channels() {
            readings.set(PEAK, channel, shown(meter.peak(channel)));
            readings.set(RMS, channel, shown(meter.rms(channel)));
        }
        readings.set(RMS_ALL, 0, shown(meter.rms_all()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_the_floor_and_what_is_no_number_is_not_silence() {
        let spec = PrepareSpec { rate: 48_000, inputs: vec![1], ..PrepareSpec::default() };
        let meter = Meter::default().prepare(&spec).unwrap();
        assert_eq!((meter.dbfs(0.0), meter.dbfs(1.0)), (-200.0, 0.0));
        assert!(meter.dbfs(f32::NAN).is_nan());
    }
}
