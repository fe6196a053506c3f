use std::process::Command;

use crate::support::{Ended, Folder, example};

/// Runs a command whose stdout nobody reads: not even its first byte can be written.
fn unheard(mut command: Command) -> Ended {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    Ended::of(command.stdout(writer).output().expect("the binary runs"))
}

#[test]
fn a_reader_that_has_seen_enough_changes_no_exit_code() {
    let folder = Folder::new();
    folder.write("bad.toml", "links = [\"a -> b\"]\n");
    let xruns = "links = [\"a -> b\"]\nnodes.a.type = \"noise\"\nnodes.b.type = \"output\"\nengine.max_xruns = 0\n";
    folder.write("xruns.toml", xruns);
    unheard(folder.command(["check", "--json", "bad.toml"])).exits(3);
    unheard(folder.command(["xruns.toml", "--backend", "sim", "--duration", "10min"])).exits(6);
    let good = example("tangle.toml").display().to_string();
    unheard(folder.command(["check", &good, "bad.toml"])).exits(3);
    unheard(folder.command(["check", &good, &good])).exits(0);
    unheard(folder.command(["schema"])).exits(0);
}

#[test]
fn a_render_into_a_closed_pipe_fails_and_names_stdout() {
    let folder = Folder::new();
    folder.write("tone.toml", "links = [\"a -> b\"]\nnodes.a.type = \"noise\"\nnodes.b.type = \"output\"\n");
    let ended = unheard(folder.command(["render", "tone.toml", "-o", "-", "-d", "10s"])).exits(5).says("stdout: ");
    assert!(!ended.stderr.contains("kept"), "{}", ended.stderr);
}

#[cfg(unix)]
#[test]
fn a_patch_may_come_through_a_pipe() {
    use std::io::Write;
    use std::process::Stdio;

    use crate::support::Running;

    let tone = "links = [\"a -> b\"]\nnodes.a.type = \"noise\"\nnodes.b.type = \"output\"\n";
    let folder = Folder::new();
    let mut command = folder.command(["-", "--backend", "sim", "-d", "1s", "--json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the binary runs");
    child.stdin.take().expect("it is a pipe").write_all(tone.as_bytes()).expect("it reads");
    let data = Ended::of(child.wait_with_output().expect("it ends")).exits(0).json();
    assert_eq!(data["patch"], "stdin", "{data}");

    let fifo = folder.path().join("fifo.toml");
    assert!(Command::new("mkfifo").arg(&fifo).status().expect("it is always there").success());
    let running = Running::start(&mut folder.command(["check", "fifo.toml"]));
    running.until("fifo.toml is a pipe: waiting for the patch to be written into it");
    std::fs::write(&fifo, tone).expect("it is read");
    running.end().exits(0);
}

/// A log that nobody takes is no reason to lose a recording.
#[cfg(target_os = "linux")]
#[test]
fn a_recording_outlives_its_stderr() {
    use crate::support::read;

    let folder = Folder::new();
    let (reader, closed) = std::io::pipe().expect("a pipe");
    drop(reader);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("it is always there");
    for (name, stderr) in [("closed.wav", closed.into()), ("full.wav", std::process::Stdio::from(full))] {
        let mut command = folder.command(["record", "--backend", "null", "-d", "200ms", "-o", name]);
        Ended::of(command.stderr(stderr).output().expect("the binary runs")).exits(0);
        assert_eq!(read(&folder.path().join(name)).0.len(), 9_600 * 2, "{name}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn help_that_cannot_be_written_is_said() {
    let folder = Folder::new();
    for args in [&["help"][..], &["--version"], &["run", "--help"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("it is always there");
        Ended::of(folder.command(args).stdout(full).output().expect("the binary runs")).exits(5).says("stdout: ");
        unheard(folder.command(args)).exits(0);
    }
}
