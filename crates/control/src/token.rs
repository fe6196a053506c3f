//! The word without which nobody is let in.

use std::fmt;
use std::hint::black_box;
use std::io;

/// How long a token must be at least, in characters.
const LEAST: usize = 16;
/// How long it may be.
const MOST: usize = 256;

/// A secret that a client has to know. It is never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A new one: 128 random bits of the operating system, as hexadecimal digits.
    ///
    /// # Errors
    /// Where the system has none.
    pub fn random() -> io::Result<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// A given one: 16 to 256 ASCII characters without spaces.
    ///
    /// # Errors
    /// What is wrong with it, without the token.
    pub fn new(text: &str) -> Result<Self, String> {
        if !(LEAST..=MOST).contains(&text.len()) {
            return Err(format!("a token has {LEAST} to {MOST} characters; this one has {}", text.len()));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("a token has ASCII characters, and no spaces among them".to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    /// The token itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The token as it stands in a URL: what means something there as `%` and its number.
    #[must_use]
    pub fn in_url(&self) -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let byte = |byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        self.0.bytes().map(byte).collect()
    }

    /// Whether it is the one that stands in a URL.
    pub(crate) fn is_in_url(&self, given: &str) -> bool {
        let mut bytes = Vec::new();
        let mut rest = given.as_bytes();
        while let Some((&first, others)) = rest.split_first() {
            let digits = others.get(..2).filter(|_| first == b'%');
            let number = digits.and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
            bytes.push(number.unwrap_or(first));
            rest = if number.is_some() { &others[2..] } else { others };
        }
        String::from_utf8(bytes).is_ok_and(|text| self.is(&text))
    }

    /// Whether it is the one given. How long that takes tells nothing but the lengths.
    #[must_use]
    pub fn is(&self, given: &str) -> bool {
        let (ours, given) = (self.0.as_bytes(), given.as_bytes());
        let differing = ours.iter().zip(given).fold(0, |all, (a, b)| black_box(all | (a ^ b)));
        ours.len() == given.len() && differing == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_token_is_it() {
        let token = Token::new("0123456789abcdef").unwrap();
        assert!(token.is("0123456789abcdef"));
        for other in ["", "0123456789abcde", "0123456789abcdef0", "0123456789abcdeF", "1123456789abcdef"] {
            assert!(!token.is(other), "{other}");
        }
    }

    #[test]
    fn a_token_is_random_long_enough_and_never_shown() {
        let (one, other) = (Token::random().unwrap(), Token::random().unwrap());
        assert_ne!(one, other);
        assert!(Token::new(one.reveal()).is_ok());
        assert!(Token::new("short").unwrap_err().contains("16 to 256"));
        let odd = "0123456789abcde f";
        assert!(!Token::new(odd).unwrap_err().contains(odd));
        assert!(!format!("{one:?}").contains(one.reveal()));
    }

    #[test]
    fn a_token_survives_a_url() {
        let token = Token::new("a&b=c%20#d/e?f+gh").unwrap();
        assert_eq!(token.in_url(), "a%26b%3Dc%2520%23d%2Fe%3Ff%2Bgh");
        assert!(token.is_in_url(&token.in_url()));
        for other in ["", "%", "%4", "%zz%zz%zz%zz%zz%zz", "a&b=c #d/e?f+gh", "%ff%ff"] {
            assert!(!token.is_in_url(other), "{other}");
        }
    }
}
