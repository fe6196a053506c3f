//! The commands that deal with devices and need no patch.

use clap::Args;

/// `runner devices`.
#[derive(Debug, Default, Args)]
pub(crate) struct DevicesArgs {
    /// Lists the hosts (sound servers and the system's own interfaces) with their default devices.
    #[arg(long, conflicts_with_all = ["inputs", "outputs", "caps"])]
    pub(crate) hosts: bool,
    /// Only devices that deliver sound.
    #[arg(long)]
    pub(crate) inputs: bool,
    /// Only devices that take sound.
    #[arg(long)]
    pub(crate) outputs: bool,
    /// Only what one gets without naming a device.
    #[arg(long)]
    pub(crate) default: bool,
    /// Lists what they can do, too: rates, sample formats, block lengths.
    #[arg(long)]
    pub(crate) caps: bool,
    /// Then says what comes and goes, until Ctrl-C.
    #[arg(long)]
    pub(crate) watch: bool,
    /// Only the devices of this host: jack, alsa, pulseaudio.
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Option<String>,
    /// Prints one JSON object on stdout; with --watch, then another for each change.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `runner doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Prints one JSON object on stdout.
    #[arg(long)]
    pub(crate) json: bool,
}
