//! The files that a patch includes: found, read, and put behind its own text.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchline_nodes::{Surroundings, resolve_path};
use serde::{Deserialize, Serialize};
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{MOST_BYTES, Patch, too_deep};
use crate::load::{Files, Options};
use crate::source::{Included, Source, folder_of};

/// The most files that a patch includes.
const MOST_FILES: usize = 64;
/// The most files that include each other, one within the other.
const DEEPEST: usize = 16;

impl Patch {
    /// Reads the files that the patch includes, so that it can be loaded more than once from the same texts. What is
    /// wrong with them is reported by [`Patch::load`], which does this by itself where it has not been done.
    ///
    /// ```
    /// use patchline_patch::{Options, Registry, read};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let common = folder.path().join("common.toml");
    /// std::fs::write(&common, "[nodes.mic]\ntype = 'input'\n")?;
    /// let mut patch = read(b"include = ['common.toml']\nlinks = ['mic -> out']\n[nodes]\nout.type = 'output'\n",
    ///     folder.path().join("patch.toml"))?;
    /// patch.gather(&Options::default());
    /// std::fs::remove_file(&common)?;
    /// // The file is not read again.
    /// assert!(patch.load(&Registry::standard(), &Options::default()).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn gather(&mut self, options: &Options) {
        if self.gathered.is_none() {
            let settings: Vec<_> = self.settings().map(|(a, b, c)| [a, b, c].map(str::to_owned)).collect();
            let (own, scene) = (self.text().to_owned(), self.scene().map(str::to_owned));
            self.source = Source::new(&self.source.path, own);
            self.settings.clear();
            let mut gatherer = Gatherer::new(self, options);
            gatherer.file(0, &self.source.path.clone(), 0..self.source.length);
            let Gatherer { source, included, wanted, mistakes, .. } = gatherer;
            self.source = Source { included: included.into(), wanted: wanted.into(), ..source };
            self.gathered = Some(mistakes);
            settings.iter().for_each(|[node, parameter, value]| self.set(node, parameter, value));
            scene.iter().for_each(|scene| self.start_with(scene));
        }
    }

    /// Its own file and those that it includes, also where they could not be read, once they were
    /// [gathered](Patch::gather).
    ///
    /// ```
    /// use patchline_patch::{Options, read};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut patch = read(b"include = ['common.toml']\nlinks = []\n", folder.path().join("patch.toml"))?;
    /// patch.gather(&Options::default());
    /// // What a program watches: also what is not there yet.
    /// assert!(patch.files().iter().any(|file| file.ends_with("common.toml")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        self.source.files()
    }

    /// The included files in the order they were read; none before they were [gathered](Patch::gather).
    ///
    /// ```
    /// use patchline_patch::{Options, read};
    ///
    /// let folder = tempfile::tempdir()?;
    /// std::fs::write(folder.path().join("common.toml"), "[nodes.mic]\ntype = 'input'\n")?;
    /// let mut patch = read(b"include = ['common.toml']\nlinks = []\n", folder.path().join("patch.toml"))?;
    /// assert_eq!(patch.included().len(), 0);
    /// patch.gather(&Options::default());
    /// let included = patch.included().next().unwrap();
    /// assert_eq!((included.by, included.path.as_str()), (0, "common.toml"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn included(&self) -> impl ExactSizeIterator<Item = IncludedText> {
        self.source.included.iter().map(|file| IncludedText {
            by: file.by,
            path: file.written.to_string(),
            text: self.source.text[file.range.clone()].to_owned(),
        })
    }

    /// Gives the patch the texts that it includes, as [`included`](Patch::included) told them: no file is read for
    /// them any more.
    ///
    /// ```
    /// use patchline_patch::{IncludedText, Options, Registry, read};
    ///
    /// // On another machine, where there is no `common.toml`.
    /// let mut patch = read(b"include = ['common.toml']\nlinks = ['mic -> out']\n[nodes]\nout.type = 'output'\n", "patch.toml")?;
    /// let text = "[nodes.mic]\ntype = 'input'\n".to_owned();
    /// patch.give(vec![IncludedText { by: 0, path: "common.toml".to_owned(), text }]);
    /// let loaded = patch.load(&Registry::standard(), &Options::default())?;
    /// assert!(loaded.graph.node("mic").is_some());
    /// # Ok::<(), patchline_patch::Diagnostics>(())
    /// ```
    pub fn give(&mut self, texts: Vec<IncludedText>) {
        self.given = Some(texts.into());
        self.gathered = None;
    }
}

/// The text of a file that a patch includes.
///
/// ```
/// use patchline_patch::IncludedText;
///
/// let text = IncludedText { by: 0, path: "common.toml".to_owned(), text: "links = []\n".to_owned() };
/// // It is kept with a run, to be told again.
/// let kept = serde_json::to_string(&text)?;
/// assert_eq!(serde_json::from_str::<IncludedText>(&kept)?, text);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncludedText {
    /// Which file includes it: 0 is the patch's own, 1 the first included.
    pub by: usize,
    /// What is written there.
    pub path: String,
    /// What it holds.
    pub text: String,
}

/// Reads files, one within the other.
struct Gatherer<'a> {
    options: &'a Options,
    homeless: bool,
    /// Texts that take the place of files.
    given: Option<Arc<[IncludedText]>>,
    source: Source,
    /// Folders that files may be in, beside that of the file that includes them.
    allowed: Vec<PathBuf>,
    included: Vec<Included>,
    wanted: Vec<PathBuf>,
    /// The files that are being read, each included by the one before, by their real places.
    open: Vec<PathBuf>,
    seen: HashSet<PathBuf>,
    mistakes: Vec<Diagnostic>,
}

impl<'a> Gatherer<'a> {
    fn new(patch: &Patch, options: &'a Options) -> Self {
        let own = patch.path().canonicalize().unwrap_or_else(|_| patch.path().to_owned());
        let folder = patch.source.folder();
        let mut allowed = options.allowed.clone();
        if !patch.homeless {
            allowed.push(folder);
        }
        Self {
            options,
            homeless: patch.homeless,
            given: patch.given.clone(),
            source: patch.source.clone(),
            allowed,
            included: Vec::new(),
            wanted: Vec::new(),
            seen: HashSet::from([own.clone()]),
            open: vec![own],
            mistakes: Vec::new(),
        }
    }

    /// Reads what a file includes; 0 is the patch's own.
    fn file(&mut self, number: usize, shown: &Path, range: Range<usize>) {
        let text = self.source.text.clone();
        let text = &text[range.clone()];
        // Most patches include nothing, and need not be parsed to see that. A key may be spelled with escapes.
        if !text.contains("include") && !text.contains('\\') {
            return;
        }
        let table = DeTable::parse_recoverable(text).0.into_inner();
        if number == 0 {
            self.allow(&table);
        }
        let Some(value) = table.get("include") else { return };
        let at = |span: Range<usize>| range.start + span.start..range.start + span.end;
        let DeValue::Array(list) = value.get_ref() else {
            return self.report(Code::Value, at(value.span()), "`include` is a list of files".to_owned(), Some(FORM));
        };
        for item in list.iter() {
            match item.get_ref().as_str() {
                Some(path) => self.include(number, shown, path, &at(item.span())),
                None => {
                    self.report(Code::Value, at(item.span()), "`include` is a list of texts".to_owned(), Some(FORM))
                }
            }
        }
    }

    /// Takes in the folders that the patch itself allows.
    fn allow(&mut self, table: &DeTable<'_>) {
        let folder = self.source.folder();
        let allowed = table.get("engine").and_then(|engine| engine.get_ref().get("allow_paths"));
        let allowed = allowed.and_then(|list| list.get_ref().as_array()).into_iter().flatten();
        let allowed = allowed.filter_map(|path| path.get_ref().as_str()).map(|path| folder.join(path));
        if self.options.files == Files::Own && !self.homeless {
            self.allowed.extend(allowed);
        }
    }

    fn report(&mut self, code: Code, place: Range<usize>, message: String, help: Option<&str>) {
        let diagnostic = Diagnostic::new(code, place, message);
        self.mistakes.push(match help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        });
    }

    fn include(&mut self, by: usize, includer: &Path, path: &str, at: &Range<usize>) {
        let found = match self.given.clone() {
            Some(texts) => {
                let text = texts.iter().find(|text| text.by == by && text.path == path);
                Ok((includer.to_owned(), text.map(|text| text.text.clone())))
            }
            None => self.find(includer, path).and_then(|place| self.read(&place).map(|text| (place, text))),
        };
        match found {
            Ok((place, Some(text))) => {
                let shown = includer.parent().unwrap_or(Path::new("")).join(path);
                let range = self.source.append(&text);
                self.included.push(Included {
                    path: shown.clone().into(),
                    written: path.into(),
                    range: range.clone(),
                    by,
                });
                // Places of this file's own mistakes are found by it.
                self.source.included = self.included.clone().into();
                self.open.push(place);
                self.file(self.included.len(), &shown, range);
                self.open.pop();
            }
            Ok((_, None)) => {}
            Err(message) => self.report(Code::File, at.clone(), message, None),
        }
    }

    /// The real place of a file, if it may be read.
    fn find(&mut self, includer: &Path, path: &str) -> Result<PathBuf, String> {
        if self.options.files == Files::None {
            return Err("this patch may not include files".to_owned());
        }
        let folder = match &self.open[..] {
            [_, .., includer] => folder_of(includer),
            _ => folder_of(includer),
        };
        let mut surroundings = Surroundings::new("", &folder);
        surroundings.allowed.clone_from(&self.allowed);
        let place = resolve_path(&surroundings, "include", path).map_err(|error| error.message)?;
        let real = |folder: &PathBuf| folder.canonicalize().is_ok_and(|folder| place.starts_with(folder));
        if self.homeless && !self.allowed.iter().any(real) {
            return Err("a patch that is not read from a file includes only files that are allowed with \
                        `--allow-path`"
                .to_owned());
        }
        Ok(place)
    }

    /// The text of a file; `None` if it is included already, by another way.
    fn read(&mut self, place: &Path) -> Result<Option<String>, String> {
        if let Some(at) = self.open.iter().position(|open| open == place) {
            let name = |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
            let names: Vec<_> = self.open[at..].iter().chain([&self.open[at]]).filter_map(name).collect();
            return Err(format!("files include each other: {}", names.join(" -> ")));
        }
        if !self.seen.insert(place.to_owned()) {
            return Ok(None);
        }
        if self.wanted.len() == MOST_FILES {
            return Err(format!("a patch includes at most {MOST_FILES} files"));
        }
        if self.open.len() > DEEPEST {
            return Err(format!("files include files that include files more than {DEEPEST} deep here"));
        }
        self.wanted.push(place.to_owned());
        let left = MOST_BYTES.saturating_sub(self.source.text.len());
        let bytes = regular(place, left + 1).map_err(|error| format!("this file cannot be included: {error}"))?;
        if bytes.len() > left {
            return Err("with this file, the patch would have more than 1 MiB".to_owned());
        }
        let text = String::from_utf8(bytes).map_err(|_| "this file is not UTF-8 text".to_owned())?;
        match too_deep(&text) {
            Some(_) => Err("in this file, tables lie in tables too deeply".to_owned()),
            None => Ok(Some(text)),
        }
    }
}

const FORM: &str = "as in include = [\"common.toml\"]";

/// At most so many bytes of a regular file: of a pipe or a device, nobody knows whether they ever end.
fn regular(place: &Path, most: usize) -> std::io::Result<Vec<u8>> {
    let no_file = || std::io::Error::other("it is no regular file");
    if !place.metadata()?.is_file() {
        return Err(no_file());
    }
    let file = File::open(place)?;
    if !file.metadata()?.is_file() {
        return Err(no_file());
    }
    let mut bytes = Vec::new();
    file.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
