//! JSON over WebSocket, as clients know it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use patchline_control::{Config, Control, How, StartError, Token, WebConfig, When};
use serde_json::{Value, json};
use tungstenite::Message;

use crate::support::{PATIENCE, Served, TOKEN, Web};

#[test]
fn nobody_comes_in_without_the_token() {
    let served = Served::new();
    assert!(Web::connect(&served, "?token=wrong").is_err_and(|words| words.contains("401")));
    let mut silent = Web::connect(&served, "").unwrap();
    silent.send(&json!({ "id": 1, "do": "list" }));
    assert_eq!(silent.closed().0, 1008);
    let mut wrong = Web::connect(&served, "").unwrap();
    wrong.send(&json!({ "do": "hello", "token": "wrong" }));
    assert_eq!(wrong.closed().0, 1008);
    let mut right = Web::connect(&served, "").unwrap();
    right.send(&json!({ "do": "hello", "token": TOKEN }));
    assert_eq!(right.next()["event"], "welcome");
    assert_eq!(right.ask(json!({ "id": 1, "do": "ping" }))["ok"], true);
    served.until_counted("who came", |stats| (stats.connections, stats.connections_refused) == (1, 3));
}

#[test]
fn a_browser_gets_the_page_or_words() {
    let served = Served::new();
    let get = |target: &str| {
        let mut stream = TcpStream::connect(served.web).unwrap();
        write!(stream, "GET {target} HTTP/1.1\r\nHost: {}\r\n\r\n", served.web).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    };
    assert!(get("/").contains("JSON over WebSocket"));
    let page = get(&format!("/?token={TOKEN}"));
    assert!(page.starts_with("HTTP/1.1 200 OK") && page.ends_with("<p>hello"), "{page}");
}

#[test]
fn only_this_machine_is_listened_to_unless_told() {
    let everywhere = "0.0.0.0:0".parse().unwrap();
    let refused = Control::start(Config { osc: Some(everywhere), ..Config::default() });
    assert!(matches!(refused, Err(StartError::NotLoopback(_))));
    let web = WebConfig::new(everywhere, Token::random().unwrap());
    let refused = Control::start(Config { web: Some(web.clone()), ..Config::default() });
    assert!(matches!(refused, Err(StartError::NotLoopback(_))));
    let control =
        Control::start(Config { web: Some(web), remote: true, osc: Some(everywhere), ..Config::default() }).unwrap();
    let taken = control.web_address().unwrap();
    let web = WebConfig::new(taken, Token::random().unwrap());
    let twice = Control::start(Config { web: Some(web), remote: true, ..Config::default() });
    assert!(matches!(twice, Err(StartError::Bind { what: "WebSocket", .. })));
}

#[test]
fn parameters_are_set_ramped_and_asked_for() {
    let served = Served::new();
    let mut web = Web::new(&served);
    let set = web.ask(json!({ "id": "a", "do": "set", "values": { "trim.gain": "-6 dB", "trim.mute": true } }));
    assert_eq!(set["result"]["values"], json!({ "trim.gain": "-6 dB", "trim.mute": true }));
    let got = web.ask(json!({ "id": 2, "do": "get", "parameters": ["trim.gain", "host/trim.gain"] }));
    assert_eq!(got["result"]["values"], json!({ "trim.gain": "-6 dB", "host/trim.gain": 1.0 }));
    web.ask(json!({ "id": 3, "do": "ramp", "values": { "trim.gain": 0.25 }, "over": "200 ms", "frame": 48_000 }));
    let how = How { when: When::Frame(48_000), over: Some(Duration::from_millis(200)) };
    assert_eq!(served.bench().set.last().unwrap().1, how);
}

#[test]
fn what_is_wrong_is_said_and_sets_nothing() {
    let served = Served::new();
    let mut web = Web::new(&served);
    let mut check = |message: Value, code: &str, part: &str| {
        let answer = web.ask(message);
        let error = &answer["error"];
        assert_eq!((&answer["ok"], &error["code"]), (&false.into(), &code.into()), "{answer}");
        assert!(error["message"].as_str().unwrap().contains(part), "{answer}");
    };
    check(json!({ "id": 1, "do": "fly" }), "malformed", "unknown variant");
    check(json!({ "id": 2, "do": "set", "values": { "trim.gain": 0.1, "trim.gian": 1 } }), "unknown", "trim.gian");
    check(json!({ "id": 3, "do": "set", "values": { "trim.gain": "loud" } }), "value", "does not take");
    check(json!({ "id": 4, "do": "set", "values": { "trim": 1 } }), "unknown", "names no parameter");
    check(json!({ "id": 5, "do": "ramp", "values": { "trim.gain": 1 }, "over": "1 h" }), "value", "a time is");
    check(json!({ "id": 6, "do": "scene", "name": "x" }), "unknown", "no scene `x`");
    check(json!({ "id": 7, "do": "subscribe", "rate": 50 }), "value", "30 Hz");
    check(json!({ "id": 8, "do": "load", "patch": "nodes" }), "patch", "mistake");
    served.bench().busy = true;
    check(json!({ "id": 9, "do": "set", "values": { "trim.gain": 1 } }), "busy", "try again");
    assert!(served.bench().set.is_empty());
    let answer = web.ask(json!({ "id": 10, "do": "load", "patch": "nodes" }));
    assert_eq!(answer["error"]["mistakes"][0]["line"], 1);
    web.0.send(Message::binary(vec![1, 2, 3])).unwrap();
    assert!(web.next()["error"]["message"].as_str().unwrap().contains("not binary"));
}

#[test]
fn one_sets_and_the_other_sees_it() {
    let served = Served::new();
    let (mut setting, mut watching) = (Web::new(&served), Web::new(&served));
    watching.ask(json!({ "id": 1, "do": "subscribe", "changes": true, "events": true }));
    for n in 0..100 {
        let gain = f64::from(n) / 100.0;
        setting.ask(json!({ "id": n, "do": "set", "values": { "trim.gain": gain } }));
        assert_eq!(watching.next(), json!({ "event": "changed", "values": { "trim.gain": gain } }));
    }
    setting.ask(json!({ "id": 0, "do": "scene", "name": "quiet" }));
    assert_eq!(watching.next(), json!({ "event": "scene", "name": "quiet" }));
    assert_eq!(watching.next()["values"], json!({ "trim.gain": 0.01 }));
    let loaded = setting.ask(json!({ "id": 1, "do": "load", "patch": "links = [ ]" }));
    let told = watching.event("loaded");
    assert_eq!(told["frame"], loaded["result"]["frame"]);
    let patch = watching.ask(json!({ "id": 2, "do": "patch" }));
    assert_eq!(patch["result"]["patch"], "links = [ ]");
    watching.ask(json!({ "id": 3, "do": "unsubscribe" }));
    setting.ask(json!({ "id": 2, "do": "set", "values": { "trim.gain": 1 } }));
    let pong = watching.ask(json!({ "id": 4, "do": "ping" }));
    assert_eq!(pong["ok"], true);
}

#[test]
fn readings_come_at_most_thirty_times_a_second() {
    let served = Served::new();
    let mut web = Web::new(&served);
    web.ask(json!({ "id": 1, "do": "subscribe", "readings": ["level"], "rate": 30 }));
    let start = Instant::now();
    let mut frames = Vec::new();
    for _ in 0..15 {
        let told = web.event("readings");
        assert_eq!(told["values"], json!({ "level.rms": [-12.5, null] }));
        frames.push(told["frame"].as_u64().unwrap());
    }
    assert!(frames.is_sorted_by(|a, b| a < b), "{frames:?}");
    assert!(start.elapsed() > Duration::from_millis(400), "15 readings in {:?}", start.elapsed());
    web.ask(json!({ "id": 2, "do": "subscribe", "readings": "other.rms", "rate": 30 }));
    assert_eq!(web.event("readings")["values"], json!({}));
}

#[test]
fn everything_is_listed_and_counted() {
    let served = Served::new();
    let mut web = Web::new(&served);
    let nodes = web.ask(json!({ "id": 1, "do": "list" }))["result"]["nodes"].clone();
    let trim = nodes.as_array().unwrap().iter().find(|node| node["name"] == "trim").unwrap();
    assert_eq!((&trim["type"], &trim["parameters"][0]["max"]), (&json!("gain"), &json!(1000)));
    assert_eq!(web.ask(json!({ "id": 2, "do": "scenes" }))["result"]["scenes"], json!(["quiet", "loud"]));
    let stats = web.ask(json!({ "id": 3, "do": "stats" }))["result"].clone();
    assert_eq!((&stats["xruns"], &stats["control"]["websocket_clients"]), (&json!(0), &json!(1)));
}

#[test]
fn pings_are_answered_and_a_client_that_leaves_is_forgotten() {
    let served = Served::new();
    let (mut leaving, mut web) = (Web::new(&served), Web::new(&served));
    web.0.send(Message::Ping(vec![7; 100].into())).unwrap();
    assert_eq!(web.0.read().unwrap(), Message::Pong(vec![7; 100].into()));
    leaving.0.close(None).unwrap();
    assert_eq!(leaving.closed().0, 1000);
    let start = Instant::now();
    loop {
        let stats = web.ask(json!({ "id": 1, "do": "stats" }));
        if stats["result"]["control"]["websocket_clients"] == 1 {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "{stats}");
    }
}
