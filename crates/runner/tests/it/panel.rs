//! The panel example on two voices: every take is a bit-exact cut of the input, pre-roll included.

use std::ops::Range;

use patchline_wav::{FileWriter, Format, Options, Subtype};

use crate::support::{Folder, example, read};

const RATE: usize = 48_000;
const FRAMES: usize = 9 * RATE;
/// Half a second, as the host's recorder keeps it; the guest's keeps none.
const PRE_ROLL: usize = RATE / 2;

/// One voice: noise on the grid of 24 bits, loud within `bursts` and hardly there elsewhere.
fn voice(seed: u32, bursts: &[Range<usize>]) -> Vec<f32> {
    let mut state = seed;
    let mut sample = |frame: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let most = if bursts.iter().any(|burst| burst.contains(&frame)) { 1 << 21 } else { 1 << 12 };
        ((state >> 8) as i32 % most - most / 2) as f32 / (1 << 23) as f32
    };
    (0..FRAMES).map(&mut sample).collect()
}

/// When a gate with the example's parameters is open, as its documentation defines it: an RMS over 8 hops of 60 frames,
/// judged at the end of each hop; open above 0.02, closed a second after it fell below 0.015.
fn open(voice: &[f32]) -> Vec<Range<usize>> {
    let (mut takes, mut since, mut low): (Vec<_>, Option<usize>, Option<usize>) = (vec![], None, None);
    for end in (60..=voice.len()).step_by(60) {
        let window = &voice[end.saturating_sub(480)..end];
        let rms = (window.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / 480.0).sqrt();
        match since {
            None if rms > 0.02 => since = Some(end),
            Some(_) if rms >= 0.015 => low = None,
            Some(start) if end - *low.get_or_insert(end) >= RATE => {
                takes.push(start..end);
                (since, low) = (None, None);
            }
            _ => {}
        }
    }
    takes.extend(since.map(|start| start..voice.len()));
    takes
}

#[test]
fn takes_are_cuts_of_the_input() {
    let folder = Folder::new();
    std::fs::copy(example("panel.toml"), folder.path().join("panel.toml")).unwrap();
    let host = voice(1, &[60_000..75_000, 190_000..191_000]);
    let guest = voice(2, &[1_000..3_000, 110_000..150_000, 420_000..432_000]);
    let format = Format { rate: RATE as u32, channels: 2, subtype: Subtype::Float };
    let mut writer = FileWriter::create(folder.path().join("in.wav"), Options::new(format)).unwrap();
    writer.write_planar(&[&host, &guest]).unwrap();
    writer.finish().unwrap();
    folder.run(["render", "panel.toml", "-i", "in.wav", "--clock", "2026-01-31T12:00:00"]).exits(0);

    let mut expected = vec![];
    for (name, voice, pre_roll) in [("guest", &guest, 0), ("host", &host, PRE_ROLL)] {
        let takes = open(voice);
        assert!(takes.len() >= 2, "{name}: {takes:?}");
        for (index, take) in takes.into_iter().enumerate() {
            let file = format!("takes/2026-01-31/{name}-{:04}.wav", index + 1);
            let heard = read(&folder.path().join(&file)).0;
            let cut = &voice[take.start.saturating_sub(pre_roll)..take.end];
            assert_eq!(heard.len(), cut.len(), "{file}: {take:?}");
            assert!(heard.iter().zip(cut).all(|(a, b)| a.to_bits() == b.to_bits()), "{file} is no cut of the input");
            expected.push(file);
        }
    }
    let all = "takes/2026-01-31/all-0001.wav".to_owned();
    let safety = read(&folder.path().join(&all)).0;
    let both = host.iter().zip(&guest).flat_map(|(host, guest)| [*host, *guest]);
    assert!(both.eq(safety.iter().copied()), "the safety track is the whole input");
    expected.push(all);
    expected.sort();
    let written: Vec<String> = folder.listing().into_iter().filter(|name| name.ends_with(".wav")).collect();
    assert_eq!(written, [vec!["in.wav".to_owned()], expected].concat());
}
