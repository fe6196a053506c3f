//! The `runner` binary: the library behind the allocator that watches the audio callback.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: runner::Watch = runner::Watch;

fn main() -> ExitCode {
    runner::main_with(runner::standard_registry(), std::env::args_os())
}
