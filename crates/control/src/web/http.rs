//! The request that a connection begins with: bounded in size and in time.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

/// The longest request, and the most headers in it.
const LONGEST: usize = 8 * 1024;
const MOST_HEADERS: usize = 64;

/// A request without its body.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// What follows the `?`.
    pub(crate) query: String,
    headers: Vec<(String, String)>,
    /// What came after it already.
    pub(crate) rest: Vec<u8>,
}

/// What is answered instead of a WebSocket: a status, and words for people.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Response {
    pub(crate) status: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) body: String,
}

impl Request {
    /// All values of a header; names are compared without their case.
    pub(crate) fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The value of a header that is there once.
    pub(crate) fn header<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        let mut all = self.headers(name);
        all.next().filter(|_| all.next().is_none())
    }

    /// Whether a header's list has a word.
    pub(crate) fn lists(&self, header: &str, word: &str) -> bool {
        self.headers(header).flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(word))
    }

    /// A parameter of the query, as it stands there.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// Reads a request, until `deadline`.
    pub(crate) fn read(stream: &mut TcpStream, deadline: Instant) -> io::Result<Result<Self, Response>> {
        let mut bytes = Vec::with_capacity(1024);
        let mut piece = [0; 1024];
        loop {
            match parse(&bytes) {
                Ok(Some(request)) => return Ok(Ok(request)),
                Ok(None) if bytes.len() > LONGEST => {
                    return Ok(Err(Response::text(
                        "431 Request Header Fields Too Large",
                        "This request is too long.\n",
                    )));
                }
                Ok(None) => {}
                Err(words) => return Ok(Err(Response::text("400 Bad Request", words))),
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            stream.set_read_timeout(Some(left))?;
            let count = stream.read(&mut piece)?;
            if count == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            bytes.extend(&piece[..count]);
        }
    }
}

/// A whole request, or none as long as its end is missing.
fn parse(bytes: &[u8]) -> Result<Option<Request>, &'static str> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let end = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(end)) => end,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err("This request has too many headers.\n"),
        Err(_) => return Err("This is no HTTP request.\n"),
    };
    let target = parsed.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let text = |value: &[u8]| String::from_utf8(value.to_vec()).map_err(|_| "A header of this request is no text.\n");
    let headers = parsed.headers.iter().map(|header| Ok((header.name.to_owned(), text(header.value)?)));
    Ok(Some(Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: headers.collect::<Result<_, &'static str>>()?,
        rest: bytes[end..].to_vec(),
    }))
}

impl Response {
    pub(crate) fn text(status: &'static str, body: impl Into<String>) -> Self {
        Self { status, kind: "text/plain; charset=utf-8", body: body.into() }
    }

    /// Writes it, and that nothing follows.
    pub(crate) fn write(&self, stream: &mut impl Write) -> io::Result<()> {
        let Self { status, kind, body } = self;
        let length = body.len();
        // A token may stand in the address of what is answered: it is not to be kept or passed on.
        write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\
             Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
             X-Frame-Options: DENY\r\n\r\n{body}"
        )?;
        stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_when_they_are_whole() {
        let text = b"GET /a?token=x&b=1 HTTP/1.1\r\nHost: localhost\r\nconnection: keep-alive, Upgrade\r\n\r\nrest";
        for end in 0..text.len() - 4 {
            assert_eq!(parse(&text[..end]).unwrap(), None, "{end}");
        }
        let request = parse(text).unwrap().unwrap();
        assert_eq!(
            (request.path.as_str(), request.parameter("token"), &request.rest[..]),
            ("/a", Some("x"), &b"rest"[..])
        );
        assert!(request.lists("Connection", "upgrade") && request.header("host") == Some("localhost"));
        assert_eq!(request.parameter("oken"), None);
    }

    #[test]
    fn what_is_no_request_is_said_in_words() {
        for wrong in
            [&b"\x16\x03\x01\x02\0\x01\0\x01\xfc"[..], b"GET / HTTP/1.1\r\n\0: b\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"]
        {
            assert!(parse(wrong).unwrap_err().contains("no HTTP"));
        }
        assert!(parse(b"GET / HTTP/1.1\r\nA: \xff\xfe\r\n\r\n").unwrap_err().contains("no text"));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(MOST_HEADERS + 1));
        assert!(parse(many.as_bytes()).unwrap_err().contains("too many"));
        let twice = parse(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").unwrap().unwrap();
        assert_eq!(twice.header("Host"), None);
    }
}
