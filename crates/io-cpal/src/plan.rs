//! From what is asked for to what is opened.

use std::time::Duration;

use patchline_io::{DeviceInfo, DeviceRequest, IoError, LatencyWish, Side, SideRequest, find_device};

use crate::adapter::{Found, Kind};
use crate::caps::{Caps, Setup, Wish, choose};
use crate::names::{describe, is_direct, is_hardware};

/// What is opened, and how.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) kind: Kind,
    pub(crate) input: Option<SidePlan>,
    pub(crate) output: Option<SidePlan>,
    /// Whether both sides have one clock.
    pub(crate) locked: bool,
    pub(crate) latency: LatencyWish,
    /// What is granted otherwise than asked, a sentence each.
    pub(crate) notes: Vec<String>,
}

/// One side of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SidePlan {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) setup: Setup,
}

impl Plan {
    /// # Errors
    /// All that keeps devices from what is asked: see [`IoError`].
    pub(crate) fn new(request: &DeviceRequest, found: &[Found], kind: Kind) -> Result<Self, IoError> {
        refuse(request, kind)?;
        let all = Devices { infos: describe(found, kind), found, kind };
        let output = request.output.as_ref().map(|side| all.output(side)).transpose()?;
        let input = request.input.as_ref().map(|side| all.input(side)).transpose()?;
        for device in [&output, &input].into_iter().flatten() {
            refuse_shared(request, device, kind)?;
        }
        let locked = matches!((&input, &output), (Some(input), Some(output)) if one_clock(input, output));
        let mut plan = Self { kind, input: None, output: None, locked, latency: request.latency, notes: Vec::new() };
        plan.output = match (&request.output, output) {
            (Some(side), Some(device)) => Some(plan.output_side(request, side, &device)?),
            _ => None,
        };
        plan.input = match (&request.input, input) {
            (Some(side), Some(device)) => Some(plan.input_side(request, side, &device)?),
            _ => None,
        };
        plan.locked &= plan.rates().is_none_or(|(input, output)| input == output);
        Ok(plan)
    }

    /// The rate of what calls.
    pub(crate) fn rate(&self) -> u32 {
        let side = self.output.as_ref().or(self.input.as_ref()).expect("a plan has a side");
        side.setup.rate
    }

    /// The name of the device or of both.
    pub(crate) fn name(&self) -> String {
        match (&self.input, &self.output) {
            (Some(input), Some(output)) if input.name == output.name => input.name.clone(),
            (Some(input), Some(output)) => format!("{} → {}", input.name, output.name),
            (Some(side), None) | (None, Some(side)) => side.name.clone(),
            (None, None) => String::new(),
        }
    }

    /// By how much the callbacks of both sides together may be early or late.
    pub(crate) fn margin(&self) -> Duration {
        let software = self.sides().any(|side| is_software(self.kind, &side.id));
        match self.latency {
            LatencyWish::Low => Duration::from_millis(if software { 12 } else { 4 }),
            LatencyWish::High => Duration::from_millis(if software { 40 } else { 16 }),
            LatencyWish::Time(time) => (time / 4).clamp(Duration::from_millis(1), Duration::from_millis(500)),
        }
    }

    pub(crate) fn sides(&self) -> impl Iterator<Item = &SidePlan> {
        self.input.iter().chain(&self.output)
    }

    fn rates(&self) -> Option<(u32, u32)> {
        Some((self.input.as_ref()?.setup.rate, self.output.as_ref()?.setup.rate))
    }

    fn wish(&self, request: &DeviceRequest, side: &SideRequest, id: &str) -> Wish {
        // A sound server's own buffers and its unpunctuality need more than hardware does.
        let usual_blocks = if is_software(self.kind, id) { (1_024, 2_048) } else { (256, 1_024) };
        let (channels, rate) = (side.channels, request.rate);
        Wish { channels, rate, block: request.block, latency: request.latency, usual_blocks }
    }

    fn output_side(
        &mut self,
        request: &DeviceRequest,
        side: &SideRequest,
        device: &Device<'_>,
    ) -> Result<SidePlan, IoError> {
        let wish = self.wish(request, side, &device.info.id);
        let setup = choose(device.output_caps()?, &wish, &device.info.name, Side::Output)?;
        Ok(self.planned(request, device, setup))
    }

    /// As the output, at its rate; at another one if it has to be, as it is resampled then.
    fn input_side(
        &mut self,
        request: &DeviceRequest,
        side: &SideRequest,
        device: &Device<'_>,
    ) -> Result<SidePlan, IoError> {
        let caps = device.input_caps()?;
        let mut wish = self.wish(request, side, &device.info.id);
        let name = &device.info.name;
        let Some(output) = &self.output else {
            let setup = choose(caps, &wish, name, Side::Input)?;
            return Ok(self.planned(request, device, setup));
        };
        wish.rate = Some(output.setup.rate);
        let setup = match choose(caps, &wish, name, Side::Input) {
            Err(IoError::Rate { .. }) => choose(caps, &Wish { rate: None, ..wish }, name, Side::Input)?,
            setup => setup?,
        };
        if setup.rate != output.setup.rate {
            let (from, to) = (setup.rate, output.setup.rate);
            self.notes.push(format!("the input `{name}` runs at {from} Hz and is resampled to {to} Hz"));
        }
        Ok(self.planned(request, device, setup))
    }

    fn planned(&mut self, request: &DeviceRequest, device: &Device<'_>, setup: Setup) -> SidePlan {
        let (name, granted) = (device.info.name.clone(), setup.block as usize);
        if let Some(asked) = request.block.filter(|&asked| asked != granted) {
            self.notes.push(format!("`{name}` has no block of {asked} frames; it is asked for {granted}"));
        }
        SidePlan { id: device.info.id.clone(), name, setup }
    }
}

/// Refuses what no device of this host can.
fn refuse(request: &DeviceRequest, kind: Kind) -> Result<(), IoError> {
    if request.follow_transport {
        return Err(IoError::Unsupported {
            what: "following a transport",
            device: kind.title().to_owned(),
            instead: "JACK has a transport".to_owned(),
        });
    }
    if request.input.is_none() && request.output.is_none() {
        return Err(IoError::Setting {
            setting: "the number of sides of a device",
            given: "0".to_owned(),
            allowed: "an input, an output or both",
        });
    }
    Ok(())
}

/// Refuses to keep others from a device that is shared.
fn refuse_shared(request: &DeviceRequest, device: &Device<'_>, kind: Kind) -> Result<(), IoError> {
    if !request.exclusive || is_direct(&device.info.id) {
        return Ok(());
    }
    let instead = if kind.is_alsa() {
        "devices whose ids begin with `alsa:hw:` are exclusive".to_owned()
    } else {
        format!("{} shares its devices", kind.title())
    };
    Err(IoError::Unsupported { what: "exclusive use", device: device.info.name.clone(), instead })
}

/// Whether a sound server is behind a device, or something else that is not hardware.
fn is_software(kind: Kind, id: &str) -> bool {
    kind.is_server() || kind.is_alsa() && !is_hardware(id)
}

/// Whether one clock drives both.
fn one_clock(input: &Device<'_>, output: &Device<'_>) -> bool {
    let monitor = input.info.loopback_of.as_ref() == Some(&output.info.id);
    let same = input.info.id == output.info.id;
    // A device that is software may be two in truth.
    monitor || same && (is_hardware(&input.info.id) || !input.kind.is_alsa())
}

/// What a host has.
struct Devices<'a> {
    infos: Vec<DeviceInfo>,
    found: &'a [Found],
    kind: Kind,
}

/// One of its devices.
struct Device<'a> {
    info: DeviceInfo,
    found: &'a Found,
    kind: Kind,
    /// Whether it is an output that is read from.
    captured: bool,
}

impl<'a> Devices<'a> {
    fn output(&self, side: &SideRequest) -> Result<Device<'a>, IoError> {
        let info = find_device(&self.infos, side.device.as_deref(), Side::Output)?;
        Ok(self.device(info, false))
    }

    fn input(&self, side: &SideRequest) -> Result<Device<'a>, IoError> {
        if !side.loopback {
            let info = find_device(&self.infos, side.device.as_deref(), Side::Input)?;
            return Ok(self.device(info, false));
        }
        let of = find_device(&self.infos, side.device.as_deref(), Side::Output)?;
        if self.kind.captures_outputs() {
            return Ok(self.device(of, true));
        }
        let monitor = self.infos.iter().find(|info| info.loopback_of.as_ref() == Some(&of.id));
        monitor.map(|info| self.device(info, false)).ok_or_else(|| IoError::Unsupported {
            what: "what is played on an output",
            device: of.name.clone(),
            instead: "PulseAudio's outputs and JACK's ports can be captured".to_owned(),
        })
    }

    fn device(&self, info: &DeviceInfo, captured: bool) -> Device<'a> {
        let found =
            self.found.iter().find(|found| found.id == info.id).expect("each info is of a device that was found");
        Device { info: info.clone(), found, kind: self.kind, captured }
    }
}

impl Device<'_> {
    fn output_caps(&self) -> Result<&Caps, IoError> {
        self.unless_busy(1).map(|()| &self.found.output)
    }

    fn input_caps(&self) -> Result<&Caps, IoError> {
        let (busy, caps) = if self.captured { (1, &self.found.output) } else { (0, &self.found.input) };
        self.unless_busy(busy).map(|()| caps)
    }

    fn unless_busy(&self, side: usize) -> Result<(), IoError> {
        if !self.found.busy[side] {
            return Ok(());
        }
        let reason = "another program has it; end that one, or use it through a sound server".to_owned();
        Err(IoError::Unavailable { name: self.info.name.clone(), reason })
    }
}
