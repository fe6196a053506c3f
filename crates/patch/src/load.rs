//! From tables to a graph: everything the patch says, read, checked and put together.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::DateTime;
use patchline_graph::{Graph, GraphErrors, Schedule, StreamSpec};
use patchline_nodes::Surroundings;

use crate::compile::{Places, compile};
use crate::control::ControlSettings;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::document::Patch;
use crate::maps::Map;
use crate::parts::Parts;
use crate::registry::Registry;
use crate::scenes::Scene;
use crate::settings::EngineSettings;

/// What a patch is loaded with.
///
/// ```
/// use patchline_patch::Options;
///
/// // `{date}` in a recorder's path stands for a day that is said here.
/// let options = Options { start: "2026-01-31T23:59:58".parse()?, ..Options::default() };
/// assert_eq!(options.start.day(), 31);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    /// Folders outside the patch's own in which its nodes may read and write files.
    pub allowed: Vec<PathBuf>,
    /// When the run starts, in local time: what `{date}` and `{time}` in file names count from.
    pub start: DateTime,
    /// Which files it may name.
    pub files: Files,
}

/// Which files a patch may name: those it includes, and those that its nodes read and write.
///
/// ```
/// use patchline_patch::{Files, Options, Registry, read};
///
/// // From a stranger: the recorder may not choose its file.
/// let patch = read(b"links = ['mic -> rec']\n[nodes]\nmic.type = 'input'\nrec = { type = 'file_sink', path = 'take.wav' }\n",
///     "stranger.toml")?;
/// let options = Options { files: Files::None, ..Options::default() };
/// assert!(patch.load(&Registry::standard(), &options).is_err());
/// # Ok::<(), patchline_patch::Diagnostics>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Files {
    /// Those in its folder, in the allowed ones, and in those that it allows itself (`allow_paths`).
    #[default]
    Own,
    /// Those in its folder and in the allowed ones, whatever it says itself: for patches that came from elsewhere.
    Inside,
    /// None.
    None,
}

impl Default for Options {
    /// No other folders; the run starts now.
    fn default() -> Self {
        Self { allowed: Vec::new(), start: patchline_nodes::now(), files: Files::default() }
    }
}

/// A patch without mistakes: what to run, and how.
///
/// ```
/// # const TRIM: &[u8] = b"links = ['mic -> trim -> out']\n[nodes]\nmic.type = 'input'\n\
/// #     trim = { type = 'gain', gain = '-20 dB' }\nout.type = 'output'\n";
/// use patchline_graph::{StreamSpec, engine};
/// use patchline_patch::{Code, Key, Options, Registry, read};
///
/// // `TRIM` is the text of a patch: `mic -> trim -> out`, where `trim` is a gain of -20 dB.
/// let loaded = read(TRIM, "trim.toml")?.load(&Registry::standard(), &Options::default())?;
/// assert!(loaded.warnings.is_empty());
/// let mut stream = StreamSpec::new(48_000, 64, 1, 1);
/// loaded.engine.apply(&mut stream);
/// loaded.compile(&stream)?;
///
/// // It is accepted: play it. What the engine still refuses has a place in the patch, too.
/// let (mut engine, mut renderer) = engine(stream);
/// if let Err(patchline_graph::LoadError::Graph(errors)) = engine.load(loaded.graph.clone()) {
///     eprintln!("{}", loaded.locate(&errors));
/// }
/// let mut output = [0.0];
/// renderer.render(1, &[&[1.0]], &mut [&mut output]);
/// assert_eq!(output, [0.1]);
///
/// let wrong = loaded.objections(Code::Device, [(Key::Node("mic", "device"), "it is gone".to_owned(), String::new())]);
/// assert!(wrong.to_string().contains("trim.toml"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The patch's name.
    pub name: String,
    /// How it wants to be run.
    pub engine: EngineSettings,
    /// Who may change it while it plays.
    pub control: ControlSettings,
    /// The uses of macros: their names, which stand before those of their nodes (`host/trim`), and of which macro.
    pub uses: Vec<(String, String)>,
    /// Values that parameters take together, in the order they are written.
    pub scenes: Vec<Scene>,
    /// What MIDI messages change.
    pub maps: Vec<Map>,
    /// Its nodes and links.
    pub graph: Graph,
    /// What surrounds its nodes, for [`Changes`](crate::Changes) while it plays.
    pub surroundings: Surroundings,
    /// The files that its nodes write under fixed names, by their real places, and which node it is.
    pub writes: BTreeMap<PathBuf, String>,
    /// The files that it was read from: its own, and those it includes.
    pub files: Vec<PathBuf>,
    /// What may not be as meant.
    pub warnings: Diagnostics,
    places: Places,
}

/// A patch that runs on a given stream.
///
/// ```
/// # const TRIM: &[u8] = b"links = ['mic -> trim -> out']\n[nodes]\nmic.type = 'input'\n\
/// #     trim = { type = 'gain', gain = '-20 dB' }\nout.type = 'output'\n";
/// use patchline_graph::StreamSpec;
/// use patchline_patch::{Checked, Options, Registry, read};
///
/// let stream = StreamSpec::new(48_000, 64, 1, 1);
/// // `TRIM` is the text of a patch: `mic -> trim -> out`, where `trim` is a gain of -20 dB.
/// let Checked { loaded, stream, schedule } =
///     read(TRIM, "trim.toml")?.check(&Registry::standard(), &Options::default(), |_, _| stream)?;
/// assert_eq!((loaded.name.as_str(), stream.rate, schedule.slots.len()), ("trim", 48_000, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Checked {
    /// The patch.
    pub loaded: Loaded,
    /// What it runs on.
    pub stream: StreamSpec,
    /// Its steps.
    pub schedule: Schedule,
}

impl Patch {
    /// Reads nodes, links and settings, and puts the graph together.
    ///
    /// # Errors
    /// Every mistake of the patch that does not depend on the device: of syntax, then unknown keys, values, missing
    /// keys, and links.
    pub fn load(&self, registry: &Registry, options: &Options) -> Result<Loaded, Diagnostics> {
        finish(Parts::read(self, registry, options), registry)
    }

    /// Loads the patch and compiles it for a stream: whatever is accepted here runs on a device of that rate and those
    /// channels. `stream` is asked once, with the patch's settings and with its graph as far as it could be read;
    /// the settings' feedback delay, memory budget and fade are put into its answer.
    ///
    /// # Errors
    /// Every mistake of the patch, those of its graph included.
    pub fn check(
        &self,
        registry: &Registry,
        options: &Options,
        stream: impl FnOnce(&EngineSettings, &Graph) -> StreamSpec,
    ) -> Result<Checked, Diagnostics> {
        let mut parts = Parts::read(self, registry, options);
        let graph = parts.graph();
        let mut stream = stream(&parts.engine, &graph);
        parts.engine.apply(&mut stream);
        let compiled = compile(&mut parts, &stream);
        let loaded = finish(parts, registry)?;
        match compiled {
            Some(schedule) => Ok(Checked { loaded, stream, schedule }),
            None => unreachable!("a graph that does not compile leaves a mistake"),
        }
    }
}

fn finish(parts: Parts, registry: &Registry) -> Result<Loaded, Diagnostics> {
    let source = parts.places.source.clone();
    if !parts.mistakes.list.is_empty() {
        return Err(Diagnostics::new(source, parts.mistakes.list));
    }
    let files = source.files();
    let warnings = Diagnostics::new(source, parts.warnings(registry));
    let graph = parts.graph();
    let Parts { name, engine, control, scenes, maps, surroundings, places, nodes, .. } = parts;
    let (uses, writes) = (places.uses(), nodes.writers);
    Ok(Loaded { name, engine, control, uses, scenes, maps, graph, surroundings, writes, files, warnings, places })
}

/// A key of a patch that somebody has something to say about.
///
/// ```
/// # const TRIM: &[u8] = b"links = ['mic -> trim -> out']\n[nodes]\nmic.type = 'input'\n\
/// #     trim = { type = 'gain', gain = '-20 dB' }\nout.type = 'output'\n";
/// use patchline_patch::{Code, Key, Options, Registry, read};
///
/// // `TRIM` is the text of a patch: `mic -> trim -> out`, where `trim` is a gain of -20 dB.
/// let loaded = read(TRIM, "trim.toml")?.load(&Registry::standard(), &Options::default())?;
/// // The patch does not say which rate it wants: the objection is about the file.
/// let rate = (Key::Engine("sample_rate"), "the device runs at 44100 Hz alone".to_owned(), String::new());
/// let gain = (Key::Node("trim", "gain"), "this is too soft".to_owned(), "try -6 dB".to_owned());
/// assert_eq!(loaded.objections(Code::Device, [rate, gain]).len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key<'a> {
    /// A node's parameter; the node, where the patch does not give it.
    Node(&'a str, &'a str),
    /// A setting of `[engine]`; the file, where the patch does not give it.
    Engine(&'a str),
}

impl Loaded {
    /// What the world has against a patch that reads well, each with its key: devices, files. A message, and what
    /// would be right, if that is not in it.
    #[must_use]
    pub fn objections<'a>(&self, code: Code, all: impl IntoIterator<Item = (Key<'a>, String, String)>) -> Diagnostics {
        let located = all.into_iter().map(|(key, message, help)| {
            let span = match key {
                Key::Node(node, parameter) => self.places.parameter(node, parameter),
                Key::Engine(setting) => self.places.setting(setting),
            };
            let diagnostic = Diagnostic::new(code, span, message);
            if help.is_empty() { diagnostic } else { diagnostic.help(help) }
        });
        Diagnostics::new(self.warnings.source.clone(), located.collect())
    }

    /// Compiles the graph for a stream, whose feedback delay, memory budget and fade should be [those of the
    /// settings](EngineSettings::apply).
    ///
    /// # Errors
    /// What keeps the graph from running on it, with its places in the patch.
    pub fn compile(&self, stream: &StreamSpec) -> Result<Schedule, Diagnostics> {
        patchline_graph::compile(&self.graph, stream).map_err(|errors| self.locate(&errors))
    }

    /// Where in the patch a graph's mistakes are, as [`Engine::load`](patchline_graph::Engine::load) reports them.
    #[must_use]
    pub fn locate(&self, errors: &GraphErrors) -> Diagnostics {
        let located = errors.0.iter().map(|error| self.places.locate(error, &|link| link));
        Diagnostics::new(self.warnings.source.clone(), located.collect())
    }
}
