//! Who may come in: from where, under which name, and with which token.

use std::net::IpAddr;

use super::http::{Request, Response};
use crate::config::WebConfig;

/// What a request comes to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Admission {
    /// A WebSocket, with the answer to its key.
    Open { accept: String, protocol: bool, token_shown: bool },
    /// Something else is answered.
    Answer(Response),
}

/// The WebSocket protocol that a client may ask for, beside one that carries the token.
const PROTOCOL: &str = "patchline";
const TOKEN_PROTOCOL: &str = "patchline.token.";

const HELP: &str = "This is the port through which a running Patchline patch is controlled: JSON over WebSocket.\n\
    A client connects to ws://HOST:PORT/?token=TOKEN; the token is printed when the patch starts.\n";
const WRONG_TOKEN: &str = "This token is not the one that was printed when the patch started.\n";

/// Decides about a request.
pub(crate) fn admit(request: &Request, config: &WebConfig) -> Admission {
    match check(request, config) {
        Ok(admission) => admission,
        Err((status, words)) => Admission::Answer(Response::text(status, words)),
    }
}

fn check(request: &Request, config: &WebConfig) -> Result<Admission, (&'static str, String)> {
    if request.method != "GET" {
        return Err(("405 Method Not Allowed", "Only GET is answered here.\n".to_owned()));
    }
    let host = request.header("Host").ok_or(("400 Bad Request", "A request names one host.\n".to_owned()))?;
    check_host(host, config)?;
    check_origin(request, host, config)?;
    let token_shown = check_token(request, config)?;
    if request.path != "/" {
        return Err(("404 Not Found", HELP.to_owned()));
    }
    if !request.lists("Connection", "upgrade") || !request.lists("Upgrade", "websocket") {
        return Ok(Admission::Answer(page(token_shown, config)));
    }
    if request.header("Sec-WebSocket-Version") != Some("13") {
        return Err(("426 Upgrade Required", "Version 13 of the WebSocket protocol is spoken here.\n".to_owned()));
    }
    // 16 bytes in base64.
    let key = request.header("Sec-WebSocket-Key").filter(|key| key.len() == 24);
    let key = key.ok_or(("400 Bad Request", "A WebSocket's key is missing.\n".to_owned()))?;
    let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
    Ok(Admission::Open { accept, protocol: request.lists("Sec-WebSocket-Protocol", PROTOCOL), token_shown })
}

/// Against pages that let a name of theirs lead to this machine: a name has to be known, a number is no name.
fn check_host(host: &str, config: &WebConfig) -> Result<(), (&'static str, String)> {
    let name = name_of(host);
    let numeric = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
    let known = ["localhost"].into_iter().chain(config.hosts.iter().map(String::as_str));
    if numeric || known.into_iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return Ok(());
    }
    Err((
        "421 Misdirected Request",
        "This machine is not known under that name: use its number, or allow the name.\n".to_owned(),
    ))
}

/// A host without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

/// Against foreign pages: a browser says where a page is from. Other programs need not; they need the token.
fn check_origin(request: &Request, host: &str, config: &WebConfig) -> Result<(), (&'static str, String)> {
    if request.headers("Origin").next().is_none() {
        return Ok(());
    }
    let origin = request.header("Origin").unwrap_or_default();
    let own = origin.strip_prefix("http://").is_some_and(|from| from.eq_ignore_ascii_case(host));
    if own || config.origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin)) {
        return Ok(());
    }
    Err((
        "403 Forbidden",
        "Pages of this origin may not control the patch: allow it, or use the page of this port.\n".to_owned(),
    ))
}

/// Whether the right token is shown; a wrong one ends it.
fn check_token(request: &Request, config: &WebConfig) -> Result<bool, (&'static str, String)> {
    let bearer = request.header("Authorization").and_then(|value| value.strip_prefix("Bearer "));
    let protocols = request.headers("Sec-WebSocket-Protocol").flat_map(|value| value.split(','));
    let by_protocol = protocols.filter_map(|one| one.trim().strip_prefix(TOKEN_PROTOCOL)).next();
    let in_url = request.parameter("token").map(|given| config.token.is_in_url(given));
    match in_url.or_else(|| bearer.or(by_protocol).map(|given| config.token.is(given))) {
        None => Ok(false),
        Some(true) => Ok(true),
        Some(false) => Err(("401 Unauthorized", WRONG_TOKEN.to_owned())),
    }
}

/// What a browser gets.
fn page(token_shown: bool, config: &WebConfig) -> Response {
    match &config.page {
        Some(page) if token_shown => {
            Response { status: "200 OK", kind: "text/html; charset=utf-8", body: page.to_string() }
        }
        _ => Response::text("426 Upgrade Required", HELP),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::time::{Duration, Instant};

    use super::*;
    use crate::token::Token;

    const TOKEN: &str = "0123456789abcdef";

    fn config() -> WebConfig {
        let token = Token::new(TOKEN).unwrap();
        WebConfig {
            origins: vec!["https://desk.example".to_owned()],
            hosts: vec!["studio.local".to_owned()],
            page: Some("<p>page".into()),
            ..WebConfig::new("127.0.0.1:0".parse().unwrap(), token)
        }
    }

    /// What is answered to these lines after the first, which asks for `target`.
    fn status(target: &str, lines: &[&str]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        write!(client, "GET {target} HTTP/1.1\r\n{}\r\n\r\n", lines.join("\r\n")).unwrap();
        let mut stream = listener.accept().unwrap().0;
        let request = Request::read(&mut stream, Instant::now() + Duration::from_secs(10)).unwrap().unwrap();
        match admit(&request, &config()) {
            Admission::Open { token_shown, .. } => format!("open {token_shown}"),
            Admission::Answer(response) => {
                response.write(&mut stream).unwrap();
                drop(stream);
                let mut text = String::new();
                client.read_to_string(&mut text).unwrap();
                assert!(text.ends_with(&response.body) && !text.contains(TOKEN), "{text}");
                response.status[..3].to_owned()
            }
        }
    }

    const SOCKET: [&str; 4] = [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];

    fn socket(target: &str, lines: &[&str]) -> String {
        status(target, &[lines, &SOCKET].concat())
    }

    #[test]
    fn hosts_are_numbers_or_known_names() {
        let shown = format!("/?token={TOKEN}");
        for known in ["localhost", "LOCALHOST:80", "127.0.0.1:9", "[::1]:9", "192.168.1.4", "studio.local:9124"] {
            assert_eq!(socket(&shown, &[&format!("Host: {known}")]), "open true", "{known}");
        }
        for foreign in
            ["evil.example", "localhost.evil.example:9124", "127.0.0.1.evil.example", "", "evil.example:80:80"]
        {
            assert_eq!(socket(&shown, &[&format!("Host: {foreign}")]), "421", "{foreign}");
        }
        assert_eq!(socket(&shown, &[]), "400");
        assert_eq!(socket(&shown, &["Host: localhost", "Host: localhost"]), "400");
    }

    #[test]
    fn browsers_come_from_this_port_or_an_allowed_origin() {
        let shown = format!("/?token={TOKEN}");
        let from = |origin: &str| socket(&shown, &["Host: 127.0.0.1:9124", &format!("Origin: {origin}")]);
        assert_eq!(from("http://127.0.0.1:9124"), "open true");
        assert_eq!(from("https://desk.example"), "open true");
        for foreign in [
            "http://127.0.0.1:8000",
            "http://localhost:9124",
            "https://127.0.0.1:9124",
            "null",
            "http://evil.example",
            "",
        ] {
            assert_eq!(from(foreign), "403", "{foreign}");
        }
    }

    #[test]
    fn a_wrong_token_is_refused_wherever_it_stands_and_none_is_for_the_first_message() {
        let host = "Host: localhost";
        assert_eq!(socket("/?token=wrong", &[host]), "401");
        assert_eq!(socket("/", &[host, "Authorization: Bearer wrong"]), "401");
        assert_eq!(socket("/", &[host, &format!("Authorization: Bearer {TOKEN}")]), "open true");
        assert_eq!(
            socket("/", &[host, &format!("Sec-WebSocket-Protocol: patchline, patchline.token.{TOKEN}")]),
            "open true"
        );
        assert_eq!(socket("/", &[host]), "open false");
    }

    #[test]
    fn browsers_get_the_page_with_the_token_and_words_without() {
        assert_eq!(status(&format!("/?token={TOKEN}"), &["Host: localhost"]), "200");
        assert_eq!(status("/", &["Host: localhost"]), "426");
        assert_eq!(status("/other", &["Host: localhost"]), "404");
        assert_eq!(status("/?token=wrong", &["Host: localhost"]), "401");
    }
}
