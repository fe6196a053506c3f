//! What runs for every sample is compiled for the machine's best instructions only where it is inlined.
//!
//! `./x counts` shows the effect; this test names the function.

use std::path::Path;

/// Functions of `text` that work on samples and are compiled for the baseline alone: neither `#[inline(always)]` nor
/// meant to be out of the way (`#[cold]`, `#[inline(never)]`).
fn left_behind(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut attributes: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    let mut lines = code.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("#[") {
            attributes.push(line);
            continue;
        }
        if line.starts_with("///") || line.starts_with("//") {
            continue;
        }
        if let Some(mut head) = function(line) {
            while !head.contains('{') && !head.ends_with(';') {
                head += lines.next().unwrap_or("{");
            }
            let marked = ["#[inline(always)]", "#[inline(never)]", "#[cold]"];
            if works_on_samples(&head) && !attributes.iter().any(|attribute| marked.contains(attribute)) {
                found.push(head.split('(').next().unwrap_or_default().trim().to_owned());
            }
        }
        attributes.clear();
    }
    found
}

fn function(line: &str) -> Option<String> {
    let start = line.trim_start_matches("pub(crate) ").trim_start_matches("pub(super) ").trim_start_matches("pub ");
    start.starts_with("fn ").then(|| start.to_owned())
}

/// By its parameters: slices of samples, a block, or one sample in and one out.
fn works_on_samples(head: &str) -> bool {
    let declared_only = head.ends_with(';');
    let slices = ["&mut [f32]", ": &[f32]", "&[f32; ", " io: &mut Io<"].iter().any(|kind| head.contains(kind));
    let one = head.contains(": f32") && head.contains("-> f32");
    !declared_only && (slices || one)
}

/// Files and functions in them that are right as they are.
const EXCEPTIONS: [(&str, &str); 0] = [];

#[test]
fn kernels_are_inlined() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let nodes =
        ["gain", "delay", "meter", "vad_gate", "matrix", "oscillator", "noise"].map(|name| format!("{name}.rs"));
    let kernels = ["delay", "flush", "gate", "noise", "oscillator"].map(|name| format!("dsp/{name}.rs"));
    let meters = ["level", "level/lanes"].map(|name| format!("../../graph/src/{name}.rs"));
    let mut missing = Vec::new();
    for file in nodes.into_iter().chain(kernels).chain(meters) {
        let text = std::fs::read_to_string(src.join(&file)).unwrap();
        let found = left_behind(&text).into_iter().filter(|name| !EXCEPTIONS.contains(&(&*file, &**name)));
        missing.extend(found.map(|name| format!("{file}: {name}")));
    }
    assert_eq!(missing, [""; 0], "these need #[inline(always)], or #[cold] where they are seldom called");
}

#[test]
fn a_kernel_that_is_left_behind_is_found() {
    let kernel = |attribute: &str| format!("{attribute}\n    pub fn scale(&self,\n        samples: &mut [f32]) {{\n");
    assert_eq!(left_behind(&kernel("")), ["fn scale"]);
    assert_eq!(left_behind(&kernel("#[inline]")), ["fn scale"]);
    assert_eq!(left_behind("fn sine(turn: f32) -> f32 {"), ["fn sine"]);
    assert_eq!(left_behind("fn process(&mut self, io: &mut Io<'_>) {"), ["fn process"]);
    for marked in ["#[inline(always)]", "#[cold]\n#[inline(never)]", "#[cold]"] {
        assert_eq!(left_behind(&kernel(marked)), [""; 0]);
    }
    // An attribute is of the next function alone.
    assert_eq!(left_behind(&format!("#[cold]\nfn other() {{\n}}\n{}", kernel(""))), ["fn scale"]);
}
