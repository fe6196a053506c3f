//! OSC's time tags: NTP's seconds since 1900, with 32 bits of fraction.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rosc::OscTime;

/// From 1900 to 1970.
const UNIX: u64 = 2_208_988_800;

/// When a tag is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// As soon as possible: the tag says so, or there is none.
    Now,
    /// It was so long ago.
    Late(Duration),
    /// It will be in so long.
    In(Duration),
}

/// When a tag is, seen from `now`. What is more than 68 years away is taken for the other side: tags count modulo 2³²
/// seconds, and begin anew in 2036.
pub(crate) fn due(tag: Option<OscTime>, now: SystemTime) -> Due {
    let Some(OscTime { seconds, fractional }) = tag.filter(|tag| (tag.seconds, tag.fractional) != (0, 1)) else {
        return Due::Now;
    };
    let tag = u64::from(seconds) << 32 | u64::from(fractional);
    let ahead = tag.wrapping_sub(since_1900(now)).cast_signed();
    let length = Duration::from_secs_f64(ahead.unsigned_abs() as f64 / 2_f64.powi(32));
    if ahead < 0 { Due::Late(length) } else { Due::In(length) }
}

/// A time as 32 bits of seconds and 32 of fraction, the seconds modulo 2³².
fn since_1900(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
    (since.as_secs() + UNIX) << 32 | fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(unix: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(unix)
    }

    fn check(seconds: u32, fractional: u32, now: SystemTime, expected: Due) {
        assert_eq!(due(Some(OscTime { seconds, fractional }), now), expected);
    }

    #[test]
    fn tags_are_seen_from_now_over_the_turn_of_the_era_too() {
        assert_eq!(due(None, at(0)), Due::Now);
        check(0, 1, at(1_700_000_000), Due::Now);
        let second = UNIX as u32 + 1_000_000_000;
        check(second, 1 << 31, at(1_000_000_000), Due::In(Duration::from_millis(500)));
        check(second, 0, at(1_000_000_002), Due::Late(Duration::from_secs(2)));
        // The last second of the era, and the first of the next.
        let end = (1_u64 << 32) - UNIX;
        check(0, 0, at(end - 1), Due::In(Duration::from_secs(1)));
        check(u32::MAX, 0, at(end), Due::Late(Duration::from_secs(1)));
        check(0, 0, at(1_700_000_000), Due::In(Duration::from_secs(end - 1_700_000_000)));
    }
}
