use std::fmt::{Debug, Display};
use std::str::FromStr;

use proptest::prelude::*;
use schemars::{JsonSchema, schema_for};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Frequency, Level, QuantityError, Size, Time};

fn read<T: FromStr<Err = QuantityError>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: QuantityError| error.to_string())
}

/// Text, JSON and TOML all give the value back.
fn check_round_trip<T>(value: T)
where
    T: FromStr<Err = QuantityError> + Display + Debug + PartialEq + Copy + Serialize + DeserializeOwned,
{
    assert_eq!(read::<T>(&value.to_string()), Ok(value));
    assert_eq!(serde_json::from_value::<T>(serde_json::to_value(value).unwrap()).unwrap(), value);
}

#[test]
fn times_read_with_their_unit() {
    let cases = [
        ("500 ms", Time::Seconds(0.5)),
        ("500ms", Time::Seconds(0.5)),
        (" 1 s ", Time::Seconds(1.0)),
        ("1e-3 s", Time::Seconds(0.001)),
        ("1.5 min", Time::Seconds(90.0)),
        ("2h", Time::Seconds(7200.0)),
        ("50 us", Time::Seconds(50e-6)),
        ("50 µs", Time::Seconds(50e-6)),
        ("22050 smp", Time::Frames(22_050)),
        ("1e3 smp", Time::Frames(1_000)),
        ("18446744073709551615 smp", Time::Frames(u64::MAX)),
        ("0", Time::ZERO),
        ("-0 s", Time::ZERO),
    ];
    for (text, time) in cases {
        assert_eq!(read(text), Ok(time), "{text}");
    }
}

#[test]
fn a_wrong_time_says_what_would_be_right() {
    let cases = [
        ("500", r#"a time needs a unit: "500 ms", "0.5 s" or "22050 smp""#),
        ("soon", r#"`soon` is not a time: write "500 ms", "0.5 s" or "22050 smp""#),
        ("", r#"`` is not a time: write "500 ms", "0.5 s" or "22050 smp""#),
        ("5 sec", r#"`sec` is not a unit of a time: write "500 ms", "0.5 s" or "22050 smp""#),
        ("10,5 ms", "`10,5` has a comma: decimals follow a point, as in 0.5, and thousands are not divided"),
        ("5 e", r#"`e` is not a unit of a time: write "500 ms", "0.5 s" or "22050 smp""#),
        ("-5 ms", "a time is not negative"),
        ("-5 smp", "a time is not negative"),
        ("1e400 s", "a time is a finite number"),
        ("1e308 min", "a time is a finite number"),
        ("18446744073709551616 smp", "a time is a finite number"),
        ("0.5 smp", "a number of samples is whole"),
        ("inf s", r#"`inf s` is not a time: write "500 ms", "0.5 s" or "22050 smp""#),
    ];
    for (text, message) in cases {
        assert_eq!(read::<Time>(text), Err(message.to_owned()), "{text}");
    }
}

#[test]
fn an_error_repeats_little_and_no_control_characters() {
    let error = read::<Time>(&format!("\u{1b}[31m{}", "x".repeat(1000))).unwrap_err();
    assert!(error.len() < 120 && !error.contains('\u{1b}'), "{error}");
}

#[test]
fn times_become_the_nearest_frame() {
    assert_eq!(Time::Seconds(0.5).frames(44_100.0), 22_050);
    assert_eq!(Time::Seconds(0.02).frames(44_100.0), 882);
    assert_eq!(Time::Seconds(0.000_99).frames(1_000.0), 1);
    assert_eq!(Time::Seconds(1e300).frames(48_000.0), u64::MAX);
    assert_eq!(Time::Frames(7).frames(48_000.0), 7);
    assert_eq!(Time::Frames(24_000).seconds(48_000.0), 0.5);
}

#[test]
fn levels_read_linear_and_in_decibels() {
    assert_eq!(read("0.5"), Level::new(0.5).map_err(|e| e.to_string()));
    assert_eq!(read::<Level>("-20 dB").unwrap().linear(), 0.1);
    assert_eq!(read::<Level>("+6dB").unwrap().linear_f64(), libm::pow(10.0, 0.3));
    assert_eq!(read("0 dB"), Ok(Level::UNITY));
    assert_eq!(read("-inf dB"), Ok(Level::SILENCE));
    assert!((read::<Level>("-6 dB").unwrap().db() + 6.0).abs() < 1e-12);
    for (text, message) in [
        ("-6 db", r#"`db` is not a unit of a level: write 0.5 (linear) or "-6 dB""#),
        ("loud", r#"`loud` is not a level: write 0.5 (linear) or "-6 dB""#),
        ("inf dB", r#"`inf dB` is not a level: write 0.5 (linear) or "-6 dB""#),
        ("9000 dB", "a level is a finite number"),
    ] {
        assert_eq!(read::<Level>(text), Err(message.to_owned()));
    }
}

#[test]
fn frequencies_and_sizes_read() {
    assert_eq!(read::<Frequency>("1 kHz").unwrap().hz(), 1000.0);
    assert_eq!(read::<Frequency>("440").unwrap(), read("440Hz").unwrap());
    assert_eq!(read::<Frequency>("-1 Hz"), Err("a frequency is not negative".to_owned()));
    assert_eq!(read("1 GiB"), Ok(Size(1 << 30)));
    assert_eq!(read("1.5 MiB"), Ok(Size(3 << 19)));
    assert_eq!(read("100 MB"), Ok(Size(100_000_000)));
    assert_eq!(read::<Size>("100"), Err(r#"a size needs a unit: "1 GiB", "100 MB" or "512 B""#.to_owned()));
    assert_eq!(read::<Size>("1e30 TB"), Err("a size is a finite number".to_owned()));
    assert_eq!(read::<Size>("0.5 B"), Err("a number of bytes is whole".to_owned()));
}

#[test]
fn the_shortest_form_is_shown() {
    let shown = |text: &str| read::<Time>(text).unwrap().to_string();
    assert_eq!(shown("0.02 s"), "20 ms");
    assert_eq!(shown("500 ms"), "0.5 s");
    assert_eq!(shown("0"), "0 s");
    assert_eq!(shown("0.05 ms"), "50 us");
    assert_eq!(shown("1000 smp"), "1000 smp");
    let shown = |text: &str| read::<Level>(text).unwrap().to_string();
    assert_eq!(shown("-6 dB"), "-6 dB");
    assert_eq!(shown("-20 dB"), "0.1");
    assert_eq!(shown("0.75"), "0.75");
    assert_eq!(read::<Frequency>("1000").unwrap().to_string(), "1 kHz");
    assert_eq!(read::<Frequency>("440").unwrap().to_string(), "440 Hz");
}

proptest! {
    #[test]
    fn every_form_reads_back(value in 0.0f64..1e6, tens in -3000i32..600, count: u64) {
        check_round_trip(Time::Seconds(value));
        check_round_trip(Time::Seconds((value * 1e3).round() / 1e6));
        check_round_trip(Time::Frames(count));
        check_round_trip(Level::new(value - 5e5).unwrap());
        check_round_trip(Level::from_db(f64::from(tens) / 10.0).unwrap());
        check_round_trip(Frequency::new(value).unwrap());
        check_round_trip(Size(count));
        check_round_trip(Size(count >> 30 << 30));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,12}|[-+0-9.eE]{0,6} ?[a-zµ]{0,3}") {
        let _ = read::<Time>(&text);
        let _ = read::<Level>(&text);
        let _ = read::<Frequency>(&text);
        let _ = read::<Size>(&text);
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Params {
    #[schemars(range(min = -1000, max = 1000))]
    gain: Level,
    #[schemars(extend("x-min" = "1 ms", "x-max" = "10 s"))]
    time: Time,
    #[schemars(range(min = 0.1, max = 20_000))]
    #[serde(default)]
    pitch: Option<Frequency>,
}

#[test]
fn toml_values_read_and_errors_point_at_them() {
    let params: Params = toml::from_str("gain = 2\ntime = '5 ms'\npitch = 440").unwrap();
    assert_eq!((params.gain.linear(), params.time), (2.0, Time::Seconds(0.005)));
    assert_eq!(toml::from_str::<Params>("gain = '-inf dB'\ntime = 0").unwrap().time, Time::ZERO);

    let check = |text: &str, wrong: &str, message: &str| {
        let error = toml::from_str::<Params>(text).unwrap_err();
        assert_eq!(&text[error.span().unwrap()], wrong);
        assert!(error.message().contains(message), "{error}");
    };
    check("gain = 1\ntime = 500", "500", r#"a time needs a unit: "500 ms""#);
    check("gain = 1\ntime = 0.5", "0.5", r#"a time needs a unit: "500 ms""#);
    check("gain = nan\ntime = 0", "nan", "a level is a finite number");
    check("gain = 1\ntime = '5 sec'", "'5 sec'", "`sec` is not a unit of a time");
    check("gain = true\ntime = 0", "true", r#"expected a level: 0.5 (linear) or "-6 dB""#);
}

#[test]
fn the_schema_is_inline_and_takes_ranges() {
    let schema = schema_for!(Params).to_value();
    let properties = &schema["properties"];
    let check = |name: &str, expected: serde_json::Value| {
        let mut shown = properties[name].clone();
        let pattern = shown.as_object_mut().unwrap().remove("pattern").unwrap();
        assert!(pattern.as_str().unwrap().starts_with('^'));
        assert_eq!(shown, expected);
    };
    check("gain", json!({"type": ["number", "string"], "minimum": -1000, "maximum": 1000, "x-quantity": "level"}));
    check(
        "time",
        json!({"type": ["string", "integer"], "minimum": 0, "maximum": 0, "x-min": "1 ms", "x-max": "10 s",
               "x-quantity": "time"}),
    );
    let pitch = &properties["pitch"];
    assert_eq!((&pitch["minimum"], &pitch["x-quantity"]), (&json!(0.1), &json!("frequency")));
    assert!(schema.get("$defs").is_none());
}
