//! Connections to sound servers, which are used again.

use std::sync::{Mutex, PoisonError};

use cpal::Host;

use super::{Kind, Problem};

/// Connections that nobody uses now.
///
/// One to PulseAudio is a thread and three descriptors. When it is dropped, these go with the server's next message, and
/// there may be none before the server ends: so it is kept, and there are never more than were in use at once.
static IDLE: Mutex<Vec<(Kind, Host)>> = Mutex::new(Vec::new());

/// A connection for one use at a time: what goes through it is called on its one thread.
pub(super) struct Line {
    kind: Kind,
    /// Gone when it is dropped.
    host: Option<Host>,
}

impl Line {
    /// Does `work` on a connection, which comes with the result.
    pub(super) fn with<T>(kind: Kind, work: impl Fn(&Host) -> Result<T, Problem>) -> Result<(T, Self), Problem> {
        while let Some(host) = idle(kind) {
            // If it fails, its server has ended as a rule, and another may have begun.
            if let Ok(result) = work(&host) {
                return Ok((result, Self { kind, host: Some(host) }));
            }
        }
        let host = cpal::host_from_id(kind.0)?;
        let result = work(&host);
        let line = Self { kind, host: Some(host) };
        result.map(|result| (result, line))
    }
}

fn idle(kind: Kind) -> Option<Host> {
    let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    let at = idle.iter().position(|(of, _)| *of == kind)?;
    Some(idle.swap_remove(at).1)
}

impl Drop for Line {
    fn drop(&mut self) {
        let Some(host) = self.host.take() else { return };
        if self.kind.is_server() {
            IDLE.lock().unwrap_or_else(PoisonError::into_inner).push((self.kind, host));
        }
    }
}
