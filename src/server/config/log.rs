//! `[log]`: how much is said and in which form. Where it goes is not ours: it is written to standard error.

use tracing::level_filters::LevelFilter;

use super::document::Section;

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogConfig {
    /// For people or for programs.
    pub(crate) format: LogFormat,
    /// What is left out.
    pub(crate) level: LevelFilter,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object in each line.
    Json,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            level: LevelFilter::INFO,
        }
    }
}

impl LogConfig {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let default = Self::default();
        let format = section.word("format", &[("text", LogFormat::Text), ("json", LogFormat::Json)]);
        let level = section.word(
            "level",
            &[
                ("error", LevelFilter::ERROR),
                ("warn", LevelFilter::WARN),
                ("info", LevelFilter::INFO),
                ("debug", LevelFilter::DEBUG),
            ],
        );
        section.finish();
        Self {
            format: format.unwrap_or(default.format),
            level: level.unwrap_or(default.level),
        }
    }
}
