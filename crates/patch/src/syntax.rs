//! What would be right where a text is not TOML: the parser says what it met, this what was probably meant.

/// What the parser says of a text without quotes, by the letter that it begins with.
const NOT_QUOTED: [&str; 4] = [
    "string values must be quoted",
    "invalid float, expected `inf`",
    "invalid float, expected `nan`",
    "invalid boolean",
];

/// What would be right, by the beginning of what the parser says.
const RIGHT: [(&str, &str); 12] = [
    (
        "invalid basic string, expected `\"`",
        "a text ends in the line that it begins in, with the quote that it begins with",
    ),
    (
        "invalid literal string, expected `'`",
        "a text ends in the line that it begins in, with the quote that it begins with",
    ),
    ("missing comma", "a list's entries have a comma between them, and a `]` stands behind the last one"),
    ("duplicate key", "a name stands once: rename one of the two, or put them together"),
    ("cannot extend", "a name stands once: rename one of the two, or put them together"),
    ("missing assignment", "values are given by `=`, as in `gain = 0.5`"),
    ("key with no value", "values are given by `=`, as in `gain = 0.5`"),
    (
        "missing escaped value",
        r"a backslash means something in double quotes: a path of Windows needs single ones, as in 'C:\takes\a.wav'",
    ),
    ("unexpected key or value", "each key with its value stands in a line of its own"),
    ("invalid mantissa", "a digit stands before the point: `0.5`"),
    ("invalid fraction", "a digit stands behind the point, too: `1.0`"),
    ("invalid key-value pair", "a patch is written in TOML: `KEY = VALUE`, below a `[table]`"),
];

/// Words for a mistake of syntax, and what would be right. `line` is the line that it stands in, `at` how many bytes are before it
/// there, `found` the text at fault.
pub(crate) fn explained(message: &str, line: &str, at: usize, found: &str) -> (String, Option<String>) {
    let begins = |begin: &&str| message.starts_with(begin);
    let (bare, is_not_quoted) = (found.trim(), NOT_QUOTED.iter().any(begins));
    if is_not_quoted && bare.is_empty() {
        return ("a value is missing here".to_owned(), None);
    }
    if is_not_quoted && is_word(bare) {
        return quoted(bare);
    }
    if is_not_quoted && let Some((message, right)) = with_spaces(bare, line.get(..at).is_some_and(is_in_list)) {
        return (message.to_owned(), Some(format!("write {right}")));
    }
    if has_comma_in_number(line, at) {
        let help = "decimals follow a point, as in 0.5, and thousands are not divided";
        return ("a number has a comma".to_owned(), Some(help.to_owned()));
    }
    let close = begins(&"unclosed table").then(|| format!("close it: {}]", shortened(line.trim())));
    let right = RIGHT.iter().find(|(begin, _)| begins(begin)).map(|(_, right)| (*right).to_owned());
    (message.to_owned(), close.or(right))
}

/// Whether it is a text without its quotes, and not numbers that went wrong.
fn is_word(found: &str) -> bool {
    let is_number = |c: char| c.is_ascii_digit() || c.is_whitespace() || matches!(c, '+' | '-' | '.' | '_');
    found.chars().any(|c| !is_number(c))
}

/// Whether a list is open at the end of what stands before in a line.
fn is_in_list(before: &str) -> bool {
    before.matches('[').count() > before.matches(']').count()
}

/// Numbers without commas between them, or one with spaces inside, and what would be right.
fn with_spaces(found: &str, in_list: bool) -> Option<(&'static str, String)> {
    let parts: Vec<&str> = found.split_whitespace().collect();
    let is_number = |text: &str| text.parse::<f64>().is_ok();
    match parts.len() {
        0 | 1 => None,
        _ if in_list && parts.iter().all(|part| is_number(part)) => {
            Some(("numbers have a comma between them", parts.join(", ")))
        }
        _ => Some(("a number has no spaces inside", parts.concat())).filter(|(_, joined)| is_number(joined)),
    }
}

/// Whether the value that ends at `at` is a number with a comma and digits behind: `mix = 0,4`.
fn has_comma_in_number(line: &str, at: usize) -> bool {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let Some(equals) = line.get(..at).and_then(|before| before.rfind('=')) else { return false };
    let number = line[equals + 1..].trim_start().trim_start_matches(['+', '-']);
    let (whole, rest) = number.split_at(digits(number));
    let Some(decimals) = rest.strip_prefix(',').filter(|_| !whole.is_empty()) else { return false };
    let (decimals, behind) = decimals.split_at(digits(decimals));
    !decimals.is_empty() && !behind.starts_with(['"', '\''])
}

/// A share, as in `50%`, of 1.
fn share(found: &str) -> Option<String> {
    let number = found.strip_suffix('%')?.trim_end().parse().ok().filter(|number: &f64| number.is_finite())?;
    Some(format!("{}", number / 100.0))
}

fn quoted(found: &str) -> (String, Option<String>) {
    let is_curly = |c: char| matches!(c, '“' | '”' | '„' | '‘' | '’' | '«' | '»');
    let whole = found.trim_matches(is_curly);
    let text = shortened(whole);
    let quote = if whole.contains('\\') && !whole.contains('\'') { '\'' } else { '"' };
    if text != whole {
        return ("a text needs quotes".to_owned(), Some(format!("put it between two {quote}")));
    }
    let (message, right) = match text.to_lowercase().as_str() {
        text if let Some(share) = share(text) => ("there is no `%`", share),
        known @ ("true" | "false") => ("true and false are written small", known.to_owned()),
        _ if quote == '\'' => ("a text needs quotes, and one with a backslash single ones", format!("'{text}'")),
        _ if found.starts_with(is_curly) => ("these quotes are not those of TOML", format!("\"{text}\"")),
        _ => ("a text needs quotes", format!("\"{text}\"")),
    };
    (message.to_owned(), Some(format!("write {right}")))
}

/// What fits into a line.
fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && *c != '"').take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_said() {
        let bare = "string values must be quoted, expected literal string";
        for (message, found, expected) in [
            (bare, "-6 dB ", "write \"-6 dB\""),
            (bare, "“-6 dB”", "write \"-6 dB\""),
            (bare, "True", "write true"),
            ("invalid float, expected `inf`", "input", "write \"input\""),
            ("invalid boolean, expected `true`", "True", "write true"),
            ("invalid boolean, expected `true`", "trim", "write \"trim\""),
            ("unclosed table, expected `]`", "", "close it: [nodes.a]"),
            (bare, "50 %", "write 0.5"),
            (bare, "nan%", "write \"nan%\""),
            (bare, "- 6", "write -6"),
            (bare, "1 000", "write 1000"),
            (bare, r"C:\takes\new.wav", r"write 'C:\takes\new.wav'"),
            ("invalid mantissa, expected digits", ".5", "a digit stands before the point: `0.5`"),
        ] {
            assert_eq!(explained(message, "[nodes.a\n", 0, found).1.as_deref(), Some(expected), "{found}");
        }
        let long = "x".repeat(100);
        assert_eq!(explained(bare, "", 0, &long).1.as_deref(), Some("put it between two \""));
        let long = r"C:\takes".to_owned() + &long;
        assert_eq!(explained(bare, "", 0, &long).1.as_deref(), Some("put it between two '"));
        assert_eq!(explained(bare, "to = [0 1]", 6, "0 1").1.as_deref(), Some("write 0, 1"));
        assert_eq!(explained(bare, "a = 1.2.3 4", 4, "1.2.3 4"), (bare.to_owned(), None));
        assert_eq!(explained(bare, "a =", 3, "").0, "a value is missing here");
        for line in ["a = 0,4", "a = 0,4 # b = 1", "a = { b = 1, c = -0,25 }"] {
            let at = line.find('}').or(line.find(',')).unwrap();
            assert_eq!(explained("unexpected key or value", line, at, ",").0, "a number has a comma", "{line}");
        }
        for line in ["a = [1,2]", "a = { b = 1, c = 2 }", "a = \"0,4\" b", "a = 1 , 2", "a = \"a\"b # x=1,5", "0,4"] {
            let at = line.find(['b', '2', '4']).unwrap();
            assert_eq!(explained("unexpected key or value", line, at, "").0, "unexpected key or value", "{line}");
        }
        assert_eq!(explained("invalid float", "a = 1.2.3", 4, "1.2.3"), ("invalid float".to_owned(), None));
    }
}
