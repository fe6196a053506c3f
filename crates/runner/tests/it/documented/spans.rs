//! What prose says between backticks: commands and options, which have to exist.

use super::cli::Cli;
use super::markdown::Page;
use super::{cargo, script, shell};

/// Options of other programs that pages name without them.
const FOREIGN: [(&str, &str); 9] = [
    ("--address", "examples/batch/ray_render.py"),
    ("--features", "cargo"),
    ("--joblog", "GNU parallel"),
    ("--no-default-features", "cargo"),
    ("--release", "cargo"),
    ("--resume-failed", "GNU parallel"),
    ("--server", "ecasound"),
    ("--sshloginfile", "GNU parallel"),
    ("--test", "cargo"),
];

/// Everything that is wrong with the commands in a page's prose, each with its place.
pub(super) fn faults(page: &Page) -> Vec<String> {
    let fault = |(line, span): &(usize, String)| {
        let words = fault(span)?;
        Some(format!("{}:{line}: `{span}`: {words}", page.name))
    };
    page.spans.iter().filter_map(fault).collect()
}

/// The options of others that no page names.
pub(super) fn needless(pages: &[Page]) -> Vec<&'static str> {
    let named = |option: &str| {
        let mut spans = pages.iter().flat_map(|page| &page.spans);
        spans.any(|(_, span)| span.split([' ', '=']).next() == Some(option))
    };
    FOREIGN.iter().map(|(option, _)| *option).filter(|option| !named(option)).collect()
}

fn fault(span: &str) -> Option<String> {
    if span.starts_with("--") && span.len() > 2 {
        return unknown(span.split([' ', '=', '[']).next().unwrap_or(span));
    }
    // A drawing of crates.
    let span = span.split('→').next().unwrap_or(span);
    shell::read(span).calls.iter().find_map(|call| {
        let words: Vec<&str> = call.arguments().iter().map(|word| word.text.as_str()).collect();
        match call.program()? {
            _ if words.is_empty() => None,
            "runner" => Cli::get().fault(&Cli::get().call(call.arguments())),
            "cargo" => cargo::fault(&words),
            "./x" => script::fault(&words),
            _ => None,
        }
    })
}

fn unknown(option: &str) -> Option<String> {
    let known = Cli::get().has(option)
        || script::help().contains(option)
        || FOREIGN.iter().any(|(foreign, _)| *foreign == option)
        || option.chars().all(|c| c == '-');
    (!known).then(|| format!("no command has an option `{option}`"))
}

mod tests {
    use super::*;

    #[test]
    fn only_what_does_not_exist_is_wrong() {
        let faults = |span: &str| faults(&Page::read("p.md", &format!("A\n\nB `{span}`.\n")));
        for good in ["runner", "runner echo.toml --watch", "--json", "--asan", "--flight-on-xrun=3", "gain", "./x test"]
        {
            assert_eq!(faults(good), [""; 0]);
        }
        assert_eq!(faults("--levle"), ["p.md:3: `--levle`: no command has an option `--levle`"]);
        for bad in ["runner paly x.wav", "runner check --cpus", "./x tset", "cargo test -p patchline-grahp"] {
            assert_eq!(faults(bad).len(), 1, "{bad}");
        }
    }
}
