//! How the system schedules the audio threads: what was granted, whoever asked for it.

use std::fmt;
use std::path::Path;

use serde_json::{Value, json};

/// What the threads of this process have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rights {
    /// The thread that goes before all others of this process; beside it nothing is real-time.
    RealTime(Thread),
    /// All threads share the processors with everything else that runs.
    Shared,
    /// This system does not tell.
    Unknown,
}

/// A thread and its scheduling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Thread {
    /// As its maker called it; threads that nobody named are called like the program.
    pub(crate) name: String,
    /// How it is scheduled.
    pub(crate) policy: Policy,
    /// 1 to 99, the highest goes first.
    pub(crate) priority: u32,
}

/// The real-time policies of Linux, with their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Runs until it waits: 1.
    Fifo,
    /// Takes turns with its equals: 2.
    RoundRobin,
    /// By deadlines: 6.
    Deadline,
}

/// Looks at the threads that run now. For the control thread, some time after the device was started: a thread may be
/// promoted by its first callback.
pub(crate) fn seen() -> Rights {
    seen_in(Path::new("/proc/self/task"))
}

fn seen_in(tasks: &Path) -> Rights {
    let Ok(entries) = std::fs::read_dir(tasks) else { return Rights::Unknown };
    // A thread that ends meanwhile is none to tell of.
    let stats = entries.flatten().filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    let first = stats.filter_map(|stat| real_time(&stat)).max_by_key(|thread| thread.priority);
    first.map_or(Rights::Shared, Rights::RealTime)
}

/// The thread of a line of `stat` (proc_pid_stat(5)), if it is real-time.
fn real_time(stat: &str) -> Option<Thread> {
    // The name is in parentheses and may itself contain some; what follows the last one begins with field 3.
    let (before, after) = stat.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    let mut fields = after.split_whitespace().skip(40 - 3);
    let priority = fields.next()?.parse().ok()?;
    let policy = match fields.next()? {
        "1" => Policy::Fifo,
        "2" => Policy::RoundRobin,
        "6" => Policy::Deadline,
        _ => return None,
    };
    Some(Thread { name: name.to_owned(), policy, priority })
}

impl Rights {
    /// For programs: null where nothing is real-time, or nothing is known.
    pub(crate) fn data(&self) -> Value {
        match self {
            Self::RealTime(thread) => json!({
                "thread": thread.name,
                "policy": thread.policy.to_string(),
                "priority": thread.priority,
            }),
            Self::Shared | Self::Unknown => Value::Null,
        }
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RealTime(Thread { policy, priority, .. }) => write!(f, "audio thread: {policy}, priority {priority}"),
            Self::Shared => f.write_str(
                "no real-time scheduling: the audio thread waits its turn like any other; `runner doctor` says how to \
                 get it",
            ),
            Self::Unknown => f.write_str("audio thread: this system does not tell how it is scheduled"),
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Fifo => "SCHED_FIFO",
            Self::RoundRobin => "SCHED_RR",
            Self::Deadline => "SCHED_DEADLINE",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line as the kernel writes it.
    fn stat(name: &str, priority: u32, policy: u32) -> String {
        format!(
            "807 ({name}) S 765 765 4165 0 -1 4194304 96 0 0 0 0 0 0 0 20 0 1 0 1742416 3133440 360 \
             18446744073709551615 9 9 1 0 0 0 0 0 0 0 0 0 17 1 {priority} {policy} 0 0 0 9 9 9 1 1 1 1 0\n"
        )
    }

    fn check(threads: &[String], expected: &str) -> Rights {
        let tasks = tempfile::tempdir().unwrap();
        for (index, stat) in threads.iter().enumerate() {
            let task = tasks.path().join(index.to_string());
            std::fs::create_dir(&task).unwrap();
            std::fs::write(task.join("stat"), stat).unwrap();
        }
        let rights = seen_in(tasks.path());
        assert_eq!(rights.to_string(), expected);
        rights
    }

    #[test]
    fn the_thread_that_goes_first_is_named() {
        let threads = [stat("runner", 0, 0), stat("odd) (name", 65, 1), stat("helper", 5, 2)];
        let rights = check(&threads, "audio thread: SCHED_FIFO, priority 65");
        assert_eq!(rights.data(), json!({ "thread": "odd) (name", "policy": "SCHED_FIFO", "priority": 65 }));
        check(&[stat("a", 20, 2)], "audio thread: SCHED_RR, priority 20");
    }

    #[test]
    fn threads_without_rights_lead_to_the_doctor() {
        let said = "no real-time scheduling: the audio thread waits its turn like any other; `runner doctor` says how \
                    to get it";
        assert_eq!(check(&[stat("runner", 0, 0), stat("batch", 0, 3), "garbage".to_owned()], said), Rights::Shared);
        check(&[], said);
        assert_eq!(seen_in(Path::new("/nowhere/at/all")), Rights::Unknown);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_very_process_can_be_looked_at() {
        assert_ne!(seen(), Rights::Unknown);
    }
}
