//! hound, another implementation of the format, reads what we write and writes what we read.

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use patchline_wav::{FileWriter, Format, Options, Subtype};

use crate::{bits, formats, read, scratch, signal};

fn spec(format: Format) -> WavSpec {
    let sample_format = match format.subtype {
        Subtype::Float => SampleFormat::Float,
        _ => SampleFormat::Int,
    };
    let bits_per_sample = 8 * format.subtype.bytes() as u16;
    WavSpec { channels: format.channels, sample_rate: format.rate, bits_per_sample, sample_format }
}

/// Integers of as many bits, spread over the whole range, its ends first.
fn integers(bits: u16, samples: usize) -> Vec<i32> {
    let top = i64::from(i32::MAX) >> (32 - bits);
    let spread = (0..samples as i64).map(|i| (i * 982_451_653).rem_euclid(2 * top + 2) - top - 1);
    [-top - 1, top, 0, -1, 1].into_iter().chain(spread).take(samples).map(|x| x as i32).collect()
}

#[test]
fn hound_reads_what_we_write() {
    for format in formats() {
        for frames in [0, 1, 3, 1001] {
            let (_folder, path) = scratch();
            let samples = frames * usize::from(format.channels);
            let spec = spec(format);
            if spec.sample_format == SampleFormat::Float {
                let floats = signal(samples);
                crate::write(&path, format, &floats);
                let mut reader = WavReader::open(&path).unwrap();
                assert_eq!((reader.spec(), reader.duration() as usize), (spec, frames));
                let back: Vec<f32> = reader.samples().map(Result::unwrap).collect();
                assert_eq!(bits(&back), bits(&floats), "{format:?}");
                continue;
            }
            // 25 bits and more do not fit an f32: their lowest byte is 0 here.
            let mask = if spec.bits_per_sample == 32 { !0xFF } else { !0 };
            let integers: Vec<i32> = integers(spec.bits_per_sample, samples).iter().map(|x| x & mask).collect();
            let scale = 2_f64.powi(i32::from(spec.bits_per_sample) - 1);
            let floats: Vec<f32> = integers.iter().map(|&x| (f64::from(x) / scale) as f32).collect();
            let mut writer = FileWriter::create(&path, Options::new(format)).unwrap();
            writer.write_interleaved(&floats).unwrap();
            assert_eq!(writer.finish().unwrap().clipped, 0);
            let mut reader = WavReader::open(&path).unwrap();
            assert_eq!((reader.spec(), reader.duration() as usize), (spec, frames));
            let back: Vec<i32> = reader.samples().map(Result::unwrap).collect();
            assert_eq!(back, integers, "{format:?} × {frames}");
        }
    }
}

#[test]
fn we_read_what_hound_writes() {
    for format in formats() {
        for frames in [0, 1, 3, 1001] {
            let (_folder, path) = scratch();
            let samples = frames * usize::from(format.channels);
            let spec = spec(format);
            let mut writer = WavWriter::create(&path, spec).unwrap();
            let expected: Vec<f32> = if spec.sample_format == SampleFormat::Float {
                let floats = signal(samples);
                floats.iter().for_each(|&x| writer.write_sample(x).unwrap());
                floats
            } else {
                let integers = integers(spec.bits_per_sample, samples);
                integers.iter().for_each(|&x| writer.write_sample(x).unwrap());
                let scale = 2_f64.powi(i32::from(spec.bits_per_sample) - 1);
                integers.iter().map(|&x| (f64::from(x) / scale) as f32).collect()
            };
            writer.finalize().unwrap();
            let (info, back) = read(&path);
            assert_eq!(info.frames, Some(frames as u64));
            assert_eq!(info.encoding.subtype(), Some(format.subtype));
            assert_eq!(bits(&back), bits(&expected), "{format:?} × {frames}");
        }
    }
}

#[test]
fn we_read_the_8_bits_hound_writes() {
    let (_folder, path) = scratch();
    let spec = WavSpec { channels: 1, sample_rate: 8000, bits_per_sample: 8, sample_format: SampleFormat::Int };
    let mut writer = WavWriter::create(&path, spec).unwrap();
    (-128..128).for_each(|x: i32| writer.write_sample(x).unwrap());
    writer.finalize().unwrap();
    let expected: Vec<f32> = (-128..128).map(|x| x as f32 / 128.0).collect();
    assert_eq!(read(&path).1, expected);
}
