//! The benchmark with everybody there is to compare with: `./x bench`.

mod custom;
mod dasp;
mod edits;
mod files;
mod firewheel;
mod fundsp;
mod fundsp_net;
mod python;
mod web_audio;

use std::process::ExitCode;

use patchline_benches::{Extra, Others, Peer};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((first, rest)) = arguments.split_first()
        && first == files::FUSED
    {
        files::fused(rest).expect("files that can be read and written");
        return ExitCode::SUCCESS;
    }
    patchline_benches::main(Others { peers: peers(), extras: extras() })
}

fn peers() -> Vec<Box<dyn Peer>> {
    vec![
        Box::new(dasp::DaspGraph),
        Box::new(firewheel::Firewheel::OwnMeters),
        Box::new(firewheel::Firewheel::CustomMeter),
        Box::new(fundsp::Static),
        Box::new(fundsp_net::Network),
        Box::new(web_audio::WebAudio),
    ]
}

fn extras() -> Vec<Box<dyn Extra>> {
    edits::all().into_iter().chain(files::all()).chain(python::all()).collect()
}
