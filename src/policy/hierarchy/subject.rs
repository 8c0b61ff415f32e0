//! Subjects with a place for the generation: every new key of an authority gets a new name.
//!
//! RFC 5280 allows several keys under one name; verifiers that look issuers up by name then pick the wrong
//! one. So the generation is part of the name, and a re-keyed authority is a new issuer with its own CRL.

use pki::name::{Attribute, Name};

use crate::{Error, Result};

/// The text that stands for the number of the generation.
const PLACEHOLDER: &str = "{generation}";

/// The attributes of a subject, in order, before the generation is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectTemplate(Vec<(String, String)>);

impl SubjectTemplate {
    /// Reads attributes such as `CN=Autoridade Raiz G{generation}`; what is wrong with one is said in words.
    pub(super) fn new(attributes: &[&str]) -> std::result::Result<Self, String> {
        let parts = attributes.iter().map(|attribute| {
            let (key, value) = attribute
                .split_once('=')
                .ok_or_else(|| format!("{attribute:?} is not an attribute; write it as \"CN=Name\""))?;
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        });
        let template = Self(parts.collect::<std::result::Result<_, String>>()?);
        template.build(9999).map_err(|error| error.to_string())?;
        Ok(template)
    }

    /// Whether the generation is part of the name.
    pub(super) fn has_generation(&self) -> bool {
        self.0.iter().any(|(_, value)| value.contains(PLACEHOLDER))
    }

    /// The name of one generation.
    pub fn name(&self, generation: u32) -> Result<Name> {
        self.build(generation).map_err(|source| Error::Encoding {
            name: "subject".to_owned(),
            source,
        })
    }

    /// The attributes, followed by a common name.
    pub fn with_common_name(&self, common_name: &str) -> Result<Name> {
        let mut parts = self.0.clone();
        parts.push(("CN".to_owned(), common_name.to_owned()));
        Self(parts).name(1)
    }

    fn build(&self, generation: u32) -> pki::Result<Name> {
        let number = generation.to_string();
        let attributes = self
            .0
            .iter()
            .map(|(key, value)| Attribute::from_key(key, &value.replace(PLACEHOLDER, &number)))
            .collect::<pki::Result<Vec<_>>>()?;
        Name::from_attributes(&attributes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generation_becomes_part_of_the_name() {
        let template = SubjectTemplate::new(&["C=BR", "CN=Raiz G{generation}"]).unwrap();
        assert!(template.has_generation());
        assert_eq!(template.name(1).unwrap().to_string(), "CN=Raiz G1,C=BR");
        assert_eq!(template.name(2).unwrap().to_string(), "CN=Raiz G2,C=BR");
    }

    #[test]
    fn what_is_no_attribute_is_refused_in_words() {
        for wrong in ["CN", "XX=y", "C=BRA", "CN=", ""] {
            assert!(SubjectTemplate::new(&[wrong]).is_err(), "{wrong:?}");
        }
    }
}
