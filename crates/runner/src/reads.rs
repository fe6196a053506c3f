//! What a command reads, which nothing that it writes may replace.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use patchline_graph::Graph;
use patchline_nodes::FileSource;
use patchline_patch::{Code, Key, Loaded};
use patchline_wav::Hold;

use crate::exit::{Exit, Failure};
use crate::files::real;
use crate::load::{shown, shown_failure};

/// The files that a command reads, and what each is, for people. Asked of all that it writes, before anything is opened.
#[derive(Default)]
pub(crate) struct Reads {
    /// By their places …
    places: BTreeMap<PathBuf, String>,
    /// … and by what the system knows them by, however they are called.
    identities: BTreeMap<Identity, String>,
}

impl Reads {
    /// What a patch is made from and plays.
    pub(crate) fn of(patch: &Path, loaded: &Loaded) -> Self {
        let mut reads = Self::default();
        let stdin = patch == Path::new("-");
        reads.add(patch, "the patch itself");
        for file in loaded.files.iter().filter(|file| !stdin || *file != Path::new("stdin")) {
            reads.add(file, "a file that the patch includes");
        }
        reads.plays(&loaded.graph);
        reads
    }

    /// The files that the sources of a graph play.
    pub(crate) fn plays(&mut self, graph: &Graph) {
        for (name, node) in graph.nodes() {
            if let Some(file) = node.downcast_ref().and_then(FileSource::file) {
                self.add(file, &format!("{}, which the patch's `{name}` plays", shown(file)));
            }
        }
    }

    /// A file that the command line names to be heard; `-` is none.
    pub(crate) fn hears(&mut self, input: &Path) {
        self.add(input, &format!("the input {}", shown(input)));
    }

    /// A file; what it was called first holds.
    pub(crate) fn add(&mut self, file: &Path, what: &str) {
        if file == Path::new("-") {
            return;
        }
        self.places.entry(real(file)).or_insert_with(|| what.to_owned());
        if let Some(identity) = identity(file) {
            self.identities.entry(identity).or_insert_with(|| what.to_owned());
        }
    }

    /// Holds on to all of them: names of recorders that are known only when they begin do not replace them either.
    pub(crate) fn hold(&self) -> Vec<Hold> {
        self.places.keys().filter_map(|place| Hold::on(place).ok()).collect()
    }

    /// What would be replaced by writing there.
    pub(crate) fn replaced_by(&self, output: &Path) -> Option<&str> {
        let same = || self.identities.get(&identity(output)?);
        self.places.get(&real(output)).or_else(same).map(String::as_str)
    }

    /// Refuses what an option of the command line would write over something that is read.
    pub(crate) fn spared_by(&self, option: &str, output: &Path) -> Result<(), Failure> {
        let refused = |what| {
            let what = format!("`{option} {}` would replace {what}; name another file", shown(output));
            Err(Failure::new(Exit::Usage, what))
        };
        self.replaced_by(output).map_or(Ok(()), refused)
    }

    /// Refuses a patch whose recorders would write over something that is read, with the places of all of them; those
    /// that play on have their files already.
    pub(crate) fn spared_by_recorders(&self, loaded: &Loaded, plays_on: impl Fn(&str) -> bool) -> Result<(), Failure> {
        let help = "give it another `path`, or number it by `{seq}`";
        let begun = loaded.writes.iter().filter(|(_, node)| !plays_on(node));
        let objections: Vec<_> = begun
            .filter_map(|(path, node)| {
                let message = format!("`{node}` would replace {}", self.replaced_by(path)?);
                Some((Key::Node(node, "path"), message, help.to_owned()))
            })
            .collect();
        match objections.is_empty() {
            true => Ok(()),
            false => Err(shown_failure(Exit::Usage, &loaded.objections(Code::File, objections))),
        }
    }
}

/// What tells a file from all others that are there now.
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(file: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    file.metadata().ok().map(|found| (found.dev(), found.ino()))
}

/// Elsewhere the place has to do; it has no links, and names as they are written on the disk.
#[cfg(not(unix))]
fn identity(_file: &Path) -> Option<Identity> {
    None
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_known_by_any_name_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("sub")).unwrap();
        ["a.wav", "b.wav"].iter().for_each(|name| fs::write(at(name), "").unwrap());
        let mut reads = Reads::default();
        reads.hears(&at("a.wav"));
        reads.hears(Path::new("-"));
        fs::hard_link(at("a.wav"), at("hard.wav")).unwrap();
        let mut names = vec!["a.wav", "sub/../a.wav"];
        if cfg!(unix) {
            names.push("hard.wav");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("a.wav", at("soft.wav")).unwrap();
            std::os::unix::fs::symlink(folder.path(), at("sub/folder")).unwrap();
            names.extend(["soft.wav", "sub/folder/a.wav"]);
        }
        for name in names {
            let refused = reads.spared_by("-o", &at(name)).unwrap_err();
            assert!(refused.exit == Exit::Usage && refused.message.contains("would replace the input"), "{name}");
        }
        for name in ["b.wav", "new.wav", "no/a.wav", "sub", "-"] {
            assert_eq!(reads.replaced_by(&at(name)), None, "{name}");
        }
        assert_eq!(reads.replaced_by(Path::new("-")), None);
    }
}
