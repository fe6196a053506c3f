//! What was captured is rendered again to the bit, and a difference is found where it is.

mod common;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{DIPS, FADES, LOADS, PATIENCE, SETS, TIMED, noise, plant, replay, rewrite, run};
use patchline_capture::{Config, Deed, Ending, Recording, Replay, ReplayError, Summary, Verdict};
use patchline_guard::{Guard, Watch};
use patchline_io::sim::{Blocks, Chances, Sim, SimConfig};
use patchline_patch::Registry;

/// A device on which everything goes wrong that can be gone on from, with odd blocks.
fn stormy(seed: u64) -> SimConfig {
    let chances = Chances { dropouts: 120.0, stalls: 60.0, unplugs: 4.0, block_changes: 60.0, rate_changes: 0.0 };
    let blocks = Blocks::Random { shortest: 1, longest: 700 };
    SimConfig { seed, blocks, drift_ppm: 300, jitter: Duration::from_millis(2), chances, ..SimConfig::default() }
}

fn capture(folder: &Path, config: Config, seed: u64) -> (PathBuf, Summary) {
    let path = folder.join("s.cap");
    let mut device = Sim::open(stormy(seed)).unwrap().with_input(noise);
    let summary = run(&mut device, &Guard::new(Watch::nothing()), &path, config, |device, capture, _| {
        for _ in 0..4 {
            device.pass(Duration::from_millis(31));
            capture.wait(PATIENCE);
        }
    });
    (path, summary)
}

#[test]
fn a_run_on_a_bad_device_with_reloads_and_changes_is_bit_identical() {
    for seed in 1..=3 {
        let folder = tempfile::tempdir().unwrap();
        let (path, summary) = capture(folder.path(), Config::default(), seed);
        assert!(summary.is_complete() && summary.frames > 200_000, "{summary:?}");
        let recording = Recording::open(&path).unwrap();
        let take = &recording.takes[0];
        assert_eq!((recording.ending, take.blocks, take.frames), (Ending::Whole, summary.blocks, summary.frames));
        let count = |wanted: fn(&Deed) -> bool| take.calls.iter().filter(|call| wanted(&call.deed)).count();
        assert_eq!(count(|deed| matches!(deed, Deed::Load(_))), 1 + LOADS);
        assert_eq!(count(|deed| matches!(deed, Deed::LoadAt { .. })), TIMED);
        assert_eq!(count(|deed| matches!(deed, Deed::Dip(_))), DIPS);
        assert_eq!(count(|deed| matches!(deed, Deed::Fade(_))), FADES);
        assert_eq!(count(|deed| matches!(deed, Deed::Set { .. })), SETS);
        assert_eq!(count(|deed| matches!(deed, Deed::Bypass { .. })), 5);
        assert!(take.discontinuities > 0 && !take.notes.is_empty(), "nothing happened to the device");
        let verdict = replay(&path).unwrap();
        assert_eq!((verdict.blocks, verdict.frames), (summary.blocks, summary.frames));
        assert_eq!((verdict.differing, verdict.unjudged, verdict.short.as_deref()), (0, 0, None), "{verdict:?}");
    }
}

/// One sample of the input, in the file.
#[test]
fn a_sample_that_is_another_one_is_found_in_its_block() {
    let folder = tempfile::tempdir().unwrap();
    for with_output in [false, true] {
        let (path, _) = capture(folder.path(), Config { with_output, ..Config::default() }, 5);
        let (block, frame) = plant(&path, 200, 7);
        let verdict = replay(&path).unwrap();
        let first = verdict.first.expect("it is heard");
        assert_eq!((first.block, first.frame), (block, frame));
        assert!(verdict.differing > 10, "the patch never forgets: {}", verdict.differing);
        assert!(verdict.reasons[0].contains("bug"), "{:?}", verdict.reasons);
        assert_eq!(first.sample.is_some(), with_output);
        if let Some(sample) = first.sample {
            assert_eq!((sample.frame, sample.channel), (frame + 7, 0));
            assert_ne!(sample.heard, sample.rendered);
        }
        std::fs::remove_file(&path).unwrap();
    }
}

/// One parameter, in the file.
#[test]
fn a_parameter_that_is_another_one_is_found_in_the_block_where_it_took_effect() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = capture(folder.path(), Config::default(), 6);
    // The third change, of `trim`, was for a frame that was over: it took effect in the block that took it in.
    let recording = Recording::open(&path).unwrap();
    let sets: Vec<_> = recording.takes[0].calls.iter().filter(|call| matches!(call.deed, Deed::Set { .. })).collect();
    let call = sets[2].clone();
    let mut blocks = Vec::new();
    let see = |heard: &patchline_capture::Heard<'_>| {
        blocks.push(heard.block.clone());
        ControlFlow::Continue(())
    };
    recording.replay(&Registry::standard(), &Replay::default(), see).unwrap();
    let expected = blocks.iter().position(|block| block.messages > call.first).unwrap();
    rewrite(&path, |kind, bytes| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let here = kind == 3 && text.contains(&format!("\"first\":{},", call.first)) && text.contains("gain = ");
        here.then(|| text.replace("gain = ", "gain = 1").into_bytes())
    });
    let first = replay(&path).unwrap().first.expect("it is heard");
    assert_eq!((first.block, first.frame), (expected as u64, blocks[expected].frame));
}

#[test]
fn a_capture_that_was_cut_off_is_replayed_up_to_there() {
    let folder = tempfile::tempdir().unwrap();
    let (path, summary) = capture(folder.path(), Config::default(), 7);
    let whole = std::fs::read(&path).unwrap();
    let mut before = 0;
    for part in [3, 5, 8, 11, 15] {
        std::fs::write(&path, &whole[..whole.len() * part / 16]).unwrap();
        let verdict = replay(&path).unwrap();
        assert!(verdict.is_identical() && verdict.blocks > before && verdict.blocks < summary.blocks, "{verdict:?}");
        assert!(verdict.short.unwrap().contains("cut off"));
        before = verdict.blocks;
    }
}

#[test]
fn what_anybody_may_have_written_is_refused_or_read_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = capture(folder.path(), Config::default(), 8);
    let whole = std::fs::read(&path).unwrap();
    let mut random = 1_u64;
    let mut next = |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % below
    };
    // The checks catch what is changed by chance.
    for _ in 0..40 {
        let mut bytes = whole[..20_000].to_vec();
        for _ in 0..=next(3) {
            let at = next(bytes.len());
            bytes[at] ^= 1 << next(8);
        }
        std::fs::write(&path, &bytes).unwrap();
        let verdict = replay(&path);
        assert!(verdict.as_ref().map_or(true, Verdict::is_identical), "{verdict:?}");
    }
    // Records whose checks are right, and which say what no run can have done.
    for (old, new) in [
        ("\"rate\":48000", "\"rate\":0"),
        ("\"inputs\":2", "\"inputs\":70000"),
        ("\"outputs\":2,\"g", "\"outputs\":4000000000,\"g"),
        ("\"max_frames\":256", "\"max_frames\":0"),
        ("\"max_frames\":256", "\"max_frames\":18446744073709551615"),
        ("\"first\":0,\"end\":1", "\"first\":9,\"end\":1"),
        ("\"first\":0,\"end\":1", "\"first\":0,\"end\":18446744073709551615"),
        ("links = ", "links = 0 #"),
        ("{\"load\"", "{\"play\""),
    ] {
        std::fs::write(&path, &whole[..20_000]).unwrap();
        rewrite(&path, |kind, bytes| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            (kind != 4 && text.contains(old)).then(|| text.replacen(old, new, 1).into_bytes())
        });
        let verdict = replay(&path);
        assert!(!matches!(verdict, Ok(ref verdict) if verdict.blocks > 0), "{new}: {verdict:?}");
    }
    for bytes in [&b""[..], b"PLCAPTUR", b"RIFF0000WAVEfmt ", b"PLCAPTUR\x03\0\0\0", b"PLCAPTUR\0\0\0\0"] {
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(replay(&path), Err(ReplayError::NoCapture(_) | ReplayError::Version { .. })));
    }
}

#[test]
fn nothing_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.cap");
    std::fs::write(&path, "mine").unwrap();
    let refused = patchline_capture::Capture::create(&path, Config::default()).err().expect("refused");
    assert!(refused.to_string().contains("is there already"), "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
}
