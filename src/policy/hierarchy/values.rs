//! Single values of the file: each read into its type, each refusal with its line, its key and its rule.

use std::ops::Range;
use std::path::Path;

use const_oid::ObjectIdentifier;
use pki::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use pki::extension::{NameConstraints, purpose};
use pki::general_name::Subtree;
use toml::Spanned;

use super::file::RawNameConstraints;
use super::{Office, ServiceKey, ServicePurpose, SubjectTemplate};
use crate::error::Place;
use crate::{Error, Result};

/// A text and where it stands.
pub(super) type Text = Spanned<String>;

/// The file that is being read, for messages.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) file: &'a Path,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// The refusal of the value at this place.
    pub(super) fn wrong(self, span: Range<usize>, key: impl Into<String>, rule: impl Into<String>) -> Error {
        Error::Value {
            place: Place::of(self.file, self.text, span.start),
            key: key.into(),
            rule: rule.into(),
        }
    }

    /// A short name becomes part of file names and addresses, and generations put `-2` behind it.
    pub(super) fn short_name(self, name: &Text, kind: &str) -> Result<String> {
        let text = name.get_ref();
        let letters = text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        let starts = text.starts_with(|c: char| c.is_ascii_lowercase());
        let last_part_is_a_number = text
            .rsplit('-')
            .next()
            .is_some_and(|part| part.parse::<u64>().is_ok());
        if letters && starts && !text.ends_with('-') && !last_part_is_a_number && text.len() <= 32 {
            return Ok(text.clone());
        }
        let rule = "a short name has at most 32 lower-case letters, digits and hyphens, begins with a letter and does not end in a hyphen or in a number after a hyphen, which marks a generation";
        Err(self.wrong(name.span(), format!("{kind}.{text}"), rule))
    }

    pub(super) fn words(self, text: &Text, key: &str) -> Result<String> {
        let words = text.get_ref().trim();
        if words.is_empty() || words.chars().any(char::is_control) || words.chars().count() > 128 {
            return Err(self.wrong(
                text.span(),
                key,
                "give between 1 and 128 characters, no control characters",
            ));
        }
        Ok(words.to_owned())
    }

    /// Plain HTTP on purpose: fetching a certificate or CRL over TLS would need that certificate checked first
    /// (RFC 5280 section 8).
    pub(super) fn address(self, text: &Text, key: &str) -> Result<String> {
        let address = text.get_ref();
        let host = address.strip_prefix("http://").unwrap_or_default();
        let clean = address
            .chars()
            .all(|c| c.is_ascii_graphic() && !"\"<>\\^`{|}?#".contains(c));
        if host.is_empty() || host.starts_with(['/', ':']) || !clean || address.ends_with('/') {
            let rule = "write http://host or http://host/path, ASCII, without query and without a slash at the end; plain HTTP, because checking a TLS certificate would need the very data fetched here (RFC 5280 section 8)";
            return Err(self.wrong(text.span(), key, rule));
        }
        Ok(address.clone())
    }

    pub(super) fn arc(self, text: &Text, key: &str) -> Result<ObjectIdentifier> {
        ObjectIdentifier::new(text.get_ref()).map_err(|_| {
            self.wrong(
                text.span(),
                key,
                "write an object identifier with dots, such as 1.3.6.1.4.1.32473.1",
            )
        })
    }

    /// `.2.1` stands under the office's arc; without the first dot it is complete.
    pub(super) fn policies(
        self,
        office: &Office,
        texts: &[Text],
        key: &str,
    ) -> Result<Vec<ObjectIdentifier>> {
        let one = |text: &Text| {
            let written = text.get_ref();
            let full = match written.strip_prefix('.') {
                Some(rest) => format!("{}.{rest}", office.policy_arc),
                None => written.clone(),
            };
            ObjectIdentifier::new(&full).map_err(|_| {
                self.wrong(
                    text.span(),
                    key,
                    "write a policy as .2.1, under policy_arc, or as a complete object identifier",
                )
            })
        };
        let list = texts.iter().map(one).collect::<Result<Vec<_>>>()?;
        self.once(&list, texts, key)?;
        Ok(list)
    }

    pub(super) fn usages(self, texts: &[Text], key: &str) -> Result<Vec<ObjectIdentifier>> {
        let one = |text: &Text| {
            purpose(text.get_ref()).map_err(|error| self.wrong(text.span(), key, error.to_string()))
        };
        let list = texts.iter().map(one).collect::<Result<Vec<_>>>()?;
        self.once(&list, texts, key)?;
        Ok(list)
    }

    fn once(self, list: &[ObjectIdentifier], texts: &[Text], key: &str) -> Result<()> {
        for (position, (oid, text)) in list.iter().zip(texts).enumerate() {
            if list.iter().take(position).any(|earlier| earlier == oid) {
                return Err(self.wrong(text.span(), key, "listed twice; list it once"));
            }
        }
        Ok(())
    }

    pub(super) fn key_algorithm(self, text: &Text, key: &str) -> Result<KeyAlgorithm> {
        text.get_ref()
            .parse()
            .map_err(|error: pki::Error| self.wrong(text.span(), key, error.to_string()))
    }

    /// The signature of a key; the key's own default when the file says nothing.
    pub(super) fn signature(
        self,
        text: Option<&Text>,
        algorithm: KeyAlgorithm,
        key: &str,
    ) -> Result<SignatureAlgorithm> {
        let Some(text) = text else {
            return Ok(algorithm.default_signature());
        };
        let signature: SignatureAlgorithm = text
            .get_ref()
            .parse()
            .map_err(|error: pki::Error| self.wrong(text.span(), key, error.to_string()))?;
        if !signature.suits(algorithm) {
            let rule = format!(
                "a key of kind {algorithm} cannot sign as {signature}; remove the line, and {} is used",
                algorithm.default_signature()
            );
            return Err(self.wrong(text.span(), key, rule));
        }
        Ok(signature)
    }

    /// `aes-256`, or a kind of key pair with its signature.
    pub(super) fn service_key(
        self,
        text: &Text,
        signature: Option<&Text>,
        entry: &str,
    ) -> Result<ServiceKey> {
        let at = |key: &str| format!("{entry}.{key}");
        match (text.get_ref().as_str(), signature) {
            ("aes-256", None) => Ok(ServiceKey::Aes256),
            ("aes-256", Some(signature)) => Err(self.wrong(
                signature.span(),
                at("signature"),
                "an aes-256 key does not sign; remove the line",
            )),
            _ => {
                let algorithm = self.key_algorithm(text, &at("key"))?;
                let signature = self.signature(signature, algorithm, &at("signature"))?;
                Ok(ServiceKey::Pair { algorithm, signature })
            }
        }
    }

    pub(super) fn purpose(self, text: &Text, key: &str) -> Result<ServicePurpose> {
        use ServicePurpose as P;
        [P::Ocsp, P::Timestamp, P::Register, P::Data]
            .into_iter()
            .find(|purpose| purpose.name() == text.get_ref())
            .ok_or_else(|| self.wrong(text.span(), key, "one of ocsp, timestamp, register, data"))
    }

    pub(super) fn days(self, days: &Spanned<u32>, key: &str) -> Result<u32> {
        match *days.get_ref() {
            number @ 1..=10_958 => Ok(number),
            _ => Err(self.wrong(days.span(), key, "between 1 day and 30 years (10958 days)")),
        }
    }

    pub(super) fn subject(
        self,
        office: &[String],
        own: &Spanned<Vec<String>>,
        key: &str,
    ) -> Result<SubjectTemplate> {
        let parts: Vec<&str> = office.iter().chain(own.get_ref()).map(String::as_str).collect();
        SubjectTemplate::new(&parts).map_err(|rule| self.wrong(own.span(), key, rule))
    }

    pub(super) fn name_constraints(self, raw: &RawNameConstraints, key: &str) -> Result<NameConstraints> {
        type Make = fn(&str) -> pki::Result<Subtree>;
        let read = |lists: [(&Vec<Text>, Make); 4]| {
            let mut subtrees = Vec::new();
            for (list, make) in lists {
                for text in list {
                    subtrees.push(
                        make(text.get_ref())
                            .map_err(|error| self.wrong(text.span(), key, error.to_string()))?,
                    );
                }
            }
            Ok::<_, Error>(subtrees)
        };
        Ok(NameConstraints {
            permitted: read([
                (&raw.permitted_dns, Subtree::dns),
                (&raw.permitted_ip, Subtree::ip),
                (&raw.permitted_email, Subtree::email),
                (&raw.permitted_uri, Subtree::uri),
            ])?,
            excluded: read([
                (&raw.excluded_dns, Subtree::dns),
                (&raw.excluded_ip, Subtree::ip),
                (&raw.excluded_email, Subtree::email),
                (&raw.excluded_uri, Subtree::uri),
            ])?,
        })
    }
}
