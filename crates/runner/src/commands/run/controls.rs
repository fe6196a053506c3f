//! Control of what plays, from elsewhere: OSC, WebSocket, MIDI.

mod desk;
mod learn;
mod system_midi;

use std::fs;
use std::time::Duration;

use patchline_control::{Config, Control, Desk, How, Name, Setting, Token, WebConfig, When};
use patchline_io::TimedMidi;
use patchline_patch::{Asked, ControlSettings, Loaded, Mapper};
use serde_json::Map;
use tracing::{info, warn};

use super::reload::Reloads;
use super::score::Score;
use crate::cli::ControlArgs;
use crate::exit::{Exit, Failure};
use crate::live::Live;
pub(super) use desk::LiveDesk;
use learn::Learn;
use system_midi::SystemMidi;

/// How much later than it came a MIDI message takes effect, beside two blocks: so each has its frame, whenever the
/// control thread sees it.
const MIDI_DELAY: Duration = Duration::from_millis(20);

/// Who controls a run.
pub(super) struct Controls {
    control: Option<Control>,
    remote_files: bool,
    mapper: Mapper,
    learn: Option<Learn>,
    /// Whether the system's MIDI was looked for, and what there is.
    system: Option<SystemMidi>,
    /// Loads that clients were told of, and MIDI messages that were lost.
    loads: u64,
    lost: u64,
    /// Changes whenever parameters come or go.
    revision: u64,
}

impl Controls {
    /// Listens where the patch or the command line says.
    ///
    /// # Errors
    /// Addresses that cannot be had, and tokens that are none.
    pub(super) fn start(args: &ControlArgs, loaded: &Loaded) -> Result<Self, Failure> {
        let settings = &loaded.control;
        let osc = args.osc.or(settings.osc).map(|address| address.0);
        let web = args.websocket.or(settings.websocket).map(|address| web(settings, address.0)).transpose()?;
        let remote = settings.allow_remote || args.allow_remote;
        let wanted = osc.is_some() || web.is_some();
        let token = web.as_ref().map(|web| web.token.reveal().to_owned());
        let start = || {
            Control::start(Config { osc, web, remote, most_hz: settings.rate.hz() }).map_err(|error| {
                Failure::new(
                    Exit::Device,
                    format!("{error}; `allow_remote` in [control], or --allow-remote, allows it"),
                )
            })
        };
        let control = wanted.then(start).transpose()?;
        if let Some(control) = &control {
            control.osc_address().iter().for_each(|address| info!("OSC: udp://{address}"));
            let url = |address| format!("ws://{address}/?token={}", token.as_deref().unwrap_or_default());
            control.web_address().iter().for_each(|address| info!("WebSocket: {}", url(address)));
        }
        Ok(Self {
            control,
            remote_files: settings.remote_files,
            mapper: Mapper::new(loaded.maps.clone()),
            learn: Learn::new(args.learn.as_deref()),
            system: None,
            loads: 0,
            lost: 0,
            revision: 0,
        })
    }

    /// Does what was asked for since it was last called.
    pub(super) fn look(&mut self, score: &mut Score, playing: &mut Loaded, live: &mut Live, reloads: &mut Reloads) {
        self.follow(playing, live);
        self.take_midi((score, playing, live, reloads));
        if let Some(mut control) = self.control.take() {
            control.pass(&mut self.desk(score, playing, live, reloads), Duration::ZERO);
            self.control = Some(control);
        }
    }

    fn desk<'a, 'b>(
        &'a mut self,
        score: &'a mut Score<'b>,
        playing: &'a mut Loaded,
        live: &'a mut Live,
        reloads: &'a mut Reloads,
    ) -> LiveDesk<'a, 'b> {
        let (remote_files, revision) = (self.remote_files, &mut self.revision);
        LiveDesk { score, playing, live, reloads, remote_files, revision }
    }

    /// Tells clients of another patch, and maps as it says.
    fn follow(&mut self, playing: &Loaded, live: &Live) {
        let (loads, last) = live.reloads();
        if loads == std::mem::replace(&mut self.loads, loads) {
            return;
        }
        self.revision += 1;
        if self.mapper.maps() != playing.maps {
            self.mapper = Mapper::new(playing.maps.clone());
        }
        if let (Some(control), Some((frame, changes))) = (&mut self.control, last) {
            let mut report = Map::new();
            report.insert("frame".to_owned(), (*frame).into());
            report.insert("changes".to_owned(), changes.clone());
            control.loaded(report);
        }
    }

    fn take_midi(&mut self, (score, playing, live, reloads): (&mut Score, &mut Loaded, &mut Live, &mut Reloads)) {
        let delay = MIDI_DELAY.as_secs_f64() * f64::from(live.stream().rate) + 2.0 * live.stream().max_frames as f64;
        while let Some(TimedMidi { frame, message }) = live.next_midi() {
            let when = When::Frame(frame + delay as u64);
            self.hear(message.bytes(), when, (score, playing, live, reloads));
        }
        let system = self.system.get_or_insert_with(|| SystemMidi::open(&playing.control.midi, live.is_on_jack()));
        for message in system.messages() {
            self.hear(&message, When::Now, (score, playing, live, reloads));
        }
        let lost = live.midi_lost();
        if lost > std::mem::replace(&mut self.lost, lost) {
            warn!("{lost} MIDI messages came too fast and were lost");
        }
    }

    /// Does what a MIDI message asks for.
    fn hear(
        &mut self,
        message: &[u8],
        when: When,
        (score, playing, live, reloads): (&mut Score, &mut Loaded, &mut Live, &mut Reloads),
    ) {
        self.learn.iter_mut().for_each(|learn| learn.take(message));
        let asked: Vec<Wanted> = self.mapper.take(message).into_iter().map(Wanted::from).collect();
        for wanted in asked {
            self.perform(wanted, when, (score, playing, live, reloads));
        }
    }

    fn perform(
        &mut self,
        wanted: Wanted,
        when: When,
        (score, playing, live, reloads): (&mut Score, &mut Loaded, &mut Live, &mut Reloads),
    ) {
        let how = How { when, over: None };
        let mut desk = self.desk(score, playing, live, reloads);
        let done = match wanted {
            Wanted::Scene(scene) => desk.recall_at(&scene, how),
            Wanted::Set(setting) => desk.set(std::slice::from_ref(&setting), how).map(|_| vec![setting]),
        };
        match done {
            Ok(settings) => {
                for Setting { name, value } in settings {
                    self.control.iter_mut().for_each(|control| control.changed(name.clone(), value.clone()));
                }
            }
            Err(refusal) => warn!("MIDI: {}", refusal.message),
        }
    }
}

/// What a MIDI message asks for.
enum Wanted {
    Scene(String),
    Set(Setting),
}

impl From<Asked<'_>> for Wanted {
    fn from(asked: Asked<'_>) -> Self {
        match asked {
            Asked::Scene(name) => Self::Scene(name.to_owned()),
            Asked::Set { node, parameter, value } => Self::Set(Setting { name: Name::new(node, parameter), value }),
        }
    }
}

fn web(settings: &ControlSettings, address: std::net::SocketAddr) -> Result<WebConfig, Failure> {
    let usage = |what: String| Failure::new(Exit::Usage, what);
    let token = match (&settings.token, &settings.token_place) {
        (Some(token), _) => Token::new(token).map_err(usage)?,
        (None, Some(path)) => {
            let text = fs::read_to_string(path)
                .map_err(|error| Failure::new(Exit::File, format!("cannot read {}: {error}", path.display())))?;
            Token::new(text.lines().next().unwrap_or_default().trim()).map_err(usage)?
        }
        (None, None) => Token::random().map_err(|error| Failure::new(Exit::Broken, format!("no token: {error}")))?,
    };
    Ok(WebConfig { origins: settings.origins.clone(), ..WebConfig::new(address, token) })
}
