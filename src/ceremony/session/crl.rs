//! Revocation lists: the first, which is empty, and the next, which carries the entries of the last.

use pki::aws_lc::AwsLc;
use pki::certificate::Certificate;
use pki::crl::{Crl, CrlContent};
use pki::extension::{AuthorityKeyIdentifier, CrlNumber, SubjectKeyIdentifier};
use pki::signing::{Signed, SignedStructure as _, Unsigned};
use pki::time::Time;

use super::{At, Session};
use crate::block_on::block_on;
use crate::canonical::Hex;
use crate::key_name::KeyName;
use crate::script::KeyReference;
use crate::transcript::act::{Act, SignCrl};
use crate::transcript::{Done, Entry, Note, Transcript};
use crate::{Error, Result, storage};

impl Session<'_> {
    pub(super) fn plan_crl(&self, at: At, authority: &KeyReference, first: bool) -> Result<Act> {
        let entry = self.hierarchy.authority(&authority.name)?;
        let held = self.ring.resolve(authority)?;
        let certificate = self.certificate_of(&held.name)?;
        let last = self.last_crl(&held.name)?;
        match (&last, first) {
            (Some(_), true) => {
                return Err(at.refuse(format!("{} has a CRL already; use next-crl", held.name)));
            }
            (None, false) => return Err(at.refuse(format!("{} has no CRL yet; use first-crl", held.name))),
            (None, true) | (Some(_), false) => {}
        }
        let number = self
            .next_crl_number(&held.name, last.as_ref())?
            .ok_or_else(|| at.refuse("the number of the last CRL has no successor"))?;
        let this_update = self.means.clock.now();
        let next_update = this_update
            .plus_days(entry.crl_days)
            .min(certificate.content().validity.not_after);
        let mut act = SignCrl {
            authority: held.name.clone(),
            number,
            revoked: last.as_ref().map_or(0, |last| last.entries().count()),
            this_update,
            next_update,
            signature: held.pair()?.signature,
            tbs: Hex(Vec::new()),
        };
        let unsigned = build(&act, &certificate, last.as_ref())?;
        act.tbs = Hex(unsigned.tbs_der().to_vec());
        Ok(Act::SignCrl(act))
    }

    /// Greater than every number that was ever announced here, also by a ceremony that was given up: its CRL may
    /// have left the machine before (RFC 5280 section 5.2.3).
    fn next_crl_number(&self, authority: &KeyName, last: Option<&Crl>) -> Result<Option<u64>> {
        let mut highest = match last {
            Some(last) => last.content().number.to_u64(),
            None => Some(0),
        };
        for folder in storage::list(&self.office.ceremonies())? {
            let Some(transcript) = Transcript::read(&folder)? else {
                continue;
            };
            for record in transcript.records() {
                if let Entry::Intent {
                    act: Act::SignCrl(act),
                    ..
                } = &record.entry
                    && act.authority == *authority
                {
                    highest = highest.map(|highest| highest.max(act.number));
                }
            }
        }
        Ok(highest.and_then(|highest| highest.checked_add(1)))
    }

    /// The CRL of this name that this ceremony made, or else the published one.
    pub(super) fn last_crl(&self, authority: &KeyName) -> Result<Option<Crl>> {
        let der = self.find_file("crls", &self.office.crls(), &format!("{authority}.crl"))?;
        der.map(|der| Crl::parse(&der).map_err(Error::pki(format!("CRL of {authority}"))))
            .transpose()
    }

    pub(super) fn sign_crl(&mut self, at: At, act: &SignCrl) -> Result<Done> {
        let certificate = self.certificate_of(&act.authority)?;
        let crl = if let Some(crl) = self.finished_crl(act, &certificate)? {
            self.note(at.step, Note::FileAdopted)?;
            crl
        } else {
            let last = self.last_crl(&act.authority)?;
            let unsigned = build(act, &certificate, last.as_ref())?;
            if unsigned.tbs_der() != act.tbs.0 {
                let reason = "the recorded CRL cannot be built again; the last one was exchanged";
                return Err(self.cannot_continue(at.step, reason));
            }
            self.sign_crl_with(act, unsigned)?
        };
        let pem = crl.to_pem().map_err(Error::pki("CRL"))?;
        let files = self.write_both("crls", &act.authority.to_string(), ("crl", crl.der()), &pem)?;
        Ok(at.done(files))
    }

    fn sign_crl_with(&self, act: &SignCrl, unsigned: Unsigned<Crl>) -> Result<Crl> {
        let key = self.ring.key(&act.authority)?.open(self.means.tokens)?;
        self.disk.guarded(&format!("sign crl {}", act.authority), || {
            block_on(unsigned.sign(&key, &AwsLc))
                .map(Signed::into_value)
                .map_err(Error::pki(format!("CRL of {}", act.authority)))
        })
    }

    /// A CRL that an interrupted run finished writing.
    fn finished_crl(&self, act: &SignCrl, issuer: &Certificate) -> Result<Option<Crl>> {
        let path = self.folder.join(format!("crls/{}.crl", act.authority));
        if !path.exists() {
            return Ok(None);
        }
        let crl = Crl::parse(&storage::read(&path)?).ok();
        let key = &issuer.content().public_key;
        Ok(crl.filter(|crl| crl.tbs_der() == act.tbs.0 && crl.verify_signature(key, &AwsLc).is_ok()))
    }
}

fn build(act: &SignCrl, issuer: &Certificate, last: Option<&Crl>) -> Result<Unsigned<Crl>> {
    let what = || Error::pki(format!("CRL of {}", act.authority));
    let above = issuer.content();
    let identifier = above
        .extensions
        .typed::<SubjectKeyIdentifier>()
        .map_err(what())?
        .unwrap_or_else(|| SubjectKeyIdentifier::of(&above.public_key));
    let content = CrlContent {
        signature: act.signature,
        issuer: above.subject.clone(),
        this_update: act.this_update,
        next_update: act.next_update,
        authority_key_identifier: AuthorityKeyIdentifier::of(identifier.0),
        number: CrlNumber::new(act.number),
        base: None,
        issuing_distribution_point: None,
        freshest_crl: None,
    };
    content
        .prepare(last.into_iter().flat_map(Crl::entries))
        .map_err(what())
}

/// Whether a CRL is the authority's, and current.
pub(super) fn check(crl: &Crl, issuer: &Certificate, now: Time) -> pki::Result<()> {
    let rule = |rule| {
        Err(pki::Error::Rule {
            structure: "CertificateList",
            rule,
        })
    };
    if crl.content().issuer != issuer.content().subject {
        return rule("its issuer is another one than the authority's subject");
    }
    if !crl.is_current(now) {
        return rule("it is not current; have the authority sign a new one with next-crl");
    }
    crl.verify_signature(&issuer.content().public_key, &AwsLc)
}
