//! Where a server listens: an address with a port, or a port of this machine.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An address and port; port 0 is one that the system chooses.
///
/// ```
/// use patchline_patch::Address;
///
/// let here: Address = "127.0.0.1:9000".parse()?;
/// assert_eq!(here, "9000".parse()?);
/// assert!(here.is_local());
/// assert!(!"0.0.0.0:9000".parse::<Address>()?.is_local());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Address(pub SocketAddr);

/// How it is written.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Port(i64),
    Text(String),
}

const FORMS: &str = "an address is written \"127.0.0.1:9000\" or \"[::1]:9000\", or as a port from 0 to 65535";

impl Address {
    /// Whether only this machine reaches it.
    #[must_use]
    pub fn is_local(self) -> bool {
        match self.0.ip() {
            IpAddr::V4(ip) => ip.is_loopback(),
            IpAddr::V6(ip) => ip.is_loopback() || ip.to_ipv4_mapped().is_some_and(|ip| ip.is_loopback()),
        }
    }

    fn of_port(port: u16) -> Self {
        Self(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }
}

impl TryFrom<Written> for Address {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let text = match written {
            Written::Port(port) => return u16::try_from(port).map(Self::of_port).map_err(|_| FORMS.to_owned()),
            Written::Text(text) => text,
        };
        let host = text.strip_prefix("localhost:").map(|port| port.parse().map(Self::of_port));
        let address = host.unwrap_or_else(|| text.parse::<u16>().map(Self::of_port));
        address.or_else(|_| text.parse().map(Self)).map_err(|_| FORMS.to_owned())
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::try_from(Written::Text(text.to_owned()))
    }
}

impl From<Address> for Written {
    fn from(address: Address) -> Self {
        Self::Text(address.to_string())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl JsonSchema for Address {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Address".into()
    }

    fn json_schema(_generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "anyOf": [
            { "type": "integer", "minimum": 0, "maximum": 65535 },
            { "type": "string", "pattern": r"^(.+:)?[0-9]{1,5}$" },
        ] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_of_this_machine() {
        let read = |written| Address::try_from(written).map(|address| (address.to_string(), address.is_local()));
        let text = |text: &str| read(Written::Text(text.to_owned()));
        let local = |text: &str| Ok((text.to_owned(), true));
        assert_eq!(read(Written::Port(9000)), local("127.0.0.1:9000"));
        assert_eq!(text("9000"), local("127.0.0.1:9000"));
        assert_eq!(text("localhost:0"), local("127.0.0.1:0"));
        assert_eq!(text("[::1]:9000"), local("[::1]:9000"));
        assert_eq!(text("[::ffff:127.0.0.1]:9000"), local("[::ffff:127.0.0.1]:9000"));
        assert_eq!(text("127.9.9.9:1"), local("127.9.9.9:1"));
        assert_eq!(text("0.0.0.0:9000"), Ok(("0.0.0.0:9000".to_owned(), false)));
        assert_eq!(text("192.168.1.2:9000"), Ok(("192.168.1.2:9000".to_owned(), false)));
        assert!(read(Written::Port(65536)).is_err() && read(Written::Port(-1)).is_err());
        for wrong in ["", "desk:9000", "127.0.0.1", "127.0.0.1:99999", "1.2.3:4", "localhost:x"] {
            assert!(text(wrong).is_err(), "{wrong}");
        }
    }
}
