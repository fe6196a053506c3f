//! `runner explain`: what a code of an error means, and what would be right.

use std::fmt::Write;

use crate::cli::ExplainArgs;
use crate::exit::{Exit, Failure, Outcome};
use crate::{near, output, style};

/// What there is to say, in Markdown: a heading for each code.
const ERRORS: &str = include_str!("explain/errors.md");
/// The mark of a code's heading.
const HEADING: &str = "### ";

/// What is said of one code.
#[derive(Clone, Copy, Debug)]
struct Explanation {
    code: &'static str,
    text: &'static str,
}

pub(crate) fn run(args: &ExplainArgs) -> Outcome {
    let text = match &args.code {
        None => list(),
        Some(code) => {
            // As it stands in a message: `error[value]`.
            let code = code.trim_start_matches("error[").trim_start_matches("warning[").trim_end_matches(']');
            let found = explanations().find(|explanation| explanation.code == code);
            explained(found.ok_or_else(|| unknown(code))?)
        }
    };
    output::print(&text)?;
    Ok(Exit::Ok)
}

fn explanations() -> impl Iterator<Item = Explanation> {
    let sections = ERRORS.split(HEADING).skip(1);
    sections.filter_map(|section| {
        let (code, text) = section.split_once('\n')?;
        // A heading of a higher level begins another part.
        Some(Explanation { code, text: text.split("\n## ").next()?.trim() })
    })
}

fn unknown(code: &str) -> Failure {
    let all: Vec<&str> = explanations().map(|explanation| explanation.code).collect();
    let code = style::safe(code, 40);
    Failure::new(Exit::Usage, format!("there is no code `{code}`; {}", near::or_one_of(&code, &all)))
}

fn list() -> String {
    let widest = explanations().map(|explanation| explanation.code.len()).max().unwrap_or(0);
    let mut out = String::new();
    for Explanation { code, text } in explanations() {
        let first = text.split_once(['.', ':']).map_or(text, |(first, _)| first).replace('\n', " ");
        let gap = " ".repeat(widest - code.len());
        writeln!(out, "{}{gap}  {first}", style::strong(code)).expect("a string takes every text");
    }
    out + "\n`runner explain CODE` says more of one.\n"
}

/// The text, with patches set in.
fn explained(Explanation { code, text }: Explanation) -> String {
    let mut out = format!("{}\n\n", style::strong(code));
    let (mut patches, mut in_patch) = (0, false);
    for line in text.lines() {
        match line {
            "```toml" => {
                in_patch = true;
                patches += 1;
                let title = if patches == 1 { style::error("wrong") } else { style::good("right") };
                writeln!(out, "{title}").expect("a string takes every text");
            }
            "```" => in_patch = false,
            line if in_patch => writeln!(out, "  {line}").expect("a string takes every text"),
            line => writeln!(out, "{line}").expect("a string takes every text"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use patchline_graph::{Graph, StreamSpec};
    use patchline_io::IoError;
    use patchline_patch::{Code, EngineSettings, Options, Registry, read};

    use super::*;

    #[test]
    fn every_code_is_explained_once() {
        let codes: Vec<&str> = explanations().map(|explanation| explanation.code).collect();
        let there: BTreeSet<&str> = codes.iter().copied().collect();
        let wanted: BTreeSet<&str> =
            Code::ALL.iter().map(|code| code.as_str()).chain(IoError::CODES.iter().copied()).collect();
        assert_eq!(there, wanted);
        assert_eq!(codes.len(), there.len());
        assert!(explanations().all(|explanation| !explanation.text.is_empty()));
        assert!(list().lines().all(|line| line.chars().count() < 130), "{}", list());
    }

    /// The patches of an explanation.
    fn patches(text: &str) -> Vec<&str> {
        text.split("```toml\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0)).collect()
    }

    #[test]
    fn what_is_called_wrong_is_and_what_is_called_right_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let stream = |_: &EngineSettings, _: &Graph| StreamSpec::new(48_000, 512, 2, 2);
        let mut tried = 0;
        for Explanation { code, text } in explanations() {
            let patches = patches(text);
            assert!(patches.len() == 2 || patches.is_empty(), "{code}");
            for (index, patch) in patches.iter().enumerate() {
                let checked = read(patch.as_bytes(), folder.path().join("p.toml"))
                    .and_then(|patch| patch.check(&Registry::standard(), &Options::default(), stream));
                match (index, checked) {
                    (0, Err(mistakes)) => {
                        let found: Vec<&str> = mistakes.into_iter().map(|mistake| mistake.code.as_str()).collect();
                        assert!(found.contains(&code), "{code}: {found:?}");
                    }
                    (1, Ok(_)) => tried += 1,
                    (_, checked) => {
                        panic!("{code}, patch {index}: {:?}", checked.map(|_| ()).map_err(|m| m.to_string()))
                    }
                }
            }
        }
        assert!(tried >= 10, "{tried}");
    }
}
