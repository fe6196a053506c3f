//! A disk that stands still while sound goes on. (The unit tests of `file_sink` hold up the writer itself, to the
//! frame and on any system.)

use std::io::Read;

use patchline_nodes::{Cause, FileSink, Subtype, Time};

use crate::mounts::Mount;
use crate::readers::{check, check_by_sndfile};
use crate::{RATE, Rig, full, gaps};

/// Records in real time, with a ring of `buffer` seconds, while the disk is frozen for `frozen`.
fn frozen(mount: &Mount, name: &str, buffer: f64, frozen: u32) {
    let sink = FileSink { subtype: Subtype::Pcm24, buffer: Time::Seconds(buffer), ..FileSink::new(name) };
    let mut rig = Rig::new(sink, &mount.path(), 2);
    let second = u64::from(RATE);
    rig.play(|at| at >= second);
    let mut ice = mount.freeze(frozen);
    let mut answer = [0; 7];
    ice.stdout.as_mut().unwrap().read_exact(&mut answer).expect("the file system freezes");
    assert_eq!(&answer, b"frozen\n");
    // The callback plays through it, and for half a second more.
    let end = rig.at + second / 2 + u64::from(frozen) * second;
    rig.play(|at| at >= end);
    assert!(ice.wait().unwrap().success());
    let produced = rig.at;
    let books = rig.close();
    let path = mount.path().join(name);
    let gaps = gaps(&path);
    let frames = check(&path, 0, &gaps);
    check_by_sndfile(std::slice::from_ref(&path));
    println!(
        "frozen for {frozen} s with a ring of {buffer} s: {produced} frames produced = {} written + {} lost, in {} gaps",
        books.written,
        books.lost,
        gaps.len()
    );
    assert_eq!(frames, produced, "time stays true");
    assert_eq!(gaps.iter().map(|gap| gap.frames).sum::<u64>(), books.lost, "each gap is listed");
    assert!(gaps.iter().all(|gap| gap.cause == Cause::BufferFull && gap.stream_frame == gap.file_frame));
    assert_eq!(books.lost > 0, f64::from(frozen) > buffer, "{:?}", books.reports);
}

#[test]
fn a_frozen_disk_costs_what_the_buffer_does_not_hold() {
    let Some(mount) = Mount::freezable() else {
        return println!("skipped: freezing a disk (needs root, loop devices, mkfs.ext4 and fsfreeze)");
    };
    if full() {
        frozen(&mount, "held.wav", 5.0, 3);
        frozen(&mount, "lost.wav", 5.0, 8);
    } else {
        frozen(&mount, "held.wav", 5.0, 1);
        frozen(&mount, "lost.wav", 0.25, 1);
    }
}
