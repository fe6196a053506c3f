//! What plays, as those who control it see it.

use std::time::{Duration, Instant};

use patchline_control::{
    Code, Desk, How, Measured, Name, NodeInfo, ParameterInfo, ReadingInfo, Refusal, Setting, When,
};
use patchline_graph::{Difference, Edit, Frame, LoadError, Per, SetError, difference};
use patchline_nodes::Surroundings;
use patchline_patch::{Changes, Files, Loaded, Parameter, ParameterError, Scene};
use serde_json::{Map, Value, json};

use super::super::reload::Reloads;
use super::super::score::Score;
use crate::exit::Failure;
use crate::live::Live;
use crate::load::shown;
use crate::overview::{LinkView, Overview};
use crate::reads::Reads;
use crate::{files, wanted};

/// A run, for those who control it.
pub(in super::super) struct LiveDesk<'a, 'b> {
    pub(super) score: &'a mut Score<'b>,
    pub(super) playing: &'a mut Loaded,
    pub(super) live: &'a mut Live,
    pub(super) reloads: &'a mut Reloads,
    /// Whether what comes from afar may name files.
    pub(super) remote_files: bool,
    pub(super) revision: &'a mut u64,
    pub(super) next_load: &'a mut Instant,
    /// Frames that changes wait for, each with the number of nodes.
    pub(super) waiting: &'a mut Vec<(Frame, usize)>,
}

/// How far ahead a change may be meant, and how many nodes may wait for longer than [`SOON`].
const MOST_AHEAD: Duration = Duration::from_secs(60);
const MOST_WAITING: usize = 256;
const SOON: Duration = Duration::from_secs(1);

/// From one patch that a client sends to the next: reading one takes time that others wait for.
const BETWEEN_LOADS: Duration = Duration::from_millis(100);

impl LiveDesk<'_, '_> {
    /// Recalls a scene; what it sets.
    pub(super) fn recall_at(&mut self, scene: &str, how: How) -> Result<Vec<Setting>, Refusal> {
        let Scene { over, changes, .. } = self.scene(scene)?.clone();
        let rate = f64::from(self.live.stream().rate);
        let own = over.map(|over| Duration::from_secs_f64(over.seconds(rate)));
        let setting = |change: patchline_patch::Change| Setting {
            name: Name::new(&change.node, &change.parameter),
            value: change.value,
        };
        let settings: Vec<Setting> = changes.into_iter().map(setting).collect();
        let files = self.playing.surroundings.files;
        self.change(&settings, How { over: how.over.or(own), ..how }, files)?;
        Ok(settings)
    }

    /// Changes parameters, those that name files only where that is allowed.
    fn change(&mut self, settings: &[Setting], How { when, over }: How, files: bool) -> Result<Vec<Value>, Refusal> {
        let rate = self.live.stream().rate;
        let surroundings = Surroundings { files, ..self.playing.surroundings.clone() };
        let mut changes = Changes::new(self.score.registry, self.live.engine().graph(), rate, surroundings);
        for Setting { name, value } in settings {
            changes.set(&name.node, &name.parameter, value).map_err(|error| match refused(&error) {
                only if settings.len() == 1 => only,
                // Which of them it is.
                Refusal { code, message, details } => {
                    Refusal { code, message: format!("{}.{}: {message}", name.node, name.parameter), details }
                }
            })?;
        }
        let edits = changes.edits().map_err(|error| refused(&error))?;
        self.allow(&edits)?;
        let (at, over) = (self.frame_of(when, edits.len())?, over.map(|over| frames(over, rate)));
        self.live.change(&edits, at, over).map_err(|error| match error {
            SetError::Busy | SetError::Load(LoadError::Busy(_) | LoadError::Crowded(_)) => {
                Refusal::new(Code::Busy, error.to_string())
            }
            error => Refusal::new(Code::Value, error.to_string().replace('\n', "; ")),
        })?;
        // A list of another length has other parameters.
        *self.revision += u64::from(settings.iter().any(|setting| setting.value.is_array() || setting.value.is_null()));
        settings.iter().map(|setting| self.value(&setting.name).or_else(|_| Ok(setting.value.clone()))).collect()
    }

    /// Refuses what would end a recording or replace it, and another device, which is opened only at a start.
    fn allow(&self, edits: &[Edit]) -> Result<(), Refusal> {
        let graph = self.live.engine().graph();
        let changed = edits.iter().filter_map(|edit| match edit {
            Edit::Node { name, node } => Some((name, node, graph.node(name.as_str())?)),
            Edit::Bypass { .. } => None,
        });
        if let Some((name, ..)) = changed.clone().find(|(_, node, old)| wanted::is_another_device(old, node)) {
            let why = "the device stays while it plays; another one is opened when the patch is started anew";
            return Err(Refusal::new(Code::Refused, format!("`{name}`: {why}")));
        }
        if !changed.clone().any(|(_, node, old)| node.rebuilds(old)) {
            return Ok(());
        }
        let mut next = graph.clone();
        changed.for_each(|(name, node, _)| next.insert(name.clone(), node.clone()));
        // What does not fit together is refused by the engine.
        let stays = difference(graph, &next, self.live.stream(), 0).ok();
        let in_the_way = stays.and_then(|Difference { kept, updated, .. }| {
            let mut reads = Reads::of(&self.score.args.patch, self.playing);
            reads.plays(&next);
            files::begun_anew(graph, &next, &reads, |node| kept.iter().chain(&updated).any(|name| name == node))
        });
        in_the_way.map_or(Ok(()), |(node, path)| {
            let why = "would have to be begun anew; a recorder whose path has `{seq}` begins another file";
            Err(Refusal::new(Code::Refused, format!("`{node}`: {} {why}", shown(&path))))
        })
    }

    fn scene(&self, name: &str) -> Result<&Scene, Refusal> {
        let found = self.playing.scenes.iter().find(|scene| scene.name == name);
        found.ok_or_else(|| {
            let names: Vec<&str> = self.playing.scenes.iter().map(|scene| scene.name.as_str()).collect();
            let there = if names.is_empty() { "the patch has none".to_owned() } else { names.join(", ") };
            Refusal::unknown(format!("there is no scene `{name}`; there is: {there}"))
        })
    }

    fn parameters(&self, node: &str) -> Result<Vec<Parameter>, Refusal> {
        let (graph, rate) = (self.live.engine().graph(), self.live.stream().rate);
        let found = self.score.registry.parameters_in(graph, node, rate);
        found.ok_or_else(|| Refusal::unknown(format!("there is no node `{node}`")))
    }

    fn value(&self, name: &Name) -> Result<Value, Refusal> {
        let parameters = self.parameters(&name.node)?;
        let found = parameters.into_iter().find(|parameter| parameter.path == name.parameter);
        found
            .map(|parameter| parameter.value.unwrap_or(Value::Null))
            .ok_or_else(|| Refusal::unknown(format!("`{}` has no parameter `{}`", name.node, name.parameter)))
    }

    /// The frame that is meant for so many nodes. Only so many may wait long: the engine has room for all clients together.
    fn frame_of(&mut self, when: When, nodes: usize) -> Result<Option<Frame>, Refusal> {
        let (now, rate) = (self.live.frames(), self.live.stream().rate);
        let frame = match when {
            When::Now => return Ok(None),
            When::In(time) => now + frames(time, rate),
            When::Frame(frame) => frame,
        };
        let ahead = frame.saturating_sub(now);
        if ahead > frames(MOST_AHEAD, rate) {
            let seconds = MOST_AHEAD.as_secs();
            return Err(Refusal::new(
                Code::Value,
                format!("frame {frame} is more than {seconds} s ahead; it is {now} now"),
            ));
        }
        if ahead > frames(SOON, rate) {
            self.waiting.retain(|(frame, _)| *frame > now);
            let waiting: usize = self.waiting.iter().map(|(_, nodes)| nodes).sum();
            if waiting + nodes > MOST_WAITING {
                return Err(Refusal::new(Code::Busy, "too much waits for its frame already"));
            }
            self.waiting.push((frame, nodes));
        }
        Ok(Some(frame))
    }
}

impl Desk for LiveDesk<'_, '_> {
    fn revision(&self) -> u64 {
        *self.revision
    }

    fn nodes(&mut self) -> Vec<NodeInfo> {
        let engine = self.live.engine();
        let node = |(name, node): (&patchline_graph::NodeName, &patchline_graph::AnyNode)| {
            let readings = engine.readings(name.as_str());
            let reading = |(reading, values): (&patchline_graph::Reading, Vec<f64>)| ReadingInfo {
                name: reading.name.to_owned(),
                unit: reading.unit.to_owned(),
                values: values.len(),
            };
            NodeInfo {
                name: name.to_string(),
                kind: node.kind().to_owned(),
                parameters: self.parameters(name.as_str()).unwrap_or_default().into_iter().map(info).collect(),
                readings: readings
                    .iter()
                    .flat_map(|readings| readings.all().map(reading).collect::<Vec<_>>())
                    .collect(),
            }
        };
        engine.graph().nodes().map(node).collect()
    }

    fn get(&mut self, name: &Name) -> Result<Value, Refusal> {
        self.value(name)
    }

    fn set(&mut self, settings: &[Setting], how: How) -> Result<Vec<Value>, Refusal> {
        let files = self.remote_files && self.playing.surroundings.files;
        self.change(settings, how, files)
    }

    fn readings(&mut self) -> Vec<Measured> {
        let engine = self.live.engine();
        let of = |name: &patchline_graph::NodeName| {
            let readings = engine.readings(name.as_str());
            let measured = |(reading, values): (&patchline_graph::Reading, Vec<f64>)| {
                let values = if reading.per == Per::Node { values.into_iter().take(1).collect() } else { values };
                Measured { name: Name::new(name.as_str(), reading.name), values }
            };
            readings.iter().flat_map(|readings| readings.all().map(measured).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        engine.graph().nodes().flat_map(|(name, _)| of(name)).collect()
    }

    fn frame(&self) -> u64 {
        self.live.frames()
    }

    fn scenes(&mut self) -> Vec<String> {
        self.playing.scenes.iter().map(|scene| scene.name.clone()).collect()
    }

    fn recall(&mut self, scene: &str, over: Option<Duration>) -> Result<Vec<Setting>, Refusal> {
        self.recall_at(scene, How { when: When::Now, over })
    }

    fn statistics(&mut self) -> Map<String, Value> {
        let (stats, load, engine) = (self.live.stats(), self.live.last_load(), self.live.engine());
        let data = json!({
            "patch": self.playing.name,
            "state": self.live.state(),
            "frames": self.live.frames(),
            "sample_rate": self.live.stream().rate,
            "block_frames": self.live.stream().max_frames,
            "xruns": stats.xruns,
            "frames_lost": stats.frames_lost,
            "load_mean": load.as_ref().map(|load| load.mean),
            "load_worst": load.as_ref().map(|load| load.worst),
            "latency": self.live.latency().data(),
            "ringing_out": engine.leaving().collect::<Vec<_>>(),
            "bypassed": engine.bypassed().collect::<Vec<_>>(),
            "events_lost": engine.stats().events_lost,
        });
        match data {
            Value::Object(mut data) => {
                data.extend(
                    Some(self.live.threads()).filter(|threads| !threads.is_null()).map(|t| ("threads".to_owned(), t)),
                );
                data
            }
            _ => unreachable!("it was written as an object"),
        }
    }

    fn patch(&mut self) -> Result<String, Refusal> {
        Ok(self.score.text().to_owned())
    }

    fn load(&mut self, patch: &str) -> Result<Map<String, Value>, Refusal> {
        if Instant::now() < *self.next_load {
            return Err(Refusal::new(Code::Busy, "another patch was sent just now: try again"));
        }
        let files = if self.remote_files { Files::Inside } else { Files::None };
        let loaded = self.reloads.load_text((patch, files), self.score, self.playing, self.live);
        *self.revision += 1;
        *self.next_load = Instant::now() + BETWEEN_LOADS;
        loaded.map_err(wrong_patch)
    }

    fn check(&mut self, patch: &str) -> Result<Map<String, Value>, Refusal> {
        if Instant::now() < *self.next_load {
            return Err(Refusal::new(Code::Busy, "another patch was sent just now: try again"));
        }
        *self.next_load = Instant::now() + BETWEEN_LOADS;
        let files = if self.remote_files { Files::Inside } else { Files::None };
        Reloads::check_text((patch, files), self.score, self.playing, self.live).map_err(wrong_patch)
    }

    fn graph(&mut self) -> Result<Map<String, Value>, Refusal> {
        let engine = self.live.engine();
        let Overview { nodes, links, .. } = Overview::new(engine.graph(), engine.schedule(), engine.stream());
        let link = |link: &LinkView| {
            let (from, to) = (&nodes[link.from].name, &nodes[link.to].name);
            json!({ "text": link.text, "from": from, "to": to, "channels": link.channels, "feedback": link.feedback })
        };
        let links: Vec<Value> = links.iter().map(link).collect();
        let nodes = serde_json::to_value(&nodes).unwrap_or_default();
        Ok(Map::from_iter([("nodes".to_owned(), nodes), ("links".to_owned(), links.into())]))
    }

    fn flight(&mut self) -> Result<Map<String, Value>, Refusal> {
        Ok(self.live.recent().data())
    }
}

fn wrong_patch(Failure { message, details, .. }: Failure) -> Refusal {
    Refusal { code: Code::Patch, message, details }
}

fn info(parameter: Parameter) -> ParameterInfo {
    let default = parameter.default_value();
    let Parameter { path, doc, kind, value, number, unit, min, max, choices, default: _, law, time } = parameter;
    ParameterInfo {
        name: path,
        kind,
        value: value.unwrap_or(Value::Null),
        number,
        law: law.to_owned(),
        time: time.unwrap_or_default(),
        default,
        unit: unit.unwrap_or_default().to_owned(),
        min: min.map(Value::from),
        max: max.map(Value::from),
        choices,
        doc: doc.lines().next().unwrap_or_default().to_owned(),
    }
}

fn refused(error: &ParameterError) -> Refusal {
    use patchline_patch::Code as Mistake;
    let code = match error.code {
        Mistake::Link | Mistake::UnknownKey | Mistake::UnknownType => Code::Unknown,
        Mistake::File => Code::Refused,
        _ => Code::Value,
    };
    Refusal::new(code, error.to_string())
}

fn frames(time: Duration, rate: u32) -> u64 {
    (time.as_secs_f64() * f64::from(rate)).round() as u64
}
