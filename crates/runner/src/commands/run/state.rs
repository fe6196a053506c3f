//! Parameters that were changed while a patch played, kept in a file and set again at the next start.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use patchline_graph::{Edit, Graph, StreamSpec};
use patchline_patch::{Changes, Loaded, Registry};
use serde_json::{Map, Value, json};
use tracing::{info, warn};

use crate::cli::Setting;
use crate::exit::{Exit, Failure};
use crate::load::shown;
use crate::units::count;
use crate::{files, style};

/// The most bytes such a file has.
const MOST_BYTES: u64 = 4 << 20;
/// From one look at what has changed to the next.
const LOOK: Duration = Duration::from_secs(1);
/// What says that a file is one of these, and of which form.
const MARK: &str = "patchline_state";
const FORM: u64 = 1;

/// The file, and what was last written to it.
pub(super) struct State {
    path: PathBuf,
    written: Value,
    /// Nodes and parameters that the command line sets, whatever was kept.
    set: Vec<(String, String)>,
    next: Instant,
    /// Whether it was said that it cannot be written.
    failed: bool,
}

impl State {
    /// Reads the file, if there is one.
    ///
    /// # Errors
    /// A file that cannot be read, or holds something else: it is never replaced.
    pub(super) fn open(path: &Path, set: &[Setting]) -> Result<Self, Failure> {
        // A pipe would be waited for; what is no file of its own could not be replaced.
        if path.symlink_metadata().is_ok_and(|found| !found.is_file()) {
            return Err(refused(path, "it is no regular file"));
        }
        let written = match File::open(path) {
            Ok(file) => read(file).map_err(|why| refused(path, &why))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                if folder.is_some_and(|folder| !folder.is_dir()) {
                    return Err(Failure::new(Exit::File, format!("there is no folder for {}", shown(path))));
                }
                Value::Null
            }
            Err(error) => return Err(refused(path, &error.to_string())),
        };
        let set = set.iter().map(|Setting { node, parameter, .. }| (node.clone(), parameter.clone())).collect();
        Ok(Self { path: path.to_owned(), written, set, next: Instant::now() + LOOK, failed: false })
    }

    /// The patch's graph with the parameters of the file. What does not fit it any more is told of and left out.
    pub(super) fn restore(&self, registry: &Registry, loaded: &Loaded, stream: &StreamSpec) -> Graph {
        let mut graph = loaded.graph.clone();
        let mut restored = 0;
        for (node, parameters) in self.written["nodes"].as_object().into_iter().flatten() {
            for (parameter, value) in parameters.as_object().into_iter().flatten() {
                if self.set.iter().any(|(other, set)| other == node && set == parameter) {
                    continue;
                }
                match changed(registry, loaded, (&graph, stream.rate), (node, parameter, value)) {
                    Ok(next) => (graph, restored) = (next, restored + 1),
                    Err(why) => warn!("{node}.{parameter} of {} is left out: {why}", shown(&self.path)),
                }
            }
        }
        if let Err(errors) = patchline_graph::compile(&graph, stream) {
            let why = style::safe(&errors.to_string(), 300);
            warn!("{} does not fit the patch, which plays as it is written: {why}", shown(&self.path));
            return loaded.graph.clone();
        }
        if restored > 0 {
            info!("{} as {} has it", count(restored, "parameter"), shown(&self.path));
        }
        graph
    }

    /// Writes what differs from the patch, if that is something else than before; now and then, or at once.
    pub(super) fn keep(&mut self, registry: &Registry, (loaded, playing): (&Loaded, &Graph), rate: u32, now: bool) {
        if !now && Instant::now() < self.next {
            return;
        }
        self.next = Instant::now() + LOOK;
        let state = state(registry, (loaded, playing), rate);
        let there = state == self.written && (!now || self.path.exists());
        if there || (self.written.is_null() && state["nodes"] == json!({})) {
            return;
        }
        match files::write(&self.path, format!("{state:#}\n").as_bytes(), true) {
            Ok(()) => (self.written, self.failed) = (state, false),
            Err(failure) if !self.failed => {
                self.failed = true;
                warn!("the state is not kept: {}", failure.message);
            }
            Err(_) => {}
        }
    }
}

fn refused(path: &Path, why: &str) -> Failure {
    let help = "name another file, or remove it";
    Failure::new(Exit::File, format!("{} is no state of a patch: {}; {help}", shown(path), style::safe(why, 200)))
}

fn read(file: File) -> Result<Value, String> {
    let mut text = String::new();
    if !file.metadata().is_ok_and(|found| found.is_file()) {
        return Err("it is no regular file".to_owned());
    }
    file.take(MOST_BYTES).read_to_string(&mut text).map_err(|error| error.to_string())?;
    let value: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    match value[MARK].as_u64() {
        Some(FORM) => Ok(value),
        Some(form) => Err(format!("it is of form {form}, and this program knows form {FORM}")),
        None => Err(format!("`{MARK}` is missing in it")),
    }
}

/// A graph with one parameter changed.
fn changed(
    registry: &Registry,
    loaded: &Loaded,
    (graph, rate): (&Graph, u32),
    (node, parameter, value): (&str, &str, &Value),
) -> Result<Graph, String> {
    let mut changes = Changes::new(registry, graph, rate, loaded.surroundings.clone());
    changes.set(node, parameter, value).map_err(|error| error.to_string())?;
    let edits = changes.edits().map_err(|error| error.to_string())?;
    let mut next = graph.clone();
    for edit in edits {
        match edit {
            Edit::Node { name, node } => next.insert(name, node),
            Edit::Bypass { name, on } => next.bypass(name, on),
        }
    }
    Ok(next)
}

/// What plays, as far as it differs from what the patch says.
fn state(registry: &Registry, (loaded, playing): (&Loaded, &Graph), rate: u32) -> Value {
    let before = &loaded.graph;
    let differs =
        |name: &str| before.node(name) != playing.node(name) || before.is_bypassed(name) != playing.is_bypassed(name);
    let nodes = playing.nodes().filter_map(|(name, _)| {
        let name = name.as_str();
        before.node(name).filter(|_| differs(name))?;
        let parameters = differing(registry, (before, playing), name, rate);
        (!parameters.is_empty()).then(|| (name.to_string(), Value::Object(parameters)))
    });
    let nodes: Map<String, Value> = nodes.collect();
    json!({ MARK: FORM, "patch": loaded.name, "nodes": nodes })
}

fn differing(registry: &Registry, (before, now): (&Graph, &Graph), node: &str, rate: u32) -> Map<String, Value> {
    let values = |graph| registry.parameters_in(graph, node, rate).unwrap_or_default();
    let before = values(before);
    let known = |path: &str| before.iter().find(|old| old.path == path).map(|old| &old.value);
    let changed = values(now).into_iter().filter(|new| known(&new.path) != Some(&new.value));
    changed.map(|new| (new.path, new.value.unwrap_or(Value::Null))).collect()
}

#[cfg(test)]
mod tests {
    use patchline_patch::Options;

    use super::*;

    const PATCH: &str = "links = [\"tone -> trim -> echo -> out\"]\n[nodes.tone]\ntype = \"oscillator\"\n\
                         [nodes.trim]\ntype = \"gain\"\ngain = \"-6 dB\"\n[nodes.echo]\ntype = \"delay\"\n\
                         time = \"100 ms\"\n[nodes.out]\ntype = \"output\"\n";

    fn loaded(text: &str) -> Loaded {
        let patch = patchline_patch::read(text.as_bytes(), "p.toml").unwrap();
        patch.load(&Registry::standard(), &Options::default()).unwrap()
    }

    fn stream() -> StreamSpec {
        StreamSpec { outputs: None, ..StreamSpec::new(48_000, 64, 0, 0) }
    }

    #[test]
    fn what_was_changed_is_there_at_the_next_start_and_the_rest_is_the_patch_s() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("live.json");
        let (registry, before, after) = (Registry::standard(), loaded(PATCH), PATCH.replace("-6 dB", "-9 dB"));
        let mut playing = loaded(&after.replace("100 ms", "250 ms")).graph;
        playing.bypass(patchline_graph::NodeName::new("trim").unwrap(), true);
        let mut state = State::open(&path, &[]).unwrap();
        state.keep(&registry, (&before, &before.graph), 48_000, true);
        assert!(!path.exists(), "nothing has changed");
        state.keep(&registry, (&before, &playing), 48_000, false);
        assert!(!path.exists(), "not yet");
        state.keep(&registry, (&before, &playing), 48_000, true);
        let kept: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(kept["nodes"], json!({ "trim": { "gain": "-9 dB", "bypass": true }, "echo": { "time": "0.25 s" } }));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let state = State::open(&path, &[]).unwrap();
        assert!(state.restore(&registry, &before, &stream()) == playing);
        // Another parameter of the patch was edited meanwhile; one node is gone.
        let other =
            loaded(&PATCH.replace("-> echo ->", "->").replace("[nodes.tone]", "[nodes.tone]\nfrequency = 100\n"));
        let restored = state.restore(&registry, &other, &stream());
        let gain = |graph: &Graph| registry.parameters(graph.node("trim").unwrap(), 48_000).unwrap()[0].value.clone();
        assert_eq!(gain(&restored), Some("-9 dB".into()));
        assert!(restored.node("tone") == other.graph.node("tone"));
    }

    #[test]
    fn what_is_left_out_is_kept_and_the_command_line_has_the_last_word() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("live.json");
        let (registry, before) = (Registry::standard(), loaded(PATCH));
        let mut playing = loaded(&PATCH.replace("-6 dB", "-9 dB")).graph;
        playing.bypass(patchline_graph::NodeName::new("echo").unwrap(), true);
        let mut state = State::open(&path, &[]).unwrap();
        state.keep(&registry, (&before, &playing), 48_000, true);
        assert!(State::open(&path, &[]).unwrap().restore(&registry, &before, &stream()) == playing);
        let set = ["trim.gain=-6dB".parse().unwrap()];
        let restored = State::open(&path, &set).unwrap().restore(&registry, &before, &stream());
        assert!(restored.node("trim") == before.graph.node("trim") && restored.is_bypassed("echo"));
        std::fs::remove_file(&path).unwrap();
        state.keep(&registry, (&before, &playing), 48_000, true);
        assert!(path.exists(), "it was removed meanwhile");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_refused_before_anything_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("link.json");
        std::os::unix::fs::symlink("live.json", &path).unwrap();
        assert!(State::open(&path, &[]).err().unwrap().message.contains("is no regular file"));
    }

    #[test]
    fn back_to_the_patch_empties_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("live.json");
        let (registry, before) = (Registry::standard(), loaded(PATCH));
        let mut state = State::open(&path, &[]).unwrap();
        state.keep(&registry, (&before, &loaded(&PATCH.replace("-6", "-9")).graph), 48_000, true);
        state.keep(&registry, (&before, &before.graph), 48_000, true);
        let kept: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(kept["nodes"], json!({}));
    }

    #[test]
    fn what_is_something_else_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("a", "no json"), ("b", "{}"), ("c", "{\"patchline_state\": 2}"), ("d", "[1, 2]")] {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            let failure = State::open(&path, &[]).err().expect(text);
            assert!(failure.message.contains("is no state of a patch"), "{}", failure.message);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        assert!(State::open(folder.path(), &[]).is_err());
        assert!(State::open(&folder.path().join("no/where.json"), &[]).is_err());
    }

    #[test]
    fn values_that_do_not_fit_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("live.json");
        let nodes =
            json!({ "trim": { "gain": 5_000, "loud": 1, "mute": true }, "echo": 7, "out": { "channels": [-1] } });
        std::fs::write(&path, json!({ MARK: FORM, "nodes": nodes }).to_string()).unwrap();
        let before = loaded(PATCH);
        let restored = State::open(&path, &[]).unwrap().restore(&Registry::standard(), &before, &stream());
        let expected = loaded(&PATCH.replace("[nodes.echo]", "mute = true\n[nodes.echo]")).graph;
        assert!(restored == expected);
    }
}
