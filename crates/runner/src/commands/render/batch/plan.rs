//! Which file becomes which.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use super::expand::{Found, expand};
use crate::cli::{InputFile, RenderArgs, Shard, has_placeholder, is_folder};
use crate::exit::{Exit, Failure};
use crate::load::shown;

/// A file and what becomes of it.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) input: PathBuf,
    folder: PathBuf,
    /// As if it were rendered alone.
    pub(super) args: RenderArgs,
    /// Its output is there already, and that is enough.
    pub(super) done: bool,
    /// It is rendered here, and not by another part.
    pub(super) mine: bool,
}

/// One for each file.
pub(super) fn jobs(args: &RenderArgs) -> Result<Vec<Job>, Failure> {
    let usage = |what: &str| Err(Failure::new(Exit::Usage, what));
    if args.shared().any(is_pipe) || args.input.iter().any(|input| is_pipe(&input.file)) {
        return usage("stdin is one file: with several, or with --jobs, --shard or --skip-existing, name files");
    }
    if args.output.as_deref().is_some_and(is_pipe) {
        return usage("`-o -` takes one file: for several name a folder, as in `-o out/`");
    }
    let found = expand(args.shared())?;
    if found.is_empty() {
        return usage("there are no files to render: name them, or a pattern, by `-i`");
    }
    if args.skip_existing && args.output.is_none() {
        return usage("without `-o` nothing says which files are done: leave --skip-existing away");
    }
    check_outputs(args, found.len())?;
    let Shard { part, of } = args.shard.unwrap_or(Shard { part: 1, of: 1 });
    // Neighbours are often alike, so that each part gets some of all kinds.
    let mine = |index: usize| index % of == part - 1;
    Ok(found.into_iter().enumerate().map(|(index, found)| job(args, found, mine(index))).collect())
}

/// Whether several files have several outputs, and several pictures.
fn check_outputs(args: &RenderArgs, files: usize) -> Result<(), Failure> {
    let named = [("-o", &args.output), ("--waveform", &args.waveform), ("--spectrogram", &args.spectrogram)];
    let named = named.into_iter().filter_map(|(option, path)| Some((option, path.as_deref()?)));
    named.into_iter().try_for_each(|(option, path)| check_output(option, path, files))
}

fn check_output(option: &str, output: &Path, files: usize) -> Result<(), Failure> {
    let text = output.to_string_lossy();
    let unknown = |rest: &str| {
        let word = rest.split_once('}').map_or("", |(word, _)| word);
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic()) && !matches!(word, "stem" | "dir")
    };
    if let Some(rest) = text.split('{').skip(1).find(|rest| unknown(rest)) {
        let word = rest.split_once('}').map_or("", |(word, _)| word);
        let what = format!(
            "`{option} {}`: there is no {{{word}}}; {{stem}} is the input's name, {{dir}} its folder",
            shown(output)
        );
        return Err(Failure::new(Exit::Usage, what));
    }
    if files > 1 && !is_folder(output) && !text.contains("{stem}") {
        let what = format!(
            "{files} files cannot all become `{}`: name a folder (`{option} out/`), or put {{stem}} into the name. For one \
             more input of the same file write `-i NODE=FILE`",
            shown(output)
        );
        return Err(Failure::new(Exit::Usage, what));
    }
    Ok(())
}

fn job(args: &RenderArgs, found: Found, mine: bool) -> Job {
    let Found { file: input, folder } = found;
    let mut job = Job { args: args.clone(), folder, input, done: false, mine };
    let named = |path: &Option<PathBuf>, extension| path.as_deref().map(|path| job.output(path, extension));
    let (output, waveform) = (named(&args.output, ".wav"), named(&args.waveform, ".png"));
    let spectrogram = named(&args.spectrogram, ".png");
    (job.args.output, job.args.waveform, job.args.spectrogram) = (output, waveform, spectrogram);
    job.args.more.clear();
    job.args.input.retain(|input| input.node.is_some());
    job.args.input.push(InputFile { node: None, file: job.input.clone() });
    job.done = args.skip_existing && job.args.output.as_deref().is_some_and(Path::is_file);
    job
}

fn is_pipe(path: &Path) -> bool {
    path == Path::new("-")
}

impl Job {
    /// `{stem}` and `{dir}` filled in, for a text.
    pub(super) fn fill_in(&self, text: &str) -> String {
        text.replace("{stem}", &self.stem().to_string_lossy()).replace("{dir}", &self.folder.to_string_lossy())
    }

    /// What is written of it: the output and its pictures.
    pub(super) fn writes(&self) -> impl Iterator<Item = &Path> {
        let RenderArgs { output, waveform, spectrogram, .. } = &self.args;
        [output, waveform, spectrogram].into_iter().filter_map(Option::as_deref)
    }

    fn stem(&self) -> OsString {
        self.input.file_stem().unwrap_or_default().to_owned()
    }

    fn output(&self, output: &Path, extension: &str) -> PathBuf {
        if has_placeholder(&output.to_string_lossy()) {
            return output.components().map(|part| self.part(&part)).filter(|part| !part.is_empty()).collect();
        }
        match is_folder(output) {
            true => {
                let mut name = self.stem();
                name.push(extension);
                output.join(name)
            }
            false => output.to_owned(),
        }
    }

    /// Names need not be text, so they are put together piece by piece.
    fn part(&self, part: &Component<'_>) -> OsString {
        let Component::Normal(name) = part else { return part.as_os_str().to_owned() };
        let Some(text) = name.to_str() else { return (*name).to_owned() };
        let mut out = OsString::new();
        for (index, piece) in text.split("{stem}").enumerate() {
            if index > 0 {
                out.push(self.stem());
            }
            for (index, piece) in piece.split("{dir}").enumerate() {
                if index > 0 {
                    out.push(&self.folder);
                }
                out.push(piece);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn args(words: &str) -> RenderArgs {
        let words = ["runner", "render", "p.toml"].into_iter().chain(words.split(' '));
        match Cli::try_parse_from(words).unwrap().command {
            Command::Render(args) => args,
            _ => unreachable!("it says render"),
        }
    }

    fn check(words: &str, expected: &[&str]) {
        let jobs = jobs(&args(words)).unwrap();
        let outputs: Vec<_> = jobs.iter().map(|job| job.args.output.clone().unwrap()).collect();
        assert_eq!(outputs, expected.iter().map(PathBuf::from).collect::<Vec<_>>());
    }

    #[test]
    fn outputs_are_called_after_inputs() {
        check("-i a/x.wav -i b/y.flac.wav -o out/", &["out/x.wav", "out/y.flac.wav"]);
        check("-i a/x.wav b/y.wav -o out/{stem}-wet.wav", &["out/x-wet.wav", "out/y-wet.wav"]);
        check("-i a/x.wav -o {stem}/{dir}/all.wav", &["x/all.wav"]);
        check("-i a/x.wav -j 4 -o one.wav", &["one.wav"]);
    }

    #[test]
    fn what_cannot_be_told_apart_is_refused() {
        let refused = |words: &str| jobs(&args(words)).unwrap_err().message;
        assert!(refused("-i x.wav -i y.wav -o one.wav").contains("-o out/"));
        assert!(refused("-i x.wav -i y.wav -o {name}.wav").contains("{stem}"));
        assert!(refused("-i x.wav -i y.wav -o -").contains("-o out/"));
        assert!(refused("-i x.wav -i - -o out/").contains("stdin"));
        assert!(refused("-j 2 -o out/").contains("-i"));
    }

    #[test]
    fn parts_are_whole_together() {
        let all = |shard: &str| {
            let args = args(&format!("-i a -i b -i c -i d -i e -o out/ --shard {shard}"));
            jobs(&args).unwrap().into_iter().filter(|job| job.mine).map(|job| job.input).collect::<Vec<_>>()
        };
        let mut parts = [all("1/3"), all("2/3"), all("3/3")].concat();
        parts.sort();
        assert_eq!(parts, ["a", "b", "c", "d", "e"].map(PathBuf::from));
        assert!(all("7/7").is_empty());
    }
}
