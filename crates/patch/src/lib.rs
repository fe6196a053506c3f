//! Patchline's patch language: text to an audio graph, every mistake located.
//!
//! [`read`] turns bytes into a [`Patch`], [`Patch::load`] turns that into a graph of the node types in a [`Registry`],
//! [`Patch::check`] also compiles it for a stream. All mistakes of a file come together as [`Diagnostics`], which
//! [`render`] shows to people and `serde` to programs.
//!
//! ```
//! use patchline_patch::{Options, Registry, Style, read, render};
//!
//! let patch = read(b"links = []\n[engine]\nblok = 64\n", "demo.toml")?;
//! let mistakes = patch.load(&Registry::standard(), &Options::default()).unwrap_err();
//! assert_eq!(mistakes.len(), 1);
//! assert!(render(&mistakes, Style::Plain).contains("did you mean `block`?"));
//! # Ok::<(), patchline_patch::Diagnostics>(())
//! ```

mod change;
mod compile;
mod control;
mod diagnostic;
mod document;
mod factors;
mod include;
mod keys;
mod links;
mod load;
mod macros;
mod maps;
mod merge;
mod mistakes;
mod nodes;
mod overrides;
mod parameter;
mod parts;
mod path;
mod registry;
mod render;
mod scenes;
mod schema;
mod settings;
mod source;
mod syntax;
mod table;
mod written;

pub use change::{Changes, ParameterError};
pub use control::{Address, ControlSettings, MidiInputs};
pub use diagnostic::{Code, Diagnostic, Diagnostics, Related, Severity};
pub use document::{MOST_BYTES, Patch, read};
pub use include::IncludedText;
pub use keys::{NODE_KEYS, ON_REPLACE_DOC};
pub use load::{Checked, Files, Key, Loaded, Options};
pub use maps::{Action, Asked, Curve, Map, Mapper, Scale, Trigger};
pub use mistakes::closest;
pub use parameter::Parameter;
pub use registry::Registry;
pub use render::{Style, render};
pub use scenes::{Change, Scene};
pub use schema::schema;
pub use settings::{Backend, EngineSettings, Latency, OnDeviceLoss, OnXrun, SampleRate, Share, Shed, Transport};
pub use source::Position;
