//! Files that somebody wrote on purpose: every check in them is right, and they say what no run can have said.

mod common;

use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{noise, replay, run};
use patchline_capture::{Config, Recording, Replay, seal};
use patchline_guard::{Guard, Watch};
use patchline_io::sim::{Sim, SimConfig};

/// Numbers that lie at the edge of something.
const EDGES: [u64; 12] =
    [0, 1, 2, 255, 1 << 16, 1 << 20, (1 << 31) - 1, 1 << 31, u32::MAX as u64, 1 << 40, i64::MAX as u64, u64::MAX];

/// Same draws each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

type Records = Vec<(u32, Vec<u8>)>;

/// A short run with everything in it.
fn records(folder: &Path) -> (PathBuf, Records) {
    let path = folder.join("s.cap");
    let config = SimConfig { max_frames: 64, ..SimConfig::default() };
    let mut device = Sim::open(config).unwrap().with_input(noise);
    let _ = run(&mut device, &Guard::new(Watch::nothing()), &path, Config::default(), |device, capture, _| {
        device.pass(Duration::from_millis(3));
        capture.wait(common::PATIENCE);
    });
    let mut all = Records::new();
    common::rewrite(&path, |kind, bytes| {
        all.push((kind, bytes.to_vec()));
        None
    });
    (path, all)
}

fn write(path: &Path, records: &Records) {
    let sealed = records.iter().flat_map(|(kind, bytes)| seal(*kind, bytes));
    let opening = b"PLCAPTUR\x01\0\0\0".iter().copied();
    std::fs::write(path, opening.chain(sealed).collect::<Vec<_>>()).unwrap();
}

/// Another number in place of one, or another letter in place of one.
fn mutate_text(bytes: &mut Vec<u8>, random: &mut Random) {
    let digits = |at: &usize| bytes[*at].is_ascii_digit() && (*at == 0 || !bytes[*at - 1].is_ascii_digit());
    let numbers: Vec<usize> = (0..bytes.len()).filter(digits).collect();
    if numbers.is_empty() || random.below(5) == 0 {
        let at = random.below(bytes.len());
        bytes[at] = b"\"{}[],:-0nulse.~>\\"[random.below(18)];
        return;
    }
    let start = numbers[random.below(numbers.len())];
    let end = start + bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let edge = EDGES[random.below(EDGES.len())].to_string();
    bytes.splice(start..end, edge.into_bytes());
}

/// Another number in the head of a block.
fn mutate_block(bytes: &mut [u8], random: &mut Random) {
    let edge = EDGES[random.below(EDGES.len())];
    match random.below(10) {
        word @ 0..4 => bytes[4 * word..][..4].copy_from_slice(&(edge as u32).to_le_bytes()),
        word => bytes[16 + 8 * (word - 4)..][..8].copy_from_slice(&edge.to_le_bytes()),
    }
}

fn mutate(records: &mut Records, random: &mut Random) {
    let at = random.below(records.len());
    let other = random.below(records.len());
    match random.below(8) {
        0 => _ = records.remove(at),
        1 => records.swap(at, other),
        2 => {
            let again = records[at].clone();
            records.insert(other, again);
        }
        3 => records[at].0 = random.below(9) as u32,
        // There are few of the others, and most can go wrong in them.
        4..6 => {
            let told: Vec<usize> = (0..records.len()).filter(|&at| records[at].0 != 4).collect();
            mutate_text(&mut records[told[random.below(told.len())]].1, random);
        }
        _ if records[at].0 == 4 => mutate_block(&mut records[at].1, random),
        _ => mutate_text(&mut records[at].1, random),
    }
}

#[test]
fn whatever_a_capture_says_it_is_refused_or_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let (path, records) = records(folder.path());
    assert!(replay(&path).unwrap().is_identical());
    let (mut random, mut refused, mut differing) = (Random(1), 0, 0);
    let tries = if std::env::var_os("PATCHLINE_FULL").is_some() { 20_000 } else { 150 };
    for _ in 0..tries {
        let mut hostile = records.clone();
        for _ in 0..=random.below(3) {
            mutate(&mut hostile, &mut random);
        }
        write(&path, &hostile);
        match replay(&path) {
            Ok(verdict) => differing += usize::from(!verdict.is_identical()),
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().is_empty());
            }
        }
    }
    assert!(refused > 0 && differing > 0 && refused + differing < tries, "{refused} refused, {differing} differing");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

/// A pipe that nobody writes to would be waited for.
#[cfg(unix)]
#[test]
fn what_a_capture_names_is_opened_only_if_it_is_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut records) = records(folder.path());
    let pipe = folder.path().join("pipe.wav");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let seen = format!("{{\"node\":\"x\",\"path\":\"{}\",\"bytes\":7,\"hash\":7}}", pipe.display());
    let start = records.iter().position(|(kind, _)| *kind == 2).unwrap();
    records.insert(start + 1, (6, seen.into_bytes()));
    write(&path, &records);
    let changed = Recording::open(&path).unwrap().changed_files(&Replay::default());
    assert!(changed.len() == 1 && changed[0].contains("cannot be read"), "{changed:?}");
    assert!(replay(&path).unwrap().is_identical());
    let load = records.iter_mut().find(|(kind, _)| *kind == 3).unwrap();
    let source = format!("type = \\\"file_source\\\"\\npath = \\\"{}\\\"", pipe.display());
    load.1 = String::from_utf8_lossy(&load.1).replace("type = \\\"oscillator\\\"\\nlevel = 0.1", &source).into_bytes();
    write(&path, &records);
    let refused = replay(&path).unwrap_err().to_string();
    assert!(refused.contains("pipe.wav"), "{refused}");
}
