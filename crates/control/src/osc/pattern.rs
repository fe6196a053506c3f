//! Address patterns of OSC: which addresses they match.
//!
//! rosc says whether a pattern is one. Its own matching takes as many characters as it can for `[a-z]`, which stands for
//! exactly one, so that `/lane[12]/gain` would set `/lane12/gain`, too.

use rosc::address::Matcher;

/// A pattern, and what it consists of.
#[derive(Clone, Debug)]
pub(crate) struct Glob {
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    /// This byte.
    Byte(u8),
    /// `?`: any one.
    One,
    /// `*`: any number of them, none too.
    Many,
    /// `[a-z]` or `[!a-z]`: one that lies in these ranges, or in none.
    Class { negated: bool, ranges: Vec<(u8, u8)> },
    /// `{one,other}`: one of these.
    Choice(Vec<Vec<u8>>),
}

impl Glob {
    /// Reads a pattern; none, if it is malformed.
    pub(crate) fn new(text: &str) -> Option<Self> {
        Matcher::new(text).ok()?;
        let (mut parts, mut rest) = (Vec::new(), text.as_bytes());
        while let Some((&first, after)) = rest.split_first() {
            let (part, next) = match first {
                b'?' => (Part::One, after),
                b'*' => (Part::Many, after),
                b'[' => inside(after, b']').map(|(inner, next)| (class(inner), next))?,
                b'{' => inside(after, b'}').map(|(inner, next)| (choice(inner), next))?,
                byte => (Part::Byte(byte), after),
            };
            parts.push(part);
            rest = next;
        }
        Some(Self { parts })
    }

    /// Whether it matches the whole of an address. Takes no longer than both lengths multiplied.
    pub(crate) fn matches(&self, address: &str) -> bool {
        let address = address.as_bytes();
        // Where in the address one may be after the parts so far.
        let mut there = vec![false; address.len() + 1];
        there[0] = true;
        for part in &self.parts {
            there = part.step(&there, address);
        }
        there[address.len()]
    }
}

impl Part {
    /// Where one may be after this part.
    fn step(&self, before: &[bool], address: &[u8]) -> Vec<bool> {
        let mut after = vec![false; before.len()];
        let mut many = false;
        for (at, _) in before.iter().enumerate().filter(|(_, there)| **there || matches!(self, Self::Many)) {
            let rest = &address[at..];
            match self {
                Self::Many => {
                    many |= before[at];
                    after[at] = many;
                    many &= rest.first().is_some_and(|&byte| byte != b'/');
                }
                Self::Choice(words) => {
                    words.iter().filter(|word| rest.starts_with(word)).for_each(|word| after[at + word.len()] = true);
                }
                one if rest.first().is_some_and(|&byte| one.is(byte)) => after[at + 1] = true,
                _ => {}
            }
        }
        after
    }

    /// Whether it stands for this byte.
    fn is(&self, byte: u8) -> bool {
        match self {
            Self::Byte(this) => *this == byte,
            Self::One => byte != b'/',
            Self::Class { negated, ranges } => {
                byte != b'/' && *negated != ranges.iter().any(|(first, last)| (*first..=*last).contains(&byte))
            }
            Self::Many | Self::Choice(_) => false,
        }
    }
}

/// What stands before a closing bracket, and what after it.
fn inside(rest: &[u8], close: u8) -> Option<(&[u8], &[u8])> {
    let end = rest.iter().position(|&byte| byte == close)?;
    Some((&rest[..end], &rest[end + 1..]))
}

fn class(inner: &[u8]) -> Part {
    let (negated, mut rest) = match inner {
        [b'!', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let mut ranges = Vec::new();
    while let [first, more @ ..] = rest {
        let (last, more) = match more {
            [b'-', last, more @ ..] => (last, more),
            more => (first, more),
        };
        ranges.push((*first, *last));
        rest = more;
    }
    Part::Class { negated, ranges }
}

fn choice(inner: &[u8]) -> Part {
    Part::Choice(inner.split(|&byte| byte == b',').map(<[u8]>::to_vec).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_what_osc_says() {
        for (pattern, matching, others) in [
            ("/trim/gain", &["/trim/gain"][..], &["/trim/gai", "/trim/gain/x"][..]),
            ("/lane[12]/gain", &["/lane1/gain", "/lane2/gain"], &["/lane12/gain", "/lane3/gain", "/lane/gain"]),
            ("/[a-z]*/gain", &["/trim/gain", "/t/gain"], &["/1/gain", "/a/b/gain"]),
            ("/[!a-c]x/gain", &["/dx/gain", "/-x/gain"], &["/ax/gain", "/x/gain"]),
            ("/trim*/gain", &["/trim/gain", "/trim2/gain"], &["/tri/gain", "/trim/2/gain"]),
            ("/*a*a/b", &["/aa/b", "/banana/b"], &["/banan/b", "/a/b"]),
            ("/tr?m/*", &["/trim/gain", "/tram/x"], &["/trm/gain", "/trim/a/b"]),
            ("/{a,ab}c/x", &["/ac/x", "/abc/x"], &["/c/x", "/abbc/x"]),
            ("/{trim,echo}*/x", &["/trim/x", "/echo2/x"], &["/tri/x"]),
        ] {
            let glob = Glob::new(pattern).unwrap();
            matching.iter().for_each(|address| assert!(glob.matches(address), "{pattern} is {address}"));
            others.iter().for_each(|address| assert!(!glob.matches(address), "{pattern} is not {address}"));
        }
        for wrong in ["", "trim", "/a[", "/a{b", "/a]", "/a b"] {
            assert!(Glob::new(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn many_wildcards_take_no_time() {
        let glob = Glob::new(&format!("/{}b", "*a".repeat(120))).unwrap();
        assert!(!glob.matches(&format!("/{}", "a".repeat(5_000))));
    }
}
