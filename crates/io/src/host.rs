//! Where devices are found and opened: a sound server, or a system's own interface.

use std::time::Duration;

use crate::{Backend, Callback, IoError};

/// A way to reach devices. Lives on a control thread.
///
/// A program that chooses its host when it runs holds `Box<dyn Host<Renderer>>`s.
///
/// ```
/// use patchline_graph::Renderer;
/// use patchline_io::sim::{Sim, SimConfig};
/// use patchline_io::{Backend, Callback, DeviceInfo, DeviceRequest, Host, IoError};
///
/// /// A host of one simulated device.
/// struct Simulated;
///
/// impl<C: Callback> Host<C> for Simulated {
///     fn name(&self) -> &'static str {
///         "sim"
///     }
///
///     fn devices(&self) -> Result<Vec<DeviceInfo>, IoError> {
///         let (id, name) = ("sim:one".to_owned(), "simulated".to_owned());
///         Ok(vec![DeviceInfo { id, name, host: "sim", inputs: 2, outputs: 2, ..DeviceInfo::default() }])
///     }
///
///     fn open(&self, request: &DeviceRequest) -> Result<Box<dyn Backend<C>>, IoError> {
///         let config = SimConfig { rate: request.rate.unwrap_or(48_000), ..SimConfig::default() };
///         Ok(Box::new(Sim::open(config)?))
///     }
/// }
///
/// let host: Box<dyn Host<Renderer>> = Box::new(Simulated);
/// assert_eq!((host.name(), host.devices()?.len()), ("sim", 1));
/// let device = host.open(&DeviceRequest { rate: Some(44_100), ..DeviceRequest::default() })?;
/// assert_eq!(device.spec().rate, 44_100);
/// # Ok::<(), IoError>(())
/// ```
pub trait Host<C: Callback>: Send {
    /// Its name, for people and for `host:` in front of a device's name: `jack`, `alsa`, `pulseaudio`.
    fn name(&self) -> &'static str;

    /// The devices there are now; asked anew at every call, so that what was plugged in since is among them.
    ///
    /// # Errors
    /// [`IoError::Host`] when the host is not there at all: no server answers, or its library is missing.
    fn devices(&self) -> Result<Vec<DeviceInfo>, IoError>;

    /// Opens what is asked for; nothing is called before [`Backend::start`].
    ///
    /// # Errors
    /// All that keeps a device from doing what is asked: see [`IoError`]. What it does differently, but as well, is
    /// not an error: [`DeviceSpec::notes`](crate::DeviceSpec::notes) has it.
    fn open(&self, request: &DeviceRequest) -> Result<Box<dyn Backend<C>>, IoError>;
}

/// A device, as its host describes it.
///
/// ```
/// use patchline_io::DeviceInfo;
///
/// /// Those that can record and play at a rate.
/// fn duplex(devices: &[DeviceInfo], rate: u32) -> Vec<&str> {
///     let fits = |device: &&DeviceInfo| device.inputs > 0 && device.outputs > 0 && device.rates.contains(&rate);
///     devices.iter().filter(fits).map(|device| device.name.as_str()).collect()
/// }
/// let name = "Scarlett 2i2".to_owned();
/// let device = DeviceInfo { name, inputs: 2, outputs: 2, rates: vec![44_100, 48_000], ..DeviceInfo::default() };
/// assert_eq!(duplex(&[device], 48_000), ["Scarlett 2i2"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceInfo {
    /// What names it for good, on this machine: `alsa:hw:CARD=Scarlett`.
    pub id: String,
    /// Its name, for people.
    pub name: String,
    /// The [host](Host::name) that has it.
    pub host: &'static str,
    /// Channels it delivers; 0 if it is no input.
    pub inputs: usize,
    /// Channels it takes; 0 if it is no output.
    pub outputs: usize,
    /// The rates it runs at, in Hz, ascending; empty where the host cannot tell.
    pub rates: Vec<u32>,
    /// The rate it runs at when nobody asks for another, in Hz.
    pub default_rate: Option<u32>,
    /// Its sample formats, as the field calls them: `i16`, `f32`.
    pub formats: Vec<String>,
    /// The shortest and the longest block, in frames.
    pub blocks: Option<(usize, usize)>,
    /// Whether it is what one gets as an input without naming one.
    pub default_input: bool,
    /// Whether it is what one gets as an output without naming one.
    pub default_output: bool,
    /// As an input, it delivers what is played on the output device of this id.
    pub loopback_of: Option<String>,
}

/// What is asked of a host.
///
/// ```
/// use patchline_io::{DeviceRequest, SideRequest};
///
/// // Two-way sound through an interface, in blocks of 128 frames if it can.
/// let side = SideRequest { device: Some("scarlett".to_owned()), ..SideRequest::default() };
/// let request = DeviceRequest {
///     client_name: "desk".to_owned(),
///     input: Some(side.clone()),
///     output: Some(side),
///     rate: Some(48_000),
///     block: Some(128),
///     ..DeviceRequest::default()
/// };
/// assert!(!request.exclusive);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceRequest {
    /// The program's name, for sound servers that show one.
    pub client_name: String,
    /// What is read from; `None` needs no input.
    pub input: Option<SideRequest>,
    /// What is written to; `None` needs no output.
    pub output: Option<SideRequest>,
    /// The rate in Hz, an error where the device lacks it; `None` is the device's own.
    pub rate: Option<u32>,
    /// Frames of a block, a wish; `None` is what the device delivers.
    pub block: Option<usize>,
    /// How far ahead the device is fed, a wish.
    pub latency: LatencyWish,
    /// Keeps other programs from the device; an error where the host cannot.
    pub exclusive: bool,
    /// Leaves ports unconnected, on hosts that have ports; others ignore it.
    pub unconnected: bool,
    /// Plays only while the server's transport rolls, and starts anew where it is relocated to; an error where the host
    /// has no transport.
    pub follow_transport: bool,
    /// Takes MIDI messages in, on hosts that carry them with the sound (JACK): those of the hardware, or of all ports
    /// whose names hold one of these texts, in any case of letters. Others ignore it.
    pub midi: Option<Vec<String>>,
}

/// What is asked of one side of a device.
///
/// ```
/// use patchline_io::{ChannelCount, SideRequest};
///
/// // What is played on the speakers, as an input.
/// let capture = SideRequest {
///     device: Some("speakers".to_owned()),
///     channels: ChannelCount::Exactly(2),
///     loopback: true,
///     ..SideRequest::default()
/// };
/// assert!(capture.labels.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SideRequest {
    /// Which device, by the rule of [`find_device`](crate::find_device); the default one without it.
    pub device: Option<String>,
    /// How many channels.
    pub channels: ChannelCount,
    /// Names of the channels in order, for hosts that name ports: `mic_1`. Channels beyond have the host's own.
    pub labels: Vec<String>,
    /// For an input: what `device` is an *output* of, whose sound is captured.
    pub loopback: bool,
}

/// How many channels are asked for.
///
/// ```
/// use patchline_io::{ChannelCount, SideRequest};
///
/// // A patch that names channels 0 to 3.
/// let side = SideRequest { channels: ChannelCount::AtLeast(4), ..SideRequest::default() };
/// assert_ne!(side.channels, ChannelCount::All);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChannelCount {
    /// All that the device has; where that is open (ports), 2.
    #[default]
    All,
    /// All that the device has, and that must be as many at least.
    AtLeast(usize),
    /// The first ones, as many; an error where the device has fewer.
    Exactly(usize),
}

/// How far ahead a device is fed.
///
/// ```
/// use std::time::Duration;
///
/// use patchline_io::{DeviceRequest, LatencyWish};
///
/// // A network of loudspeakers, where nobody plays along.
/// let request = DeviceRequest { latency: LatencyWish::Time(Duration::from_millis(200)), ..DeviceRequest::default() };
/// assert_ne!(request.latency, LatencyWish::default());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LatencyWish {
    /// As little as is known to work.
    #[default]
    Low,
    /// Safe rather than quick.
    High,
    /// About this long.
    Time(Duration),
}
