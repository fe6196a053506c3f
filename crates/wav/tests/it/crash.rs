//! Recorders that die.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use patchline_wav::{FileWriter, Options, Subtype};

use crate::{bits, format, formats, read, scratch, signal};

#[test]
fn a_forgotten_writer_keeps_everything_up_to_its_checkpoint() {
    for format in formats() {
        let (_folder, path) = scratch();
        let channels = usize::from(format.channels);
        let samples = signal(40_001 * channels);
        let mut writer = FileWriter::create(&path, Options::new(format)).unwrap();
        assert_eq!(read(&path).0.frames, Some(0), "readable from the first moment");
        writer.write_interleaved(&samples[..333 * channels]).unwrap();
        writer.checkpoint().unwrap();
        assert_eq!(read(&path).0.frames, Some(333));
        writer.write_interleaved(&samples[333 * channels..]).unwrap();
        std::mem::forget(writer);
        let whole = path.with_file_name("whole.wav");
        crate::write(&whole, format, &samples);
        let (info, back) = read(&path);
        assert_eq!(info.frames, Some(333), "{format:?}");
        assert_eq!(bits(&back), bits(&read(&whole).1[..333 * channels]), "{format:?}");
    }
}

const CHILD_PATH: &str = "PATCHLINE_WAV_CRASH_PATH";
const BLOCK: usize = 480;

/// The recorder that is killed; does nothing unless started by the test below.
#[test]
fn child() {
    let Some(path) = std::env::var_os(CHILD_PATH) else {
        return;
    };
    let mut writer = FileWriter::create(path, Options::new(format(1, Subtype::Pcm24))).unwrap();
    let mut out = std::io::stdout();
    for i in 0.. {
        writer.write_interleaved(&signal(BLOCK)).unwrap();
        if i % 7 == 0 {
            writer.checkpoint().unwrap();
            // The test stops reading and kills us; the harness's own lines do not begin like this.
            writeln!(out, "\nframes {}", writer.frames()).unwrap();
        }
    }
}

#[test]
fn a_killed_process_keeps_everything_up_to_its_checkpoint() {
    let (_folder, path) = scratch();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child", "--nocapture"])
        .env(CHILD_PATH, &path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let promised = lines.filter_map(|line| line.unwrap().strip_prefix("frames ")?.parse::<u64>().ok());
    let promised = promised.take(20).last().unwrap();
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
    let (info, back) = read(&path);
    assert!(info.frames >= Some(promised), "{:?} frames of {promised}", info.frames);
    assert_eq!(back.len() as u64, info.frames.unwrap());
    assert_eq!(back.len() % BLOCK, 0);
    let whole = path.with_file_name("whole.wav");
    crate::write(&whole, format(1, Subtype::Pcm24), &signal(BLOCK));
    let block = read(&whole).1;
    assert!(back.chunks(BLOCK).all(|found| bits(found) == bits(&block)));
}
