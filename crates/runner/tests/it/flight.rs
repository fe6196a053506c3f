//! The flight recorder's files.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::Folder;
#[cfg(unix)]
use crate::support::Running;

const TONE: &str = "links = [\"tone -> trim -> level -> out\"]\n[nodes.tone]\ntype = \"oscillator\"\n\
                    [nodes.trim]\ntype = \"gain\"\ngain = 0.5\n[nodes.level]\ntype = \"meter\"\n\
                    [nodes.out]\ntype = \"output\"\n[engine]\nbackend = \"null\"\n";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("tone.toml", TONE);
    folder
}

fn json(folder: &Folder, name: &str) -> Value {
    let text = std::fs::read(folder.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What is wrong with a trace, by the format that viewers document; else how many events of each name it has.
fn counted(trace: &Value) -> Result<BTreeMap<String, usize>, String> {
    let events = trace["traceEvents"].as_array().ok_or("no traceEvents")?;
    let mut names = BTreeMap::new();
    // The ends of the slices that are open, the innermost last.
    let mut open: Vec<f64> = Vec::new();
    let mut before = 0.0;
    for event in events {
        let wrong = |what: &str| Err(format!("{what}: {event}"));
        let (Some(name), Some(phase)) = (event["name"].as_str(), event["ph"].as_str()) else {
            return wrong("no name or phase");
        };
        let Some(ts) = event["ts"].as_f64().filter(|ts| *ts >= before) else {
            return wrong("no time, or out of order");
        };
        if !(event["pid"].is_u64() && event["tid"].is_u64() && event["args"].is_object()) {
            return wrong("no process, track or arguments");
        }
        before = ts;
        *names.entry(name.to_owned()).or_insert(0) += 1;
        match phase {
            "M" if event["args"]["name"].is_string() => {}
            "C" if event["args"]["percent"].as_f64().is_some_and(|load| load >= 0.0) => {}
            "i" if event["s"] == "t" => {}
            "X" => {
                let Some(length) = event["dur"].as_f64().filter(|length| *length >= 0.0) else {
                    return wrong("a slice without a length");
                };
                // A nanosecond is what a sum of microseconds may be off by.
                while open.last().is_some_and(|end| *end <= ts + 0.001) {
                    open.pop();
                }
                if open.last().is_some_and(|end| ts + length > end + 0.001) {
                    return wrong("a slice that is only half in another");
                }
                if (name == "callback") != open.is_empty() {
                    return wrong("a callback in something, or a node in nothing");
                }
                open.push(ts + length);
            }
            _ => return wrong("of no known kind"),
        }
    }
    Ok(names)
}

#[track_caller]
fn valid(trace: &Value) -> BTreeMap<String, usize> {
    counted(trace).unwrap_or_else(|wrong| panic!("{wrong}"))
}

#[test]
fn a_full_profile_has_every_node_in_every_callback() {
    let folder = folder();
    let args = ["tone.toml", "-d", "300ms", "--profile", "--flight", "a.json", "--flight-format", "both", "--json"];
    let data = folder.run(args).exits(0).says("a.json.flight.json").json();
    // The device calls on until it is stopped, when all has been played.
    let [calls, played] = ["calls", "blocks"].map(|key| data[key].as_u64().unwrap() as usize);
    let (trace, log) = (json(&folder, "a.json"), json(&folder, "a.json.flight.json"));
    let names = valid(&trace);
    // The last callback may run while this is taken.
    let near = |count: usize| (played - 1..=calls).contains(&count);
    for name in ["callback", "load", "tone", "level"] {
        assert!(near(names[name]), "{name} in {names:?} of {calls} calls");
    }
    // It only scales: what reads it multiplies.
    assert!(!names.contains_key("trim"), "{names:?}");
    assert_eq!((&log["format"], &log["version"]), (&"patchline-flight".into(), &1.into()));
    assert_eq!((&log["sample_rate_hz"], &log["block_frames"]), (&48_000.into(), &256.into()));
    let logged = log["calls"].as_array().unwrap();
    assert!(near(logged.len()) && log["spans"].as_array().unwrap().len().abs_diff(2 * played) <= 2);
    let positions: Vec<u64> = logged.iter().map(|call| call["position"].as_u64().unwrap()).collect();
    assert!(positions.is_sorted() && positions[0] == 0);
}

/// The test above would notice: traces with a mistake planted in them.
#[test]
fn a_broken_trace_is_noticed() {
    let folder = folder();
    folder.run(["tone.toml", "-d", "50ms", "--profile", "--flight", "a.json"]).exits(0);
    let trace = json(&folder, "a.json");
    let events = trace["traceEvents"].as_array().unwrap();
    let of = |name: &str| events.iter().position(|event| event["name"] == name).unwrap();
    let mistakes = [
        (of("tone"), "dur", 1e6.into()),
        (of("callback"), "dur", Value::Null),
        (of("callback"), "ts", 1e12.into()),
        (of("load"), "args", Value::Null),
        (of("level"), "ph", "?".into()),
        (of("tone"), "name", Value::Null),
    ];
    valid(&trace);
    for (event, key, value) in mistakes {
        let mut broken = trace.clone();
        broken["traceEvents"][event][key] = value;
        assert!(counted(&broken).is_err(), "event {event}, {key}");
    }
}

#[test]
fn nodes_are_sampled_without_a_profile_and_for_a_stretch_with_one() {
    let folder = folder();
    let spans = |args: &[&str], name: &str| {
        let all = ["tone.toml", "--block", "16", "-d", "500ms", "--flight-format", "json", "--flight", name];
        folder.run(all.iter().chain(args)).exits(0);
        let log = json(&folder, name);
        (log["calls_written"].as_u64().unwrap(), log["spans_written"].as_u64().unwrap() / 3)
    };
    let (calls, sampled) = spans(&[], "sampled.json");
    assert!(calls / 128 < sampled && sampled < calls / 32, "{sampled} of {calls}");
    let (calls, stretch) = spans(&["--profile=200ms"], "stretch.json");
    // The end of the stretch is seen within some steps of the control thread.
    assert!((calls / 4..calls * 9 / 10).contains(&stretch), "{stretch} of {calls}");
}

#[test]
fn what_is_there_is_never_replaced() {
    let folder = folder();
    folder.write("a.json", "mine");
    folder.run(["tone.toml", "-d", "50ms", "--flight", "a.json"]).exits(5).says("is there already");
    folder.write("b.json.flight.json", "mine");
    let both = ["tone.toml", "-d", "50ms", "--flight", "b.json", "--flight-format", "both"];
    folder.run(both).exits(5).says("b.json.flight.json is there already");
    folder.run(["tone.toml", "-d", "50ms", "--flight", "no/such/folder.json"]).exits(5).says("no/such/folder.json");
    assert_eq!(folder.listing(), ["a.json", "b.json.flight.json", "tone.toml"]);
    assert_eq!(std::fs::read(folder.path().join("a.json")).unwrap(), b"mine");
}

#[cfg(unix)]
#[test]
fn a_signal_writes_a_file_at_once_and_the_run_goes_on() {
    let folder = folder();
    folder.write("tone-1.trace.json", "mine");
    let running = Running::start(&mut folder.command(["tone.toml", "--json"]));
    running.until("playing");
    for name in ["tone-2.trace.json", "tone-3.trace.json"] {
        running.signal("USR1");
        running.until(&format!("flight recorder asked for: {name}"));
    }
    running.signal("TERM");
    running.end().exits(0).json();
    assert_eq!(folder.listing(), ["tone-1.trace.json", "tone-2.trace.json", "tone-3.trace.json", "tone.toml"]);
    let [first, second] =
        ["tone-2.trace.json", "tone-3.trace.json"].map(|name| valid(&json(&folder, name))["callback"]);
    assert!(first > 0 && first <= second);
}

/// A process that was stopped was not woken: the system's fault each time, and one file if no more are wanted.
#[cfg(unix)]
#[test]
fn an_xrun_writes_a_file_and_names_its_cause() {
    let folder = folder();
    let running = Running::start(&mut folder.command(["tone.toml", "--json", "--flight-on-xrun=1"]));
    running.until("playing");
    for _ in 0..2 {
        running.signal("STOP");
        std::thread::sleep(std::time::Duration::from_millis(200));
        running.signal("CONT");
        running.until("late wake-up: the system called the callback");
    }
    running.until("flight recorder about an xrun: tone-1.trace.json");
    running.signal("TERM");
    let data = running.end().exits(0).json();
    assert!(data["xrun_causes"]["late_wake_up"].as_u64().unwrap() >= 1, "{data:#}");
    assert_eq!(data["xrun_causes"]["device"], 0, "there is none");
    assert_eq!(folder.listing(), ["tone-1.trace.json", "tone.toml"]);
    let about = json(&folder, "tone-1.trace.json");
    assert!(valid(&about)["xrun"] >= 1);
    let events = about["traceEvents"].as_array().unwrap();
    assert!(events.iter().any(|event| event["args"]["cause"] == "late_wake_up"));
}

/// What the simulated device does to a patch is told apart, and adds up.
#[test]
fn every_xrun_of_a_simulated_storm_has_a_cause() {
    let folder = folder();
    let args = ["tone.toml", "--backend", "sim", "--seed", "3", "-d", "2min", "--json", "--flight", "a.json"];
    let ended = folder.run(args).exits(0);
    let data = ended.json();
    let cause = |word: &str| data["xrun_causes"][word].as_u64().unwrap();
    let known = [cause("graph"), cause("late_wake_up"), cause("device")];
    assert!(known.iter().all(|&times| times > 0), "{known:?}");
    assert_eq!(known.iter().sum::<u64>() + cause("unknown"), data["xruns"].as_u64().unwrap());
    for said in ["our graph: a callback took", "late wake-up: the system", "device: the callback was on time"] {
        assert!(ended.stderr.contains(said), "{said}: {}", ended.stderr);
    }
    let names = valid(&json(&folder, "a.json"));
    assert!(names["deadline missed"] > 0 && names["xrun"] > 0, "{names:?}");
}
