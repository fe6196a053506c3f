//! Who may change a patch while it plays.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use patchline_patch::Address;

/// Beside what the patch says in [control].
#[derive(Debug, Args)]
pub(crate) struct ControlArgs {
    /// Takes OSC messages over UDP: a port of this machine, or an address with one ("127.0.0.1:9000").
    #[arg(long, value_name = "[ADDRESS:]PORT")]
    pub(crate) osc: Option<Address>,
    /// Serves WebSocket clients, who need the token that is printed: a port of this machine, or an address with one.
    #[arg(long, value_name = "[ADDRESS:]PORT")]
    pub(crate) websocket: Option<Address>,
    /// Serves a page for browsers: the signal flow with its levels, sliders, scenes, an editor. The address with its token is
    /// printed. On any free port of this machine, or at this address; on that of --websocket if it is given.
    #[arg(long, value_name = "[ADDRESS:]PORT", num_args = 0..=1)]
    pub(crate) ui: Option<Option<Address>>,
    /// A file whose first line is the token that WebSocket clients have to know; without it each run makes one.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) token_file: Option<PathBuf>,
    /// Lets other machines in, where such an address is given. OSC asks nobody for a token.
    #[arg(long)]
    pub(crate) allow_remote: bool,
    /// Lets patches and parameters that clients send name files, in the patch's folder and those allowed.
    #[arg(long)]
    pub(crate) remote_files: bool,
    /// Prints what MIDI controllers and keys send, as maps to be put into the patch; the first one for this parameter.
    /// All inputs are heard where the patch names none.
    #[arg(long, value_name = "NODE.PARAM", num_args = 0..=1, default_missing_value = "")]
    pub(crate) learn: Option<String>,
}
