//! What cannot be had is said, with what could.

use patchline_graph::Renderer;
use patchline_io::{ChannelCount, DeviceRequest, Host, SideRequest};
use patchline_io_jack::JackHost;

use crate::support::{Server, alone, open, request};

#[track_caller]
fn refused(request: &DeviceRequest, code: &str, parts: &[&str]) {
    let error = open::<Renderer>(request).err().expect("it is refused");
    assert_eq!(error.code(), code, "{error}");
    parts.iter().for_each(|part| assert!(error.to_string().contains(part), "{error}"));
}

#[test]
fn without_a_server_it_says_what_to_start() {
    alone("refusals::without_a_server_it_says_what_to_start", || {
        refused(&request("nobody", Some("system"), None), "host-missing", &["no server", "jackd -d alsa"]);
        assert!(Host::<Renderer>::devices(&JackHost).is_err());
    });
}

#[test]
fn what_the_server_lacks_is_named() {
    alone("refusals::what_the_server_lacks_is_named", || {
        let _server = Server::start(256);
        let usual = request("wish", Some("system"), Some("system"));
        refused(
            &DeviceRequest { rate: Some(44_100), ..usual.clone() },
            "device-rate",
            &["44100", "48000 Hz is nearest"],
        );
        refused(&DeviceRequest { exclusive: true, ..usual.clone() }, "device-unsupported", &["exclusive"]);
        refused(&request("wish", Some("Sistem"), None), "device-not-found", &["`Sistem`", "system"]);
        refused(&request("wish", Some("system:capture_9"), None), "device-not-found", &["capture_9", "capture_1"]);
        refused(&request("wish", None, Some("Synth:*")), "device-not-found", &["`Synth:*`", "system:playback_1"]);
        let many = SideRequest {
            device: Some("system".to_owned()),
            channels: ChannelCount::Exactly(9),
            ..SideRequest::default()
        };
        refused(&DeviceRequest { input: Some(many), ..usual.clone() }, "device-channels", &["2 input channels, and 9"]);

        let device = open::<Renderer>(&DeviceRequest { block: Some(64), ..usual.clone() }).unwrap();
        assert!(device.spec().notes[0].contains("64 frames was asked for and the server's is 256"));
        let second = open::<Renderer>(&usual).unwrap();
        assert!(second.spec().notes[0].contains("the name `wish` was taken"), "{:?}", second.spec().notes);
        assert!(second.spec().output_latency > 0, "the dummy driver reports one");
    });
}

#[test]
fn devices_are_the_clients_of_the_server() {
    alone("refusals::devices_are_the_clients_of_the_server", || {
        let _server = Server::start(256);
        let labels = ["voice".to_owned(), "guitar".to_owned()].to_vec();
        let input = Some(SideRequest { labels, ..SideRequest::default() });
        let asked = DeviceRequest { client_name: "böse: name".to_owned(), input, ..DeviceRequest::default() };
        let device = open::<Renderer>(&asked).unwrap();
        assert_eq!((device.spec().inputs, device.spec().outputs), (2, 0));
        let devices = Host::<Renderer>::devices(&JackHost).unwrap();
        let told: Vec<_> = devices.iter().map(|d| (&d.id[..], d.inputs, d.outputs, d.default_output)).collect();
        assert_eq!(told, [("jack:system", 2, 2, true), ("jack:böse- name", 0, 2, false)]);
        let (client, _) = jack::Client::new("look", jack::ClientOptions::NO_START_SERVER).unwrap();
        let voice = client.port_by_name("böse- name:voice").expect("ports are named after the labels");
        assert_eq!(voice.get_connections(), ["system:capture_1"]);
    });
}
