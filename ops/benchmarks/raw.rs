//! The limit: what the token signs when nothing stands between it and `cryptoki`.

use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use pki::algorithm::SignatureAlgorithm;
use pki::asn1::write;
use serde_json::json;

use crate::Failure;
use crate::measure::{Turn, threads};
use crate::report::{Report, Table};
use crate::workshop::{Key, Workshop};

/// Sessions per column.
const SESSIONS: [usize; 4] = [1, 2, 4, 8];
/// A message of a to-be-signed certificate's size.
const MESSAGE: &[u8] = &[7; 700];

/// Signatures per second of every key, for every number of sessions.
pub(crate) fn measure(workshop: &Workshop, report: &mut Report) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for key in workshop.keys() {
        let mut row = vec![
            json!(key.signature.name()),
            json!(key.public_key.algorithm().name()),
        ];
        let mut worst = std::time::Duration::ZERO;
        for sessions in SESSIONS {
            let turn = rate(workshop, key, sessions)?;
            row.push(json!(turn.per_second));
            worst = worst.max(turn.worst);
        }
        row.push(json!(worst.as_secs_f64() * 1000.0));
        rows.push(row);
    }
    report.add(Table {
        title: "Token, straight through cryptoki: signatures per second",
        note: "One thread a session, handle cached, digest made before. The limit for everything below."
            .into(),
        columns: vec!["signature", "key", "1 session", "2", "4", "8", "worst call, ms"],
        rows,
    });
    Ok(())
}

/// One turn: so many sessions, each on its own thread.
pub(crate) fn rate(workshop: &Workshop, key: &Key, sessions: usize) -> Result<Turn, Failure> {
    threads(sessions, workshop.seconds(), |_| {
        let session = workshop.session()?;
        let handle = find(&session, key)?;
        let mechanism = mechanism(key.signature)?;
        let input = input(key.signature, MESSAGE);
        Ok(move || {
            let signature = session.sign(&mechanism, handle, &input)?;
            std::hint::black_box(signature);
            Ok(())
        })
    })
}

fn find(session: &Session, key: &Key) -> Result<ObjectHandle, Failure> {
    let wanted = [
        Attribute::Id(key.id.to_vec()),
        Attribute::Class(ObjectClass::PRIVATE_KEY),
    ];
    session
        .find_objects(&wanted)?
        .into_iter()
        .next()
        .ok_or_else(|| "the key is not in the token".into())
}

/// Signs one message, as X.509 carries it.
pub(crate) fn sign(workshop: &Workshop, key: &Key, message: &[u8]) -> Result<Vec<u8>, Failure> {
    let session = workshop.session()?;
    let handle = find(&session, key)?;
    let raw = session.sign(&mechanism(key.signature)?, handle, &input(key.signature, message))?;
    if key.public_key.algorithm().curve().is_none() {
        return Ok(raw);
    }
    let (r, s) = raw.split_at(raw.len() / 2);
    Ok(write::sequence(&[&write::unsigned(r), &write::unsigned(s)]))
}

/// What is handed to the token: the digest where the signature has one, else the message.
fn input(signature: SignatureAlgorithm, message: &[u8]) -> Vec<u8> {
    use SignatureAlgorithm as S;
    let digest = signature.digest().map(|digest| (digest, digest.digest(message)));
    match (signature, digest) {
        (S::RsaPkcs1Sha256 | S::RsaPkcs1Sha384 | S::RsaPkcs1Sha512, Some((kind, digest))) => {
            [&kind.digest_info_prefix()[..], &digest].concat()
        }
        (_, Some((_, digest))) => digest,
        (_, None) => message.to_vec(),
    }
}

fn mechanism(signature: SignatureAlgorithm) -> Result<Mechanism<'static>, Failure> {
    use SignatureAlgorithm as S;
    Ok(match signature {
        S::EcdsaSha256 | S::EcdsaSha384 | S::EcdsaSha512 => Mechanism::Ecdsa,
        S::RsaPkcs1Sha256 | S::RsaPkcs1Sha384 | S::RsaPkcs1Sha512 => Mechanism::RsaPkcs,
        S::RsaPssSha256 => Mechanism::RsaPkcsPss(PkcsPssParams {
            hash_alg: cryptoki::mechanism::MechanismType::SHA256,
            mgf: PkcsMgfType::MGF1_SHA256,
            s_len: 32.into(),
        }),
        S::Ed25519 => Mechanism::Eddsa(cryptoki::mechanism::eddsa::EddsaParams::new(
            cryptoki::mechanism::eddsa::EddsaSignatureScheme::Ed25519,
        )),
        other => return Err(format!("{other} is not in this table").into()),
    })
}
