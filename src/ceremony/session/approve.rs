//! Approvals of a step: from files first, then from the custodians in the room, until the threshold is reached.

use std::path::{Path, PathBuf};

use pki::signing::Signer;

use super::{Event, Progress, Session};
use crate::approval::{Approval, ApprovalRequest, Refusal, Statement};
use crate::canonical::{self, Hash};
use crate::storage::{self, Disk};
use crate::transcript::Entry;
use crate::transcript::act::Act;
use crate::{Error, Result};

/// The end of a file name that holds a request.
const REQUEST: &str = "request.json";
/// The end of a file name that holds an approval.
const APPROVAL: &str = "approval.json";

/// Approves a step away from the running ceremony: reads the request file, has `agrees` shown what the step will do,
/// signs, and writes the approval beside the request. Answers with the approval's file.
pub fn approve(
    request: &Path,
    custodian: &str,
    signer: &dyn Signer,
    agrees: &dyn Fn(&ApprovalRequest) -> bool,
) -> Result<Option<PathBuf>> {
    let text = storage::read_text(request)?;
    let parsed = ApprovalRequest::parse(&text)?;
    if !agrees(&parsed) {
        return Ok(None);
    }
    let approval = Approval::sign(&parsed.statement, custodian, signer)?;
    let path = request.with_file_name(approval_file(parsed.statement.step, custodian));
    if path.exists() {
        return Err(Error::Exists { path });
    }
    let disk = Disk::new(std::sync::Arc::new(crate::environment::NoFaults));
    disk.replace(&path, &canonical::to_bytes(&approval)?)?;
    Ok(Some(path))
}

fn approval_file(step: u32, custodian: &str) -> String {
    let safe: String = custodian
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    format!("{step:03}.{safe}.{APPROVAL}")
}

impl Session<'_> {
    /// Everybody in the room must be a custodian, and with the right key, before anything begins.
    pub(super) fn check_present(&self) -> Result<()> {
        for present in self.means.present {
            let key = Hash::from_bytes(present.signer.public_key().fingerprint());
            let known = self
                .custodians
                .find(&present.name)
                .is_some_and(|custodian| custodian.fingerprint() == key);
            if !known {
                return Err(Error::NotACustodian {
                    custodian: present.name.clone(),
                    known: self
                        .custodians
                        .iter()
                        .map(|custodian| custodian.name.clone())
                        .collect(),
                });
            }
        }
        Ok(())
    }

    /// Collects approvals until the threshold; answers what is waited for, if it is not reached.
    pub(super) fn gather_approvals(&mut self, step: u32, act: &Act) -> Result<Option<Progress>> {
        let statement = self
            .transcript()
            .statement(step)?
            .ok_or_else(|| self.no_intent(step))?;
        self.take_files(&statement)?;
        self.ask_present(&statement, act)?;
        let approvals = self.transcript().approvals(step).len();
        if approvals >= self.threshold() {
            return Ok(None);
        }
        let request = self.write_request(statement, act)?;
        Ok(Some(Progress::WaitsForApprovals {
            ceremony: self.id.clone(),
            step,
            approvals,
            threshold: self.threshold(),
            request,
        }))
    }

    fn take_files(&mut self, statement: &Statement) -> Result<()> {
        let prefix = format!("{:03}.", statement.step);
        for path in storage::list(&self.folder.join("approvals"))? {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if name.starts_with(&prefix) && name.ends_with(APPROVAL) {
                self.take_file(statement, &path)
                    .map_err(|source| Error::ApprovalFile {
                        path,
                        source: Box::new(source),
                    })?;
            }
        }
        Ok(())
    }

    fn take_file(&mut self, statement: &Statement, path: &Path) -> Result<()> {
        let text = storage::read_text(path)?;
        let approval: Approval = serde_json::from_str(&text).map_err(Error::malformed("approval"))?;
        approval.check(statement, &self.custodians)?;
        let recorded = self.transcript().approvals(statement.step);
        // The same file again, after a crash or in a second run, is no second approval.
        if recorded.contains(&approval) {
            return Ok(());
        }
        if recorded
            .iter()
            .any(|earlier| earlier.custodian == approval.custodian)
        {
            return Err(Error::ApprovalRefused {
                custodian: approval.custodian,
                step: statement.step,
                reason: Refusal::Duplicate,
            });
        }
        self.take(approval)
    }

    fn ask_present(&mut self, statement: &Statement, act: &Act) -> Result<()> {
        let request = ApprovalRequest::new(statement.clone(), act.clone(), self.threshold());
        let means = self.means;
        for present in means.present {
            let recorded = self.transcript().approvals(statement.step);
            let enough = recorded.len() >= self.threshold();
            if enough || recorded.iter().any(|earlier| earlier.custodian == present.name) {
                continue;
            }
            if means.stage.consents(&present.name, &request) {
                let approval = Approval::sign(statement, &present.name, present.signer)?;
                approval.check(statement, &self.custodians)?;
                self.take(approval)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, approval: Approval) -> Result<()> {
        let (step, custodian) = (approval.statement.step, approval.custodian.clone());
        self.record(Entry::Approval(approval))?;
        self.show(&Event::Approved {
            step,
            custodian: &custodian,
        });
        Ok(())
    }

    /// Written again at every run: it always shows the present intent.
    fn write_request(&self, statement: Statement, act: &Act) -> Result<PathBuf> {
        let name = format!("approvals/{:03}.{REQUEST}", statement.step);
        let request = ApprovalRequest::new(statement, act.clone(), self.threshold());
        self.write(&name, &canonical::to_bytes(&request)?)?;
        Ok(self.folder.join(name))
    }
}
