//! A bad patch that is loaded while another one plays: it is refused in words, creates nothing, and is not heard.

mod hostile;

use std::path::Path;

use patchline_graph::{Engine, LoadError, Renderer, StreamSpec, engine};
use patchline_patch::{Diagnostics, MOST_BYTES, Options, Registry, Style, read, render};

/// What plays: a tone into an echo that feeds itself, so that whatever disturbs it is heard for long.
const OLD: &str = "links = [\"mic -> mix\", \"tone -> mix -> echo -> out\"]\n[nodes.mic]\ntype = \"input\"\n[nodes.mix]\n\
                   type = \"gain\"\n[nodes.tone]\ntype = \"oscillator\"\n[nodes.echo]\ntype = \"delay\"\ntime = \"7 ms\"\n\
                   mix = 0.5\nfeedback = 0.9\n[nodes.out]\ntype = \"output\"\n";
const BLOCK: usize = 64;

/// Two channels in, two out, with a budget that holds the old patch and no monster.
fn stream() -> StreamSpec {
    StreamSpec { max_memory: 16 << 20, ..StreamSpec::new(48_000, BLOCK, 2, 2) }
}

fn playing(registry: &Registry) -> (Engine, Renderer) {
    let (mut engine, renderer) = engine(stream());
    let old = read(OLD.as_bytes(), "old.toml").unwrap().load(registry, &Options::default()).unwrap();
    engine.load(old.graph).unwrap();
    (engine, renderer)
}

/// The next block, as bits.
fn block(renderer: &mut Renderer) -> Vec<u32> {
    let start = renderer.position();
    let input: Vec<f32> =
        (start..start + BLOCK as u64).map(|frame| ((frame * 7919) % 8191) as f32 / 8191.0 - 0.5).collect();
    let mut output = [[f32::NAN; BLOCK]; 2];
    let [left, right] = &mut output;
    renderer.render(BLOCK, &[&input, &input], &mut [left, right]);
    output.as_flattened().iter().map(|sample| sample.to_bits()).collect()
}

/// What a program says of a patch that it cannot load into a running engine. The reader's checks come first; what these
/// let through for another device, the engine refuses.
fn refusal(engine: &mut Engine, registry: &Registry, folder: &Path, name: &str) -> Diagnostics {
    let path = folder.join(name);
    let bytes = std::fs::read(&path).unwrap();
    let patch = match read(&bytes, &path) {
        Ok(patch) => patch,
        Err(mistakes) => return mistakes,
    };
    let loaded = match patch.load(registry, &Options::default()) {
        Ok(loaded) => loaded,
        Err(mistakes) => return mistakes,
    };
    match engine.load(loaded.graph.clone()) {
        Err(LoadError::Graph(errors)) => loaded.locate(&errors),
        other => panic!("{name}: {other:?}"),
    }
}

fn is_well_said(mistakes: &Diagnostics, name: &str) {
    let text = render(mistakes, Style::Plain);
    assert!(text.len() <= 4096, "{name}: {} bytes", text.len());
    assert!(text.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{name}: {text:?}");
    assert!(text.contains(" --> ") && text.contains(name), "{name}: {text}");
    let has_place = text.lines().any(|line| {
        let place = line.split_once(&format!("{name}:")).map(|(_, place)| place.split(':').collect::<Vec<_>>());
        place.is_some_and(|place| place.len() == 2 && place.iter().all(|number| number.parse::<u32>().is_ok()))
    });
    assert!(has_place || text.contains("more than 1 MiB"), "{name} has no line and column:\n{text}");
}

fn names_in(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut names = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(inner) = open.pop() {
        for entry in std::fs::read_dir(inner).unwrap().map(Result::unwrap) {
            names.push(entry.path());
            open.extend(entry.file_type().unwrap().is_dir().then(|| entry.path()));
        }
    }
    names.sort();
    names
}

#[test]
fn a_bad_patch_is_refused_while_the_old_one_plays_on_bit_for_bit() {
    let root = tempfile::tempdir().unwrap();
    let [folder, outside] = ["patches", "outside"].map(|name| root.path().join(name));
    [&folder, &outside].into_iter().for_each(|folder| std::fs::create_dir(folder).unwrap());
    let names = hostile::put(&folder, &outside);
    assert!(names.len() >= 130, "{}", names.len());
    let before = names_in(root.path());
    let registry = Registry::standard();
    let (mut engine, mut renderer) = playing(&registry);
    let (mut untouched, mut alone) = playing(&registry);
    for name in &names {
        let mistakes = refusal(&mut engine, &registry, &folder, name);
        is_well_said(&mistakes, name);
        assert_eq!(block(&mut renderer), block(&mut alone), "{name} is heard");
        engine.collect();
        untouched.collect();
    }
    assert_eq!(engine.stats(), untouched.stats());
    assert_eq!((engine.stats().panics, engine.stats().non_finite_outputs), (0, 0));
    engine.close(renderer);
    untouched.close(alone);
    assert_eq!(names_in(root.path()), before, "files were made");
}

/// The test above can fail: a patch that is accepted is heard.
#[test]
fn a_good_patch_is_heard() {
    let registry = Registry::standard();
    let (mut engine, mut renderer) = playing(&registry);
    let (_untouched, mut alone) = playing(&registry);
    assert_eq!(block(&mut renderer), block(&mut alone));
    let new = read(OLD.replace("0.9", "0.8").as_bytes(), "new.toml").unwrap();
    engine.load(new.load(&registry, &Options::default()).unwrap().graph).unwrap();
    let differs = (0..20).any(|_| block(&mut renderer) != block(&mut alone));
    assert!(differs);
}

#[test]
fn the_largest_patch_is_read() {
    let most = format!("links = []\n#{}", "x".repeat(MOST_BYTES - 12));
    assert_eq!(most.len(), MOST_BYTES);
    assert!(read(most.as_bytes(), "p.toml").unwrap().load(&Registry::standard(), &Options::default()).is_ok());
}
