//! Giving a ceremony up: approved like any step; keys that only it knows are destroyed.

use std::path::Path;

use super::{At, Means, Progress, Session, begin};
use crate::office::Office;
use crate::storage::Disk;
use crate::transcript::act::{Abandon, Act, DestroyedKey};
use crate::transcript::{Done, Transcript};
use crate::{Error, Result, session::Completed, session::Plan};

/// Gives up a ceremony that was begun and not ended. The script, hierarchy and custodians are the copies that the
/// ceremony keeps, so that a changed file is no obstacle.
pub fn abandon(office: &Office, ceremony: &str, reason: &str, means: &Means<'_>) -> Result<Progress> {
    let _lock = begin::lock(office)?;
    let folder = office.ceremony(ceremony)?;
    let transcript = Transcript::read(&folder)?.ok_or_else(|| Error::NoCeremony {
        name: ceremony.to_owned(),
    })?;
    if transcript.is_over() {
        return Err(Error::Over {
            ceremony: ceremony.to_owned(),
        });
    }
    let office = with_copies(office, &folder, &transcript);
    let inputs = begin::Inputs::read(&office, &folder.join("script.toml"))?;
    let disk = Disk::new(std::sync::Arc::clone(&means.faults));
    let mut session = begin::resume(&office, means, disk, inputs, &folder)?;
    session.give_up(reason)
}

fn with_copies(office: &Office, folder: &Path, transcript: &Transcript) -> Office {
    Office {
        hierarchy: folder.join("hierarchy.toml"),
        custodians: folder.join("custodians.toml"),
        rehearsal: transcript.opening().is_some_and(|opening| opening.rehearsal),
        ..office.clone()
    }
}

impl Session<'_> {
    fn give_up(&mut self, reason: &str) -> Result<Progress> {
        // Behind the closing step, so that it is a step of its own whatever was under way.
        let number = self.closing_step().saturating_add(1);
        if let Some(waiting) = self.step(number, "abandon", |session| {
            Ok(Plan::Act(session.plan_abandon(reason)))
        })? {
            return Ok(waiting);
        }
        Ok(Progress::Complete(Completed {
            ceremony: self.id.clone(),
            folder: self.folder.clone(),
            transcript: self.transcript().last_hash(),
        }))
    }

    /// Keys that were announced, whether or not they came to be, and that no inventory knows.
    fn plan_abandon(&self, reason: &str) -> Act {
        let mut destroys = Vec::new();
        for record in self.transcript().records() {
            if let crate::transcript::Entry::Intent {
                act: Act::GenerateKey(act),
                ..
            } = &record.entry
            {
                destroys.push(DestroyedKey {
                    key: act.key.clone(),
                    token: act.token.clone(),
                    id: act.id,
                });
            }
        }
        for (act, _) in self.transcript().acts_done() {
            if let Act::RecordKeys(recorded) = act {
                destroys.retain(|key| !recorded.keys.iter().any(|kept| kept.id == key.id));
            }
        }
        let clean: String = reason
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(500)
            .collect();
        Act::Abandon(Abandon {
            reason: clean,
            destroys,
        })
    }

    pub(super) fn destroy_unrecorded(&mut self, at: At, act: &Abandon) -> Result<Done> {
        for key in &act.destroys {
            let token = self.means.tokens.token(&key.token)?;
            self.disk
                .guarded(&format!("destroy {}", key.key), || Ok(token.destroy(key.id)?))?;
        }
        let files = self.write_minutes()?;
        Ok(at.done(files))
    }
}
