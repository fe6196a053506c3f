//! What is on disk already stays as it is unless its owner says otherwise.

use std::fs;
use std::path::{Path, PathBuf};

use patchline_wav::{AtomicWriter, FileReader, FileWriter, Options, ReadError, Subtype, WriteError};

use crate::{format, read, scratch, signal};

fn options(overwrite: bool) -> Options {
    Options { overwrite, ..Options::new(format(1, Subtype::Pcm16)) }
}

/// Both ways to create a file.
fn refusals(path: &Path, overwrite: bool) -> [WriteError; 2] {
    let plain = FileWriter::create(path, options(overwrite)).expect_err("FileWriter refuses");
    let atomic = AtomicWriter::create(path, options(overwrite)).expect_err("AtomicWriter refuses");
    [plain, atomic]
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn an_existing_file_is_refused_and_untouched() {
    let (folder, path) = scratch();
    fs::write(&path, "precious").unwrap();
    for error in refusals(&path, false) {
        assert!(matches!(&error, WriteError::Exists(at) if *at == path), "{error}");
        assert!(error.to_string().contains("exists; choose another name, or allow overwriting"));
    }
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    assert_eq!(names(folder.path()), ["take.wav"]);
}

#[test]
fn a_name_that_no_file_can_have_is_refused_before_anything_is_written() {
    let (folder, _) = scratch();
    for overwrite in [false, true] {
        for error in refusals(&folder.path().join("x".repeat(300)), overwrite) {
            assert!(matches!(&error, WriteError::Create { .. }), "{error}");
        }
    }
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn what_takes_the_name_meanwhile_is_not_replaced() {
    let (folder, path) = scratch();
    let mut writer = AtomicWriter::create(&path, options(true)).unwrap();
    writer.write_interleaved(&signal(5)).unwrap();
    fs::write(&path, "precious").unwrap();
    assert!(matches!(writer.commit().unwrap_err(), WriteError::Exists(at) if at == path));
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    assert_eq!(names(folder.path()), ["take.wav"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_takes_no_files_is_reported_by_the_name_that_was_asked_for() {
    for error in refusals(Path::new("/proc/take.wav"), false) {
        assert!(error.to_string().starts_with("cannot create /proc/take.wav: "), "{error}");
    }
}

#[test]
fn an_existing_file_is_replaced_when_allowed() {
    for atomic in [false, true] {
        let (folder, path) = scratch();
        fs::write(&path, vec![1; 100_000]).unwrap();
        if atomic {
            let mut writer = AtomicWriter::create(&path, options(true)).unwrap();
            writer.write_interleaved(&signal(10)).unwrap();
            assert_eq!(fs::read(&path).unwrap(), vec![1; 100_000], "until the commit");
            writer.commit().unwrap();
        } else {
            let mut writer = FileWriter::create(&path, options(true)).unwrap();
            writer.write_interleaved(&signal(10)).unwrap();
            writer.finish().unwrap();
        }
        assert_eq!(fs::metadata(&path).unwrap().len(), 80 + 20);
        assert_eq!(read(&path).1.len(), 10);
        assert_eq!(names(folder.path()), ["take.wav"]);
    }
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_never_followed() {
    for overwrite in [false, true] {
        for exists in [false, true] {
            let (folder, path) = scratch();
            let victim = folder.path().join("victim");
            if exists {
                fs::write(&victim, "precious").unwrap();
            }
            std::os::unix::fs::symlink(&victim, &path).unwrap();
            for error in refusals(&path, overwrite) {
                assert!(matches!(error, WriteError::Symlink(_)), "{error}");
            }
            assert_eq!(fs::read(&victim).ok(), exists.then(|| b"precious".to_vec()));
        }
    }
}

#[test]
fn folders_and_devices_are_refused() {
    let (folder, _) = scratch();
    for overwrite in [false, true] {
        for error in refusals(folder.path(), overwrite) {
            assert!(matches!(error, WriteError::NotRegular(_)), "{error}");
        }
        #[cfg(unix)]
        for error in refusals(Path::new("/dev/null"), overwrite) {
            assert!(matches!(error, WriteError::NotRegular(_)), "{error}");
        }
    }
}

#[test]
fn folders_on_the_way_are_created() {
    let (folder, _) = scratch();
    let path = folder.path().join("2026-01-01/host/take.wav");
    crate::write(&path, format(1, Subtype::Pcm16), &signal(3));
    assert_eq!(read(&path).1.len(), 3);
    let blocked = path.join("below-a-file/take.wav");
    for error in refusals(&blocked, false) {
        assert!(matches!(error, WriteError::Create { .. }), "{error}");
    }
}

#[test]
fn an_uncommitted_file_leaves_nothing() {
    let (folder, path) = scratch();
    let mut writer = AtomicWriter::create(&path, options(false)).unwrap();
    writer.write_interleaved(&signal(100_000)).unwrap();
    assert!(!path.exists());
    let [part] = &names(folder.path())[..] else { panic!("one file") };
    assert!(part.starts_with(".take.wav.part-"), "{part}");
    drop(writer);
    assert_eq!(names(folder.path()), <[String; 0]>::default());
}

#[test]
fn of_two_writers_to_one_name_the_first_commit_wins() {
    let (folder, path) = scratch();
    let mut first = AtomicWriter::create(&path, options(false)).unwrap();
    let mut second = AtomicWriter::create(&path, options(false)).unwrap();
    first.write_interleaved(&signal(1)).unwrap();
    second.write_interleaved(&signal(2)).unwrap();
    assert_eq!(first.commit().unwrap().frames, 1);
    let refused = second.commit();
    assert!(matches!(refused, Err(WriteError::Exists(_))), "{refused:?}");
    assert_eq!(read(&path).1.len(), 1);
    assert_eq!(names(folder.path()), ["take.wav"]);
}

#[test]
fn long_names_have_room_for_the_part() {
    let (folder, _) = scratch();
    let path: PathBuf = folder.path().join(format!("{}.wav", "ö".repeat(125)));
    let writer = AtomicWriter::create(&path, options(false)).unwrap();
    writer.commit().unwrap();
    assert!(path.exists());
}

#[test]
fn a_missing_file_is_named() {
    let (_folder, path) = scratch();
    let error = FileReader::open(&path).unwrap_err();
    assert!(matches!(&error, ReadError::Open { path: at, .. } if *at == path), "{error}");
}

/// A file that somebody reads or writes keeps what is in it, until they are done.
#[test]
#[cfg(unix)]
fn what_is_in_use_is_not_emptied() {
    let (_folder, path) = scratch();
    crate::write(&path, format(1, Subtype::Pcm16), &signal(9));
    let precious = fs::read(&path).unwrap();
    let create = || FileWriter::create(&path, options(true));
    let (first, second) = (FileReader::open(&path).unwrap(), FileReader::open(&path).unwrap());
    drop(first);
    let error = create().expect_err("it is read");
    assert!(matches!(&error, WriteError::InUse(at) if *at == path), "{error}");
    assert_eq!(fs::read(&path).unwrap(), precious);
    drop(second);
    let writer = create().expect("nobody reads it any more");
    assert!(matches!(create().expect_err("it is written"), WriteError::InUse(_)));
    writer.finish().unwrap();
}
