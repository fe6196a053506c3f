//! Captures: what an audio callback received, as a file from which the same bits are rendered again.
//!
//! A [`Capture`] writes the file while an engine plays. [`Capture::begin`] gives a [`Tap`] for the device's thread, which
//! notes every block with its input and a hash of its output, and follows everything that the engine is told: loads,
//! parameters, nodes that are left out. A [`Recording`] reads such a file and [replays](Recording::replay) it: each block
//! gets the same input, and takes in as many messages of the engine as it did then, so its output has the same bits; or
//! the first block that has not is named.
//!
//! ```
//! use patchline_capture::{Capture, Config, Recording, Replay, Source, Stretch, Tapped};
//! use patchline_graph::engine;
//! use patchline_graph::StreamSpec;
//! use patchline_io::{Block, Callback};
//! use patchline_patch::{Options, Registry};
//!
//! let folder = tempfile::tempdir()?;
//! let (file, registry) = (folder.path().join("s.cap"), Registry::standard());
//! let patch = "links = [\"tone -> out\"]\n[nodes.tone]\ntype = \"oscillator\"\n[nodes.out]\ntype = \"output\"\n";
//!
//! let (mut engine, renderer) = engine(StreamSpec::new(48_000, 64, 0, 1));
//! let capture = Capture::create(&file, Config::default())?;
//! let tap = capture.begin(&mut engine, &registry, Stretch { device: "none".to_owned(), outputs: 1 });
//! let source = Source::new("tone.toml", patch, &Options::default());
//! let graph = source.load(&registry)?.graph;
//! capture.announce(source, &graph);
//! engine.load(graph)?;
//! let mut callback = Tapped::new(renderer, tap);
//! let mut samples = [0.0; 64];
//! callback.process(Block { frames: 64, position: 0, discontinuity: false }, &[], &mut [&mut samples]);
//! capture.end(&engine);
//! engine.close(callback.into_inner());
//! assert!(capture.finish().is_complete());
//!
//! let verdict = Recording::open(&file)?.replay(&registry, &Replay::default(), |_| std::ops::ControlFlow::Continue(()))?;
//! assert_eq!((verdict.blocks, verdict.frames, verdict.differing), (1, 64, 0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod block;
mod capture;
mod error;
mod hash;
mod journal;
mod place;
mod reader;
mod record;
mod recording;
mod replay;
mod source;
mod tap;
mod unwritten;
mod verdict;
mod writer;

pub use block::{BlockRecord, Samples};
pub use capture::{Capture, Config, Stretch};
pub use error::{CaptureError, ReplayError};
pub use reader::Ending;
#[doc(hidden)]
pub use reader::seal;
pub use record::{Call, Deed, End, FileSeen, Header, Note, Start};
pub use recording::{Recording, Take};
pub use replay::{Heard, Replay};
pub use source::Source;
pub use tap::{Tap, Tapped};
pub use unwritten::Unwritten;
pub use verdict::{Difference, SampleDifference, Verdict};
pub use writer::Summary;
