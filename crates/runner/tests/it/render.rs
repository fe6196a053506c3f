use std::process::Stdio;

#[cfg(unix)]
use crate::support::Running;
use crate::support::{Ended, Folder, example, read};

const HALF: &str = "links = [\"mic -> trim -> out\"]\n[nodes.mic]\ntype = \"input\"\n[nodes.trim]\ntype = \"gain\"\n\
                    gain = 0.5\n[nodes.out]\ntype = \"output\"\n";

fn half() -> Folder {
    let folder = Folder::new();
    folder.write("half.toml", HALF);
    folder.wav("in.wav", 48_000, 2, 10_000);
    folder
}

#[test]
fn samples_arrive_halved_to_the_bit() {
    let folder = half();
    let ended = folder.run(["render", "half.toml", "-i", "in.wav", "-o", "out.wav"]).exits(0);
    assert!(ended.stdout.contains("× real time") && ended.stdout.contains("dBFS"), "{}", ended.stdout);
    let (given, ..) = read(&folder.path().join("in.wav"));
    let (made, rate, channels) = read(&folder.path().join("out.wav"));
    assert_eq!((rate, channels), (48_000, 2));
    assert_eq!(made, given.iter().map(|sample| sample * 0.5).collect::<Vec<_>>());
    assert_eq!(folder.listing(), ["half.toml", "in.wav", "out.wav"]);
}

#[test]
fn nothing_is_replaced_unasked() {
    let folder = half();
    folder.write("out.wav", "precious");
    let args = ["render", "half.toml", "-i", "in.wav", "-o", "out.wav"];
    folder.run(args).exits(5).says("--overwrite");
    assert_eq!(std::fs::read(folder.path().join("out.wav")).unwrap(), b"precious");
    folder.run(args.into_iter().chain(["--overwrite"])).exits(0);
    assert_eq!(read(&folder.path().join("out.wav")).0.len(), 20_000);
}

#[test]
fn the_output_is_no_file_of_the_patch() {
    let folder = Folder::new();
    let sink = "nodes.a.type = \"noise\"\nnodes.b.type = \"output\"\nnodes.rec = { type = \"file_sink\", path = ";
    let patch = format!("links = [\"a -> b\", \"a -> rec\"]\n{sink}\"takes/a.wav\" }}\n");
    folder.write("p.toml", &patch);
    let render = |output: &str| folder.run(["render", "p.toml", "-d", "10 smp", "-o", output, "--overwrite"]);
    let takes = folder.path().join("takes/a.wav").display().to_string();
    for output in ["takes/a.wav", "./takes/../takes/a.wav", &takes] {
        render(output).exits(2).says("the same file as the patch's `rec`");
    }
    render("p.toml").exits(2).says("the patch itself");
    folder.run(["graph", "./p.toml", "-o", "p.toml", "--overwrite"]).exits(2).says("the patch itself");
    assert_eq!(folder.listing(), ["p.toml"]);
    assert_eq!(std::fs::read_to_string(folder.path().join("p.toml")).unwrap(), patch);
    render("takes/b.wav").exits(0);
    assert_eq!(folder.listing(), ["p.toml", "takes/", "takes/a.wav", "takes/b.wav"]);
}

#[test]
fn a_take_that_got_the_name_of_the_output_is_kept() {
    let folder = Folder::new();
    let rec = "nodes.rec = { type = \"file_sink\", path = \"take-{seq}.wav\", subtype = \"PCM_16\" }";
    let nodes = format!("nodes.a.type = \"noise\"\nnodes.b.type = \"output\"\n{rec}\n");
    folder.write("p.toml", &format!("links = [\"a -> b\", \"a -> rec\"]\n{nodes}"));
    let args = ["render", "p.toml", "-d", "600s", "--sample-rate", "8000", "-o", "take-1.wav", "--overwrite"];
    folder.run(args).exits(5).says("take-1.wav");
    assert_eq!(folder.listing(), ["p.toml", "take-1.wav"]);
}

#[test]
fn the_summary_is_one_json_object() {
    let folder = half();
    let data = folder.run(["render", "half.toml", "-i", "in.wav", "-o", "out.wav", "--json"]).exits(0).json();
    assert_eq!((&data["frames"], &data["sample_rate"]), (&10_000.into(), &48_000.into()));
    let (made, ..) = read(&folder.path().join("out.wav"));
    let peak = made.iter().step_by(2).fold(0.0, |peak: f32, sample| peak.max(sample.abs()));
    assert_eq!(data["channels"][0]["peak"].as_f64(), Some(f64::from(peak)));
    assert_eq!(data["output"]["bytes"], std::fs::metadata(folder.path().join("out.wav")).unwrap().len());
}

#[test]
fn an_input_that_was_cut_short_is_told() {
    let folder = half();
    let cut = folder.path().join("in.wav");
    let file = std::fs::OpenOptions::new().write(true).open(&cut).unwrap();
    file.set_len(file.metadata().unwrap().len() - 4_000).unwrap();
    let render = |more: &[&str]| {
        folder.run([&["render", "half.toml", "-i", "in.wav", "-o", "out.wav", "--overwrite"], more].concat()).exits(0)
    };
    let data = render(&["--json"]).json();
    assert_eq!(data["inputs_cut"], serde_json::json!([{ "input": "in.wav", "missing_frames": 500 }]));
    let said = render(&[]).stdout;
    assert!(said.contains("warning: in.wav is cut short: by its header, 500 frames more"), "{said}");
    let listed = render(&["--jobs", "1"]).stdout;
    assert!(listed.contains("warning: in.wav is cut short: by its header, 500 frames more"), "{listed}");
    let mut piped = folder.command(["render", "half.toml", "-i", "-", "-o", "out.wav", "--overwrite", "--json"]);
    let piped = Ended::of(piped.stdin(std::fs::File::open(&cut).unwrap()).output().unwrap());
    assert_eq!(piped.exits(0).json()["inputs_cut"][0]["missing_frames"], 500);
    folder.wav("whole.wav", 48_000, 2, 10_000);
    std::fs::rename(folder.path().join("whole.wav"), &cut).unwrap();
    assert_eq!(render(&["--json"]).json()["inputs_cut"], serde_json::json!([]));
}

#[test]
fn folders_and_patterns_where_a_file_is_to_be_are_told_apart() {
    let folder = half();
    std::fs::create_dir(folder.path().join("takes")).unwrap();
    folder.wav("takes/a.wav", 48_000, 2, 1);
    let render = |input: &str| folder.run(["render", "half.toml", "-i", input, "-o", "out.wav"]);
    for input in ["takes", "takes/"] {
        render(input).exits(5).says("is a folder: `-i 'takes/*.wav'` renders the files in it");
    }
    render("mic=takes").exits(5).says("is a folder, and `mic` hears one file");
    render("mic=takes/*").exits(2).says("`-i mic=takes/*`: a pattern stands for several files");
    assert_eq!(folder.listing(), ["half.toml", "in.wav", "takes/", "takes/a.wav"]);
    let said = render("takes/a.wav").exits(0).stdout;
    assert!(said.contains(", 1 frame, "), "{said}");
}

#[test]
fn what_cannot_fit_is_refused_before_anything_is_made() {
    let folder = half();
    let before = folder.listing();
    let render =
        |more: &[&str]| folder.run([&["render", "half.toml", "-i", "in.wav", "-o", "new/out.wav"], more].concat());
    for (length, said) in [
        (["-d", "99999999999h"], "`--duration 99999999999 h`"),
        (["-d", "18446744073709551615smp"], "`--duration 18446744073709551615 smp`"),
        (["--tail", "1e30s"], "`--tail "),
    ] {
        render(&length).exits(2).says(said).says("no file is longer than 8.0 EiB").says("at most");
    }
    // A petabyte.
    let ended = render(&["-d", "700000h"]).exits(5).says("`--duration 700000 h`").says("free there").says("at most");
    assert!(ended.stderr.contains("out.wav"), "{}", ended.stderr);
    assert_eq!(folder.listing(), before);
}

/// A program that writes to a pipe does not know its end, and promises any.
#[test]
fn what_a_pipe_promises_is_no_reason_to_refuse_it() {
    let folder = half();
    let (unknown, promised) = (u32::MAX.to_le_bytes(), (1_u64 << 50).to_le_bytes());
    let mut bytes = [&b"RF64"[..], &unknown, b"WAVEds64", &28_u32.to_le_bytes(), &promised, &promised].concat();
    bytes.extend([0; 12]);
    bytes.extend([&b"fmt "[..], &16_u32.to_le_bytes(), &1_u16.to_le_bytes(), &2_u16.to_le_bytes()].concat());
    bytes.extend([&48_000_u32.to_le_bytes()[..], &192_000_u32.to_le_bytes(), &4_u16.to_le_bytes()].concat());
    bytes.extend([&16_u16.to_le_bytes()[..], b"data", &unknown, &[0; 400]].concat());
    let from = folder.path().join("pipe");
    std::fs::write(&from, bytes).unwrap();
    let mut piped = folder.command(["render", "half.toml", "-i", "-", "-o", "out.wav", "--json"]);
    let ended = Ended::of(piped.stdin(std::fs::File::open(from).unwrap()).output().unwrap());
    assert_eq!(ended.exits(0).json()["frames"], 100);
}

/// What was asked for and what is wrong, and no more.
#[test]
fn quiet_says_only_what_is_wrong_and_what_was_asked_for() {
    let folder = half();
    folder.write("loud.toml", &HALF.replace("0.5", "\"60 dB\""));
    let said = |patch: &str, more: &[&str]| {
        let args = ["render", patch, "-i", "in.wav", "-o", "out.wav", "--subtype", "pcm_16", "--overwrite", "-q"];
        let ended = folder.run([&args, more].concat()).exits(0);
        (ended.stdout, ended.stderr)
    };
    let silent = (String::new(), String::new());
    assert_eq!(said("half.toml", &[]), silent);
    assert_eq!(said("half.toml", &["--jobs", "1"]), silent);
    let (out, errors) = said("loud.toml", &[]);
    assert!(out.is_empty() && errors.starts_with("warning: ") && errors.lines().count() == 1, "{out}{errors}");
    let (out, errors) = said("loud.toml", &["--jobs", "1"]);
    assert!(out.is_empty() && errors.starts_with("in.wav: warning: ") && errors.lines().count() == 1, "{out}{errors}");
    let (out, errors) = said("half.toml", &["--json"]);
    assert!(out.starts_with('{') && errors.is_empty(), "{out}{errors}");
    let mut piped = folder.command(["render", "half.toml", "-i", "in.wav", "-o", "-", "--quiet"]);
    assert!(Ended::of(piped.stdout(Stdio::null()).output().unwrap()).exits(0).stderr.is_empty());
    for args in [
        &["run", "half.toml", "--backend", "sim", "-d", "2 s", "-q"][..],
        &["record", "-o", "take.wav", "--backend", "sim", "-d", "2 s", "-q"],
    ] {
        let ended = folder.run(args).exits(0);
        // The device has xruns.
        let warns = ended.stderr.lines().all(|line| line.starts_with("warning: "));
        assert!(ended.stdout.is_empty() && warns, "{args:?}: {}{}", ended.stdout, ended.stderr);
    }
}

#[test]
fn what_is_missing_is_asked_for() {
    let folder = half();
    let render = |args: &[&str]| folder.run(["render", "half.toml"].iter().chain(args));
    render(&["-i", "in.wav"]).exits(2).says("-o out.wav");
    render(&["-o", "out.wav"]).exits(2).says("`mic`");
    render(&["-i", "mick=in.wav", "-o", "out.wav"]).exits(2).says("mic");
    render(&["-i", "nowhere.wav", "-o", "out.wav"]).exits(5).says("nowhere.wav");
    render(&["-i", "half.toml", "-o", "out.wav"]).exits(5).says("half.toml");
    render(&["-i", "in.wav", "-o", "out.wav", "--duration", "1s", "--tail", "1s"]).exits(2);
    folder.write("tone.toml", "links = [\"a -> b\"]\nnodes.a.type = \"noise\"\nnodes.b.type = \"output\"\n");
    folder.run(["render", "tone.toml", "-o", "out.wav"]).exits(2).says("--duration");
    folder.run(["render", "tone.toml", "-o", "out.wav", "-d", "0.5 s", "--sample-rate", "8000"]).exits(0);
    assert_eq!(read(&folder.path().join("out.wav")).0.len(), 4000);
}

#[test]
fn a_file_of_another_rate_is_converted_or_refused() {
    let folder = half();
    let render = |args: &[&str]| {
        folder
            .run(["render", "half.toml", "-i", "in.wav", "-o", "out.wav", "--sample-rate", "96000"].iter().chain(args))
    };
    render(&["--strict"]).exits(5).says("96000 Hz");
    render(&[]).exits(0).says("converted from 48000 Hz to 96000 Hz");
    let (made, rate, _) = read(&folder.path().join("out.wav"));
    assert_eq!((rate, made.len()), (96_000, 40_000));
}

#[test]
fn inputs_may_have_files_of_their_own() {
    let folder = Folder::new();
    folder.write(
        "two.toml",
        "links = [\"a -> left\", \"b -> right\"]\nnodes.a.type = \"input\"\nnodes.b.type = \"input\"\n\
         [nodes.left]\ntype = \"output\"\nchannels = [0]\n[nodes.right]\ntype = \"output\"\nchannels = [1]\n",
    );
    folder.wav("a.wav", 48_000, 1, 1000);
    folder.wav("b.wav", 48_000, 1, 600);
    folder.run(["render", "two.toml", "-i", "b=b.wav", "-i", "a.wav", "-o", "out.wav"]).exits(0);
    let (a, ..) = read(&folder.path().join("a.wav"));
    let (b, ..) = read(&folder.path().join("b.wav"));
    let (made, _, channels) = read(&folder.path().join("out.wav"));
    assert_eq!((made.len(), channels), (2000, 2));
    let of = |channel: usize| made.iter().skip(channel).step_by(2).copied().collect::<Vec<_>>();
    assert_eq!(of(0), a);
    assert_eq!(of(1)[..600], b);
    assert!(of(1)[600..].iter().all(|sample| *sample == 0.0));
}

#[test]
fn pipes_carry_samples_both_ways() {
    let folder = half();
    let file = std::fs::File::open(folder.path().join("in.wav")).unwrap();
    let mut command = folder.command(["render", "half.toml", "-i", "-", "-o", "-", "--json"]);
    let output = command.stdin(Stdio::from(file)).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::write(folder.path().join("piped.wav"), &output.stdout).unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&output.stderr).expect("JSON on stderr");
    assert_eq!(summary["frames"], 10_000);
    folder.run(["render", "half.toml", "-i", "in.wav", "-o", "out.wav"]).exits(0);
    assert_eq!(read(&folder.path().join("piped.wav")), read(&folder.path().join("out.wav")));
}

#[test]
fn a_tail_is_kept_when_asked_for_and_missed_when_cut() {
    let folder = Folder::new();
    folder.wav("in.wav", 44_100, 1, 5000);
    let patch = example("seed-chain.toml");
    let render = |args: &[&str]| {
        let fixed = ["render", patch.to_str().unwrap(), "-i", "in.wav", "-o", "out.wav", "--overwrite"];
        let ended = folder.run(fixed.iter().chain(args)).exits(0);
        (ended.stdout, read(&folder.path().join("out.wav")).0.len())
    };
    let (cut, frames) = render(&[]);
    assert!(cut.contains("--tail auto"), "{cut}");
    assert_eq!(frames, 5000);
    let (kept, frames) = render(&["--tail", "auto"]);
    assert!(!kept.contains("hint"), "{kept}");
    assert_eq!(frames, 5000 + 22_050);
    assert_eq!(render(&["--tail", "10 smp"]).1, 5010);
}

#[cfg(unix)]
#[test]
fn an_interrupted_render_leaves_nothing() {
    let folder = Folder::new();
    folder.write("tone.toml", "links = [\"a -> b\"]\nnodes.a.type = \"noise\"\nnodes.b.type = \"output\"\n");
    // Long in time and small on the disk: what has no room there is refused before it begins.
    let long = "-d 300min --sample-rate 8000 --subtype PCM_16 --block 1".split(' ');
    let running = Running::start(&mut folder.command(["render", "tone.toml", "-o", "out.wav"].into_iter().chain(long)));
    running.until_seen("its file does not lie beside the name", || folder.listing().len() >= 2);
    running.signal("INT");
    running.end().exits(130).says("interrupted");
    assert_eq!(folder.listing(), ["tone.toml"]);
}

#[cfg(unix)]
#[test]
fn a_file_at_its_size_limit_is_an_error_that_names_it_and_leaves_nothing() {
    let folder = Folder::new();
    folder.write("tone.toml", "links = [\"a -> b\"]\nnodes.a.type = \"noise\"\nnodes.b.type = \"output\"\n");
    let render = "ulimit -f 100; exec \"$0\" render tone.toml -o out.wav -d 10s";
    let mut command = std::process::Command::new("sh");
    command.args(["-c", render, env!("CARGO_BIN_EXE_runner")]).current_dir(folder.path());
    Ended::of(command.output().unwrap()).exits(5).says("out.wav: ").says("File too large");
    assert_eq!(folder.listing(), ["tone.toml"]);
}

/// Six noises, each through a delay that feeds back, on some threads.
fn wide(threads: &str) -> String {
    let branch = |index: usize| {
        format!(
            "[nodes.noise{index}]\ntype = \"noise\"\nseed = {index}\n[nodes.echo{index}]\ntype = \"delay\"\n\
             time = \"3 ms\"\nfeedback = 0.5\n"
        )
    };
    let links: Vec<String> = (0..6).map(|index| format!("\"noise{index} -> echo{index} -> out\"")).collect();
    let branches: String = (0..6).map(branch).collect();
    format!("links = [{}]\n[engine]\nthreads = {threads}\n[nodes.out]\ntype = \"output\"\n{branches}", links.join(", "))
}

#[test]
fn any_number_of_threads_makes_the_same_file() {
    let folder = Folder::new();
    for threads in ["1", "2", "3"] {
        let (patch, out) = (format!("wide{threads}.toml"), format!("out{threads}.wav"));
        folder.write(&patch, &wide(threads));
        folder.run(["render", &patch, "-d", "3 s", "-o", &out]).exits(0);
    }
    let [one, two, three] = ["1", "2", "3"].map(|threads| read(&folder.path().join(format!("out{threads}.wav"))).0);
    assert!(one.iter().any(|sample| *sample != 0.0) && one == two && one == three);
}

#[test]
fn check_says_how_many_threads_are_worth_it() {
    let folder = Folder::new();
    folder.write("wide.toml", &wide("3"));
    let ended = folder.run(["check", "wide.toml"]).exits(0);
    assert!(ended.stdout.contains("3 of 3, about"), "{}", ended.stdout);
    folder.write("narrow.toml", &HALF.replace("[nodes.mic]", "[engine]\nthreads = 3\n[nodes.mic]"));
    let ended = folder.run(["check", "narrow.toml"]).exits(0);
    assert!(ended.stdout.contains("1 of 3: there is too little to do at once"), "{}", ended.stdout);
    folder.write("none.toml", &wide("0"));
    folder.run(["check", "none.toml"]).exits(3).says("threads");
}

#[test]
fn the_summary_says_how_many_threads_rendered() {
    let folder = Folder::new();
    let render = |name: &str, patch: &str, more: &[&str]| {
        folder.write(name, patch);
        folder.run([&["render", name, "-o", "out.wav", "-d", "1 s", "--overwrite"], more].concat()).exits(0)
    };
    assert!(render("one.toml", &wide("1"), &["--json"]).json()["threads"].is_null());
    let data = render("two.toml", &wide("2"), &["--json"]).json();
    let threads = &data["threads"];
    // Where the machine has one processor, that is how many are used, and why.
    let why = threads["why_not"].is_string();
    assert!(threads["asked"] == 2 && (threads["lanes"] == 2) != why, "{threads}");
    let said = render("two.toml", &wide("2"), &[]).stdout;
    assert!(said.contains(" × real time, by ") && said.contains(" of 2 threads"), "{said}");
}

#[test]
fn a_device_that_is_made_up_is_played_by_several_threads() {
    let folder = Folder::new();
    folder.write("wide.toml", &wide("2"));
    let args = ["wide.toml", "--backend", "sim", "-d", "1 s", "--json"];
    let threads = &folder.run(args).exits(0).json()["threads"];
    assert!(threads["asked"] == 2 && threads["lanes"].as_u64().is_some_and(|lanes| lanes <= 2), "{threads}");
}
