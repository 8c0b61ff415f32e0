//! The minutes (ata) of a ceremony in Portuguese and English, as Markdown, made from the transcript alone.
//!
//! Both languages say the same facts in the same order; [`Facts`] gathers them once.

mod english;
mod portuguese;
mod words;

use pki::time::Time;
use policy::hierarchy::Office;

use crate::Result;
use crate::canonical::Hash;
use crate::script::Script;
use crate::transcript::act::{Act, SignCertificate};
use crate::transcript::{Done, Entry, Note, Opening, Participant, Transcript};
use crate::{Error, transcript};

/// The finished texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minutes {
    /// The ata.
    pub portuguese: String,
    /// The minutes.
    pub english: String,
}

/// What the minutes are made of.
struct Facts<'a> {
    opening: &'a Opening,
    script: &'a Script,
    office: &'a Office,
    began: Time,
    ended: Time,
    acts: Vec<ActFacts<'a>>,
    /// What was announced and not finished, because the ceremony was given up.
    unfinished: Vec<&'a Act>,
    /// The closing or giving up, which is announced and approved but whose result holds these minutes.
    ending: ActFacts<'a>,
    /// SHA-256 of the last record that these minutes cover.
    sealed: Hash,
}

/// One step.
struct ActFacts<'a> {
    step: u32,
    act: &'a Act,
    /// When it was done; for the ending, when it was announced.
    time: Time,
    done: Option<&'a Done>,
    approved_by: Vec<&'a Participant>,
    notes: Vec<&'a Note>,
}

/// Writes the minutes of a ceremony whose last step is announced and approved.
pub fn of(transcript: &Transcript, script: &Script, office: &Office) -> Result<Minutes> {
    let facts = Facts::gather(transcript, script, office).ok_or(Error::Transcript {
        path: transcript::FILE.into(),
        line: transcript.records().len(),
        rule: "it has no ending that could be put into minutes",
    })?;
    Ok(Minutes {
        portuguese: portuguese::write(&facts),
        english: english::write(&facts),
    })
}

impl<'a> Facts<'a> {
    fn gather(transcript: &'a Transcript, script: &'a Script, office: &'a Office) -> Option<Self> {
        let opening = transcript.opening()?;
        let records = transcript.records();
        let (mut acts, mut unfinished) = (Vec::new(), Vec::new());
        let mut ending = None;
        for record in records {
            let Entry::Intent { step, act } = &record.entry else {
                continue;
            };
            let done_at = records.iter().find_map(|other| match &other.entry {
                Entry::Done(done) if done.step == *step => Some((done, other.time)),
                _ => None,
            });
            let is_ending = matches!(act, Act::Close(_) | Act::Abandon(_));
            let facts = ActFacts {
                step: *step,
                act,
                time: done_at.map_or(record.time, |(_, time)| time),
                done: done_at.map(|(done, _)| done),
                approved_by: participants(opening, transcript, *step),
                notes: notes(transcript, *step),
            };
            match (is_ending, done_at) {
                (true, _) => ending = Some(facts),
                (false, Some(_)) => acts.push(facts),
                (false, None) => unfinished.push(facts.act),
            }
        }
        let ending = ending?;
        Some(Self {
            opening,
            script,
            office,
            began: records.first()?.time,
            ended: ending.time,
            acts,
            unfinished,
            sealed: sealed(transcript, ending.step),
            ending,
        })
    }

    /// The certificates that were signed here, in order.
    fn certificates(&self) -> impl Iterator<Item = (&SignCertificate, Option<Hash>)> {
        self.acts.iter().filter_map(|facts| match facts.act {
            Act::SignCertificate(act) => {
                let file = format!("certificates/{}.cer", act.name);
                let files = facts.done.map(|done| done.files.iter()).into_iter().flatten();
                let hash = files
                    .filter(|item| item.name == file)
                    .map(|item| item.sha256)
                    .next();
                Some((act, hash))
            }
            _ => None,
        })
    }

    /// In how many steps somebody agreed.
    fn approvals_of(&self, name: &str) -> usize {
        let agreed = |facts: &&ActFacts<'_>| {
            facts
                .approved_by
                .iter()
                .any(|participant| participant.name == name)
        };
        self.acts.iter().chain([&self.ending]).filter(agreed).count()
    }

    /// The custodians who agreed to anything: they were there, and sign.
    fn present(&self) -> impl Iterator<Item = &Participant> {
        self.opening
            .custodians
            .iter()
            .filter(|custodian| self.approvals_of(&custodian.name) > 0)
    }

    const fn was_abandoned(&self) -> bool {
        matches!(self.ending.act, Act::Abandon(_))
    }
}

impl ActFacts<'_> {
    /// SHA-256 of the public key that the step made.
    fn public_key(&self) -> Option<Hash> {
        self.done
            .and_then(|done| done.public_key.as_ref())
            .map(|spki| Hash::of(&spki.0))
    }
}

/// The last record before the ending's result: what the approvals of the ending, and these minutes, cover.
fn sealed(transcript: &Transcript, ending: u32) -> Hash {
    let done = transcript
        .records()
        .iter()
        .find(|record| matches!(&record.entry, Entry::Done(done) if done.step == ending));
    done.map_or(transcript.last_hash(), |record| record.previous)
}

fn participants<'a>(opening: &'a Opening, transcript: &Transcript, step: u32) -> Vec<&'a Participant> {
    let approvals = transcript.approvals(step);
    let find = |name: &str| {
        opening
            .custodians
            .iter()
            .find(|participant| participant.name == name)
    };
    approvals
        .iter()
        .filter_map(|approval| find(&approval.custodian))
        .collect()
}

fn notes(transcript: &Transcript, step: u32) -> Vec<&Note> {
    let of_step = |record: &'_ transcript::Record| match &record.entry {
        Entry::Note { step: found, .. } => *found == step,
        _ => false,
    };
    transcript
        .records()
        .iter()
        .filter(|record| of_step(record))
        .filter_map(note_of)
        .collect()
}

const fn note_of(record: &transcript::Record) -> Option<&Note> {
    match &record.entry {
        Entry::Note { note, .. } => Some(note),
        _ => None,
    }
}

/// The parts of a time that people read.
struct Civil {
    year: u32,
    month: usize,
    day: u32,
    clock: String,
}

fn civil(time: Time) -> Civil {
    // Always 2026-11-20T13:26:36Z.
    let text = time.to_string();
    let number = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse().ok()).unwrap_or(0);
    Civil {
        year: number(0, 4),
        month: usize::try_from(number(5, 7)).unwrap_or(0),
        day: number(8, 10),
        clock: text.get(11..19).unwrap_or_default().to_owned(),
    }
}

/// Text inside a Markdown table or paragraph: nothing of it is markup.
fn plain(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if "|*_`<>[]\\#".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// A list in a sentence: `a, b and c`.
fn joined(items: &[String], and: &str) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} {and} {last}", first.join(", ")),
    }
}

fn full_names(participants: &[&Participant], and: &str) -> String {
    let names: Vec<String> = participants
        .iter()
        .map(|participant| plain(&participant.full_name))
        .collect();
    joined(&names, and)
}

fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    rest.next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}
