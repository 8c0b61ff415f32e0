//! Every object identifier the project uses, once, under the standard's name.

use const_oid::ObjectIdentifier as Oid;

const fn oid(dotted: &str) -> Oid {
    Oid::new_unwrap(dotted)
}

/// Keys and signatures.
pub mod algorithm {
    use super::{Oid, oid};
    /// RFC 5480: id-ecPublicKey.
    pub const EC_PUBLIC_KEY: Oid = oid("1.2.840.10045.2.1");
    /// RFC 5480: secp256r1.
    pub const SECP256R1: Oid = oid("1.2.840.10045.3.1.7");
    /// RFC 5480: secp384r1.
    pub const SECP384R1: Oid = oid("1.3.132.0.34");
    /// RFC 5480: secp521r1.
    pub const SECP521R1: Oid = oid("1.3.132.0.35");
    /// RFC 8017: rsaEncryption.
    pub const RSA_ENCRYPTION: Oid = oid("1.2.840.113549.1.1.1");
    /// RFC 8017: id-RSASSA-PSS.
    pub const RSASSA_PSS: Oid = oid("1.2.840.113549.1.1.10");
    /// RFC 8410: id-Ed25519, key and signature alike.
    pub const ED25519: Oid = oid("1.3.101.112");
    /// RFC 9881: id-ml-dsa-44, key and signature alike.
    pub const ML_DSA_44: Oid = oid("2.16.840.1.101.3.4.3.17");
    /// RFC 9881: id-ml-dsa-65.
    pub const ML_DSA_65: Oid = oid("2.16.840.1.101.3.4.3.18");
    /// RFC 9881: id-ml-dsa-87.
    pub const ML_DSA_87: Oid = oid("2.16.840.1.101.3.4.3.19");
    /// SHA-256 as a digest.
    pub const SHA_256: Oid = oid("2.16.840.1.101.3.4.2.1");
    /// SHA-384 as a digest.
    pub const SHA_384: Oid = oid("2.16.840.1.101.3.4.2.2");
    /// SHA-512 as a digest.
    pub const SHA_512: Oid = oid("2.16.840.1.101.3.4.2.3");
    /// RFC 8018: id-PBES2.
    pub const PBES2: Oid = oid("1.2.840.113549.1.5.13");
    /// RFC 8018: id-PBKDF2.
    pub const PBKDF2: Oid = oid("1.2.840.113549.1.5.12");
    /// RFC 8018: id-hmacWithSHA256.
    pub const HMAC_WITH_SHA_256: Oid = oid("1.2.840.113549.2.9");
    /// RFC 3565: id-aes256-CBC.
    pub const AES_256_CBC: Oid = oid("2.16.840.1.101.3.4.1.42");
}

/// Certificate and CRL extensions (RFC 5280 unless said).
pub mod extension {
    use super::{Oid, oid};
    /// subjectKeyIdentifier.
    pub const SUBJECT_KEY_IDENTIFIER: Oid = oid("2.5.29.14");
    /// keyUsage.
    pub const KEY_USAGE: Oid = oid("2.5.29.15");
    /// subjectAltName.
    pub const SUBJECT_ALT_NAME: Oid = oid("2.5.29.17");
    /// basicConstraints.
    pub const BASIC_CONSTRAINTS: Oid = oid("2.5.29.19");
    /// cRLNumber.
    pub const CRL_NUMBER: Oid = oid("2.5.29.20");
    /// reasonCode, of a CRL entry.
    pub const REASON_CODE: Oid = oid("2.5.29.21");
    /// invalidityDate, of a CRL entry.
    pub const INVALIDITY_DATE: Oid = oid("2.5.29.24");
    /// deltaCRLIndicator.
    pub const DELTA_CRL_INDICATOR: Oid = oid("2.5.29.27");
    /// issuingDistributionPoint. x509-cert 0.3.0 writes a wrong one; this is the right one.
    pub const ISSUING_DISTRIBUTION_POINT: Oid = oid("2.5.29.28");
    /// certificateIssuer, of an entry of an indirect CRL.
    pub const CERTIFICATE_ISSUER: Oid = oid("2.5.29.29");
    /// nameConstraints.
    pub const NAME_CONSTRAINTS: Oid = oid("2.5.29.30");
    /// cRLDistributionPoints.
    pub const CRL_DISTRIBUTION_POINTS: Oid = oid("2.5.29.31");
    /// certificatePolicies.
    pub const CERTIFICATE_POLICIES: Oid = oid("2.5.29.32");
    /// policyMappings.
    pub const POLICY_MAPPINGS: Oid = oid("2.5.29.33");
    /// authorityKeyIdentifier.
    pub const AUTHORITY_KEY_IDENTIFIER: Oid = oid("2.5.29.35");
    /// policyConstraints.
    pub const POLICY_CONSTRAINTS: Oid = oid("2.5.29.36");
    /// extKeyUsage.
    pub const EXTENDED_KEY_USAGE: Oid = oid("2.5.29.37");
    /// freshestCRL.
    pub const FRESHEST_CRL: Oid = oid("2.5.29.46");
    /// inhibitAnyPolicy.
    pub const INHIBIT_ANY_POLICY: Oid = oid("2.5.29.54");
    /// noRevAvail (RFC 9608).
    pub const NO_REV_AVAIL: Oid = oid("2.5.29.56");
    /// authorityInfoAccess.
    pub const AUTHORITY_INFO_ACCESS: Oid = oid("1.3.6.1.5.5.7.1.1");
    /// qcStatements (RFC 3739).
    pub const QC_STATEMENTS: Oid = oid("1.3.6.1.5.5.7.1.3");
    /// id-pkix-ocsp-nocheck (RFC 6960).
    pub const OCSP_NO_CHECK: Oid = oid("1.3.6.1.5.5.7.48.1.5");
    /// id-etsi-ext-valassured-ST-certs (EN 319 412-1).
    pub const VALIDITY_ASSURED_SHORT_TERM: Oid = oid("0.4.0.194121.2.1");
    /// id-pe-signedDocumentBinding (draft-ietf-lamps-one-signature-certs).
    pub const SIGNED_DOCUMENT_BINDING: Oid = oid("1.3.6.1.5.5.7.1.37");
}

/// Extended key usages.
pub mod usage {
    use super::{Oid, oid};
    /// anyExtendedKeyUsage.
    pub const ANY: Oid = oid("2.5.29.37.0");
    /// id-kp-serverAuth.
    pub const SERVER_AUTH: Oid = oid("1.3.6.1.5.5.7.3.1");
    /// id-kp-clientAuth.
    pub const CLIENT_AUTH: Oid = oid("1.3.6.1.5.5.7.3.2");
    /// id-kp-emailProtection.
    pub const EMAIL_PROTECTION: Oid = oid("1.3.6.1.5.5.7.3.4");
    /// id-kp-timeStamping.
    pub const TIME_STAMPING: Oid = oid("1.3.6.1.5.5.7.3.8");
    /// id-kp-OCSPSigning.
    pub const OCSP_SIGNING: Oid = oid("1.3.6.1.5.5.7.3.9");
    /// id-kp-documentSigning (RFC 9336).
    pub const DOCUMENT_SIGNING: Oid = oid("1.3.6.1.5.5.7.3.36");
}

/// Certificate policies and what qualifies them (RFC 5280 section 4.2.1.4).
pub mod policy {
    use super::{Oid, oid};
    /// anyPolicy.
    pub const ANY_POLICY: Oid = oid("2.5.29.32.0");
    /// id-qt-cps.
    pub const CPS: Oid = oid("1.3.6.1.5.5.7.2.1");
    /// id-qt-unotice.
    pub const USER_NOTICE: Oid = oid("1.3.6.1.5.5.7.2.2");
}

/// Statements about qualified certificates (RFC 3739, EN 319 412-5) and how their subjects are meant
/// (EN 319 412-1).
pub mod qualified {
    use super::{Oid, oid};
    /// id-qcs-pkixQCSyntax-v2.
    pub const SYNTAX_V2: Oid = oid("1.3.6.1.5.5.7.11.2");
    /// id-etsi-qcs-QcCompliance.
    pub const COMPLIANCE: Oid = oid("0.4.0.1862.1.1");
    /// id-etsi-qcs-QcLimitValue.
    pub const LIMIT_VALUE: Oid = oid("0.4.0.1862.1.2");
    /// id-etsi-qcs-QcRetentionPeriod.
    pub const RETENTION_PERIOD: Oid = oid("0.4.0.1862.1.3");
    /// id-etsi-qcs-QcSSCD.
    pub const SECURE_DEVICE: Oid = oid("0.4.0.1862.1.4");
    /// id-etsi-qcs-QcPDS.
    pub const DISCLOSURE_STATEMENTS: Oid = oid("0.4.0.1862.1.5");
    /// id-etsi-qcs-QcType.
    pub const TYPE: Oid = oid("0.4.0.1862.1.6");
    /// id-etsi-qct-esign.
    pub const TYPE_SIGNATURE: Oid = oid("0.4.0.1862.1.6.1");
    /// id-etsi-qct-eseal.
    pub const TYPE_SEAL: Oid = oid("0.4.0.1862.1.6.2");
    /// id-etsi-qct-web.
    pub const TYPE_WEBSITE: Oid = oid("0.4.0.1862.1.6.3");
    /// id-etsi-qcs-QcCClegislation.
    pub const LEGISLATION: Oid = oid("0.4.0.1862.1.7");
    /// id-etsi-qcs-semanticsId-Natural.
    pub const SEMANTICS_NATURAL: Oid = oid("0.4.0.194121.1.1");
    /// id-etsi-qcs-SemanticsId-Legal.
    pub const SEMANTICS_LEGAL: Oid = oid("0.4.0.194121.1.2");
    /// The statements that have a type of their own.
    pub const ALL: [Oid; 8] = [
        SYNTAX_V2,
        COMPLIANCE,
        LIMIT_VALUE,
        RETENTION_PERIOD,
        SECURE_DEVICE,
        DISCLOSURE_STATEMENTS,
        TYPE,
        LEGISLATION,
    ];
}

/// ICP-Brasil (DOC-ICP-04): identities in subjectAltName and types of certificates.
pub mod icp_brasil {
    use super::{Oid, oid};
    /// A person: birth, CPF, NIS, RG.
    pub const PERSON: Oid = oid("2.16.76.1.3.1");
    /// The name of who is responsible for a company's certificate.
    pub const RESPONSIBLE_NAME: Oid = oid("2.16.76.1.3.2");
    /// The company's CNPJ.
    pub const COMPANY: Oid = oid("2.16.76.1.3.3");
    /// Who is responsible for a company's certificate: birth, CPF, NIS, RG.
    pub const RESPONSIBLE: Oid = oid("2.16.76.1.3.4");
    /// A person's registration as a voter.
    pub const VOTER: Oid = oid("2.16.76.1.3.5");
    /// A person's CEI.
    pub const PERSON_CEI: Oid = oid("2.16.76.1.3.6");
    /// A company's CEI.
    pub const COMPANY_CEI: Oid = oid("2.16.76.1.3.7");
    /// The company's name.
    pub const COMPANY_NAME: Oid = oid("2.16.76.1.3.8");
    /// The arc of policies of type A1: the key in software.
    pub const POLICY_A1: Oid = oid("2.16.76.1.2.1");
    /// The arc of policies of type A2.
    pub const POLICY_A2: Oid = oid("2.16.76.1.2.2");
    /// The arc of policies of type A3: the key in a token.
    pub const POLICY_A3: Oid = oid("2.16.76.1.2.3");
    /// The arc of policies of type A4.
    pub const POLICY_A4: Oid = oid("2.16.76.1.2.4");
}

/// Kinds of otherName.
pub mod other_name {
    use super::{Oid, oid};
    /// id-on-SmtpUTF8Mailbox (RFC 9598).
    pub const SMTP_UTF8_MAILBOX: Oid = oid("1.3.6.1.5.5.7.8.9");
    /// User principal name, as Windows sign-in with a card demands it.
    pub const USER_PRINCIPAL_NAME: Oid = oid("1.3.6.1.4.1.311.20.2.3");
}

/// Access methods of authorityInfoAccess.
pub mod access {
    use super::{Oid, oid};
    /// id-ad-ocsp.
    pub const OCSP: Oid = oid("1.3.6.1.5.5.7.48.1");
    /// id-ad-caIssuers.
    pub const CA_ISSUERS: Oid = oid("1.3.6.1.5.5.7.48.2");
}

/// Attributes of names and requests.
pub mod attribute {
    use super::{Oid, oid};
    /// commonName.
    pub const COMMON_NAME: Oid = oid("2.5.4.3");
    /// surname.
    pub const SURNAME: Oid = oid("2.5.4.4");
    /// serialNumber, of a subject.
    pub const SERIAL_NUMBER: Oid = oid("2.5.4.5");
    /// countryName.
    pub const COUNTRY_NAME: Oid = oid("2.5.4.6");
    /// localityName.
    pub const LOCALITY_NAME: Oid = oid("2.5.4.7");
    /// stateOrProvinceName.
    pub const STATE_OR_PROVINCE_NAME: Oid = oid("2.5.4.8");
    /// streetAddress.
    pub const STREET_ADDRESS: Oid = oid("2.5.4.9");
    /// organizationName.
    pub const ORGANIZATION_NAME: Oid = oid("2.5.4.10");
    /// organizationalUnitName.
    pub const ORGANIZATIONAL_UNIT_NAME: Oid = oid("2.5.4.11");
    /// title.
    pub const TITLE: Oid = oid("2.5.4.12");
    /// givenName.
    pub const GIVEN_NAME: Oid = oid("2.5.4.42");
    /// pseudonym.
    pub const PSEUDONYM: Oid = oid("2.5.4.65");
    /// organizationIdentifier.
    pub const ORGANIZATION_IDENTIFIER: Oid = oid("2.5.4.97");
    /// domainComponent (RFC 4519).
    pub const DOMAIN_COMPONENT: Oid = oid("0.9.2342.19200300.100.1.25");
    /// userId (RFC 4519).
    pub const USER_ID: Oid = oid("0.9.2342.19200300.100.1.1");
    /// emailAddress (PKCS#9).
    pub const EMAIL_ADDRESS: Oid = oid("1.2.840.113549.1.9.1");
    /// challengePassword (PKCS#9).
    pub const CHALLENGE_PASSWORD: Oid = oid("1.2.840.113549.1.9.7");
    /// extensionRequest (PKCS#9).
    pub const EXTENSION_REQUEST: Oid = oid("1.2.840.113549.1.9.14");
    /// szOID_CERT_EXTENSIONS: what Microsoft wrote before extensionRequest, with the same content.
    pub const MICROSOFT_EXTENSION_REQUEST: Oid = oid("1.3.6.1.4.1.311.2.1.14");
    /// contentType, a signed attribute of CMS.
    pub const CONTENT_TYPE: Oid = oid("1.2.840.113549.1.9.3");
    /// messageDigest, a signed attribute of CMS.
    pub const MESSAGE_DIGEST: Oid = oid("1.2.840.113549.1.9.4");
    /// friendlyName (PKCS#9), of a bag.
    pub const FRIENDLY_NAME: Oid = oid("1.2.840.113549.1.9.20");
    /// localKeyID (PKCS#9), of a bag.
    pub const LOCAL_KEY_ID: Oid = oid("1.2.840.113549.1.9.21");
}

/// Content types of CMS.
pub mod content {
    use super::{Oid, oid};
    /// id-data.
    pub const DATA: Oid = oid("1.2.840.113549.1.7.1");
    /// id-encryptedData.
    pub const ENCRYPTED_DATA: Oid = oid("1.2.840.113549.1.7.6");
    /// id-ct-TSTInfo (RFC 3161).
    pub const TST_INFO: Oid = oid("1.2.840.113549.1.9.16.1.4");
}

/// Bags of PKCS#12 (RFC 7292).
pub mod pkcs12 {
    use super::{Oid, oid};
    /// pkcs8ShroudedKeyBag.
    pub const SHROUDED_KEY_BAG: Oid = oid("1.2.840.113549.1.12.10.1.2");
    /// certBag.
    pub const CERTIFICATE_BAG: Oid = oid("1.2.840.113549.1.12.10.1.3");
    /// x509Certificate, a kind of certificate inside a bag.
    pub const X509_CERTIFICATE: Oid = oid("1.2.840.113549.1.9.22.1");
}
