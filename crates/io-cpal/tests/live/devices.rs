//! What is listed, and that nobody else speaks meanwhile.

use patchline_io::{DeviceInfo, Side, find_device};

use crate::bed::{Server, host, live};

fn named<'a>(devices: &'a [DeviceInfo], id: &str) -> &'a DeviceInfo {
    devices.iter().find(|device| device.id == id).unwrap_or_else(|| panic!("no {id} in {devices:#?}"))
}

#[test]
fn alsa_lists_its_devices_with_a_default() {
    live("devices::alsa_lists_its_devices_with_a_default", || {
        let _server = Server::start();
        let devices = host("alsa").devices().unwrap();
        let sink = named(&devices, "alsa:to_null0");
        assert_eq!((sink.name.as_str(), sink.host, sink.inputs, sink.outputs), ("to_null0", "alsa", 2, 2));
        assert!(sink.rates.contains(&48_000) && sink.formats.contains(&"f32".to_owned()), "{sink:?}");
        assert!(sink.blocks.is_some(), "{sink:?}");
        assert_eq!(find_device(&devices, None, Side::Output).unwrap().id, "alsa:default");
        assert!(!devices.iter().any(|device| device.id == "alsa:null"), "it has no clock");
    });
}

#[test]
#[cfg(feature = "pulseaudio")]
fn pulse_lists_its_sinks_and_what_monitors_them() {
    live("devices::pulse_lists_its_sinks_and_what_monitors_them", || {
        let server = Server::start();
        let devices = host("pulseaudio").devices().unwrap();
        let sink = named(&devices, "pulseaudio:null0");
        assert_eq!((sink.name.as_str(), sink.inputs, sink.outputs), ("Прибор-null0", 0, 2));
        assert_eq!((sink.default_rate, sink.default_output), (Some(48_000), true));
        let monitor = named(&devices, "pulseaudio:null1.monitor");
        assert_eq!((monitor.inputs, monitor.outputs), (2, 0));
        assert_eq!(monitor.loopback_of.as_deref(), Some("pulseaudio:null1"));
        assert_eq!(devices.iter().filter(|device| device.default_input).count(), 1);
        // The list is fresh, also after another server has taken the place of the first.
        server.kill();
        let missing = host("pulseaudio").devices().unwrap_err();
        assert_eq!(missing.code(), "host-missing", "{missing}");
        let _server = Server::start();
        assert_eq!(host("pulseaudio").devices().unwrap().len(), devices.len());
    });
}
