//! The minutes.

use std::fmt::Write as _;

use super::words::{MONTHS_EN, month};
use super::{ActFacts, Civil, Facts, civil, full_names, joined, plain};
use crate::transcript::Note;
use crate::transcript::act::{Act, CertificateKind, GenerateKey, NamedHash, RecordKeys, SignCertificate};

pub(super) fn write(facts: &Facts<'_>) -> String {
    let mut text = String::new();
    head(&mut text, facts);
    custodians(&mut text, facts);
    acts(&mut text, facts);
    certificates(&mut text, facts);
    ending(&mut text, facts);
    signatures(&mut text, facts);
    text
}

/// Writing into a String cannot fail.
macro_rules! line {
    ($text:expr, $($part:tt)*) => {{ let _ = writeln!($text, $($part)*); }};
}

fn date(civil: &Civil) -> String {
    format!("{} {} {}", civil.day, month(&MONTHS_EN, civil.month), civil.year)
}

fn head(text: &mut String, facts: &Facts<'_>) {
    let opening = facts.opening;
    line!(text, "# Minutes of a key ceremony\n");
    line!(text, "## {}\n", plain(&facts.script.title_en));
    if opening.rehearsal {
        line!(
            text,
            "> **REHEARSAL.** These minutes tell of a rehearsal, held with throw-away tokens and keys. Nothing in them is valid.\n"
        );
    }
    if facts.was_abandoned() {
        line!(
            text,
            "> **CEREMONY GIVEN UP.** The custodians decided to give the ceremony up, as told at the end.\n"
        );
    }
    let began = civil(facts.began);
    line!(
        text,
        "On {} at {} (Coordinated Universal Time), in {}, on the premises of **{}**, the key ceremony `{}` was held by the script `{}`, carried out by the program {}, before the custodians who sign below.\n",
        date(&began),
        began.clock,
        plain(&facts.office.place),
        plain(&facts.office.name),
        opening.ceremony,
        opening.script_name,
        plain(&opening.program)
    );
    line!(
        text,
        "The documents that governed the ceremony are identified by their SHA-256 digests:\n"
    );
    line!(text, "| document | SHA-256 |\n|---|---|");
    line!(text, "| script | `{}` |", opening.script);
    line!(text, "| hierarchy | `{}` |", opening.hierarchy);
    line!(text, "| custodians | `{}` |\n", opening.custodians_file);
}

fn custodians(text: &mut String, facts: &Facts<'_>) {
    let opening = facts.opening;
    line!(text, "## Custodians\n");
    line!(
        text,
        "Every act needed the approval of {} of {} custodians, given as a digital signature over the act and over the whole record before it.\n",
        opening.threshold,
        opening.custodians.len()
    );
    line!(
        text,
        "| name | office | SHA-256 of the public key | acts approved |\n|---|---|---|---|"
    );
    for custodian in &opening.custodians {
        line!(
            text,
            "| {} | {} | `{}` | {} |",
            plain(&custodian.full_name),
            plain(&custodian.role),
            custodian.key,
            facts.approvals_of(&custodian.name)
        );
    }
    line!(text, "");
}

fn acts(text: &mut String, facts: &Facts<'_>) {
    line!(text, "## The acts\n");
    for act in &facts.acts {
        line!(
            text,
            "{}. {} At {} UTC. Approved by: {}.{}",
            act.step,
            sentence(act),
            civil(act.time).clock,
            full_names(&act.approved_by, "and"),
            notes(act)
        );
    }
    line!(text, "");
}

fn notes(act: &ActFacts<'_>) -> String {
    let one = |note: &&Note| {
        match note {
        Note::KeyAdopted => " *Occurrence: the run was interrupted after the key was made; it was found by its id, its attributes were checked and its use proven, and it was kept.*".to_owned(),
        Note::KeyMadeAgain { reason } => format!(" *Occurrence: the run was interrupted and left the key unusable; it was destroyed and made again ({}).*", plain(reason)),
        Note::FileAdopted => " *Occurrence: the run was interrupted after the file was written; its content and signature were checked, and it was kept.*".to_owned(),
    }
    };
    act.notes.iter().map(one).collect()
}

fn names(list: &[NamedHash]) -> String {
    let names: Vec<String> = list.iter().map(|item| format!("`{}`", item.name)).collect();
    joined(&names, "and")
}

fn sentence(facts: &ActFacts<'_>) -> String {
    match facts.act {
        Act::GenerateKey(act) => key(act, facts),
        Act::MakeRequest(act) => format!(
            "**Certificate request.** The key `{}` signed a request for a certificate in the name of {}.",
            act.key,
            plain(&act.subject)
        ),
        Act::SignCertificate(act) => certificate(act),
        Act::SignCrl(act) => format!(
            "**Certificate revocation list.** The key `{}` signed list number {}, with {}, in force until {}.",
            act.authority,
            act.number,
            count(
                act.revoked,
                "no revoked certificate",
                "revoked certificate",
                "revoked certificates"
            ),
            act.next_update
        ),
        Act::ExportRequests(_)
        | Act::ImportRequests(_)
        | Act::ExportCertificates(_)
        | Act::ImportCertificates(_) => envelope(facts.act),
        Act::RecordKeys(act) => publication(act),
        Act::Close(_) | Act::Abandon(_) => String::new(),
    }
}

fn key(act: &GenerateKey, facts: &ActFacts<'_>) -> String {
    let replaced = act
        .replaces
        .as_ref()
        .map_or_else(String::new, |old| format!(", successor of `{old}`"));
    let public = facts.public_key().map_or_else(String::new, |hash| {
        format!(" SHA-256 of the public key: `{hash}`.")
    });
    format!(
        "**Key generation.** The key `{}` ({}){replaced} was made in token `{}` under the id `{}`; no copy of it can leave the token.{public}",
        act.key, act.kind, act.token, act.id
    )
}

fn certificate(act: &SignCertificate) -> String {
    let kind = match act.kind {
        CertificateKind::Root => "self-signed certificate of the root authority",
        CertificateKind::Authority => "certificate of the authority",
        CertificateKind::Service => "certificate of the service key",
        CertificateKind::Cross => "cross-certificate",
    };
    format!(
        "**Certificate issued.** The {kind} `{}`, in the name of {}, with serial number `{}`, was signed by the key `{}`.",
        act.name,
        plain(&act.subject),
        act.serial,
        act.issuer
    )
}

fn envelope(act: &Act) -> String {
    match act {
        Act::ExportRequests(act) => format!(
            "**Requests sent.** The requests {} were written, sealed, to `{}`, with the nonce `{}`.",
            names(&act.requests),
            act.file,
            act.nonce
        ),
        Act::ImportRequests(act) => format!(
            "**Requests received.** From `{}`, sent by ceremony `{}` with the nonce `{}`, the requests {} were taken in and proven.",
            act.file,
            act.question.ceremony,
            act.question.nonce,
            names(&act.requests)
        ),
        Act::ExportCertificates(act) => format!(
            "**Certificates sent.** The certificates {} were written, sealed, to `{}`, in answer to ceremony `{}`.",
            names(&act.certificates),
            act.file,
            act.question.ceremony
        ),
        Act::ImportCertificates(act) => format!(
            "**Certificates received.** From `{}`, sent by ceremony `{}`, the certificates {}, issued under {}, were taken in and compared.",
            act.file,
            act.answered_by,
            names(&act.certificates),
            names(&act.authorities)
        ),
        _ => String::new(),
    }
}

fn publication(act: &RecordKeys) -> String {
    let keys: Vec<String> = act.keys.iter().map(|key| format!("`{}`", key.key)).collect();
    let keys = match keys.as_slice() {
        [] => "no key".to_owned(),
        [only] => format!("the key {only}"),
        several => format!("the keys {}", joined(several, "and")),
    };
    format!(
        "**Publication.** Put into use: {keys}; {}; {}.",
        count(
            act.certificates.len(),
            "no certificate",
            "certificate",
            "certificates"
        ),
        count(
            act.crls.len(),
            "no revocation list",
            "revocation list",
            "revocation lists"
        )
    )
}

fn count(number: usize, none: &str, one: &str, several: &str) -> String {
    match number {
        0 => none.to_owned(),
        1 => format!("1 {one}"),
        _ => format!("{number} {several}"),
    }
}

fn certificates(text: &mut String, facts: &Facts<'_>) {
    let mut rows = facts.certificates().peekable();
    if rows.peek().is_none() {
        return;
    }
    line!(text, "## Certificates issued\n");
    line!(
        text,
        "| certificate | subject | valid from | to | SHA-256 of the certificate |\n|---|---|---|---|---|"
    );
    for (act, hash) in rows {
        let hash = hash.map_or_else(String::new, |hash| hash.to_string());
        line!(
            text,
            "| `{}` | {} | {} | {} | `{hash}` |",
            act.name,
            plain(&act.subject),
            act.not_before,
            act.not_after
        );
    }
    line!(text, "");
}

fn ending(text: &mut String, facts: &Facts<'_>) {
    line!(text, "## The end\n");
    match facts.ending.act {
        Act::Abandon(act) => {
            let keys: Vec<String> = act
                .destroys
                .iter()
                .map(|key| format!("`{}` (`{}`)", key.key, key.id))
                .collect();
            let keys = if keys.is_empty() {
                "no keys".to_owned()
            } else {
                joined(&keys, "and")
            };
            line!(
                text,
                "The ceremony was given up for this reason: {}. The keys that only it knew were destroyed in their tokens: {keys}.\n",
                plain(&act.reason)
            );
            for act in &facts.unfinished {
                line!(
                    text,
                    "Announced and not finished, and counted as done wherever numbers are given out: `{}`.\n",
                    act.summary()
                );
            }
        }
        Act::Close(act) => {
            line!(
                text,
                "The {} files of the ceremony are listed in `SHA256SUMS`, whose SHA-256 digest is `{}`.\n",
                act.files,
                act.hashes
            );
        }
        _ => {}
    }
    line!(
        text,
        "The record of the ceremony (`transcript.jsonl`), in which every line holds the digest of the one before, was sealed with the approvals of {} and up to there has the SHA-256 digest `{}`.\n",
        full_names(&facts.ending.approved_by, "and"),
        facts.sealed
    );
    let ended = civil(facts.ended);
    line!(
        text,
        "There being no further business, the ceremony was closed on {} at {} (Coordinated Universal Time), and these minutes were drawn up, read, found correct and signed by those present.\n",
        date(&ended),
        ended.clock
    );
}

fn signatures(text: &mut String, facts: &Facts<'_>) {
    line!(text, "## Signatures\n");
    line!(text, "| name | office | signature |\n|---|---|---|");
    for custodian in facts.present() {
        line!(
            text,
            "| {} | {} | &nbsp;<br>&nbsp; |",
            plain(&custodian.full_name),
            plain(&custodian.role)
        );
    }
    for role in ["Master of the ceremony", "Witness", "Witness"] {
        line!(text, "| &nbsp; | {role} | &nbsp;<br>&nbsp; |");
    }
}
