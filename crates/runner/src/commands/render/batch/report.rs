//! What many renders came to.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::plan::Job;
use crate::cli::RenderArgs;
use crate::commands::render::summary::Told;
use crate::exit::{Exit, Failure, Outcome};
use crate::load::shown;
use crate::meter::{dbfs, signed};
use crate::units::{clock, count};
use crate::{document, output, signals, style};

/// What one file came to.
pub(super) struct Line {
    /// The file, for people.
    input: String,
    text: String,
    data: Value,
    end: End,
}

enum End {
    Done,
    Skipped,
    Failed(Failure),
}

impl Line {
    pub(super) fn done(job: &Job, told: &Told<'_>) -> Self {
        let input = shown(&job.input);
        let output = job.args.output.as_deref().map_or_else(String::new, |path| format!(" -> {}", shown(path)));
        let done = &told.done;
        let length = clock(done.frames, done.rate);
        let peak =
            told.peak().map_or_else(String::new, |peak| format!(", peak {} dBFS", signed(dbfs(f64::from(peak)))));
        let mut text = format!("{input}{output}  {length}, {:.0} × real time{peak}", done.real_time_factor());
        for remark in told.remarks() {
            text.push_str(&format!("\n  {}: {remark}", style::warning("warning")));
        }
        let mut data = told.data();
        data["input"] = json!(job.input.to_string_lossy());
        let end = told.failure().map_or(End::Done, End::Failed);
        Self { input, text, data, end }
    }

    /// Its output was there, but perhaps not all its pictures.
    pub(super) fn skipped(job: &Job, pictures: &[PathBuf]) -> Self {
        let output = job.args.output.as_deref().map_or_else(String::new, shown);
        let mut text = format!("{}: skipped, {output} is there", shown(&job.input));
        pictures.iter().for_each(|picture| text.push_str(&format!("; {} was drawn", shown(picture))));
        let mut data = json!({ "input": job.input.to_string_lossy(), "output": { "path": output }, "skipped": true });
        if !pictures.is_empty() {
            data["pictures"] = pictures.iter().map(|picture| json!(shown(picture))).collect();
        }
        document::conclude(&mut data, None);
        Self { input: shown(&job.input), text, data, end: End::Skipped }
    }

    pub(super) fn failed(job: &Job, failure: Failure) -> Self {
        let output = job.args.output.as_deref().map(|path| json!({ "path": shown(path) }));
        let mut data = json!({ "input": job.input.to_string_lossy(), "output": output });
        document::conclude(&mut data, Some(&failure));
        Self { input: shown(&job.input), text: String::new(), data, end: End::Failed(failure) }
    }
}

/// Tells of files as they end, and of all of them afterwards.
pub(super) struct Report {
    json: bool,
    pub(super) files: usize,
    threads: usize,
    done: usize,
    skipped: usize,
    failed: Vec<(String, Failure)>,
    interrupted: usize,
    elapsed: Duration,
    seconds: f64,
}

impl Report {
    pub(super) fn new(args: &RenderArgs, files: usize, threads: usize) -> Self {
        Self {
            json: args.json,
            files,
            threads,
            done: 0,
            skipped: 0,
            failed: Vec::new(),
            interrupted: 0,
            elapsed: Duration::ZERO,
            seconds: 0.0,
        }
    }

    /// Files that have ended, well or not.
    pub(super) fn ended(&self) -> usize {
        self.done + self.skipped + self.failed.len()
    }

    pub(super) fn add(&mut self, line: Line) -> Result<(), Failure> {
        let Line { input, text, data, end } = line;
        if matches!(&end, End::Failed(failure) if failure.exit == Exit::Interrupted) {
            self.interrupted += 1;
            return Ok(());
        }
        match (self.json, output::is_quiet()) {
            (true, _) => output::print(&format!("{data}\n"))?,
            (false, false) if text.is_empty() => {}
            (false, false) => output::print(&format!("{text}\n"))?,
            (false, true) => output::serious(&text).for_each(|line| output::tell(&format!("{input}: {line}"))),
        }
        match end {
            End::Done => self.done += 1,
            End::Skipped => self.skipped += 1,
            End::Failed(failure) => {
                if let Some(message) = failure.unsaid() {
                    output::tell(&format!("{}: {input}: {message}", style::error("error")));
                }
                self.failed.push((input, failure));
            }
        }
        Ok(())
    }

    /// The time it took, and the seconds of sound.
    pub(super) fn took(&mut self, elapsed: Duration, seconds: f64) {
        (self.elapsed, self.seconds) = (elapsed, seconds);
    }

    /// The last words.
    pub(super) fn end(mut self) -> Outcome {
        // As on the command line, whatever the threads made of it.
        self.failed.sort_by(|(a, _), (b, _)| a.cmp(b));
        let failure = self.failure();
        if self.json {
            let mut document = self.data();
            document::conclude(&mut document, failure.as_ref());
            output::print(&format!("{document}\n"))?;
            document::concluded();
        } else {
            output::report(&self.text())?;
        }
        failure.map_or(Ok(Exit::Ok), Err)
    }

    fn speed(&self) -> f64 {
        self.seconds / self.elapsed.as_secs_f64().max(1e-9)
    }

    fn text(&self) -> String {
        let mut parts = vec![format!("{} rendered", self.done)];
        let mut part = |number: usize, what: &str| {
            if number > 0 {
                parts.push(format!("{number} {what}"));
            }
        };
        part(self.skipped, "skipped");
        part(self.failed.len(), "failed");
        part(self.files - self.ended(), "not rendered");
        let (files, parts) = (count(self.files, "file"), parts.join(", "));
        let (sound, took) = (clock((self.seconds * 1e3).round() as u64, 1_000), self.elapsed.as_secs_f64());
        let (speed, threads) = (self.speed(), self.threads);
        let mut out =
            format!("{files}: {parts}; {sound} in {took:.3} s, {speed:.0} × real time, {threads} at a time\n");
        for (input, failure) in &self.failed {
            out.push_str(&format!("  {}: {input}: {}\n", style::error("failed"), failure.message));
        }
        out
    }

    fn data(&self) -> Value {
        let failures = self
            .failed
            .iter()
            .map(|(input, failure)| json!({ "input": input, "code": failure.exit.code(), "message": failure.message }));
        json!({
            "files": self.files,
            "rendered": self.done,
            "skipped": self.skipped,
            "failed": self.failed.len(),
            "not_rendered": self.files - self.ended(),
            "failures": failures.collect::<Vec<_>>(),
            "jobs": self.threads,
            "seconds": self.seconds,
            "elapsed_seconds": self.elapsed.as_secs_f64(),
            "real_time_factor": self.speed(),
        })
    }

    /// A bug outweighs all else; otherwise the first file that failed says why.
    fn failure(&self) -> Option<Failure> {
        let left = self.files - self.ended();
        if left > 0 && signals::stopping() {
            let (done, files) = (self.ended(), count(self.files, "file"));
            let message = format!("interrupted after {done} of {files}; --skip-existing goes on with the others");
            return Some(Failure::new(Exit::Interrupted, message));
        }
        let exits = || self.failed.iter().map(|(_, failure)| failure.exit);
        let exit = exits().find(|exit| *exit == Exit::Broken).or(exits().next())?;
        Some(Failure::new(exit, format!("{} of {} failed", self.failed.len(), count(self.files, "file"))))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};
    use crate::commands::render::batch::progress::Progress;

    #[test]
    fn the_total_is_that_of_all_blocks() {
        let Command::Render(args) = Cli::try_parse_from(["runner", "render", "p.toml"]).unwrap().command else {
            unreachable!("it says render")
        };
        for (rate, block) in [(48_000, 7), (44_100, 1), (8_000, 4_096)] {
            let progress = Progress::default();
            (0..rate).step_by(block).for_each(|at| progress.rendered((rate - at).min(block as u32).into(), rate));
            assert_eq!(progress.seconds(), 1.0);
        }
        for (seconds, text) in [(1.0, "; 0:01.000 in "), (0.999_999, "; 0:01.000 in "), (0.9994, "; 0:00.999 in ")] {
            let mut report = Report::new(&args, 0, 1);
            report.took(Duration::from_secs(1), seconds);
            assert!(report.text().contains(text), "{}", report.text());
        }
    }
}
