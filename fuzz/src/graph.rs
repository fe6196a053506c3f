//! Any bytes as patches that play.

use arbitrary::{Result, Unstructured};
use patchline_graph::{Graph, StreamSpec};
use patchline_patch::{Checked, EngineSettings};

use crate::choices::Sketch;
use crate::course::Course;
use crate::folder;
use crate::patch::{REGISTRY, check, parse};

/// What patches in words begin with; what follows it is as much text as there is, up to a line of `---`, then another.
const IN_WORDS: &[u8] = b"#patch\n";
const NEXT: &str = "\n---\n";
/// What buffers and processors may take, in bytes.
const MEMORY: usize = 8 << 20;

/// Makes patches from the bytes (chosen by what the node types declare, or as they are, behind the line `#patch`), and
/// plays them: parameters are set, other patches loaded, nodes left out.
///
/// # Panics
/// Where a node panics, the callback allocates, something that is not finite comes out, the lengths of the callbacks can
/// be heard, or more memory is taken than allowed.
pub fn plays(bytes: &[u8]) {
    // Bytes that run out end a choice, never a test.
    let _ = play(bytes);
    folder::clear();
}

fn play(bytes: &[u8]) -> Result<()> {
    let (texts, mut u) = match bytes.strip_prefix(IN_WORDS) {
        Some(text) => (in_words(text), Unstructured::new(text)),
        None => {
            let mut u = Unstructured::new(bytes);
            (chosen(&mut u)?, u)
        }
    };
    let rate = *u.choose(&[48_000, 44_100, 8_000, 192_000, 4_000])?;
    let stream = StreamSpec {
        outputs: None,
        max_memory: MEMORY,
        ..StreamSpec::new(rate, u.int_in_range(1..=256)?, *u.choose(&[2, 1, 3, 2, 1, 2, 2, 0])?, 0)
    };
    let patches: Vec<Option<Checked>> = texts.iter().map(|text| accepted(text, &stream)).collect();
    Course::choose(&mut u, patches.len())?.holds(&patches);
    Ok(())
}

fn in_words(text: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(text).split(NEXT).take(4).map(str::to_owned).collect()
}

/// A patch, the same with other parameters, and another one.
fn chosen(u: &mut Unstructured<'_>) -> Result<Vec<String>> {
    let sketch = Sketch::choose(u, &REGISTRY)?;
    let other = Sketch::choose(u, &REGISTRY)?;
    Ok(vec![sketch.text(u)?, sketch.text(u)?, other.text(u)?])
}

/// What is said of a refusal is the other target's business.
fn accepted(text: &str, stream: &StreamSpec) -> Option<Checked> {
    let patch = parse(text.as_bytes()).ok()?;
    let stream = |settings: &EngineSettings, _: &Graph| StreamSpec {
        rate: settings.rate().unwrap_or(stream.rate),
        ..stream.clone()
    };
    let mut checked = check(&patch, text.as_bytes(), stream)?.ok()?;
    checked.stream.max_memory = checked.stream.max_memory.min(MEMORY);
    Some(checked)
}
