//! Who wants to be told of readings and parameters by OSC, how often, and for how long yet.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::address::{Addresses, Pattern};
use super::post::Post;
use super::value::arguments;
use crate::desk::{Code, Measured, Name, Refusal};
use crate::rate::Rate;

/// How many may listen, and to how many patterns each.
const MOST_LISTENERS: usize = 32;
const MOST_PATTERNS: usize = 16;
/// How long a subscription lasts unless it is made again.
pub(crate) const LASTS: Duration = Duration::from_secs(60);

/// All who listen.
#[derive(Debug, Default)]
pub(crate) struct Subscribers(BTreeMap<SocketAddr, Vec<Subscription>>);

#[derive(Debug)]
struct Subscription {
    pattern: Pattern,
    rate: Rate,
    ends: Instant,
}

impl Subscribers {
    /// Adds a pattern, or keeps it for longer.
    pub(crate) fn add(&mut self, who: SocketAddr, pattern: Pattern, rate: Rate, now: Instant) -> Result<(), Refusal> {
        self.expire(now);
        let busy = |words: &str| Err(Refusal::new(Code::Busy, words));
        if !self.0.contains_key(&who) && self.0.len() >= MOST_LISTENERS {
            return busy(&format!("{MOST_LISTENERS} others listen already"));
        }
        let patterns = self.0.entry(who).or_default();
        patterns.retain(|one| one.pattern.text() != pattern.text());
        if patterns.len() >= MOST_PATTERNS {
            return busy(&format!("one listener has at most {MOST_PATTERNS} patterns"));
        }
        patterns.push(Subscription { pattern, rate, ends: now + LASTS });
        Ok(())
    }

    /// Ends one subscription, or all of somebody.
    pub(crate) fn remove(&mut self, who: SocketAddr, pattern: Option<&str>) {
        if let Some(patterns) = self.0.get_mut(&who) {
            patterns.retain(|one| pattern.is_some_and(|pattern| pattern != one.pattern.text()));
        }
        self.0.retain(|_, patterns| !patterns.is_empty());
    }

    /// How many listen.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether readings are wanted now.
    pub(crate) fn are_due(&mut self, now: Instant) -> bool {
        self.expire(now);
        self.0.values().flatten().any(|one| one.rate.is_due(now))
    }

    /// Tells what was measured to those for whom it is time.
    pub(crate) fn tell_readings(
        &mut self,
        measured: &[Measured],
        addresses: &Addresses,
        now: Instant,
        post: &mut Post,
    ) {
        for (who, patterns) in &mut self.0 {
            for one in patterns.iter_mut().filter(|one| one.rate.is_due(now)) {
                one.rate.done(now);
                for name in addresses.readings(&one.pattern) {
                    let found = measured.iter().find(|measured| measured.name == name);
                    let values = found.map(|measured| measured.values.iter().map(|&value| (value as f32).into()));
                    values.into_iter().for_each(|values| post.put(*who, name.address(), values.collect()));
                }
            }
        }
    }

    /// Tells what was set to those who listen to it.
    pub(crate) fn tell_change(&self, name: &Name, value: &Value, post: &mut Post) {
        for (who, patterns) in &self.0 {
            if patterns.iter().any(|one| one.pattern.matches(name)) {
                post.put(*who, name.address(), arguments(value));
            }
        }
    }

    fn expire(&mut self, now: Instant) {
        self.0.values_mut().for_each(|patterns| patterns.retain(|one| one.ends > now));
        self.0.retain(|_, patterns| !patterns.is_empty());
    }
}
