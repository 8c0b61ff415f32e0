//! The rules between extensions of one certificate: each is broken once in an otherwise sound list.

use super::super::*;
use crate::general_name::{GeneralName, OtherName, Subtree};
use crate::name::{Attribute, Name};
use crate::oid::{icp_brasil, usage};

fn extension<T: ExtensionContent>(content: &T) -> Extension {
    content.to_extension().unwrap()
}

fn with_criticality<T: ExtensionContent>(content: &T, critical: bool) -> Extension {
    Extension::new(T::OID, critical, content.to_value().unwrap())
}

fn identifier() -> Extension {
    extension(&SubjectKeyIdentifier(vec![1; 20]))
}

fn authority() -> Vec<Extension> {
    vec![
        extension(&BasicConstraints::authority(Some(0))),
        extension(&KeyUsage::new([KeyUsageBit::KeyCertSign, KeyUsageBit::CrlSign])),
        identifier(),
    ]
}

fn end_entity() -> Vec<Extension> {
    vec![
        extension(&BasicConstraints::END_ENTITY),
        extension(&KeyUsage::new([KeyUsageBit::DigitalSignature])),
        identifier(),
    ]
}

fn check(list: Vec<Extension>) -> Result<()> {
    Extensions::new(list).unwrap().check_consistency()
}

#[track_caller]
fn refused(list: Vec<Extension>, structure: &str, section: &str) {
    match check(list) {
        Err(Error::Rule {
            structure: found,
            rule,
        }) => {
            assert!(found == structure && rule.contains(section), "{found}: {rule}");
        }
        other => panic!("{other:?}"),
    }
}

fn and(mut list: Vec<Extension>, more: Extension) -> Vec<Extension> {
    list.retain(|extension| extension.oid != more.oid);
    list.push(more);
    list
}

fn without(mut list: Vec<Extension>, oid: ObjectIdentifier) -> Vec<Extension> {
    list.retain(|extension| extension.oid != oid);
    list
}

#[test]
fn sound_lists_pass() {
    let constraints = NameConstraints {
        permitted: vec![Subtree::dns("cartorio.example").unwrap()],
        excluded: vec![],
    };
    assert_eq!(check(authority()), Ok(()));
    assert_eq!(check(and(authority(), extension(&constraints))), Ok(()));
    assert_eq!(
        check(and(
            authority(),
            extension(&ExtendedKeyUsage(vec![usage::TIME_STAMPING]))
        )),
        Ok(())
    );
    assert_eq!(check(end_entity()), Ok(()));
    assert_eq!(check(and(end_entity(), extension(&NoRevAvail))), Ok(()));
    let responder = and(
        end_entity(),
        extension(&ExtendedKeyUsage(vec![usage::OCSP_SIGNING])),
    );
    assert_eq!(check(and(responder, extension(&OcspNoCheck))), Ok(()));
    let time_stamping = with_criticality(&ExtendedKeyUsage(vec![usage::TIME_STAMPING]), true);
    assert_eq!(check(and(end_entity(), time_stamping)), Ok(()));
    let unknown = Extension::new(ObjectIdentifier::new_unwrap("1.2.3.4"), false, vec![0xff]);
    assert_eq!(
        check(and(end_entity(), unknown)),
        Ok(()),
        "unknown contents are left alone"
    );
}

#[test]
fn an_authority_can_sign_and_be_found() {
    let weak = extension(&KeyUsage::new([KeyUsageBit::CrlSign]));
    refused(and(authority(), weak), "keyUsage", "4.2.1.3");
    refused(without(authority(), oid::KEY_USAGE), "keyUsage", "4.2.1.3");
    refused(
        without(authority(), oid::SUBJECT_KEY_IDENTIFIER),
        "subjectKeyIdentifier",
        "4.2.1.2",
    );
    let basic = with_criticality(&BasicConstraints::authority(None), false);
    refused(and(authority(), basic), "basicConstraints", "4.2.1.9");
}

#[test]
fn an_end_entity_has_nothing_of_an_authority() {
    let usage = extension(&KeyUsage::new([KeyUsageBit::KeyCertSign]));
    refused(and(end_entity(), usage.clone()), "keyUsage", "4.2.1.9");
    refused(vec![usage], "keyUsage", "4.2.1.9");
    let constraints = NameConstraints {
        permitted: vec![],
        excluded: vec![Subtree::dns("").unwrap()],
    };
    refused(
        and(end_entity(), extension(&constraints)),
        "nameConstraints",
        "4.2.1.10",
    );
    let mapping = PolicyMapping {
        issuer_domain: usage::SERVER_AUTH,
        subject_domain: usage::CLIENT_AUTH,
    };
    let mappings = PolicyMappings(vec![mapping]);
    refused(
        and(end_entity(), extension(&mappings)),
        "policyMappings",
        "4.2.1.5",
    );
    let constraints = PolicyConstraints {
        require_explicit_policy: Some(0),
        inhibit_policy_mapping: None,
    };
    refused(
        and(end_entity(), extension(&constraints)),
        "policyConstraints",
        "4.2.1.11",
    );
    let inhibit = InhibitAnyPolicy(0);
    refused(
        and(end_entity(), extension(&inhibit)),
        "inhibitAnyPolicy",
        "4.2.1.14",
    );
}

#[test]
fn criticality_is_as_the_standards_demand() {
    let constraints = NameConstraints {
        permitted: vec![],
        excluded: vec![Subtree::dns("").unwrap()],
    };
    let loose = with_criticality(&constraints, false);
    refused(and(authority(), loose), "nameConstraints", "4.2.1.10");
    let loose = with_criticality(&InhibitAnyPolicy(0), false);
    refused(and(authority(), loose), "inhibitAnyPolicy", "4.2.1.14");
    let hard = with_criticality(&SubjectKeyIdentifier(vec![1]), true);
    refused(and(end_entity(), hard), "subjectKeyIdentifier", "4.2.1.2");
    let hard = with_criticality(&AuthorityKeyIdentifier::of(vec![1]), true);
    refused(and(end_entity(), hard), "authorityKeyIdentifier", "4.2.1.1");
    let access = AuthorityInfoAccess::from_addresses(&["http://a.example/"], &[]).unwrap();
    let hard = with_criticality(&access, true);
    refused(and(end_entity(), hard), "authorityInfoAccess", "4.2.2.1");
    let hard = with_criticality(&NoRevAvail, true);
    refused(and(end_entity(), hard), "noRevAvail", "RFC 9608");
    let hard = with_criticality(&QcStatements(vec![QcStatement::Compliance]), true);
    refused(and(end_entity(), hard), "qcStatements", "EN 319 412-5");
}

#[test]
fn no_pointer_stands_beside_no_rev_avail() {
    let sound = || and(end_entity(), extension(&NoRevAvail));
    let points = CrlDistributionPoints::from_addresses(&["http://a.example/"]).unwrap();
    refused(and(sound(), extension(&points)), "noRevAvail", "RFC 9608");
    let freshest = FreshestCrl::from_addresses(&["http://a.example/"]).unwrap();
    refused(and(sound(), extension(&freshest)), "noRevAvail", "RFC 9608");
    let access = AuthorityInfoAccess::from_addresses(&["http://a.example/"], &[]).unwrap();
    refused(and(sound(), extension(&access)), "noRevAvail", "RFC 9608");
    let issuers = AuthorityInfoAccess::from_addresses(&[], &["http://a.example/"]).unwrap();
    assert_eq!(check(and(sound(), extension(&issuers))), Ok(()));
    refused(and(authority(), extension(&NoRevAvail)), "noRevAvail", "RFC 9608");
}

#[test]
fn purposes_fit_their_extensions() {
    let loose = extension(&ExtendedKeyUsage(vec![usage::TIME_STAMPING]));
    refused(and(end_entity(), loose), "extKeyUsage", "RFC 3161");
    let mixed = ExtendedKeyUsage(vec![usage::TIME_STAMPING, usage::DOCUMENT_SIGNING]);
    refused(
        and(end_entity(), with_criticality(&mixed, true)),
        "extKeyUsage",
        "RFC 3161",
    );
    refused(
        and(end_entity(), extension(&OcspNoCheck)),
        "id-pkix-ocsp-nocheck",
        "RFC 6960",
    );
}

#[test]
fn contents_that_break_their_own_rules_are_found() {
    let empty_names = Extension::new(oid::SUBJECT_ALT_NAME, false, vec![0x30, 0]);
    refused(and(end_entity(), empty_names), "subjectAltName", "4.2.1.6");
    refused(
        and(end_entity(), extension(&CrlNumber::new(1))),
        "certificate extensions",
        "5.2",
    );
    let wrong = OtherName::new(icp_brasil::COMPANY, b"\x04\x0e11222333000182".to_vec()).unwrap();
    let names = SubjectAltName(vec![GeneralName::OtherName(wrong)]);
    refused(
        and(end_entity(), extension(&names)),
        "ICP-Brasil identity",
        "check digits",
    );
}

#[test]
fn an_empty_subject_needs_a_critical_alternative_name() {
    let subject = Name::from_attributes(&[Attribute::from_key("CN", "x").unwrap()]).unwrap();
    let names = SubjectAltName(vec![GeneralName::dns("a.example").unwrap()]);
    let list = |more| Extensions::new(and(end_entity(), more)).unwrap();
    let hard = list(names.to_extension_for(&Name::empty()).unwrap());
    let soft = list(names.to_extension_for(&subject).unwrap());
    assert_eq!(hard.check_subject(&Name::empty()), Ok(()));
    assert_eq!(soft.check_subject(&subject), Ok(()));
    assert!(soft.check_subject(&Name::empty()).is_err());
    let without_names = Extensions::new(end_entity()).unwrap();
    assert!(without_names.check_subject(&Name::empty()).is_err());
    let authority = Extensions::new(authority()).unwrap();
    assert!(authority.check_subject(&Name::empty()).is_err());
    assert_eq!(authority.check_subject(&subject), Ok(()));
}
