//! MIDI messages as they come in, and what the maps of a patch make of them.

use serde_json::Value;

use super::{Action, Map, Trigger};

/// From this value on, a controller is on.
const MIDDLE: u8 = 64;

/// What a message asks for.
///
/// ```
/// use patchline_patch::{Action, Asked, Map, Mapper, Trigger};
///
/// let action = Action::Scene("break".to_owned());
/// let mut mapper = Mapper::new(vec![Map { trigger: Trigger::Program(0), channel: None, action }]);
/// for asked in mapper.take(&[0xc0, 0]) {
///     match asked {
///         Asked::Scene(name) => assert_eq!(name, "break"),
///         Asked::Set { node, parameter, value } => panic!("{node}.{parameter} = {value}"),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Asked<'a> {
    /// The scene of this name.
    Scene(&'a str),
    /// A parameter's new value.
    Set {
        /// The node.
        node: &'a str,
        /// Its parameter, or `bypass`.
        parameter: &'a str,
        /// The value, as [`Changes::set`](crate::Changes::set) takes it.
        value: Value,
    },
}

/// A patch's maps, and which of them are on.
///
/// ```
/// use patchline_patch::{Action, Asked, Curve, Map, Mapper, Scale, Trigger};
///
/// let scale = Scale { from: 0.0, to: 1.0, curve: Curve::Linear, unit: None, whole: false };
/// let action = Action::Follow { node: "trim".to_owned(), parameter: "gain".to_owned(), scale };
/// let mut mapper = Mapper::new(vec![Map { trigger: Trigger::Cc(7), channel: None, action }]);
/// assert_eq!(mapper.maps().len(), 1);
///
/// // Controller 7 of channel 1 at its end.
/// let asked = mapper.take(&[0xb0, 7, 127]);
/// assert_eq!(asked, [Asked::Set { node: "trim", parameter: "gain", value: 1.0.into() }]);
/// // Nobody listens to controller 8.
/// assert!(mapper.take(&[0xb0, 8, 127]).is_empty());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Mapper {
    maps: Vec<Map>,
    /// Of each map: whether its controller or key is on, and whether it was toggled.
    on: Vec<bool>,
    toggled: Vec<bool>,
}

/// What happened, of all that maps know.
#[derive(Clone, Copy)]
enum Event {
    /// The number of a controller, and its value.
    Controller(u8, u8),
    /// The number of a key, and how hard it was struck; 0 is let go.
    Key(u8, u8),
    /// A program.
    Program(u8),
}

impl Mapper {
    /// Nothing is on yet.
    #[must_use]
    pub fn new(maps: Vec<Map>) -> Self {
        let off = vec![false; maps.len()];
        Self { on: off.clone(), toggled: off, maps }
    }

    /// The maps.
    #[must_use]
    pub fn maps(&self) -> &[Map] {
        &self.maps
    }

    /// What a MIDI message asks for, in the order of the maps; nothing, if it is none that maps know, or not whole.
    pub fn take(&mut self, message: &[u8]) -> Vec<Asked<'_>> {
        let Some((channel, event)) = event(message) else { return Vec::new() };
        let Self { maps, on, toggled } = self;
        let states = on.iter_mut().zip(toggled);
        let answers = maps.iter().zip(states).filter(|(map, _)| map.channel.is_none_or(|wanted| wanted == channel));
        answers.filter_map(|(map, (on, toggled))| map.answer(&event, on, toggled)).collect()
    }
}

/// A channel message: its channel from 1, and what it says.
fn event(message: &[u8]) -> Option<(u8, Event)> {
    let (&status, data) = message.split_first()?;
    if data.iter().any(|byte| *byte > 127) {
        return None;
    }
    let event = match (status >> 4, data) {
        (0x8, &[key, _]) => Event::Key(key, 0),
        (0x9, &[key, velocity]) => Event::Key(key, velocity),
        (0xb, &[controller, value]) => Event::Controller(controller, value),
        (0xc, &[program]) => Event::Program(program),
        _ => return None,
    };
    Some(((status & 0xf) + 1, event))
}

impl Map {
    fn answer<'a>(&'a self, event: &Event, on: &mut bool, toggled: &mut bool) -> Option<Asked<'a>> {
        let (value, goes) = match (self.trigger, *event) {
            (Trigger::Cc(wanted), Event::Controller(number, value)) if wanted == number => (value, value >= MIDDLE),
            (Trigger::Note(wanted), Event::Key(key, velocity)) if wanted == key => (velocity, velocity > 0),
            (Trigger::Program(wanted), Event::Program(program)) if wanted == program => {
                *on = false;
                (program, true)
            }
            _ => return None,
        };
        let changes = std::mem::replace(on, goes) != goes;
        match &self.action {
            Action::Scene(name) => (goes && changes).then_some(Asked::Scene(name)),
            // A key that is let go leaves the value that it brought.
            Action::Follow { .. } if !goes && matches!(self.trigger, Trigger::Note(_)) => None,
            Action::Follow { node, parameter, scale } => {
                Some(Asked::Set { node, parameter, value: scale.value(value) })
            }
            Action::Switch { .. } if !changes => None,
            Action::Switch { node, parameter, on, off, toggle } => {
                let goes = if *toggle { flip(goes, toggled)? } else { goes };
                let value = if goes { Some(on) } else { off.as_ref() };
                Some(Asked::Set { node, parameter, value: value?.clone() })
            }
        }
    }
}

/// Which value is next, if it is time for it.
fn flip(goes: bool, toggled: &mut bool) -> Option<bool> {
    goes.then(|| {
        *toggled = !*toggled;
        *toggled
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maps::{Curve, Scale};

    fn mapper(trigger: Trigger, channel: Option<u8>, action: Action) -> Mapper {
        Mapper::new(vec![Map { trigger, channel, action }])
    }

    fn switch(off: Option<Value>, toggle: bool) -> Action {
        Action::Switch { node: "trim".to_owned(), parameter: "mute".to_owned(), on: true.into(), off, toggle }
    }

    /// The values that messages ask for, one by one.
    fn values(mapper: &mut Mapper, messages: &[&[u8]]) -> Vec<Option<Value>> {
        let value = |asked: Option<Asked<'_>>| match asked {
            Some(Asked::Set { value, .. }) => Some(value),
            Some(Asked::Scene(name)) => Some(name.into()),
            None => None,
        };
        messages.iter().map(|message| value(mapper.take(message).into_iter().next())).collect()
    }

    #[test]
    fn a_parameter_follows_its_controller_on_its_channel() {
        let scale = Scale { from: 0.0, to: 127.0, curve: Curve::Linear, unit: None, whole: false };
        let follow = Action::Follow { node: "trim".to_owned(), parameter: "gain".to_owned(), scale };
        let mut on_two = mapper(Trigger::Cc(7), Some(2), follow.clone());
        let heard =
            values(&mut on_two, &[&[0xb1, 7, 3], &[0xb0, 7, 3], &[0xb1, 8, 3], &[0xb1, 7], &[0xb1, 7, 200], &[]]);
        assert_eq!(heard, [Some(3.0.into()), None, None, None, None, None]);
        let mut key = mapper(Trigger::Note(60), None, follow);
        assert_eq!(values(&mut key, &[&[0x95, 60, 9], &[0x85, 60, 0]]), [Some(9.0.into()), None]);
    }

    #[test]
    fn a_switch_goes_on_and_off_once() {
        let mut held = mapper(Trigger::Note(60), None, switch(Some(false.into()), false));
        let keys: [&[u8]; 4] = [&[0x90, 60, 1], &[0x90, 60, 9], &[0x90, 60, 0], &[0x80, 60, 64]];
        assert_eq!(values(&mut held, &keys), [Some(true.into()), None, Some(false.into()), None]);
        let mut pedal = mapper(Trigger::Cc(64), None, switch(None, false));
        assert_eq!(values(&mut pedal, &[&[0xb0, 64, 127], &[0xb0, 64, 0]]), [Some(true.into()), None]);
        let mut toggle = mapper(Trigger::Note(60), None, switch(Some(false.into()), true));
        let heard = values(&mut toggle, &[keys[0], keys[2], keys[0], keys[3]]);
        assert_eq!(heard, [Some(true.into()), None, Some(false.into()), None]);
    }

    #[test]
    fn a_scene_is_recalled_at_each_press_and_program() {
        let scene = || Action::Scene("verse".to_owned());
        let verse = || Some(Value::from("verse"));
        let mut program = mapper(Trigger::Program(3), None, scene());
        assert_eq!(values(&mut program, &[&[0xc0, 3], &[0xc0, 3], &[0xc0, 4]]), [verse(), verse(), None]);
        let mut knob = mapper(Trigger::Cc(1), None, scene());
        let turned: [&[u8]; 4] = [&[0xb0, 1, 63], &[0xb0, 1, 64], &[0xb0, 1, 90], &[0xb0, 1, 0]];
        assert_eq!(values(&mut knob, &turned), [None, verse(), None, None]);
    }
}
