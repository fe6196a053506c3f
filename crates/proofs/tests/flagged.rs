//! The proofs can fail: what is planted is flagged, and what a tool cannot see is said to be missed.

use std::process::Command;

/// The verdict and the evidence of the row that `proofs` tells.
fn row(arguments: &[&str]) -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_proofs")).args(arguments).output().expect("the program runs");
    let row: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one row");
    let text = |key: &str| row[key].as_str().expect("every row has it").to_owned();
    (text("verdict"), text("on"))
}

#[test]
fn every_planted_violation_is_flagged_by_the_guard() {
    let (verdict, on) = row(&["flagged", "guard"]);
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) && verdict != "left_out" {
        assert_eq!(verdict, "proven", "{on}");
        assert!(on.starts_with("20 of 20"), "{on}");
    }
}

/// Of a worker's tasks as of the callback.
#[test]
fn every_planted_violation_is_flagged_in_a_worker() {
    for (tool, all) in [("guard", "20 of 20"), ("assert-no-alloc", "5 of 5")] {
        let (verdict, on) = row(&["flagged", tool, "--in-worker"]);
        assert!(verdict == "left_out" || verdict == "proven" && on.starts_with(all), "{on}");
    }
}

#[test]
fn every_planted_allocation_is_flagged_by_assert_no_alloc() {
    let (verdict, on) = row(&["flagged", "assert-no-alloc"]);
    assert!(verdict == "proven" && on.starts_with("5 of 5"), "{on}");
}

#[test]
#[cfg(target_os = "linux")]
fn one_that_slips_through_fails() {
    for (tool, name) in [("guard", "c_malloc_small"), ("assert-no-alloc", "yield")] {
        let (verdict, on) = row(&["flagged", tool, name]);
        assert!(verdict == "failed" && on.contains(&format!("not flagged: {name}")), "{on}");
    }
}

#[test]
fn swaps_lose_nothing() {
    let (verdict, on) = row(&["swaps", "500"]);
    assert!(verdict == "proven" || verdict == "left_out", "{on}");
}
