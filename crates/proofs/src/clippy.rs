//! What only clippy sees: a lock that nobody else holds neither allocates nor enters the kernel.

use std::fs;

use crate::cargo::{self, cargo};
use crate::row::Row;

const BY: &str = "clippy";
const LINTS: [&str; 5] = ["--", "-D", "clippy::disallowed_types", "-D", "clippy::disallowed_methods"];

/// Source that does what the audio code's rules forbid, and what has to be said about it.
const PLANTED: &str = r#"//! Planted.

/// Takes a lock.
pub fn lock(lock: &std::sync::Mutex<f32>) -> f32 {
    *lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Reads under a lock.
pub fn read(lock: &std::sync::RwLock<f32>) -> f32 {
    *lock.read().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Waits for others.
pub fn wait(barrier: &std::sync::Barrier, condvar: &std::sync::Condvar) {
    barrier.wait();
    condvar.notify_one();
}

/// Sleeps.
pub fn sleep() {
    std::thread::sleep(std::time::Duration::from_millis(1));
    std::thread::park();
    std::thread::yield_now();
}
"#;
const NAMED: [&str; 7] = [
    "std::sync::Mutex",
    "std::sync::RwLock",
    "std::sync::Barrier",
    "std::sync::Condvar",
    "std::thread::sleep",
    "std::thread::park",
    "std::thread::yield_now",
];

pub(crate) fn rows() -> Vec<Row> {
    if cargo::capture(&mut cargo(&["clippy", "--version"])).is_ok_and(|(code, ..)| code == Some(0)) {
        vec![clean(), planted()]
    } else {
        vec![Row::left_out(
            "no lock and no waiting in audio code",
            BY,
            "clippy is not here: rustup component add clippy",
        )]
    }
}

fn clean() -> Row {
    let packages = ["clippy", "--quiet", "-p", "patchline-graph", "-p", "patchline-nodes"];
    let found = cargo::run(cargo(&packages).args(LINTS));
    Row::judge(
        "no lock and no waiting in audio code",
        BY,
        found.map(|()| "patchline-graph, patchline-nodes".to_owned()),
    )
}

fn planted() -> Row {
    Row::judge("planted locks and waits are refused", BY, refused())
}

fn refused() -> Result<String, String> {
    let folder = cargo::target().join("proofs/planted-lint");
    let crates = cargo::root().join("crates");
    let written = fs::create_dir_all(folder.join("src"))
        .and_then(|()| fs::write(folder.join("src/lib.rs"), PLANTED))
        .and_then(|()| {
            fs::write(folder.join("Cargo.toml"), "[package]\nname = \"planted\"\nedition = \"2024\"\n[workspace]\n")
        })
        .and_then(|()| fs::copy(crates.join("nodes/clippy.toml"), folder.join("clippy.toml")));
    written.map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut clippy = cargo(&["clippy", "--quiet", "--offline"]);
    clippy.current_dir(&folder).env("CARGO_TARGET_DIR", folder.join("target")).args(LINTS);
    let (code, _, said) = cargo::capture(&mut clippy)?;
    let missed: Vec<&str> = NAMED.into_iter().filter(|name| !said.contains(&format!("`{name}`"))).collect();
    match (code, &missed[..]) {
        (Some(0), _) => Err("clippy takes a source full of them".to_owned()),
        (_, []) => Ok(format!("{} of {} flagged", NAMED.len(), NAMED.len())),
        (_, missed) => Err(format!("not flagged: {}\n{said}", missed.join(", "))),
    }
}
