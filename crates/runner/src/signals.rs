//! Ctrl-C and SIGTERM: the first asks for an orderly end, the second forces one. SIGUSR1 asks for the flight recorder,
//! SIGHUP for the patch to be loaded anew, unless it comes because the terminal is gone.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::document;
use crate::exit::Exit;

static SIGNALS: AtomicU32 = AtomicU32::new(0);
/// Set by SIGHUP.
static RELOAD: AtomicBool = AtomicBool::new(false);
/// Set by SIGUSR1, once somebody listens.
static DUMP: OnceLock<Arc<AtomicBool>> = OnceLock::new();
/// The names of the files on their way: they must not stay behind half done when the end is forced.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Starts listening. A second call, or a program that listens already, changes nothing.
pub(crate) fn listen() {
    // A program that embeds the runner may have its own handler: then that one decides.
    if ctrlc::set_handler(stop).is_ok() {
        listen_for_more();
    }
    outlive_size_limits();
    outlive_user_signals();
}

/// Asks for an orderly end; if that was asked for already, forces one.
pub(crate) fn stop() {
    if SIGNALS.fetch_add(1, Ordering::Relaxed) > 0 {
        #[cfg(feature = "tui")]
        crate::tui::restore();
        remove_unfinished();
        document::forced();
        std::process::exit(Exit::Interrupted as i32);
    }
}

#[cfg(unix)]
fn listen_for_more() {
    use signal_hook::consts::{SIGHUP, SIGTERM};
    let had_terminal = has_terminal();
    // Where they cannot be handled they end the process, as they always did.
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGTERM, SIGHUP]) else { return };
    std::thread::spawn(move || {
        for signal in signals.forever() {
            match signal {
                SIGHUP if !had_terminal || has_terminal() => RELOAD.store(true, Ordering::Relaxed),
                _ => stop(),
            }
        }
    });
}

#[cfg(not(unix))]
fn listen_for_more() {}

/// Whether there is a terminal that the process belongs to. One that was closed sends SIGHUP too.
#[cfg(unix)]
fn has_terminal() -> bool {
    std::fs::File::open("/dev/tty").is_ok()
}

/// Asks for the patch to be loaded anew.
#[cfg(feature = "tui")]
pub(crate) fn want_reload() {
    RELOAD.store(true, Ordering::Relaxed);
}

/// Whether SIGHUP came since this was last asked, or somebody wanted the same.
pub(crate) fn reload_wanted() -> bool {
    RELOAD.swap(false, Ordering::Relaxed)
}

/// What means something to `run` alone ends nothing elsewhere: a recording is not lost to a signal sent astray.
#[cfg(unix)]
fn outlive_user_signals() {
    use signal_hook::consts::{SIGUSR1, SIGUSR2};
    for signal in [SIGUSR1, SIGUSR2] {
        // A signal that cannot be handled here stays as it was.
        let _ = signal_hook::flag::register(signal, Arc::default());
    }
}

#[cfg(not(unix))]
fn outlive_user_signals() {}

/// A file at its size limit (`ulimit -f`) is then a failed write, which is reported, and not the end of the process.
#[cfg(unix)]
fn outlive_size_limits() {
    // A signal that cannot be handled here stays as it was.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default());
}

#[cfg(not(unix))]
fn outlive_size_limits() {}

/// Starts to listen for SIGUSR1, which would end the process otherwise.
#[cfg(unix)]
pub(crate) fn listen_for_dumps() {
    use signal_hook::consts::SIGUSR1;
    // Where it cannot be handled it ends the process, as it always did.
    DUMP.get_or_init(|| {
        let wanted = Arc::default();
        let _ = signal_hook::flag::register(SIGUSR1, Arc::clone(&wanted));
        wanted
    });
}

#[cfg(not(unix))]
pub(crate) fn listen_for_dumps() {}

/// Whether SIGUSR1 came since this was last asked.
pub(crate) fn dump_wanted() -> bool {
    DUMP.get().is_some_and(|wanted| wanted.swap(false, Ordering::Relaxed))
}

/// Whether somebody has asked for the end.
pub(crate) fn stopping() -> bool {
    SIGNALS.load(Ordering::Relaxed) > 0
}

/// Remembers the name that a file on its way will have.
pub(crate) fn begins(path: &Path) {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
}

/// Forgets the name of a file that is complete, or was given up.
pub(crate) fn ended(path: &Path) {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).retain(|other| other != path);
}

/// Removes what lies beside those names under this process's number. We are leaving: what cannot be removed stays.
fn remove_unfinished() {
    let targets = std::mem::take(&mut *UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner));
    for (target, name) in targets.iter().filter_map(|path| Some((path, path.file_name()?))) {
        let name: String = name.to_string_lossy().chars().take(50).collect();
        let part = format!(".{name}.part-{}-", std::process::id());
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&part) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}
