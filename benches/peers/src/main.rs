//! The benchmark with everybody there is to compare with: `./x bench`.

use std::process::ExitCode;

use patchline_benches::Others;

fn main() -> ExitCode {
    patchline_benches::main(Others { peers: vec![], extras: vec![] })
}
