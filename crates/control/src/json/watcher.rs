//! A WebSocket client, on the control thread: what it asks for, and what it wants to hear.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, Value, json};

use super::request::{Asked, Names, Request};
use super::{done, refused};
use crate::control::Context;
use crate::desk::{Code, How, Measured, Name, Refusal, Setting, When};
use crate::news::News;
use crate::rate::Rate;
use crate::span::span;
use crate::web::Outbox;

/// A client.
#[derive(Debug)]
pub(crate) struct Watcher {
    outbox: Arc<Outbox>,
    wants: Wants,
}

/// What it wants to hear of by itself.
#[derive(Debug, Default)]
struct Wants {
    readings: Option<(Vec<String>, Rate)>,
    changes: bool,
    events: bool,
}

impl Watcher {
    pub(crate) fn new(outbox: Arc<Outbox>) -> Self {
        Self { outbox, wants: Wants::default() }
    }

    /// Where what it is told goes.
    pub(crate) fn outbox(&self) -> Arc<Outbox> {
        Arc::clone(&self.outbox)
    }

    /// Whether it did not read what it was told, and was sent away.
    pub(crate) fn is_gone(&self) -> bool {
        self.outbox.overflowed()
    }

    /// Does what is asked for, and answers.
    pub(crate) fn answer(&mut self, asked: Asked, on: &mut Context<'_>) {
        let Asked { id, request } = asked;
        let answer = match self.perform(request, on) {
            Ok(result) => done(&id, result),
            Err(refusal) => {
                on.counts.refused.raise();
                refused(&id, &refusal)
            }
        };
        self.outbox.send(answer);
    }

    /// Whether it is time for readings.
    pub(crate) fn wants_readings(&self, now: Instant) -> bool {
        self.wants.readings.as_ref().is_some_and(|(_, rate)| rate.is_due(now))
    }

    /// Tells what was set and what happened.
    pub(crate) fn tell(&self, news: &News) {
        if self.wants.events {
            news.events.iter().for_each(|event| self.outbox.send(Value::Object(event.clone()).to_string()));
        }
        if self.wants.changes && !news.values.is_empty() {
            let values: Map<String, Value> =
                news.values.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
            self.outbox.send(json!({ "event": "changed", "values": values }).to_string());
        }
    }

    /// Tells what was measured, if it is time for it and the client keeps up.
    pub(crate) fn tell_readings(&mut self, measured: &[Measured], frame: u64, now: Instant) {
        let Some((names, rate)) = &mut self.wants.readings else { return };
        if !rate.is_due(now) {
            return;
        }
        rate.done(now);
        let wanted = |name: &Name| names.iter().any(|wanted| is_meant(wanted, name));
        let found = measured.iter().filter(|one| wanted(&one.name));
        let values: Map<String, Value> = found.map(|one| (one.name.to_string(), json!(one.values))).collect();
        self.outbox.send_if_idle(json!({ "event": "readings", "frame": frame, "values": values }).to_string());
    }

    fn perform(&mut self, request: Request, on: &mut Context<'_>) -> Result<Value, Refusal> {
        match request {
            Request::Ping {} | Request::Hello { .. } => Ok(json!({ "frame": on.desk.frame() })),
            Request::List {} => Ok(json!({ "nodes": on.desk.nodes() })),
            Request::Get { parameters } => get(parameters.list(), on),
            Request::Set { values, over, frame } => set(values, over.as_ref(), frame, on),
            Request::Ramp { values, over, frame } => set(values, Some(&over), frame, on),
            Request::Subscribe { readings, rate, changes, events } => {
                self.wants = Wants {
                    readings: subscription(readings, rate, on)?,
                    changes: changes.unwrap_or(false),
                    events: events.unwrap_or(false),
                };
                Ok(json!({}))
            }
            Request::Unsubscribe {} => {
                self.wants = Wants::default();
                Ok(json!({}))
            }
            Request::Scenes {} => Ok(json!({ "scenes": on.desk.scenes() })),
            Request::Scene { name, over } => scene(&name, over.as_ref(), on),
            Request::Stats {} => Ok(Value::Object(on.statistics())),
            // Others are told when it plays, by `Control::loaded`.
            Request::Load { patch } => on.desk.load(&patch).map(Value::Object),
            Request::Check { patch } => on.desk.check(&patch).map(Value::Object),
            Request::Graph {} => on.desk.graph().map(Value::Object),
            Request::Flight {} => on.desk.flight().map(Value::Object),
            Request::Patch {} => Ok(json!({ "patch": on.desk.patch()? })),
        }
    }
}

/// The readings that somebody wants, and how often.
fn subscription(
    readings: Option<Names>,
    hertz: Option<f64>,
    on: &Context<'_>,
) -> Result<Option<(Vec<String>, Rate)>, Refusal> {
    let rate = Rate::new(hertz, on.most_hz, on.now)?;
    Ok(readings.map(|readings| (readings.list(), rate)))
}

/// Whether `*`, `node` or `node.reading` means a reading.
fn is_meant(wanted: &str, name: &Name) -> bool {
    wanted == "*" || wanted == name.node || Name::parse(wanted).is_some_and(|wanted| wanted == *name)
}

fn get(names: Vec<String>, on: &mut Context<'_>) -> Result<Value, Refusal> {
    let mut values = Map::new();
    for text in names {
        let value = on.desk.get(&parsed(&text)?)?;
        values.insert(text, value);
    }
    Ok(json!({ "values": values }))
}

fn set(
    values: Map<String, Value>,
    over: Option<&Value>,
    frame: Option<u64>,
    on: &mut Context<'_>,
) -> Result<Value, Refusal> {
    let over = over.map(span).transpose()?;
    let when = frame.map_or(When::Now, When::Frame);
    let setting = |(name, value): (String, Value)| Ok(Setting { name: parsed(&name)?, value });
    let settings = values.into_iter().map(setting).collect::<Result<Vec<_>, Refusal>>()?;
    let values = on.desk.set(&settings, How { when, over })?;
    on.news.set(&settings, values.clone());
    let names = settings.iter().map(|setting| setting.name.to_string());
    Ok(json!({ "values": names.zip(values).collect::<Map<_, _>>() }))
}

fn scene(name: &str, over: Option<&Value>, on: &mut Context<'_>) -> Result<Value, Refusal> {
    let settings = on.desk.recall(name, over.map(span).transpose()?)?;
    let values = settings.iter().map(|setting| (setting.name.to_string(), setting.value.clone()));
    let values: Map<String, Value> = values.collect();
    on.news.scene(name, settings);
    Ok(json!({ "values": values }))
}

fn parsed(text: &str) -> Result<Name, Refusal> {
    Name::parse(text).ok_or_else(|| {
        let shown: String = text.chars().take(60).flat_map(char::escape_debug).collect();
        Refusal::new(Code::Unknown, format!("`{shown}` names no parameter: `node.parameter` does"))
    })
}
