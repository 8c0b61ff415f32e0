//! What commands print: text for people, with colours only on a terminal, or JSON for programs.

use std::fmt::{self, Display};
use std::io::{self, IsTerminal as _, Write as _};

use serde::Serialize;

/// Standard output in the form the caller asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    json: bool,
    colours: bool,
}

/// What a piece of text is, not how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it should be.
    Good,
    /// To look at.
    Warning,
    /// To mend.
    Bad,
    /// A title.
    Strong,
    /// Of second rank.
    Quiet,
}

impl Terminal {
    /// Colours where a person looks on and has not switched them off (no-color.org).
    pub(crate) fn new(json: bool) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            json,
            colours: wanted && !json && io::stdout().is_terminal(),
        }
    }

    /// Prints a line for people; nothing in JSON mode.
    pub(crate) fn line(self, text: impl Display) {
        if !self.json {
            write(format_args!("{text}\n"));
        }
    }

    /// Prints the answer for programs; nothing in text mode.
    pub(crate) fn value(self, value: &impl Serialize) {
        if self.json {
            let text = serde_json::to_string_pretty(value).unwrap_or_else(|error| {
                // Only a map with keys that are not texts can fail, and no answer has one.
                format!("{{\"error\": \"the answer cannot be written as JSON: {error}\"}}")
            });
            write(format_args!("{text}\n"));
        }
    }

    /// Prints something that happened, for programs, on one line; nothing in text mode.
    pub(crate) fn event(self, event: &impl Serialize) {
        if self.json
            && let Ok(text) = serde_json::to_string(event)
        {
            write(format_args!("{text}\n"));
        }
    }

    /// Says to a person who waits what is under way; the next such line takes its place.
    pub(crate) fn progress(self, what: &str) {
        let mut error = io::stderr().lock();
        if !self.json && error.is_terminal() {
            let _ = write!(error, "\r\u{1b}[K{what} ...\r").and_then(|()| error.flush());
        }
    }

    /// The text in its tone, if colours are shown.
    pub(crate) fn paint<D: Display>(self, tone: Tone, text: D) -> Painted<D> {
        Painted {
            tone: self.colours.then_some(tone),
            text,
        }
    }
}

/// Whoever reads may go away at any time (`sinete ... | head`): that is no error of ours.
fn write(text: fmt::Arguments<'_>) {
    let mut out = io::stdout().lock();
    let _ = out.write_fmt(text);
    let _ = out.flush();
}

/// A text in its tone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Painted<D> {
    tone: Option<Tone>,
    text: D,
}

impl<D: Display> Display for Painted<D> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = match self.tone {
            None => return self.text.fmt(out),
            Some(Tone::Good) => "32",
            Some(Tone::Warning) => "33",
            Some(Tone::Bad) => "1;31",
            Some(Tone::Strong) => "1",
            Some(Tone::Quiet) => "2",
        };
        write!(out, "\u{1b}[{code}m")?;
        self.text.fmt(out)?;
        write!(out, "\u{1b}[0m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_shown_only_where_they_were_asked_for() {
        let plain = Terminal {
            json: false,
            colours: false,
        };
        let coloured = Terminal {
            json: false,
            colours: true,
        };
        assert_eq!(plain.paint(Tone::Bad, "x").to_string(), "x");
        assert_eq!(
            coloured.paint(Tone::Good, "x").to_string(),
            "\u{1b}[32mx\u{1b}[0m"
        );
    }
}
