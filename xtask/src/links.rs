//! Whether links in the documentation lead somewhere: to a file of the repository, to a heading in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Reads every Markdown file under version control. Links to other hosts are not followed.
///
/// # Errors
/// Each link that leads nowhere, with its place.
pub(crate) fn check() -> Result<(), String> {
    let files = tracked()?;
    let mut pages = BTreeMap::new();
    for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "md")) {
        let text = std::fs::read_to_string(crate::root().join(path));
        pages.insert(path.clone(), Page::new(&text.map_err(|error| format!("{}: {error}", path.display()))?));
    }
    let folders: BTreeSet<PathBuf> =
        files.iter().flat_map(|path| path.ancestors().skip(1)).map(Path::to_owned).collect();
    let exists = |path: &Path| files.contains(path) || folders.contains(path);
    let dead: Vec<String> = pages.iter().flat_map(|(path, page)| page.dead(path, &pages, &exists)).collect();
    match &dead[..] {
        [] => {
            println!(
                "{} links in {} files lead somewhere",
                pages.values().map(|page| page.links.len()).sum::<usize>(),
                pages.len()
            );
            Ok(())
        }
        dead => Err(format!("links that lead nowhere:\n{}", dead.join("\n"))),
    }
}

/// What git knows, and new files that it does not ignore.
fn tracked() -> Result<BTreeSet<PathBuf>, String> {
    let args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(args).current_dir(crate::root()).output();
    let output = output.map_err(|error| format!("cannot run git: {error}"))?;
    if !output.status.success() {
        return Err(format!("git does not say which files there are: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let names = String::from_utf8_lossy(&output.stdout);
    Ok(names.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect())
}

/// What a Markdown file has to link to, and where it links.
#[derive(Debug, Default)]
struct Page {
    anchors: BTreeSet<String>,
    /// With the line each is in.
    links: Vec<(usize, String)>,
}

impl Page {
    fn new(text: &str) -> Self {
        let mut page = Self::default();
        let mut heading: Option<String> = None;
        for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    let line = text[..range.start].matches('\n').count() + 1;
                    page.links.push((line, dest_url.into_string()));
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => page.add_anchor(&heading.take().unwrap_or_default()),
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        page
    }

    /// As forges and mdBook name headings; the second of a name is `name-1`.
    fn add_anchor(&mut self, heading: &str) {
        let kept = heading.to_lowercase();
        let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let name: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let mut free = name.clone();
        let mut number = 0;
        while !self.anchors.insert(free.clone()) {
            number += 1;
            free = format!("{name}-{number}");
        }
    }

    fn dead(&self, path: &Path, pages: &BTreeMap<PathBuf, Self>, exists: &impl Fn(&Path) -> bool) -> Vec<String> {
        let wrong = |link: &str| {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { Some(path.to_owned()) } else { resolved(path, file) };
            let Some(target) = target.filter(|target| exists(target)) else { return Some("there is no such file") };
            let known = pages.get(&target).is_none_or(|page| anchor.is_empty() || page.anchors.contains(anchor));
            (!known).then_some("there is no such heading")
        };
        let ours = self.links.iter().filter(|(_, link)| !link.contains("://") && !link.starts_with("mailto:"));
        let dead = ours.filter_map(|(line, link)| Some(format!("{}:{line}: {link}: {}", path.display(), wrong(link)?)));
        dead.collect()
    }
}

/// Where a relative link in a file leads, from the repository's root; `None` if that is beyond it.
fn resolved(from: &Path, link: &str) -> Option<PathBuf> {
    let mut path = from.parent().unwrap_or(Path::new("")).to_owned();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => path.pop().then_some(())?,
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_links_are_found_with_their_lines() {
        let text = "# One `two`, three!\n\n[a](#one-two-three) [b](#four)\n[c](b.md#x) ![d](p/q.png) [e](../up.md) [g](../../up.md)\n\
                    [f](https://example.com/nowhere)\n\n## x\n## x\n";
        let pages = BTreeMap::from([
            (PathBuf::from("docs/a.md"), Page::new(text)),
            (PathBuf::from("docs/b.md"), Page::new("# y")),
        ]);
        let exists = |path: &Path| ["docs/a.md", "docs/b.md", "up.md"].iter().any(|known| path == Path::new(known));
        let page = &pages[Path::new("docs/a.md")];
        assert!(page.anchors.contains("x-1"));
        let dead = page.dead(Path::new("docs/a.md"), &pages, &exists);
        assert_eq!(
            dead,
            [
                "docs/a.md:3: #four: there is no such heading",
                "docs/a.md:4: b.md#x: there is no such heading",
                "docs/a.md:4: p/q.png: there is no such file",
                "docs/a.md:4: ../../up.md: there is no such file",
            ]
        );
    }
}
