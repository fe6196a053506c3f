//! What OSC's bundles ask for at a later time.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rosc::OscMessage;

use crate::desk::{Code, Refusal};
use crate::inbox::ClientId;

/// How far ahead something may be meant.
const MOST_AHEAD: Duration = Duration::from_secs(60);
/// How many messages may wait, of all clients and of one.
const MOST: usize = 4096;
const MOST_OF_ONE: usize = 1024;

/// Messages that wait for their time.
#[derive(Debug, Default)]
pub(crate) struct Scheduled(VecDeque<Later>);

/// Messages of one bundle, and who sent it.
#[derive(Debug)]
pub(crate) struct Later {
    /// When it goes to the desk, which wants parameters a little before.
    pub(crate) goes: Instant,
    /// When it is meant for.
    pub(crate) due: Instant,
    pub(crate) client: ClientId,
    pub(crate) from: SocketAddr,
    pub(crate) messages: Vec<OscMessage>,
}

impl Scheduled {
    /// Keeps a bundle until its time.
    pub(crate) fn add(&mut self, later: Later, now: Instant) -> Result<(), Refusal> {
        let ahead = later.due.saturating_duration_since(now);
        if ahead > MOST_AHEAD {
            let words =
                format!("a bundle is at most {} s ahead; this one is {}", MOST_AHEAD.as_secs(), ahead.as_secs());
            return Err(Refusal::new(Code::Value, words));
        }
        let count =
            |of: &dyn Fn(&&Later) -> bool| self.0.iter().filter(of).map(|one| one.messages.len()).sum::<usize>();
        let own = count(&|one| one.client == later.client) + later.messages.len();
        if own > MOST_OF_ONE || count(&|_| true) + later.messages.len() > MOST {
            return Err(Refusal::new(Code::Busy, "too much waits for its time already"));
        }
        let place = self.0.partition_point(|one| one.goes <= later.goes);
        self.0.insert(place, later);
        Ok(())
    }

    /// The next bundle that may go, if there is one.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Later> {
        if self.0.front()?.goes <= now { self.0.pop_front() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundles_come_in_the_order_of_their_times_and_no_more_than_have_room() {
        let now = Instant::now();
        let later = |client, milliseconds, count| Later {
            goes: now + Duration::from_millis(milliseconds),
            due: now + Duration::from_millis(milliseconds),
            client: ClientId(client),
            from: "127.0.0.1:1".parse().unwrap(),
            messages: vec![OscMessage { addr: "/a".to_owned(), args: vec![] }; count],
        };
        let mut scheduled = Scheduled::default();
        for (client, time) in [(1, 30), (2, 10), (3, 20), (4, 10)] {
            scheduled.add(later(client, time, 1), now).unwrap();
        }
        let order: Vec<u64> =
            std::iter::from_fn(|| scheduled.next(now + Duration::from_millis(25))).map(|one| one.client.0).collect();
        assert_eq!(order, [2, 4, 3]);
        assert_eq!(scheduled.add(later(1, 61_000, 1), now).unwrap_err().code, Code::Value);
        assert_eq!(scheduled.add(later(1, 1, MOST_OF_ONE), now).unwrap_err().code, Code::Busy);
        for client in 2..5 {
            scheduled.add(later(client, 1, MOST_OF_ONE), now).unwrap();
        }
        assert_eq!(scheduled.add(later(9, 1, MOST_OF_ONE), now).unwrap_err().code, Code::Busy);
    }
}
