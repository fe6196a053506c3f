//! Where mistakes gather while a patch is read, and names that come close to a misspelt one.

use crate::diagnostic::Diagnostic;

/// Suggestions cost time; after this many, further misspellings go without.
const MOST_SUGGESTIONS: usize = 40;
/// The most names that one misspelling is compared with.
const MOST_CANDIDATES: usize = 2000;

/// Mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct Mistakes {
    pub(crate) list: Vec<Diagnostic>,
    suggested: usize,
}

impl Mistakes {
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// The candidate that `name` was probably meant to be.
    pub(crate) fn closest<'a>(&mut self, name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        if self.suggested >= MOST_SUGGESTIONS || name.len() > 80 {
            return None;
        }
        self.suggested += 1;
        closest(name, candidates)
    }
}

/// The candidate that `name` was probably meant to be, as in "did you mean `gain`?": the one with the fewest changed
/// letters, if these are no more than a third. Only the first candidates of very many are looked at.
///
/// ```
/// use patchline_patch::closest;
///
/// assert_eq!(closest("smoth", ["gain", "smooth", "mute"]), Some("smooth"));
/// assert_eq!(closest("time", ["gain", "smooth", "mute"]), None);
/// ```
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let allowed = (name.chars().count() / 3).max(1);
    let distance = |candidate: &str| strsim::damerau_levenshtein(&name, &candidate.to_lowercase());
    let close = candidates.into_iter().take(MOST_CANDIDATES).map(|candidate| (distance(candidate), candidate));
    close.filter(|&(distance, _)| distance <= allowed).min_by_key(|&(distance, _)| distance).map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_names_are_suggested() {
        let closest = |name| Mistakes::default().closest(name, ["gain", "smooth", "threshold", "mode"]);
        assert_eq!(closest("gian"), Some("gain"));
        assert_eq!(closest("Treshhold"), Some("threshold"));
        assert_eq!(closest("time"), None);
        assert_eq!(closest(&"x".repeat(1000)), None);
    }
}
