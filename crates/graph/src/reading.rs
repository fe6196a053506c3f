//! Readings: values that a processor publishes, the latest one wins.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A declared reading.
///
/// ```
/// use patchline_graph::{Per, Reading};
///
/// /// What a node gives as its [`readings`](patchline_graph::Node::readings).
/// static READINGS: [Reading; 1] =
///     [Reading { name: "lost", doc: "Frames that could not be written.", unit: "frames", per: Per::Node }];
/// assert_eq!(READINGS[0].name, "lost");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Its name (`"rms"`).
    pub name: &'static str,
    /// One line of documentation.
    pub doc: &'static str,
    /// The unit a user sees (`"dBFS"`, `"frames"`); empty for a plain linear value. What is not measured yet is 0, and
    /// NaN in dBFS, where 0 is as loud as can be.
    pub unit: &'static str,
    /// Whether each channel has its own.
    pub per: Per,
}

/// What a reading belongs to.
///
/// ```
/// use patchline_graph::{Per, Reading};
///
/// let rms = Reading { name: "rms", doc: "How loud it is.", unit: "dBFS", per: Per::Channel };
/// let open = Reading { name: "open", doc: "Whether the gate is open.", unit: "", per: Per::Node };
/// assert_ne!(rms.per, open.per);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// One value for the node.
    Node,
    /// One value for each channel of the main port.
    Channel,
}

/// The readings of one running node: shared by its processor, which writes, and the control side, which reads.
///
/// ```
/// # mod nodes { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/nodes.rs")); }
/// # use nodes::Device;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use patchline_graph::{
///     Graph, Io, Node, NodeError, Per, Ports, PrepareSpec, Processor, Reading, Readings, StreamSpec, engine,
/// };
///
/// /// Shows the largest sample of each channel's last block.
/// #[derive(Clone, PartialEq)]
/// struct Largest;
///
/// impl Node for Largest {
///     const KIND: &'static str = "largest";
///     type Processor = Largest;
///
///     fn ports(&self) -> Ports {
///         Ports::effect()
///     }
///
///     fn readings(&self) -> &'static [Reading] {
///         &[Reading { name: "largest", doc: "The largest sample.", unit: "", per: Per::Channel }]
///     }
///
///     fn prepare(&self, _spec: &PrepareSpec) -> Result<Largest, NodeError> {
///         Ok(Largest)
///     }
///
///     fn footprint(&self, _spec: &PrepareSpec) -> usize {
///         0
///     }
/// }
///
/// impl Processor for Largest {
///     type Params = Largest;
///
///     fn update(&mut self, _params: &Largest) {}
///
///     fn process(&mut self, io: &mut Io<'_>) {
///         let readings = io.readings;
///         for (index, channel) in io.main().channels().enumerate() {
///             readings.set(0, index, f64::from(channel.iter().fold(0.0, |a: f32, &b| a.max(b))));
///         }
///     }
/// }
///
/// let mut graph = Graph::new();
/// graph.add("mic", Device { output: false })?.add("look", Largest)?.add("out", Device { output: true })?;
/// graph.chain(&["mic", "look", "out"])?;
/// let (mut engine, mut renderer) = engine(StreamSpec::new(48_000, 64, 2, 2));
/// engine.load(graph)?;
/// let readings: Readings = engine.readings("look").unwrap();
/// renderer.render(2, &[&[0.1, 0.5], &[0.25, 0.0]], &mut [&mut [0.0; 2], &mut [0.0; 2]]);
/// assert_eq!(readings.get("largest", 1), Some(0.25));
/// for (reading, values) in readings.all() {
///     println!("{}: {values:?} {}", reading.name, reading.unit);
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Real-time
/// [`set`](Self::set) and [`get`](Self::get) are wait-free. Counts are exact up to 2⁵³.
#[derive(Clone, Debug, Default)]
pub struct Readings {
    declared: &'static [Reading],
    channels: usize,
    cells: Arc<[AtomicU64]>,
}

impl Readings {
    pub(crate) fn new(declared: &'static [Reading], channels: usize) -> Self {
        let cells = |reading: &Reading| {
            let value = reading.unmeasured().to_bits();
            (0..reading.width(channels)).map(move |_| AtomicU64::new(value))
        };
        Self { declared, channels, cells: declared.iter().flat_map(cells).collect() }
    }

    /// Publishes `value` as the `index`th declared reading of `channel` (0 for a reading of the node).
    pub fn set(&self, index: usize, channel: usize, value: f64) {
        if let Some(cell) = self.cell(index, channel) {
            cell.store(value.to_bits(), Ordering::Relaxed);
        }
    }

    /// The latest value of the reading `name` of `channel` (0 for a reading of the node).
    #[must_use]
    pub fn get(&self, name: &str, channel: usize) -> Option<f64> {
        let index = self.declared.iter().position(|r| r.name == name)?;
        self.cell(index, channel).map(|cell| f64::from_bits(cell.load(Ordering::Relaxed)))
    }

    /// Every declared reading with its latest values, one for the node or one a channel.
    pub fn all(&self) -> impl Iterator<Item = (&'static Reading, Vec<f64>)> + '_ {
        self.declared.iter().map(|reading| {
            let values = (0..reading.width(self.channels)).filter_map(|channel| self.get(reading.name, channel));
            (reading, values.collect())
        })
    }

    fn cell(&self, index: usize, channel: usize) -> Option<&AtomicU64> {
        let width = self.declared.get(index)?.width(self.channels);
        let before: usize = self.declared[..index].iter().map(|r| r.width(self.channels)).sum();
        (channel < width).then(|| &self.cells[before + channel])
    }
}

impl Reading {
    fn unmeasured(&self) -> f64 {
        if self.unit == "dBFS" { f64::NAN } else { 0.0 }
    }

    fn width(&self, channels: usize) -> usize {
        match self.per {
            Per::Node => 1,
            Per::Channel => channels,
        }
    }
}
