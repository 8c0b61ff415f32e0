//! What we build is what OpenSSL builds, byte for byte, and what OpenSSL builds is read as what it means.

use const_oid::ObjectIdentifier;

use super::super::*;
use super::{unhex, vectors};
use crate::digest::DigestAlgorithm;
use crate::general_name::{GeneralName, IpNetwork, OtherName, Subtree, Uri};
use crate::icp_brasil::{BirthDate, Cnpj, Cpf, Identity, IdentityCard, Person};
use crate::name::{Attribute, Name};
use crate::oid::usage;
use crate::public_key::PublicKey;
use crate::serial::Serial;
use crate::time::Time;

const POLICY_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.99999.1");
const POLICY_2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.99999.2");
const KEY_IDENTIFIER: [u8; 20] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
];

#[track_caller]
fn same<T: ExtensionContent + PartialEq + std::fmt::Debug>(ours: &T, theirs: &str) {
    let theirs = unhex(theirs);
    assert_eq!(ours.to_value().unwrap(), theirs);
    assert_eq!(&T::from_value(&theirs).unwrap(), ours);
    let extension = ours.to_extension().unwrap();
    assert_eq!(
        (extension.oid, extension.critical, &extension.value),
        (T::OID, T::CRITICAL, &theirs)
    );
    let list = Extensions::new(vec![extension]).unwrap();
    assert_eq!(list.typed::<T>().unwrap().as_ref(), Some(ours));
}

fn name(parts: &[(&str, &str)]) -> Name {
    let part = |(key, value): &(&str, &str)| Attribute::from_key(key, value).unwrap();
    Name::from_attributes(&parts.iter().map(part).collect::<Vec<_>>()).unwrap()
}

#[test]
fn basic_constraints_and_key_usages_are_the_same() {
    same(
        &BasicConstraints::authority(None),
        vectors::BASIC_CONSTRAINTS_ROOT,
    );
    same(
        &BasicConstraints::authority(Some(0)),
        vectors::BASIC_CONSTRAINTS_PATH_0,
    );
    same(
        &BasicConstraints::authority(Some(200)),
        vectors::BASIC_CONSTRAINTS_PATH_200,
    );
    same(
        &BasicConstraints::END_ENTITY,
        vectors::BASIC_CONSTRAINTS_END_ENTITY,
    );
    let usage = |names: &str| KeyUsage::new(names.split(' ').map(|name| name.parse().unwrap()));
    same(
        &usage("digitalSignature contentCommitment"),
        vectors::KEY_USAGE_DOCUMENT,
    );
    same(&usage("keyCertSign cRLSign"), vectors::KEY_USAGE_AUTHORITY);
    same(&usage("decipherOnly keyAgreement"), vectors::KEY_USAGE_DECIPHER);
    let purposes = ["serverAuth", "clientAuth", "1.3.6.1.5.5.7.3.36"].map(|text| purpose(text).unwrap());
    assert_eq!(purposes[2], usage::DOCUMENT_SIGNING);
    same(&ExtendedKeyUsage(purposes.to_vec()), vectors::EXTENDED_KEY_USAGE);
}

#[test]
fn key_identifiers_are_the_same() {
    same(
        &SubjectKeyIdentifier(KEY_IDENTIFIER.to_vec()),
        vectors::SUBJECT_KEY_IDENTIFIER,
    );
    same(
        &AuthorityKeyIdentifier::of(KEY_IDENTIFIER.to_vec()),
        vectors::AUTHORITY_KEY_IDENTIFIER,
    );
    let issuer = GeneralName::DirectoryName(name(&[("C", "BR"), ("CN", "Raiz")]));
    let full = AuthorityKeyIdentifier {
        key_identifier: Some(KEY_IDENTIFIER.to_vec()),
        issuer_and_serial: Some((vec![issuer], Serial::from_magnitude(&[0x12, 0x34]).unwrap())),
    };
    same(&full, vectors::AUTHORITY_KEY_IDENTIFIER_FULL);
    let key = PublicKey::from_raw(crate::algorithm::KeyAlgorithm::Ed25519, &[7; 32]).unwrap();
    assert_eq!(SubjectKeyIdentifier::of(&key).0, key.key_identifier());
}

#[test]
fn alternative_names_of_every_kind_are_the_same() {
    let names = SubjectAltName(vec![
        GeneralName::dns("cartorio.example").unwrap(),
        GeneralName::dns("*.cartorio.example").unwrap(),
        GeneralName::dns("xn--mnchen-3ya.example").unwrap(),
        GeneralName::ip("192.0.2.1").unwrap(),
        GeneralName::ip("2001:db8::1").unwrap(),
        GeneralName::email("tabeliao@cartorio.example").unwrap(),
        GeneralName::uri("https://cartorio.example/a?b=c").unwrap(),
        GeneralName::RegisteredId(ObjectIdentifier::new_unwrap("1.2.3.4")),
        GeneralName::DirectoryName(name(&[("C", "BR"), ("O", "2o Oficio")])),
    ]);
    same(&names, vectors::SUBJECT_ALT_NAME);
    let shown: Vec<String> = names.0.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown.join(" "),
        "dns:cartorio.example dns:*.cartorio.example dns:xn--mnchen-3ya.example ip:192.0.2.1 ip:2001:db8::1 \
         email:tabeliao@cartorio.example uri:https://cartorio.example/a?b=c registeredID:1.2.3.4 \
         dirName:O=2o Oficio,C=BR"
    );
    let principal = OtherName::utf8(crate::oid::other_name::USER_PRINCIPAL_NAME, "ana@corp.example").unwrap();
    assert_eq!(principal.text(), Some("ana@corp.example"));
    let other = SubjectAltName(vec![
        GeneralName::OtherName(principal),
        GeneralName::email("joão@cartorio.example").unwrap(),
    ]);
    same(&other, vectors::SUBJECT_ALT_NAME_OTHER);
}

#[test]
fn icp_brasil_identities_are_the_same() {
    let person = Person {
        birth: Some(BirthDate::new(1980, 2, 1).unwrap()),
        cpf: Some(Cpf::new("52998224725").unwrap()),
        nis: None,
        identity_card: Some(IdentityCard::new("123456789", Some("SSPSP")).unwrap()),
    };
    let company = Cnpj::new("12ABC34501DE35").unwrap();
    let names = SubjectAltName(vec![
        Identity::Person(person).to_general_name().unwrap(),
        Identity::Company(Some(company)).to_general_name().unwrap(),
    ]);
    same(&names, vectors::SUBJECT_ALT_NAME_ICP_BRASIL);
}

#[test]
fn policies_are_the_same() {
    let policies = CertificatePolicies(vec![
        PolicyInformation::new(POLICY_1),
        PolicyInformation::new(POLICY_2)
            .with_cps("http://pki.cartorio.example/dpc.pdf")
            .unwrap()
            .with_notice("Certificado fora da ICP-Brasil")
            .unwrap(),
        PolicyInformation::new(crate::oid::policy::ANY_POLICY),
    ]);
    same(&policies, vectors::CERTIFICATE_POLICIES);
    assert!(
        policies.allows(ObjectIdentifier::new_unwrap("1.2.3")),
        "anyPolicy allows all"
    );
    let mapping = |issuer_domain, subject_domain| PolicyMapping {
        issuer_domain,
        subject_domain: ObjectIdentifier::new_unwrap(subject_domain),
    };
    let pairs = vec![
        mapping(POLICY_1, "2.16.76.1.2.1.1"),
        mapping(POLICY_2, "2.16.76.1.2.3.1"),
    ];
    same(&PolicyMappings(pairs), vectors::POLICY_MAPPINGS);
    let constraints = |require_explicit_policy, inhibit_policy_mapping| PolicyConstraints {
        require_explicit_policy,
        inhibit_policy_mapping,
    };
    same(&constraints(Some(0), Some(200)), vectors::POLICY_CONSTRAINTS);
    same(&constraints(None, Some(1)), vectors::POLICY_CONSTRAINTS_MAPPING);
    same(&InhibitAnyPolicy(3), vectors::INHIBIT_ANY_POLICY);
}

#[test]
fn a_notice_reference_is_read_and_kept() {
    let der = unhex(vectors::CERTIFICATE_POLICIES_REFERENCE);
    let read = CertificatePolicies::from_value(&der).unwrap();
    let [PolicyQualifier::UserNotice(notice)] = read.0[0].qualifiers.as_slice() else {
        panic!("{read:?}");
    };
    let reference = notice.reference.as_ref().unwrap();
    assert_eq!(reference.organization.as_str(), "2o Oficio");
    assert_eq!(reference.numbers, [1, 300]);
    assert_eq!(notice.text.as_ref().map(DisplayText::as_str), Some("Aviso"));
    assert_eq!(read.to_value().unwrap(), der);
}

#[test]
fn name_constraints_are_the_same() {
    let constraints = NameConstraints {
        permitted: vec![
            Subtree::dns("cartorio.example").unwrap(),
            Subtree::email(".cartorio.example").unwrap(),
            Subtree::email("a@b.example").unwrap(),
            Subtree::ip("192.0.2.0/24").unwrap(),
            Subtree::IpAddress(IpNetwork::new("2001:db8::/32").unwrap()),
            Subtree::DirectoryName(name(&[("C", "BR")])),
        ],
        excluded: vec![
            Subtree::uri(".interno.example").unwrap(),
            Subtree::ip("0.0.0.0/0").unwrap(),
            Subtree::dns("").unwrap(),
            Subtree::RegisteredId(ObjectIdentifier::new_unwrap("1.2.3.4")),
        ],
    };
    same(&constraints, vectors::NAME_CONSTRAINTS);
}

#[test]
fn pointers_are_the_same() {
    let access = AuthorityInfoAccess::from_addresses(
        &["http://ocsp.cartorio.example/"],
        &["http://pki.cartorio.example/aia/raiz.cer"],
    )
    .unwrap();
    same(&access, vectors::AUTHORITY_INFO_ACCESS);
    let issuers: Vec<&str> = access.addresses(crate::oid::access::CA_ISSUERS).collect();
    assert_eq!(issuers, ["http://pki.cartorio.example/aia/raiz.cer"]);
    let addresses = [
        "http://pki.cartorio.example/crl/raiz.crl",
        "http://espelho.example/raiz.crl",
    ];
    let points = CrlDistributionPoints::from_addresses(&addresses).unwrap();
    same(&points, vectors::CRL_DISTRIBUTION_POINTS);
    assert_eq!(points.addresses().collect::<Vec<_>>(), addresses);
    let freshest = FreshestCrl::from_addresses(&["http://pki.cartorio.example/crl/raiz-delta.crl"]).unwrap();
    same(&freshest, vectors::FRESHEST_CRL);
    assert_eq!(freshest.addresses().count(), 1);
}

fn relative_name() -> DistributionPointName {
    // commonName Parte, without the SET around it.
    DistributionPointName::RelativeToIssuer(unhex("300c 0603550403 0c055061727465"))
}

#[test]
fn distribution_points_of_every_shape_are_the_same() {
    let uri = |text| GeneralName::uri(text).unwrap();
    let issuer = GeneralName::DirectoryName(name(&[("C", "BR"), ("CN", "Outra")]));
    let points = CrlDistributionPoints(vec![
        DistributionPoint {
            name: Some(DistributionPointName::FullName(vec![
                uri("http://pki.cartorio.example/crl/raiz.crl"),
                uri("ldap:///cn=Raiz"),
            ])),
            reasons: None,
            crl_issuer: None,
        },
        DistributionPoint {
            name: Some(
                DistributionPointName::from_address("http://pki.cartorio.example/crl/chave.crl").unwrap(),
            ),
            reasons: Some(ReasonFlags::new([
                ReasonFlag::KeyCompromise,
                ReasonFlag::CaCompromise,
            ])),
            crl_issuer: Some(vec![issuer]),
        },
        DistributionPoint {
            name: Some(relative_name()),
            reasons: Some(ReasonFlags::new([ReasonFlag::AaCompromise])),
            crl_issuer: None,
        },
    ]);
    same(&points, vectors::CRL_DISTRIBUTION_POINTS_FULL);
}

#[test]
fn issuing_distribution_points_are_the_same_and_match_the_certificates() {
    let address = "http://pki.cartorio.example/crl/raiz.crl";
    let issuing = IssuingDistributionPoint {
        name: Some(DistributionPointName::from_address(address).unwrap()),
        scope: CrlScope::UserCertificates,
        only_some_reasons: Some(ReasonFlags::new([
            ReasonFlag::KeyCompromise,
            ReasonFlag::CessationOfOperation,
        ])),
        indirect_crl: true,
    };
    same(&issuing, vectors::ISSUING_DISTRIBUTION_POINT);
    assert_eq!(IssuingDistributionPoint::OID.to_string(), "2.5.29.28");
    let point = DistributionPoint::from_address(address).unwrap();
    assert_eq!(
        point.name.map(|name| name.to_der()),
        issuing.name.map(|name| name.to_der())
    );
    let authorities = IssuingDistributionPoint {
        scope: CrlScope::AuthorityCertificates,
        ..IssuingDistributionPoint::default()
    };
    same(&authorities, vectors::ISSUING_DISTRIBUTION_POINT_CA);
    let attributes = IssuingDistributionPoint {
        name: Some(relative_name()),
        scope: CrlScope::AttributeCertificates,
        ..IssuingDistributionPoint::default()
    };
    same(&attributes, vectors::ISSUING_DISTRIBUTION_POINT_RELATIVE);
}

#[test]
fn markers_are_the_same() {
    same(&OcspNoCheck, vectors::OCSP_NO_CHECK);
    same(&NoRevAvail, vectors::OCSP_NO_CHECK);
    same(&ValidityAssuredShortTerm, vectors::OCSP_NO_CHECK);
}

#[test]
fn qualified_statements_are_the_same() {
    let disclosure = |address, language: &str| DisclosureStatement {
        address: Uri::new(address).unwrap(),
        language: language.to_owned(),
    };
    let statements = QcStatements(vec![
        QcStatement::Compliance,
        QcStatement::SecureDevice,
        QcStatement::Type(QcType::Signature),
        QcStatement::Legislation(vec!["BR".to_owned(), "UY".to_owned()]),
        QcStatement::LimitValue(MonetaryValue {
            currency: Currency::Alphabetic("BRL".to_owned()),
            amount: 150,
            exponent: 3,
        }),
        QcStatement::RetentionYears(20),
        QcStatement::DisclosureStatements(vec![
            disclosure("https://pki.cartorio.example/pds-en.pdf", "en"),
            disclosure("https://pki.cartorio.example/pds-pt.pdf", "pt"),
        ]),
        QcStatement::Semantics(Semantics {
            identifier: Some(crate::oid::qualified::SEMANTICS_NATURAL),
            authorities: vec![],
        }),
        QcStatement::Other(ObjectIdentifier::new_unwrap("1.2.3.4.5"), Some(unhex("0101ff"))),
    ]);
    same(&statements, vectors::QC_STATEMENTS);
    assert!(statements.is_qualified());
}

#[test]
fn a_document_binding_is_the_same() {
    let binding = SignedDocumentBinding {
        algorithm: DigestAlgorithm::Sha256,
        hash: vec![0xab; 32],
        binding_type: Some("cades".to_owned()),
    };
    same(&binding, vectors::SIGNED_DOCUMENT_BINDING);
}

#[test]
fn extensions_of_crls_are_the_same() {
    let number = CrlNumber::from_value(&unhex(vectors::CRL_NUMBER)).unwrap();
    assert_eq!(number.to_string(), "0x0100000000000000ab");
    assert_eq!(number.to_u64(), None);
    assert!(CrlNumber::new(u64::MAX) < number && CrlNumber::new(0) < CrlNumber::new(1));
    same(&DeltaCrlIndicator(number.clone()), vectors::CRL_NUMBER);
    same(&number, vectors::CRL_NUMBER);
    same(&CrlNumber::new(0), "020100");
    same(&CrlNumber::new(128), "02020080");
    assert_eq!(CrlNumber::new(70_000).to_string(), "70000");
    same(&ReasonCode::KeyCompromise, vectors::REASON_CODE);
    for reason in ReasonCode::ALL {
        assert_eq!(reason.name().parse(), Ok(reason));
        assert_eq!(ReasonCode::from_code(reason.code()), Some(reason));
    }
    // 2026-01-02T03:04:05Z.
    let date = InvalidityDate(Time::from_unix_seconds(1_767_323_045).unwrap());
    same(&date, vectors::INVALIDITY_DATE);
    let issuer = GeneralName::DirectoryName(name(&[("C", "BR")]));
    let value = CertificateIssuer(vec![issuer]).to_value().unwrap();
    assert_eq!(value, unhex("3011 a40f 300d310b3009060355040613024252"));
}
