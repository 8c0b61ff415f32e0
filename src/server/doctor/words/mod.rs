//! What the doctor says of a discovery: what it is, why it matters, what to do. Once in each language.

mod english;
mod portuguese;

use super::discovery::Discovery;
use crate::http::language::Language;

/// A discovery in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words {
    /// What was found.
    pub(crate) what: String,
    /// Why it matters.
    pub(crate) why: &'static str,
    /// What to do.
    pub(crate) remedy: String,
}

/// The discovery in this language.
pub(crate) fn words(discovery: &Discovery, language: Language) -> Words {
    let (what, why, remedy) = match language {
        Language::English => english::words(discovery),
        Language::Portuguese => portuguese::words(discovery),
    };
    Words { what, why, remedy }
}
