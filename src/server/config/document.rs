//! Reads `sinete.toml` key by key and remembers where each stood, so that every mistake is named with its line.
//!
//! A [`Section`] learns which keys exist by being asked for them; what was never asked for is unknown, and
//! [`Section::finish`] says so. Mistakes are collected, not thrown: a person mends them all at once.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use pki::nearest::nearest;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Fault, Problem};

/// The text, and what was found wrong in it so far.
pub(super) struct Document<'t> {
    text: &'t str,
    faults: RefCell<Vec<Fault>>,
}

/// A text value and where it stood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'t> {
    /// The value.
    pub(super) value: &'t str,
    /// Byte offset in the file.
    pub(super) at: usize,
}

impl<'t> Document<'t> {
    /// Nothing found wrong yet.
    pub(super) const fn new(text: &'t str) -> Self {
        Self {
            text,
            faults: RefCell::new(Vec::new()),
        }
    }

    /// Parses the text; syntax errors are remembered, and what could be read is answered with all the same.
    pub(super) fn parse(&self) -> DeTable<'t> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            let message = error.message().to_owned();
            self.report(at, String::new(), Problem::Syntax { message });
        }
        table.into_inner()
    }

    /// Whether the text is not even TOML: then nothing else that is missing matters.
    pub(super) fn is_broken(&self) -> bool {
        !self.faults.borrow().is_empty()
    }

    /// All mistakes in the order of the lines.
    pub(super) fn into_faults(self) -> Vec<Fault> {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|fault| (fault.line, fault.column));
        faults
    }

    /// Remembers a mistake.
    pub(super) fn report(&self, at: usize, place: String, problem: Problem) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        self.faults.borrow_mut().push(Fault {
            line: before.matches('\n').count() + 1,
            column: before
                .get(line_start..)
                .map_or(1, |line| line.chars().count() + 1),
            place,
            problem,
        });
    }
}

/// One table of the document.
pub(super) struct Section<'d> {
    document: &'d Document<'d>,
    table: Option<&'d DeTable<'d>>,
    /// How people call it: `[listen]`; empty for the whole file.
    title: String,
    at: usize,
    known: Vec<&'static str>,
}

impl<'d> Section<'d> {
    /// The whole file.
    pub(super) const fn root(document: &'d Document<'d>, table: &'d DeTable<'d>) -> Self {
        Self {
            document,
            table: Some(table),
            title: String::new(),
            at: 0,
            known: Vec::new(),
        }
    }

    /// The table of this name; empty if it is not written, so that defaults apply.
    pub(super) fn section(&mut self, key: &'static str) -> Section<'d> {
        let found = self.value(key);
        let table = found.and_then(|value| self.table_of(key, value));
        Section {
            document: self.document,
            table,
            title: format!("[{key}]"),
            at: found.map_or(self.at, |value| value.span().start),
            known: Vec::new(),
        }
    }

    /// Every `[[key]]`.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Section<'d>> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(key, value, "an array of tables, [[...]],");
            return Vec::new();
        };
        array
            .iter()
            .filter_map(|entry| {
                let table = self.table_of(key, entry)?;
                Some(Section {
                    document: self.document,
                    table: Some(table),
                    title: format!("[[{key}]]"),
                    at: entry.span().start,
                    known: Vec::new(),
                })
            })
            .collect()
    }

    /// Whether the table is written at all.
    pub(super) const fn is_present(&self) -> bool {
        self.table.is_some()
    }

    /// A text.
    pub(super) fn text(&mut self, key: &'static str) -> Option<Text<'d>> {
        let value = self.value(key)?;
        self.text_of(key, value)
    }

    /// A text that must be there.
    pub(super) fn required_text(&mut self, key: &'static str, rule: &'static str) -> Option<Text<'d>> {
        let written = self.find(key).is_some();
        let text = self.text(key);
        if !written {
            self.missing(key, rule);
        }
        text
    }

    /// A text that must be one of these words; answers with what belongs to it.
    pub(super) fn word<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let found = words
            .iter()
            .find(|(word, _)| *word == text.value)
            .map(|(_, meaning)| *meaning);
        if found.is_none() {
            let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.invalid(key, text, &format!("one of {}", names.join(", ")));
        }
        found
    }

    /// A whole number within these bounds.
    pub(super) fn number(&mut self, key: &'static str, bounds: RangeInclusive<u64>) -> Option<u64> {
        let value = self.value(key)?;
        let Some(integer) = value.get_ref().as_integer() else {
            self.wrong_type(key, value, "a whole number");
            return None;
        };
        let number = u64::from_str_radix(integer.as_str(), integer.radix())
            .ok()
            .filter(|number| bounds.contains(number));
        if number.is_none() {
            let text = Text {
                value: integer.as_str(),
                at: value.span().start,
            };
            let rule = format!("a whole number from {} to {}", bounds.start(), bounds.end());
            self.invalid(key, text, &rule);
        }
        number
    }

    /// A list of user ids or the like.
    pub(super) fn numbers(&mut self, key: &'static str) -> Vec<u32> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let numbers = value.get_ref().as_array().and_then(|array| {
            let number = |entry: &Spanned<DeValue<'_>>| {
                let integer = entry.get_ref().as_integer()?;
                u32::from_str_radix(integer.as_str(), integer.radix()).ok()
            };
            array.iter().map(number).collect()
        });
        if numbers.is_none() {
            self.wrong_type(key, value, "a list of whole numbers from 0 to 4294967295");
        }
        numbers.unwrap_or_default()
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong_type(key, value, "true or false");
        }
        flag
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, key: &'static str) -> Option<Vec<Text<'d>>> {
        let value = self.value(key)?;
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(key, value, "a list of texts");
            return None;
        };
        array.iter().map(|entry| self.text_of(key, entry)).collect()
    }

    /// Remembers that a value breaks its rule.
    pub(super) fn invalid(&self, key: &str, text: Text<'_>, rule: &str) {
        let problem = Problem::Invalid {
            value: text.value.chars().take(60).collect(),
            rule: rule.to_owned(),
        };
        self.document.report(text.at, self.place(key), problem);
    }

    /// Remembers that a key is missing.
    pub(super) fn missing(&self, key: &str, rule: &'static str) {
        self.document
            .report(self.at, self.place(key), Problem::Missing { rule });
    }

    /// Remembers that entries of this section exclude each other.
    pub(super) fn conflict(&self, rule: String) {
        self.document
            .report(self.at, self.title.clone(), Problem::Conflict { rule });
    }

    /// Remembers every key that nobody asked for.
    pub(super) fn finish(self) {
        let Some(table) = self.table else { return };
        for (key, _) in table {
            let name: &str = key.get_ref();
            if self.known.contains(&name) {
                continue;
            }
            let problem = Problem::UnknownKey {
                nearest: nearest(name, &self.known).map(str::to_owned),
                known: self.known.clone(),
            };
            let shown: String = name.chars().take(60).collect();
            self.document
                .report(key.span().start, self.place(&shown), problem);
        }
    }

    fn place(&self, key: &str) -> String {
        format!("{} {key}", self.title).trim().to_owned()
    }

    fn find(&self, key: &str) -> Option<&'d Spanned<DeValue<'d>>> {
        let mut entries = self.table?.iter();
        entries
            .find(|(name, _)| name.get_ref().as_ref() == key)
            .map(|(_, value)| value)
    }

    fn value(&mut self, key: &'static str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.known.push(key);
        self.find(key)
    }

    fn table_of(&self, key: &str, value: &'d Spanned<DeValue<'d>>) -> Option<&'d DeTable<'d>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong_type(key, value, "a table");
        }
        table
    }

    fn text_of(&self, key: &str, value: &'d Spanned<DeValue<'d>>) -> Option<Text<'d>> {
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.wrong_type(key, value, "a text in quotes");
        }
        text.map(|text| Text {
            value: text,
            at: value.span().start,
        })
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, expected: &'static str) {
        let found = value.get_ref().type_str();
        let problem = Problem::WrongType { expected, found };
        self.document.report(value.span().start, self.place(key), problem);
    }
}
