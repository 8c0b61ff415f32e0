//! A ceremony being held: for each step announce, have approved, do, record; after a crash go on from there.
//!
//! The only state is on disk: the transcript and the files beside it. Each step goes through the same four moments:
//!
//! 1. its values are chosen (key id, serial number, times, nonce) and the intent is written and synced;
//! 2. custodians approve exactly that intent, each approval is written and synced;
//! 3. the act is done: in the token, or as files that are replaced whole;
//! 4. the result is written and synced.
//!
//! Crash here: before 1 nothing happened; between 1 and 4 the next run repeats the same act with the same values,
//! and every act can be repeated: a key is found again by its id, the same bytes are signed again, the same files
//! are written again.

mod abandon;
mod approve;
mod begin;
mod certificate;
mod close;
mod crl;
mod exchange;
mod import;
mod key;
mod publish;
mod request;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pki::certificate::Certificate;
use pki::signing::{SignedStructure as _, Signer};
use policy::hierarchy::Hierarchy;

pub use abandon::abandon;
pub use approve::approve;

use crate::approval::ApprovalRequest;
use crate::canonical::Hash;
use crate::custodian::Custodians;
use crate::envelope::CommonGround;
use crate::environment::{Clock, Faults, Random};
use crate::key_name::KeyName;
use crate::office::Office;
use crate::ring::Ring;
use crate::script::{Script, Step};
use crate::storage::{self, Disk};
use crate::tokens::Tokens;
use crate::transcript::act::{Act, NamedHash};
use crate::transcript::{Done, Entry, Journal, Note, Transcript};
use crate::{Error, Result};

/// What a ceremony is held with.
pub struct Means<'a> {
    /// This machine's tokens.
    pub tokens: &'a Tokens,
    /// This machine's clock.
    pub clock: &'a dyn Clock,
    /// Randomness for names and nonces.
    pub random: &'a dyn Random,
    /// Stops the ceremony in tests.
    pub faults: Arc<dyn Faults>,
    /// The custodians in the room; others approve by file.
    pub present: &'a [Present<'a>],
    /// Who asks them and shows what happens.
    pub stage: &'a dyn Stage,
}

/// A custodian in the room, with an opened key.
pub struct Present<'a> {
    /// The short name in the custodians file.
    pub name: String,
    /// The key: [`pki::aws_lc::SoftwareKey`] from a file, or [`hsm::direct::TokenKey`].
    pub signer: &'a dyn Signer,
}

/// The people in front of the screen.
pub trait Stage {
    /// Asks a custodian whether to approve this step. Nothing is signed without a yes.
    fn consents(&self, custodian: &str, request: &ApprovalRequest) -> bool;
    /// Shows what happens.
    fn show(&self, event: &Event<'_>);
}

/// What happens, for the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// A new ceremony began.
    Began {
        /// Its name.
        ceremony: &'a str,
    },
    /// An interrupted ceremony goes on.
    Continued {
        /// Its name.
        ceremony: &'a str,
        /// How many steps are done.
        steps_done: usize,
    },
    /// A step was announced.
    Announced {
        /// Its number, counted from one.
        step: u32,
        /// How many there are, the closing included.
        of: u32,
        /// What it will do.
        act: &'a Act,
    },
    /// A custodian approved.
    Approved {
        /// The step.
        step: u32,
        /// Who.
        custodian: &'a str,
    },
    /// Something about how the step was done.
    Noted {
        /// The step.
        step: u32,
        /// What.
        note: &'a Note,
    },
    /// The step is done and recorded.
    Done {
        /// The step.
        step: u32,
    },
}

/// How far a ceremony came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Everything is done.
    Complete(Completed),
    /// It waits for custodians who are not in the room.
    WaitsForApprovals {
        /// The ceremony.
        ceremony: String,
        /// The step.
        step: u32,
        /// How many approved so far.
        approvals: usize,
        /// How many are needed.
        threshold: usize,
        /// The request that they approve with `sinete ceremony approve`; they put their answers beside it.
        request: PathBuf,
    },
    /// It waits for a file from the other machine.
    WaitsForFile {
        /// The ceremony.
        ceremony: String,
        /// The step.
        step: u32,
        /// Where the file must be.
        path: PathBuf,
    },
}

/// A ceremony that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// Its name.
    pub ceremony: String,
    /// Its folder: transcript, certificates, digests, minutes.
    pub folder: PathBuf,
    /// SHA-256 of the transcript's last line.
    pub transcript: Hash,
}

/// What a step needs next.
enum Plan {
    Act(Act),
    WaitForFile(PathBuf),
}

/// Holds a ceremony: begins the script's, or goes on with the one that was interrupted.
///
/// Returns when the ceremony is over or waits for people or files; the same call continues it.
pub fn run(office: &Office, script: &Path, means: &Means<'_>) -> Result<Progress> {
    let _lock = begin::lock(office)?;
    let mut session = begin::begin(office, script, means)?;
    session.play()
}

/// A ceremony being held.
struct Session<'a> {
    office: &'a Office,
    means: &'a Means<'a>,
    disk: Disk,
    id: String,
    folder: PathBuf,
    script: Script,
    hierarchy: Hierarchy,
    custodians: Custodians,
    ground: CommonGround,
    journal: Journal,
    ring: Ring,
}

impl Session<'_> {
    fn play(&mut self) -> Result<Progress> {
        let steps = self.script.steps.clone();
        for (number, step) in (1_u32..).zip(&steps) {
            if let Some(waiting) = self.step(number, step.verb(), |session| session.plan(number, step))? {
                return Ok(waiting);
            }
        }
        let last = self.closing_step();
        if let Some(waiting) = self.step(last, "close", |session| Ok(Plan::Act(session.plan_close())))? {
            return Ok(waiting);
        }
        Ok(Progress::Complete(Completed {
            ceremony: self.id.clone(),
            folder: self.folder.clone(),
            transcript: self.transcript().last_hash(),
        }))
    }

    /// Plans the first step and forgets the plan: whether the script could begin at all.
    fn try_first_step(&self) -> Result<()> {
        self.script
            .steps
            .first()
            .map_or(Ok(()), |step| self.plan(1, step).map(drop))
    }

    /// Takes one step through its four moments; answers what it waits for, if it cannot be finished now.
    fn step(
        &mut self,
        number: u32,
        verb: &'static str,
        plan: impl FnOnce(&Self) -> Result<Plan>,
    ) -> Result<Option<Progress>> {
        if self.transcript().done(number).is_some() {
            return Ok(None);
        }
        if self.transcript().intent(number).is_none() {
            match plan(self)? {
                Plan::Act(act) => self.record(Entry::Intent { step: number, act })?,
                Plan::WaitForFile(path) => {
                    return Ok(Some(Progress::WaitsForFile {
                        ceremony: self.id.clone(),
                        step: number,
                        path,
                    }));
                }
            }
        }
        let (act, _) = self
            .transcript()
            .intent(number)
            .ok_or_else(|| self.no_intent(number))?;
        let act = act.clone();
        self.show(&Event::Announced {
            step: number,
            of: self.closing_step(),
            act: &act,
        });
        if let Some(waiting) = self.gather_approvals(number, &act)? {
            return Ok(Some(waiting));
        }
        let done = self.perform(number, verb, &act)?;
        self.record(Entry::Done(done))?;
        self.ring = Ring::collect(self.office, self.transcript())?;
        self.show(&Event::Done { step: number });
        Ok(None)
    }

    fn plan(&self, number: u32, step: &Step) -> Result<Plan> {
        let at = At {
            step: number,
            verb: step.verb(),
        };
        let act = match step {
            Step::GenerateKey { key } => self.plan_first_key(at, key),
            Step::ReKey { key } => self.plan_next_key(at, key),
            Step::SelfSign { authority } => self.plan_self_sign(at, authority),
            Step::MakeRequest { key } => self.plan_request(at, key),
            Step::RenewSameKey { key } => self.plan_renewal(at, key),
            Step::ExportRequest { requests, file } => self.plan_export_requests(at, requests, file),
            Step::ImportRequest { file } => return self.plan_import_requests(file),
            Step::SignRequest { request, issuer } => self.plan_sign_request(at, request, issuer.as_ref()),
            Step::IssueServiceCertificate { service, issuer } => {
                self.plan_service_certificate(at, service, issuer.as_ref())
            }
            Step::Crl { authority, first } => self.plan_crl(at, authority, *first),
            Step::ExportCertificate { authorities, file } => {
                self.plan_export_certificates(at, authorities, file)
            }
            Step::ImportCertificate { file } => return self.plan_import_certificates(at, file),
            Step::CrossCertify(cross) => self.plan_cross(at, cross),
            Step::RecordKeys { keys } => self.plan_record_keys(keys),
        };
        act.map(Plan::Act)
    }

    fn perform(&mut self, number: u32, verb: &'static str, act: &Act) -> Result<Done> {
        let at = At { step: number, verb };
        match act {
            Act::GenerateKey(act) => self.generate_key(at, act),
            Act::MakeRequest(act) => self.make_request(at, act),
            Act::SignCertificate(act) => self.sign_certificate(at, act),
            Act::SignCrl(act) => self.sign_crl(at, act),
            Act::ExportRequests(act) => self.export_requests(at, act),
            Act::ImportRequests(act) => self.import_requests(at, act),
            Act::ExportCertificates(act) => self.export_certificates(at, act),
            Act::ImportCertificates(act) => self.import_certificates(at, act),
            Act::RecordKeys(act) => self.record_keys(at, act),
            Act::Close(act) => self.close(at, act),
            Act::Abandon(act) => self.destroy_unrecorded(at, act),
        }
    }

    const fn transcript(&self) -> &Transcript {
        self.journal.transcript()
    }

    /// Writes a record, durable when this returns.
    fn record(&mut self, entry: Entry) -> Result<()> {
        self.journal.append(self.means.clock.now(), entry)
    }

    fn note(&mut self, step: u32, note: Note) -> Result<()> {
        self.show(&Event::Noted { step, note: &note });
        self.record(Entry::Note { step, note })
    }

    fn show(&self, event: &Event<'_>) {
        self.means.stage.show(event);
    }

    /// The step after the script's last.
    fn closing_step(&self) -> u32 {
        u32::try_from(self.script.steps.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1)
    }

    fn threshold(&self) -> usize {
        if self.script.is_service_only() {
            self.custodians.service_threshold()
        } else {
            self.custodians.threshold()
        }
    }

    fn no_intent(&self, step: u32) -> Error {
        self.cannot_continue(step, "its intent is missing from the transcript")
    }

    fn cannot_continue(&self, step: u32, reason: impl Into<String>) -> Error {
        Error::CannotContinue {
            ceremony: self.id.clone(),
            step,
            reason: reason.into(),
        }
    }

    /// Writes a file into the ceremony's folder and says what it holds.
    fn write(&self, relative: &str, bytes: &[u8]) -> Result<NamedHash> {
        let path = self.folder.join(relative);
        if let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) {
            self.disk.create_folder(folder)?;
        }
        self.disk.replace(&path, bytes)?;
        Ok(NamedHash {
            name: relative.to_owned(),
            sha256: Hash::of(bytes),
        })
    }

    /// Writes DER and PEM of something that has both.
    fn write_both(&self, folder: &str, name: &str, der: (&str, &[u8]), pem: &str) -> Result<Vec<NamedHash>> {
        Ok(vec![
            self.write(&format!("{folder}/{name}.{}", der.0), der.1)?,
            self.write(&format!("{folder}/{name}.pem"), pem.as_bytes())?,
        ])
    }

    /// A file that this ceremony wrote, or else one that the office has published.
    fn find_file(&self, folder: &str, published: &Path, file: &str) -> Result<Option<Vec<u8>>> {
        let own = self.folder.join(folder).join(file);
        let path = if own.exists() { own } else { published.join(file) };
        if path.exists() {
            storage::read(&path).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The certificate of this name, made here or published before.
    fn certificate(&self, name: &str) -> Result<Option<Certificate>> {
        let file = format!("{name}.cer");
        let der = self.find_file("certificates", &self.office.certificates(), &file)?;
        der.map(|der| Certificate::parse(&der).map_err(Error::pki(format!("certificate {name}"))))
            .transpose()
    }

    /// The certificate of a key that this machine has; it must be that key's.
    fn certificate_of(&self, name: &KeyName) -> Result<Certificate> {
        let text = name.to_string();
        let certificate = self
            .certificate(&text)?
            .ok_or_else(|| Error::NoCertificate { name: text.clone() })?;
        let found = Hash::from_bytes(certificate.content().public_key.fingerprint());
        match self.ring.key(name).ok().and_then(|key| key.pair) {
            Some(pair) if pair.public_key != found => Err(Error::NoCertificate { name: text }),
            _ => Ok(certificate),
        }
    }
}

/// Which step an error or a file belongs to.
#[derive(Clone, Copy)]
struct At {
    step: u32,
    verb: &'static str,
}

impl At {
    fn refuse(self, rule: impl Into<String>) -> Error {
        Error::Step {
            step: self.step,
            verb: self.verb,
            rule: rule.into(),
        }
    }

    fn done(self, files: Vec<NamedHash>) -> Done {
        Done {
            step: self.step,
            public_key: None,
            files,
        }
    }
}
