//! Beginning: a new ceremony with its folder and opening, or the interrupted one found again.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use policy::hierarchy::Hierarchy;

use super::{Event, Means, Session};
use crate::canonical::{Hash, Hex};
use crate::custodian::Custodians;
use crate::envelope::CommonGround;
use crate::office::Office;
use crate::ring::Ring;
use crate::script::Script;
use crate::storage::{self, Disk};
use crate::transcript::{self, Entry, Journal, Opening, Participant, Transcript};
use crate::{Error, InputChange, Result, approval};

/// What the opening says of the program that wrote it.
const PROGRAM: &str = concat!("sinete ", env!("CARGO_PKG_VERSION"));

/// The three input files, read once.
pub(super) struct Inputs {
    script_path: PathBuf,
    script_text: String,
    pub(super) script: Script,
    hierarchy_text: String,
    pub(super) hierarchy: Hierarchy,
    custodians_text: String,
    pub(super) custodians: Custodians,
}

/// Lets one command at a time work on a state folder; released when the file is closed, also by a crash.
pub(super) fn lock(office: &Office) -> Result<File> {
    let folder = office.ceremonies();
    std::fs::create_dir_all(&folder).map_err(Error::file(&folder, "create folder"))?;
    let path = folder.join(".lock");
    let failed = Error::file(&path, "lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(&failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Locked { path }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Finds the interrupted ceremony of this script, or opens a new one.
pub(super) fn begin<'a>(office: &'a Office, script: &Path, means: &'a Means<'a>) -> Result<Session<'a>> {
    let inputs = Inputs::read(office, script)?;
    let disk = Disk::new(Arc::clone(&means.faults));
    match find_unfinished(office, &inputs)? {
        Some(folder) => resume(office, means, disk, inputs, &folder),
        None => open(office, means, disk, inputs),
    }
}

/// Goes on with the ceremony in this folder, with the inputs as they are now.
pub(super) fn resume<'a>(
    office: &'a Office,
    means: &'a Means<'a>,
    disk: Disk,
    inputs: Inputs,
    folder: &Path,
) -> Result<Session<'a>> {
    let journal = Journal::open(folder, disk.clone())?;
    let id = inputs.check_unchanged(office, folder, journal.transcript())?;
    let session = inputs.into_session((office, means), disk, (id, folder.to_owned()), journal)?;
    check_past_approvals(&session)?;
    session.check_present()?;
    session.show(&Event::Continued {
        ceremony: &session.id,
        steps_done: session.transcript().all_done().count(),
    });
    Ok(session)
}

fn open<'a>(office: &'a Office, means: &'a Means<'a>, disk: Disk, inputs: Inputs) -> Result<Session<'a>> {
    remove_unopened(office)?;
    let mut octets = [0_u8; 8];
    means.random.fill(&mut octets)?;
    let day: String = means
        .clock
        .now()
        .to_string()
        .chars()
        .take(10)
        .filter(|c| *c != '-')
        .collect();
    let id = format!("{day}-{}-{}", inputs.script.kind, Hex(octets.to_vec()));
    let folder = office.ceremonies().join(&id);
    disk.create_folder(&folder)?;
    // Crash here: a folder without a transcript is no ceremony; the next one to begin removes it.
    for (name, text) in inputs.copies() {
        disk.replace(&folder.join(name), text.as_bytes())?;
    }
    let opening = inputs.opening(&id, office.rehearsal);
    let journal = Journal::open(&folder, disk.clone())?;
    let mut session = inputs.into_session((office, means), disk, (id, folder), journal)?;
    if let Err(error) = session.check_present().and_then(|()| session.try_first_step()) {
        // What cannot even begin leaves no ceremony behind that would have to be given up.
        std::fs::remove_dir_all(&session.folder).map_err(Error::file(&session.folder, "remove"))?;
        return Err(error);
    }
    session.record(Entry::Opening(opening))?;
    session.show(&Event::Began {
        ceremony: &session.id,
    });
    Ok(session)
}

impl Inputs {
    pub(super) fn read(office: &Office, script: &Path) -> Result<Self> {
        let script_text = storage::read_text(script)?;
        let hierarchy_text = storage::read_text(&office.hierarchy)?;
        let custodians_text = storage::read_text(&office.custodians)?;
        Ok(Self {
            script: Script::parse(script, &script_text)?,
            script_path: script.to_owned(),
            script_text,
            hierarchy: Hierarchy::parse(&office.hierarchy, &hierarchy_text)?,
            hierarchy_text,
            custodians: Custodians::parse(&office.custodians, &custodians_text)?,
            custodians_text,
        })
    }

    fn script_name(&self) -> String {
        self.script_path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    }

    /// The copies that the ceremony keeps, under fixed names.
    fn copies(&self) -> [(&'static str, &str); 3] {
        [
            ("script.toml", &self.script_text),
            ("hierarchy.toml", &self.hierarchy_text),
            ("custodians.toml", &self.custodians_text),
        ]
    }

    fn ground(&self, rehearsal: bool) -> CommonGround {
        CommonGround {
            hierarchy: Hash::of(self.hierarchy_text.as_bytes()),
            custodians: Hash::of(self.custodians_text.as_bytes()),
            rehearsal,
        }
    }

    fn threshold(&self) -> usize {
        if self.script.is_service_only() {
            self.custodians.service_threshold()
        } else {
            self.custodians.threshold()
        }
    }

    fn opening(&self, id: &str, rehearsal: bool) -> Opening {
        let ground = self.ground(rehearsal);
        let participant = |custodian: &crate::custodian::Custodian| Participant {
            name: custodian.name.clone(),
            full_name: custodian.full_name.clone(),
            role: custodian.role.clone(),
            key: custodian.fingerprint(),
        };
        Opening {
            format: transcript::FORMAT.to_owned(),
            ceremony: id.to_owned(),
            kind: self.script.kind,
            rehearsal,
            script_name: self.script_name(),
            script: self.script.hash,
            hierarchy: ground.hierarchy,
            custodians_file: ground.custodians,
            custodians: self.custodians.iter().map(participant).collect(),
            threshold: self.threshold(),
            steps: self.script.steps.len(),
            program: PROGRAM.to_owned(),
        }
    }

    /// A ceremony goes on with exactly the inputs it began with.
    fn check_unchanged(&self, office: &Office, folder: &Path, transcript: &Transcript) -> Result<String> {
        let opening = transcript.opening().ok_or_else(|| Error::Transcript {
            path: folder.join(transcript::FILE),
            line: 1,
            rule: "it has no opening",
        })?;
        let ground = self.ground(office.rehearsal);
        let inputs = [
            (&self.script_path, "script.toml", self.script.hash, opening.script),
            (
                &office.hierarchy,
                "hierarchy.toml",
                ground.hierarchy,
                opening.hierarchy,
            ),
            (
                &office.custodians,
                "custodians.toml",
                ground.custodians,
                opening.custodians_file,
            ),
        ];
        for (path, copy, found, expected) in inputs {
            if found != expected {
                return Err(Error::InputChanged(Box::new(InputChange {
                    path: path.clone(),
                    ceremony: opening.ceremony.clone(),
                    found,
                    expected,
                    copy: folder.join(copy),
                })));
            }
        }
        if opening.rehearsal == office.rehearsal {
            Ok(opening.ceremony.clone())
        } else {
            Err(Error::Rehearsal {
                rule: format!(
                    "ceremony {} began as {}; go on with it as such",
                    opening.ceremony,
                    if opening.rehearsal {
                        "a rehearsal"
                    } else {
                        "a real one"
                    }
                ),
            })
        }
    }

    fn into_session<'a>(
        self,
        (office, means): (&'a Office, &'a Means<'a>),
        disk: Disk,
        (id, folder): (String, PathBuf),
        journal: Journal,
    ) -> Result<Session<'a>> {
        let ring = Ring::collect(office, journal.transcript())?;
        let ground = self.ground(office.rehearsal);
        Ok(Session {
            office,
            means,
            disk,
            id,
            folder,
            script: self.script,
            hierarchy: self.hierarchy,
            custodians: self.custodians,
            ground,
            journal,
            ring,
        })
    }
}

/// The unfinished ceremony of this script. One that began with another version of it stops everything.
fn find_unfinished(office: &Office, inputs: &Inputs) -> Result<Option<PathBuf>> {
    for folder in storage::list(&office.ceremonies())? {
        let Some(transcript) = Transcript::read(&folder)? else {
            continue;
        };
        let Some(opening) = transcript.opening().filter(|_| !transcript.is_over()) else {
            continue;
        };
        if opening.script == inputs.script.hash {
            return Ok(Some(folder));
        }
        if opening.script_name == inputs.script_name() {
            inputs.check_unchanged(office, &folder, &transcript)?;
        }
    }
    Ok(None)
}

/// Removes folders in which a crash prevented even the opening. Whatever else somebody keeps here stays.
fn remove_unopened(office: &Office) -> Result<()> {
    for folder in storage::list(&office.ceremonies())? {
        if !folder.is_dir() || !is_our_name(&folder) {
            continue;
        }
        let opened = Transcript::read(&folder)?.is_some_and(|transcript| transcript.opening().is_some());
        if !opened {
            std::fs::remove_dir_all(&folder).map_err(Error::file(&folder, "remove"))?;
        }
    }
    Ok(())
}

/// Whether only [`open`] gives such names: a day, the kind, sixteen hexadecimal digits.
fn is_our_name(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let parts = name.split_once('-').zip(name.rsplit_once('-'));
    parts.is_some_and(|((day, _), (_, random))| {
        day.len() == 8
            && day.bytes().all(|byte| byte.is_ascii_digit())
            && random.len() == 16
            && random.parse::<Hex>().is_ok()
    })
}

/// What was done before must have been approved: a transcript that somebody prolonged is found out here.
fn check_past_approvals(session: &Session<'_>) -> Result<()> {
    let transcript = session.transcript();
    for done in transcript.all_done() {
        let statement = transcript
            .statement(done.step)?
            .ok_or_else(|| session.no_intent(done.step))?;
        let approvals = transcript.approvals(done.step);
        approval::check_all(&approvals, &statement, &session.custodians, session.threshold())?;
    }
    Ok(())
}
