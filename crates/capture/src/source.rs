//! The patch that an engine plays, as text: what has to be known to load it again.

use std::path::{Path, PathBuf};

use patchline_patch::{Diagnostics, IncludedText, Loaded, Options, Patch, Registry};
use serde::{Deserialize, Serialize};

/// A patch as it was loaded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Its file, absolute: the folder that relative paths start from.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// The texts of the files that it includes.
    #[serde(default)]
    pub included: Vec<IncludedText>,
    /// Parameters set from outside: node, parameter, value.
    pub settings: Vec<(String, String, String)>,
    /// Folders outside the patch's own in which its nodes may read files.
    pub allowed: Vec<PathBuf>,
    /// When the run started, in local time.
    pub start: String,
}

impl Source {
    /// A patch of this text, from this file, loaded with these options.
    #[must_use]
    pub fn new(path: impl AsRef<Path>, text: impl Into<String>, options: &Options) -> Self {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self {
            path: absolute(path.as_ref()),
            text: text.into(),
            included: Vec::new(),
            settings: Vec::new(),
            allowed: options.allowed.iter().map(|folder| absolute(folder)).collect(),
            start: options.start.to_string(),
        }
    }

    /// A patch that was read, with what it includes and what was set in it.
    #[must_use]
    pub fn of(patch: &Patch, options: &Options) -> Self {
        let settings = patch.settings().map(|(node, key, value)| (node.to_owned(), key.to_owned(), value.to_owned()));
        let mut whole = patch.clone();
        whole.gather(options);
        let included = whole.included().collect();
        Self { included, settings: settings.collect(), ..Self::new(patch.path(), patch.text(), options) }
    }

    /// With a parameter set from outside, as by [`Patch::set`](patchline_patch::Patch::set).
    #[must_use]
    pub fn with(mut self, node: &str, parameter: &str, value: &str) -> Self {
        self.settings.push((node.to_owned(), parameter.to_owned(), value.to_owned()));
        self
    }

    /// Loads it, as it was loaded then.
    ///
    /// # Errors
    /// Its mistakes, files that are not there among them.
    pub fn load(&self, registry: &Registry) -> Result<Loaded, Diagnostics> {
        let mut patch = patchline_patch::read(self.text.as_bytes(), &self.path)?;
        patch.give(self.included.clone());
        for (node, parameter, value) in &self.settings {
            patch.set(node, parameter, value);
        }
        let usual = Options::default();
        let start = self.start.parse().unwrap_or(usual.start);
        let options = Options { allowed: self.allowed.clone(), start, ..usual };
        patch.load(registry, &options)
    }

    /// Another text in the same place.
    pub(crate) fn of_text(&self, text: String) -> Self {
        Self { text, included: Vec::new(), settings: Vec::new(), ..self.clone() }
    }

    /// The same patch, whose files lie in another folder.
    pub(crate) fn moved(&self, folder: Option<&Path>) -> Self {
        let Some(folder) = folder else { return self.clone() };
        let name = self.path.file_name().unwrap_or("patch.toml".as_ref());
        Self { path: folder.join(name), ..self.clone() }
    }
}
