//! Control over a transport of the program's own.

use patchline_control::{Config, Control};
use rosc::{OscMessage, OscPacket, OscType, encoder};
use serde_json::{Value, json};

use crate::bench::Bench;

#[test]
fn messages_are_answered_without_any_socket() {
    let (mut control, mut bench) = (Control::start(Config::default()).unwrap(), Bench::default());
    let told = control.json(&mut bench, r#"{"id": 1, "do": "subscribe", "changes": true}"#);
    assert_eq!(told, [r#"{"id":1,"ok":true,"result":{}}"#]);
    let set = OscMessage { addr: "/trim/gain".to_owned(), args: vec![OscType::Float(0.25)] };
    assert!(control.osc(&mut bench, &encoder::encode(&OscPacket::Message(set)).unwrap()).is_empty());
    let told: Vec<Value> = control.json(&mut bench, "{}").iter().map(|text| text.parse().unwrap()).collect();
    assert_eq!(told[0], json!({ "event": "changed", "values": { "trim.gain": 0.25 } }));
    assert_eq!(told[1]["error"]["code"], "malformed");
    let ask = OscMessage { addr: "/trim/gain".to_owned(), args: vec![] };
    let answers = control.osc(&mut bench, &encoder::encode(&OscPacket::Message(ask)).unwrap());
    assert_eq!(answers.len(), 1);
    assert_eq!(control.osc(&mut bench, b"no packet").len(), 1, "words");
    assert_eq!(control.stats().malformed, 2);
}
