//! The text of a first patch.

use crate::cli::Purpose;

/// What is known of it.
#[derive(Clone, Debug)]
pub(super) struct Choices {
    pub(super) purpose: Purpose,
    /// Devices by their names; without one the default is taken.
    pub(super) input: Option<String>,
    pub(super) output: Option<String>,
}

/// The patch.
pub(super) fn patch(choices: &Choices) -> String {
    let body = match choices.purpose {
        Purpose::Echo => ECHO,
        Purpose::Through => THROUGH,
        Purpose::Record => RECORD,
        Purpose::Speech => SPEECH,
        Purpose::Tone => TONE,
    };
    let device = |name: &Option<String>| match name {
        // A string in quotes is the same in TOML and JSON.
        Some(name) => format!("device = {}\n", serde_json::Value::from(name.as_str())),
        None => "# device = \"Scarlett\"   # a part of its name; `runner devices` lists them\n".to_owned(),
    };
    let text = body.replace("@INPUT@\n", &device(&choices.input)).replace("@OUTPUT@\n", &device(&choices.output));
    format!("{HEAD}{text}{ENGINE}")
}

const HEAD: &str = "\
# A patch for Patchline: `runner THIS-FILE` plays it, `runner check THIS-FILE` reports every mistake.
# Sound flows along the arrows. Each [nodes.NAME] is a node; `runner nodes` lists the types there are.
";

const ENGINE: &str = "
# [engine]
# sample_rate = 48000      # without it, the device's own
# block = 128              # frames: shorter means less latency and more load; without it, the device's own
";

const ECHO: &str = "\
links = [\"mic -> trim -> echo -> level -> out\"]

[nodes.mic]
type = \"input\"
@INPUT@

[nodes.trim]
type = \"gain\"
gain = \"-6 dB\"             # or a factor: 0.5

[nodes.echo]
type = \"delay\"
time = \"350 ms\"
mix = 0.4                  # four tenths of the echo to six tenths of the original
feedback = 0.3             # how much of the echo is echoed

[nodes.level]
type = \"meter\"             # passes sound on, and shows its level

[nodes.out]
type = \"output\"
@OUTPUT@
";

const THROUGH: &str = "\
links = [\"mic -> trim -> level -> out\"]

[nodes.mic]
type = \"input\"
@INPUT@

[nodes.trim]
type = \"gain\"
gain = \"0 dB\"

[nodes.level]
type = \"meter\"             # passes sound on, and shows its level

[nodes.out]
type = \"output\"
@OUTPUT@
";

const RECORD: &str = "\
links = [\"mic -> level -> take\"]

[nodes.mic]
type = \"input\"             # all channels; `channels = [0]` takes the first alone
@INPUT@

[nodes.level]
type = \"meter\"

[nodes.take]
type = \"file_sink\"
path = \"takes/{date}-{seq:03}.wav\"   # a new file at each start; what there is, is never replaced
subtype = \"PCM_24\"
";

const SPEECH: &str = "\
links = [
  \"mic -> level -> voice -> take\",
  \"voice.open -> take.record\",   # 1 while the gate is open, else 0: the recorder starts and stops on that frame
]

[nodes.mic]
type = \"input\"
channels = [0]
@INPUT@

[nodes.level]
type = \"meter\"             # what the threshold below is to be chosen by

[nodes.voice]
type = \"vad_gate\"
mode = \"trigger\"           # only decides; `detector = \"speech\"` opens to voices alone
threshold = \"-34 dB\"       # opens above this RMS
hold = \"1 s\"               # closes after so much silence

[nodes.take]
type = \"file_sink\"
path = \"takes/{date}/take-{seq:04}.wav\"
split = \"per_trigger\"      # a file for each take
pre_roll = \"300 ms\"        # which begins before the trigger: no first syllable is cut
";

const TONE: &str = "\
links = [\"tone -> level -> out\"]

[nodes.tone]
type = \"oscillator\"
frequency = \"440 Hz\"
level = \"-20 dB\"           # soft: headphones may be loud

[nodes.level]
type = \"meter\"

[nodes.out]
type = \"output\"
@OUTPUT@
";
