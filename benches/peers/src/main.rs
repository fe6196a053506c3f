//! The benchmark with everybody there is to compare with: `./x bench`.

mod custom;
mod dasp;
mod edits;
mod firewheel;
mod fundsp;
mod fundsp_net;
mod web_audio;

use std::process::ExitCode;

use patchline_benches::{Others, Peer};

fn main() -> ExitCode {
    patchline_benches::main(Others { peers: peers(), extras: edits::all() })
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
