//! A run that is controlled by OSC and by WebSocket.

use std::net::{TcpStream, UdpSocket};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rosc::{OscMessage, OscPacket, OscType, decoder, encoder};
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket, client};

use crate::support::{Folder, Running, read};

const PATCH: &str = "links = [\"tone -> trim -> level -> rec\"]\n[nodes.tone]\ntype = \"oscillator\"\nfrequency = 997\n\
                     level = 1.0\n[nodes.trim]\ntype = \"gain\"\ngain = 0.5\nsmooth = \"1 ms\"\n[nodes.level]\n\
                     type = \"meter\"\n[nodes.rec]\ntype = \"file_sink\"\npath = \"take.wav\"\nsubtype = \"FLOAT\"\n\
                     [scenes.quiet]\ntrim = { gain = 0.125 }\n";

const PATIENCE: Duration = Duration::from_secs(20);

/// Starts a run on the null device, and finds out where it listens.
fn start(folder: &Folder, more: &[&str]) -> (Running, String, String) {
    let args = ["run", "p.toml", "--backend", "null", "--osc", "0", "--websocket", "0", "--json"];
    let running = Running::start(&mut folder.command(args.iter().chain(more)));
    running.until("recording");
    let said = running.said();
    let after = |words: &str| {
        let rest = said.split_once(words).unwrap_or_else(|| panic!("{said}")).1;
        rest.split_whitespace().next().unwrap().to_owned()
    };
    let (osc, web) = (after("OSC: udp://"), after("WebSocket: "));
    (running, osc, web)
}

struct Web(WebSocket<TcpStream>);

impl Web {
    fn new(url: &str) -> Self {
        let address = url.strip_prefix("ws://").unwrap().split('/').next().unwrap();
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut web = Self(client(url, stream).unwrap().0);
        assert_eq!(web.next()["event"], "welcome");
        web
    }

    fn next(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.0.read().unwrap() {
                return text.parse().unwrap();
            }
        }
    }

    fn ask(&mut self, message: Value) -> Value {
        self.0.send(Message::text(message.to_string())).unwrap();
        std::iter::repeat_with(|| self.next()).find(|next| next["id"] == message["id"]).unwrap()
    }

    fn done(&mut self, message: Value) -> Value {
        let answer = self.ask(message);
        assert_eq!(answer["ok"], true, "{answer}");
        answer["result"].clone()
    }

    fn event(&mut self, event: &str) -> Value {
        std::iter::repeat_with(|| self.next()).find(|next| next["event"] == event).unwrap()
    }

    /// Waits until a meter shows this level, in dBFS.
    fn hears(&mut self, level: f64) {
        let start = Instant::now();
        self.done(json!({ "id": "m", "do": "subscribe", "readings": "level.rms", "rate": 30, "changes": true, "events": true }));
        loop {
            let told = self.event("readings")["values"]["level.rms"][0].as_f64();
            if told.is_some_and(|told| (told - level).abs() < 0.05) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{told:?} instead of {level} dBFS");
        }
    }
}

/// The level of a sine of this amplitude.
fn dbfs(amplitude: f64) -> f64 {
    20.0 * (amplitude / 2_f64.sqrt()).log10()
}

fn osc(addr: &str, args: Vec<OscType>) -> Vec<u8> {
    encoder::encode(&OscPacket::Message(OscMessage { addr: addr.to_owned(), args })).unwrap()
}

fn values(text: &str) -> Value {
    text.parse().unwrap()
}

#[test]
fn clients_agree_with_each_other_and_with_what_sounds() {
    let folder = Folder::new();
    folder.write("p.toml", PATCH);
    let (running, osc_at, url) = start(&folder, &[]);
    let (mut setting, mut watching) = (Web::new(&url), Web::new(&url));
    watching.hears(dbfs(0.5));
    // By WebSocket.
    let done = setting.done(json!({ "id": 1, "do": "set", "values": { "trim.gain": 0.25 } }));
    assert_eq!(done["values"], values(r#"{"trim.gain": 0.25}"#));
    assert_eq!(watching.event("changed")["values"], done["values"]);
    watching.hears(dbfs(0.25));
    // By OSC, and asked for by OSC.
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.send_to(&osc("/trim/gain", vec!["-6 dB".into()]), &osc_at).unwrap();
    assert_eq!(watching.event("changed")["values"], values(r#"{"trim.gain": "-6 dB"}"#));
    watching.hears(dbfs(10_f64.powf(-6.0 / 20.0)));
    socket.send_to(&osc("/trim/gain", vec![]), &osc_at).unwrap();
    let mut bytes = [0; 2000];
    let (length, _) = socket.recv_from(&mut bytes).unwrap();
    assert_eq!(
        decoder::decode_udp(&bytes[..length]).unwrap().1,
        decoder::decode_udp(&osc("/trim/gain", vec!["-6 dB".into()])).unwrap().1
    );
    // A scene.
    assert_eq!(setting.done(json!({ "id": 2, "do": "scenes" }))["scenes"], json!(["quiet"]));
    setting.done(json!({ "id": 3, "do": "scene", "name": "quiet" }));
    assert_eq!(watching.event("scene")["name"], "quiet");
    watching.hears(dbfs(0.125));
    // Everything in its range, and by its name.
    for (name, value) in
        [("trim.gain", json!(5000)), ("trim.gian", json!(1)), ("tirm.gain", json!(1)), ("trim.gain", json!("1 s"))]
    {
        let answer = setting.ask(json!({ "id": 4, "do": "set", "values": { name: value } }));
        assert_eq!(answer["ok"], false, "{answer}");
    }
    // No more waits for its frame than has room.
    let far = u64::MAX;
    let answer = setting.ask(json!({ "id": 6, "do": "set", "values": { "trim.gain": 1 }, "frame": far }));
    assert_eq!(answer["error"]["code"], "value", "{answer}");
    let later = setting.done(json!({ "id": 7, "do": "ping" }))["frame"].as_u64().unwrap() + 48_000 * 30;
    let refused = (0..300).filter(|_| {
        let set = json!({ "id": 8, "do": "set", "values": { "tone.level": 0.5 }, "frame": later });
        setting.ask(set)["error"]["code"] == "busy"
    });
    assert_eq!(refused.count(), 300 - 256);
    setting.done(json!({ "id": 9, "do": "set", "values": { "trim.gain": 0.125 } }));
    watching.hears(dbfs(0.125));
    let nodes = setting.done(json!({ "id": 5, "do": "list" }))["nodes"].clone();
    let trim = nodes.as_array().unwrap().iter().find(|node| node["name"] == "trim").unwrap();
    let gain = &trim["parameters"].as_array().unwrap().iter().find(|one| one["name"] == "gain").unwrap();
    assert_eq!((&gain["value"], &gain["max"], &gain["number"]), (&json!(0.125), &json!(1000.0), &json!(0.125)));
    assert_eq!((&gain["law"], &gain["time"]), (&json!("exponential"), &json!("smooth")), "{gain}");
    running.signal("TERM");
    let data = running.end().exits(0).json();
    assert_eq!(
        (&data["control"]["refused"], &data["control"]["connections"]),
        (&json!(4 + 1 + 44), &json!(2)),
        "{data}"
    );
    let (take, ..) = read(&folder.path().join("take.wav"));
    assert_eq!(take.len() as u64, data["frames"].as_u64().unwrap(), "no frame is missing");
}

#[test]
fn patches_are_sent_and_may_not_name_files() {
    let folder = Folder::new();
    folder.write("p.toml", PATCH);
    let (running, _, url) = start(&folder, &[]);
    let (mut setting, mut watching) = (Web::new(&url), Web::new(&url));
    watching.hears(dbfs(0.5));
    let tone = "links = [\"tone -> level\"]\n[nodes.tone]\ntype = \"oscillator\"\nlevel = 0.75\nfrequency = 997\n[nodes.level]\ntype = \"meter\"\n";
    let files = [
        "[nodes.rec]\ntype = \"file_sink\"\npath = \"b.wav\"\n",
        "[nodes.play]\ntype = \"file_source\"\npath = \"take.wav\"\n",
    ];
    for file in files {
        let answer = setting.ask(json!({ "id": 1, "do": "load", "patch": tone.to_owned() + file }));
        assert_eq!((&answer["ok"], &answer["error"]["code"]), (&json!(false), &json!("patch")), "{answer}");
        std::thread::sleep(Duration::from_millis(120));
    }
    let answer = setting.ask(json!({ "id": 2, "do": "set", "values": { "rec.path": "c.wav" } }));
    assert_eq!(answer["ok"], false, "{answer}");
    watching.hears(dbfs(0.5));
    let done = setting.done(json!({ "id": 3, "do": "load", "patch": tone }));
    assert_eq!(done["changes"]["removed"], json!(["trim", "rec"]));
    let told = watching.event("loaded");
    assert!(told["frame"].as_u64().unwrap() > 0 && told["changes"] == done["changes"], "{told}");
    watching.hears(dbfs(0.75));
    assert_eq!(setting.done(json!({ "id": 4, "do": "patch" }))["patch"], tone);
    running.signal("TERM");
    running.end().exits(0);
    assert_eq!(folder.listing(), ["p.toml", "take.wav"]);
}

#[test]
fn no_parameter_ends_or_replaces_a_recording_or_blocks_the_others() {
    let folder = Folder::new();
    folder.write("p.toml", PATCH);
    let (running, _, web) = start(&folder, &[]);
    let mut web = Web::new(&web);
    for (parameter, value) in [
        ("rec.overwrite", json!(true)),
        ("rec.subtype", json!("PCM_16")),
        // It would have another number of channels.
        ("tone.channels", json!(2)),
    ] {
        let answer = web.ask(json!({ "id": 1, "do": "set", "values": { parameter: value } }));
        assert_eq!(answer["error"]["code"], "refused", "{answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains("take.wav"), "{answer}");
    }
    let set = |frame: u64| json!({ "id": 2, "do": "set", "values": { "trim.gain": 0.25 }, "frame": frame });
    let answer = web.ask(set(1_000_000_000_000));
    assert!(answer["error"]["message"].as_str().unwrap().contains("is more than 60 s ahead"), "{answer}");
    let several = json!({ "id": 3, "do": "set", "values": { "trim.gain": 0.25, "tone.level": "loud" } });
    let answer = web.ask(several);
    assert!(answer["error"]["message"].as_str().unwrap().starts_with("tone.level: "), "{answer}");
    // What is past is done at once, and not complained about each time.
    (0..20).for_each(|_| drop(web.done(set(1))));
    running.until("(the 10th time)");
    running.signal("INT");
    let ended = running.end().exits(0);
    assert_eq!(ended.stderr.matches("frames late").count(), 2, "{}", ended.stderr);
    let report = ended.json();
    let frames = report["frames"].as_u64().unwrap();
    assert_eq!(report["files"].as_array().unwrap().len(), 1, "{report}");
    let (take, ..) = read(&folder.path().join("take.wav"));
    assert_eq!(take.len() as u64, frames);
}

#[test]
fn what_may_not_be_listened_to_is_said_before_anything_plays() {
    let folder = Folder::new();
    folder.write("p.toml", PATCH);
    let run = |more: &[&str]| folder.run(["run", "p.toml", "--backend", "null", "-d", "100ms"].iter().chain(more));
    run(&["--osc", "0.0.0.0:0"]).exits(2).says("reached from other machines").says("--allow-remote");
    run(&["--websocket", "desk"]).exits(2).says("an address is written");
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    run(&["--osc", &taken.local_addr().unwrap().to_string()]).exits(4).says("cannot listen for OSC");
    folder.write("token", "short\n");
    run(&["--websocket", "0", "--token-file", "token"]).exits(2).says("token: a token has 16 to 256 characters");
    run(&["--websocket", "0", "--token-file", "none"]).exits(5).says("cannot read the token in none");
    assert!(!folder.path().join("take.wav").exists());
    folder.write("token", "0123456789abcdef\n");
    let ended = run(&["--websocket", "0", "--token-file", "token"]).exits(0);
    assert!(ended.stderr.contains("WebSocket: ws://127.0.0.1:") && !ended.stderr.contains("0123456789abcdef"));
}

/// What is recorded while somebody floods is what is recorded in peace: a slice of it, or ten seconds of a hundred thousand
/// each with `PATCHLINE_FULL=1`.
#[test]
fn a_flood_changes_no_bit_of_what_sounds() {
    let folder = Folder::new();
    folder.write("p.toml", PATCH);
    let full = std::env::var_os("PATCHLINE_FULL").is_some();
    let length = Duration::from_millis(if full { 10_000 } else { 1_500 });
    let sent = AtomicU64::new(0);
    let record = |flooded: bool| {
        let (running, osc_at, url) = start(&folder, &["--block", "256"]);
        let flooding = AtomicBool::new(flooded);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| flood(&osc_at, &flooding, &sent));
            }
            scope.spawn(|| {
                while flooding.load(Ordering::Relaxed) {
                    // It is sent away again and again.
                    let mut hostile = Web::new(&url);
                    while hostile.0.send(Message::text("[[[{")).is_ok() {}
                }
            });
            let mut web = Web::new(&url);
            let start = Instant::now();
            let mut served = 0;
            while start.elapsed() < length {
                web.done(json!({ "id": 1, "do": "ping" }));
                served += 1;
            }
            flooding.store(false, Ordering::Relaxed);
            assert!(served >= 10, "served {served} times");
        });
        running.signal("TERM");
        let data = running.end().exits(0).json();
        let take = folder.path().join("take.wav");
        let (samples, ..) = read(&take);
        std::fs::remove_file(take).unwrap();
        (samples, data)
    };
    let ((peace, _), (war, data)) = (record(false), record(true));
    println!("{} datagrams in {length:?}: {}", sent.load(Ordering::Relaxed), data["control"]);
    assert!(data["control"]["malformed"].as_u64().unwrap() > 100, "{data}");
    let frames = peace.len().min(war.len());
    assert!(frames > 24_000, "{frames} frames");
    let bits = |samples: &[f32]| samples[..frames].iter().map(|sample| sample.to_bits()).collect::<Vec<_>>();
    assert!(bits(&peace) == bits(&war));
}

/// What no client sends who means well, as fast as it goes.
fn flood(to: &str, flooding: &AtomicBool, sent: &AtomicU64) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let messages = [
        osc("/trim/gain", vec![OscType::Float(f32::NAN)]),
        osc("/*/*", vec![OscType::Blob(vec![1; 400])]),
        osc("/trim/gain", vec![OscType::Float(1e30)]),
        b"#bundle\0garbage".to_vec(),
        vec![b'/'; 20_000],
    ];
    while flooding.load(Ordering::Relaxed) {
        for message in messages.iter().cycle().take(100) {
            let _ = socket.send_to(message, to);
        }
        sent.fetch_add(100, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Clients that others have written: Python's, and liblo's `oscsend`. Left out where they are not installed, unless
/// `PATCHLINE_REQUIRE_CLIENTS` says that they are.
#[test]
fn clients_of_others_drive_it() {
    let required = std::env::var_os("PATCHLINE_REQUIRE_CLIENTS").is_some();
    let tools = crate::support::repository().join(".tools");
    let python = |args: &[&str]| {
        let mut command = Command::new("python3");
        command.args(args).env("PYTHONPATH", &tools).env("PYTHONDONTWRITEBYTECODE", "1");
        command.output()
    };
    if python(&["-c", "import pythonosc, websocket"]).is_ok_and(|found| found.status.success()) {
        let folder = Folder::new();
        folder.write("p.toml", PATCH);
        let (running, osc_at, url) = start(&folder, &[]);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/control/clients.py");
        let port = osc_at.rsplit_once(':').unwrap().1;
        crate::support::Ended::of(python(&[script, port, &url]).unwrap()).exits(0);
        running.signal("TERM");
        running.end().exits(0);
    } else {
        assert!(!required, "python-osc and websocket-client are required");
        eprintln!("skipped: python-osc and websocket-client are not here (./x setup)");
    }
    let oscsend = |args: &[&str]| Command::new("oscsend").args(args).output();
    if oscsend(&["--help"]).is_err() {
        assert!(!required, "oscsend is required");
        return eprintln!("skipped: oscsend is not here (./x setup, or apt-get install liblo-tools)");
    }
    let folder = Folder::new();
    folder.write("p.toml", PATCH);
    let (running, osc_at, url) = start(&folder, &[]);
    let mut watching = Web::new(&url);
    watching.hears(dbfs(0.5));
    let port = osc_at.rsplit_once(':').unwrap().1;
    crate::support::Ended::of(oscsend(&["127.0.0.1", port, "/trim/gain", "sf", "-6 dB", "0.05"]).unwrap()).exits(0);
    assert_eq!(watching.event("changed")["values"], values(r#"{"trim.gain": "-6 dB"}"#));
    watching.hears(dbfs(10_f64.powf(-6.0 / 20.0)));
    running.signal("TERM");
    running.end().exits(0);
}
