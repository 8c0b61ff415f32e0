//! Dates and chains of every certificate in the state folder, and the CRLs beside them.

use std::path::{Path, PathBuf};

use pki::aws_lc::AwsLc;
use pki::certificate::Certificate;
use pki::crl::Crl;
use pki::signing::SignedStructure as _;
use pki::time::Time;

use super::{Area, Discovery, Report};
use crate::authority::{Authorities, Authority, certificate_files, read_certificate};
use crate::config::Configuration;

/// A certificate is due when less than this part of its life is left ...
const DUE_PART: i64 = 5;
/// ... but a ceremony is not planned earlier than half a year before.
const DUE_DAYS: i64 = 183;
const DAY: i64 = 86_400;

/// The newest first second among the certificates, and whose it is.
pub(super) type Newest = Option<(String, Time)>;

pub(super) fn examine(config: &Configuration, now: Time, report: &mut Report) -> Newest {
    let folder = config.office.state.certificates();
    let authorities = Authorities::read(&config.office.state).unwrap_or_default();
    let paths = match certificate_files(&folder) {
        Ok(paths) => paths,
        Err(error) => {
            let message = error.to_string();
            report.add(Discovery::CertificateUnreadable { message });
            Vec::new()
        }
    };
    if paths.is_empty() {
        report.skip(Area::Certificates, "there are no certificates");
    }
    let mut newest: Newest = None;
    for path in paths {
        match read_certificate(&path) {
            Ok(certificate) => {
                let name = stem(&path);
                dates(&name, &certificate, now, report);
                chain(&name, &certificate, &authorities, report);
                let made = certificate.content().validity.not_before;
                if newest.as_ref().is_none_or(|(_, newest)| made > *newest) {
                    newest = Some((format!("certificate {name}"), made));
                }
            }
            Err(error) => report.add(Discovery::CertificateUnreadable {
                message: error.to_string(),
            }),
        }
    }
    for authority in authorities.iter() {
        crl(authority, now, report);
    }
    newest
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn dates(name: &str, certificate: &Certificate, now: Time, report: &mut Report) {
    let validity = certificate.content().validity;
    let (from, until) = (validity.not_before, validity.not_after);
    let name = name.to_owned();
    if now < from {
        return report.add(Discovery::NotYetValid { name, from });
    }
    if now > until {
        return report.add(Discovery::Expired { name, until });
    }
    if let Some(days) = due(from, until, now) {
        report.add(Discovery::ExpiresSoon { name, until, days });
    }
}

/// The days left, if they are few.
fn due(from: Time, until: Time, now: Time) -> Option<i64> {
    let left = until.unix_seconds() - now.unix_seconds();
    let life = until.unix_seconds() - from.unix_seconds();
    (left < (life / DUE_PART).min(DUE_DAYS * DAY)).then_some(left / DAY)
}

fn chain(name: &str, certificate: &Certificate, authorities: &Authorities, report: &mut Report) {
    if authorities.issuer_of(certificate).is_none() {
        report.add(Discovery::IssuerMissing {
            name: name.to_owned(),
            issuer: certificate.content().issuer.to_string(),
        });
    }
}

fn crl(authority: &Authority, now: Time, report: &mut Report) {
    let path: &PathBuf = &authority.crl;
    let name = authority.name.clone();
    let Ok(der) = std::fs::read(path) else {
        // Whether an authority must have one is not the doctor's to say before it revokes anything.
        return;
    };
    let issuer = authority.certificate.content();
    let read = Crl::parse(&der).and_then(|crl| {
        crl.verify_signature(&issuer.public_key, &AwsLc)?;
        Ok(crl)
    });
    let content = match read {
        Ok(crl) if crl.content().issuer == issuer.subject => crl.content().clone(),
        Ok(_) => {
            let message = "it is another authority's".to_owned();
            return report.add(Discovery::CrlWrong { name, message });
        }
        Err(error) => {
            let message = error.to_string();
            return report.add(Discovery::CrlWrong { name, message });
        }
    };
    let (from, until) = (content.this_update, content.next_update);
    if now > until {
        report.add(Discovery::CrlExpired { name, until });
    } else if let Some(days) = due(from, until, now) {
        report.add(Discovery::CrlExpiresSoon { name, until, days });
    }
}
