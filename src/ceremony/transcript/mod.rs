//! The transcript: everything that happened, one line each, every line holding the hash of the one before.
//!
//! Stored: `transcript.jsonl`, canonical JSON lines. A line is written and synced before what it announces is
//! done. A last line without its end was never acknowledged and is cut off; any other fault means that somebody
//! changed the file, and nothing more is done with it.

pub mod act;

use std::path::{Path, PathBuf};

use pki::time::Time;
use serde::{Deserialize, Serialize};

use crate::approval::{Approval, Statement};
use crate::canonical::{self, Hash, Hex};
use crate::script::Kind;
use crate::storage::{self, Disk};
use crate::{Error, Result};
use act::Act;

/// The version of the transcript's format.
pub const FORMAT: &str = "sinete-transcript-1";
/// The file's name in the ceremony's folder.
pub const FILE: &str = "transcript.jsonl";

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its number, counted from zero.
    pub number: u64,
    /// SHA-256 over the line before, without its end; zeros for the first.
    pub previous: Hash,
    /// When it was written.
    #[serde(with = "canonical::time")]
    pub time: Time,
    /// What happened.
    pub entry: Entry,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Entry {
    /// The ceremony began.
    Opening(Opening),
    /// A step is about to be done.
    Intent {
        /// The step's number, counted from one.
        step: u32,
        /// Everything it will do.
        act: Act,
    },
    /// A custodian agreed to the step.
    Approval(Approval),
    /// Something that whoever reads the transcript should know.
    Note {
        /// The step's number.
        step: u32,
        /// What.
        note: Note,
    },
    /// A step is done.
    Done(Done),
}

/// The beginning: everything that stays the same throughout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// The format of this transcript.
    pub format: String,
    /// The ceremony's name.
    pub ceremony: String,
    /// Its kind.
    pub kind: Kind,
    /// Whether it is a rehearsal, whose keys are thrown away.
    pub rehearsal: bool,
    /// The script's file name.
    pub script_name: String,
    /// SHA-256 of the script.
    pub script: Hash,
    /// SHA-256 of the hierarchy file.
    pub hierarchy: Hash,
    /// SHA-256 of the custodians file.
    pub custodians_file: Hash,
    /// The custodians' names, keys apart.
    pub custodians: Vec<Participant>,
    /// How many must approve each step.
    pub threshold: usize,
    /// How many steps the script has.
    pub steps: usize,
    /// The program and its version.
    pub program: String,
}

/// A custodian in the opening.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Participant {
    /// The short name.
    pub name: String,
    /// The full name.
    pub full_name: String,
    /// The office held.
    pub role: String,
    /// SHA-256 over the SubjectPublicKeyInfo.
    pub key: Hash,
}

/// Something worth knowing about how a step was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Note {
    /// A key that an interrupted run had made was found by its id, checked, and taken over.
    KeyAdopted,
    /// A key that an interrupted run had left unusable was destroyed and made again.
    KeyMadeAgain {
        /// What was wrong with it.
        reason: String,
    },
    /// A file that an interrupted run had written was found, checked, and taken over.
    FileAdopted,
}

/// A step is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Done {
    /// The step's number.
    pub step: u32,
    /// The public half of a key that was made.
    pub public_key: Option<Hex>,
    /// The files that were written, relative to the ceremony's folder.
    pub files: Vec<act::NamedHash>,
}

/// The lines of a transcript that was read and whose chain holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    records: Vec<Record>,
    last_hash: Hash,
}

impl Transcript {
    /// Reads a transcript's text and checks its chain from end to end.
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        let broken = |line: usize, rule: &'static str| Error::Transcript {
            path: path.to_owned(),
            line: line + 1,
            rule,
        };
        let mut transcript = Self {
            records: Vec::new(),
            last_hash: Hash::NOTHING,
        };
        for (line, content) in text.lines().enumerate() {
            let record: Record = serde_json::from_str(content)
                .map_err(|_| broken(line, "it is not a record of this format"))?;
            if canonical::to_bytes(&record)? != content.as_bytes() {
                return Err(broken(line, "it is not in canonical form, so it was changed"));
            }
            transcript.follow(record).map_err(|rule| broken(line, rule))?;
            transcript.last_hash = Hash::of(content.as_bytes());
        }
        Ok(transcript)
    }

    /// Reads the transcript of a ceremony's folder without changing it; nothing if there is none. A line that was
    /// never finished is left out.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let mut bytes = storage::read(&path)?;
        bytes.truncate(whole_lines(&bytes));
        let text = String::from_utf8(bytes).map_err(|_| Error::NotText { path: path.clone() })?;
        Self::parse(&path, &text).map(Some)
    }

    /// Takes the next record if it fits behind the last.
    fn follow(&mut self, record: Record) -> std::result::Result<(), &'static str> {
        if record.previous != self.last_hash {
            return Err("it does not hold the hash of the line before, so a line was changed or removed");
        }
        let position = u64::try_from(self.records.len()).unwrap_or(u64::MAX);
        if record.number != position {
            return Err("its number does not follow the line before");
        }
        if self.records.last().is_some_and(|last| record.time < last.time) {
            return Err("its time is before the line before");
        }
        let is_opening = matches!(&record.entry, Entry::Opening(opening) if opening.format == FORMAT);
        if is_opening != self.records.is_empty() {
            return Err(
                "a transcript begins with its opening, of a format that this program knows, and has one only",
            );
        }
        self.records.push(record);
        Ok(())
    }

    /// The records, in order.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// SHA-256 of the last line.
    pub const fn last_hash(&self) -> Hash {
        self.last_hash
    }

    /// When the last line was written.
    pub fn last_time(&self) -> Option<Time> {
        self.records.last().map(|record| record.time)
    }

    /// The opening; nothing if not even that was written.
    pub fn opening(&self) -> Option<&Opening> {
        match self.records.first().map(|record| &record.entry) {
            Some(Entry::Opening(opening)) => Some(opening),
            _ => None,
        }
    }

    /// What a step will do, and the hash of the line that says so.
    pub fn intent(&self, step: u32) -> Option<(&Act, Hash)> {
        let position = self.records.iter().position(
            |record| matches!(&record.entry, Entry::Intent { step: found, .. } if *found == step),
        )?;
        let Some(Entry::Intent { act, .. }) = self.records.get(position).map(|record| &record.entry) else {
            return None;
        };
        // The hash of a line stands in the line behind it; the last line's is kept.
        let hash = self
            .records
            .get(position + 1)
            .map_or(self.last_hash, |next| next.previous);
        Some((act, hash))
    }

    /// What approvals of a step must be about.
    pub fn statement(&self, step: u32) -> Result<Option<Statement>> {
        let (Some(opening), Some((act, previous))) = (self.opening(), self.intent(step)) else {
            return Ok(None);
        };
        Ok(Some(Statement {
            ceremony: opening.ceremony.clone(),
            script: opening.script,
            step,
            content: canonical::hash(act)?,
            previous,
        }))
    }

    /// The approvals of a step so far.
    pub fn approvals(&self, step: u32) -> Vec<Approval> {
        let of_step = |record: &Record| match &record.entry {
            Entry::Approval(approval) if approval.statement.step == step => Some(approval.clone()),
            _ => None,
        };
        self.records.iter().filter_map(of_step).collect()
    }

    /// What a step left, if it is done.
    pub fn done(&self, step: u32) -> Option<&Done> {
        self.all_done().find(|done| done.step == step)
    }

    /// Every step that is done, in order.
    pub fn all_done(&self) -> impl Iterator<Item = &Done> {
        self.records.iter().filter_map(|record| match &record.entry {
            Entry::Done(done) => Some(done),
            _ => None,
        })
    }

    /// The acts of the steps that are done, in order.
    pub fn acts_done(&self) -> impl Iterator<Item = (&Act, &Done)> {
        self.all_done()
            .filter_map(|done| Some((self.intent(done.step)?.0, done)))
    }

    /// Whether the ceremony was ended or given up.
    pub fn is_over(&self) -> bool {
        self.acts_done()
            .any(|(act, _)| matches!(act, Act::Close(_) | Act::Abandon(_)))
    }

    /// Whether the ceremony was given up.
    pub fn is_abandoned(&self) -> bool {
        self.acts_done().any(|(act, _)| matches!(act, Act::Abandon(_)))
    }
}

/// A transcript on disk that is being written.
pub(crate) struct Journal {
    path: PathBuf,
    disk: Disk,
    transcript: Transcript,
}

impl Journal {
    /// Opens the transcript of a ceremony's folder; cuts off a line that was never finished.
    pub(crate) fn open(folder: &Path, disk: Disk) -> Result<Self> {
        let path = folder.join(FILE);
        let mut bytes = if path.exists() {
            storage::read(&path)?
        } else {
            Vec::new()
        };
        let whole = whole_lines(&bytes);
        if whole < bytes.len() {
            // Crash here: a line was being appended. Nobody acted on it, because acting comes after syncing.
            disk.truncate(&path, u64::try_from(whole).unwrap_or(u64::MAX))?;
            bytes.truncate(whole);
        }
        let text = String::from_utf8(bytes).map_err(|_| Error::NotText { path: path.clone() })?;
        Ok(Self {
            transcript: Transcript::parse(&path, &text)?,
            path,
            disk,
        })
    }

    pub(crate) const fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// Adds a record: durable when this returns.
    pub(crate) fn append(&mut self, time: Time, entry: Entry) -> Result<()> {
        if let Some(last) = self.transcript.last_time().filter(|last| time < *last) {
            return Err(Error::ClockBehind { now: time, last });
        }
        let record = Record {
            number: u64::try_from(self.transcript.records.len()).unwrap_or(u64::MAX),
            previous: self.transcript.last_hash,
            time,
            entry,
        };
        let line = canonical::to_bytes(&record)?;
        self.disk.append_line(&self.path, &line)?;
        self.transcript.last_hash = Hash::of(&line);
        self.transcript.records.push(record);
        Ok(())
    }
}

/// The length of the lines that were finished.
fn whole_lines(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1)
}
