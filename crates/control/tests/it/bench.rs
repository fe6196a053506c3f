//! A desk without an engine: it keeps what is set, and how.

use std::collections::BTreeMap;
use std::time::Duration;

use patchline_control::{Code, Desk, How, Measured, Name, NodeInfo, ParameterInfo, ReadingInfo, Refusal, Setting};
use serde_json::{Map, Value, json};

/// The parameters of the desk, by node, and what they are at first.
const PARAMETERS: [(&str, &str, &str); 6] = [
    ("trim", "gain", "0.5"),
    ("trim", "mute", "false"),
    ("host/trim", "gain", "1.0"),
    ("lane1", "gain", "0.1"),
    ("lane2", "gain", "0.2"),
    ("bus", "gains[0].gain", "\"-3 dB\""),
];

#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) values: BTreeMap<Name, Value>,
    /// What was set, in its order.
    pub(crate) set: Vec<(Vec<Setting>, How)>,
    pub(crate) frame: u64,
    pub(crate) patch: String,
    pub(crate) revision: u64,
    pub(crate) busy: bool,
}

impl Default for Bench {
    fn default() -> Self {
        let values = PARAMETERS.map(|(node, parameter, value)| (Name::new(node, parameter), value.parse().unwrap()));
        Self {
            values: values.into(),
            set: Vec::new(),
            frame: 0,
            patch: "links = []".to_owned(),
            revision: 0,
            busy: false,
        }
    }
}

impl Bench {
    pub(crate) fn value(&self, name: &str) -> Value {
        self.values[&Name::parse(name).unwrap()].clone()
    }

    fn checked(&self, Setting { name, value }: &Setting) -> Result<Value, Refusal> {
        let old = self.get(name)?;
        let fits = match value {
            Value::Number(number) => !old.is_boolean() && number.as_f64().is_some_and(|number| number.abs() <= 1000.0),
            Value::String(text) => !old.is_boolean() && text.ends_with(" dB"),
            Value::Bool(_) => old.is_boolean(),
            _ => false,
        };
        let words = || Refusal::new(Code::Value, format!("`{name}` does not take {value}"));
        fits.then(|| value.clone()).ok_or_else(words)
    }

    fn get(&self, name: &Name) -> Result<Value, Refusal> {
        self.values.get(name).cloned().ok_or_else(|| Refusal::unknown(format!("there is no `{name}`")))
    }
}

impl Desk for Bench {
    fn revision(&self) -> u64 {
        self.revision
    }

    fn nodes(&mut self) -> Vec<NodeInfo> {
        let mut nodes: BTreeMap<&str, NodeInfo> = BTreeMap::new();
        let new = |name: &str, kind: &str| NodeInfo {
            name: name.to_owned(),
            kind: kind.to_owned(),
            parameters: Vec::new(),
            readings: Vec::new(),
        };
        for (Name { node, parameter }, value) in &self.values {
            let info = nodes.entry(node).or_insert_with(|| new(node, "gain"));
            let (name, value) = (parameter.clone(), value.clone());
            let bounds = (Some(json!(-1000)), Some(json!(1000)));
            info.parameters.push(ParameterInfo { name, value, min: bounds.0, max: bounds.1, ..Default::default() });
        }
        let mut level = new("level", "meter");
        level.readings.push(ReadingInfo { name: "rms".to_owned(), unit: "dBFS".to_owned(), values: 2 });
        nodes.into_values().chain([level]).collect()
    }

    fn get(&mut self, name: &Name) -> Result<Value, Refusal> {
        Bench::get(self, name)
    }

    fn set(&mut self, settings: &[Setting], how: How) -> Result<Vec<Value>, Refusal> {
        if self.busy {
            return Err(Refusal::new(Code::Busy, "try again"));
        }
        let values: Vec<Value> = settings.iter().map(|setting| self.checked(setting)).collect::<Result<_, _>>()?;
        for (setting, value) in settings.iter().zip(&values) {
            self.values.insert(setting.name.clone(), value.clone());
        }
        self.set.push((settings.to_vec(), how));
        Ok(values)
    }

    fn readings(&mut self) -> Vec<Measured> {
        vec![Measured { name: Name::new("level", "rms"), values: vec![-12.5, f64::NAN] }]
    }

    fn frame(&self) -> u64 {
        self.frame
    }

    fn scenes(&mut self) -> Vec<String> {
        vec!["quiet".to_owned(), "loud".to_owned()]
    }

    fn recall(&mut self, scene: &str, over: Option<Duration>) -> Result<Vec<Setting>, Refusal> {
        let gain = match scene {
            "quiet" => 0.01,
            "loud" => 2.0,
            _ => return Err(Refusal::unknown(format!("there is no scene `{}`", scene.escape_debug()))),
        };
        let settings = vec![Setting { name: Name::new("trim", "gain"), value: json!(gain) }];
        self.set(&settings, How { over, ..How::default() })?;
        Ok(settings)
    }

    fn statistics(&mut self) -> Map<String, Value> {
        Map::from_iter([("frames".to_owned(), json!(self.frame)), ("xruns".to_owned(), json!(0))])
    }

    fn patch(&mut self) -> Result<String, Refusal> {
        Ok(self.patch.clone())
    }

    fn load(&mut self, patch: &str) -> Result<Map<String, Value>, Refusal> {
        self.check(patch)?;
        self.patch = patch.to_owned();
        self.revision += 1;
        Ok(Map::from_iter([("frame".to_owned(), json!(self.frame))]))
    }

    fn check(&mut self, patch: &str) -> Result<Map<String, Value>, Refusal> {
        if !patch.starts_with("links") {
            let mut refusal = Refusal::new(Code::Patch, "the patch has a mistake");
            refusal.details.insert("mistakes".to_owned(), json!([{ "line": 1, "column": 1 }]));
            return Err(refusal);
        }
        Ok(Map::from_iter([("line".to_owned(), json!("2 nodes play on"))]))
    }

    fn graph(&mut self) -> Result<Map<String, Value>, Refusal> {
        let nodes = json!([{ "name": "trim", "type": "gain" }, { "name": "level", "type": "meter" }]);
        let links = json!([{ "from": "trim", "to": "level", "channels": 2, "feedback": false }]);
        Ok(Map::from_iter([("nodes".to_owned(), nodes), ("links".to_owned(), links)]))
    }

    fn flight(&mut self) -> Result<Map<String, Value>, Refusal> {
        let xruns = json!([{ "seconds_ago": 1.5, "lost_frames": 128, "text": "xrun at frame 96000" }]);
        Ok(Map::from_iter([
            ("step_ms".to_owned(), 50.into()),
            ("longest".to_owned(), json!([null, 0.02, 0.04])),
            ("xruns".to_owned(), xruns),
        ]))
    }
}
