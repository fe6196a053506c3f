//! What a device can do, and which of it is asked for.

use patchline_io::{ChannelCount, IoError, LatencyWish, Side};

/// Rates that are offered where a device takes any: others may be accepted and then hardly run.
const COMMON_RATES: [u32; 13] =
    [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000, 352_800, 384_000];
/// From here on, a device that takes any number of channels is software, and what it has says nothing.
const OPEN_CHANNELS: usize = 32;
/// Channels where the number is open.
const USUAL_CHANNELS: usize = 2;
/// Rates that are taken when nothing says which, the first that there is.
const USUAL_RATES: [u32; 2] = [48_000, 44_100];

/// A format of samples; the better ones first: f32 needs no conversion, then what keeps most bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Format {
    F32,
    I32,
    I24,
    I16,
    F64,
    I64,
    U32,
    U24,
    U16,
    U64,
    I8,
    U8,
}

impl Format {
    /// As the field calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::I32 => "i32",
            Self::I24 => "i24",
            Self::I16 => "i16",
            Self::F64 => "f64",
            Self::I64 => "i64",
            Self::U32 => "u32",
            Self::U24 => "u24",
            Self::U16 => "u16",
            Self::U64 => "u64",
            Self::I8 => "i8",
            Self::U8 => "u8",
        }
    }
}

/// One thing that a side of a device can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mode {
    pub(crate) format: Format,
    pub(crate) channels: usize,
    /// The lowest and the highest rate, in Hz.
    pub(crate) rates: (u32, u32),
    /// The shortest and the longest block, in frames.
    pub(crate) blocks: Option<(u32, u32)>,
}

/// What one side of a device can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Caps {
    pub(crate) modes: Vec<Mode>,
    /// The rate and the channels that its host would take.
    pub(crate) default: Option<(u32, usize)>,
    /// Whether the default's channels are all that is behind it, whatever the modes say.
    pub(crate) converts: bool,
}

impl Caps {
    /// Channels it has.
    pub(crate) fn channels(&self) -> usize {
        let most = self.modes.iter().map(|mode| mode.channels).max().unwrap_or(0);
        match self.default {
            Some((_, channels)) if self.converts => channels,
            _ if most >= OPEN_CHANNELS && self.has_channels(USUAL_CHANNELS) => USUAL_CHANNELS,
            _ => most,
        }
    }

    fn has_channels(&self, channels: usize) -> bool {
        self.modes.iter().any(|mode| mode.channels == channels)
    }

    /// Rates it runs at, ascending.
    pub(crate) fn rates(&self) -> Vec<u32> {
        let exact = self.modes.iter().filter(|mode| mode.rates.0 == mode.rates.1).map(|mode| mode.rates.0);
        let within = |rate: &u32| self.modes.iter().any(|mode| (mode.rates.0..=mode.rates.1).contains(rate));
        let mut rates: Vec<u32> = COMMON_RATES.into_iter().filter(within).chain(exact).collect();
        rates.extend(self.default.map(|(rate, _)| rate));
        rates.sort_unstable();
        rates.dedup();
        rates
    }

    /// The rate it runs at when nobody asks for another.
    pub(crate) fn default_rate(&self) -> Option<u32> {
        let rates = self.rates();
        let usual = USUAL_RATES.into_iter().find(|rate| rates.contains(rate));
        self.default.map(|(rate, _)| rate).or(usual).or(rates.last().copied())
    }

    /// Its formats, the better ones first.
    pub(crate) fn formats(&self) -> Vec<Format> {
        let mut formats: Vec<Format> = self.modes.iter().map(|mode| mode.format).collect();
        formats.sort_unstable();
        formats.dedup();
        formats
    }

    /// The shortest and the longest block of all it can do.
    pub(crate) fn blocks(&self) -> Option<(usize, usize)> {
        let blocks = self.modes.iter().filter_map(|mode| mode.blocks);
        let all = blocks.reduce(|(least, most), (low, high)| (least.min(low), most.max(high)))?;
        Some((all.0 as usize, all.1 as usize))
    }
}

/// How a side of a device is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Setup {
    pub(crate) format: Format,
    /// In Hz.
    pub(crate) rate: u32,
    /// Channels of the device.
    pub(crate) width: usize,
    /// Channels of it that are ours, the first ones.
    pub(crate) channels: usize,
    /// Frames of a block.
    pub(crate) block: u32,
}

/// What is asked of a side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) channels: ChannelCount,
    /// In Hz.
    pub(crate) rate: Option<u32>,
    /// Frames.
    pub(crate) block: Option<usize>,
    pub(crate) latency: LatencyWish,
    /// Blocks for low and for high latency, in frames.
    pub(crate) usual_blocks: (u32, u32),
}

/// How a device is opened for what is asked.
///
/// # Errors
/// [`IoError::Rate`] and [`IoError::Channels`] for what it has not, [`IoError::Unavailable`] if it has nothing.
pub(crate) fn choose(caps: &Caps, wish: &Wish, name: &str, side: Side) -> Result<Setup, IoError> {
    let (channels, width) = choose_channels(caps, wish.channels, name, side)?;
    let rate = choose_rate(caps, wish.rate, name)?;
    let fits = |mode: &&Mode| mode.channels == width && (mode.rates.0..=mode.rates.1).contains(&rate);
    let mode = caps.modes.iter().filter(fits).min_by_key(|mode| mode.format);
    let Some(mode) = mode else {
        return Err(IoError::Rate { device: name.to_owned(), asked: rate, rates: rates_of(caps, width) });
    };
    let (least, most) = mode.blocks.unwrap_or((1, u32::MAX));
    let block = wanted_block(wish, rate, side).clamp(least, most.max(least));
    Ok(Setup { format: mode.format, rate, width, channels, block })
}

/// The channels that are ours, and those of the device.
fn choose_channels(caps: &Caps, asked: ChannelCount, name: &str, side: Side) -> Result<(usize, usize), IoError> {
    let has = caps.channels();
    if has == 0 {
        let reason = format!("it has no {side}");
        return Err(IoError::Unavailable { name: name.to_owned(), reason });
    }
    let (ours, least) = match asked {
        ChannelCount::All => (has, has),
        ChannelCount::AtLeast(least) => (has.max(least), least),
        ChannelCount::Exactly(count) => (count, count),
    };
    if least <= has {
        return Ok((ours, has));
    }
    // More than usual, of software that takes any number.
    if !caps.converts && caps.has_channels(least) {
        return Ok((ours, least));
    }
    Err(IoError::Channels { device: name.to_owned(), side, asked: least, has })
}

fn choose_rate(caps: &Caps, asked: Option<u32>, name: &str) -> Result<u32, IoError> {
    let rates = caps.rates();
    match asked.or(caps.default_rate()) {
        Some(rate) if rates.contains(&rate) => Ok(rate),
        Some(asked) => Err(IoError::Rate { device: name.to_owned(), asked, rates }),
        None => {
            let reason = "it says no rate that it runs at".to_owned();
            Err(IoError::Unavailable { name: name.to_owned(), reason })
        }
    }
}

/// The rates at which it has this many channels.
fn rates_of(caps: &Caps, width: usize) -> Vec<u32> {
    let modes = caps.modes.iter().filter(|mode| mode.channels == width).cloned().collect();
    Caps { modes, default: None, converts: false }.rates()
}

/// In frames. An output is fed two blocks ahead, an input delivers after one.
fn wanted_block(wish: &Wish, rate: u32, side: Side) -> u32 {
    let (low, high) = wish.usual_blocks;
    match (wish.block, wish.latency) {
        (Some(block), _) => u32::try_from(block).unwrap_or(u32::MAX).max(1),
        (None, LatencyWish::Low) => low,
        (None, LatencyWish::High) => high,
        (None, LatencyWish::Time(time)) => {
            let blocks = if side == Side::Input { 1.0 } else { 2.0 };
            (time.as_secs_f64() * f64::from(rate) / blocks).round().max(1.0) as u32
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn mode(format: Format, channels: usize, rates: (u32, u32)) -> Mode {
        Mode { format, channels, rates, blocks: Some((64, 4_096)) }
    }

    /// Eight channels at two rates, of which the higher has only four.
    fn interface() -> Caps {
        let modes = vec![
            mode(Format::I16, 8, (44_100, 44_100)),
            mode(Format::I32, 8, (44_100, 44_100)),
            mode(Format::I24, 8, (44_100, 44_100)),
            mode(Format::I32, 4, (96_000, 96_000)),
        ];
        Caps { modes, default: None, converts: false }
    }

    fn wish(channels: ChannelCount, rate: Option<u32>) -> Wish {
        Wish { channels, rate, block: None, latency: LatencyWish::Low, usual_blocks: (256, 1_024) }
    }

    fn check(caps: &Caps, wish: &Wish) -> Result<Setup, IoError> {
        choose(caps, wish, "it", Side::Output)
    }

    #[test]
    fn the_best_format_and_all_channels_are_chosen() {
        let setup = check(&interface(), &wish(ChannelCount::All, None)).unwrap();
        let expected = Setup { format: Format::I32, rate: 44_100, width: 8, channels: 8, block: 256 };
        assert_eq!(setup, expected);
        assert_eq!(
            check(&interface(), &wish(ChannelCount::Exactly(3), None)).unwrap(),
            Setup { channels: 3, ..expected }
        );
        assert_eq!(check(&interface(), &wish(ChannelCount::AtLeast(3), None)).unwrap(), expected);
    }

    #[test]
    fn what_a_device_lacks_is_an_error_that_says_what_it_has() {
        let error = check(&interface(), &wish(ChannelCount::AtLeast(9), None)).unwrap_err();
        assert!(matches!(error, IoError::Channels { asked: 9, has: 8, .. }), "{error}");
        let error = check(&interface(), &wish(ChannelCount::All, Some(48_000))).unwrap_err();
        assert!(matches!(&error, IoError::Rate { rates, .. } if rates[..] == [44_100, 96_000]), "{error}");
        let error = check(&interface(), &wish(ChannelCount::All, Some(96_000))).unwrap_err();
        assert!(
            matches!(&error, IoError::Rate { rates, .. } if rates[..] == [44_100]),
            "only with fewer channels: {error}"
        );
        let error = check(&Caps::default(), &wish(ChannelCount::All, None)).unwrap_err();
        assert!(matches!(error, IoError::Unavailable { .. }), "{error}");
    }

    #[test]
    fn software_that_takes_anything_has_usual_channels_and_rates() {
        let modes = (1..=32).map(|channels| mode(Format::F32, channels, (1, 384_000))).collect();
        let caps = Caps { modes, default: None, converts: false };
        assert_eq!((caps.channels(), caps.default_rate()), (2, Some(48_000)));
        let mono = check(&caps, &wish(ChannelCount::Exactly(1), None)).unwrap();
        assert_eq!((mono.channels, mono.width), (1, 2), "the first of two, not a mix of both");
        assert_eq!(check(&caps, &wish(ChannelCount::Exactly(6), None)).unwrap().width, 6);
        assert!(check(&caps, &wish(ChannelCount::All, Some(12_345))).is_err());
        let server = Caps { default: Some((44_100, 6)), converts: true, ..caps };
        assert_eq!((server.channels(), server.default_rate()), (6, Some(44_100)));
        assert!(matches!(check(&server, &wish(ChannelCount::Exactly(7), None)), Err(IoError::Channels { has: 6, .. })));
    }

    #[test]
    fn blocks_follow_the_wish_within_what_there_is() {
        let block = |block, latency| {
            let wish = Wish { block, latency, ..wish(ChannelCount::All, None) };
            check(&interface(), &wish).unwrap().block
        };
        assert_eq!(block(Some(128), LatencyWish::High), 128);
        assert_eq!(block(Some(1), LatencyWish::Low), 64);
        assert_eq!(block(None, LatencyWish::High), 1_024);
        assert_eq!(block(None, LatencyWish::Time(Duration::from_millis(20))), 441);
        assert_eq!(block(None, LatencyWish::Time(Duration::MAX)), 4_096);
    }
}
