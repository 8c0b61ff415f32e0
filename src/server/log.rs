//! The log: to standard error, in the form that `sinete.toml` asks for. Where it is kept is the machine's business.

use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::fmt::time::FormatTime;

use crate::clock::{Clock as _, SystemClock};
use crate::config::{LogConfig, LogFormat};

/// Begins to log. Called once; a second call changes nothing.
pub(crate) fn begin(config: LogConfig) {
    use std::io::IsTerminal as _;
    let builder = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_timer(Seconds)
        .with_max_level(config.level)
        .with_span_events(FmtSpan::NONE);
    // Already begun is as good as begun.
    let _ = match config.format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .try_init(),
    };
}

/// Times of log lines come from the same clock as everything else.
struct Seconds;

impl FormatTime for Seconds {
    fn format_time(&self, out: &mut tracing_subscriber::fmt::format::Writer<'_>) -> std::fmt::Result {
        write!(out, "{}", SystemClock.now())
    }
}
