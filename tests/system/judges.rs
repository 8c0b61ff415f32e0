//! Are the judges awake? Chains made by OpenSSL, sound ones and spoilt ones, go before every judge.
//!
//! Without this, a judge that accepts everything (a wrong option, a changed exit code) would make every other test
//! green.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use system_tests::harness::command::run;
use system_tests::harness::scratch::Scratch;
use system_tests::judges::{Algorithm, Chain, Judge, agree, findings, openssl_36, opinions};

const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::EcdsaP256,
    Algorithm::EcdsaP384,
    Algorithm::EcdsaP521,
    Algorithm::RsaPkcs1,
    Algorithm::RsaPss,
    Algorithm::Ed25519,
    Algorithm::MlDsa44,
    Algorithm::MlDsa65,
    Algorithm::MlDsa87,
];

#[test]
fn judges_accept_what_openssl_made_and_refuse_what_they_cannot_know() {
    let scratch = Scratch::new("judges-accept");
    let chains: Vec<Chain> = ALGORITHMS
        .iter()
        .flat_map(|algorithm| sound(&scratch, *algorithm))
        .collect();
    agree(&chains);
}

#[test]
fn every_judge_refuses_a_leaf_whose_signature_was_changed() {
    let scratch = Scratch::new("judges-leaf");
    refused_by_all(&scratch, |chain| spoil(&chain.certificates[0]));
}

#[test]
fn every_judge_refuses_an_intermediate_whose_signature_was_changed() {
    let scratch = Scratch::new("judges-intermediate");
    refused_by_all(&scratch, |chain| spoil(&chain.certificates[1]));
}

#[test]
fn every_judge_refuses_a_root_whose_own_signature_was_changed() {
    let scratch = Scratch::new("judges-root");
    let roots: Vec<Chain> = ALGORITHMS
        .iter()
        .map(|algorithm| sound(&scratch, *algorithm)[2].clone())
        .collect();
    for chain in &roots {
        spoil(&chain.certificates[0]);
    }
    for opinion in opinions(&roots) {
        assert!(opinion.verdict.is_err(), "{opinion}, though it was spoilt");
    }
}

#[test]
fn every_judge_refuses_a_leaf_under_an_authority_of_the_same_name_and_another_key() {
    let scratch = Scratch::new("judges-other");
    let other = Scratch::new("judges-other-key");
    refused_by_all(&scratch, |chain| {
        let [_, issuing, _] = sound(&other, chain.algorithms[0]);
        fs::copy(&issuing.certificates[0], &chain.certificates[1]).expect("the folder is ours");
    });
}

#[test]
fn path_judges_refuse_a_leaf_that_signs_as_an_authority() {
    let scratch = Scratch::new("judges-no-authority");
    let [leaf, ..] = sound(&scratch, Algorithm::EcdsaP256);
    let folder = scratch.join("EcdsaP256");
    let below = issue(
        &folder,
        "below",
        Algorithm::EcdsaP256,
        Some("leaf"),
        "basicConstraints=critical,CA:FALSE",
    );
    let chain = Chain {
        name: "below".to_owned(),
        certificates: [vec![below], leaf.certificates].concat(),
        algorithms: vec![Algorithm::EcdsaP256; 4],
    };
    for opinion in opinions(&[chain]) {
        // pyca/cryptography looks at names and signatures only, and says so.
        assert_eq!(
            opinion.verdict.is_ok(),
            opinion.judge == Judge::Cryptography,
            "{opinion}"
        );
    }
}

#[test]
fn pkilint_finds_an_authority_without_key_usage() {
    let scratch = Scratch::new("judges-lint");
    let root = issue(
        &scratch,
        "bare",
        Algorithm::EcdsaP256,
        None,
        "basicConstraints=critical,CA:TRUE",
    );
    let chain = Chain {
        name: "bare".to_owned(),
        certificates: vec![root],
        algorithms: vec![Algorithm::EcdsaP256],
    };
    let chains = [chain];
    let findings = findings(&chains);
    let codes: Vec<&str> = findings[0].iter().map(|finding| finding.code.as_str()).collect();
    assert!(
        codes.contains(&"pkix.ca_certificate_no_ku_extension"),
        "{codes:?}"
    );
}

fn refused_by_all(scratch: &Scratch, spoil: impl Fn(&Chain)) {
    let leaves: Vec<Chain> = ALGORITHMS
        .iter()
        .map(|algorithm| sound(scratch, *algorithm)[0].clone())
        .collect();
    leaves.iter().for_each(spoil);
    for opinion in opinions(&leaves) {
        assert!(opinion.verdict.is_err(), "{opinion}, though it was spoilt");
    }
}

/// A leaf, an issuing authority and a root of one algorithm, made by OpenSSL 3.6.
fn sound(scratch: &Path, algorithm: Algorithm) -> [Chain; 3] {
    let folder = scratch.join(format!("{algorithm:?}"));
    fs::create_dir_all(&folder).expect("the folder is ours");
    let authority = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign";
    let root = issue(&folder, "root", algorithm, None, authority);
    let issuing = issue(&folder, "issuing", algorithm, Some("root"), authority);
    let end_entity = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature";
    let leaf = issue(&folder, "leaf", algorithm, Some("issuing"), end_entity);
    let chain = |name: &str, certificates: &[&PathBuf]| Chain {
        name: format!("{algorithm:?} {name}"),
        certificates: certificates.iter().map(|file| (*file).clone()).collect(),
        algorithms: vec![algorithm],
    };
    [
        chain("leaf", &[&leaf, &issuing, &root]),
        chain("issuing", &[&issuing, &root]),
        chain("root", &[&root]),
    ]
}

/// Makes a key and a certificate `name.pem` in `folder`, signed by `issuer` there or by itself.
fn issue(folder: &Path, name: &str, algorithm: Algorithm, issuer: Option<&str>, extensions: &str) -> PathBuf {
    let file = |name: &str, kind: &str| folder.join(format!("{name}.{kind}"));
    run(openssl_36()
        .arg("genpkey")
        .args(key_options(algorithm))
        .arg("-out")
        .arg(file(name, "key")))
    .succeeded();
    let key_identifiers = "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid";
    let configuration = format!("[e]\n{extensions}\n{key_identifiers}\n");
    fs::write(file(name, "cnf"), configuration).expect("the folder is ours");
    let mut command: Command = openssl_36();
    command
        .args(["x509", "-new", "-days", "10", "-extensions", "e", "-extfile"])
        .arg(file(name, "cnf"));
    command
        .args(["-subj", &format!("/C=BR/O=Judges/CN={name}"), "-force_pubkey"])
        .arg(file(name, "key"));
    match issuer {
        Some(issuer) => command
            .arg("-CA")
            .arg(file(issuer, "pem"))
            .arg("-CAkey")
            .arg(file(issuer, "key")),
        None => command.arg("-key").arg(file(name, "key")),
    };
    if algorithm == Algorithm::RsaPss {
        command.args([
            "-sigopt",
            "rsa_padding_mode:pss",
            "-sigopt",
            "rsa_pss_saltlen:digest",
        ]);
    }
    run(command.arg("-out").arg(file(name, "pem"))).succeeded();
    file(name, "pem")
}

fn key_options(algorithm: Algorithm) -> Vec<&'static str> {
    match algorithm {
        Algorithm::EcdsaP256 => vec!["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        Algorithm::EcdsaP384 => vec!["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
        Algorithm::EcdsaP521 => vec!["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
        Algorithm::RsaPkcs1 | Algorithm::RsaPss => {
            vec!["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
        }
        Algorithm::Ed25519 => vec!["-algorithm", "ED25519"],
        Algorithm::MlDsa44 => vec!["-algorithm", "ML-DSA-44"],
        Algorithm::MlDsa65 => vec!["-algorithm", "ML-DSA-65"],
        Algorithm::MlDsa87 => vec!["-algorithm", "ML-DSA-87"],
    }
}

/// Changes the last byte of a certificate: it is the end of the signature.
fn spoil(pem: &Path) {
    let der = pem.with_extension("der");
    run(openssl_36()
        .args(["x509", "-outform", "DER", "-in"])
        .arg(pem)
        .arg("-out")
        .arg(&der))
    .succeeded();
    let mut bytes = fs::read(&der).expect("openssl wrote it");
    *bytes.last_mut().expect("a certificate has bytes") ^= 1;
    fs::write(&der, bytes).expect("the folder is ours");
    run(openssl_36()
        .args(["x509", "-inform", "DER", "-in"])
        .arg(&der)
        .arg("-out")
        .arg(pem))
    .succeeded();
}
