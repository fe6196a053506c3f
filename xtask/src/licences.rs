//! The licences of everything that a binary of ours is made of: each has to be one that goes with MIT OR Apache-2.0.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Licences that may be in a binary beside ours.
const ALLOWED: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Prints how often each licence is there.
///
/// # Errors
/// The packages with a licence that is not allowed, or without any.
pub(crate) fn check() -> Result<(), String> {
    // Tools and tests are not handed out.
    let args = "tree --workspace --exclude xtask --edges normal,build --all-features --target all --locked --prefix none --format";
    let asked = Command::new(env!("CARGO")).args(args.split(' ')).arg("{p}|{l}|").output();
    let output = asked.map_err(|error| format!("cannot run cargo: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let packages: BTreeSet<(&str, &str)> = text.lines().filter_map(package).collect();
    let (mut counts, mut wrong) = (BTreeMap::<&str, usize>::new(), Vec::new());
    for (name, licence) in packages {
        *counts.entry(licence).or_default() += 1;
        if !allows(licence) {
            wrong.push(format!("{name}: `{licence}`"));
        }
    }
    if counts.is_empty() {
        return Err("cargo names no packages".to_owned());
    }
    for (licence, count) in &counts {
        println!("{count:>4}  {licence}");
    }
    match &wrong[..] {
        [] => Ok(()),
        wrong => Err(format!("licences that may not be in a binary of ours:\n{}", wrong.join("\n"))),
    }
}

/// A line of `cargo tree`: a package and its licence, which may be empty.
fn package(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.split_once('|')?;
    let (licence, _) = rest.split_once('|')?;
    Some((name, licence))
}

/// Whether an SPDX expression leaves a choice that is allowed. Old ones have `/` for `OR`.
fn allows(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut left = &words[..];
    any(&mut left) == Some(true) && left.is_empty()
}

/// `a OR b`; `None` if it is no expression.
fn any(words: &mut &[&str]) -> Option<bool> {
    let mut found = all(words)?;
    while let Some(("OR", rest)) = words.split_first().map(|(word, rest)| (*word, rest)) {
        *words = rest;
        found |= all(words)?;
    }
    Some(found)
}

/// `a AND b`, which binds more closely.
fn all(words: &mut &[&str]) -> Option<bool> {
    let mut found = one(words)?;
    while let Some(("AND", rest)) = words.split_first().map(|(word, rest)| (*word, rest)) {
        *words = rest;
        found &= one(words)?;
    }
    Some(found)
}

/// `MIT`, `Apache-2.0 WITH LLVM-exception`, or something in brackets.
fn one(words: &mut &[&str]) -> Option<bool> {
    let (&first, rest) = words.split_first()?;
    *words = rest;
    if first == "(" {
        let found = any(words)?;
        let (&close, rest) = words.split_first()?;
        *words = rest;
        return (close == ")").then_some(found);
    }
    let name = match words {
        ["WITH", exception, rest @ ..] => {
            let name = format!("{first} WITH {exception}");
            *words = rest;
            name
        }
        _ => first.to_owned(),
    };
    Some(ALLOWED.contains(&name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::allows;

    #[test]
    fn a_choice_is_enough_and_all_of_several_is_needed() {
        for good in [
            "MIT",
            "MIT OR GPL-3.0",
            "MIT/Apache-2.0",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
            "GPL-3.0 AND MIT OR ISC",
        ] {
            assert!(allows(good), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "(MIT",
            "MIT)",
            "OR",
            "GPL-3.0 OR (ISC AND LGPL-2.1)",
            "Apache-2.0 WITH nothing",
        ] {
            assert!(!allows(bad), "{bad}");
        }
    }
}
