//! The end: the list of digests is approved like any step, then the minutes are written.

use super::{At, Session};
use crate::canonical::Hash;
use crate::transcript::Done;
use crate::transcript::act::{Act, Close, NamedHash};
use crate::{Result, minutes};

/// The list of digests, as `sha256sum --check` reads it.
const DIGESTS: &str = "SHA256SUMS";

impl Session<'_> {
    pub(super) fn plan_close(&self) -> Act {
        let (text, files) = self.digests();
        Act::Close(Close {
            hashes: Hash::of(text.as_bytes()),
            files,
        })
    }

    /// Every file that the ceremony made, and the three that it was held with; a file that was written twice
    /// counts as it was last.
    fn digests(&self) -> (String, usize) {
        let mut list: Vec<NamedHash> = Vec::new();
        let inputs = [
            ("script.toml", self.script.hash),
            ("hierarchy.toml", self.ground.hierarchy),
            ("custodians.toml", self.ground.custodians),
        ];
        list.extend(inputs.map(|(name, sha256)| NamedHash {
            name: name.to_owned(),
            sha256,
        }));
        for (act, done) in self.transcript().acts_done() {
            if matches!(act, Act::Close(_) | Act::Abandon(_)) {
                continue;
            }
            for file in &done.files {
                list.retain(|known| known.name != file.name);
                list.push(file.clone());
            }
        }
        list.sort();
        let lines: Vec<String> = list
            .iter()
            .map(|file| format!("{}  {}\n", file.sha256, file.name))
            .collect();
        (lines.concat(), list.len())
    }

    pub(super) fn close(&mut self, at: At, act: &Close) -> Result<Done> {
        let (text, _) = self.digests();
        if Hash::of(text.as_bytes()) != act.hashes {
            return Err(self.cannot_continue(at.step, "the list of files is another one than was announced"));
        }
        let mut files = vec![self.write(DIGESTS, text.as_bytes())?];
        files.extend(self.write_minutes()?);
        Ok(at.done(files))
    }

    /// The minutes say what the transcript says up to here, so a second run writes the same.
    pub(super) fn write_minutes(&self) -> Result<Vec<NamedHash>> {
        let minutes = minutes::of(self.transcript(), &self.script, &self.hierarchy.office)?;
        Ok(vec![
            self.write("ata.md", minutes.portuguese.as_bytes())?,
            self.write("minutes.md", minutes.english.as_bytes())?,
        ])
    }
}
