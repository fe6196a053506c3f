//! What is on its way to OSC clients: gathered in a pass, then packed.

use std::net::SocketAddr;

use rosc::{OscBundle, OscMessage, OscPacket, OscTime, OscType, encoder};

/// What fits one datagram of a usual network, with room for headers.
const DATAGRAM: usize = 1400;
/// "As soon as possible".
const AT_ONCE: OscTime = OscTime { seconds: 0, fractional: 1 };
/// A bundle's own bytes, and those around each of its messages.
const AROUND_ALL: usize = 16;
const AROUND_ONE: usize = 4;

/// Messages and whom they are for.
#[derive(Debug, Default)]
pub(crate) struct Post(Vec<(SocketAddr, Vec<u8>)>);

impl Post {
    /// A message for somebody. What cannot be encoded is no message.
    pub(crate) fn put(&mut self, to: SocketAddr, addr: impl Into<String>, args: Vec<OscType>) {
        let message = OscPacket::Message(OscMessage { addr: addr.into(), args });
        if let Ok(bytes) = encoder::encode(&message) {
            self.0.push((to, bytes));
        }
    }

    /// All datagrams, and nothing is left: a message by itself, several as bundles.
    pub(crate) fn datagrams(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        let mut messages = std::mem::take(&mut self.0);
        messages.sort_by_key(|(to, _)| *to);
        let mut datagrams = Vec::new();
        for of_one in messages.chunk_by(|(to, _), (other, _)| to == other) {
            let to = of_one[0].0;
            let mut rest = of_one;
            while !rest.is_empty() {
                let (now, later) = rest.split_at(fitting(rest));
                datagrams.push((to, packed(now)));
                rest = later;
            }
        }
        datagrams
    }
}

/// How many of these messages fit one datagram; one at least.
fn fitting(messages: &[(SocketAddr, Vec<u8>)]) -> usize {
    let mut size = AROUND_ALL;
    let fits = messages.iter().take_while(|(_, bytes)| {
        size += AROUND_ONE + bytes.len();
        size <= DATAGRAM
    });
    fits.count().max(1)
}

fn packed(messages: &[(SocketAddr, Vec<u8>)]) -> Vec<u8> {
    if let [(_, bytes)] = messages {
        return bytes.clone();
    }
    let empty = OscPacket::Bundle(OscBundle { timetag: AT_ONCE, content: Vec::new() });
    let mut bundle = encoder::encode(&empty).unwrap_or_default();
    for (_, bytes) in messages {
        bundle.extend((bytes.len() as u32).to_be_bytes());
        bundle.extend(bytes);
    }
    bundle
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::osc::packet;

    #[test]
    fn datagrams_are_short_and_nothing_is_lost_or_out_of_order() {
        let mut post = Post::default();
        let (one, other) = ("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap());
        for n in 0..500 {
            post.put(one, format!("/node{n}/gain"), vec![OscType::Int(n)]);
        }
        post.put(other, "/alone", vec![]);
        let datagrams = post.datagrams();
        assert!(datagrams.iter().all(|(_, bytes)| bytes.len() <= DATAGRAM));
        let for_one = datagrams.iter().filter(|(to, _)| *to == one);
        let messages = for_one.flat_map(|(_, bytes)| packet::decode(bytes).unwrap()).flat_map(|group| group.messages);
        let numbers: Vec<OscType> = messages.map(|message| message.args[0].clone()).collect();
        assert_eq!(numbers, (0..500).map(OscType::Int).collect::<Vec<_>>());
        assert_eq!(datagrams.last().unwrap().1, b"/alone\0\0,\0\0\0");
        assert!(post.datagrams().is_empty());
    }
}
