use clap::Parser;
use patchline_io::sim::{Sim, SimConfig};

use super::*;
use crate::cli::{Cli, Command};
use crate::hosts::SIM;

/// The lines for an input of these constant levels, left and right.
fn check(levels: [f32; 2], rest: &[&str]) -> Vec<String> {
    let line = ["runner", "meter", "--duration", "2s"].into_iter().chain(rest.iter().copied());
    let Command::Meter(args) = Cli::try_parse_from(line).unwrap().command else { panic!("it is `meter`") };
    let config = SimConfig { inputs: 2, outputs: 0, ..SimConfig::default() };
    let sim = Sim::open(config).unwrap().with_input(move |_, channel| levels[channel]);
    let mut printed = String::new();
    let print = |text: &str| {
        printed.push_str(text);
        Ok(())
    };
    measure(Opened { device: Box::new(sim), host: SIM }, &args, false, print).unwrap();
    printed.lines().map(str::to_owned).collect()
}

#[test]
fn a_second_is_a_line() {
    let half = check([0.5, 0.5], &[]);
    let bar = format!("{}{}", "█".repeat(45), "·".repeat(5));
    let expected = |second| format!("0:0{second}.000  {bar}   -6.0 dBFS  (-6.0 -6.0)");
    // Looked at every 10 ms, so a line may be as late.
    let shown: Vec<String> = half.iter().map(|line| format!("{}.000{}", &line[..4], &line[8..])).collect();
    assert_eq!(shown, [expected(1), expected(2)]);
}

#[test]
fn levels_are_clamped_and_silence_has_a_number() {
    let silent = check([0.0, 0.0], &[]);
    assert!(silent[0].contains(&format!("{} -200.0 dBFS  (-200.0 -200.0)", "·".repeat(50))), "{silent:?}");
    let loud = check([1.0, 2.0], &[]);
    assert!(loud[0].contains(&format!("{}   +4.0 dBFS  (+0.0 +6.0)", "█".repeat(50))), "{loud:?}");
}

#[test]
fn programs_get_numbers() {
    let lines = check([0.5, 0.0], &["--json"]);
    let data: Value = serde_json::from_str(&lines[1]).unwrap();
    let number = |value: &Value| value.as_f64().unwrap();
    assert!((number(&data["channels"]["rms_dbfs"][0]) - -6.0206).abs() < 1e-3);
    assert!((number(&data["channels"]["peak_dbfs"][1]) - -200.0).abs() < 1e-9);
    assert!((number(&data["rms_dbfs"]) - -9.0309).abs() < 1e-3);
    assert!((number(&data["seconds"]) - 2.0).abs() < 0.02);
}
