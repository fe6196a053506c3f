use super::watch::changes;
use super::*;
use crate::hosts::fake::{FakeHost, device};

fn machine() -> Vec<AnyHost> {
    let speakers = DeviceInfo { default_output: true, ..device("alsa", "Speakers", 0, 2) };
    let scarlett = DeviceInfo { default_input: true, ..device("alsa", "Scarlett 18i20", 18, 20) };
    let odd = DeviceInfo {
        rates: vec![],
        default_rate: None,
        blocks: None,
        loopback_of: Some("alsa:speakers".to_owned()),
        ..device("alsa", "Böse \u{1b}[31m日本", 1, 0)
    };
    vec![
        Box::new(FakeHost::missing("jack", "no server answers; start one with `jackd -d alsa`")),
        Box::new(FakeHost::with("alsa", vec![speakers, scarlett, odd])),
    ]
}

fn names(args: &DevicesArgs) -> Vec<String> {
    wanted(&look(&machine()), args).map(|device| device.name.clone()).collect()
}

#[test]
fn a_table_that_a_musician_reads() {
    let found = look(&machine());
    let text = text::devices(&found, &DevicesArgs::default());
    assert_eq!(
        text,
        "\
device                                          id                        host  in  out   rate  default
Speakers                                        alsa:speakers             alsa   -    2  48000  out
Scarlett 18i20                                  alsa:scarlett-18i20       alsa  18   20  48000  in
Böse \\u{1b}[31m日本 (what alsa:speakers plays)  alsa:böse-\\u{1b}[31m日本  alsa   1    -      ?
"
    );
    let caps = text::devices(&found, &DevicesArgs { caps: true, ..DevicesArgs::default() });
    assert!(caps.contains("44100 48000  i16 f32  32 to 4096"), "{caps}");
    assert_eq!(
        text::hosts(&found),
        "host  devices    default input   default output\njack  not there\n\
         alsa  3          Scarlett 18i20  Speakers\n"
    );
}

#[test]
fn a_choice_is_by_direction_and_default() {
    let choose = |inputs, outputs, default| names(&DevicesArgs { inputs, outputs, default, ..DevicesArgs::default() });
    assert_eq!(choose(true, false, false), ["Scarlett 18i20", "Böse \u{1b}[31m日本"]);
    assert_eq!(choose(false, true, false), ["Speakers", "Scarlett 18i20"]);
    assert_eq!(choose(true, true, false).len(), 3);
    assert_eq!(choose(false, false, true), ["Speakers", "Scarlett 18i20"]);
    assert_eq!(choose(true, false, true), ["Scarlett 18i20"]);
    assert_eq!(choose(false, true, true), ["Speakers"]);
}

#[test]
fn a_host_that_is_not_there_is_said_beside_those_that_are() {
    let remarks = text::remarks(&look(&machine()), &DevicesArgs::default());
    assert_eq!(remarks.len(), 1);
    assert!(remarks[0].ends_with("jack is not there: no server answers; start one with `jackd -d alsa`"));
    let bare: Vec<AnyHost> = vec![Box::new(FakeHost::with("alsa", vec![]))];
    let remarks = text::remarks(&look(&bare), &DevicesArgs::default()).join("\n");
    assert!(remarks.contains("alsa has no devices") && remarks.contains("`runner doctor`"), "{remarks}");
    assert_eq!(text::devices(&look(&bare), &DevicesArgs::default()), "");
    let none = DevicesArgs { inputs: true, default: true, ..DevicesArgs::default() };
    let deaf: Vec<AnyHost> = vec![Box::new(FakeHost::with("alsa", vec![device("alsa", "Speakers", 0, 2)]))];
    assert!(text::remarks(&look(&deaf), &none).join("\n").contains("none of 1 device is of this kind"));
}

#[test]
fn a_named_host_must_be_there() {
    assert_eq!(chosen(machine(), Some("alsa")).map(|hosts| hosts.len()), Ok(1));
    let failure = chosen(machine(), Some("asio")).map(|_| ()).unwrap_err();
    assert_eq!(failure, Failure::new(Exit::Device, "this build has no host `asio`; it has jack, alsa"));
}

#[test]
fn programs_get_everything() {
    let data = data::all(&look(&machine()), &DevicesArgs::default());
    assert_eq!(data["hosts"][0]["error"]["code"], "host-missing");
    assert_eq!(data["hosts"][1]["default_output"], "alsa:speakers");
    assert_eq!(data["devices"].as_array().unwrap().len(), 3);
    let scarlett = &data["devices"][1];
    assert_eq!((&scarlett["inputs"], &scarlett["outputs"]), (&18.into(), &20.into()));
    assert_eq!(scarlett["blocks"]["longest"], 4096);
    assert_eq!(data["devices"][2]["default_rate"], serde_json::Value::Null);
}

#[test]
fn a_watcher_sees_every_change_once() {
    let with = |devices| vec![Found { host: "alsa", devices: Ok(devices) }];
    let scarlett = || device("alsa", "Scarlett", 2, 2);
    let speakers = || device("alsa", "Speakers", 0, 2);
    let gone = vec![Found {
        host: "alsa",
        devices: Err(IoError::Host { host: "alsa", reason: "its server ended".to_owned() }),
    }];
    let check = |before: &[Found], now: &[Found], expected: &[&str]| {
        let changes = changes(before, now, &DevicesArgs::default());
        let lines: Vec<String> =
            changes.iter().map(|change| anstream::adapter::strip_str(&change.text()).to_string()).collect();
        assert_eq!(lines, expected);
    };
    let both = with(vec![speakers(), scarlett()]);
    check(&both, &with(vec![scarlett(), speakers()]), &[]);
    check(&both, &with(vec![speakers()]), &["- Scarlett (alsa:scarlett), 2 in, 2 out, 48000 Hz"]);
    check(&with(vec![]), &with(vec![speakers()]), &["+ Speakers (alsa:speakers), 0 in, 2 out, 48000 Hz"]);
    let promoted = with(vec![DeviceInfo { default_output: true, ..speakers() }, scarlett()]);
    check(&both, &promoted, &["= Speakers (alsa:speakers), 0 in, 2 out, 48000 Hz, default output"]);
    check(
        &with(vec![speakers()]),
        &gone,
        &["- alsa is not there: its server ended", "- Speakers (alsa:speakers), 0 in, 2 out, 48000 Hz"],
    );
    check(&gone, &with(vec![]), &["+ alsa answers"]);
    let data = changes(&both, &promoted, &DevicesArgs::default())[0].data();
    assert_eq!((&data["event"], &data["device"]["default_output"]), (&"changed".into(), &true.into()));
}
