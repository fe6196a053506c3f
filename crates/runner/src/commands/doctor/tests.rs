use patchline_graph::Renderer;
use patchline_io::Host;

use super::*;
use crate::hosts::fake::{FakeHost, device};

/// A machine made of these files.
fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Machine) {
    let folder = tempfile::tempdir().unwrap();
    let machine = Machine::in_folder(folder.path());
    for (path, text) in files {
        let path = machine.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    (folder, machine)
}

/// What a check says of a machine; its fix in one piece.
fn check(look: fn(&Machine) -> Option<Check>, files: &[(&str, &str)], status: Status, finding: &str) -> String {
    let (_folder, machine) = machine(files);
    let check = look(&machine).expect("there is something to see");
    assert_eq!((check.status, check.finding.contains(finding)), (status, true), "`{finding}` in {check:?}");
    check.fix.join("\n")
}

const NO_CAPS: &str = "Name:\trunner\nUid:\t1000\t1000\t1000\t1000\nGroups:\t4 29 1000 \nCapEff:\t0000000000000000\n";
const ROOT: &str = "Uid:\t0\t0\t0\t0\nGroups:\t0 \nCapEff:\t000001ffffffffff\n";

fn limits(priority: &str, memory: &str) -> String {
    format!(
        "Limit                     Soft Limit           Hard Limit           Units     \n\
         Max locked memory         {memory}              bytes     \nMax realtime priority     {priority}       \n"
    )
}

#[test]
fn priority_is_what_limits_and_capabilities_allow() {
    let look = |status: &str, priority: &str, expected, finding| {
        let files = [("/proc/self/status", status), ("/proc/self/limits", &limits(priority, "0 0"))];
        check(privileges::priority, &files, expected, finding)
    };
    look(ROOT, "0 0", Status::Ok, "CAP_SYS_NICE");
    look(NO_CAPS, "95 95", Status::Ok, "up to 95");
    look(NO_CAPS, "unlimited unlimited", Status::Ok, "up to 99");
    let fix = look(NO_CAPS, "0 0", Status::Missing, "none allowed");
    assert!(fix.contains("@audio - rtprio 95") && fix.contains("limits.d/95-audio.conf"), "{fix}");
    assert!(look(NO_CAPS, "0 95", Status::Missing, "up to 95 is allowed").contains("ulimit -r 95"));
    assert!(look(NO_CAPS, "10 10", Status::Warn, "only up to 10").contains("rtprio 95"));
    assert!(look(NO_CAPS, "10 90", Status::Warn, "90 is allowed").contains("ulimit -r 90"));
}

#[test]
fn memory_is_what_limits_and_capabilities_allow() {
    let look = |status: &str, memory: &str, expected, finding| {
        let files = [("/proc/self/status", status), ("/proc/self/limits", &limits("0 0", memory))];
        check(privileges::memory, &files, expected, finding)
    };
    look(ROOT, "8388608 8388608", Status::Ok, "CAP_IPC_LOCK");
    look(NO_CAPS, "unlimited unlimited", Status::Ok, "without limit");
    assert!(look(NO_CAPS, "8388608 8388608", Status::Missing, "at most 8.0 MiB").contains("memlock unlimited"));
    assert!(look(NO_CAPS, "65536 unlimited", Status::Missing, "at most 64.0 KiB").contains("ulimit -l unlimited"));
}

#[test]
fn membership_is_this_process_own() {
    let look = |status: &str, groups: &str, expected, finding| {
        check(privileges::group, &[("/proc/self/status", status), ("/etc/group", groups)], expected, finding)
    };
    look(NO_CAPS, "adm:x:4:\naudio:x:29:ada\n", Status::Ok, "you are in it");
    let fix = look(NO_CAPS, "adm:x:4:\naudio:x:63:ada\n", Status::Warn, "you are not in it");
    assert!(fix.contains("usermod -aG audio"), "{fix}");
    look(NO_CAPS, "adm:x:4:\n", Status::Ok, "this system has none");
    look(ROOT, "audio:x:29:\n", Status::Ok, "root");
}

#[test]
fn rtkit_matters_to_those_without_rights() {
    let poor = limits("0 0", "0 0");
    let rich = limits("95 95", "0 0");
    let status = ("/proc/self/status", NO_CAPS);
    let release = ("/etc/os-release", "ID=ubuntu\nID_LIKE=debian\n");
    let runs = ("/proc/71/comm", "rtkit-daemon\n");
    check(privileges::broker, &[status, ("/proc/self/limits", &poor), runs], Status::Ok, "runs");
    check(privileges::broker, &[status, ("/proc/self/limits", &rich)], Status::Ok, "not needed");
    let fix = check(privileges::broker, &[status, ("/proc/self/limits", &poor), release], Status::Warn, "does not run");
    assert_eq!(fix, "sudo apt-get install rtkit");
}

#[test]
fn governors_of_all_processors_count() {
    let path = |cpu: u32| format!("/sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor");
    let look = |first: &str, second: &str, status, finding| {
        let other = ("/sys/devices/system/cpu/cpufreq/boost", "1");
        check(power::governor, &[(&path(0), first), (&path(11), second), other], status, finding)
    };
    look("performance\n", "performance\n", Status::Ok, "performance");
    let fix = look("performance\n", "powersave\n", Status::Warn, "performance, powersave:");
    assert!(fix.starts_with("echo performance | sudo tee /sys/"), "{fix}");
    check(power::governor, &[("/sys/devices/system/cpu/cpu0/online", "1")], Status::Ok, "not scaled");
}

#[test]
fn kernels_are_told_apart_by_their_preemption() {
    let look = |flags: &str, command: &str, status, finding| {
        let version = format!("Linux version 6.1.0-18-amd64 (debian) (gcc) #1 SMP {flags} Debian\n");
        check(power::kernel, &[("/proc/version", &version), ("/proc/cmdline", command)], status, finding)
    };
    look("PREEMPT_RT", "quiet", Status::Ok, "6.1.0-18-amd64, real-time");
    look("PREEMPT_DYNAMIC", "quiet preempt=full", Status::Ok, "as booted");
    look("PREEMPT_DYNAMIC", "quiet", Status::Ok, "preempt=full");
    look("PREEMPT", "quiet", Status::Ok, "preemptible");
    assert!(look("PREEMPT_DYNAMIC", "preempt=none", Status::Warn, "preempt=none").contains("update-grub"));
    look("", "quiet", Status::Warn, "not preemptible");
}

#[test]
fn jack_is_a_library_and_a_server() {
    let library = ("/usr/lib/x86_64-linux-gnu/libjack.so.0", "");
    let bridge = ("/usr/lib/x86_64-linux-gnu/pipewire-0.3/jack/libjack.so.0", "");
    let (server, pipewire) = (("/proc/12/comm", "jackd\n"), ("/proc/13/comm", "pipewire\n"));
    let fedora = ("/etc/os-release", "ID=fedora\n");
    check(servers::jack, &[library, server], Status::Ok, "jackd runs");
    let (own, others) = (("/proc/self/status", "Uid:\t5\t5\n"), ("/proc/12/status", "Uid:\t1\t1\n"));
    check(servers::jack, &[library, server, own, others], Status::Warn, "jackd runs for another user");
    check(servers::jack, &[library, server, own, ("/proc/12/status", "Uid:\t5\t5\n")], Status::Ok, "jackd runs");
    assert!(check(servers::jack, &[library], Status::Warn, "no server runs").contains("jackd -R -d alsa"));
    assert!(check(servers::jack, &[bridge, pipewire], Status::Warn, "PipeWire plays").contains("pw-jack"));
    check(servers::jack, &[library, pipewire], Status::Warn, "PipeWire may play its part");
    check(servers::jack, &[server], Status::Missing, "libjack.so.0 is not where");
    let fix = check(servers::jack, &[fedora], Status::Missing, "is not installed");
    assert!(fix.starts_with("sudo dnf install jack-audio-connection-kit\n"), "{fix}");
}

#[test]
fn the_quantum_is_what_is_read_last() {
    let runs = ("/proc/13/comm", "pipewire\n");
    let shipped = ("/usr/share/pipewire/pipewire.conf", "context.properties = {\n #default.clock.quantum = 64\n}\n");
    let system = ("/etc/pipewire/pipewire.conf.d/a.conf", "context.properties = { default.clock.quantum = 512 }\n");
    let own = (
        "/home/ada/.config/pipewire/pipewire.conf.d/b.conf",
        "context.properties = { \"default.clock.quantum\": 128 default.clock.min-quantum = 32 }\n",
    );
    let fix = check(servers::quantum, &[runs, shipped], Status::Warn, "1024 frames, 21.3 ms");
    assert!(fix.contains("default.clock.quantum = 128") && fix.contains("systemctl --user restart"), "{fix}");
    check(servers::quantum, &[runs, shipped, system], Status::Warn, "512 frames");
    check(servers::quantum, &[runs, shipped, system, own], Status::Ok, "128 frames, 2.7 ms");
    let (_folder, without) = machine(&[shipped]);
    assert_eq!(servers::quantum(&without), None);
}

#[test]
fn desktops_have_one_server_or_none() {
    let (pipewire, pulse) = (("/proc/2/comm", "pipewire\n"), ("/proc/3/comm", "pipewire-pulse\n"));
    check(servers::desktop, &[pipewire, pulse], Status::Ok, "PipeWire runs");
    let fix = check(servers::desktop, &[pipewire], Status::Warn, "without pipewire-pulse");
    assert!(fix.starts_with("# install pipewire-pulse"), "{fix}");
    check(servers::desktop, &[("/proc/4/comm", "pulseaudio\n")], Status::Ok, "PulseAudio runs");
    check(servers::desktop, &[("/proc/x/comm", "pulseaudio\n")], Status::Ok, "neither");
}

#[test]
fn cards_are_those_of_the_kernel() {
    let cards = " 0 [PCH            ]: USB-Audio - Mixer One\n                      Mixer One at 0xf7 irq 3\n \
                 1 [USB            ]: USB-Audio - Scarlett 2i2 USB\n";
    check(sound::cards, &[("/proc/asound/cards", cards)], Status::Ok, "Mixer One, Scarlett 2i2 USB");
    check(sound::cards, &[("/proc/asound/cards", "--- no soundcards ---\n")], Status::Warn, "knows none");
    check(sound::cards, &[], Status::Warn, "knows none");
}

#[test]
fn a_build_says_which_hosts_it_lacks() {
    let checks = sound::hosts::<Renderer>(&[]);
    let names: Vec<&str> = checks.iter().map(|check| &check.name[..]).collect();
    assert_eq!(names, ["backend jack", "backend cpal"]);
    assert!(checks.iter().all(|check| check.status == Status::Missing && check.fix.join(" ").contains("--features")));
    let hosts: Vec<Box<dyn Host<Renderer>>> = vec![
        Box::new(FakeHost::missing("jack", "no server answers")),
        Box::new(FakeHost::with("alsa", vec![device("alsa", "Scarlett", 2, 2)])),
        Box::new(FakeHost::with("pulseaudio", vec![])),
    ];
    let checks = sound::hosts(&hosts);
    let said: Vec<_> = checks.iter().map(|check| (check.status, &check.finding[..])).collect();
    assert_eq!(
        said,
        [
            (Status::Warn, "jack is not there: no server answers"),
            (Status::Ok, "answers, with 1 device"),
            (Status::Warn, "answers, and has no devices"),
        ]
    );
}

#[test]
fn lines_to_type_stand_below_what_they_fix() {
    let checks =
        [Check::ok("kernel", "fine"), Check::missing("locked memory", "none", vec!["ulimit -l unlimited".to_owned()])];
    let text = anstream::adapter::strip_str(&text(&checks)).to_string();
    assert_eq!(
        text,
        "ok       kernel         fine\nmissing  locked memory  none\n           ulimit -l unlimited\n\n1 of 2 checks could \
         be better\n"
    );
    let data = data(&checks);
    assert_eq!(data["checks"][1]["status"], "missing");
    assert_eq!(data["checks"][1]["fix"][0], "ulimit -l unlimited");
}

#[test]
fn a_machine_that_says_nothing_is_no_error() {
    let (_folder, bare) = machine(&[]);
    assert!(linux(&bare).iter().all(|check| !check.finding.is_empty()));
}
