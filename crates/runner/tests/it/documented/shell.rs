//! As much of the shell's language as documents use: where the words of each command stand.

use std::ops::Range;

/// A word, without its quotes, and where it stands in the text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) at: Range<usize>,
}

/// A program with its arguments: what stands between the shell's own signs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Call {
    pub(super) words: Vec<Word>,
}

/// What a text says to the shell.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// The calls, in the order of their first words; those in `$(…)` too.
    pub(super) calls: Vec<Call>,
    /// What is for people, without the `#`.
    pub(super) comments: Vec<String>,
    /// Whether it goes on in the next line: a quote, a bracket, a document of its own, a backslash at the end.
    pub(super) is_open: bool,
}

impl Call {
    /// The name of the program: the first word that neither sets a variable nor belongs to the shell.
    pub(super) fn program(&self) -> Option<&str> {
        self.words.get(self.start()).map(|word| word.text.as_str())
    }

    /// The words behind the program's name.
    pub(super) fn arguments(&self) -> &[Word] {
        self.words.get(self.start() + 1..).unwrap_or_default()
    }

    fn start(&self) -> usize {
        let is_before = |word: &&Word| SHELL_WORDS.contains(&word.text.as_str()) || is_assignment(&word.text);
        self.words.iter().take_while(is_before).count()
    }
}

/// After these a command may begin.
const SHELL_WORDS: [&str; 9] = ["!", "{", "(", "if", "then", "else", "while", "until", "do"];

fn is_assignment(word: &str) -> bool {
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    word.split_once('=').is_some_and(|(name, _)| is_name(name))
}

/// Reads a command, or several in lines of their own.
pub(super) fn read(text: &str) -> Read {
    let mut reader = Reader { text, at: 0, end: text.len(), read: Read::default(), documents: Vec::new() };
    reader.calls();
    reader.read.calls.sort_by_key(|call| call.words[0].at.start);
    reader.read
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    end: usize,
    read: Read,
    /// What ends the documents (`<<END`) that begin in the next line.
    documents: Vec<String>,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..self.end]
    }

    fn calls(&mut self) {
        let mut call = Call::default();
        let mut is_target = false;
        while let Some(sign) = self.rest().chars().next() {
            match sign {
                ' ' | '\t' => self.at += 1,
                '\\' if self.rest().starts_with("\\\n") => self.at += 2,
                '\\' if self.rest().len() == 1 => {
                    self.read.is_open = true;
                    self.at += 1;
                }
                '#' => self.comment(),
                '\n' => {
                    self.finish(&mut call);
                    self.at += 1;
                    self.documents();
                }
                '>' | '<' => is_target = self.redirection(&mut call),
                ';' | '|' | '&' | '(' | ')' => {
                    self.finish(&mut call);
                    self.at += 1;
                }
                _ => {
                    let word = self.word();
                    if !std::mem::take(&mut is_target) {
                        call.words.push(word);
                    }
                }
            }
        }
        self.finish(&mut call);
        self.read.is_open |= !self.documents.is_empty();
    }

    fn finish(&mut self, call: &mut Call) {
        let call = std::mem::take(call);
        if !call.words.is_empty() {
            self.read.calls.push(call);
        }
    }

    fn comment(&mut self) {
        let comment = self.rest().lines().next().unwrap_or_default();
        let words = comment.trim_start_matches('#').trim().to_owned();
        self.at += comment.len();
        self.read.comments.push(words);
    }

    /// `>`, `>>`, `2>&1`, `<<END`: whether a name follows, which is no argument.
    fn redirection(&mut self, call: &mut Call) -> bool {
        let is_number = |word: &Word| word.at.end == self.at && word.text.chars().all(|c| c.is_ascii_digit());
        call.words.pop_if(|word| is_number(word));
        let signs = self.rest().chars().take_while(|sign| ['>', '<', '&'].contains(sign)).count();
        let is_document = self.rest().starts_with("<<");
        self.at += signs;
        if is_document {
            self.at += self.rest().len() - self.rest().trim_start_matches(['-', ' ']).len();
            let end = self.word().text;
            self.documents.push(end);
        }
        !is_document
    }

    /// Passes the documents that begin in this line.
    fn documents(&mut self) {
        while !self.documents.is_empty() && self.at < self.end {
            let line = self.rest().lines().next().unwrap_or_default();
            let (length, is_end) = (line.len(), line.trim() == self.documents[0]);
            self.at = (self.at + length + 1).min(self.end);
            if is_end {
                self.documents.remove(0);
            }
        }
    }

    fn word(&mut self) -> Word {
        let start = self.at;
        let mut text = String::new();
        while let Some(sign) = self.rest().chars().next() {
            match sign {
                '\'' => text += &self.quoted('\''),
                '"' => text += &self.quoted('"'),
                '$' if self.rest().starts_with("$(") => text += &self.substitution(),
                '\\' => {
                    let next = self.rest().chars().nth(1);
                    self.read.is_open |= next.is_none();
                    text.extend(next.filter(|next| *next != '\n'));
                    self.at += 1 + next.map_or(0, char::len_utf8);
                }
                ' ' | '\t' | '\n' | ';' | '|' | '&' | '<' | '>' | '(' | ')' => break,
                sign => {
                    text.push(sign);
                    self.at += sign.len_utf8();
                }
            }
        }
        Word { text, at: start..self.at }
    }

    fn quoted(&mut self, quote: char) -> String {
        let mut text = String::new();
        self.at += 1;
        while let Some(sign) = self.rest().chars().next() {
            if sign == quote {
                self.at += 1;
                return text;
            }
            if quote == '"' && self.rest().starts_with("$(") {
                text += &self.substitution();
                continue;
            }
            if quote == '"' && sign == '\\' {
                self.at += 1;
            }
            if let Some(sign) = self.rest().chars().next() {
                text.push(sign);
                self.at += sign.len_utf8();
            }
        }
        self.read.is_open = true;
        text
    }

    /// `$(…)`: what stands in it is read as well.
    fn substitution(&mut self) -> String {
        let start = self.at;
        let Some(length) = closing(&self.text[start + 2..self.end]) else {
            self.read.is_open = true;
            self.at = self.end;
            return String::new();
        };
        let (end, inner) = (self.end, start + 2 + length);
        (self.at, self.end) = (start + 2, inner);
        self.calls();
        (self.at, self.end) = (inner + 1, end);
        self.text[start..self.at].to_owned()
    }
}

/// Where the bracket that is open already is closed.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1;
    text.char_indices().find_map(|(at, sign)| {
        depth += i32::from(sign == '(') - i32::from(sign == ')');
        (depth == 0).then_some(at)
    })
}

mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Vec<String>> {
        read(text).calls.iter().map(|call| call.words.iter().map(|word| word.text.clone()).collect()).collect()
    }

    #[test]
    fn words_lose_their_quotes_and_comments_are_none() {
        assert_eq!(words("a 'b #c' \"d # e\" f#g # h"), [["a", "b #c", "d # e", "f#g"]]);
        assert_eq!(read("a # h").comments, ["h"]);
        assert_eq!(words("a \"x \\\" y\" \\\"z"), [["a", "x \" y", "\"z"]]);
        assert_eq!(words("# only words"), [[""; 0]; 0]);
    }

    #[test]
    fn lines_that_go_on_are_one_command() {
        assert_eq!(words("a b \\\n  c"), [["a", "b", "c"]]);
        for open in ["a \\", "a 'b", "a \"b", "a $(b", "cat <<END\nx", "cat > x <<'END'"] {
            assert!(read(open).is_open, "{open}");
        }
        for closed in ["a b", "a 'b'", "a $(b)", "cat <<END\nx\nEND", "cat <<END\nit's\nEND\nb"] {
            assert!(!read(closed).is_open, "{closed}");
        }
    }

    #[test]
    fn calls_are_found_wherever_they_stand() {
        assert_eq!(words("a 1 && b 2 | c; d &"), [vec!["a", "1"], vec!["b", "2"], vec!["c"], vec!["d"]]);
        assert_eq!(words("a x > y 2>&1 z"), [["a", "x", "z"]]);
        assert_eq!(words("kill -HUP \"$(pidof x)\""), [vec!["kill", "-HUP", "$(pidof x)"], vec!["pidof", "x"]]);
        assert_eq!(words("cat <<END >z\na b\nEND\nc d"), [vec!["cat"], vec!["c", "d"]]);
        let read = read("if X=1 Y=2 a b; then c; fi");
        let programs: Vec<_> = read.calls.iter().filter_map(Call::program).collect();
        assert_eq!(programs, ["a", "c", "fi"]);
        assert_eq!(read.calls[0].arguments()[0].text, "b");
    }

    #[test]
    fn a_word_is_where_it_stands() {
        let text = "ä 'b c' d=$(e f)";
        let places: Vec<_> = read(text).calls[0].words.iter().map(|word| &text[word.at.clone()]).collect();
        assert_eq!(places, ["ä", "'b c'", "d=$(e f)"]);
    }
}
