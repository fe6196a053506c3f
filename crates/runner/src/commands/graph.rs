//! `runner graph`: a patch as a picture, or as the plan of what is computed.

use patchline_patch::{Checked, Registry};

use crate::cli::{GraphArgs, GraphFormat};
use crate::exit::{Exit, Failure, Outcome};
use crate::load::show;
use crate::overview::Overview;
use crate::reads::Reads;
use crate::{files, output, picture};

pub(crate) fn run(registry: &Registry, args: &GraphArgs) -> Outcome {
    let assumed = args.assumed;
    let checked = assumed.check(registry, &args.patch, &args.patch_args)?;
    show(&checked.loaded.warnings);
    let text = draw(&checked, args.format)?;
    match &args.output {
        Some(path) => {
            files::apart("-o", path, &Reads::of(&args.patch, &checked.loaded), &checked.loaded)?;
            files::write(path, text.as_bytes(), args.overwrite)?;
        }
        None => output::print(&text)?,
    }
    Ok(Exit::Ok)
}

fn draw(checked: &Checked, format: GraphFormat) -> Result<String, Failure> {
    let Checked { loaded, stream, schedule } = checked;
    let overview = || Overview::new(&loaded.graph, schedule, stream);
    Ok(match format {
        GraphFormat::Plan => format!("{schedule}\n"),
        GraphFormat::Dot => picture::dot(&loaded.name, &overview()),
        GraphFormat::Mermaid => picture::mermaid(&overview()),
        GraphFormat::Svg => picture::svg(&loaded.name, &overview()).ok_or_else(too_large)?,
    })
}

fn too_large() -> Failure {
    let instead = "`--format dot` is for Graphviz, whose `sfdp` draws large graphs";
    Failure::new(Exit::Usage, format!("the patch has too many nodes and links for a picture in SVG; {instead}"))
}
