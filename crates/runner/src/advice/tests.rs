use std::sync::LazyLock;

use patchline_graph::NodeCost;
use patchline_io::load::Load;

use super::{Advice, Situation, Strain};
use crate::rights::{Policy, Rights, Thread};

static REAL_TIME: LazyLock<Rights> =
    LazyLock::new(|| Rights::RealTime(Thread { name: "audio".to_owned(), policy: Policy::Fifo, priority: 60 }));
static MANY: LazyLock<Vec<NodeCost>> =
    LazyLock::new(|| (0..100).map(|node| cost(&format!("n{node}"), 0.01, 1.3)).collect());

/// In a patch of that load at 48 kHz.
fn cost(node: &str, share: f64, load: f64) -> NodeCost {
    NodeCost { node: node.to_owned(), nanoseconds: share * load / 48e-6, share, samples: 100 }
}

/// 128 frames at 48 kHz, 3 xruns, on a real-time thread.
fn advice(mean: f64, peak: f64, change: impl FnOnce(&mut Situation<'_>)) -> Advice {
    let costs = [("reverb", 0.646), ("eq", 0.2), ("trim", 0.01)].map(|(node, share)| cost(node, share, mean));
    let rights = Some(&*REAL_TIME);
    let strain = Some(Strain { mean, peak });
    let mut situation =
        Situation { rate: 48_000, block: 128, longest_block: None, xruns: 3, strain, costs: &costs, rights };
    change(&mut situation);
    Advice::for_xruns(&situation).expect("there were xruns")
}

fn check(advice: &Advice, expected: &str) {
    assert_eq!(advice.to_string(), expected);
    assert_eq!(advice.data()["text"], expected);
}

#[test]
fn no_xrun_needs_no_advice() {
    let (rights, strain) = (Some(&*REAL_TIME), Some(Strain { mean: 2.0, peak: 3.0 }));
    let situation = Situation { rate: 48_000, block: 128, longest_block: None, xruns: 0, strain, costs: &[], rights };
    assert_eq!(Advice::for_xruns(&situation), None);
}

#[test]
fn where_the_patch_is_too_heavy_its_nodes_are_named_and_no_block_is_promised() {
    let heavy = advice(1.3, 1.6, |_| {});
    check(
        &heavy,
        "3 xruns: the patch takes 130 % of a block's time, `reverb` alone 84 %; make that node lighter or leave it out; \
         a longer block does not help",
    );
    assert_eq!(heavy.data()["cause"], "overload");
    assert!(heavy.data()["suggested_block"].is_null());
    check(
        &advice(3.0, 3.1, |_| {}),
        "3 xruns: the patch takes 300 % of a block's time, `reverb` alone 194 %, `eq` 60 %; make those nodes lighter or \
         leave some out; a longer block does not help",
    );
    check(
        &advice(1.3, 1.6, |it| (it.costs, it.rate) = (&[], 96_000)),
        "3 xruns: the patch takes 130 % of a block's time; make the patch lighter, or play at 48000 Hz instead \
         of 96000 (about 65 %); a longer block does not help",
    );
    let spread = advice(1.3, 1.6, |it| it.costs = &MANY).to_string();
    assert!(spread.contains("; make the patch lighter (no node stands out); a longer"), "{spread}");
    check(
        &advice(1.1, 1.6, |it| (it.block, it.xruns) = (16, 1)),
        "1 xrun: the patch takes 110 % of a block's time, `reverb` alone 71 %; make that node lighter or leave it out; \
         a block of 128 frames (2.67 ms) instead of 16 saves only the fixed cost of each call",
    );
}

#[test]
fn peaks_are_evened_out_by_a_longer_block() {
    let peaks = advice(0.3, 1.4, |_| {});
    check(
        &peaks,
        "3 xruns: the patch takes 30 % of a block's time on average, `reverb` alone 19 %, and 140 % at worst; a block of \
         512 frames (10.67 ms) instead of 128 would even that out",
    );
    check(
        &advice(0.5, 0.8, |it| it.costs = &[]),
        "3 xruns: the patch takes 50 % of a block's time on average, and 80 % at worst, which leaves little for being \
         called late; a block of 256 frames (5.33 ms) instead of 128 would even that out",
    );
    check(
        &advice(0.8, 1.0, |it| it.costs = &[]),
        "3 xruns: the patch takes 80 % of a block's time on average, and 100 % at worst; a block of 256 frames (5.33 ms) \
         instead of 128 would even that out; for more room make the patch lighter",
    );
    assert_eq!((peaks.data()["cause"].as_str(), peaks.data()["suggested_block"].as_u64()), (Some("peaks"), Some(512)));
}

/// With the block that is proposed, a peak of the same time beyond the mean leaves room.
#[test]
fn a_proposed_block_suffices_and_is_no_longer_than_needed() {
    for block in [1, 24, 63, 64, 100, 128, 441, 940, 1024] {
        for (mean, peak) in [(0.05, 0.71), (0.3, 1.4), (0.5, 4.0), (0.69, 0.7), (0.8, 1.0), (0.95, 1.0), (0.99, 1.5)] {
            let Some(longer) = advice(mean, peak, |it| it.block = block).longer else { continue };
            assert!(longer.is_power_of_two() && longer > block && longer <= 8192, "{longer} for {block}");
            let then = |frames: usize| mean + (peak - mean) * block as f64 / frames as f64;
            let room = f64::max(0.7, (1.0 + mean) / 2.0);
            assert!(then(longer) <= room + 1e-9, "{mean} {peak} {block}: {longer}");
            assert!(
                longer / 2 <= block || then(longer / 2) > room,
                "{mean} {peak} {block}: {longer} is more than needed"
            );
        }
    }
}

#[test]
fn no_block_is_proposed_that_the_device_cannot_have() {
    let lighter = "3 xruns: the patch takes 90 % of a block's time on average, `reverb` alone 58 %, and 140 % at worst; \
                   make that node lighter or leave it out";
    check(&advice(0.9, 1.4, |it| it.longest_block = Some(1024)), lighter);
    assert_eq!(advice(0.9, 1.4, |_| {}).longer, Some(2048));
    assert_eq!(advice(0.9, 1.4, |it| it.longest_block = Some(4096)).longer, Some(2048));
    for (mean, peak) in [(0.999_999, 40.0), (0.5, f64::INFINITY), (0.5, f64::NAN), (0.1, 0.2)] {
        let longer = advice(mean, peak, |it| it.longest_block = Some(128)).longer;
        assert_eq!(longer, None, "{mean} {peak}");
    }
    assert_eq!(advice(0.1, 0.2, |it| it.block = usize::MAX).longer, None);
}

#[test]
fn where_there_was_time_to_spare_the_cause_is_elsewhere() {
    let idle = advice(0.1, 0.31, |it| it.block = 64);
    check(
        &idle,
        "3 xruns, though the patch took at most 31 % of a block's time: most likely the device, its server or another \
         client of it was late; a block of 256 frames (5.33 ms) instead of 64 bridges such waits",
    );
    assert_eq!(idle.data()["cause"], "elsewhere");
    assert_eq!(idle.data()["heaviest"], serde_json::json!([]));
    check(
        &advice(0.001, 0.002, |it| it.rights = Some(&Rights::Shared)),
        "3 xruns, though the patch took at most 0.2 % of a block's time: the audio thread has no real-time scheduling \
         and waits its turn (`runner doctor`); a block of 256 frames (5.33 ms) instead of 128 bridges such waits",
    );
    check(
        &advice(0.1, 0.31, |it| (it.rights, it.block) = (None, 8192)),
        "3 xruns, though the patch took at most 31 % of a block's time: the callback was called late, by the system or \
         the device (`runner doctor`)",
    );
}

#[test]
fn without_real_time_scheduling_the_doctor_is_named() {
    let shared = advice(0.3, 1.4, |it| it.rights = Some(&Rights::Shared));
    let end = "would even that out. Part of that time may be other programs': the audio thread has no real-time \
               scheduling (`runner doctor`)";
    assert!(shared.to_string().ends_with(end), "{shared}");
    assert_eq!(shared.data()["real_time"], false);
    assert!(advice(0.3, 1.4, |it| it.rights = Some(&Rights::Unknown)).data()["real_time"].is_null());
}

#[test]
fn nothing_is_claimed_where_nothing_was_measured() {
    let unknown = advice(0.0, 0.0, |it| it.strain = None);
    check(
        &unknown,
        "3 xruns: how loaded the callback was is not known; a block of 256 frames (5.33 ms) instead of 128 may help, as \
         may a lighter `reverb` (65 % of the patch's time)",
    );
    assert!(unknown.data()["load_mean"].is_null());
}

/// Costs may have been sampled while the patch did more than it does now.
#[test]
fn no_node_takes_more_than_the_patch() {
    static COSTS: LazyLock<[NodeCost; 1]> = LazyLock::new(|| [cost("reverb", 0.9, 1.3)]);
    let text = advice(0.2, 1.5, |it| it.costs = &*COSTS).to_string();
    assert!(text.contains("20 % of a block's time on average, `reverb` alone 20 %"), "{text}");
}

#[test]
fn strain_is_that_of_now_or_of_the_whole_run() {
    let load = Load { mean: 0.1, peak: 0.2, overall: 0.3, worst: 0.4, overruns: 0, blocks: 9 };
    assert_eq!(Strain::overall(&load), Strain { mean: 0.3, peak: 0.4 });
}
