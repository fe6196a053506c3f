//! The results: for people, and as JSON.

use serde_json::json;

use crate::measure::Pair;
use crate::once::Once;

pub(crate) fn table(pairs: &[Pair], once: &[Once]) {
    println!(
        "{:<26} {:>6} {:>11} {:>11} {:>7} {:>13} {:>9}",
        "stereo, 48 kHz", "block", "ours", "loop", "ratio", "quartiles", "buffers"
    );
    for pair in pairs {
        let [low, median, high] = pair.ratio;
        let bound = pair.bound.map_or(String::new(), |bound| format!("  at most {bound:.1}: {}", verdict(pair)));
        println!(
            "{:<26} {:>6} {:>8.0} ns {:>8.0} ns {median:>6.2}x {:>13} {:>7.1}/ch{bound}",
            pair.workload,
            pair.block,
            pair.ours_ns,
            pair.limit_ns,
            format!("{low:.2}-{high:.2}"),
            pair.buffers_per_channel
        );
    }
    for once in once {
        let [low, median, high] = once.ms;
        println!("{}: {median:.2} ms (quartiles {low:.2}-{high:.2} ms)", once.what);
    }
}

fn verdict(pair: &Pair) -> &'static str {
    if met(pair) { "met" } else { "NOT met" }
}

fn met(pair: &Pair) -> bool {
    pair.bound.is_none_or(|bound| pair.ratio[1] <= bound)
}

pub(crate) fn json(pairs: &[Pair], once: &[Once]) -> serde_json::Value {
    let pair = |pair: &Pair| {
        json!({
            "workload": pair.workload, "block_frames": pair.block, "ours_ns": pair.ours_ns, "loop_ns": pair.limit_ns,
            "ratio_quartiles": pair.ratio, "bound": pair.bound, "met": met(pair), "samples": pair.samples,
            "buffers_per_channel": pair.buffers_per_channel,
        })
    };
    let times = |once: &Once| json!({ "what": once.what, "ms_quartiles": once.ms });
    json!({
        "pairs": pairs.iter().map(pair).collect::<Vec<_>>(),
        "once": once.iter().map(times).collect::<Vec<_>>(),
    })
}
