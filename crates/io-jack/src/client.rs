//! Becoming a client of the server.

use std::sync::Once;

use jack::{Client, ClientOptions, ClientStatus, LoggerType};
use patchline_io::IoError;

use crate::host::NAME;
use crate::shared::orphans;

/// The longest name that every server takes, in bytes.
const LONGEST_NAME: usize = 32;
/// The name of a program that has none.
const NAMELESS: &str = "patchline";

/// A client of the running server; never starts one. The server may have given it another name.
pub(crate) fn connect(name: &str) -> Result<Client, IoError> {
    silence()?;
    // libjack forgets all about a server that has ended when it connects to the next one; closing a client of the old
    // one after that would crash.
    if orphans() > 0 {
        return Err(missing("its server ended, and devices of it are open; close them first".to_owned()));
    }
    let (client, _) = Client::new(&fit(name), ClientOptions::NO_START_SERVER).map_err(refusal)?;
    Ok(client)
}

/// A name that the server takes as it is: a colon would end it, and it is cut where it is too long.
pub(crate) fn fit(name: &str) -> String {
    let plain = |c: char| if c == ':' || c.is_control() { '-' } else { c };
    let mut fit = String::new();
    for c in name.trim().chars().map(plain) {
        if fit.len() + c.len_utf8() > LONGEST_NAME {
            break;
        }
        fit.push(c);
    }
    if fit.is_empty() { NAMELESS.to_owned() } else { fit }
}

/// Opens libjack, and keeps what it has to say off the terminal: we say what matters.
fn silence() -> Result<(), IoError> {
    static ONCE: Once = Once::new();
    if let Err(error) = jack::jack_sys::library() {
        return Err(missing(format!(
            "its library cannot be opened ({error}); install it (libjack-jackd2-0, or PipeWire's)"
        )));
    }
    ONCE.call_once(|| jack::set_logger(LoggerType::None));
    Ok(())
}

fn refusal(error: jack::Error) -> IoError {
    match error {
        jack::Error::ClientError(status) if status.contains(ClientStatus::SERVER_FAILED) => {
            let server = std::env::var("JACK_DEFAULT_SERVER").unwrap_or_else(|_| "default".to_owned());
            missing(format!("no server `{server}` answers; start one, as in `jackd -d alsa` (or pipewire-jack)"))
        }
        jack::Error::ClientError(status) if status.contains(ClientStatus::VERSION_ERROR) => {
            missing("the server is of another version than the library; install the two from one source".to_owned())
        }
        error => missing(format!("the server takes no further client: {error}")),
    }
}

fn missing(reason: String) -> IoError {
    IoError::Host { host: NAME, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_to_fit() {
        let long = "ä".repeat(40);
        for (name, expected) in
            [("panel", "panel"), ("a:b\nc\0", "a-b-c-"), ("  ", NAMELESS), ("", NAMELESS), (&long, &long[..32])]
        {
            assert_eq!(fit(name), expected);
        }
    }
}
