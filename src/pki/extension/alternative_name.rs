//! subjectAltName (RFC 5280 section 4.2.1.6): the names that are not in the subject field.

use const_oid::ObjectIdentifier;

use super::content::{broken, list_of, read_value, repeated, sequence_of};
use super::{Extension, ExtensionContent, oid};
use crate::Result;
use crate::general_name::GeneralName;
use crate::name::Name;

/// The subject's names, at least one, none twice, in the order of the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectAltName(pub Vec<GeneralName>);

impl SubjectAltName {
    /// The extension as this subject demands it: critical exactly when the subject is empty.
    pub fn to_extension_for(&self, subject: &Name) -> Result<Extension> {
        Ok(Extension::new(Self::OID, subject.is_empty(), self.to_value()?))
    }

    fn check(&self) -> Result<()> {
        if self.0.is_empty() {
            return Err(broken::<Self>(
                "at least one name must be given; leave the extension out otherwise (RFC 5280 section 4.2.1.6)",
            ));
        }
        let empty = |name: &GeneralName| matches!(name, GeneralName::DirectoryName(name) if name.is_empty());
        if self.0.iter().any(empty) {
            return Err(broken::<Self>(
                "an empty directory name is no name (RFC 5280 section 4.2.1.6)",
            ));
        }
        if repeated(&self.0) {
            return Err(broken::<Self>("a name is given twice; give it once"));
        }
        Ok(())
    }
}

impl ExtensionContent for SubjectAltName {
    const OID: ObjectIdentifier = oid::SUBJECT_ALT_NAME;
    /// With an empty subject it must be critical: see [`Self::to_extension_for`].
    const CRITICAL: bool = false;
    const NAME: &'static str = "subjectAltName";

    fn to_value(&self) -> Result<Vec<u8>> {
        self.check()?;
        let names: Vec<Vec<u8>> = self.0.iter().map(GeneralName::to_der).collect();
        Ok(sequence_of(&names))
    }

    fn from_value(value: &[u8]) -> Result<Self> {
        let read = read_value(value, |reader| {
            list_of(reader.sequence()?, |names| Ok(GeneralName::read(names)?)).map(Self)
        })?;
        read.check()?;
        Ok(read)
    }
}
