//! Recorders that are killed at any moment.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::child::{Kind, start};
use crate::readers::{check, check_by_sndfile};
use crate::{RATE, full, gaps, wavs};

/// Frames that had been played when the recorder was killed after `life`.
fn played_until_killed(folder: &Path, kind: Kind, life: Duration) -> u64 {
    let mut child = start(folder, kind, None);
    let out = BufReader::new(child.stdout.take().unwrap());
    let (begun, begins) = std::sync::mpsc::channel();
    let listener = std::thread::spawn(move || {
        let mut last = 0;
        for line in out.lines().map_while(Result::ok) {
            if let Some(played) = line.strip_prefix("played ").and_then(|frames| frames.parse().ok()) {
                last = played;
                let _ = begun.send(());
            }
        }
        last
    });
    begins.recv_timeout(Duration::from_secs(60)).expect("the recorder starts");
    std::thread::sleep(life);
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
    listener.join().unwrap()
}

/// Kills one recorder; gives back how much of what was played is in no file, in ms, and the files.
fn kill(folder: &Path, kind: Kind, life: Duration) -> (f64, Vec<PathBuf>) {
    let played = played_until_killed(folder, kind, life);
    let files = wavs(folder);
    let mut kept = 0;
    for file in &files {
        assert_eq!(gaps(file), [], "nothing is missing");
        kept += check(file, kept, &[]);
    }
    // The block that was being played when it died may be in the file and was not told.
    ((played as f64 - kept as f64).max(0.0) * 1000.0 / f64::from(RATE), files)
}

/// A fixed sequence of lives, from 10 ms up to `most`.
fn life(index: u32, most: u64) -> Duration {
    let mixed = u64::from(index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    Duration::from_millis(10 + mixed % most)
}

#[test]
fn killed_recorders_leave_files_that_every_reader_reads() {
    let (kills, most) = if full() { (200, 1_500) } else { (16, 400) };
    let folder = tempfile::tempdir().unwrap();
    let next = AtomicU32::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= kills {
                return done;
            }
            let kind = if index.is_multiple_of(2) { Kind::Whole } else { Kind::Split };
            let place = folder.path().join(index.to_string());
            std::fs::create_dir(&place).unwrap();
            done.push(kill(&place, kind, life(index, most)));
        }
    };
    let done: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let files: Vec<PathBuf> = done.iter().flat_map(|(_, files)| files.clone()).collect();
    let by_sndfile = check_by_sndfile(&files);
    let mut lost: Vec<f64> = done.iter().map(|(lost, _)| *lost).collect();
    lost.sort_by(f64::total_cmp);
    let (median, worst) = (lost[lost.len() / 2], lost[lost.len() - 1]);
    println!(
        "kill -9: {kills} recorders, {} files, 0 bad frames; read by hound: {}, by libsndfile: {by_sndfile}; lost at \
         the end: median {median:.0} ms, most {worst:.0} ms",
        files.len(),
        files.len(),
    );
    // On demand the machine is ours, and the promise is kept to the millisecond; in a slice it may stand still.
    let limit = if full() { 150.0 } else { 2_000.0 };
    assert!(worst <= limit, "{worst} ms lost");
}
