//! The log: one line an event, to standard error. No secrets, no line for a heartbeat.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;

/// Starts logging; a second call (tests) changes nothing.
pub fn start(format: &str, level: &str) {
    let level = match level {
        "error" => LevelFilter::ERROR,
        "warn" => LevelFilter::WARN,
        "debug" => LevelFilter::DEBUG,
        _ => LevelFilter::INFO,
    };
    // A line that cannot be written (the log lies on a full disk, nobody holds its other end) is lost. To say so on
    // the same stream would panic, and take down whoever had something to tell.
    let builder = tracing_subscriber::fmt().log_internal_errors(false);
    let builder = builder.with_max_level(level).with_writer(std::io::stderr);
    let terminal = std::io::stderr().is_terminal();
    let started = match format {
        "json" => builder.json().flatten_event(true).try_init(),
        "text" => builder.with_ansi(terminal).try_init(),
        _ if terminal => builder.try_init(),
        _ => builder.json().flatten_event(true).try_init(),
    };
    drop(started);
}
