//! What several fuzz targets share: every typed extension content, and the property that holds for all of them.

use std::fmt::Debug;

use pki::extension::{
    AuthorityInfoAccess, AuthorityKeyIdentifier, BasicConstraints, CertificateIssuer, CertificatePolicies,
    CrlDistributionPoints, CrlNumber, DeltaCrlIndicator, ExtendedKeyUsage, Extension, ExtensionContent,
    FreshestCrl, InhibitAnyPolicy, InvalidityDate, IssuingDistributionPoint, KeyUsage, NameConstraints,
    NoRevAvail, OcspNoCheck, PolicyConstraints, PolicyMappings, QcStatements, ReasonCode,
    SignedDocumentBinding, SubjectAltName, SubjectKeyIdentifier, ValidityAssuredShortTerm,
};

/// One kind of content: its object identifier and the property.
type Kind = (const_oid::ObjectIdentifier, fn(&[u8]));

const fn kind<T: ExtensionContent + PartialEq + Debug>() -> Kind {
    (T::OID, check_content::<T>)
}

/// Every typed content. A new one belongs here; the order is part of the corpus, so it goes to the end.
const KINDS: [Kind; 25] = [
    kind::<BasicConstraints>(),
    kind::<KeyUsage>(),
    kind::<ExtendedKeyUsage>(),
    kind::<SubjectAltName>(),
    kind::<SubjectKeyIdentifier>(),
    kind::<AuthorityKeyIdentifier>(),
    kind::<CertificatePolicies>(),
    kind::<PolicyMappings>(),
    kind::<PolicyConstraints>(),
    kind::<InhibitAnyPolicy>(),
    kind::<NameConstraints>(),
    kind::<AuthorityInfoAccess>(),
    kind::<CrlDistributionPoints>(),
    kind::<FreshestCrl>(),
    kind::<IssuingDistributionPoint>(),
    kind::<OcspNoCheck>(),
    kind::<NoRevAvail>(),
    kind::<QcStatements>(),
    kind::<CrlNumber>(),
    kind::<DeltaCrlIndicator>(),
    kind::<ReasonCode>(),
    kind::<InvalidityDate>(),
    kind::<CertificateIssuer>(),
    kind::<SignedDocumentBinding>(),
    kind::<ValidityAssuredShortTerm>(),
];

/// Checks the property for the content of this number, counted round.
pub fn check_content_number(number: usize, value: &[u8]) {
    let (_, check) = KINDS[number % KINDS.len()];
    check(value);
}

/// Checks the property for an extension of a known kind.
pub fn check_any_content(extension: &Extension) {
    for (oid, check) in KINDS {
        if oid == extension.oid {
            check(&extension.value);
        }
    }
}

/// The same bytes give the same answer, and what is read is written again byte for byte.
fn check_content<T: ExtensionContent + PartialEq + Debug>(value: &[u8]) {
    let read = T::from_value(value);
    assert_eq!(
        read,
        T::from_value(value),
        "{}: the same bytes, the same answer",
        T::NAME
    );
    if let Ok(content) = read {
        let written = content.to_value().expect("what was read keeps its rules");
        assert_eq!(written, value, "{}: written again", T::NAME);
        let extension = content.to_extension().expect("the same");
        assert_eq!((extension.oid, extension.critical), (T::OID, T::CRITICAL));
    }
}
