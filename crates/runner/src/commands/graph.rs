//! `runner graph`: a patch as a picture, or as the plan of what is computed.

mod levels;

use patchline_patch::{Checked, Loaded, Registry};

use crate::cli::{GraphArgs, GraphFormat};
use crate::exit::{Exit, Failure, Outcome};
use crate::load::show;
use crate::overview::Overview;
use crate::reads::Reads;
use crate::{files, output, picture};

pub(crate) fn run(registry: &Registry, args: &GraphArgs) -> Outcome {
    let (loaded, text) = if args.levels { with_levels(registry, args)? } else { without(registry, args)? };
    match &args.output {
        Some(path) => {
            let mut reads = Reads::of(&args.patch, &loaded);
            args.input.iter().for_each(|input| reads.hears(&input.file));
            files::apart("-o", path, &reads, &loaded)?;
            files::write(path, text.as_bytes(), args.overwrite)?;
        }
        None => output::print(&text)?,
    }
    Ok(Exit::Ok)
}

fn without(registry: &Registry, args: &GraphArgs) -> Result<(Loaded, String), Failure> {
    let Checked { loaded, stream, schedule } = args.assumed.check(registry, &args.patch, &args.patch_args)?;
    show(&loaded.warnings);
    let text = match args.format {
        GraphFormat::Plan => format!("{schedule}\n"),
        picture => draw(picture, &loaded.name, &Overview::new(&loaded.graph, &schedule, &stream))?,
    };
    Ok((loaded, text))
}

fn with_levels(registry: &Registry, args: &GraphArgs) -> Result<(Loaded, String), Failure> {
    if args.format == GraphFormat::Plan {
        let what = "--levels belongs into a picture: add --format svg, mermaid or dot";
        return Err(Failure::new(Exit::Usage, what));
    }
    let (loaded, overview) = levels::measured(registry, args)?;
    show(&loaded.warnings);
    let text = draw(args.format, &loaded.name, &overview)?;
    Ok((loaded, text))
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
