//! Messages as nobody would send them who means well; the same ones for the same seed.

use rosc::{OscBundle, OscMessage, OscPacket, OscTime, OscType, encoder};

/// Datagrams, texts and bytes.
pub(crate) struct Garbage(u64);

/// Words of the protocols, which random bytes would not hit upon.
const ADDRESSES: [&str; 12] = [
    "/trim/gain",
    "/trim/gian",
    "/*/*",
    "/{trim,bus}/[!a-z]*",
    "/patchline/list",
    "/patchline/subscribe",
    "/patchline/scene",
    "/patchline/stats",
    "/patchline/",
    "/a/very/long/way/to/nowhere/at/all",
    "//",
    "/trim/mute",
];

const TEXTS: [&str; 12] = [
    r#"{"id":1,"do":"set","values":{"trim.gain":1e999}}"#,
    r#"{"id":1,"do":"set","values":{"trim.gain":[[[[[[1]]]]]]}}"#,
    r#"{"do":"list","id":{"id":{}}}"#,
    r#"{"do":"get","parameters":["","a","...",null]}"#,
    r#"{"do":"subscribe","readings":"*","rate":-1e308}"#,
    r#"{"do":"hello","token":"x"}"#,
    r#"{"do":"do","do":"do"}"#,
    "\u{202e}}{",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    "null",
    r#"{"do":"scene","name":7}"#,
    r#"{"do":"load"}"#,
];

impl Garbage {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, most: usize) -> usize {
        // Marsaglia, Xorshift RNGs, 2003.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % most
    }

    /// Any bytes, up to so many.
    pub(crate) fn bytes(&mut self, most: usize) -> Vec<u8> {
        let length = self.below(most);
        (0..length).map(|_| self.below(256) as u8).collect()
    }

    /// A datagram: noise, a message, a bundle, or one of these with some bytes changed, cut off or far too long.
    pub(crate) fn datagram(&mut self) -> Vec<u8> {
        let mut bytes = match self.below(8) {
            0 => self.bytes(64),
            1 => [&b"#bundle\0"[..], &self.bytes(60)].concat(),
            2 => self.deep(),
            _ => {
                let message = self.message();
                encoder::encode(&message).unwrap()
            }
        };
        match self.below(200) {
            0 => bytes.resize(self.below(60_000), 0),
            n if n < 100 && !bytes.is_empty() => {
                let place = self.below(bytes.len());
                bytes[place] = self.below(256) as u8;
            }
            n if n < 120 => bytes.truncate(self.below(bytes.len() + 1)),
            _ => {}
        }
        bytes
    }

    /// A text message: one that is none, or one with a character changed.
    pub(crate) fn text(&mut self) -> String {
        let text = TEXTS[self.below(TEXTS.len())];
        match self.below(50) {
            0 => text.repeat(self.below(3000)),
            1 => "[".repeat(self.below(70_000)),
            _ => {
                let (place, odd) = (self.below(text.len()), char::from(self.below(128) as u8));
                text.char_indices().map(|(at, char)| if at == place { odd } else { char }).collect()
            }
        }
    }

    fn message(&mut self) -> OscPacket {
        let addr = ADDRESSES[self.below(ADDRESSES.len())].to_owned();
        let args = (0..self.below(4)).map(|_| self.argument()).collect();
        let message = OscPacket::Message(OscMessage { addr, args });
        if self.below(4) > 0 {
            return message;
        }
        let times = [(0, 1), (0, 0), (u32::MAX, u32::MAX), (self.below(1 << 31) as u32, 7)];
        let (seconds, fractional) = times[self.below(4)];
        let content = vec![message; self.below(5)];
        OscPacket::Bundle(OscBundle { timetag: OscTime { seconds, fractional }, content })
    }

    fn argument(&mut self) -> OscType {
        match self.below(8) {
            0 => OscType::Float(f32::from_bits(self.below(1 << 31) as u32 * 2)),
            1 => OscType::Double(f64::NAN),
            2 => OscType::String("\u{7}/*".repeat(self.below(20))),
            3 => OscType::Blob(self.bytes(40)),
            4 => OscType::Bool(true),
            5 => OscType::Nil,
            6 => OscType::Int(i32::MIN),
            _ => OscType::String("/level/*".to_owned()),
        }
    }

    /// Bundles in bundles, or lists in lists.
    fn deep(&mut self) -> Vec<u8> {
        let depth = self.below(300);
        if self.below(2) == 0 {
            let mut bytes = format!("/a\0\0,{}", "[".repeat(depth)).into_bytes();
            bytes.resize(bytes.len() / 4 * 4 + 4, 0);
            return bytes;
        }
        (0..depth).fold(Vec::new(), |inner: Vec<u8>, _| {
            let size = (inner.len() as u32).to_be_bytes();
            [&b"#bundle\0\0\0\0\0\0\0\0\x01"[..], &size, &inner].concat()
        })
    }
}
