//! Bytes as OSC messages: bounded in size and depth before anything is made of them.

use rosc::{OscMessage, OscPacket, OscTime};

/// The longest packet that is read, in bytes.
pub(crate) const MOST_BYTES: usize = 16 * 1024;
/// Bundles within bundles.
const MOST_DEPTH: usize = 8;
/// Arguments of one message, and the lists within lists among them.
const MOST_ARGUMENTS: usize = 256;
const MOST_LISTS: usize = 4;
/// The longest address.
const MOST_ADDRESS: usize = 256;

const BUNDLE: &[u8] = b"#bundle\0";

/// Messages that belong together: those of one bundle, or one by itself.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    /// When they are meant for; none is as soon as possible.
    pub(crate) at: Option<OscTime>,
    pub(crate) messages: Vec<OscMessage>,
}

/// Reads a packet.
pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<Group>, String> {
    if bytes.len() > MOST_BYTES {
        return Err(format!("a packet has at most {MOST_BYTES} bytes; this one has {}", bytes.len()));
    }
    // The decoder follows bundles and lists as deep as they go, on its stack.
    check(bytes, 0)?;
    let (rest, packet) = rosc::decoder::decode_udp(bytes).map_err(|error| format!("no OSC packet: {error}"))?;
    if !rest.is_empty() {
        return Err(format!("no OSC packet: {} bytes follow its end", rest.len()));
    }
    let mut groups = Vec::new();
    flatten(packet, None, &mut groups);
    Ok(groups)
}

/// Whether a packet is no deeper than one can follow.
fn check(bytes: &[u8], depth: usize) -> Result<(), String> {
    let Some(mut elements) = bytes.strip_prefix(BUNDLE).and_then(|rest| rest.get(8..)) else {
        return check_message(bytes);
    };
    if depth == MOST_DEPTH {
        return Err(format!("bundles lie in bundles, {MOST_DEPTH} deep at most"));
    }
    while !elements.is_empty() {
        let (size, rest) = elements.split_first_chunk().ok_or("no OSC packet: a bundle ends within a size")?;
        let size = u32::from_be_bytes(*size) as usize;
        let element = rest.get(..size).filter(|_| size.is_multiple_of(4) && size > 0);
        check(element.ok_or("no OSC packet: a bundle's element has a size that does not fit")?, depth + 1)?;
        elements = &rest[size..];
    }
    Ok(())
}

fn check_message(bytes: &[u8]) -> Result<(), String> {
    let address = bytes.iter().position(|&byte| byte == 0).ok_or("no OSC packet: its address does not end")?;
    if address > MOST_ADDRESS {
        return Err(format!("an address has at most {MOST_ADDRESS} characters"));
    }
    let tags = bytes.get((address / 4 + 1) * 4..).unwrap_or_default();
    let tags = tags.split(|&byte| byte == 0).next().unwrap_or_default();
    if tags.len() > MOST_ARGUMENTS {
        return Err(format!("a message has at most {MOST_ARGUMENTS} arguments"));
    }
    let mut lists = 0_usize;
    for tag in tags {
        lists = match tag {
            b'[' => lists + 1,
            b']' => lists.saturating_sub(1),
            _ => lists,
        };
        if lists > MOST_LISTS {
            return Err(format!("lists lie in lists, {MOST_LISTS} deep at most"));
        }
    }
    Ok(())
}

fn flatten(packet: OscPacket, at: Option<OscTime>, groups: &mut Vec<Group>) {
    match packet {
        OscPacket::Message(message) => groups.push(Group { at, messages: vec![message] }),
        OscPacket::Bundle(bundle) => {
            let at = Some(bundle.timetag);
            let mut together = Vec::new();
            for element in bundle.content {
                match element {
                    OscPacket::Message(message) => together.push(message),
                    inner => {
                        close(at, &mut together, groups);
                        flatten(inner, at, groups);
                    }
                }
            }
            close(at, &mut together, groups);
        }
    }
}

fn close(at: Option<OscTime>, together: &mut Vec<OscMessage>, groups: &mut Vec<Group>) {
    if !together.is_empty() {
        groups.push(Group { at, messages: std::mem::take(together) });
    }
}

#[cfg(test)]
mod tests {
    use rosc::{OscBundle, OscType, encoder};

    use super::*;

    fn message(addr: &str) -> OscMessage {
        OscMessage { addr: addr.to_owned(), args: vec![OscType::Float(0.5)] }
    }

    fn bundle(seconds: u32, content: Vec<OscPacket>) -> OscPacket {
        OscPacket::Bundle(OscBundle { timetag: OscTime { seconds, fractional: 0 }, content })
    }

    fn refused(bytes: &[u8], part: &str) {
        let words = decode(bytes).unwrap_err();
        assert!(words.contains(part), "{words}");
    }

    #[test]
    fn what_a_bundle_holds_stays_together_and_in_order() {
        let inner = bundle(2, vec![OscPacket::Message(message("/b"))]);
        let outer = vec![OscPacket::Message(message("/a")), inner, OscPacket::Message(message("/c"))];
        let groups = decode(&encoder::encode(&bundle(1, outer)).unwrap()).unwrap();
        let found: Vec<(u32, &str)> =
            groups.iter().map(|group| (group.at.unwrap().seconds, group.messages[0].addr.as_str())).collect();
        assert_eq!(found, [(1, "/a"), (2, "/b"), (1, "/c")]);
    }

    #[test]
    fn depth_is_bounded_before_anything_follows_it() {
        let mut deep = encoder::encode(&OscPacket::Message(message("/a"))).unwrap();
        for depth in 0..700 {
            let mut around = BUNDLE.to_vec();
            around.extend(1_u64.to_be_bytes());
            around.extend((deep.len() as u32).to_be_bytes());
            around.extend(&deep);
            deep = around;
            assert_eq!(decode(&deep).is_ok(), depth < MOST_DEPTH, "{depth}");
        }
        for lists in [1, 4, 5, 120] {
            let tags = format!("/a\0\0,{}{}\0\0\0\0", "[".repeat(lists), "]".repeat(lists));
            let padded = &tags.as_bytes()[..tags.len() / 4 * 4];
            assert_eq!(decode(padded).is_ok(), lists <= MOST_LISTS, "{lists}");
        }
    }

    #[test]
    fn what_is_no_packet_is_refused_in_words() {
        refused(b"", "does not end");
        refused(&[b'/'; MOST_BYTES + 4], "at most 16384 bytes");
        refused(b"#bundle\0\0\0\0\0\0\0\0\x01\0\0\0\x05/a\0\0,", "does not fit");
        refused(b"#bundle\0\0\0\0\0\0\0\0\x01\0\0", "within a size");
        refused(b"/a\0\0,f\0\0", "no OSC packet");
        refused(b"/a\0\0,T\0\0....", "follow");
        refused(format!("/{}\0\0\0\0", "a".repeat(400)).as_bytes(), "at most 256 characters");
        refused(format!("/a\0\0,{}\0\0\0\0", "T".repeat(400)).as_bytes(), "at most 256 arguments");
    }
}
