//! Patches made from bytes, by what the node types declare: mostly right, now and then not.

use std::fmt::Write;

use arbitrary::{Result, Unstructured};
use patchline_nodes::declaration::{Bounds, Shape};
use patchline_nodes::{Declaration, Param};
use patchline_patch::Registry;

/// What no parameter is happy with, or only some.
const ODD: &[&str] = &[
    "nan",
    "inf",
    "-inf",
    "-1",
    "0",
    "-0.0",
    "1e308",
    "1e-308",
    "99999999999999999999",
    "9223372036854775807",
    "true",
    "\"\"",
    "[]",
    "{}",
    "\"-120 dB\"",
    "\"1e9 s\"",
    "\"0 smp\"",
    "\"1e308 s\"",
    "\"-inf dB\"",
    "\"200 dB\"",
    "\"0.5 smp\"",
    "\"1 THz\"",
    "[[0]]",
    "65536",
    "2026-01-31",
    "\"\\u0000\"",
];
const NUMBERS: &[&str] =
    &["0", "0.001", "0.1", "0.5", "1", "2", "3", "7", "10", "64", "100", "440", "1000", "-1", "-6", "-60"];
/// What most parameters of a kind are happy with.
const TIMES: &[&str] = &["0 smp", "1 smp", "3 smp", "64 smp", "0.1 ms", "1 ms", "7 ms", "50 ms", "0.2 s"];
const LEVELS: &[&str] = &["0 dB", "-3 dB", "-6 dB", "-20 dB", "-60 dB", "6 dB"];
const FREQUENCIES: &[&str] = &["0.1 Hz", "20 Hz", "440 Hz", "1 kHz", "3 kHz"];
const SIZES: &[&str] = &["1 MiB", "3 MiB", "512 MiB"];
const TEXTS: &[&str] =
    &["in.wav", "out.wav", "take-{seq}.wav", "takes/{time}-{seq:04}.wav", "../x.wav", "in.wav/x", "no.wav"];
const ENGINE: &[&str] = &[
    "",
    "sample_rate = 8000\n",
    "sample_rate = 192000\n",
    "feedback = \"1 smp\"\n",
    "feedback = \"10 ms\"\n",
    "max_memory = \"1 MiB\"\n",
    "block = 16\n",
    "shed = \"50 %\"\n",
];

/// A node to be: its name and its type.
struct Role<'a> {
    name: String,
    kind: &'a Declaration,
}

/// The nodes and links of a patch, whose parameters can be chosen again and again.
pub(crate) struct Sketch<'a> {
    roles: Vec<Role<'a>>,
    links: Vec<String>,
}

impl<'a> Sketch<'a> {
    /// Up to ten nodes in a row and across, between a device's ends.
    pub(crate) fn choose(u: &mut Unstructured<'_>, registry: &'a Registry) -> Result<Self> {
        let with_files = u.ratio(1, 16)?;
        let kinds: Vec<&Declaration> =
            registry.kinds().filter(|kind| with_files || !kind.kind.starts_with("file_")).collect();
        let mut sketch = Self { roles: Vec::new(), links: Vec::new() };
        for index in 0..u.int_in_range(1..=8)? {
            sketch.roles.push(Role { name: format!("n{index}"), kind: u.choose(&kinds)? });
        }
        let ends = [("i", "input"), ("o", "output")].map(|(name, kind)| (name, registry.kind(kind).expect("standard")));
        sketch.roles.insert(0, Role { name: ends[0].0.to_owned(), kind: ends[0].1 });
        sketch.roles.push(Role { name: ends[1].0.to_owned(), kind: ends[1].1 });
        sketch.choose_links(u)?;
        Ok(sketch)
    }

    fn choose_links(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        for to in 1..self.roles.len() {
            let from = if u.ratio(3, 4)? { to - 1 } else { u.choose_index(to)? };
            self.link(u, from, to, "->")?;
        }
        for _ in 0..u.int_in_range(0..=5)? {
            let (from, to) = (u.choose_index(self.roles.len())?, u.choose_index(self.roles.len())?);
            let arrow = if from < to { "->" } else { "~>" };
            let arrow = if u.ratio(1, 12)? { "->" } else { arrow };
            self.link(u, from, to, arrow)?;
        }
        Ok(())
    }

    /// A link where the types have ports for it; between what has none, now and then, too.
    fn link(&mut self, u: &mut Unstructured<'_>, from: usize, to: usize, arrow: &str) -> Result<()> {
        let (from, to) = (&self.roles[from], &self.roles[to]);
        let outputs: Vec<&str> = from.kind.outputs.iter().map(|port| port.name).collect();
        let inputs: Vec<&str> = to.kind.inputs.iter().map(|port| port.name).collect();
        if (outputs.is_empty() || inputs.is_empty()) && !u.ratio(1, 32)? {
            return Ok(());
        }
        let (from, to) = (end(u, &from.name, &outputs)?, end(u, &to.name, &inputs)?);
        self.links.push(format!("{from} {arrow} {to}"));
        Ok(())
    }

    /// The patch, with parameters of its own.
    pub(crate) fn text(&self, u: &mut Unstructured<'_>) -> Result<String> {
        let mut text = format!("links = {:?}\n[engine]\n{}", self.links, u.choose(ENGINE)?);
        for Role { name, kind } in &self.roles {
            let _ = writeln!(text, "[nodes.{name}]\ntype = \"{}\"", kind.kind);
            // What a patch asks of a device, there are few devices for.
            let is_end = ["input", "output"].contains(&kind.kind);
            for param in &kind.params {
                if param.required || u.ratio(1, if is_end { 40 } else { 3 })? {
                    let _ = writeln!(text, "{} = {}", param.name, value(u, &param.shape)?);
                }
            }
            if u.ratio(1, if is_end { 200 } else { 8 })? {
                text.push_str("optional = true\n");
            }
        }
        Ok(text)
    }
}

/// A node, mostly without a port, now and then with one or with some of its channels.
fn end(u: &mut Unstructured<'_>, name: &str, ports: &[&str]) -> Result<String> {
    let mut end = name.to_owned();
    if ports.len() > 1 && u.ratio(1, 3)? {
        let _ = write!(end, ".{}", u.choose(ports)?);
    }
    if u.ratio(1, 24)? {
        end.push_str(u.choose(&["[0]", "[1]", "[0..2]", "[1..3]", "[7]"])?);
    }
    Ok(end)
}

/// A value in TOML.
fn value(u: &mut Unstructured<'_>, shape: &Shape) -> Result<String> {
    if u.ratio(1, 100)? {
        return Ok((*u.choose(ODD)?).to_owned());
    }
    Ok(match shape {
        Shape::Time(bounds) => quantity(u, bounds, TIMES, &["ms", "s", "smp"])?,
        Shape::Level(bounds) => quantity(u, bounds, LEVELS, &["dB", ""])?,
        Shape::Frequency(bounds) => quantity(u, bounds, FREQUENCIES, &["Hz", "kHz"])?,
        Shape::Size(bounds) => quantity(u, bounds, SIZES, &["B", "KiB", "MiB"])?,
        Shape::Number(bounds) => number(u, bounds)?,
        Shape::Integer(bounds) => integer(u, bounds)?,
        Shape::Bool => u.arbitrary::<bool>()?.to_string(),
        Shape::Text => format!("{:?}", u.choose(TEXTS)?),
        Shape::Choice(choices) => format!("{:?}", u.choose(choices)?.name),
        Shape::List(of) => {
            let values: Result<Vec<String>> = (0..(u.int_in_range(0..=15)? + 3) / 4).map(|_| value(u, of)).collect();
            format!("[{}]", values?.join(", "))
        }
        Shape::Table(fields) => table(u, fields)?,
        Shape::Either(shapes) => {
            let shape = u.choose(shapes)?;
            value(u, shape)?
        }
        Shape::Any => (*u.choose(ODD)?).to_owned(),
    })
}

fn table(u: &mut Unstructured<'_>, fields: &[Param]) -> Result<String> {
    let mut entries = Vec::new();
    for field in fields {
        if field.required || u.ratio(1, 2)? {
            entries.push(format!("{} = {}", field.name, value(u, &field.shape)?));
        }
    }
    Ok(format!("{{ {} }}", entries.join(", ")))
}

/// The ends of the range, where it has numbers for them.
fn ends(bounds: &Bounds) -> [Option<f64>; 2] {
    [&bounds.min, &bounds.max].map(|end| end.as_ref()?.parse().ok())
}

/// A number of the range, mostly.
fn number(u: &mut Unstructured<'_>, bounds: &Bounds) -> Result<String> {
    match (ends(bounds), u.int_in_range(0..=40)?) {
        (_, 0) => Ok((*u.choose(NUMBERS)?).to_owned()),
        (_, 1) => Ok(format!("{:?}", f64::from(u.arbitrary::<i16>()?) / 256.0)),
        ([Some(min), _], 2..=4) => Ok(format!("{min:?}")),
        ([_, Some(max)], 5..=7) => Ok(format!("{max:?}")),
        ([Some(min), Some(max)], _) => Ok(format!("{:?}", min + (max - min) * f64::from(u.arbitrary::<u8>()?) / 255.0)),
        ([Some(min), None], _) => Ok(format!("{:?}", min + f64::from(u.arbitrary::<u8>()?) / 16.0)),
        (_, _) => Ok(format!("{:?}", f64::from(u.arbitrary::<i8>()?) / 32.0)),
    }
}

fn integer(u: &mut Unstructured<'_>, bounds: &Bounds) -> Result<String> {
    if u.ratio(1, 24)? {
        return number(u, bounds);
    }
    let [min, max] = ends(bounds);
    let above = i64::from(u.int_in_range(0..=5)?) + min.unwrap_or(0.0) as i64;
    Ok(above.min(max.unwrap_or(f64::MAX) as i64).to_string())
}

/// One of the `usual` quantities, or an end of the range; now and then any.
fn quantity(u: &mut Unstructured<'_>, bounds: &Bounds, usual: &[&str], units: &[&str]) -> Result<String> {
    let ends: Vec<&String> = bounds.min.iter().chain(&bounds.max).collect();
    match u.int_in_range(0..=40)? {
        0 => match (number(u, &Bounds::default())?, *u.choose(units)?) {
            (number, "") => Ok(number),
            (number, unit) => Ok(format!("\"{number} {unit}\"")),
        },
        1..=8 if !ends.is_empty() => Ok(format!("{:?}", u.choose(&ends)?)),
        _ => Ok(format!("{:?}", u.choose(usual)?)),
    }
}
