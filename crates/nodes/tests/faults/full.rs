//! Disks and files that are full.

use std::path::Path;

use patchline_nodes::{Cause, FileSink, Split, Subtype, Time};

use crate::child::{Kind, start};
use crate::mounts::Mount;
use crate::readers::{check, check_by_sndfile};
use crate::{Rig, gaps, wavs};

fn sink(name: &str) -> FileSink {
    FileSink { subtype: Subtype::Pcm24, ..FileSink::new(name) }
}

#[test]
fn a_full_disk_keeps_what_fits_and_is_recorded_to_again_once_it_has_room() {
    let Some(mount) = Mount::tmpfs(3_072) else { return println!("skipped: a full disk (needs root)") };
    let ballast = mount.path().join("ballast");
    std::fs::write(&ballast, vec![1; 1024 * 1024]).unwrap();
    let mut rig = Rig::new(sink("take.wav"), &mount.path(), 2);
    rig.render(10 * 48_000);
    // What is in the ring meets the full disk, too, before it has room again.
    wait_until_consumed(&mount.path(), &mut rig);
    std::fs::remove_file(&ballast).unwrap();
    rig.render(48_000);
    let produced = rig.at;
    let books = rig.close();
    let path = mount.path().join("take.wav");
    let gaps = gaps(&path);
    let frames = check(&path, 0, &gaps);
    check_by_sndfile(std::slice::from_ref(&path));
    println!(
        "disk full: {produced} frames produced = {} written + {} lost, in {} gaps; the file has {frames} frames",
        books.written,
        books.lost,
        gaps.len()
    );
    assert_eq!(frames, produced, "what came after the loss stands where it was heard");
    assert!(books.lost > 48_000 && books.written > 300_000, "{} lost", books.lost);
    assert_eq!(gaps.iter().map(|gap| gap.frames).sum::<u64>(), books.lost);
    assert!(gaps.iter().all(|gap| gap.cause == Cause::Disk));
}

/// Renders on, a block at a time, until the recorder has said that frames were lost.
fn wait_until_consumed(folder: &Path, rig: &mut Rig) {
    let readings = rig.engine.readings("rec").unwrap();
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while readings.get("frames_lost", 0) < Some(100_000.0) {
        rig.render(4_800);
        std::thread::sleep(std::time::Duration::from_millis(1));
        assert!(std::time::Instant::now() < end, "nothing is lost in {}", folder.display());
    }
}

#[test]
fn a_disk_that_is_full_from_the_start_is_tried_again() {
    let Some(mount) = Mount::tmpfs(256) else { return println!("skipped: a disk full from the start (needs root)") };
    let ballast = mount.path().join("ballast");
    // As much as there is room for.
    let _ = std::fs::write(&ballast, vec![1; 1024 * 1024]);
    let mut rig = Rig::new(sink("take-{seq}.wav"), &mount.path(), 1);
    rig.render(4_800);
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let lost = rig.engine.readings("rec").unwrap();
    while lost.get("frames_lost", 0) < Some(4_000.0) {
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert!(std::time::Instant::now() < end);
    }
    std::fs::remove_file(&ballast).unwrap();
    while wavs(&mount.path()).iter().all(|file| file.metadata().unwrap().len() < 1_000) {
        rig.render(48);
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert!(std::time::Instant::now() < end);
    }
    rig.render(4_800);
    let books = rig.close();
    let path = mount.path().join("take-1.wav");
    let gaps = gaps(&path);
    assert_eq!(gaps.len(), 1, "{:?}", books.reports);
    assert_eq!((gaps[0].stream_frame, gaps[0].frames, gaps[0].silence), (0, books.lost, 0));
    assert_eq!(check(&path, books.lost, &[]), books.written);
}

#[test]
fn a_file_at_its_size_limit_is_a_loss_that_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let output = start(folder.path(), Kind::Limited, Some(1_024)).wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    let books = text.lines().find_map(|line| line.strip_prefix("books ")).expect("it says what became of the frames");
    let (written, lost) = books.split_once(' ').unwrap();
    let (written, lost): (u64, u64) = (written.parse().unwrap(), lost.parse().unwrap());
    let files = wavs(folder.path());
    assert_eq!(files.len(), 1);
    let gaps = gaps(&files[0]);
    assert_eq!(check(&files[0], 0, &gaps), written);
    check_by_sndfile(&files);
    assert!(files[0].metadata().unwrap().len() <= 1_024 * 1_024);
    println!("file at its limit of 1 MiB: {} frames produced = {written} written + {lost} lost", 20 * 48_000);
    assert_eq!(written + lost, 20 * 48_000);
    assert_eq!(gaps.iter().map(|gap| gap.frames).sum::<u64>(), lost);
    assert_eq!(gaps.iter().map(|gap| gap.silence).sum::<u64>(), 0, "nothing follows the gap");
}

#[test]
fn a_full_disk_in_the_midst_of_many_files_leaves_whole_ones() {
    let Some(mount) = Mount::tmpfs(1_024) else { return println!("skipped: a full disk and many files (needs root)") };
    let mut rig =
        Rig::new(FileSink { split: Split::Every(Time::Frames(10_000)), ..sink("{seq:04}.wav") }, &mount.path(), 2);
    rig.render(400_000);
    let books = rig.close();
    let mut kept = 0;
    for (index, file) in wavs(&mount.path()).iter().enumerate() {
        let gaps = gaps(file);
        let frames = check(file, index as u64 * 10_000, &gaps);
        kept += frames - gaps.iter().map(|gap| gap.silence).sum::<u64>();
    }
    assert_eq!(kept, books.written);
    assert!(books.lost > 100_000);
}
