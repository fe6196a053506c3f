//! `runner man`: the manual, made from the command line's declaration.

use std::path::Path;

use clap::CommandFactory;
use clap_mangen::Man;

use crate::cli::{Cli, ManArgs};
use crate::exit::{Exit, Failure, Outcome};
use crate::output;

pub(crate) fn run(args: &ManArgs) -> Outcome {
    match &args.output {
        Some(folder) => write_pages(folder)?,
        None => print_page()?,
    }
    Ok(Exit::Ok)
}

fn print_page() -> Result<(), Failure> {
    let mut page = Vec::new();
    Man::new(Cli::command()).render(&mut page).expect("memory takes every byte");
    output::print(&String::from_utf8_lossy(&page))
}

/// One page for each command: `runner.1`, `runner-render.1`, ….
fn write_pages(folder: &Path) -> Result<(), Failure> {
    let written = std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Cli::command(), folder));
    written.map_err(|error| Failure::new(Exit::File, format!("cannot write pages to {}: {error}", folder.display())))
}
