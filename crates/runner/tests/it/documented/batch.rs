//! The recipes of docs/batch.md, and what comes out of them: each block that is marked runs where its program is here.

use std::process::Command;

use serde_json::Value;

use super::execute::as_it_is;
use super::markdown::pages;
use super::stage::Stage;
use crate::support::{Folder, read, repository};

/// `sh slurm`, …: what needs a program that few machines have.
pub(super) const MARKS: [&str; 3] = ["slurm", "parallel", "ray"];

/// `sbatch --array=1-N SCRIPT`, for want of a cluster: the tasks one after the other.
const SBATCH: &str = "#!/bin/sh\nexport SLURM_ARRAY_TASK_COUNT=\"${1#--array=1-}\"\n\
                      for SLURM_ARRAY_TASK_ID in $(seq $SLURM_ARRAY_TASK_COUNT); do\n\
                      export SLURM_ARRAY_TASK_ID; sh \"$2\" >\"render-1-$SLURM_ARRAY_TASK_ID.jsonl\" || exit\ndone\n";

/// A page's folder with other takes: of different lengths, and of one name in two folders.
fn corpus() -> Stage {
    let page = pages().into_iter().find(|page| page.name == "docs/batch.md").expect("the page");
    let stage = Stage::new(&page);
    let folder = &stage.folder;
    std::fs::create_dir_all(folder.path().join("takes/x")).unwrap();
    for name in ["takes/a.wav", "takes/b.wav", "takes/x/a.wav"] {
        let _ = std::fs::remove_file(folder.path().join(name));
        folder.wav(name, 8_000, 1, 900);
    }
    for name in ["render.sbatch", "ray_render.py"] {
        std::fs::copy(repository().join("examples/batch").join(name), folder.path().join(name)).unwrap();
    }
    stage.program("sbatch", SBATCH);
    stage
}

/// The commands of all blocks that are marked like this.
fn commands(mark: &str) -> Vec<String> {
    let page = pages().into_iter().find(|page| page.name == "docs/batch.md").expect("the page");
    let blocks = page.blocks_of("sh").filter(|block| block.mark == mark);
    blocks.flat_map(|block| block.commands()).map(|command| command.text).collect()
}

#[track_caller]
fn run(stage: &Stage, command: &str) {
    as_it_is(stage, command).unwrap_or_else(|words| panic!("{command}: {words}"));
}

fn bytes(stage: &Stage, name: &str) -> Vec<u8> {
    std::fs::read(stage.folder.path().join(name)).unwrap()
}

/// Whether a program is here; CI, which has brought it, must not do without.
fn has(check: &str, required: &str) -> bool {
    let there = Command::new("sh").args(["-c", check]).output().is_ok_and(|output| output.status.success());
    assert!(there || std::env::var_os(required).is_none(), "`{check}` fails, and {required} is set");
    if !there {
        eprintln!("left out: `{check}` fails");
    }
    there
}

#[test]
fn commands_do_what_they_say() {
    let stage = corpus();
    let commands = commands("");
    assert_eq!(commands.len(), 5, "{commands:#?}");
    commands.iter().for_each(|command| run(&stage, command));
    for made in ["out", "loud", "parts"] {
        assert_eq!(Folder::names_in(&stage.folder.path().join(made)), ["a.wav", "b.wav"], "{made}");
    }
    assert_eq!(bytes(&stage, "parts/b.wav"), bytes(&stage, "out/b.wav"));
    assert_eq!(read(&stage.folder.path().join("voiced/a.wav")).0, read(&stage.folder.path().join("takes/a.wav")).0);
    assert_eq!(String::from_utf8(bytes(&stage, "render.jsonl")).unwrap().lines().count(), 3);
}

#[test]
fn an_array_of_slurm_renders_each_file_once() {
    let stage = corpus();
    commands("slurm").iter().for_each(|command| run(&stage, command));
    assert_eq!(Folder::names_in(&stage.folder.path().join("out")), ["a.wav", "b.wav", "x/", "x/a.wav"]);
    let lines = || (1..=4).map(|task| String::from_utf8(bytes(&stage, &format!("render-1-{task}.jsonl"))).unwrap());
    assert_eq!(lines().map(|text| text.matches("\"frames\":900").count()).sum::<usize>(), 3);
    commands("slurm").iter().for_each(|command| run(&stage, command));
    assert_eq!(lines().map(|text| text.matches("\"skipped\":true").count()).sum::<usize>(), 3);
}

#[test]
fn parallel_renders_all() {
    if has("parallel --version | grep -q GNU", "PATCHLINE_REQUIRE_PARALLEL") {
        let stage = corpus();
        std::fs::remove_file(stage.folder.path().join("takes/x/a.wav")).unwrap();
        commands("parallel").iter().for_each(|command| run(&stage, command));
        assert_eq!(Folder::names_in(&stage.folder.path().join("wet")), ["a.wav", "b.wav"]);
        assert_eq!(serde_json::from_slice::<Value>(&bytes(&stage, "b.json")).unwrap()["frames"], 900);
    }
}

#[test]
fn ray_renders_all_and_goes_on() {
    if has("python3 -c 'import ray'", "PATCHLINE_REQUIRE_RAY") {
        let stage = corpus();
        commands("ray").iter().for_each(|command| run(&stage, command));
        assert_eq!(Folder::names_in(&stage.folder.path().join("cooked")), ["a.wav", "b.wav"]);
        run(&stage, "runner render echo.toml -i takes/a.wav -o one.wav");
        assert_eq!(bytes(&stage, "cooked/a.wav"), bytes(&stage, "one.wav"));
        std::fs::remove_file(stage.folder.path().join("cooked/b.wav")).unwrap();
        run(&stage, "python3 ray_render.py echo.toml 'takes/*.wav' cooked/ | grep '\"skipped\": 1'");
    }
}
