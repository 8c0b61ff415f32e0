//! What the ceremony made goes before every judge: the demonstration hierarchy, and a small one for each algorithm, on
//! each token that knows it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use system_tests::harness::command::run;
use system_tests::harness::office::Office;
use system_tests::harness::scratch::Scratch;
use system_tests::harness::token::Kind;
use system_tests::judges::{
    Algorithm, Chain, Exception, Only, agree, certificate_round_trips, crl_verifies, lint, lint_crls,
    request_verifies,
};
use toml::{Table, Value};

/// What pkilint holds against our root, and why that is no fault.
pub(crate) const ROOT: Exception = Exception {
    code: "pkix.authority_key_id_extension_missing",
    only: Only::Named("root"),
    reason: "RFC 5280 section 4.2.1.1: a self-signed certificate may leave it out; pkilint sees the root under itself",
};

/// What pkilint 0.13 cannot do.
const PSS: Exception = Exception {
    code: "pkix.signature_verification_failed",
    only: Only::SignedWith(Algorithm::RsaPss),
    reason: "pkilint tries PKCS#1 v1.5 on every RSA signature of a certificate; the other judges verify PSS",
};

/// Keys and signatures as the hierarchy file writes them, and what judges call them.
const ALGORITHMS: [(&str, Option<&str>, Algorithm); 13] = [
    ("ecdsa-p256", None, Algorithm::EcdsaP256),
    ("ecdsa-p384", None, Algorithm::EcdsaP384),
    ("ecdsa-p521", None, Algorithm::EcdsaP521),
    ("rsa-2048", Some("rsa-pkcs1-sha256"), Algorithm::RsaPkcs1),
    ("rsa-3072", Some("rsa-pkcs1-sha384"), Algorithm::RsaPkcs1),
    ("rsa-4096", Some("rsa-pkcs1-sha512"), Algorithm::RsaPkcs1),
    ("rsa-2048", Some("rsa-pss-sha256"), Algorithm::RsaPss),
    ("rsa-3072", Some("rsa-pss-sha384"), Algorithm::RsaPss),
    ("rsa-4096", Some("rsa-pss-sha512"), Algorithm::RsaPss),
    ("ed25519", None, Algorithm::Ed25519),
    ("ml-dsa-44", None, Algorithm::MlDsa44),
    ("ml-dsa-65", None, Algorithm::MlDsa65),
    ("ml-dsa-87", None, Algorithm::MlDsa87),
];

/// A root, an authority and its responder, all of one algorithm.
const SMALL_SCRIPT: &str = r#"
format = 1
kind = "demonstration"
title = { pt = "Uma hierarquia pequena", en = "A small hierarchy" }
step = [
  { do = "generate-key", key = "root" },
  { do = "self-sign", authority = "root" },
  { do = "first-crl", authority = "root" },
  { do = "generate-key", key = "tls" },
  { do = "generate-key", key = "ocsp-tls" },
  { do = "make-request", key = "tls" },
  { do = "sign-request", request = "tls" },
  { do = "issue-service-certificate", service = "ocsp-tls" },
  { do = "first-crl", authority = "tls" },
  { do = "record-keys", keys = ["root", "tls", "ocsp-tls"] },
]
"#;

#[test]
fn every_judge_accepts_the_demonstration_hierarchy_of_softhsm() {
    judge(
        &[Office::demonstration("hierarchy-softhsm", Kind::SoftHsm)],
        &[ROOT],
    );
}

#[test]
fn every_judge_accepts_the_demonstration_hierarchy_of_kryoptic() {
    judge(
        &[Office::demonstration("hierarchy-kryoptic", Kind::Kryoptic)],
        &[ROOT],
    );
}

#[test]
fn every_judge_accepts_every_algorithm_that_softhsm_knows() {
    let known = ALGORITHMS
        .iter()
        .filter(|(.., algorithm)| !is_post_quantum(*algorithm));
    let offices: Vec<Office> = known.map(|algorithm| small(Kind::SoftHsm, *algorithm)).collect();
    judge(&offices, &[ROOT, PSS]);
}

#[test]
fn every_judge_accepts_every_algorithm_of_the_closed_list_on_kryoptic() {
    let offices: Vec<Office> = ALGORITHMS
        .iter()
        .map(|algorithm| small(Kind::Kryoptic, *algorithm))
        .collect();
    judge(&offices, &[ROOT, PSS]);
}

#[test]
fn softhsm_is_told_that_it_lacks_ml_dsa_before_anything_is_made() {
    let office = small_office(Kind::SoftHsm, ("ml-dsa-65", None));
    let finished = run(&mut office.ceremony(office.folder().join("small.toml"))).refused();
    let said = finished.said();
    assert!(
        said.contains("ml-dsa-65") && said.contains("sinete-root"),
        "{finished}"
    );
    assert!(!office.state().join("keys.toml").exists(), "{finished}");
}

/// Puts everything that these offices hold before every judge that knows it. One start of each judge serves all.
pub(crate) fn judge(offices: &[Office], exceptions: &[Exception]) {
    let chains: Vec<Chain> = offices.iter().flat_map(chains).collect();
    agree(&chains);
    lint(&chains, exceptions);
    let scratch = Scratch::new("round-trips");
    for chain in &chains {
        certificate_round_trips(&chain.certificates[0], &chain.algorithms, &scratch);
    }
    for office in offices {
        let algorithms = |name: &str| chain(office, &hierarchy(office), name).algorithms;
        let crl = |authority: &String| office.state().join("crls").join(format!("{authority}.pem"));
        let authorities = office.names("crls", ".pem");
        for authority in &authorities {
            crl_verifies(
                &crl(authority),
                &office.certificate(authority),
                &algorithms(authority),
            );
        }
        lint_crls(&authorities.iter().map(crl).collect::<Vec<_>>());
        transcripts_are_intact(office);
        let folders = office
            .ceremonies()
            .into_iter()
            .map(|folder| folder.join("requests"));
        for request in folders.filter_map(|folder| fs::read_dir(folder).ok()).flatten() {
            let request = request.expect("a folder can be listed").path();
            if request.extension().is_some_and(|ending| ending == "pem") {
                let name = request
                    .file_stem()
                    .and_then(|name| name.to_str())
                    .expect("a request has its key's name");
                request_verifies(&request, &algorithms(name));
            }
        }
    }
}

/// What every ceremony sealed is still what it sealed, as `sinete ceremony status --verify` and sha256sum see it.
pub(crate) fn transcripts_are_intact(office: &Office) {
    for folder in office.ceremonies() {
        let mut verify = office.sinete(&["ceremony", "status"]);
        let verified = run(verify.arg("--verify").arg(&folder)).succeeded();
        assert!(verified.stdout.contains("is intact"), "{verified}");
        run(Command::new("sha256sum")
            .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
            .current_dir(&folder))
        .succeeded();
    }
}

/// An office whose three keys are of one algorithm.
fn small(kind: Kind, (key, signature, _): (&str, Option<&str>, Algorithm)) -> Office {
    let office = small_office(kind, (key, signature));
    run(&mut office.ceremony(office.folder().join("small.toml"))).succeeded();
    office
}

/// An office with the hierarchy for [`SMALL_SCRIPT`], which lies in its folder as `small.toml`.
pub(crate) fn small_office(kind: Kind, (key, signature): (&str, Option<&str>)) -> Office {
    let office = Office::empty(&format!("{key}-{kind:?}"), kind);
    let mut hierarchy = hierarchy(&office);
    keep(&mut hierarchy, "authority", &["root", "tls"]);
    keep(&mut hierarchy, "service", &["ocsp-tls"]);
    // An authority outlives what may be signed with RSA-2048, and the hierarchy's reader says so.
    let authority_key = if key == "rsa-2048" { "rsa-3072" } else { key };
    for (kind, key) in [("authority", authority_key), ("service", key)] {
        for (_, entry) in hierarchy[kind].as_table_mut().expect("a table").iter_mut() {
            let entry = entry.as_table_mut().expect("a table");
            entry.insert("key".to_owned(), Value::from(key));
            entry.remove("signature");
            if let Some(signature) = signature {
                entry.insert("signature".to_owned(), Value::from(signature));
            }
        }
    }
    let text = toml::to_string(&hierarchy).expect("it was read from TOML");
    fs::write(office.policies().join("hierarchy.toml"), text).expect("the test's folder is ours");
    fs::write(office.folder().join("small.toml"), SMALL_SCRIPT).expect("the test's folder is ours");
    office
}

fn keep(hierarchy: &mut Table, kind: &str, names: &[&str]) {
    let entries = hierarchy[kind].as_table_mut().expect("a table");
    entries.retain(|name, _| names.contains(&name));
    assert_eq!(
        entries.len(),
        names.len(),
        "the demonstration hierarchy no longer has {names:?}"
    );
}

/// Every certificate that was published, with its path to the root.
fn chains(office: &Office) -> Vec<Chain> {
    let hierarchy = hierarchy(office);
    let names = office.names("certificates", ".pem");
    assert!(names.len() >= 3, "only {names:?} were published");
    names.iter().map(|name| chain(office, &hierarchy, name)).collect()
}

fn chain(office: &Office, hierarchy: &Table, name: &str) -> Chain {
    let mut chain = Chain {
        name: format!("{} {name}", office.folder().display()),
        certificates: Vec::new(),
        algorithms: Vec::new(),
    };
    let mut next = Some(name.to_owned());
    while let Some(name) = next {
        let entry = entry(hierarchy, &name);
        chain.certificates.push(PathBuf::from(&office.certificate(&name)));
        chain.algorithms.push(algorithm(entry));
        next = ["issuer", "authority"]
            .iter()
            .find_map(|key| Some(entry.get(*key)?.as_str()?.to_owned()));
    }
    chain
}

fn entry<'h>(hierarchy: &'h Table, name: &str) -> &'h Table {
    let of_kind = |kind: &str| hierarchy[kind].get(name).and_then(Value::as_table);
    of_kind("authority")
        .or_else(|| of_kind("service"))
        .unwrap_or_else(|| panic!("{name} is not in the hierarchy"))
}

fn algorithm(entry: &Table) -> Algorithm {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let key = text("key").expect("every entry names its key");
    let same_family = |signature: Option<&str>| match (signature, text("signature")) {
        (Some(one), Some(other)) => one.split("-sha").next() == other.split("-sha").next(),
        (one, other) => one.is_none() && other.is_none(),
    };
    let known = ALGORITHMS
        .iter()
        .find(|(known, signature, _)| *known == key && same_family(*signature));
    known
        .unwrap_or_else(|| panic!("{entry:?} is not in the table of algorithms"))
        .2
}

fn hierarchy(office: &Office) -> Table {
    let text = fs::read_to_string(office.policies().join("hierarchy.toml")).expect("it was copied");
    text.parse().expect("the hierarchy is TOML")
}

fn is_post_quantum(algorithm: Algorithm) -> bool {
    matches!(
        algorithm,
        Algorithm::MlDsa44 | Algorithm::MlDsa65 | Algorithm::MlDsa87
    )
}
