//! Many files through one patch: each by an engine of its own, so that the bytes are the same however many run at once.

mod check;
mod expand;
mod plan;
mod progress;
mod report;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use patchline_patch::{Patch, Registry};

use crate::cli::{PatchArgs, RenderArgs, has_placeholder};
use crate::exit::{Exit, Failure, Outcome};
use crate::load::Trouble;
use crate::{allocator, load, signals};
use plan::Job;
use progress::Progress;
use report::{Line, Report};

/// How often a terminal is told how far it is.
const STEP: Duration = Duration::from_millis(100);

pub(super) fn run(registry: &Registry, args: &RenderArgs) -> Outcome {
    let batch = Batch::new(registry, args)?;
    let mut jobs = plan::jobs(args)?;
    check::all(&batch, &jobs)?;
    jobs.retain(|job| job.mine);
    allocator::on_violation(args.on_violation);
    signals::listen();
    batch.run(&jobs)
}

/// What all files have in common.
struct Batch<'a> {
    registry: &'a Registry,
    args: &'a RenderArgs,
    patch: Patch,
}

impl<'a> Batch<'a> {
    /// Reads the patch, and finds its mistakes before anything is rendered.
    fn new(registry: &'a Registry, args: &'a RenderArgs) -> Result<Self, Failure> {
        let common = args.patch_args.set.iter().filter(|setting| !has_placeholder(&setting.value));
        let common = PatchArgs { set: common.cloned().collect(), ..args.patch_args.clone() };
        let patch = load::read(&args.patch, &common)?;
        Ok(Self { registry, args, patch })
    }

    /// The patch as this file has it.
    fn patch(&self, job: &Job) -> Patch {
        let mut patch = self.patch.clone();
        for setting in self.args.patch_args.set.iter().filter(|setting| has_placeholder(&setting.value)) {
            patch.set(&setting.node, &setting.parameter, &job.fill_in(&setting.value));
        }
        patch
    }

    fn loaded(&self, job: &Job) -> Result<patchline_patch::Loaded, Trouble> {
        load::load(self.registry, &self.patch(job), &self.args.patch_args, self.args.clock)
    }

    fn run(&self, jobs: &[Job]) -> Outcome {
        let threads = self.args.jobs.unwrap_or_else(processors).min(jobs.len());
        let mut report = Report::new(self.args, jobs.len(), threads);
        let (next, progress) = (AtomicUsize::new(0), Progress::default());
        std::thread::scope(|scope| {
            // What is told waits for nobody but the terminal.
            let (tell, told) = sync_channel(threads.max(1));
            for _ in 0..threads {
                let (tell, next, progress) = (tell.clone(), &next, &progress);
                scope.spawn(move || self.work(jobs, next, progress, &tell));
            }
            drop(tell);
            listen(&told, &mut report, &progress)
        })?;
        report.end()
    }

    /// Renders one file after the other, until there is none left or somebody wants an end.
    fn work(&self, jobs: &[Job], next: &AtomicUsize, progress: &Progress, tell: &SyncSender<Line>) {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            if signals::stopping() {
                return;
            }
            let done = catch_unwind(AssertUnwindSafe(|| self.render(job, progress)));
            let done = done.unwrap_or_else(|_| Err(Failure::new(Exit::Broken, "this is a bug in the runner")));
            if tell.send(done.unwrap_or_else(|failure| Line::failed(job, failure))).is_err() {
                return;
            }
        }
    }

    fn render(&self, job: &Job, progress: &Progress) -> Result<Line, Failure> {
        if job.done {
            let pictures = super::pictures::draw_missing(&job.args)?;
            return Ok(Line::skipped(job, &pictures));
        }
        let loaded = {
            // Mistakes are shown in one piece.
            static SHOWN: Mutex<()> = Mutex::new(());
            let loaded = self.loaded(job);
            let _one = SHOWN.lock();
            loaded?
        };
        let mut before = 0;
        let told = super::rendered(&loaded, &job.args, |engine, now| {
            progress.rendered(now.frames - before, engine.stream().rate);
            before = now.frames;
        })?;
        Ok(Line::done(job, &told))
    }
}

/// Tells of each file when it is done.
fn listen(told: &Receiver<Line>, report: &mut Report, progress: &Progress) -> Result<(), Failure> {
    let began = Instant::now();
    let mut bar = progress::Bar::new(report.files);
    loop {
        match told.recv_timeout(STEP) {
            Ok(line) => report.add(line)?,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        bar.show(report.ended(), progress.seconds(), began.elapsed());
    }
    bar.clear();
    report.took(began.elapsed(), progress.seconds());
    Ok(())
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
