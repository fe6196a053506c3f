//! What is drawn: waveforms, spectrograms, graphs with levels, times.

use crate::support::{Folder, example};

const HALF: &str = "links = [\"mic -> trim -> out\", \"trim -> rec\"]\n[nodes.mic]\ntype = \"input\"\n[nodes.trim]\n\
                    type = \"gain\"\ngain = 0.5\n[nodes.out]\ntype = \"output\"\n[nodes.rec]\ntype = \"file_sink\"\n\
                    path = \"take.wav\"\n";
const PLAIN: &str = "links = [\"mic -> out\"]\nnodes.mic.type = \"input\"\nnodes.out.type = \"output\"\n";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("half.toml", HALF);
    folder.write("plain.toml", PLAIN);
    folder.wav("in.wav", 48_000, 2, 10_000);
    folder
}

fn is_png(folder: &Folder, name: &str) -> bool {
    std::fs::read(folder.path().join(name)).unwrap().starts_with(b"\x89PNG\r\n")
}

#[test]
fn a_render_is_drawn_when_it_is_done() {
    let folder = folder();
    let words = "render plain.toml -i in.wav -o out.wav --waveform wave.png --spectrogram spectrum.png";
    let ended = folder.run(words.split(' ').chain(["--json"])).exits(0).json();
    assert_eq!(ended["pictures"], serde_json::json!(["wave.png", "spectrum.png"]));
    assert!(is_png(&folder, "wave.png") && is_png(&folder, "spectrum.png"));
    // Neither the sound nor a picture is replaced unasked, and nothing is rendered before that is known.
    folder.run("render plain.toml -i in.wav -o b.wav --waveform wave.png".split(' ')).exits(5).says("--overwrite");
    assert_eq!(folder.listing(), ["half.toml", "in.wav", "out.wav", "plain.toml", "spectrum.png", "wave.png"]);
    let again = folder.run(words.split(' ').chain(["--overwrite"])).exits(0);
    assert!(again.stdout.contains("drawn: wave.png"), "{}", again.stdout);
}

#[test]
fn pictures_need_a_name_of_their_own_and_a_file_to_show() {
    let folder = folder();
    let render = |words: &str| folder.run("render plain.toml -i in.wav".split(' ').chain(words.split(' ')));
    render("-o - --waveform wave.png").exits(2).says("a pipe cannot be read again");
    render("-o out.wav --waveform out.wav").exits(2).says("both name out.wav");
    render("-o out.wav --waveform wave.jpg").exits(2).says("--waveform wave.png");
    render("-o out.wav --waveform a.png --spectrogram a.png").exits(2).says("name the same file");
    render("-o out.png --waveform in.wav --overwrite").exits(2).says("PNG");
    render("-o ./x.wav --waveform ./a.png --spectrogram a.png").exits(2).says("name the same file");
    // Nothing is rendered for a picture that has no place.
    render("-o out.wav --waveform in.wav/a.png").exits(5).says("in.wav is no folder");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere", folder.path().join("link.png")).unwrap();
        render("-o out.wav --waveform link.png --overwrite").exits(5).says("symbolic link");
        let bench = "bench plain.toml -s 0.1 --svg link.png --overwrite --json";
        assert_eq!(folder.run(bench.split(' ')).exits(5).json()["exit"], 5);
        let graph = "graph plain.toml --levels -i no-such.wav -f svg -o link.png --overwrite";
        folder.run(graph.split(' ')).exits(5).says("symbolic link");
        std::fs::remove_file(folder.path().join("link.png")).unwrap();
    }
    folder.run("render half.toml -i in.wav -o out.wav --waveform take.wav".split(' ')).exits(2);
    assert_eq!(folder.listing(), ["half.toml", "in.wav", "plain.toml"]);
}

#[test]
fn many_renders_have_many_pictures() {
    let folder = folder();
    folder.wav("more.wav", 48_000, 1, 500);
    let words = "render plain.toml in.wav more.wav -o wet/ --waveform";
    folder.run(words.split(' ').chain(["one.png"])).exits(2).says("--waveform out/");
    folder.run(words.split(' ').chain(["drawn/", "--spectrogram", "drawn/"])).exits(2);
    folder.run(words.split(' ').chain(["wet/", "--spectrogram", "wet/{stem}-spectrum.png"])).exits(0);
    assert!(is_png(&folder, "wet/in.png") && is_png(&folder, "wet/more-spectrum.png"));
}

/// Folders are made for pictures as they are for sound, and what is missing is made up for.
#[test]
fn pictures_that_are_missing_are_drawn_when_outputs_are_skipped() {
    let folder = folder();
    folder.wav("more.wav", 48_000, 1, 500);
    let words = "render plain.toml in.wav more.wav -o wet/ --waveform pics/{stem}.png --skip-existing";
    folder.run(words.split(' ')).exits(0);
    let jpg = words.replace(".png", ".jpg");
    folder.run(jpg.split(' ')).exits(2).says("writes PNG");
    std::fs::remove_file(folder.path().join("pics/in.png")).unwrap();
    std::fs::remove_file(folder.path().join("wet/more.wav")).unwrap();
    // Nothing takes the place of a picture unasked, whatever it shows.
    std::fs::write(folder.path().join("pics/more.png"), "of before").unwrap();
    let refused =
        folder.run(words.split(' ')).exits(5).says("pics/more.png is there already, and what it is a picture of");
    assert!(!refused.stderr.contains("--skip-existing"), "{}", refused.stderr);
    assert_eq!(std::fs::read(folder.path().join("pics/more.png")).unwrap(), b"of before");
    std::fs::remove_file(folder.path().join("pics/more.png")).unwrap();
    let ended = folder.run(words.split(' ')).exits(0);
    assert!(ended.stdout.contains("2 files: 1 rendered, 1 skipped"), "{}", ended.stdout);
    assert!(ended.stdout.contains("wet/in.wav is there; pics/in.png was drawn"), "{}", ended.stdout);
    assert!(is_png(&folder, "pics/in.png") && is_png(&folder, "pics/more.png"));
    folder.run("render plain.toml -i in.wav -o new/out.wav --waveform ./new/deep/out.png".split(' ')).exits(0);
    assert!(is_png(&folder, "new/deep/out.png"));
}

/// A square wave of full scale comes in; half of it is -6.0 dB.
#[test]
fn a_graph_shows_its_levels_and_records_nothing() {
    let folder = folder();
    let loud = "links = [\"osc -> out\"]\nnodes.osc = { type = \"oscillator\", shape = \"square\", frequency = 100, level = 1 }\n\
                nodes.out.type = \"output\"\n";
    folder.write("loud.toml", loud);
    folder.run("render loud.toml -d 0.5s -o loud.wav".split(' ')).exits(0);
    let graph = |words: &str| folder.run("graph half.toml".split(' ').chain(words.split(' ')));
    let svg = graph("--levels -i loud.wav -f svg").exits(0).stdout;
    assert_eq!(svg.matches("1 ch · -6.0 dBFS").count(), 2, "{svg}");
    assert_eq!((svg.matches("class=\"high\"").count(), svg.matches("class=\"low\"").count()), (1, 2), "{svg}");
    assert!(graph("--levels -i loud.wav -f dot").exits(0).stdout.contains("+0.0 dBFS"));
    graph("--levels -f svg").exits(2).says("-i in.wav");
    // What is there is no reason to replace what is read.
    let refused = graph("-f svg -o half.toml").exits(2).says("half.toml");
    assert!(!refused.stderr.contains("--overwrite"), "{}", refused.stderr);
    graph("--levels -i loud.wav -f svg --channels 8").exits(2).says("--channels");
    graph("--levels -i loud.wav").exits(2).says("--format svg");
    graph("-i loud.wav -f svg").exits(2).says("--levels");
    graph("--levels -i loud.wav -f svg -o loud.wav --overwrite").exits(2).says("loud.wav");
    folder.write("off.toml", &loud.replace("level = 1", "level = 0"));
    assert!(folder.run("graph off.toml --levels -d 1s -f mermaid".split(' ')).exits(0).stdout.contains("silent"));
    let listed = ["half.toml", "in.wav", "loud.toml", "loud.wav", "off.toml", "plain.toml"];
    assert_eq!(folder.listing(), listed);
}

#[test]
fn times_are_drawn() {
    let folder = folder();
    let patch = example("tangle.toml");
    let patch = patch.to_str().unwrap();
    folder.run(["bench", patch, "-s", "0.2", "--timeline", "t.svg", "--svg", "s.svg", "--blocks", "64"]).exits(0);
    folder.run(["bench", patch, "--timeline", "t.svg"]).exits(5).says("--overwrite");
    folder.run(["bench", patch, "--timeline", "./a.svg", "--svg", "a.svg"]).exits(2).says("the same file");
    folder.run(["bench", patch, "--timeline", "nowhere/a.svg"]).exits(5).says("there is no folder nowhere");
    folder.run(["check", patch, "--cpu", "--svg", "c.svg"]).exits(0);
    folder.run(["check", patch, "--cpu", "--svg", "c.svg"]).exits(5).says("--overwrite");
    folder.run(["check", patch, patch, "--cpu", "--svg", "d.svg"]).exits(2).says("one patch");
    let drawn = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(drawn("t.svg").contains("<circle") && drawn("s.svg").contains("class=\"c0\""));
    assert!(drawn("c.svg").contains(">hiss<"), "{}", drawn("c.svg"));
}

/// The only loud sample is the last one; how many there are, nobody says before the end of a pipe.
#[cfg(unix)]
#[test]
fn levels_of_a_pipe_reach_to_its_last_frame() {
    let folder = folder();
    folder.bursts("late.wav", 48_000, 1, 10_000, |frame| frame == 9_999);
    let script = "\"$0\" render plain.toml -i late.wav -o - -q | \"$0\" graph plain.toml --levels -i - -f mermaid";
    let mut command = std::process::Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_runner")]).current_dir(folder.path());
    let piped = crate::support::Ended::of(command.output().unwrap()).exits(0).stdout;
    let direct = folder.run("graph plain.toml --levels -i late.wav -f mermaid".split(' ')).exits(0).stdout;
    assert!(!piped.contains("silent") && piped == direct, "{piped}{direct}");
}

/// A patch that says its own rate has it, whatever is assumed for others.
#[test]
fn a_rate_of_the_patch_itself_is_kept_for_its_levels() {
    let folder = folder();
    folder.write("own.toml", &format!("engine.sample_rate = 48000\n{PLAIN}"));
    let levels = |more: &[&str]| {
        let words = "graph own.toml --levels -i in.wav -f mermaid".split(' ');
        folder.run(words.chain(more.iter().copied())).exits(0).stdout
    };
    assert_eq!(levels(&["--sample-rate", "96000"]), levels(&[]));
}
