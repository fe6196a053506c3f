//! The patch is edited while it plays.

use std::path::PathBuf;

use patchline_capture::Source;
use patchline_graph::LoadError;
use patchline_patch::{Checked, Files, Loaded};
use patchline_wav::Hold;
use serde_json::{Map, Value, json};
use tracing::{info, warn};

use super::score::Score;
use crate::changes::{Changes, Version};
use crate::edits::Edits;
use crate::exit::{Exit, Failure};
use crate::live::Live;
use crate::load::{self, Trouble};
use crate::reads::Reads;
use crate::watch::NewPatch;
use crate::{files, signals, wanted};

/// Loads the patch anew when it was edited, or when somebody asks for it.
pub(super) struct Reloads {
    edits: Option<Edits>,
    /// What the engine had no room for yet.
    waiting: Option<Box<Fresh>>,
    /// The files that the patch which plays is made from, and plays.
    held: Vec<Hold>,
}

/// A patch that was read anew.
struct Fresh {
    checked: Checked,
    source: Option<Source>,
    changes: Changes,
    reads: Reads,
}

impl Reloads {
    /// For the patch of the command line, which is watched if that was asked for; `held` is what it reads.
    pub(super) fn new(score: &Score, held: Vec<Hold>) -> Result<Self, Failure> {
        let mut edits = None;
        if score.args.watch {
            if score.is_stream() {
                let message = "--watch needs a file: what was read from stdin or a pipe cannot be read again";
                return Err(Failure::new(Exit::Usage, message));
            }
            edits = Some(watched(score.files()).map_err(|error| Failure::new(Exit::File, error))?);
        }
        Ok(Self { edits, waiting: None, held })
    }

    /// Looks whether there is something to be loaded, and loads it.
    pub(super) fn look(&mut self, score: &mut Score, playing: &mut Loaded, live: &mut Live) {
        let edited = self.edits.as_mut().is_some_and(Edits::are_due);
        let asked = signals::reload_wanted();
        if asked || edited {
            self.waiting = self.read(score, playing, live, asked);
        }
        if let Some(fresh) = self.waiting.take() {
            match self.load(fresh, playing, live) {
                Ok(waiting) => self.waiting = waiting,
                Err(failure) => live.refuse(&failure),
            }
        }
    }

    /// Reads the patch. Nothing, where there is nothing new, or where something is wrong with it, which is told.
    fn read(&mut self, score: &mut Score, playing: &Loaded, live: &mut Live, asked: bool) -> Option<Box<Fresh>> {
        if score.is_stream() {
            warn!("what was read from stdin or a pipe cannot be read again; the patch plays on");
            return None;
        }
        let read = score.read_again(|score| fresh(score, playing, live));
        self.follow(score.files());
        match read {
            Ok(fresh) => {
                if fresh.changes.is_empty() {
                    if asked {
                        info!("nothing in the patch has changed");
                    }
                    return None;
                }
                Some(Box::new(fresh))
            }
            Err(failure) => {
                live.refuse(&failure);
                None
            }
        }
    }

    /// Loads a patch that is given as text, which may name these files and no others. Nothing else is waiting then.
    ///
    /// # Errors
    /// What is wrong with it; what played plays on.
    pub(super) fn load_text(
        &mut self,
        text: (&str, Files),
        score: &mut Score,
        playing: &mut Loaded,
        live: &mut Live,
    ) -> Result<Map<String, Value>, Failure> {
        let fresh = score.read_text(text, |score| fresh(score, playing, live)).inspect_err(|failure| {
            live.refuse(failure);
        })?;
        let report = json!({ "changes": fresh.changes.data(), "warnings": fresh.checked.loaded.warnings });
        if !fresh.changes.is_empty() {
            // What waits is older.
            self.waiting = self.load(Box::new(fresh), playing, live).inspect_err(|failure| live.refuse(failure))?;
        }
        match report {
            Value::Object(report) => Ok(report),
            _ => unreachable!("it was written as an object"),
        }
    }

    /// What would be said and changed if this text were loaded. Nothing is.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn check_text(
        text: (&str, Files),
        score: &mut Score,
        playing: &Loaded,
        live: &Live,
    ) -> Result<Map<String, Value>, Failure> {
        let Fresh { changes, checked, .. } = score.look_at_text(text, |score| fresh(score, playing, live))?;
        let warnings = serde_json::to_value(&checked.loaded.warnings).unwrap_or_default();
        Ok(Map::from_iter([
            ("changes".to_owned(), changes.data()),
            ("line".to_owned(), changes.line().into()),
            ("warnings".to_owned(), warnings),
        ]))
    }

    /// Loads a patch; gives it back if there is no room for it yet.
    fn load(
        &mut self,
        fresh: Box<Fresh>,
        playing: &mut Loaded,
        live: &mut Live,
    ) -> Result<Option<Box<Fresh>>, Failure> {
        let loaded = &fresh.checked.loaded;
        let (same_device, line, later) = (same_device(playing, loaded), fresh.changes.line(), fresh.changes.later());
        match live.load_graph(loaded.graph.clone(), &loaded.engine, fresh.source.clone()) {
            Ok(()) => {
                load::show(&loaded.warnings);
                if !same_device {
                    warn!("the device stays as it is; another one is opened when the patch is started anew");
                }
                later.into_iter().for_each(|later| warn!("{later}"));
                live.expect(NewPatch { line, data: fresh.changes.data() });
                self.held = fresh.reads.hold();
                *playing = fresh.checked.loaded;
                Ok(None)
            }
            Err(LoadError::Busy(_) | LoadError::Crowded(_)) => Ok(Some(fresh)),
            Err(error) => Err(load::refused(loaded, error)),
        }
    }

    fn follow(&mut self, files: &[PathBuf]) {
        if let Some(edits) = &mut self.edits
            && let Err(error) = edits.follow(files)
        {
            warn!("cannot watch all files of the patch: {error}");
        }
    }
}

/// Watches a patch's files.
fn watched(files: &[PathBuf]) -> Result<Edits, String> {
    let watched = Edits::new().and_then(|mut edits| edits.follow(files).map(|()| edits));
    watched.map_err(|error| format!("cannot watch the patch: {error}"))
}

/// The patch as it is now, if it can play here.
fn fresh(score: &Score, playing: &Loaded, live: &Live) -> Result<Fresh, Failure> {
    let stream = live.stream();
    let checked = score.check(|_, _| live.stream().clone())?;
    let loaded = &checked.loaded;
    let fade = load::fade(&loaded.engine, stream.rate);
    let before = Version { graph: live.engine().graph(), loaded: playing };
    let after = Version { graph: &loaded.graph, loaded };
    let changes = Changes::between(score.registry, before, after, (stream, fade))
        .map_err(|errors| Failure::from(Trouble::from(loaded.locate(&errors))))?;
    let reads = Reads::of(&score.args.patch, loaded);
    files::free_beside(loaded, &reads, playing, |node| changes.plays_on(node))?;
    Ok(Fresh { source: score.source(), checked, changes, reads })
}

fn same_device(before: &Loaded, after: &Loaded) -> bool {
    let [before, after] = [before, after].map(|loaded| wanted::devices(&loaded.graph).ok());
    before == after
}
