use patchline_graph::Renderer;
use patchline_io::SideRequest;

use super::fake::{FakeHost, device};
use super::*;

const NO_SERVER: &str = "no server answers; start one";

fn request(device: Option<&str>) -> DeviceRequest {
    let output = SideRequest { device: device.map(str::to_owned), ..SideRequest::default() };
    DeviceRequest { output: Some(output), ..DeviceRequest::default() }
}

/// The host that opens, or what is said.
fn check(hosts: Vec<FakeHost>, choice: BackendChoice, wanted: Option<&str>) -> Result<&'static str, String> {
    let hosts = hosts.into_iter().map(|host| Box::new(host) as Box<dyn Host<Placed<Renderer>>>).collect();
    open_among(hosts, &request(wanted), choice, &Patience::default())
        .map(|opened| opened.host)
        .map_err(|error| error.to_string())
}

fn jack() -> FakeHost {
    FakeHost::with("jack", vec![device("jack", "system", 2, 2)])
}

fn no_jack() -> FakeHost {
    FakeHost::missing("jack", NO_SERVER)
}

fn pulse() -> FakeHost {
    FakeHost::with("pulseaudio", vec![device("pulseaudio", "Speakers", 0, 2)])
}

fn alsa() -> FakeHost {
    FakeHost::with("alsa", vec![device("alsa", "Scarlett 2i2", 2, 2)])
}

#[test]
fn jack_comes_first_if_its_server_answers() {
    assert_eq!(check(vec![jack(), pulse(), alsa()], BackendChoice::Auto, None), Ok("jack"));
    assert_eq!(check(vec![no_jack(), pulse(), alsa()], BackendChoice::Auto, None), Ok("pulseaudio"));
    assert_eq!(check(vec![jack(), pulse(), alsa()], BackendChoice::Cpal, None), Ok("pulseaudio"));
    assert_eq!(check(vec![pulse(), alsa(), jack()], BackendChoice::Jack, None), Ok("jack"));
}

#[test]
fn a_device_is_looked_for_in_all_hosts_unless_it_names_one() {
    assert_eq!(check(vec![no_jack(), pulse(), alsa()], BackendChoice::Auto, Some("scarlett")), Ok("alsa"));
    assert_eq!(check(vec![jack(), pulse(), alsa()], BackendChoice::Auto, Some("alsa:Scarlett 2i2")), Ok("alsa"));
    let said = check(vec![jack(), alsa()], BackendChoice::Cpal, Some("jack:system")).unwrap_err();
    assert!(said.starts_with("jack: a device of this host cannot be had from another; leave --backend away"), "{said}");
    let said = check(vec![jack(), alsa()], BackendChoice::Auto, Some("scarlett")).unwrap_err();
    assert!(said.starts_with("jack: there is no output device `scarlett`"), "{said}");
}

fn both(input: &str, output: &str) -> DeviceRequest {
    let side = |name: &str| Some(SideRequest { device: Some(name.to_owned()), ..SideRequest::default() });
    DeviceRequest { input: side(input), output: side(output), ..DeviceRequest::default() }
}

fn boxed<C: Callback>(hosts: Vec<FakeHost>) -> Vec<Box<dyn Host<C>>> {
    hosts.into_iter().map(|host| Box::new(host) as Box<dyn Host<C>>).collect()
}

#[test]
fn where_a_name_is_known_is_said() {
    let request = request(Some("scarlett"));
    let opened =
        open_among::<Renderer>(boxed(vec![jack(), alsa()]), &request, BackendChoice::Auto, &Patience::default());
    let said = opened.err().unwrap().and_more(&boxed::<Renderer>(vec![jack(), alsa()]), &request).to_string();
    assert!(said.contains("\n`alsa:scarlett-2i2` has that name: write it so, with its host; "), "{said}");
}

#[test]
fn both_sides_are_told_of_in_one_go() {
    let request = both("piano", "harp");
    let opened = open_among::<Renderer>(boxed(vec![alsa()]), &request, BackendChoice::Auto, &Patience::default());
    let said = opened.err().unwrap().and_more(&boxed::<Renderer>(vec![alsa()]), &request).to_string();
    for line in ["alsa: there is no input device `piano`", "alsa: there is no output device `harp`"] {
        assert_eq!(said.matches(line).count(), 1, "{said}");
    }
}

#[test]
fn names_that_mean_nothing_are_told_before_anybody_is_asked() {
    let check = |input, output| {
        let refused = names::check(&boxed::<Renderer>(vec![jack(), alsa()]), &both(input, output));
        refused.err().map(|error| NotOpened::new(BackendChoice::Auto, vec![error]).to_string())
    };
    assert_eq!(check("system", "a:b"), None);
    for empty in ["", " ", "jack:"] {
        assert!(check(empty, "x").unwrap().starts_with("the name of the input device is empty; it is part of"));
        assert!(check("x", empty).unwrap().starts_with("the name of the output device is empty"));
    }
    let mixed = check("alsa:Scarlett", "jack:system").unwrap();
    assert!(mixed.starts_with("an input and an output of different hosts cannot be had"), "{mixed}");
    assert!(mixed.contains("`alsa:Scarlett` and `jack:system`; one host has both sides"), "{mixed}");
}

#[test]
fn a_device_that_was_named_and_refuses_is_not_replaced() {
    let taken = || FakeHost::refusing("alsa", vec![device("alsa", "Scarlett 2i2", 2, 2)], "busy");
    let other = || FakeHost::with("coreaudio", vec![device("coreaudio", "Scarlett 2i2", 2, 2)]);
    let said = check(vec![taken(), other()], BackendChoice::Auto, Some("Scarlett 2i2")).unwrap_err();
    assert!(said.contains("refuses: busy") && !said.contains("coreaudio"), "{said}");
    assert_eq!(check(vec![taken(), other()], BackendChoice::Auto, None), Ok("coreaudio"));
}

#[test]
fn what_was_tried_is_said_and_what_helps() {
    let said = check(vec![no_jack(), FakeHost::with("alsa", vec![])], BackendChoice::Auto, None).unwrap_err();
    assert_eq!(
        said,
        "no device could be opened\n  jack is not there: no server answers; start one\n  alsa: there is no output \
         device\n`runner devices` lists what there is, `runner doctor` what is missing; `--backend null` plays silently \
         in real time, `--backend sim` on a simulated device, `runner render` to a file"
    );
    for choice in [BackendChoice::Auto, BackendChoice::Jack, BackendChoice::Cpal] {
        let said = check(vec![], choice, None).unwrap_err();
        assert!(said.contains("this build") && said.contains("--backend null"), "{said}");
    }
}

#[test]
fn waiting_is_for_what_is_not_there_yet() {
    let may_come = |hosts: Vec<FakeHost>| {
        let hosts = hosts.into_iter().map(|host| Box::new(host) as Box<dyn Host<Placed<Renderer>>>).collect();
        open_among(hosts, &request(None), BackendChoice::Auto, &Patience::default()).map(|_| ()).unwrap_err().may_come()
    };
    assert!(may_come(vec![no_jack(), FakeHost::with("alsa", vec![])]));
    assert!(!may_come(vec![no_jack(), FakeHost::refusing("alsa", vec![device("alsa", "Scarlett", 2, 2)], "busy")]));
    assert!(!may_come(vec![]));
}

#[test]
fn what_hangs_is_waited_for_until_somebody_asks_for_the_end() {
    assert_eq!(aside(|| 7, || false), Some(7));
    let (free, waits) = std::sync::mpsc::channel::<()>();
    let waits = std::sync::Arc::new(std::sync::Mutex::new(waits));
    let looks = std::cell::Cell::new(0);
    let stopping = || looks.replace(looks.get() + 1) == 2;
    assert_eq!(aside(move || waits.lock().map(|waits| waits.recv().is_ok()).is_ok(), stopping), None);
    assert_eq!(looks.get(), 3);
    drop(free);
}

#[test]
fn a_device_is_waited_for_until_it_is_there_or_refuses() {
    let boxed = |host: FakeHost| vec![Box::new(host) as Box<dyn Host<Placed<Renderer>>>];
    let taken = || FakeHost::refusing("alsa", vec![device("alsa", "Scarlett", 2, 2)], "busy");
    for (last, expected) in [(alsa as fn() -> FakeHost, Ok("alsa")), (taken, Err(()))] {
        let (mut looks, mut pauses) = (0, 0);
        let open = || {
            looks += 1;
            let host = match looks {
                1 => FakeHost::missing("alsa", "no such library"),
                2 => FakeHost::with("alsa", vec![]),
                _ => last(),
            };
            open_among(boxed(host), &request(None), BackendChoice::Auto, &Patience::default())
        };
        let ended = wait_until(open, || pauses += 1).map(|opened| opened.host).map_err(|_| ());
        assert_eq!((ended, pauses, looks), (expected, 2, 3));
    }
}

#[test]
fn what_is_made_up_is_as_wide_as_it_is_asked_to_be() {
    use patchline_io::ChannelCount::{AtLeast, Exactly};
    let side = |channels| Some(SideRequest { channels, ..SideRequest::default() });
    let wanted = DeviceRequest { input: side(AtLeast(8)), output: side(Exactly(1)), ..DeviceRequest::default() };
    for choice in [BackendChoice::Null, BackendChoice::Sim] {
        let opened =
            open::<Renderer>(&wanted, choice, &Patience::default()).map_err(|error| error.to_string()).unwrap();
        let spec = opened.device.spec();
        assert_eq!((spec.inputs, spec.outputs, spec.rate), (8, 1, 48_000));
        let said = open::<Renderer>(&request(Some("piano")), choice, &Patience::default())
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(said.contains("there is no output device `piano`"), "{said}");
    }
}

/// The system's own ways to a server that hangs would hang, too.
#[test]
fn a_server_that_hangs_is_not_passed_over() {
    let hung = IoError::NoAnswer { host: JACK };
    assert!(is_final(JACK, &request(None), &hung));
    let not_opened = NotOpened::new(BackendChoice::Auto, vec![(JACK, hung)]);
    assert!(not_opened.may_come(), "it may go on");
    assert!(not_opened.to_string().starts_with("jack does not answer: its server runs, but hangs"), "{not_opened}");
}
