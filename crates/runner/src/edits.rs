//! Notices that files were edited, however an editor writes them: in place, or as new files moved over them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use notify::{Config, Event, EventKind, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};

/// Without another write for so long, a file is taken to be whole.
const QUIET: Duration = Duration::from_millis(25);
/// However often it is written, it is looked at after so long.
const LONGEST: Duration = Duration::from_millis(100);
/// From one look to the next where the system tells of nothing, and at whether folders are still the same ones.
const POLL: Duration = Duration::from_millis(500);

/// Files, and whether they were edited.
pub(crate) struct Edits {
    watcher: Box<dyn Watcher>,
    told: Receiver<notify::Result<Event>>,
    /// As they were named, and where they are.
    named: Vec<PathBuf>,
    files: BTreeSet<PathBuf>,
    /// Those that are watched, and which ones these names stood for then.
    folders: BTreeMap<PathBuf, Option<Identity>>,
    /// When it is looked whether they are others now.
    next_look: Instant,
    /// When the edits that are still going on began, and when the last one was.
    going_on: Option<(Instant, Instant)>,
}

impl Edits {
    /// Of no file yet.
    ///
    /// # Errors
    /// What the system says against watching anything.
    pub(crate) fn new() -> notify::Result<Self> {
        let (tell, told) = channel();
        let config = Config::default().with_poll_interval(POLL);
        // Where the system cannot tell, as on some network file systems, files are looked at.
        let watcher: Box<dyn Watcher> = match RecommendedWatcher::new(tell.clone(), config) {
            Ok(watcher) => Box::new(watcher),
            Err(_) => Box::new(PollWatcher::new(tell, config)?),
        };
        Ok(Self {
            watcher,
            told,
            named: Vec::new(),
            files: BTreeSet::new(),
            folders: BTreeMap::new(),
            next_look: Instant::now() + POLL,
            going_on: None,
        })
    }

    /// From now on, of these files: their folders are watched, since a file that is replaced is another one.
    ///
    /// # Errors
    /// A folder that cannot be watched.
    pub(crate) fn follow(&mut self, files: &[PathBuf]) -> notify::Result<()> {
        self.named = files.to_vec();
        self.files = files.iter().flat_map(|file| places(file)).collect();
        let folders: BTreeMap<PathBuf, Option<Identity>> = self
            .files
            .iter()
            .filter_map(|file| file.parent())
            .map(|folder| (folder.to_owned(), identity(folder)))
            .collect();
        let before = std::mem::replace(&mut self.folders, folders);
        for (gone, _) in before.iter().filter(|(folder, known)| self.folders.get(*folder) != Some(known)) {
            // It may be gone altogether.
            let _ = self.watcher.unwatch(gone);
        }
        let mut fresh = self.folders.iter().filter(|(folder, known)| before.get(*folder) != Some(known));
        fresh.try_for_each(|(folder, _)| self.watcher.watch(folder, RecursiveMode::NonRecursive))
    }

    /// Whether it is time to read the files again. Edits that never end do not put that off for ever.
    pub(crate) fn are_due(&mut self) -> bool {
        let now = Instant::now();
        while let Ok(event) = self.told.try_recv() {
            if event.is_ok_and(|event| self.concern(&event)) {
                let (first, _) = self.going_on.unwrap_or((now, now));
                self.going_on = Some((first, now));
            }
        }
        if now >= self.next_look {
            self.next_look = now + POLL;
            if self.have_moved() {
                self.going_on.get_or_insert((now, now));
            }
        }
        let due = self.going_on.is_some_and(|(first, last)| now >= (last + QUIET).min(first + LONGEST));
        if due {
            self.going_on = None;
        }
        due
    }

    /// Whether files are there that were not, because a folder came, came back or is another one. It is watched then.
    fn have_moved(&mut self) -> bool {
        let files: BTreeSet<PathBuf> = self.named.iter().flat_map(|file| places(file)).collect();
        let same = |(folder, known): (&PathBuf, &Option<Identity>)| identity(folder) == *known;
        if files == self.files && self.folders.iter().all(same) {
            return false;
        }
        // What cannot be watched is looked at when its folder changes again.
        let _ = self.follow(&self.named.clone());
        self.files.iter().any(|file| file.exists())
    }

    fn concern(&self, event: &Event) -> bool {
        // To read a file is no edit; to close it after writing is told as one in any case.
        let edits = !matches!(event.kind, EventKind::Access(_));
        event.need_rescan() || (edits && event.paths.iter().any(|path| self.files.contains(path)))
    }
}

/// What tells a folder from another one that has its name now.
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(folder: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    folder.metadata().ok().map(|found| (found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn identity(folder: &Path) -> Option<Identity> {
    let made = folder.metadata().ok()?.created().ok()?;
    let since = made.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some((since.as_secs(), u64::from(since.subsec_nanos())))
}

/// Where a file is, and what it leads to if it is a link, in real folders.
fn places(file: &Path) -> Vec<PathBuf> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let named = folder.canonicalize().ok().zip(file.file_name()).map(|(folder, name)| folder.join(name));
    let real = file.canonicalize().ok();
    named.into_iter().chain(real).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn wait(edits: &mut Edits) -> bool {
        let end = Instant::now() + Duration::from_secs(10);
        while Instant::now() < end {
            if edits.are_due() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }

    fn quiet(edits: &mut Edits) -> bool {
        let end = Instant::now() + 2 * LONGEST;
        while Instant::now() < end {
            if edits.are_due() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }

    #[test]
    fn files_are_edited_in_place_and_by_replacement_and_others_are_nobodys_business() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        fs::write(&path, "1").unwrap();
        let mut edits = Edits::new().unwrap();
        edits.follow(std::slice::from_ref(&path)).unwrap();
        assert!(quiet(&mut edits), "it was written before");
        fs::write(&path, "2").unwrap();
        assert!(wait(&mut edits), "written in place");
        let beside = folder.path().join("a.toml.tmp");
        fs::write(&beside, "3").unwrap();
        assert!(quiet(&mut edits), "another file");
        fs::rename(&beside, &path).unwrap();
        assert!(wait(&mut edits), "replaced");
        fs::read(&path).unwrap();
        assert!(quiet(&mut edits), "only read");
    }

    #[test]
    fn folders_that_go_come_back_or_are_replaced_are_watched_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let (inner, other) = (folder.path().join("in"), folder.path().join("out"));
        let path = inner.join("a.toml");
        let mut edits = Edits::new().unwrap();
        edits.follow(std::slice::from_ref(&path)).unwrap();
        assert!(quiet(&mut edits), "there is nothing yet");
        fs::create_dir(&inner).unwrap();
        fs::write(&path, "1").unwrap();
        assert!(wait(&mut edits), "its folder came");
        while !quiet(&mut edits) {}
        fs::write(&path, "2").unwrap();
        assert!(wait(&mut edits), "written in place");
        fs::rename(&inner, &other).unwrap();
        fs::create_dir(&inner).unwrap();
        fs::write(&path, "3").unwrap();
        assert!(wait(&mut edits), "another folder has its name");
        while !quiet(&mut edits) {}
        fs::write(other.join("a.toml"), "4").unwrap();
        assert!(quiet(&mut edits), "the old one is nobody's business");
        fs::write(&path, "5").unwrap();
        assert!(wait(&mut edits), "written in place");
    }

    #[test]
    fn edits_without_end_are_looked_at_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        fs::write(&path, "1").unwrap();
        let mut edits = Edits::new().unwrap();
        edits.follow(std::slice::from_ref(&path)).unwrap();
        let end = Instant::now() + Duration::from_secs(10);
        let mut looks = 0;
        while looks < 3 && Instant::now() < end {
            fs::write(&path, looks.to_string()).unwrap();
            std::thread::sleep(QUIET / 5);
            looks += usize::from(edits.are_due());
        }
        assert_eq!(looks, 3);
    }
}
