//! Log lines on stderr: level, sentence. Nothing of this runs on the audio thread.

use std::fmt;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::output::LogWriter;
use crate::style;

/// The variable that names levels by target, as in `PATCHLINE_LOG=debug`; it beats `-v` and `-q`.
const VARIABLE: &str = "PATCHLINE_LOG";

/// Targets that tell of their own workings; what matters of them arrives as events of the device.
const CHATTY: &str = "pulseaudio=off,jack=warn,jack_sys=warn";

/// Starts logging; `verbosity` is 0 for what a user wants to know, 1 and 2 for more, -1 for warnings only.
pub(crate) fn start(verbosity: i8) {
    let level = match verbosity {
        ..0 => "warn",
        0 => "info",
        1 => "debug",
        _ => "trace",
    };
    let usual = if verbosity <= 0 { format!("{level},{CHATTY}") } else { level.to_owned() };
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new(usual));
    // A line that cannot be written must not be complained of by a line that cannot be written either.
    let subscriber = tracing_subscriber::fmt().log_internal_errors(false).with_env_filter(filter);
    let subscriber = subscriber.event_format(Line).with_writer(|| LogWriter);
    // A program that embeds the runner may log in its own way: then that one stays.
    let _ = subscriber.try_init();
}

struct Line;

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        match *event.metadata().level() {
            Level::ERROR => write!(writer, "{}: ", style::error("error"))?,
            Level::WARN => write!(writer, "{}: ", style::warning("warning"))?,
            Level::INFO => write!(writer, "{}: ", style::good("info"))?,
            Level::DEBUG => write!(writer, "{}: ", style::dim("debug"))?,
            Level::TRACE => write!(writer, "{}: ", style::dim("trace"))?,
        }
        context.field_format().format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}
