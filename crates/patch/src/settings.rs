//! The `[engine]` table: how a patch wants to be run.

mod shed;

use std::sync::LazyLock;

use patchline_graph::StreamSpec;
use patchline_nodes::declaration::{Param, params_of, schema_of};
use patchline_nodes::{Frequency, Size, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use shed::Shed;

/// How a patch wants to be run. A program that runs it may decide otherwise.
///
/// ```
/// use patchline_graph::StreamSpec;
/// use patchline_patch::EngineSettings;
///
/// let settings: EngineSettings = toml::from_str("sample_rate = 44100\nfade = '10 ms'")?;
/// assert_eq!(settings.rate(), Some(44_100));
/// let mut stream = StreamSpec::new(44_100, 64, 2, 2);
/// settings.apply(&mut stream);
/// assert_eq!(stream.fade, 441);
/// assert!(EngineSettings::params().iter().any(|param| param.name == "fade"));
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EngineSettings {
    /// Where sound comes from and goes to; "auto" is JACK if a server answers, else the system's own devices, else an
    /// error.
    pub backend: Backend,
    /// Frames per second: "device" is what the device or file has, else 48000.
    pub sample_rate: SampleRate,
    /// Frames in a block; 0 is what the device delivers.
    #[schemars(range(min = 0, max = 65536))]
    pub block: u32,
    /// How far ahead the device is fed: "low", "high" or a time.
    pub latency: Latency,
    /// How late feedback links (`~>`) are.
    #[schemars(extend("x-min" = "1 smp", "x-max" = "1 s"))]
    pub feedback: Time,
    /// The most that buffers and nodes may take.
    #[schemars(extend("x-min" = "1 MiB", "x-max" = "1 TiB"))]
    pub max_memory: Size,
    /// How long sound fades that comes or goes when the patch is changed while it plays; 0 cuts.
    #[schemars(extend("x-max" = "10 s"))]
    pub fade: Time,
    /// How many threads render, with the audio thread. Patches that are too narrow for that are rendered by one, and so are all
    /// where the others cannot have the audio thread's real-time rights. The sound is the same with any number.
    #[schemars(range(min = 1, max = 64))]
    pub threads: u32,
    /// Folders outside the patch's own in which its nodes may read and write files.
    pub allow_paths: Vec<String>,
    /// What happens when the device goes: "hold" keeps all state and reconnects, "fallback" takes the default device,
    /// "stop" ends the run.
    pub on_device_loss: OnDeviceLoss,
    /// What happens at an xrun: "report" says so, "ignore" only counts, "stop" ends the run.
    pub on_xrun: OnXrun,
    /// More xruns than this end the run; absent, none do.
    pub max_xruns: Option<u32>,
    /// How much of a block's time the patch may take before nodes with `optional = true` are left out, the heaviest
    /// first, until there is time for them again: "90 %", or "never".
    pub shed: Shed,
    /// The name shown to a sound server; the patch's if absent.
    pub client_name: Option<String>,
    /// Whether ports are connected to the device's by themselves.
    pub connect: bool,
    /// Whether other programs may use the device too.
    pub share: Share,
    /// Whether the patch plays only while the server's transport rolls ("follow"), or all the time ("ignore").
    pub transport: Transport,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            backend: Backend::default(),
            sample_rate: SampleRate::default(),
            block: 0,
            latency: Latency::default(),
            feedback: Time::Frames(64),
            max_memory: Size(1 << 30),
            fade: Time::Seconds(0.02),
            threads: 1,
            allow_paths: Vec::new(),
            on_device_loss: OnDeviceLoss::default(),
            on_xrun: OnXrun::default(),
            max_xruns: None,
            shed: Shed::default(),
            client_name: None,
            connect: true,
            share: Share::default(),
            transport: Transport::default(),
        }
    }
}

/// Where sound comes from and goes to.
///
/// ```
/// use patchline_patch::{Backend, EngineSettings};
///
/// let settings: EngineSettings = toml::from_str("backend = 'sim'")?;
/// assert_eq!(settings.backend, Backend::Sim);
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// JACK if a server answers, else cpal, else an error.
    #[default]
    Auto,
    /// A JACK server.
    Jack,
    /// The system's own devices.
    Cpal,
    /// No device; paced by the clock.
    Null,
    /// A simulated device, in virtual time.
    Sim,
}

/// Frames per second.
///
/// ```
/// use patchline_patch::{EngineSettings, SampleRate};
///
/// let settings: EngineSettings = toml::from_str("sample_rate = 44100")?;
/// assert_eq!(settings.sample_rate, SampleRate::Hz(44_100));
/// assert_eq!(EngineSettings::default().sample_rate, SampleRate::Device);
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "NumberOrText", into = "NumberOrText")]
pub enum SampleRate {
    /// What the device or file has, else 48000.
    #[default]
    Device,
    /// This many, in Hz.
    Hz(u32),
}

/// How far ahead the device is fed.
///
/// ```
/// use patchline_nodes::Time;
/// use patchline_patch::{EngineSettings, Latency};
///
/// let settings: EngineSettings = toml::from_str("latency = '10 ms'")?;
/// assert_eq!(settings.latency, Latency::Time(Time::Seconds(0.01)));
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "NumberOrText", into = "NumberOrText")]
pub enum Latency {
    /// As little as the device's defaults allow.
    #[default]
    Low,
    /// Safe rather than quick.
    High,
    /// About this long.
    Time(Time),
}

/// What happens when the device goes.
///
/// ```
/// use patchline_patch::{EngineSettings, OnDeviceLoss};
///
/// let settings: EngineSettings = toml::from_str("on_device_loss = 'stop'")?;
/// assert_eq!(settings.on_device_loss, OnDeviceLoss::Stop);
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnDeviceLoss {
    /// Keep all state and reconnect.
    #[default]
    Hold,
    /// Go on with the default device.
    Fallback,
    /// End the run.
    Stop,
}

/// What happens at an xrun.
///
/// ```
/// use patchline_patch::{EngineSettings, OnXrun};
///
/// let settings: EngineSettings = toml::from_str("on_xrun = 'ignore'")?;
/// assert_eq!(settings.on_xrun, OnXrun::Ignore);
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnXrun {
    /// Say so, and count.
    #[default]
    Report,
    /// Count.
    Ignore,
    /// End the run.
    Stop,
}

/// Whether other programs may use the device too.
///
/// ```
/// use patchline_patch::{EngineSettings, Share};
///
/// let settings: EngineSettings = toml::from_str("share = 'exclusive'")?;
/// assert_eq!(settings.share, Share::Exclusive);
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Share {
    /// They may.
    #[default]
    Shared,
    /// They may not; an error where that cannot be had.
    Exclusive,
}

/// What a sound server's transport means.
///
/// ```
/// use patchline_patch::{EngineSettings, Transport};
///
/// let settings: EngineSettings = toml::from_str("transport = 'follow'")?;
/// assert_eq!(settings.transport, Transport::Follow);
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Nothing.
    #[default]
    Ignore,
    /// The patch plays only while it rolls; an error where there is none.
    Follow,
}

impl EngineSettings {
    /// The rate the patch asks for, in Hz; `None` leaves it to the device or file.
    #[must_use]
    pub fn rate(&self) -> Option<u32> {
        match self.sample_rate {
            SampleRate::Device => None,
            SampleRate::Hz(rate) => Some(rate),
        }
    }

    /// Feedback delay in frames (1 to one second), memory budget in bytes, the fade of loads in frames, and threads, set on a
    /// stream whose rate is known.
    pub fn apply(&self, stream: &mut StreamSpec) {
        let rate = u64::from(stream.rate.max(1));
        stream.feedback = self.feedback.frames(f64::from(stream.rate)).clamp(1, rate);
        stream.max_memory = usize::try_from(self.max_memory.bytes()).unwrap_or(usize::MAX);
        stream.threads = self.threads.clamp(1, 64) as usize;
        stream.fade = self.fade.frames(f64::from(stream.rate));
    }

    /// The keys of the table, as the struct declares them.
    #[must_use]
    pub fn params() -> &'static [Param] {
        static PARAMS: LazyLock<Vec<Param>> = LazyLock::new(|| params_of(&schema_of::<EngineSettings>()));
        &PARAMS
    }
}

/// The form in which a setting that is a text or a number is read and written.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(f64),
    Text(String),
}

impl TryFrom<NumberOrText> for SampleRate {
    type Error = String;

    fn try_from(given: NumberOrText) -> Result<Self, String> {
        let hz = match given {
            NumberOrText::Text(text) if text == "device" => return Ok(Self::Device),
            NumberOrText::Text(text) => text.parse::<Frequency>().map_err(|error| error.to_string())?.hz(),
            NumberOrText::Number(hz) => hz,
        };
        if hz.fract() != 0.0 || !(1.0..=f64::from(u32::MAX)).contains(&hz) {
            return Err("a sample rate is a whole number of Hz".to_owned());
        }
        Ok(Self::Hz(hz as u32))
    }
}

impl From<SampleRate> for NumberOrText {
    fn from(rate: SampleRate) -> Self {
        match rate {
            SampleRate::Device => Self::Text("device".to_owned()),
            SampleRate::Hz(hz) => Self::Number(f64::from(hz)),
        }
    }
}

impl TryFrom<NumberOrText> for Latency {
    type Error = String;

    fn try_from(given: NumberOrText) -> Result<Self, String> {
        let text = match given {
            NumberOrText::Text(text) => text,
            NumberOrText::Number(number) => number.to_string(),
        };
        match text.as_str() {
            "low" => Ok(Self::Low),
            "high" => Ok(Self::High),
            time => time.parse().map(Self::Time).map_err(|error: patchline_nodes::QuantityError| error.to_string()),
        }
    }
}

impl From<Latency> for NumberOrText {
    fn from(latency: Latency) -> Self {
        match latency {
            Latency::Low => Self::Text("low".to_owned()),
            Latency::High => Self::Text("high".to_owned()),
            Latency::Time(time) => Self::Text(time.to_string()),
        }
    }
}

impl JsonSchema for SampleRate {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SampleRate".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut frequency = Frequency::json_schema(generator);
        frequency.insert("minimum".to_owned(), 1000.into());
        frequency.insert("maximum".to_owned(), 768_000.into());
        schemars::json_schema!({ "anyOf": [{ "enum": ["device"] }, frequency] })
    }
}

impl JsonSchema for Latency {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Latency".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut time = Time::json_schema(generator);
        time.insert("x-max".to_owned(), "10 s".into());
        schemars::json_schema!({ "anyOf": [{ "enum": ["low", "high"] }, time] })
    }
}
