//! What ceremonies there are, how far they came, and whether what they left is still what they sealed.

use std::path::{Path, PathBuf};

use pki::time::Time;

use crate::canonical::Hash;
use crate::custodian::Custodians;
use crate::office::Office;
use crate::script::{Kind, Script};
use crate::transcript::act::Act;
use crate::transcript::{self, Opening, Transcript};
use crate::{Error, Result, approval, storage};

/// One ceremony.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Its name.
    pub ceremony: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Its kind.
    pub kind: Kind,
    /// The script's file name.
    pub script: String,
    /// Whether it is a rehearsal.
    pub rehearsal: bool,
    /// When it began.
    pub began: Time,
    /// When its last record was written.
    pub last: Time,
    /// How far it came.
    pub stage: Stage,
}

/// How far a ceremony came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Ended and sealed.
    Complete,
    /// Given up.
    Abandoned,
    /// Interrupted, or waiting; running its script again continues.
    Open {
        /// The step that is not done, counted from one.
        step: u32,
        /// How many steps there are, the closing included.
        of: u32,
        /// What the step will do, if that was announced.
        announced: Option<String>,
        /// How many approved it.
        approvals: usize,
        /// How many must.
        threshold: usize,
    },
}

/// Every ceremony of an office, the oldest first.
pub fn list(office: &Office) -> Result<Vec<Status>> {
    let mut list = Vec::new();
    for folder in storage::list(&office.ceremonies())? {
        let Some(transcript) = Transcript::read(&folder)? else {
            continue;
        };
        let records = transcript.records();
        if let (Some(opening), Some(first), Some(last)) =
            (transcript.opening(), records.first(), records.last())
        {
            list.push(Status {
                ceremony: opening.ceremony.clone(),
                kind: opening.kind,
                script: opening.script_name.clone(),
                rehearsal: opening.rehearsal,
                began: first.time,
                last: last.time,
                stage: stage(opening, &transcript),
                folder,
            });
        }
    }
    list.sort_by_key(|status| status.began);
    Ok(list)
}

fn stage(opening: &Opening, transcript: &Transcript) -> Stage {
    if transcript.is_abandoned() {
        return Stage::Abandoned;
    }
    if transcript.is_over() {
        return Stage::Complete;
    }
    let of = u32::try_from(opening.steps).unwrap_or(u32::MAX).saturating_add(1);
    let step = (1..=of)
        .find(|step| transcript.done(*step).is_none())
        .unwrap_or(of);
    Stage::Open {
        step,
        of,
        announced: transcript.intent(step).map(|(act, _)| act.summary()),
        approvals: transcript.approvals(step).len(),
        threshold: opening.threshold,
    }
}

/// Checks a ceremony that is over from its folder alone: the chain of the transcript, every approval under the
/// custodians' keys, the digests of every file, and that the closing sealed exactly these.
///
/// Whether those custodians are the right ones is for the reader: their keys' digests stand in the minutes.
pub fn verify(folder: &Path) -> Result<Status> {
    let broken = |rule| Error::Transcript {
        path: folder.join(transcript::FILE),
        line: 1,
        rule,
    };
    let transcript = Transcript::read(folder)?.ok_or_else(|| broken("there is no transcript"))?;
    let opening = transcript.opening().ok_or_else(|| broken("it has no opening"))?;
    if !transcript.is_over() {
        return Err(broken("the ceremony is not over; it is verified when it is"));
    }
    check_inputs(folder, opening)?;
    let path = folder.join("custodians.toml");
    let custodians = Custodians::parse(&path, &storage::read_text(&path)?)?;
    for done in transcript.all_done() {
        let statement = transcript
            .statement(done.step)?
            .ok_or_else(|| broken("a step was done without being announced"))?;
        approval::check_all(
            &transcript.approvals(done.step),
            &statement,
            &custodians,
            opening.threshold,
        )?;
    }
    check_files(folder, &transcript)?;
    let statuses = (transcript.records().first(), transcript.records().last());
    let (Some(first), Some(last)) = statuses else {
        return Err(broken("it is empty"));
    };
    Ok(Status {
        ceremony: opening.ceremony.clone(),
        folder: folder.to_owned(),
        kind: opening.kind,
        script: opening.script_name.clone(),
        rehearsal: opening.rehearsal,
        began: first.time,
        last: last.time,
        stage: stage(opening, &transcript),
    })
}

fn check_inputs(folder: &Path, opening: &Opening) -> Result<()> {
    for (name, expected) in [
        ("script.toml", opening.script),
        ("hierarchy.toml", opening.hierarchy),
        ("custodians.toml", opening.custodians_file),
    ] {
        check_digest(&folder.join(name), expected)?;
    }
    let path = folder.join("script.toml");
    Script::parse(&path, &storage::read_text(&path)?).map(drop)
}

/// The last digest of each file counts: a renewed certificate replaces the one before.
fn check_files(folder: &Path, transcript: &Transcript) -> Result<()> {
    let mut last: std::collections::BTreeMap<&str, Hash> = std::collections::BTreeMap::new();
    for done in transcript.all_done() {
        last.extend(done.files.iter().map(|file| (file.name.as_str(), file.sha256)));
    }
    for (name, expected) in last {
        check_digest(&folder.join(name), expected)?;
    }
    for (act, _) in transcript.acts_done() {
        if let Act::Close(close) = act {
            check_digest(&folder.join("SHA256SUMS"), close.hashes)?;
        }
    }
    Ok(())
}

fn check_digest(path: &Path, expected: Hash) -> Result<()> {
    let found = Hash::of(&storage::read(path)?);
    if found == expected {
        return Ok(());
    }
    Err(Error::Digest {
        path: path.to_owned(),
        found,
        expected,
    })
}
