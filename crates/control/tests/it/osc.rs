//! OSC, as clients know it.

use std::time::{Duration, SystemTime};

use patchline_control::{How, When};
use rosc::{OscBundle, OscMessage, OscPacket, OscTime, OscType};
use serde_json::{Value, json};

use crate::support::{Osc, Served, Web};

fn message(addr: &str, args: Vec<OscType>) -> OscPacket {
    OscPacket::Message(OscMessage { addr: addr.to_owned(), args })
}

fn bundle(timetag: OscTime, content: Vec<OscPacket>) -> OscPacket {
    OscPacket::Bundle(OscBundle { timetag, content })
}

fn at(time: SystemTime) -> OscTime {
    time.try_into().unwrap()
}

const HOUR: Duration = Duration::from_secs(3600);

const AT_ONCE: OscTime = OscTime { seconds: 0, fractional: 1 };

#[test]
fn parameters_are_set_and_asked_for() {
    let served = Served::new();
    let mut osc = Osc::new(&served);
    let mut check = |addr: &str, name: &str, value: OscType, expected: Value| {
        osc.send(addr, vec![value.clone()]);
        assert_eq!(osc.ask(addr), [value], "{addr}");
        assert_eq!(served.bench().value(name), expected);
    };
    check("/trim/gain", "trim.gain", OscType::Float(0.1), json!(0.1));
    check("/trim/gain", "trim.gain", OscType::Int(2), json!(2));
    check("/trim/gain", "trim.gain", "-6 dB".into(), json!("-6 dB"));
    check("/trim/mute", "trim.mute", true.into(), json!(true));
    check("/host/trim/gain", "host/trim.gain", OscType::Float(0.75), json!(0.75));
    check("/bus/gains/0/gain", "bus.gains[0].gain", OscType::Float(0.25), json!(0.25));
    osc.send("/trim/gain", vec![OscType::Float(0.5), OscType::Float(1.5)]);
    assert_eq!(osc.ask("/trim/gain"), [OscType::Float(0.5)]);
    let how = served.bench().set.last().unwrap().1;
    assert_eq!(how, How { when: When::Now, over: Some(Duration::from_millis(1500)) });
    assert_eq!(osc.ask("/level/rms")[0], OscType::Float(-12.5));
}

#[test]
fn patterns_set_and_ask_for_all_that_match() {
    let served = Served::new();
    let mut osc = Osc::new(&served);
    osc.send("/lane*/gain", vec![OscType::Float(0.3)]);
    osc.send("/lane[12]/gain", vec![]);
    assert_eq!(osc.next(), ("/lane1/gain".to_owned(), vec![OscType::Float(0.3)]));
    assert_eq!(osc.next(), ("/lane2/gain".to_owned(), vec![OscType::Float(0.3)]));
    assert_eq!(served.bench().set.len(), 1, "all at once");
    assert_eq!(served.bench().value("trim.gain"), json!(0.5));
}

#[test]
fn what_is_wrong_is_said_in_words() {
    let served = Served::new();
    let mut osc = Osc::new(&served);
    let mut check = |addr: &str, args: Vec<OscType>, part: &str| {
        osc.send(addr, args);
        let args = osc.at("/patchline/error");
        let [OscType::String(about), OscType::String(words)] = &args[..] else { panic!("{args:?}") };
        assert!(about == addr && words.contains(part), "{addr}: {words}");
    };
    check("/tirm/gain", vec![], "no node `tirm`");
    check("/trim/gian", vec![], "no `trim.gian`");
    check("/trim", vec![], "its parameter is missing");
    check("/trim/gain", vec![OscType::Float(2000.0)], "does not take 2000");
    check("/trim/gain", vec![OscType::Float(f32::NAN)], "finite");
    check("/trim/gain", vec![OscType::Blob(vec![1, 2, 3, 4])], "a blob is no value");
    check("/trim/gain", vec![OscType::Int(1), OscType::Int(-1)], "from 0 to an hour");
    check("/trim/gain", vec![OscType::Int(1); 3], "a value, and a time");
    check("/no*/gain", vec![OscType::Int(1)], "nothing matches");
    check("/[/gain", vec![], "no address pattern");
    check("/patchline/fly", vec![], "there are list, ping");
    check("/patchline/scene", vec!["nice".into()], "no scene `nice`");
    check("/patchline/subscribe", vec!["/level/*".into(), OscType::Int(1000)], "from 0.1 to 30 Hz");
    assert_eq!(served.bench().set.len(), 0);
    osc.send_bytes(b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!(osc.at("/patchline/error").len(), 2);
    served.until_counted("what is no message", |stats| stats.malformed == 5);
}

#[test]
fn bundles_are_set_together_at_their_time() {
    let served = Served::new();
    let mut osc = Osc::new(&served);
    let both = |gain: f32| {
        vec![
            message("/lane1/gain", vec![OscType::Float(gain)]),
            message("/lane2/gain", vec![OscType::Float(gain)]),
            message("/lane1/gain", vec![]),
        ]
    };
    osc.send_packet(&bundle(AT_ONCE, both(0.4)));
    assert_eq!(osc.at("/lane1/gain"), [OscType::Float(0.4)]);
    osc.send_packet(&bundle(at(SystemTime::now() + Duration::from_millis(250)), both(0.6)));
    assert_eq!(osc.at("/lane1/gain"), [OscType::Float(0.6)]);
    osc.send_packet(&bundle(at(SystemTime::now() - HOUR), both(0.8)));
    assert_eq!(osc.at("/lane1/gain"), [OscType::Float(0.8)]);
    let set = served.bench().set.clone();
    assert_eq!(set.len(), 3);
    assert!(set.iter().all(|(settings, _)| settings.len() == 2));
    assert_eq!((set[0].1.when, set[2].1.when), (When::Now, When::Now));
    let When::In(rest) = set[1].1.when else { panic!("{:?}", set[1].1) };
    assert!(rest <= Duration::from_millis(100), "{rest:?}");
    served.until_counted("a bundle that is late", |stats| stats.late == 1);
    osc.send_packet(&bundle(at(SystemTime::now() + HOUR), both(0.9)));
    assert_eq!(osc.at("/patchline/error")[0], "/lane1/gain".into());
}

#[test]
fn what_is_refused_in_a_bundle_sets_nothing_of_it() {
    let served = Served::new();
    let mut osc = Osc::new(&served);
    let good = message("/lane1/gain", vec![OscType::Float(0.7)]);
    let bad = message("/lane2/gain", vec![OscType::Float(7000.0)]);
    osc.send_packet(&bundle(AT_ONCE, vec![good, bad]));
    osc.at("/patchline/error");
    assert_eq!(osc.ask("/lane1/gain"), [OscType::Float(0.1)]);
}

#[test]
fn who_subscribes_hears_readings_and_what_others_set() {
    let served = Served::new();
    let (mut watching, setting) = (Osc::new(&served), Osc::new(&served));
    watching.send("/patchline/subscribe", vec!["/level/*".into(), OscType::Int(30)]);
    watching.send("/patchline/subscribe", vec!["/trim/*".into()]);
    assert_eq!(watching.at("/level/rms")[0], OscType::Float(-12.5));
    setting.send("/trim/gain", vec![OscType::Float(0.7)]);
    assert_eq!(watching.at("/trim/gain"), [OscType::Float(0.7)]);
    watching.send("/patchline/unsubscribe", vec![]);
    watching.send("/patchline/ping", vec![OscType::Int(7)]);
    watching.at("/patchline/pong");
    setting.send("/trim/gain", vec![OscType::Float(0.8)]);
    served.until("set", |bench| bench.value("trim.gain") == json!(0.8));
    watching.send("/patchline/ping", vec![]);
    assert_eq!(watching.next().0, "/patchline/pong", "nothing more is told");
}

#[test]
fn everything_can_be_listed_scenes_recalled_and_counts_read() {
    let served = Served::new();
    let mut osc = Osc::new(&served);
    osc.send("/patchline/list", vec![]);
    let mut listed = Vec::new();
    loop {
        match osc.next() {
            (addr, args) if addr == "/patchline/list" => listed.push(args),
            (addr, args) => {
                assert_eq!((addr.as_str(), args), ("/patchline/list/end", vec![OscType::Int(listed.len() as i32)]));
                break;
            }
        }
    }
    assert_eq!(listed.len(), 7);
    assert!(listed.contains(&vec!["/level/rms".into(), "reading".into(), "dBFS".into()]));
    let gain = listed.iter().find(|args| args[0] == "/trim/gain".into()).unwrap();
    assert_eq!(gain[1..], [OscType::Float(0.5), "".into(), OscType::Int(-1000), OscType::Int(1000)]);
    assert_eq!(osc.ask("/patchline/scenes"), ["quiet".into(), "loud".into()]);
    osc.send("/patchline/scene", vec!["loud".into(), OscType::Float(2.0)]);
    assert_eq!(osc.ask("/trim/gain"), [OscType::Float(2.0)]);
    osc.send("/patchline/stats", vec![]);
    assert_eq!(osc.at("/patchline/stats/xruns"), [OscType::Int(0)]);
    osc.send("/patchline/stats", vec![]);
    assert!(matches!(osc.at("/patchline/stats/control/messages")[..], [OscType::Int(5..)]));
}

#[test]
fn an_osc_client_and_a_websocket_client_agree() {
    let served = Served::new();
    let (mut osc, mut web) = (Osc::new(&served), Web::new(&served));
    web.ask(json!({ "id": 1, "do": "subscribe", "changes": true }));
    osc.send("/patchline/subscribe", vec!["/trim/gain".into()]);
    osc.send("/trim/gain", vec!["-6 dB".into()]);
    assert_eq!(web.event("changed")["values"], json!({ "trim.gain": "-6 dB" }));
    assert_eq!(osc.at("/trim/gain"), ["-6 dB".into()]);
    web.ask(json!({ "id": 2, "do": "set", "values": { "trim.gain": 0.3 } }));
    assert_eq!(osc.at("/trim/gain"), [OscType::Float(0.3)]);
}
