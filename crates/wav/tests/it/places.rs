//! Places: no link is followed on the way to a file, whenever it was put there.

use std::fs;
use std::path::Path;

use patchline_wav::{Broadcast, FileWriter, Options, Place, Subtype, WriteError};

use crate::format;

fn create(place: &Place) -> Result<FileWriter, WriteError> {
    FileWriter::create_at(place, Options::new(format(1, Subtype::Pcm16)), &Broadcast::default())
}

#[test]
fn folders_are_made_and_files_created_in_them_once() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("new/base");
    let place = Place::beneath(&base, Path::new("a/b/c.wav")).unwrap();
    assert_eq!(place.path(), base.join("a/b/c.wav"));
    assert!(!place.exists());
    create(&place).unwrap();
    assert!(place.exists() && base.join("a/b/c.wav").exists());
    assert!(matches!(create(&place), Err(WriteError::Exists(_))));
    assert!(!place.sibling("d.wav").unwrap().exists());
    place.remove();
    assert!(!base.join("a/b/c.wav").exists());
    for rest in ["", "..", "../x.wav", "a/../x.wav", "/x.wav"] {
        assert!(matches!(Place::beneath(&base, Path::new(rest)), Err(WriteError::NotRegular(_))), "{rest}");
    }
    fs::write(base.join("file"), b"").unwrap();
    assert!(matches!(Place::beneath(&base, Path::new("file/x.wav")), Err(WriteError::Create { .. })));
}

#[cfg(unix)]
#[test]
fn a_link_is_refused_before_and_not_followed_after() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let [inside, other] = ["inside", "other"].map(|name| folder.path().join(name));
    fs::create_dir_all(inside.join("a")).unwrap();
    fs::create_dir(&other).unwrap();
    symlink(&other, inside.join("link")).unwrap();
    symlink("nowhere", inside.join("a/lost.wav")).unwrap();
    for rest in ["link/x.wav", "link/deeper/x.wav"] {
        let refused = Place::beneath(&inside, Path::new(rest));
        assert!(matches!(&refused, Err(WriteError::LinkedFolder(link)) if *link == inside.join("link")), "{refused:?}");
    }
    let lost = Place::beneath(&inside, Path::new("a/lost.wav")).unwrap();
    assert!(matches!(create(&lost), Err(WriteError::Symlink(_))));

    // The folder is exchanged between the look and the leap.
    let place = Place::beneath(&inside, Path::new("a/x.wav")).unwrap();
    fs::rename(inside.join("a"), inside.join("moved")).unwrap();
    symlink(&other, inside.join("a")).unwrap();
    create(&place).unwrap();
    assert!(inside.join("moved/x.wav").exists());
    assert_eq!(fs::read_dir(&other).unwrap().count(), 0);
}
