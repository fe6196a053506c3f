//! Any bytes as what clients send: OSC packets, and JSON messages.

#[path = "../../crates/control/tests/it/bench.rs"]
mod bench;

use bench::Bench;
use patchline_control::{Config, Control};
use serde_json::Value;

/// The longest datagram that several messages may be packed into.
const LONGEST: usize = 1400;

/// Takes the bytes for an OSC packet. Whatever they are, what is answered are packets, none of them long, and what was
/// set is in its range.
///
/// # Panics
/// Where one of these does not hold.
pub fn answers_osc(bytes: &[u8]) {
    let (mut control, mut bench) = desk();
    for datagram in control.osc(&mut bench, bytes) {
        let (rest, packet) = rosc::decoder::decode_udp(&datagram).expect("an answer is a packet");
        assert!(rest.is_empty(), "{} bytes follow {packet:?}", rest.len());
        let one = matches!(packet, rosc::OscPacket::Message(_));
        assert!(datagram.len() <= LONGEST || one, "a bundle of {} bytes", datagram.len());
    }
    control.pass(&mut bench, std::time::Duration::ZERO);
    is_in_range(&bench);
}

/// Takes each line for a JSON message. Whatever they are, each is answered once, in words where it makes no sense.
///
/// # Panics
/// Where one of these does not hold.
pub fn answers_json(bytes: &[u8]) {
    let (mut control, mut bench) = desk();
    let text = String::from_utf8_lossy(bytes);
    for line in text.lines() {
        let told = control.json(&mut bench, line);
        let told: Vec<Value> = told.iter().map(|text| text.parse().expect("what is told is JSON")).collect();
        let answers: Vec<&Value> = told.iter().filter(|told| told.get("event").is_none()).collect();
        assert_eq!(answers.len(), 1, "answers to {line}");
        if answers[0]["ok"] == false {
            let words = answers[0]["error"]["message"].as_str().expect("a refusal has words");
            assert!(!words.is_empty() && words.chars().count() <= 6000 && !words.contains(char::is_control), "{words:?}");
        }
    }
    is_in_range(&bench);
}

fn desk() -> (Control, Bench) {
    let control = Control::start(Config::default()).expect("no socket is asked for");
    (control, Bench::default())
}

fn is_in_range(bench: &Bench) {
    for (name, value) in &bench.values {
        let number = value.as_f64();
        assert!(number.is_none_or(|number| number.abs() <= 1000.0), "{name} is {value}");
    }
}
