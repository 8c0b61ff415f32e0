//! The shipped hierarchy, wrong ones, and the certificates that come out.

use std::path::Path;

use pki::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use pki::asn1::write;
use pki::certificate::{Certificate, Content};
use pki::extension::{BasicConstraints, ExtendedKeyUsage, ExtensionContent as _, OcspNoCheck};
use pki::oid::usage;
use pki::public_key::PublicKey;
use pki::serial::Serial;
use pki::signing::SignedStructure as _;
use pki::time::Time;

use super::certificate::{CrossTerms, Issuer, Particulars};
use super::{Hierarchy, ServiceKey};
use crate::listener::{self, Facts};
use crate::{Error, Result, lint};

const SHIPPED: &str = include_str!("../../../ca-policies/hierarchy.toml");
const README: &str = include_str!("../../../ca-policies/README.md");

fn parse(text: &str) -> Result<Hierarchy> {
    Hierarchy::parse(Path::new("hierarchy.toml"), text)
}

fn shipped() -> Hierarchy {
    parse(SHIPPED).unwrap()
}

fn refusal(from: &str, to: &str) -> String {
    assert!(SHIPPED.contains(from), "{from:?} is not in the shipped file");
    parse(&SHIPPED.replacen(from, to, 1)).unwrap_err().to_string()
}

fn line_of(part: &str) -> usize {
    SHIPPED.lines().position(|line| line.contains(part)).unwrap() + 1
}

fn now() -> Time {
    Time::from_unix_seconds(1_795_000_000).unwrap()
}

/// A key of this kind; nothing is signed with it, the tests with tokens do that.
fn key(kind: KeyAlgorithm, seed: u8) -> PublicKey {
    let point = |length: usize| [&[4][..], &vec![seed; length]].concat();
    match kind {
        KeyAlgorithm::EcdsaP256 => PublicKey::from_ec_point(kind, &point(64)),
        KeyAlgorithm::EcdsaP384 => PublicKey::from_ec_point(kind, &point(96)),
        KeyAlgorithm::EcdsaP521 => PublicKey::from_ec_point(kind, &point(132)),
        KeyAlgorithm::Ed25519 => PublicKey::from_raw(kind, &[seed; 32]),
        KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => {
            let length = kind.modulus_bits().unwrap() / 8;
            PublicKey::from_rsa_parts(&[&[0x80, seed][..], &vec![1; length - 2]].concat(), &[1, 0, 1])
        }
        KeyAlgorithm::MlDsa44 => PublicKey::from_raw(kind, &[seed; 1312]),
        KeyAlgorithm::MlDsa65 => PublicKey::from_raw(kind, &[seed; 1952]),
        KeyAlgorithm::MlDsa87 => PublicKey::from_raw(kind, &[seed; 2592]),
    }
    .unwrap()
}

fn particulars(key: &PublicKey, generation: u32) -> Particulars<'_> {
    Particulars {
        key,
        generation,
        serial: Serial::from_random([7; 20]),
        not_before: now(),
    }
}

/// A certificate with a signature that nobody verifies here.
fn unsigned(content: &Content) -> Certificate {
    let tbs = content.prepare().unwrap();
    let der = write::sequence(&[
        tbs.tbs_der(),
        content.signature.identifier_der(),
        &write::bit_string(&[0; 8]),
    ]);
    Certificate::parse(&der).unwrap()
}

fn root(hierarchy: &Hierarchy, generation: u32) -> Certificate {
    let authority = hierarchy.authority("root").unwrap();
    let seed = u8::try_from(generation).unwrap();
    let content = hierarchy
        .root_certificate(authority, &particulars(&key(authority.key, seed), generation))
        .unwrap();
    lint::check(&content, None).unwrap();
    unsigned(&content)
}

fn issuer<'a>(hierarchy: &'a Hierarchy, name: &str, certificate: &'a Certificate) -> Issuer<'a> {
    Issuer {
        authority: hierarchy.authority(name).unwrap(),
        generation: 1,
        certificate,
    }
}

fn below(hierarchy: &Hierarchy, name: &str, root: &Certificate) -> Certificate {
    let authority = hierarchy.authority(name).unwrap();
    let issuer = issuer(hierarchy, "root", root);
    let content = hierarchy
        .authority_certificate(authority, &particulars(&key(authority.key, 9), 1), &issuer)
        .unwrap();
    lint::check(&content, Some(root)).unwrap();
    unsigned(&content)
}

#[test]
fn every_certificate_of_the_shipped_hierarchy_passes_the_lint() {
    let hierarchy = shipped();
    let root = root(&hierarchy, 1);
    for authority in hierarchy
        .authorities()
        .filter(|authority| authority.issuer.is_some())
    {
        below(&hierarchy, &authority.name, &root);
    }
    for service in hierarchy.services() {
        let (Some(terms), ServiceKey::Pair { algorithm, .. }) = (&service.certificate, service.key) else {
            continue;
        };
        let above = match terms.authority.as_str() {
            "root" => root.clone(),
            name => below(&hierarchy, name, &root),
        };
        let issuer = issuer(&hierarchy, &terms.authority, &above);
        let key = key(algorithm, 3);
        let content = hierarchy
            .service_certificate(service, &particulars(&key, 1), &issuer)
            .unwrap();
        lint::check(&content, Some(&above)).unwrap();
        let usages = content.extensions.typed::<ExtendedKeyUsage>().unwrap().unwrap();
        let critical = content.extensions.find(ExtendedKeyUsage::OID).unwrap().critical;
        let nocheck = content.extensions.typed::<OcspNoCheck>().unwrap().is_some();
        match service.purpose.name() {
            "ocsp" => assert_eq!(
                (usages.0, critical, nocheck),
                (vec![usage::OCSP_SIGNING], false, true)
            ),
            _ => assert_eq!(
                (usages.0, critical, nocheck),
                (vec![usage::TIME_STAMPING], true, false)
            ),
        }
    }
}

#[test]
fn the_root_lives_twenty_years_and_the_authorities_below_five() {
    let hierarchy = shipped();
    let root = root(&hierarchy, 1);
    let tls = below(&hierarchy, "tls", &root);
    let years = |certificate: &Certificate| {
        let validity = certificate.content().validity;
        (validity.not_after.unix_seconds() - validity.not_before.unix_seconds() + 1) / 86_400
    };
    assert_eq!((years(&root), years(&tls)), (7305, 1826));
    assert_eq!(root.content().signature, SignatureAlgorithm::RsaPkcs1Sha512);
    assert_eq!(
        root.content().subject.to_string(),
        "CN=Autoridade Raiz de Demonstração G1,O=Tabelionato de Demonstração,C=BR"
    );
}

#[test]
fn an_authority_never_outlives_its_issuer_and_a_service_key_ends_with_it() {
    let hierarchy = shipped();
    let root = root(&hierarchy, 1);
    let authority = hierarchy.authority("tls").unwrap();
    let late = root
        .content()
        .validity
        .not_after
        .plus_days(0)
        .plus_seconds(-86_400 * 100);
    let tls_key = key(authority.key, 9);
    let mut particulars = particulars(&tls_key, 1);
    particulars.not_before = late;
    let above = issuer(&hierarchy, "root", &root);
    let refused = hierarchy
        .authority_certificate(authority, &particulars, &above)
        .unwrap_err();
    assert!(matches!(refused, Error::OutlivesIssuer { .. }), "{refused}");
    let responder = hierarchy.service("ocsp-root").unwrap();
    let key = key(KeyAlgorithm::EcdsaP256, 1);
    let particulars = Particulars {
        key: &key,
        ..particulars
    };
    let content = hierarchy
        .service_certificate(responder, &particulars, &above)
        .unwrap();
    assert_eq!(content.validity.not_after, root.content().validity.not_after);
    let early = Particulars {
        not_before: now().plus_seconds(-1),
        ..particulars
    };
    assert!(
        hierarchy.service_certificate(responder, &early, &above).is_err(),
        "before its issuer"
    );
}

#[test]
fn pointers_lead_to_the_generation_that_signs() {
    let hierarchy = shipped();
    let second = hierarchy.addresses("tls", 2);
    assert_eq!(second.ca_issuers, "http://127.0.0.1:8080/aia/tls-2.cer");
    assert_eq!(second.crl, "http://127.0.0.1:8080/crl/tls-2.crl");
    assert_eq!(second.ocsp.as_deref(), Some("http://127.0.0.1:8080/ocsp/tls-2"));
    assert_eq!(
        hierarchy.addresses("root", 1).crl,
        "http://127.0.0.1:8080/crl/root.crl"
    );
}

#[test]
fn a_bridge_leaves_room_for_the_authorities_below_the_new_root() {
    let hierarchy = shipped();
    let (old, new) = (root(&hierarchy, 1), root(&hierarchy, 2));
    let terms = CrossTerms {
        certificate: &new,
        serial: Serial::from_random([9; 20]),
        not_before: now(),
        validity_days: 3000,
        path_length: 1,
    };
    let content = hierarchy
        .cross_certificate(&terms, &issuer(&hierarchy, "root", &old))
        .unwrap();
    lint::check(&content, Some(&old)).unwrap();
    assert_eq!(content.subject, new.content().subject);
    assert_eq!(content.public_key, new.content().public_key);
    let tls = below(&hierarchy, "tls", &old);
    let leafless = CrossTerms {
        certificate: &tls,
        path_length: 2,
        ..terms
    };
    let content = hierarchy
        .cross_certificate(&leafless, &issuer(&hierarchy, "root", &old))
        .unwrap();
    assert!(
        lint::check(&content, Some(&old)).is_err(),
        "a path length like the issuer's"
    );
}

#[test]
fn the_listener_gets_what_browsers_want_and_nothing_outside_the_constraints() {
    let own_domain = "permitted_dns = [\"localhost\", \"cartorio.internal\"]\nexcluded_dns";
    let hierarchy = parse(&SHIPPED.replace("excluded_dns", own_domain)).unwrap();
    let root = root(&hierarchy, 1);
    let tls = below(&hierarchy, "tls", &root);
    let above = issuer(&hierarchy, "tls", &tls);
    let key = key(KeyAlgorithm::EcdsaP256, 1);
    let facts = Facts {
        key: &key,
        serial: Serial::from_random([1; 20]),
        now: now(),
    };
    let certify = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        listener::listener(&hierarchy, &names, &facts, &above)
    };
    let content = certify(&["localhost", "127.0.0.1", "a.cartorio.internal", "::1"]).unwrap();
    assert_eq!(content.subject.common_name().as_deref(), Some("localhost"));
    for outside in [
        "www.google.com",
        "8.8.8.8",
        "notlocalhost",
        "internal",
        "www.gov.br",
    ] {
        let refused = certify(&[outside]).unwrap_err().to_string();
        assert!(refused.contains("name constraints"), "{outside}: {refused}");
    }
    let content = listener::operator(&hierarchy, "Ana Souza", &facts, &above).unwrap();
    assert_eq!(content.subject.common_name().as_deref(), Some("Ana Souza"));
    assert!(listener::operator(&hierarchy, "", &facts, &above).is_err());
}

#[test]
fn the_lint_finds_what_a_builder_could_get_wrong() {
    let hierarchy = shipped();
    let root = root(&hierarchy, 1);
    let tls = below(&hierarchy, "tls", &root);
    let good = tls.content().clone();
    lint::check(&good, Some(&root)).unwrap();
    let wrong = |change: &dyn Fn(&mut Content)| {
        let mut content = good.clone();
        change(&mut content);
        assert_ne!(content, good);
        assert!(lint::check(&content, Some(&root)).is_err());
    };
    wrong(&|content| content.issuer = content.subject.clone());
    wrong(&|content| content.serial = Serial::from_magnitude(&[7]).unwrap());
    wrong(&|content| content.validity.not_after = root.content().validity.not_after.plus_seconds(1));
    wrong(&|content| content.validity.not_before = root.content().validity.not_before.plus_seconds(-1));
    wrong(&|content| content.signature = SignatureAlgorithm::EcdsaSha384);
    wrong(&|content| content.subject = pki::name::Name::empty());
    wrong(&|content| {
        replace(
            content,
            &BasicConstraints::authority(Some(2)).to_extension().unwrap(),
        );
    });
    wrong(&|content| {
        replace(
            content,
            &BasicConstraints::authority(None).to_extension().unwrap(),
        );
    });
    wrong(&|content| replace(content, &BasicConstraints::END_ENTITY.to_extension().unwrap()));
    wrong(&|content| {
        replace(
            content,
            &ExtendedKeyUsage(vec![usage::ANY]).to_extension().unwrap(),
        );
    });
    let other = below(&hierarchy, "documents", &root);
    assert!(lint::check(&good, Some(&other)).is_err(), "another issuer");
    assert!(lint::check(&good, None).is_err(), "no issuer at all");
}

fn replace(content: &mut Content, new: &pki::extension::Extension) {
    let list = content.extensions.iter().map(|old| {
        if old.oid == new.oid {
            new.clone()
        } else {
            old.clone()
        }
    });
    content.extensions = pki::extension::Extensions::new(list.collect()).unwrap();
}

#[test]
fn an_unknown_key_is_refused_with_file_line_and_the_nearest_one() {
    let line = line_of("path_length = 2");
    assert_eq!(
        refusal("path_length = 2", "path_lenght = 2"),
        format!("hierarchy.toml:{line}: unknown key `path_lenght`; did you mean `path_length`?")
    );
    assert!(refusal("[authority.root]", "[authorty.root]").contains("did you mean `authority`?"));
}

/// What is changed in the shipped file, into what, and what the refusal says.
const BROKEN: [(&str, &str, &str); 32] = [
    (
        "format = 1",
        "format = 2",
        "hierarchy.toml:3: format: this program reads format 1",
    ),
    (
        "issuer = \"root\"",
        "issuer = \"rot\"",
        "authority.tls.issuer: the hierarchy has no authority named \"rot\"",
    ),
    ("issuer = \"root\"", "issuer = \"tls\"", "authority.tls."),
    (
        "token = \"sinete-root\"\nkey",
        "token = \"sinete-rot\"\nkey",
        "authority.root.token: the hierarchy has no token",
    ),
    (
        "key = \"rsa-4096\"",
        "key = \"rsa-1024\"",
        "authority.root.key: key algorithm",
    ),
    (
        "key = \"rsa-4096\"",
        "key = \"rsa-2048\"",
        "authority.root.key: an authority lives longer",
    ),
    (
        "signature = \"rsa-pkcs1-sha512\"",
        "signature = \"ecdsa-sha256\"",
        "authority.root.signature: a key of kind rsa-4096 cannot sign",
    ),
    (
        "path_length = 2",
        "path_length = 0",
        "authority.documents.path_length: must be less than 0",
    ),
    (
        "validity_days = 7305",
        "validity_days = 0",
        "authority.root.validity_days: between 1 day and 30 years",
    ),
    (
        "validity_days = 7305",
        "validity_days = 730",
        "validity_days: must not be more than the 730 days",
    ),
    (
        "\"serverAuth\"",
        "\"serverAuht\"",
        "authority.tls.extended_key_usage",
    ),
    ("\"serverAuth\"", "\"clientAuth\"", "listed twice"),
    (
        "[\".1.1\", \".1.2\"]",
        "[\".1.1\"]",
        "operator.policies: 1.3.6.1.4.1.32473.1.1.2 is not among",
    ),
    (
        "extended_key_usage = [\"timeStamping\"]",
        "extended_key_usage = [\"clientAuth\"]",
        "service.tsa.authority: 1.3.6.1.5.5.7.3.8 is not among",
    ),
    ("G{generation}", "G1", "authority.root.subject: put {generation}"),
    ("\"C=BR\"", "\"C=BRA\"", "office.subject"),
    (
        "http://127.0.0.1:8080\"",
        "https://127.0.0.1:8080\"",
        "office.public_base: write http://",
    ),
    (
        "http://127.0.0.1:8080\"",
        "http://127.0.0.1:8080/\"",
        "office.public_base: write http://",
    ),
    ("policy_arc = \"1.3", "policy_arc = \"x.3", "office.policy_arc"),
    ("10.0.0.0/8", "10.1.0.0/8", "authority.tls.name_constraints"),
    (
        "validity_days = 396",
        "validity_days = 400",
        "service.ocsp-root.authority: a responder's certificate cannot be revoked",
    ),
    (
        "key = \"aes-256\"",
        "key = \"rsa-3072\"",
        "service.data.key: a data key wraps",
    ),
    (
        "key = \"ed25519\"",
        "key = \"aes-256\"",
        "service.register.key: an aes-256 key cannot sign",
    ),
    (
        "key = \"ed25519\"",
        "key = \"rsa-3072\"",
        "service.register.key: checkpoints",
    ),
    (
        "purpose = \"register\"",
        "purpose = \"timestamp\"",
        "service.register.purpose: a key of this purpose is certified",
    ),
    (
        "purpose = \"timestamp\"",
        "purpose = \"data\"",
        "service.tsa.purpose: a key of this purpose has no certificate",
    ),
    (
        "signatures = 100,",
        "signatures = 0,",
        "authority.root.budget: a budget of nothing",
    ),
    (
        "[service.tsa]",
        "[service.tls]",
        "an authority has this name already",
    ),
    ("[service.tsa]", "[service.tsa-2]", "service.tsa-2: a short name"),
    (
        "authority = \"tls\"\nsubject = [\"CN=Respondedor OCSP TLS",
        "authority = \"root\"\nsubject = [\"CN=Respondedor OCSP TLS",
        "answers for root already",
    ),
    (
        "CN=Autoridade de Carimbo do Tempo de Demonstração",
        "CN=Autoridade TLS de Demonstração",
        "the same subject as",
    ),
    (
        "crl_days = 396",
        "crl_days = 9999",
        "authority.root.crl_days: a CRL cannot be valid longer",
    ),
];

#[test]
fn every_broken_rule_is_named_with_its_line_and_key() {
    let issuer = refusal("issuer = \"root\"", "issuer = \"rot\"");
    let place = format!("hierarchy.toml:{}: ", line_of("issuer = \"root\""));
    assert!(issuer.starts_with(&place), "{issuer}");
    for (from, to, expected) in BROKEN {
        let found = refusal(from, to);
        assert!(found.contains(expected), "{from:?} -> {to:?}: {found}");
        assert!(found.starts_with("hierarchy.toml:"), "{found}");
    }
}

#[test]
fn issuers_in_a_ring_and_a_file_without_a_root_are_refused() {
    let ring = refusal(
        "[authority.documents]\nissuer = \"root\"",
        "[authority.documents]\nissuer = \"timestamps\"",
    );
    assert!(ring.contains("path_length"), "{ring}");
    let both = SHIPPED
        .replacen(
            "[authority.documents]\nissuer = \"root\"",
            "[authority.documents]\nissuer = \"timestamps\"",
            1,
        )
        .replacen(
            "[authority.timestamps]\nissuer = \"root\"",
            "[authority.timestamps]\nissuer = \"documents\"",
            1,
        );
    let refused = parse(&both).unwrap_err().to_string();
    assert!(refused.contains("form a ring"), "{refused}");
    assert!(parse(&SHIPPED.replace("[authority.root]\n", "[authority.root]\nissuer = \"tls\"\n")).is_err());
}

#[test]
fn placeholders_are_warned_about() {
    let keys: Vec<String> = shipped()
        .warnings()
        .into_iter()
        .map(|warning| warning.key)
        .collect();
    assert_eq!(keys, ["office.policy_arc", "office.public_base", "office.cps"]);
    let real = SHIPPED
        .replace("1.3.6.1.4.1.32473.1", "1.3.6.1.4.1.99999.1")
        .replace("127.0.0.1:8080", "pki.cartorio.com.br");
    assert_eq!(parse(&real).unwrap().warnings(), []);
}

#[test]
fn the_readme_explains_every_key_and_the_reader_knows_no_other() {
    // The reader itself says which keys it knows, when it meets one that it does not.
    let places = [
        "",
        "[office]",
        "[token.sinete-root]",
        "[authority.root]",
        "[authority.tls.name_constraints]",
        "[service.tsa]",
        "[listener]",
    ];
    for place in places {
        let text = if place.is_empty() {
            format!("zzzzzzzzzzzzzzzzzzzz = 1\n{SHIPPED}")
        } else {
            SHIPPED.replacen(place, &format!("{place}\nzzzzzzzzzzzzzzzzzzzz = 1"), 1)
        };
        let Err(Error::UnknownKey { known, .. }) = parse(&text) else {
            panic!("{place}")
        };
        for key in known {
            let explained = [
                format!("`{key}`"),
                format!("`{key} = "),
                format!("`[{key}"),
                format!("`{key}."),
            ];
            assert!(
                explained.iter().any(|form| README.contains(form)),
                "{place} {key}"
            );
        }
    }
    assert!(README.contains("`{ signatures = N, per = \"second\" }`"));
}
