//! The name of one key: an entry of the hierarchy and its generation.

use std::fmt;
use std::str::FromStr;

use policy::hierarchy::published_name;

use crate::{Error, Result};

/// A key's name as inventories, files and addresses write it: `tls` for the first generation, then `tls-2`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyName {
    /// The short name in the hierarchy, which never ends in a number after a hyphen.
    pub name: String,
    /// Which key of that name, counted from one.
    pub generation: u32,
}

impl KeyName {
    /// The first key of this name.
    pub fn first(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            generation: 1,
        }
    }

    /// The key that replaces this one.
    #[must_use]
    pub fn next(&self) -> Self {
        Self {
            name: self.name.clone(),
            generation: self.generation.saturating_add(1),
        }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&published_name(&self.name, self.generation))
    }
}

impl FromStr for KeyName {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let generation = text
            .rsplit_once('-')
            .and_then(|(name, number)| Some((name, number.parse::<u32>().ok()?)));
        let name = match generation {
            Some((name, generation)) => Self {
                name: name.to_owned(),
                generation,
            },
            None => Self::first(text),
        };
        let letters = name
            .name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if letters
            && name.generation > 0
            && !name.name.is_empty()
            && name.name.len() <= 32
            && name.to_string() == text
        {
            return Ok(name);
        }
        Err(Error::KeyName {
            text: text.chars().take(40).collect(),
        })
    }
}

impl serde::Serialize for KeyName {
    fn serialize<S: serde::Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for KeyName {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_spelling() {
        let second = KeyName::first("ocsp-tls").next();
        assert_eq!(second.to_string(), "ocsp-tls-2");
        assert_eq!("ocsp-tls-2".parse::<KeyName>().unwrap(), second);
        assert_eq!("ocsp-tls".parse::<KeyName>().unwrap(), KeyName::first("ocsp-tls"));
        for wrong in ["", "tls-1", "tls-0", "tls-02", "TLS", "../tls", "tls-2-3-4-x y"] {
            assert!(wrong.parse::<KeyName>().is_err(), "{wrong}");
        }
    }
}
