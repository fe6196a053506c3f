//! Devices for people.

use comfy_table::{CellAlignment, Table};
use patchline_io::DeviceInfo;

use super::{Found, wanted};
use crate::cli::DevicesArgs;
use crate::style;
use crate::units::count;

/// Characters of a name; what a device calls itself is not ours to obey.
const LONGEST: usize = 80;

/// A table with a row for each device; nothing where there is none.
pub(super) fn devices(found: &[Found], args: &DevicesArgs) -> String {
    let mut table = table(&["device", "id", "host", "in", "out", "rate", "default"]);
    if args.caps {
        table.set_header(["device", "id", "host", "in", "out", "rate", "default", "rates", "formats", "block"]);
    }
    for device in wanted(found, args) {
        let mut row = vec![
            safe(&name(device)),
            safe(&device.id),
            device.host.to_owned(),
            channels(device.inputs),
            channels(device.outputs),
            device.default_rate.map_or_else(|| "?".to_owned(), |rate| rate.to_string()),
            default(device).to_owned(),
        ];
        if args.caps {
            row.extend([rates(&device.rates), device.formats.join(" "), blocks(device.blocks)]);
        }
        table.add_row(row);
    }
    for column in 3..6 {
        table.column_mut(column).expect("there are seven").set_cell_alignment(CellAlignment::Right);
    }
    lines(&table)
}

/// A table with a row for each host.
pub(super) fn hosts(found: &[Found]) -> String {
    let mut table = table(&["host", "devices", "default input", "default output"]);
    for Found { host, devices } in found {
        let row = match devices {
            Ok(devices) => {
                let name = |device: Option<&DeviceInfo>| device.map_or("none".to_owned(), |device| safe(&device.name));
                let input = name(devices.iter().find(|device| device.default_input));
                [devices.len().to_string(), input, name(devices.iter().find(|device| device.default_output))]
            }
            Err(_) => ["not there".to_owned(), String::new(), String::new()],
        };
        table.add_row([(*host).to_owned()].into_iter().chain(row));
    }
    lines(&table)
}

/// What is wrong with hosts, and what helps where nothing was found.
pub(super) fn remarks(found: &[Found], args: &DevicesArgs) -> Vec<String> {
    let label = style::warning("note");
    let errors = found.iter().filter_map(|found| found.devices.as_ref().err());
    let mut remarks: Vec<String> =
        errors.map(|error| format!("{label}: {}", style::safe(&error.to_string(), 600))).collect();
    let empty = found.iter().filter(|found| found.devices.as_ref().is_ok_and(Vec::is_empty));
    remarks.extend(empty.map(|found| format!("{label}: {} has no devices", found.host)));
    if found.is_empty() {
        remarks.push("this build has no host for real sound".to_owned());
    }
    if !args.hosts && wanted(found, args).next().is_none() {
        let others = found.iter().flat_map(|found| &found.devices).flatten().count();
        let what = match others {
            0 => "no devices".to_owned(),
            others => format!("none of {} is of this kind", count(others, "device")),
        };
        remarks.push(format!("{what}; `runner doctor` says what is missing, `--backend null` plays without any"));
    }
    remarks
}

/// One device in a line: `Scarlett 2i2 (alsa:hw:1), 2 in, 2 out, 48000 Hz`.
pub(super) fn line(device: &DeviceInfo) -> String {
    let rate = device.default_rate.map_or(String::new(), |rate| format!(", {rate} Hz"));
    let (name, id) = (safe(&name(device)), safe(&device.id));
    format!("{name} ({id}), {} in, {} out{rate}", device.inputs, device.outputs)
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(header);
    table
}

/// The rows without the table's outer space; nothing without rows.
fn lines(table: &Table) -> String {
    if table.is_empty() {
        return String::new();
    }
    table.lines().map(|line| format!("{}\n", line.trim_end().strip_prefix(' ').unwrap_or_default())).collect()
}

fn name(device: &DeviceInfo) -> String {
    match &device.loopback_of {
        Some(output) => format!("{} (what {output} plays)", device.name),
        None => device.name.clone(),
    }
}

fn safe(text: &str) -> String {
    style::safe(text, LONGEST)
}

fn channels(count: usize) -> String {
    if count == 0 { "-".to_owned() } else { count.to_string() }
}

fn default(device: &DeviceInfo) -> &'static str {
    match (device.default_input, device.default_output) {
        (true, true) => "in, out",
        (true, false) => "in",
        (false, true) => "out",
        (false, false) => "",
    }
}

fn rates(rates: &[u32]) -> String {
    let rates: Vec<String> = rates.iter().map(u32::to_string).collect();
    if rates.is_empty() { "?".to_owned() } else { rates.join(" ") }
}

fn blocks(blocks: Option<(usize, usize)>) -> String {
    match blocks {
        Some((shortest, longest)) if shortest == longest => shortest.to_string(),
        Some((shortest, longest)) => format!("{shortest} to {longest}"),
        None => "?".to_owned(),
    }
}
