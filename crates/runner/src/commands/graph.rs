//! `runner graph`: a patch as a picture, or as the plan of what is computed.

mod levels;

use patchline_patch::{Checked, Loaded, Registry};

use crate::cli::{GraphArgs, GraphFormat};
use crate::exit::{Exit, Failure, Outcome};
use crate::load::{self, show, shown};
use crate::overview::Overview;
use crate::reads::Reads;
use crate::{files, output, picture};

pub(crate) fn run(registry: &Registry, args: &GraphArgs) -> Outcome {
    let format = format(args)?;
    let text = match args.levels {
        true => with_levels(registry, args, format)?,
        false => without(registry, args, format)?,
    };
    match &args.output {
        Some(path) => files::write(path, text.as_bytes(), args.overwrite)?,
        None => output::print(&text)?,
    }
    Ok(Exit::Ok)
}

/// Whether the output has a place of its own, before anything is rendered for it.
fn check_output(args: &GraphArgs, loaded: &Loaded) -> Result<(), Failure> {
    let Some(path) = &args.output else { return Ok(()) };
    let mut reads = Reads::of(&args.patch, loaded);
    args.input.iter().for_each(|input| reads.hears(&input.file));
    files::apart("-o", path, &reads, loaded)?;
    files::is_free(path, args.overwrite)
}

/// As asked for, or as the file is called.
fn format(args: &GraphArgs) -> Result<GraphFormat, Failure> {
    let ending = args.output.as_deref().and_then(|path| path.extension()?.to_str()).unwrap_or("");
    match (args.format, ending.to_ascii_lowercase().as_str()) {
        (Some(format), _) => Ok(format),
        (None, "svg") => Ok(GraphFormat::Svg),
        (None, "dot" | "gv") => Ok(GraphFormat::Dot),
        (None, "mmd" | "mermaid") => Ok(GraphFormat::Mermaid),
        (None, "png" | "jpg" | "jpeg" | "pdf") => {
            let other = args.output.as_deref().map(|path| shown(&path.with_extension("svg"))).unwrap_or_default();
            let what =
                format!("no .{ending} is drawn: write {other}, which browsers show and `rsvg-convert` makes a PNG of");
            Err(Failure::new(Exit::Usage, what))
        }
        (None, _) => Ok(GraphFormat::Plan),
    }
}

fn without(registry: &Registry, args: &GraphArgs, format: GraphFormat) -> Result<String, Failure> {
    let Checked { loaded, stream, schedule } = args.assumed.check(registry, &args.patch, &args.patch_args)?;
    show(&loaded.warnings);
    check_output(args, &loaded)?;
    match format {
        GraphFormat::Plan => Ok(format!("{schedule}\n")),
        picture => draw(picture, &loaded.name, &Overview::new(&loaded.graph, &schedule, &stream)),
    }
}

fn with_levels(registry: &Registry, args: &GraphArgs, format: GraphFormat) -> Result<String, Failure> {
    if format == GraphFormat::Plan {
        let what = "--levels belongs into a picture: add --format svg, mermaid or dot";
        return Err(Failure::new(Exit::Usage, what));
    }
    if args.assumed.channels.is_some() {
        let what =
            "--channels is for a device that is not there; with --levels the files of -i have as many as they have";
        return Err(Failure::new(Exit::Usage, what));
    }
    let patch = load::read(&args.patch, &args.patch_args)?;
    let loaded = load::load(registry, &patch, &args.patch_args, None)?;
    show(&loaded.warnings);
    check_output(args, &loaded)?;
    draw(format, &loaded.name, &levels::measured(&loaded, args)?)
}

fn draw(format: GraphFormat, name: &str, overview: &Overview) -> Result<String, Failure> {
    match format {
        GraphFormat::Dot => Ok(picture::dot(name, overview)),
        GraphFormat::Mermaid => Ok(picture::mermaid(overview)),
        GraphFormat::Svg | GraphFormat::Plan => picture::svg(name, overview).ok_or_else(too_large),
    }
}

fn too_large() -> Failure {
    let instead = "`--format dot` is for Graphviz, whose `sfdp` draws large graphs";
    Failure::new(Exit::Usage, format!("the patch has too many nodes and links for a picture in SVG; {instead}"))
}
