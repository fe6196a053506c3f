//! What is changed of a documented command so that it ends, and needs no sound card; and what is not run at all.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::cli::Call;

/// What a rule does to a call.
pub(super) enum Change {
    /// Gives an option (one of its names) this value, whether it is there or not.
    Put(&'static [&'static str], &'static str),
    /// The call ends with this code, and says this.
    Expect(i32, &'static str),
    /// As soon as it has said this, it is ended with Ctrl-C.
    Interrupt(&'static str),
}

/// A change, and the calls that it is for.
pub(super) struct Rule {
    pub(super) why: &'static str,
    pub(super) is_for: fn(&Call<'_>) -> bool,
    pub(super) change: Change,
}

const BACKEND: &[&str] = &["--backend"];
const DURATION: &[&str] = &["--duration", "-d"];
const SECONDS: &[&str] = &["--seconds", "-s"];

/// Every change there is. One that is for no call any more fails the test.
pub(super) const RULES: [Rule; 6] = [
    Rule {
        why: "a simulated device is on every machine, and as fast as the machine",
        is_for: |call| opens_a_device(call) && !call.value(BACKEND).is_some_and(|word| is_made_up(&word.text)),
        change: Change::Put(BACKEND, "sim"),
    },
    Rule {
        why: "what goes on until Ctrl-C goes on for a while",
        is_for: |call| call.is(&["run", "record", "meter"]) && !call.has(DURATION),
        change: Change::Put(DURATION, "300ms"),
    },
    Rule {
        why: "a measurement needs no seconds to be one",
        is_for: |call| call.is(&["bench"]) && !call.has(&["--loopback"]),
        change: Change::Put(SECONDS, "0.2"),
    },
    Rule {
        why: "no cable leads from a simulated output to its input",
        is_for: |call| call.is(&["bench"]) && call.has(&["--loopback"]),
        change: Change::Expect(2, "nothing leads from this device's output"),
    },
    Rule {
        why: "no simulated device has the name of a real one",
        is_for: |call| call.is(&["record", "meter", "play"]) && call.has(&["--device", "--loopback-of"]),
        change: Change::Expect(4, "there is no"),
    },
    Rule {
        why: "devices are watched until Ctrl-C",
        is_for: |call| call.is(&["devices"]) && call.has(&["--watch"]),
        change: Change::Interrupt("watching"),
    },
];

fn opens_a_device(call: &Call<'_>) -> bool {
    let measures_one = call.is(&["bench"]) && (call.has(&["--loopback"]) || call.has(BACKEND));
    call.is(&["run", "record", "meter", "play"]) || measures_one
}

fn is_made_up(backend: &str) -> bool {
    ["null", "sim"].contains(&backend)
}

/// Programs of others that are run, where they are installed.
pub(super) const RUN: [&str; 6] = ["camilladsp", "ecasound", "kill", "oscsend", "pidof", "taplo"];

/// Those among them that few machines have: a page is about them, and no machine has to have them.
pub(super) const RARE: [&str; 3] = ["camilladsp", "ecasound", "taplo"];

/// Those among them that speak to a run: the last one of their page is started for them again.
pub(super) const COMPANIONS: [&str; 2] = ["kill", "oscsend"];

/// What is not run, by its first words, and why. What no page has any more fails the test.
pub(super) const NOT_RUN: [(&str, &str); 20] = [
    ("sudo", "it changes the machine"),
    ("apt-get download", "it asks the network"),
    ("code --install-extension", "it changes the editor"),
    ("cp echo.toml", "it goes to the user's own folder"),
    ("cp packaging/patchline@.service", "it goes to the user's own folder"),
    ("dpkg -x", "it unpacks what was not downloaded"),
    ("ecasound -q -f:16,2,48000 -i jack,system", "it needs a JACK server"),
    ("ecasound -q -i voice.wav -o jack,system", "it needs a JACK server"),
    ("hx", "an editor"),
    ("journalctl", "the service was not started"),
    ("loginctl", "it changes the machine"),
    ("mkdir -p ~/.config/systemd/user", "it makes the user's own folders"),
    ("pip", "it asks the network"),
    ("pw-jack", "it needs PipeWire"),
    ("pw-metadata", "it needs PipeWire"),
    ("python3 -m", "it needs the network, a package or a port"),
    ("rustup target add", "it changes the machine"),
    ("systemctl", "it changes the machine"),
    ("jackd", "the page's server is one for a sound card; the tests of JACK start their own"),
    ("jack_load", "it needs that server and, for what it loads, a second machine"),
];

/// Which of all these were needed.
#[derive(Default)]
pub(super) struct Needed(Mutex<BTreeSet<&'static str>>);

impl Needed {
    pub(super) fn note(&self, what: &'static str) {
        self.0.lock().expect("nobody panics with it").insert(what);
    }

    /// What nobody has needed.
    pub(super) fn rest(&self) -> Vec<&'static str> {
        let needed = self.0.lock().expect("nobody panics with it");
        let rules = RULES.iter().map(|rule| rule.why);
        let all = rules.chain(RUN).chain(NOT_RUN.map(|(words, _)| words));
        all.filter(|what| !needed.contains(what)).collect()
    }
}
