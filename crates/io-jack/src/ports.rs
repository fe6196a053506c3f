//! Which ports of the server are meant.

use patchline_io::{ChannelCount, DeviceInfo, IoError, Side, SideRequest, find_device};

use crate::host::{NAME, server};

/// Channels of a side of which neither the request nor the server says how many.
const USUAL: usize = 2;

/// A port of the server that carries sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerPort {
    /// `client:port`.
    pub(crate) name: String,
    /// Whether sound comes out of it, so that we can read it.
    pub(crate) source: bool,
    /// Whether it stands for the hardware.
    pub(crate) physical: bool,
}

impl ServerPort {
    pub(crate) fn client(&self) -> &str {
        self.name.split_once(':').map_or(&self.name, |(client, _)| client)
    }
}

/// The clients of the server as devices. The defaults are those of the hardware.
pub(crate) fn devices(ports: &[ServerPort], rate: u32, block: usize) -> Vec<DeviceInfo> {
    let mut devices: Vec<DeviceInfo> = Vec::new();
    for port in ports {
        let index = devices.iter().position(|device| device.name == port.client()).unwrap_or_else(|| {
            devices.push(device(port.client(), rate, block));
            devices.len() - 1
        });
        let device = &mut devices[index];
        let (count, default) = match port.source {
            true => (&mut device.inputs, &mut device.default_input),
            false => (&mut device.outputs, &mut device.default_output),
        };
        *count += 1;
        *default |= port.physical;
    }
    devices
}

fn device(client: &str, rate: u32, block: usize) -> DeviceInfo {
    DeviceInfo {
        id: format!("{NAME}:{client}"),
        name: client.to_owned(),
        host: NAME,
        rates: vec![rate],
        default_rate: Some(rate),
        formats: vec!["f32".to_owned()],
        blocks: Some((block, block)),
        ..DeviceInfo::default()
    }
}

/// How many ports a side of ours has, and which ports of the server each of them is connected to, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) channels: usize,
    pub(crate) peers: Vec<Vec<String>>,
}

/// Plans one side. Without a name it is the hardware, with one that has a colon these very ports, else the client that
/// [`find_device`] finds.
pub(crate) fn plan(ports: &[ServerPort], request: &SideRequest, side: Side, connect: bool) -> Result<Plan, IoError> {
    let wanted = request.device.as_deref().map(|name| name.strip_prefix("jack:").unwrap_or(name));
    let of_side = || ports.iter().filter(|port| port.source == (side == Side::Input));
    let peers: Vec<String> = match wanted {
        None => of_side().filter(|port| port.physical).map(|port| port.name.clone()).collect(),
        Some(pattern) if pattern.contains(':') => {
            of_side().filter(|port| matches(pattern, &port.name)).map(|port| port.name.clone()).collect()
        }
        Some(name) => {
            let devices = devices(ports, 0, 0);
            let client = &find_device(&devices, Some(name), side)?.name;
            of_side().filter(|port| port.client() == client).map(|port| port.name.clone()).collect()
        }
    };
    let has = peers.len();
    if has == 0 && (connect || wanted.is_some()) {
        let nearest = of_side().take(4).map(|port| port.name.clone()).collect();
        return Err(IoError::NotFound { wanted: wanted.unwrap_or_default().to_owned(), side, nearest });
    }
    let channels = match request.channels {
        ChannelCount::All if !connect => USUAL,
        count => fitting(count, has),
    };
    // As many as were named must be there; hardware with fewer leaves ports that anybody may connect.
    if connect && wanted.is_some() && channels > has {
        let device = wanted.unwrap_or_default().to_owned();
        return Err(IoError::Channels { device, side, asked: channels, has });
    }
    let peers = peers.into_iter().map(|peer| vec![peer]).take(if connect { channels } else { 0 }).collect();
    Ok(Plan { channels, peers })
}

/// How many channels a side with so many ports gets.
fn fitting(asked: ChannelCount, has: usize) -> usize {
    match asked {
        ChannelCount::All => has,
        ChannelCount::AtLeast(least) => has.max(least),
        ChannelCount::Exactly(count) => count,
    }
}

/// Plans an input that hears what an output device plays, channel by channel: all that `connected` says feeds a port.
pub(crate) fn loopback(
    ports: &[ServerPort],
    request: &SideRequest,
    connected: impl Fn(&str) -> Vec<String>,
) -> Result<Plan, IoError> {
    let output = SideRequest { channels: ChannelCount::All, ..request.clone() };
    let played = plan(ports, &output, Side::Output, true)?;
    let mut peers: Vec<Vec<String>> = played.peers.concat().iter().map(|port| connected(port)).collect();
    if peers.iter().all(Vec::is_empty) {
        let name = request.device.clone().unwrap_or_else(server);
        let reason = "nothing is connected to it now, so there is nothing to capture; start what plays first";
        return Err(IoError::Unavailable { name, reason: reason.to_owned() });
    }
    let channels = fitting(request.channels, peers.len());
    peers.truncate(channels);
    Ok(Plan { channels, peers })
}

/// Whether a name is of this pattern: `*` stands for any characters, `?` for one.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where the last star stands, and how far what it covers reaches.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&c) if c == '?' || c == name[n] => (p, n) = (p + 1, n + 1),
            _ => match &mut star {
                Some((at, reach)) => {
                    *reach += 1;
                    (p, n) = (*at + 1, *reach);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Vec<ServerPort> {
        let port = |name: &str, source, physical| ServerPort { name: name.to_owned(), source, physical };
        vec![
            port("system:capture_1", true, true),
            port("system:capture_2", true, true),
            port("system:playback_1", false, true),
            port("system:playback_2", false, true),
            port("Soft Synth:out_l", true, false),
            port("Soft Synth:out_r", true, false),
            port("Soft Synth:side", true, false),
        ]
    }

    #[track_caller]
    fn check(device: Option<&str>, channels: ChannelCount, side: Side, expected: Result<(usize, &[&str]), &str>) {
        let request = SideRequest { device: device.map(str::to_owned), channels, ..SideRequest::default() };
        let plan = plan(&some(), &request, side, true).map_err(|error| error.to_string());
        let plan = plan.as_ref().map(|plan| (plan.channels, &plan.peers[..]));
        match expected {
            Ok((channels, peers)) => {
                let peers: Vec<Vec<String>> = peers.iter().map(|peer| vec![(*peer).to_owned()]).collect();
                assert_eq!(plan, Ok((channels, &peers[..])));
            }
            Err(part) => assert!(plan.as_ref().is_err_and(|error| error.contains(part)), "{plan:?}"),
        }
    }

    #[test]
    fn the_hardware_is_the_default_and_may_be_too_small() {
        let hardware = ["system:capture_1", "system:capture_2"];
        check(None, ChannelCount::All, Side::Input, Ok((2, &hardware)));
        check(None, ChannelCount::Exactly(1), Side::Input, Ok((1, &hardware[..1])));
        check(None, ChannelCount::AtLeast(4), Side::Input, Ok((4, &hardware)));
        check(None, ChannelCount::Exactly(1), Side::Output, Ok((1, &["system:playback_1"])));
    }

    #[test]
    fn without_hardware_there_is_no_default() {
        let soft: Vec<ServerPort> = some().into_iter().filter(|port| !port.physical).collect();
        let any = SideRequest::default();
        let error = plan(&soft, &any, Side::Input, true).unwrap_err().to_string();
        assert!(error.starts_with("there is no input device; there is Soft Synth:out_l, "), "{error}");
        let error = plan(&soft, &any, Side::Output, true).unwrap_err().to_string();
        assert_eq!(error, "there is no output device");
        assert_eq!(plan(&soft, &any, Side::Output, false).unwrap(), Plan { channels: 2, peers: vec![] });
    }

    #[test]
    fn a_client_a_port_or_a_pattern_can_be_named() {
        check(Some("synth"), ChannelCount::Exactly(2), Side::Input, Ok((2, &["Soft Synth:out_l", "Soft Synth:out_r"])));
        check(Some("jack:Soft Synth:side"), ChannelCount::All, Side::Input, Ok((1, &["Soft Synth:side"])));
        check(Some("Soft*:out_?"), ChannelCount::All, Side::Input, Ok((2, &["Soft Synth:out_l", "Soft Synth:out_r"])));
        check(Some("synth"), ChannelCount::Exactly(4), Side::Input, Err("has 3 input channels, and 4 are needed"));
        check(Some("synth"), ChannelCount::All, Side::Output, Err("there is no output device `synth`"));
        check(Some("synth:*"), ChannelCount::All, Side::Input, Err("no input device `synth:*`; there is system:"));
    }

    #[test]
    fn unconnected_sides_have_as_many_ports_as_are_asked_for() {
        for (channels, expected) in [(ChannelCount::All, 2), (ChannelCount::Exactly(7), 7)] {
            let request = SideRequest { channels, ..SideRequest::default() };
            let plan = plan(&some(), &request, Side::Output, false).unwrap();
            assert_eq!((plan.channels, plan.peers.len()), (expected, 0));
        }
    }

    #[test]
    fn a_loopback_hears_all_that_feeds_a_port_at_its_channel() {
        let synths = |port: &str| match port {
            "system:playback_2" => vec!["Soft Synth:out_r".to_owned(), "Soft Synth:side".to_owned()],
            _ => vec![],
        };
        let request = |channels| SideRequest { channels, loopback: true, ..SideRequest::default() };
        let two = loopback(&some(), &request(ChannelCount::All), synths).unwrap();
        assert_eq!(two, Plan { channels: 2, peers: vec![vec![], synths("system:playback_2")] });
        let one = loopback(&some(), &request(ChannelCount::Exactly(1)), synths).unwrap();
        assert_eq!(one, Plan { channels: 1, peers: vec![vec![]] });
        let nothing = loopback(&some(), &request(ChannelCount::All), |_| vec![]);
        assert!(nothing.unwrap_err().to_string().contains("nothing is connected to it now"));
    }

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("a*c", "abcbc", true),
            ("a*c", "abcb", false),
            ("?", "ö", true),
            ("a", "ab", false),
            ("a**", "a", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn clients_are_devices() {
        let devices = devices(&some(), 48_000, 256);
        let told: Vec<_> = devices.iter().map(|d| (d.id.as_str(), d.inputs, d.outputs, d.default_input)).collect();
        assert_eq!(told, [("jack:system", 2, 2, true), ("jack:Soft Synth", 3, 0, false)]);
    }
}
