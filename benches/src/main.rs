//! The benchmark without other engines, for where these cannot be fetched: `./x bench --no-peers`.

use std::process::ExitCode;

use patchline_benches::Others;

fn main() -> ExitCode {
    patchline_benches::main(Others::default())
}
