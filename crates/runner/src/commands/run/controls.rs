//! Control of what plays, from elsewhere: OSC, WebSocket, MIDI.

mod desk;
mod learn;
mod system_midi;

use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use patchline_control::{
    Config, Control, ControlStats, Desk, How, Name, Refusal, Setting, StartError, Token, WebConfig, When,
};
use patchline_graph::Frame;
use patchline_io::TimedMidi;
use patchline_patch::{Asked, ControlSettings, Loaded, Mapper, Registry};
use serde_json::{Map, Value};
use tracing::{info, warn};

use super::reload::Reloads;
use super::score::Score;
use crate::cli::ControlArgs;
use crate::exit::{Exit, Failure};
use crate::live::Live;
use crate::load::shown;
use crate::page;
#[cfg(feature = "tui")]
use crate::{signals, tui::Wish};
pub(super) use desk::LiveDesk;
use learn::Learn;
use system_midi::SystemMidi;

/// How much later than it came a MIDI message takes effect, beside two blocks: so each has its frame, whenever the
/// control thread sees it.
const MIDI_DELAY: Duration = Duration::from_millis(20);

/// Any free port of this machine.
const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Bytes of a token's file that are read.
const LONGEST_TOKEN_FILE: u64 = 4096;

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
    /// Xruns that they were told of, and whether the device is away.
    xruns: u64,
    away: bool,
    /// Changes whenever parameters come or go.
    revision: u64,
    /// When a client may send a patch again.
    next_load: Instant,
    /// Frames that changes wait for.
    waiting: Vec<(Frame, usize)>,
}

impl Controls {
    /// Listens where the patch or the command line says.
    ///
    /// # Errors
    /// Addresses that cannot be had, tokens that are none, and parameters to be learned that are none.
    pub(super) fn start(args: &ControlArgs, registry: &Registry, loaded: &Loaded) -> Result<Self, Failure> {
        let settings = &loaded.control;
        let learn = args.learn.as_deref().map(|target| Learn::new(target, registry, &loaded.graph)).transpose()?;
        let control = config(args, settings)?.map(listen).transpose()?;
        Ok(Self {
            control,
            remote_files: args.remote_files || settings.remote_files,
            mapper: Mapper::new(loaded.maps.clone()),
            learn,
            system: None,
            loads: 0,
            lost: 0,
            xruns: 0,
            away: false,
            revision: 0,
            next_load: Instant::now(),
            waiting: Vec::new(),
        })
    }

    /// Does what was asked for since it was last called.
    pub(super) fn look(&mut self, score: &mut Score, playing: &mut Loaded, live: &mut Live, reloads: &mut Reloads) {
        self.follow(playing, live);
        self.tell(live);
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
        let (next_load, waiting) = (&mut self.next_load, &mut self.waiting);
        LiveDesk { score, playing, live, reloads, remote_files, revision, next_load, waiting }
    }

    /// What clients did, if anybody is listened to.
    pub(super) fn stats(&self) -> Option<ControlStats> {
        self.control.as_ref().map(Control::stats)
    }

    /// Tells clients what becomes of the device.
    fn tell(&mut self, live: &Live) {
        let Some(control) = &mut self.control else { return };
        let (xruns, away) = (live.stats().xruns, live.is_away());
        let event = |key: &str, value: Value| {
            Map::from_iter([("frame".to_owned(), live.frames().into()), (key.to_owned(), value)])
        };
        if xruns > std::mem::replace(&mut self.xruns, xruns) {
            control.event("xruns", event("xruns", xruns.into()));
        }
        if away != std::mem::replace(&mut self.away, away) {
            control.event("device", event("away", away.into()));
        }
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
            if let Err(refusal) = self.perform(wanted, when, (score, playing, live, reloads)) {
                warn!("MIDI: {}", refusal.message);
            }
        }
    }

    fn perform(
        &mut self,
        wanted: Wanted,
        when: When,
        (score, playing, live, reloads): (&mut Score, &mut Loaded, &mut Live, &mut Reloads),
    ) -> Result<(), Refusal> {
        let how = How { when, over: None };
        let mut desk = self.desk(score, playing, live, reloads);
        let settings = match wanted {
            Wanted::Scene(scene) => desk.recall_at(&scene, how),
            Wanted::Set(setting) => desk.set(std::slice::from_ref(&setting), how).map(|_| vec![setting]),
        }?;
        for Setting { name, value } in settings {
            self.control.iter_mut().for_each(|control| control.changed(name.clone(), value.clone()));
        }
        Ok(())
    }

    /// Does what somebody at the terminal asks for; says what was done, or why not.
    #[cfg(feature = "tui")]
    pub(super) fn grant(
        &mut self,
        wish: Wish,
        at: (&mut Score, &mut Loaded, &mut Live, &mut Reloads),
    ) -> Option<Result<String, String>> {
        let (wanted, done) = match wish {
            Wish::LookAt(_) => return None,
            Wish::Stop => {
                signals::stop();
                return None;
            }
            Wish::Reload => {
                signals::want_reload();
                return None;
            }
            Wish::Recall(scene) => (Wanted::Scene(scene.clone()), format!("scene {scene}")),
            Wish::Set(name, value) => {
                let done = format!("{name} = {value}");
                (Wanted::Set(Setting { name, value }), done)
            }
        };
        Some(self.perform(wanted, When::Now, at).map(|()| done).map_err(|refusal| refusal.message))
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

/// What is to be listened at, and what is said of the token; nothing, if nobody asked for it.
fn config(args: &ControlArgs, settings: &ControlSettings) -> Result<Option<(Config, String)>, Failure> {
    let osc = args.osc.or(settings.osc).map(|address| address.0);
    let (mut web, mut said) = (None, String::new());
    if let Some(address) = web_address(args, settings)? {
        let (token, place) = token(args, settings)?;
        // Only one that nobody knows yet is shown.
        said =
            place.map_or_else(|| format!("?token={}", token.in_url()), |place| format!(" with the token in {place}"));
        let page = args.ui.map(|_| page::page());
        web = Some(WebConfig { origins: settings.origins.clone(), page, ..WebConfig::new(address, token) });
    }
    let remote = args.allow_remote || settings.allow_remote;
    let config = Config { osc, web, remote, most_hz: settings.rate.hz() };
    Ok((config.osc.is_some() || config.web.is_some()).then_some((config, said)))
}

/// Where WebSockets and the page are: at one port, as the page asks that which it came from.
fn web_address(args: &ControlArgs, settings: &ControlSettings) -> Result<Option<SocketAddr>, Failure> {
    let [page, socket] = [args.ui.flatten(), args.websocket].map(|asked| asked.map(|address| address.0));
    match (page, socket) {
        (Some(page), Some(socket)) if page != socket => {
            let message =
                "--ui and --websocket are at one port: give it to one of them, and the other none or the same";
            Err(Failure::new(Exit::Usage, message))
        }
        _ => {
            let any = args.ui.map(|_| ANY_PORT);
            Ok(page.or(socket).or(settings.websocket.map(|address| address.0)).or(any))
        }
    }
}

/// Listens, and says where.
fn listen((config, token): (Config, String)) -> Result<Control, Failure> {
    let has_page = config.web.as_ref().is_some_and(|web| web.page.is_some());
    let control = Control::start(config).map_err(|error| match error {
        StartError::NotLoopback(_) => {
            let help = "`allow_remote = true` in [control], or --allow-remote, allows it";
            Failure::new(Exit::Usage, format!("{error}: {help}"))
        }
        StartError::Bind { .. } => Failure::new(Exit::Device, error.to_string()),
    })?;
    control.osc_address().iter().for_each(|address| info!("OSC: udp://{address}"));
    control.web_address().iter().for_each(|address| info!("WebSocket: ws://{address}/{token}"));
    if has_page {
        control.web_address().iter().for_each(|address| info!("page: http://{address}/{token}"));
    }
    Ok(control)
}

/// The token that somebody has chosen, and where it stands; or a new one.
fn token(args: &ControlArgs, settings: &ControlSettings) -> Result<(Token, Option<String>), Failure> {
    let file = args.token_file.as_ref().or(settings.token_place.as_ref());
    let given = match file {
        Some(file) => Some((first_line(file)?, shown(file))),
        None => settings.token.clone().map(|token| (token, "the patch".to_owned())),
    };
    let Some((text, place)) = given else {
        let token = Token::random().map_err(|error| Failure::new(Exit::Broken, format!("no token: {error}")));
        return token.map(|token| (token, None));
    };
    let token = Token::new(&text).map_err(|words| Failure::new(Exit::Usage, format!("{place}: {words}")))?;
    Ok((token, Some(place)))
}

fn first_line(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST_TOKEN_FILE).read_to_string(&mut text));
    read.map_err(|error| Failure::new(Exit::File, format!("cannot read the token in {}: {error}", shown(path))))?;
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}
