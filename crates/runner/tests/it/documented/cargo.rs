//! Commands of cargo: judged by what the workspace has, as they build for minutes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::repository;

/// The commands that documents name.
const COMMANDS: [&str; 7] = ["add", "build", "doc", "install", "run", "test", "zigbuild"];
/// Options with a value that says nothing about the workspace.
const WITH_VALUE: [&str; 6] = ["--color", "--jobs", "--skip", "--target", "--target-dir", "--test-threads"];

/// What is wrong with the words behind `cargo`.
pub(super) fn fault(words: &[&str]) -> Option<String> {
    check(words).err()
}

fn check(words: &[&str]) -> Result<(), String> {
    let (command, mut words) = words.split_first().ok_or("a command is missing")?;
    if *command == "fuzz" {
        return has_fuzzers(words);
    }
    if !COMMANDS.contains(command) {
        return Err(format!("`cargo {command}` is none of those that are judged, in cargo.rs"));
    }
    let mut packages: Vec<&Value> = Vec::new();
    let mut targets = Vec::new();
    let mut features = Vec::new();
    let mut others = Vec::new();
    let (mut is_ours, mut is_all) = (true, false);
    while let Some((word, rest)) = words.split_first() {
        let (word, joined) = word.split_once('=').map_or((*word, None), |(word, value)| (word, Some(value)));
        let value = || joined.or(rest.first().copied()).ok_or(format!("`{word}` needs a value"));
        let mut takes_value = true;
        match word {
            "-p" | "--package" => packages.push(package(value()?)?),
            "--path" => packages.push(package_in(value()?)?),
            "--test" | "--bin" | "--example" | "--bench" => targets.push((word, value()?)),
            "--features" => features.extend(value()?.split([',', ' '])),
            // What follows is for the program that is run.
            "--" if *command == "run" => break,
            word if WITH_VALUE.contains(&word) => _ = value()?,
            word => {
                takes_value = false;
                is_ours &= word != "--git";
                is_all |= word == "--workspace";
                if !word.starts_with('-') {
                    others.push(word);
                }
            }
        }
        words = if takes_value && joined.is_none() { &rest[1..] } else { rest };
    }
    if ["add", "install"].contains(command) {
        let ours = others.iter().filter(|name| is_ours && name.starts_with("patchline"));
        packages.extend(ours.map(|name| published(name)).collect::<Result<Vec<_>, _>>()?);
        // What a program of somebody else has is not known here.
        if packages.is_empty() && !others.is_empty() {
            return Ok(());
        }
        others.clear();
    }
    if packages.is_empty() {
        packages = if is_all { workspace().iter().collect() } else { vec![package("patchline")?] };
    }
    targets.iter().try_for_each(|(kind, name)| has_target(&packages, kind, name))?;
    features.iter().try_for_each(|feature| has_feature(&packages, feature))?;
    others.iter().filter(|_| *command == "test").try_for_each(|filter| finds_tests(&packages, filter))
}

fn workspace() -> &'static Vec<Value> {
    static WORKSPACE: OnceLock<Vec<Value>> = OnceLock::new();
    WORKSPACE.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
        let mut command = Command::new(cargo);
        command.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(repository());
        let output = command.output().expect("cargo, which has built this");
        let mut data: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        serde_json::from_value(data["packages"].take()).expect("packages")
    })
}

fn package(name: &str) -> Result<&'static Value, String> {
    let found = workspace().iter().find(|package| package["name"] == name);
    found.ok_or_else(|| format!("the workspace has no package `{name}`"))
}

fn published(name: &str) -> Result<&'static Value, String> {
    let package = package(name.split('@').next().unwrap_or(name))?;
    if package["publish"].is_null() { Ok(package) } else { Err(format!("`{name}` is not published")) }
}

/// `cargo fuzz run TARGET`: of a workspace of its own.
fn has_fuzzers(words: &[&str]) -> Result<(), String> {
    let manifest = std::fs::read_to_string(repository().join("fuzz/Cargo.toml")).expect("the fuzzers' manifest");
    let unknown = words.iter().skip(1).find(|name| !manifest.contains(&format!("name = \"{name}\"")));
    unknown.map_or(Ok(()), |name| Err(format!("there is no fuzzer `{name}`")))
}

fn package_in(folder: &str) -> Result<&'static Value, String> {
    let manifest = repository().join(folder).join("Cargo.toml");
    let found = workspace().iter().find(|package| package["manifest_path"].as_str().map(Path::new) == Some(&manifest));
    found.ok_or_else(|| format!("there is no package in {folder}"))
}

fn has_target(packages: &[&Value], kind: &str, name: &str) -> Result<(), String> {
    let kind = kind.trim_start_matches('-');
    let mut targets = packages.iter().filter_map(|package| package["targets"].as_array()).flatten();
    let there = targets.any(|target| target["name"] == name && target["kind"][0] == kind);
    there.then_some(()).ok_or_else(|| format!("no package of these has a {kind} `{name}`"))
}

fn has_feature(packages: &[&Value], feature: &str) -> Result<(), String> {
    let there = match feature.split_once('/') {
        Some((of, feature)) => !package(of)?["features"][feature].is_null(),
        None => packages.iter().any(|package| !package["features"][feature].is_null()),
    };
    there.then_some(()).ok_or_else(|| format!("no package of these has a feature `{feature}`"))
}

/// A filter takes the tests whose paths it is a part of: modules and functions.
fn finds_tests(packages: &[&Value], filter: &str) -> Result<(), String> {
    let part = filter.split("::").filter(|part| !part.is_empty()).last().unwrap_or(filter);
    let names = |line: &str| {
        let line = line.trim_start().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        let name = line.strip_prefix("fn ").or(line.strip_prefix("mod "));
        name.is_some_and(|name| name.split(['(', ' ', ';', '<']).next().is_some_and(|name| name.contains(part)))
    };
    let found = packages.iter().flat_map(|package| sources(package)).any(|path| {
        let text = std::fs::read_to_string(path).expect("a readable source");
        text.lines().any(names)
    });
    found.then_some(()).ok_or_else(|| format!("no test has `{filter}` in its path"))
}

fn sources(package: &Value) -> Vec<PathBuf> {
    let manifest = Path::new(package["manifest_path"].as_str().expect("a path"));
    let folder = manifest.parent().expect("it lies in a folder").to_str().expect("UTF-8");
    let found = ["src", "tests"].map(|inner| glob::glob(&format!("{folder}/{inner}/**/*.rs")).expect("a pattern"));
    found.into_iter().flatten().map(|path| path.expect("a readable folder")).collect()
}

mod tests {
    use super::*;

    #[test]
    fn what_there_is_has_no_fault() {
        let fault = |text: &str| fault(&text.split(' ').skip(1).collect::<Vec<_>>());
        for good in [
            "cargo test -p patchline-runner --test it documented",
            "cargo test --release -p patchline-graph -p patchline-nodes -- --nocapture --test-threads 1",
            "cargo run -p patchline-runner --features jack,tui -- demo --output x",
            "cargo run --example embed",
            "cargo install --path crates/runner --no-default-features --features tui",
            "cargo add patchline serde",
            "cargo doc --open",
            "cargo fuzz run patch",
        ] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in [
            "cargo tset",
            "cargo test -p patchline-grahp",
            "cargo test -p patchline-runner --test unit",
            "cargo test -p patchline-runner --test it documentated",
            "cargo run --example embedded",
            "cargo run -p patchline-runner --features jakc",
            "cargo install --path crates/walker",
            "cargo install --path crates/wav --features tui",
            "cargo install patchline-proofs",
            "cargo fuzz run pitch",
        ] {
            assert!(fault(bad).is_some(), "{bad}");
        }
    }
}
