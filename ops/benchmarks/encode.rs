//! How long it takes to build and encode one leaf's to-be-signed bytes, with everything a document signer carries.

use std::hint::black_box;
use std::time::{Duration, Instant};

use pki::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use pki::aws_lc::AwsLc;
use pki::certificate::{Content, Validity, parse_tbs};
use pki::extension::{
    AuthorityInfoAccess, AuthorityKeyIdentifier, BasicConstraints, CertificatePolicies,
    CrlDistributionPoints, ExtendedKeyUsage, ExtensionContent as _, Extensions, KeyUsage, KeyUsageBit,
    PolicyInformation, SubjectAltName, SubjectKeyIdentifier,
};
use pki::general_name::GeneralName;
use pki::name::{Attribute, Name};
use pki::public_key::PublicKey;
use pki::serial::Serial;
use pki::time::Time;
use pki::{oid, statement};
use serde_json::json;

use crate::Failure;
use crate::measure::median;
use crate::report::{Report, Table};
use crate::workshop::Key;

/// The aim for building and encoding.
const AIM_MICROSECONDS: f64 = 5.0;

/// Times building, encoding and the signer's look at the result.
pub(crate) fn measure(report: &mut Report) -> Result<(), Failure> {
    let parts = Parts::new()?;
    let tbs = leaf(&parts)?;
    let build = time(|| leaf(&parts).map(drop))?;
    let parse = time(|| parse_tbs(&tbs).map(drop).map_err(Into::into))?;
    let recognise = time(|| statement::recognise(&tbs).map(drop).map_err(Into::into))?;
    let row = |what: &str, microseconds: f64, aim: Option<f64>| {
        vec![
            json!(what),
            json!(microseconds),
            aim.map_or(json!("-"), |aim| json!(aim)),
        ]
    };
    report.add(Table {
        title: "One leaf certificate, without its signature",
        note: format!(
            "A document signer's to-be-signed bytes, {} bytes, nine extensions. Microseconds.",
            tbs.len()
        ),
        columns: vec!["step", "us", "aim, us"],
        rows: vec![
            row(
                "build names and extensions, encode",
                build,
                Some(AIM_MICROSECONDS),
            ),
            row("read back strictly", parse, None),
            row("recognise, as the signer does", recognise, None),
        ],
    });
    Ok(())
}

/// What is known before the request comes: the issuer, its key's identifier, and the subject's key.
struct Parts {
    issuer: Name,
    issuer_key_identifier: Vec<u8>,
    /// How the issuer signs.
    signature: SignatureAlgorithm,
    key: PublicKey,
    not_before: Time,
}

impl Parts {
    fn new() -> Result<Self, Failure> {
        let key = |octet: u8| {
            // Only the encoding is timed: whether the points lie on the curve does not matter here.
            let point = [&[4][..], &[octet; 64]].concat();
            PublicKey::from_ec_point(KeyAlgorithm::EcdsaP256, &point)
        };
        let attributes = [
            ("C", "BR"),
            ("O", "Cartório de Demonstração"),
            ("CN", "AC Assinatura de Documentos"),
        ];
        let attributes: Vec<_> = attributes
            .iter()
            .map(|(key, value)| Attribute::from_key(key, value))
            .collect::<pki::Result<_>>()?;
        Ok(Self {
            issuer: Name::from_attributes(&attributes)?,
            issuer_key_identifier: key(1)?.key_identifier().to_vec(),
            signature: SignatureAlgorithm::EcdsaSha256,
            key: key(2)?,
            not_before: Time::from_unix_seconds(1_795_000_000).ok_or("a fixed time")?,
        })
    }
}

fn leaf(parts: &Parts) -> Result<Vec<u8>, Failure> {
    use KeyUsageBit::{DigitalSignature, NonRepudiation};
    let subject = [
        ("C", "BR"),
        ("O", "Cartório de Demonstração"),
        ("CN", "Escritura 2026/00147"),
    ];
    let subject: Vec<_> = subject
        .iter()
        .map(|(key, value)| Attribute::from_key(key, value))
        .collect::<pki::Result<_>>()?;
    let policy = oid::usage::DOCUMENT_SIGNING;
    let extensions = vec![
        SubjectKeyIdentifier::of(&parts.key).to_extension()?,
        AuthorityKeyIdentifier::of(parts.issuer_key_identifier.clone()).to_extension()?,
        KeyUsage::new([DigitalSignature, NonRepudiation]).to_extension()?,
        BasicConstraints {
            ca: false,
            path_length: None,
        }
        .to_extension()?,
        ExtendedKeyUsage(vec![oid::usage::DOCUMENT_SIGNING]).to_extension()?,
        SubjectAltName(vec![GeneralName::email("oficio@cartorio.example")?]).to_extension()?,
        CertificatePolicies(vec![
            PolicyInformation::new(policy).with_cps("http://ca.example/cps")?,
        ])
        .to_extension()?,
        CrlDistributionPoints::from_addresses(&["http://ca.example/crl/documents.crl"])?.to_extension()?,
        AuthorityInfoAccess::from_addresses(
            &["http://ca.example/ocsp/documents"],
            &["http://ca.example/aia/documents.cer"],
        )?
        .to_extension()?,
    ];
    let content = Content {
        serial: Serial::from_random([9; 20]),
        signature: parts.signature,
        issuer: parts.issuer.clone(),
        validity: Validity {
            not_before: parts.not_before,
            not_after: parts.not_before.plus_seconds(3600),
        },
        subject: Name::from_attributes(&subject)?,
        public_key: parts.key.clone(),
        extensions: Extensions::new(extensions)?,
    };
    Ok(content.prepare()?.tbs_der().to_vec())
}

/// The same leaf under a key of the workshop.
pub(crate) fn leaf_for(issuer: &Key) -> Result<Vec<u8>, Failure> {
    let parts = Parts::new()?;
    let issuer_key_identifier = issuer.public_key.key_identifier().to_vec();
    leaf(&Parts {
        signature: issuer.signature,
        issuer_key_identifier,
        ..parts
    })
}

/// A self-signed certificate of a key of the workshop, under the name that its leaves carry as their issuer.
pub(crate) fn authority_of(
    key: &Key,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, Failure>,
) -> Result<Vec<u8>, Failure> {
    let parts = Parts::new()?;
    let extensions = vec![
        SubjectKeyIdentifier::of(&key.public_key).to_extension()?,
        KeyUsage::new([KeyUsageBit::KeyCertSign, KeyUsageBit::CrlSign]).to_extension()?,
        BasicConstraints {
            ca: true,
            path_length: Some(0),
        }
        .to_extension()?,
    ];
    let content = Content {
        serial: Serial::from_random([3; 20]),
        signature: key.signature,
        issuer: parts.issuer.clone(),
        validity: Validity {
            not_before: parts.not_before,
            not_after: parts.not_before.plus_days(365),
        },
        subject: parts.issuer,
        public_key: key.public_key.clone(),
        extensions: Extensions::new(extensions)?,
    };
    let unsigned = content.prepare()?;
    let signature = sign(unsigned.tbs_der())?;
    Ok(unsigned.join(&key.public_key, &signature, &AwsLc)?.der().to_vec())
}

/// Median microseconds of one call, from batches long enough for the clock.
fn time(mut call: impl FnMut() -> Result<(), Failure>) -> Result<f64, Failure> {
    const BATCHES: usize = 31;
    const CALLS: u32 = 2000;
    let mut batches = Vec::with_capacity(BATCHES);
    for _ in 0..BATCHES {
        let begun = Instant::now();
        for _ in 0..CALLS {
            call()?;
            black_box(());
        }
        let elapsed: Duration = begun.elapsed();
        batches.push(elapsed.as_secs_f64() * 1e6 / f64::from(CALLS));
    }
    Ok(median(batches))
}
