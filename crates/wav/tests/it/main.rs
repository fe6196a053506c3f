//! What a recorder may rely on, tried on real files.

mod crash;
mod damaged;
mod files;
mod full_disk;
mod gaps;
mod hound_oracle;
mod places;
mod repair;
mod rf64;
mod round_trip;
mod streams;

use std::path::{Path, PathBuf};

use patchline_wav::{FileReader, FileWriter, Format, Info, Options, Reader, Subtype};

/// A signal that is different in every sample, with full scale, silence and its neighbours in it.
fn signal(samples: usize) -> Vec<f32> {
    let edges = [0.0, -0.0, -1.0, 32_767.0 / 32_768.0, 1.0 / 32_768.0, -1.0 / 32_768.0];
    let wave = (0..samples).map(|i| ((i * 7919) % 65_521) as f32 / 32_768.0 - 1.0);
    edges.into_iter().chain(wave).take(samples).collect()
}

fn format(channels: u16, subtype: Subtype) -> Format {
    Format { rate: 48_000, channels, subtype }
}

/// Every format the tests loop over.
fn formats() -> impl Iterator<Item = Format> {
    let channels = [1, 2, 3, 6];
    channels.into_iter().flat_map(|channels| Subtype::ALL.map(|subtype| format(channels, subtype)))
}

fn write(path: &Path, format: Format, samples: &[f32]) {
    let mut writer = FileWriter::create(path, Options::new(format)).unwrap();
    writer.write_interleaved(samples).unwrap();
    writer.finish().unwrap();
}

fn read(path: &Path) -> (Info, Vec<f32>) {
    read_all(&mut FileReader::open(path).unwrap())
}

/// Reads to the end in pieces of 7 frames.
fn read_all<R: std::io::Read>(reader: &mut Reader<R>) -> (Info, Vec<f32>) {
    let channels = usize::from(reader.info().channels);
    let (mut out, mut piece) = (Vec::new(), vec![0.0; 7 * channels]);
    loop {
        let frames = reader.read_interleaved(&mut piece).unwrap();
        out.extend_from_slice(&piece[..frames * channels]);
        if frames < 7 {
            return (*reader.info(), out);
        }
    }
}

fn bits(samples: &[f32]) -> Vec<u32> {
    samples.iter().map(|x| x.to_bits()).collect()
}

/// A fresh folder, gone when dropped, and a path in it.
fn scratch() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("take.wav");
    (folder, path)
}
