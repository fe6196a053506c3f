//! `runner init`: a first patch for this machine, with comments; asks on a terminal, or takes what the command line says.

mod template;

use std::io::{self, BufRead, IsTerminal, Write};

use patchline_graph::Renderer;
use patchline_io::{DeviceInfo, Host};
use patchline_patch::Registry;

use crate::cli::{InitArgs, PatchArgs, Purpose};
use crate::exit::{Exit, Failure, Outcome};
use crate::load::{self, shown};
use crate::{files, hosts, output, style};
use template::{Choices, patch};

/// Devices that are offered, of each side.
const MOST_DEVICES: usize = 20;
/// How often a question is asked again.
const PATIENCE: usize = 5;

pub(crate) fn run(registry: &Registry, args: &InitArgs) -> Outcome {
    // Before anybody is asked anything.
    if !args.overwrite && args.patch.symlink_metadata().is_ok() {
        return Err(files::exists(&args.patch));
    }
    let asks = !args.yes && io::stdin().is_terminal() && output::on_terminal();
    let choices = if asks { asked(args, &mut io::stdin().lock())? } else { said(args) };
    let text = patch(&choices);
    check(registry, &text)?;
    files::write(&args.patch, text.as_bytes(), args.overwrite)?;
    output::report(&last_words(args, &choices))?;
    Ok(Exit::Ok)
}

/// What the command line says, and defaults.
fn said(args: &InitArgs) -> Choices {
    let purpose = args.purpose.unwrap_or(Purpose::Echo);
    Choices { purpose, input: args.input.clone(), output: args.output.clone() }
}

/// What somebody says, where the command line does not.
fn asked(args: &InitArgs, answers: &mut dyn BufRead) -> Result<Choices, Failure> {
    let purpose = match args.purpose {
        Some(purpose) => purpose,
        None => {
            let names: Vec<String> = Purpose::ALL.iter().map(|purpose| purpose.words().to_owned()).collect();
            Purpose::ALL[choose("What shall the patch do?", &names, answers)?]
        }
    };
    let mut choices = Choices { purpose, ..said(args) };
    let devices = devices();
    if purpose.hears() && args.input.is_none() {
        choices.input = device("Which input?", &devices, |device| device.inputs, answers)?;
    }
    if purpose.plays() && args.output.is_none() {
        choices.output = device("Which output?", &devices, |device| device.outputs, answers)?;
    }
    Ok(choices)
}

/// The devices of the first host that has any: the one that a patch without `backend` plays on.
fn devices() -> Vec<DeviceInfo> {
    let hosts: Vec<Box<dyn Host<Renderer>>> = hosts::hosts();
    hosts.iter().filter_map(|host| host.devices().ok()).find(|devices| !devices.is_empty()).unwrap_or_default()
}

/// A device by its name; `None` is the default one.
fn device(
    question: &str,
    devices: &[DeviceInfo],
    channels: fn(&DeviceInfo) -> usize,
    answers: &mut dyn BufRead,
) -> Result<Option<String>, Failure> {
    let there: Vec<&DeviceInfo> = devices.iter().filter(|device| channels(device) > 0).take(MOST_DEVICES).collect();
    if there.is_empty() {
        output::tell("No device is seen now; the patch takes the default one, whenever it is played.");
        return Ok(None);
    }
    let mut names = vec!["the system's default".to_owned()];
    names.extend(there.iter().map(|device| {
        let count = crate::units::count(channels(device), "channel");
        format!("{} ({}, {count})", style::safe(&device.name, 60), device.host)
    }));
    let chosen = choose(question, &names, answers)?;
    Ok(chosen.checked_sub(1).map(|index| there[index].id.clone()))
}

/// The number of an answer; the first, where none is given.
fn choose(question: &str, answers: &[String], from: &mut dyn BufRead) -> Result<usize, Failure> {
    output::tell(&style::strong(question).to_string());
    for (index, answer) in answers.iter().enumerate() {
        output::tell(&format!("  {}  {answer}", index + 1));
    }
    for _ in 0..PATIENCE {
        let _ = write!(anstream::stderr().lock(), "1 to {} [1]: ", answers.len());
        let mut line = String::new();
        let read =
            from.read_line(&mut line).map_err(|error| Failure::new(Exit::File, format!("no answer: {error}")))?;
        match line.trim() {
            "" if read > 0 => return Ok(0),
            text => match text.parse::<usize>() {
                Ok(number) if (1..=answers.len()).contains(&number) => return Ok(number - 1),
                _ if read == 0 => break,
                _ => output::tell(&format!("`{}` is none of these numbers", style::safe(text, 20))),
            },
        }
    }
    Err(Failure::new(Exit::Usage, "no answer, and nothing was written; `--yes` asks nothing"))
}

/// The patch is one: whatever a device is called.
fn check(registry: &Registry, text: &str) -> Result<(), Failure> {
    let patch = patchline_patch::read(text.as_bytes(), "patch.toml").map_err(load::Trouble::from)?;
    Ok(load::load(registry, &patch, &PatchArgs::default(), None).map(|_| ())?)
}

fn last_words(args: &InitArgs, choices: &Choices) -> String {
    let patch = shown(&args.patch);
    let headphones = if choices.purpose.hears() && choices.purpose.plays() { ", with headphones on" } else { "" };
    format!(
        "{patch} is written. Next{headphones}:\n  \
         runner check {patch}\n  \
         runner {patch}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_purpose_is_a_patch_whatever_the_devices_are_called() {
        let registry = Registry::standard();
        for purpose in Purpose::ALL {
            for name in [None, Some("Scarlett 2i2 \"USB\" \\ ünïcode\n".to_owned())] {
                let text = patch(&Choices { purpose, input: name.clone(), output: name });
                check(&registry, &text).unwrap_or_else(|failure| panic!("{}\n{text}", failure.message));
                assert!(text.lines().filter(|line| line.contains('#')).count() >= 3, "it is commented:\n{text}");
            }
        }
    }

    #[test]
    fn answers_are_numbers_and_the_first_is_the_default() {
        let words = ["a", "b", "c"].map(str::to_owned);
        let ask = |text: &str| choose("?", &words, &mut text.as_bytes());
        assert_eq!(ask("2\n").unwrap(), 1);
        assert_eq!(ask("\n").unwrap(), 0);
        assert_eq!(ask("9\nx\n 3 \n").unwrap(), 2);
        assert!(ask("").is_err() && ask("x\nx\nx\nx\nx\nx\n").is_err());
    }
}
