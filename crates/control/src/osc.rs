//! OSC: what messages mean, and what is answered.

mod address;
mod builtin;
pub(crate) mod packet;
mod pattern;
mod post;
mod scheduled;
pub(crate) mod server;
mod subscribers;
mod time;
mod value;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use rosc::OscMessage;
use serde_json::Value;

use crate::bucket::Bucket;
use crate::control::Context;
use crate::desk::{Code, How, Measured, Name, Refusal, Setting, When};
use crate::inbox::ClientId;
use crate::news::News;
use address::{Addresses, Pattern, is_pattern};
use packet::Group;
use post::Post;
use scheduled::{Later, Scheduled};
use subscribers::Subscribers;
use time::Due;
use value::{arguments, seconds, text_of, value_of};

/// How long before their time parameters go to the desk, which knows the frame.
const LEAD: Duration = Duration::from_millis(100);
/// Complaints that one client gets, in a second and at once.
const COMPLAINTS: (u32, u32) = (20, 50);
/// Clients of whom it is remembered how many they got.
const MOST_REMEMBERED: usize = 256;

/// What is known of OSC clients, on the control thread.
#[derive(Debug, Default)]
pub(crate) struct Osc {
    addresses: Addresses,
    subscribers: Subscribers,
    scheduled: Scheduled,
    complaints: BTreeMap<ClientId, Bucket>,
    post: Post,
}

/// Who sent a message.
#[derive(Clone, Copy, Debug)]
struct Sender {
    client: ClientId,
    address: SocketAddr,
}

/// What a message asks for.
enum Wish {
    Set(Vec<Setting>, Option<Duration>),
    Query(Vec<Name>),
    Builtin,
}

impl Osc {
    /// Does what a packet asks for, or keeps it for its time.
    pub(crate) fn receive(&mut self, client: ClientId, from: SocketAddr, groups: Vec<Group>, on: &mut Context<'_>) {
        let sender = Sender { client, address: from };
        let clock = SystemTime::now();
        for group in groups {
            on.counts.messages.add(group.messages.len() as u64);
            match time::due(group.at, clock) {
                Due::Now => self.perform(sender, group.messages, on.now, on),
                Due::Late(_) => {
                    on.counts.late.raise();
                    self.perform(sender, group.messages, on.now, on);
                }
                Due::In(ahead) => {
                    let due = on.now + ahead;
                    self.keep(sender, group.messages, due.checked_sub(LEAD).unwrap_or(due), due, on);
                }
            }
        }
    }

    /// Tells a sender that its packet was none.
    pub(crate) fn refuse(&mut self, client: ClientId, from: SocketAddr, refusal: &Refusal, on: &Context<'_>) {
        self.complain(Sender { client, address: from }, "", refusal, on);
    }

    /// Does what is due by now.
    pub(crate) fn perform_due(&mut self, on: &mut Context<'_>) {
        while let Some(Later { due, client, from, messages, .. }) = self.scheduled.next(on.now) {
            self.perform(Sender { client, address: from }, messages, due, on);
        }
    }

    /// Tells those who listen what was set and what was measured.
    pub(crate) fn tell(&mut self, news: &News, measured: Option<&[Measured]>, now: Instant) {
        for (name, value) in &news.values {
            self.subscribers.tell_change(name, value, &mut self.post);
        }
        if let Some(measured) = measured {
            self.subscribers.tell_readings(measured, &self.addresses, now, &mut self.post);
        }
    }

    /// Whether somebody wants readings now.
    pub(crate) fn wants_readings(&mut self, on: &mut Context<'_>) -> bool {
        let due = self.subscribers.are_due(on.now);
        if due {
            self.addresses.refresh(on.desk);
        }
        due
    }

    /// How many listen.
    pub(crate) fn listeners(&self) -> usize {
        self.subscribers.len()
    }

    /// What is to be sent.
    pub(crate) fn datagrams(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        self.post.datagrams()
    }

    fn keep(&mut self, sender: Sender, messages: Vec<OscMessage>, goes: Instant, due: Instant, on: &Context<'_>) {
        let Some(first) = messages.first().map(|message| message.addr.clone()) else { return };
        let later = Later { goes, due, client: sender.client, from: sender.address, messages };
        if let Err(refusal) = self.scheduled.add(later, on.now) {
            self.complain(sender, &first, &refusal, on);
        }
    }

    /// Does what messages ask for that belong together: parameters at their time, all else when it has come.
    fn perform(&mut self, sender: Sender, messages: Vec<OscMessage>, due: Instant, on: &mut Context<'_>) {
        self.addresses.refresh(on.desk);
        let rest = due.saturating_duration_since(on.now);
        let mut batch = Batch::default();
        let mut postponed = Vec::new();
        for message in messages {
            let wish = self.wish(&message);
            match wish {
                Ok(Wish::Set(settings, over)) => {
                    if batch.over != over {
                        self.apply(sender, &mut batch, rest, on);
                    }
                    batch.take(message.addr, settings, over);
                }
                Ok(_) if !rest.is_zero() => postponed.push(message),
                Ok(Wish::Query(names)) => {
                    self.apply(sender, &mut batch, rest, on);
                    self.answer(sender, &message.addr, &names, on);
                }
                Ok(Wish::Builtin) => {
                    self.apply(sender, &mut batch, rest, on);
                    let done = self.builtin(sender.address, &message, on);
                    done.unwrap_or_else(|refusal| self.complain(sender, &message.addr, &refusal, on));
                }
                Err(refusal) => self.complain(sender, &message.addr, &refusal, on),
            }
        }
        self.apply(sender, &mut batch, rest, on);
        self.keep(sender, postponed, due, due, on);
    }

    /// Sets what was gathered.
    fn apply(&mut self, sender: Sender, batch: &mut Batch, rest: Duration, on: &mut Context<'_>) {
        let Batch { first, settings, over } = std::mem::take(batch);
        if settings.is_empty() {
            return;
        }
        let when = if rest.is_zero() { When::Now } else { When::In(rest) };
        match on.desk.set(&settings, How { when, over }) {
            Ok(values) => on.news.set(&settings, values),
            Err(refusal) => self.complain(sender, &first, &refusal, on),
        }
    }

    fn wish(&self, message: &OscMessage) -> Result<Wish, Refusal> {
        let OscMessage { addr, args } = message;
        if addr.starts_with(builtin::PREFIX) {
            return Ok(Wish::Builtin);
        }
        let names = self.names(addr, args.is_empty())?;
        let (value, over) = match &args[..] {
            [] => return Ok(Wish::Query(names)),
            [value] => (value_of(value)?, None),
            [value, over] => (value_of(value)?, Some(seconds(over)?)),
            _ => {
                return Err(Refusal::malformed("a parameter takes a value, and a time in seconds; a list as an array"));
            }
        };
        Ok(Wish::Set(names.into_iter().map(|name| Setting { name, value: value.clone() }).collect(), over))
    }

    /// What an address or a pattern names; readings too, if they are asked for.
    fn names(&self, addr: &str, readings: bool) -> Result<Vec<Name>, Refusal> {
        if !is_pattern(addr) {
            return Ok(vec![self.addresses.name(addr)?]);
        }
        let pattern = Pattern::new(addr)?;
        let mut names = self.addresses.parameters(&pattern);
        if readings {
            names.extend(self.addresses.readings(&pattern));
        }
        if names.is_empty() {
            return Err(Refusal::unknown("nothing matches this pattern"));
        }
        Ok(names)
    }

    /// Answers what parameters and readings are.
    fn answer(&mut self, sender: Sender, addr: &str, names: &[Name], on: &mut Context<'_>) {
        let measured = names.iter().any(|name| self.addresses.is_reading(name)).then(|| on.desk.readings());
        for name in names {
            let reading = measured.iter().flatten().find(|measured| measured.name == *name);
            let found = match reading {
                Some(Measured { values, .. }) => Ok(values.iter().map(|&value| (value as f32).into()).collect()),
                None => on.desk.get(name).map(|value: Value| arguments(&value)),
            };
            match found {
                Ok(args) => self.post.put(sender.address, name.address(), args),
                Err(refusal) => self.complain(sender, addr, &refusal, on),
            }
        }
    }

    /// Tells a sender what was not done, unless it is told so much already.
    fn complain(&mut self, sender: Sender, addr: &str, refusal: &Refusal, on: &Context<'_>) {
        let count = if refusal.code == Code::Malformed { &on.counts.malformed } else { &on.counts.refused };
        count.raise();
        if self.complaints.len() >= MOST_REMEMBERED {
            self.complaints.clear();
        }
        let (rate, at_once) = COMPLAINTS;
        let bucket = self.complaints.entry(sender.client).or_insert_with(|| Bucket::new(rate, at_once, on.now));
        if bucket.take(1, on.now) {
            let args = vec![text_of(addr), text_of(&refusal.words())];
            self.post.put(sender.address, "/patchline/error", args);
        }
    }
}

/// Parameters that are set together.
#[derive(Default)]
struct Batch {
    /// The address that began it.
    first: String,
    settings: Vec<Setting>,
    over: Option<Duration>,
}

impl Batch {
    fn take(&mut self, addr: String, settings: Vec<Setting>, over: Option<Duration>) {
        if self.settings.is_empty() {
            self.first = addr;
        }
        self.settings.extend(settings);
        self.over = over;
    }
}
