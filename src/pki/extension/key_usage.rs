//! keyUsage and extKeyUsage (RFC 5280 sections 4.2.1.3 and 4.2.1.12): what the key may be used for.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use const_oid::ObjectIdentifier;

use super::content::{Wrong, broken, list_of, read_value, repeated, sequence_of};
use super::{ExtensionContent, oid};
use crate::asn1::{Reader, tag, write};
use crate::{Error, Result};

/// One use of a key, in the order of the bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyUsageBit {
    /// Signatures other than those on certificates and CRLs.
    DigitalSignature,
    /// Signatures that their maker shall not be able to deny; X.509 now says contentCommitment.
    NonRepudiation,
    /// Encrypting keys.
    KeyEncipherment,
    /// Encrypting data directly.
    DataEncipherment,
    /// Agreeing on keys.
    KeyAgreement,
    /// Signing certificates.
    KeyCertSign,
    /// Signing CRLs.
    CrlSign,
    /// With keyAgreement: only to encipher.
    EncipherOnly,
    /// With keyAgreement: only to decipher.
    DecipherOnly,
}

impl KeyUsageBit {
    /// All, in the order of the bits.
    pub const ALL: [Self; 9] = [
        Self::DigitalSignature,
        Self::NonRepudiation,
        Self::KeyEncipherment,
        Self::DataEncipherment,
        Self::KeyAgreement,
        Self::KeyCertSign,
        Self::CrlSign,
        Self::EncipherOnly,
        Self::DecipherOnly,
    ];

    /// The standard's name, as profile files write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DigitalSignature => "digitalSignature",
            Self::NonRepudiation => "nonRepudiation",
            Self::KeyEncipherment => "keyEncipherment",
            Self::DataEncipherment => "dataEncipherment",
            Self::KeyAgreement => "keyAgreement",
            Self::KeyCertSign => "keyCertSign",
            Self::CrlSign => "cRLSign",
            Self::EncipherOnly => "encipherOnly",
            Self::DecipherOnly => "decipherOnly",
        }
    }
}

impl fmt::Display for KeyUsageBit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// Reads the standard's name, and `contentCommitment` for nonRepudiation.
impl FromStr for KeyUsageBit {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        if text == "contentCommitment" {
            return Ok(Self::NonRepudiation);
        }
        Self::ALL
            .into_iter()
            .find(|bit| bit.name() == text)
            .ok_or_else(|| Error::Text {
                kind: "key usage",
                text: text.chars().take(40).collect(),
                rule: "one of digitalSignature, nonRepudiation, keyEncipherment, dataEncipherment, keyAgreement, keyCertSign, cRLSign, encipherOnly, decipherOnly",
            })
    }
}

/// A set of uses, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUsage(BTreeSet<KeyUsageBit>);

impl KeyUsage {
    /// The set of these uses.
    pub fn new(bits: impl IntoIterator<Item = KeyUsageBit>) -> Self {
        Self(bits.into_iter().collect())
    }

    /// Whether this use is allowed.
    pub fn contains(&self, bit: KeyUsageBit) -> bool {
        self.0.contains(&bit)
    }

    /// The uses in the order of the bits.
    pub fn iter(&self) -> impl Iterator<Item = KeyUsageBit> + '_ {
        self.0.iter().copied()
    }

    fn check(&self) -> Result<()> {
        if self.0.is_empty() {
            return Err(broken::<Self>(
                "at least one bit must be set; leave the extension out otherwise (RFC 5280 section 4.2.1.3)",
            ));
        }
        let encipher = self.contains(KeyUsageBit::EncipherOnly);
        let decipher = self.contains(KeyUsageBit::DecipherOnly);
        if (encipher || decipher) && !self.contains(KeyUsageBit::KeyAgreement) || (encipher && decipher) {
            return Err(broken::<Self>(
                "encipherOnly and decipherOnly mean nothing without keyAgreement, and exclude each other (RFC 5280 section 4.2.1.3)",
            ));
        }
        Ok(())
    }

    fn read(reader: &mut Reader<'_>) -> std::result::Result<Self, Wrong> {
        let bits = reader
            .expect(tag::BIT_STRING)?
            .named_bits(KeyUsageBit::ALL.len())?;
        let set = KeyUsageBit::ALL.into_iter().zip(bits);
        Ok(Self(set.filter_map(|(bit, set)| set.then_some(bit)).collect()))
    }
}

impl ExtensionContent for KeyUsage {
    const OID: ObjectIdentifier = oid::KEY_USAGE;
    const CRITICAL: bool = true;
    const NAME: &'static str = "keyUsage";

    fn to_value(&self) -> Result<Vec<u8>> {
        self.check()?;
        Ok(write::named_bits(&KeyUsageBit::ALL.map(|bit| self.contains(bit))))
    }

    fn from_value(value: &[u8]) -> Result<Self> {
        let read = read_value(value, Self::read)?;
        read.check()?;
        Ok(read)
    }
}

/// The purposes of the key, at least one, none twice, in the order of the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtendedKeyUsage(pub Vec<ObjectIdentifier>);

impl ExtendedKeyUsage {
    /// Whether this purpose is named. anyExtendedKeyUsage is a purpose of its own here.
    pub fn contains(&self, purpose: ObjectIdentifier) -> bool {
        self.0.contains(&purpose)
    }

    fn check(&self) -> Result<()> {
        if self.0.is_empty() {
            return Err(broken::<Self>(
                "at least one purpose must be named (RFC 5280 section 4.2.1.12)",
            ));
        }
        if repeated(&self.0) {
            return Err(broken::<Self>("a purpose is named twice; name it once"));
        }
        Ok(())
    }

    fn read(reader: &mut Reader<'_>) -> std::result::Result<Self, Wrong> {
        list_of(reader.sequence()?, |inside| Ok(inside.object_identifier()?)).map(Self)
    }
}

impl ExtensionContent for ExtendedKeyUsage {
    const OID: ObjectIdentifier = oid::EXTENDED_KEY_USAGE;
    const CRITICAL: bool = false;
    const NAME: &'static str = "extKeyUsage";

    fn to_value(&self) -> Result<Vec<u8>> {
        self.check()?;
        let purposes: Vec<Vec<u8>> = self.0.iter().copied().map(write::object_identifier).collect();
        Ok(sequence_of(&purposes))
    }

    fn from_value(value: &[u8]) -> Result<Self> {
        let read = read_value(value, Self::read)?;
        read.check()?;
        Ok(read)
    }
}

/// Short names of purposes, as profile files write them.
const PURPOSES: [(&str, ObjectIdentifier); 7] = {
    use crate::oid::usage as known;
    [
        ("anyExtendedKeyUsage", known::ANY),
        ("serverAuth", known::SERVER_AUTH),
        ("clientAuth", known::CLIENT_AUTH),
        ("emailProtection", known::EMAIL_PROTECTION),
        ("timeStamping", known::TIME_STAMPING),
        ("OCSPSigning", known::OCSP_SIGNING),
        ("documentSigning", known::DOCUMENT_SIGNING),
    ]
};

/// A purpose by its short name or its dotted object identifier.
pub fn purpose(text: &str) -> Result<ObjectIdentifier> {
    if let Some((_, purpose)) = PURPOSES.iter().find(|(name, _)| *name == text) {
        return Ok(*purpose);
    }
    ObjectIdentifier::new(text).map_err(|_| Error::Text {
        kind: "extended key usage",
        text: text.chars().take(40).collect(),
        rule: "one of serverAuth, clientAuth, emailProtection, timeStamping, OCSPSigning, documentSigning, anyExtendedKeyUsage, or a dotted object identifier",
    })
}
