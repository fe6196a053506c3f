use crate::support::{Folder, example};

#[test]
fn what_has_no_path_is_not_measured() {
    let folder = Folder::new();
    for backend in ["null", "sim"] {
        folder.run(["bench", "--loopback", "--backend", backend]).exits(2).says("nothing leads from");
    }
}

#[test]
fn the_command_line_says_what_is_measured_and_how() {
    let folder = Folder::new();
    folder.run(["bench"]).exits(2).says("PATCH");
    folder.run(["bench", "a.toml", "--loopback"]).exits(2).says("--loopback");
    folder.run(["bench", "a.toml", "--seconds", "0"]).exits(2).says("0.1 to 3600");
    folder.run(["bench", "a.toml", "--blocks", "64,0"]).exits(2).says("1 to 65536");
    folder.run(["bench", "missing.toml"]).exits(5).says("missing.toml");
    folder.run(["bench", "--loopback", "--level", "+6dB"]).exits(2).says("-40dB to 0dB");
    folder.run(["bench", "--loopback", "--interval", "1ms"]).exits(2).says("10ms to 10s");
    folder.run(["bench", "--loopback", "--count", "0"]).exits(2).says("1 to 10000");
    folder.run(["bench", "--loopback", "--device", "a", "--input", "b"]).exits(2).says("--input");
}

/// The seven sizes, or those that were asked for, each with its percentiles in their order.
#[test]
fn a_patch_is_measured_at_several_block_sizes() {
    let folder = Folder::new();
    let patch = example("panel.toml");
    let bench =
        |args: &[&str]| folder.run(["bench", patch.to_str().unwrap(), "--seconds", "0.3"].iter().chain(args)).exits(0);
    let data = bench(&["--json", "--svg", "panel.svg"]).json();
    let blocks = data["blocks"].as_array().unwrap();
    let sizes: Vec<u64> = blocks.iter().map(|block| block["block_frames"].as_u64().unwrap()).collect();
    assert_eq!(sizes, [16, 32, 64, 128, 256, 512, 1024]);
    for block in blocks {
        let times = ["p50", "p90", "p99", "p99.9", "max"].map(|name| block["call_us"][name].as_f64().unwrap());
        assert!(times[0] > 0.0 && times.is_sorted(), "{block}");
        let period = block["period_us"].as_f64().unwrap();
        assert!((block["worst"].as_f64().unwrap() - times[4] / period).abs() < 1e-9, "{block}");
        assert_eq!(block["safe"], times[3] <= 0.5 * period);
        assert_eq!(block["late"].as_u64() > Some(0), times[4] > period);
        assert!(block["calls"].as_u64() > Some(0), "{block}");
    }
    assert_eq!(blocks[2]["latency_frames"], data["latency_frames"].as_u64().unwrap() + 3 * 64);
    let nodes: Vec<&str> =
        data["nodes"].as_array().unwrap().iter().map(|node| node["node"].as_str().unwrap()).collect();
    assert!(nodes.contains(&"host_vad") && nodes.contains(&"loud"), "{nodes:?}");
    assert_eq!(data["not_measured"].as_array().map(Vec::len), Some(3));
    assert!(std::fs::read_to_string(folder.path().join("panel.svg")).unwrap().contains("1024 frames"));
    assert_eq!(folder.listing(), ["panel.svg"], "recorders write nothing");
    folder.run(["bench", patch.to_str().unwrap(), "--svg", "panel.svg"]).exits(5).says("--overwrite");
    let text = bench(&["--blocks", "64"]).stdout;
    assert!(
        text.contains("p99.9") && text.contains("latency") && text.contains("`safety` records nothing here"),
        "{text}"
    );
    assert!(!text.contains("1024"), "{text}");
}

#[test]
fn a_live_run_says_what_the_device_says() {
    let folder = Folder::new();
    let patch = folder.write("p.toml", "links = [\"a -> b\"]\nnodes.a.type = \"input\"\nnodes.b.type = \"output\"\n");
    let bench = |patch: &std::path::Path, args: &[&str]| {
        let fixed = ["bench", patch.to_str().unwrap(), "--seconds", "0.2", "--blocks", "64"];
        folder.run(fixed.iter().chain(args))
    };
    let data = bench(&patch, &["--backend", "sim", "--json"]).exits(0).json();
    assert_eq!(data["live"]["host"], "sim");
    assert!(
        data["live"]["xruns"].as_u64().is_some() && data["live"]["latency"]["total_ms"].as_f64().is_some(),
        "{data}"
    );
    let text = bench(&patch, &["--backend", "sim"]).exits(0).stdout;
    assert!(text.contains("live on"), "{text}");
    bench(&patch, &["--backend", "jack"]).exits(4).says("the live run: ");
    bench(&example("panel.toml"), &["--backend", "sim"]).exits(2).says("records");
}

#[test]
fn without_a_patch_the_other_way_to_measure_is_named() {
    let folder = Folder::new();
    folder.run(["bench"]).exits(2).says("--loopback");
    folder.run(["bench", "p.toml", "--loopback"]).exits(2).says("cannot be used with");
    folder.run(["bench", "p.toml", "--block", "64", "--blocks", "128"]).exits(2).says("cannot be used with");
}
