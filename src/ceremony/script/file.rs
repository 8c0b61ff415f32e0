//! The script file as it is written.
//!
//! Stored: `ca-policies/ceremonies/*.toml`, format 1. Each step is one table with the key `do` and the keys that
//! this verb knows; any other is refused with its line.

use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::{CrossCertify, CrossSubject, KeyReference, Kind, Script, Step};
use crate::canonical::Hash;
use crate::{Error, Result};

/// The version of the file format that this program reads.
pub const FORMAT: u32 = 1;

/// More steps than any ceremony has; a longer file is a mistake.
const MOST_STEPS: usize = 200;

const VERBS: [&str; 15] = [
    "generate-key",
    "re-key",
    "self-sign",
    "make-request",
    "renew-same-key",
    "export-request",
    "import-request",
    "sign-request",
    "issue-service-certificate",
    "first-crl",
    "next-crl",
    "export-certificate",
    "import-certificate",
    "cross-certify",
    "record-keys",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: Spanned<u32>,
    kind: Spanned<String>,
    title: Title,
    #[serde(default)]
    step: Vec<Spanned<RawStep>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Title {
    pt: String,
    en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    #[serde(rename = "do")]
    verb: Spanned<String>,
    key: Option<Spanned<String>>,
    authority: Option<Spanned<String>>,
    service: Option<Spanned<String>>,
    request: Option<Spanned<String>>,
    issuer: Option<Spanned<String>>,
    subject: Option<Spanned<String>>,
    file: Option<Spanned<String>>,
    certificate: Option<Spanned<String>>,
    sha256: Option<Spanned<String>>,
    requests: Option<Vec<Spanned<String>>>,
    authorities: Option<Vec<Spanned<String>>>,
    keys: Option<Vec<Spanned<String>>>,
    validity_days: Option<Spanned<u32>>,
    path_length: Option<Spanned<u8>>,
}

#[derive(Clone, Copy)]
struct Source<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Source<'_> {
    fn wrong(self, span: Range<usize>, rule: impl Into<String>) -> Error {
        Error::Script {
            place: policy::Place::of(self.path, self.text, span.start),
            rule: rule.into(),
        }
    }
}

pub(super) fn parse(path: &Path, text: &str) -> Result<Script> {
    let source = Source { path, text };
    let file: File = policy::strict::parse(path, text)?;
    if *file.format.get_ref() != FORMAT {
        return Err(source.wrong(file.format.span(), format!("this program reads format {FORMAT}")));
    }
    let kind = Kind::ALL
        .into_iter()
        .find(|kind| kind.name() == file.kind.get_ref())
        .ok_or_else(|| {
            let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
            source.wrong(
                file.kind.span(),
                format!("kind must be one of {}", known.join(", ")),
            )
        })?;
    if file.step.is_empty() || file.step.len() > MOST_STEPS {
        return Err(source.wrong(0..0, format!("a script has between 1 and {MOST_STEPS} steps")));
    }
    let mut steps = Vec::new();
    for raw in file.step {
        let span = raw.span();
        let step = Reader::new(source, raw).read()?;
        if kind == Kind::Services && !step.is_routine() {
            return Err(source.wrong(span, format!("{} needs the full threshold of custodians, so a script of kind services must not contain it; use another kind", step.verb())));
        }
        steps.push(step);
    }
    for (key, title) in [("title.pt", &file.title.pt), ("title.en", &file.title.en)] {
        if title.trim().is_empty() || title.chars().any(char::is_control) {
            return Err(source.wrong(
                0..0,
                format!("{key} must be one line of text: it heads the minutes"),
            ));
        }
    }
    Ok(Script {
        kind,
        title_pt: file.title.pt,
        title_en: file.title.en,
        steps,
        hash: Hash::of(text.as_bytes()),
    })
}

/// Takes the values of one step; what is left over at the end does not belong to its verb.
struct Reader<'a> {
    source: Source<'a>,
    verb: Spanned<String>,
    raw: RawStep,
}

impl<'a> Reader<'a> {
    fn new(source: Source<'a>, raw: Spanned<RawStep>) -> Self {
        let raw = raw.into_inner();
        Self {
            source,
            verb: raw.verb.clone(),
            raw,
        }
    }

    fn read(mut self) -> Result<Step> {
        let verb = self.verb.get_ref().clone();
        let step = match verb.as_str() {
            "generate-key" => Step::GenerateKey {
                key: self.key_name()?,
            },
            "re-key" => Step::ReKey {
                key: self.key_name()?,
            },
            "self-sign" => {
                let authority = self.raw.authority.take();
                Step::SelfSign {
                    authority: self.plain(authority, "authority")?,
                }
            }
            "make-request" => Step::MakeRequest { key: self.key()? },
            "renew-same-key" => Step::RenewSameKey { key: self.key()? },
            "sign-request" => {
                let request = self.raw.request.take();
                Step::SignRequest {
                    request: self.plain(request, "request")?,
                    issuer: self.issuer()?,
                }
            }
            "issue-service-certificate" => {
                let service = self.raw.service.take();
                Step::IssueServiceCertificate {
                    service: self.reference(service, "service")?,
                    issuer: self.issuer()?,
                }
            }
            "first-crl" => Step::Crl {
                authority: self.authority()?,
                first: true,
            },
            "next-crl" => Step::Crl {
                authority: self.authority()?,
                first: false,
            },
            "cross-certify" => Step::CrossCertify(self.cross()?),
            "record-keys" => {
                let keys = self.raw.keys.take();
                Step::RecordKeys {
                    keys: self.list(keys, "keys")?,
                }
            }
            _ => self.read_envelope(&verb)?,
        };
        self.nothing_left()?;
        Ok(step)
    }

    /// The steps whose files travel, and what is no step at all.
    fn read_envelope(&mut self, verb: &str) -> Result<Step> {
        match verb {
            "export-request" => {
                let requests = self.raw.requests.take();
                Ok(Step::ExportRequest {
                    requests: self.list(requests, "requests")?,
                    file: self.file()?,
                })
            }
            "import-request" => Ok(Step::ImportRequest { file: self.file()? }),
            "export-certificate" => {
                let authorities = self.raw.authorities.take();
                Ok(Step::ExportCertificate {
                    authorities: self.list(authorities, "authorities")?,
                    file: self.file()?,
                })
            }
            "import-certificate" => Ok(Step::ImportCertificate { file: self.file()? }),
            other => {
                let hint = pki::nearest::nearest(other, &VERBS).map_or_else(
                    || format!("known: {}", VERBS.join(", ")),
                    |verb| format!("did you mean {verb:?}?"),
                );
                Err(self
                    .source
                    .wrong(self.verb.span(), format!("no step is called {other:?}; {hint}")))
            }
        }
    }

    fn missing(&self, key: &str) -> Error {
        self.source.wrong(
            self.verb.span(),
            format!("{:?} needs the key {key}", self.verb.get_ref()),
        )
    }

    fn plain(&self, value: Option<Spanned<String>>, key: &str) -> Result<String> {
        value.map(Spanned::into_inner).ok_or_else(|| self.missing(key))
    }

    fn reference(&self, value: Option<Spanned<String>>, key: &str) -> Result<KeyReference> {
        self.parse_reference(&value.ok_or_else(|| self.missing(key))?)
    }

    fn parse_reference(&self, value: &Spanned<String>) -> Result<KeyReference> {
        match value.get_ref().split_once(':') {
            None => Ok(KeyReference::newest(value.get_ref())),
            Some((name, "previous")) => Ok(KeyReference {
                name: name.to_owned(),
                previous: true,
            }),
            Some(_) => Err(self.source.wrong(
                value.span(),
                "write a name alone for its newest key, or name:previous for the one before",
            )),
        }
    }

    fn list(&self, values: Option<Vec<Spanned<String>>>, key: &str) -> Result<Vec<KeyReference>> {
        let values = values.ok_or_else(|| self.missing(key))?;
        let mut list = Vec::new();
        for value in &values {
            let reference = self.parse_reference(value)?;
            if list.contains(&reference) {
                return Err(self
                    .source
                    .wrong(value.span(), format!("{reference} is listed twice")));
            }
            list.push(reference);
        }
        Ok(list)
    }

    fn key_name(&mut self) -> Result<String> {
        let key = self.raw.key.take();
        self.plain(key, "key")
    }

    fn key(&mut self) -> Result<KeyReference> {
        let key = self.raw.key.take();
        self.reference(key, "key")
    }

    fn authority(&mut self) -> Result<KeyReference> {
        let authority = self.raw.authority.take();
        self.reference(authority, "authority")
    }

    fn issuer(&mut self) -> Result<Option<KeyReference>> {
        self.raw
            .issuer
            .take()
            .map(|issuer| self.parse_reference(&issuer))
            .transpose()
    }

    /// A name in the exchange folder, never a path out of it.
    fn file(&mut self) -> Result<String> {
        let file = self.raw.file.take().ok_or_else(|| self.missing("file"))?;
        self.file_name(&file)
    }

    fn file_name(&self, file: &Spanned<String>) -> Result<String> {
        let name = file.get_ref();
        let letters = name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if name.is_empty() || name.starts_with('.') || name.len() > 100 || !letters {
            return Err(self.source.wrong(file.span(), "a file is named by letters, digits, hyphens, underscores and dots alone: it lies in the exchange folder"));
        }
        Ok(name.clone())
    }

    fn cross(&mut self) -> Result<CrossCertify> {
        let issuer = self.issuer()?.ok_or_else(|| self.missing("issuer"))?;
        let subject = match (
            self.raw.subject.take(),
            self.raw.certificate.take(),
            self.raw.sha256.take(),
        ) {
            (Some(subject), None, None) => CrossSubject::Own(self.parse_reference(&subject)?),
            (None, Some(file), Some(sha256)) => CrossSubject::Foreign {
                file: self.file_name(&file)?,
                sha256: sha256
                    .get_ref()
                    .parse()
                    .map_err(|error: Error| self.source.wrong(sha256.span(), error.to_string()))?,
            },
            _ => {
                let rule = "cross-certify needs either subject, an authority of this hierarchy, or certificate and sha256, a foreign root's";
                return Err(self.source.wrong(self.verb.span(), rule));
            }
        };
        let days = self
            .raw
            .validity_days
            .take()
            .ok_or_else(|| self.missing("validity_days"))?;
        if !(1..=10_958).contains(days.get_ref()) {
            return Err(self.source.wrong(
                days.span(),
                "validity_days must be between 1 day and 30 years (10958 days)",
            ));
        }
        Ok(CrossCertify {
            issuer,
            subject,
            validity_days: days.into_inner(),
            path_length: self.raw.path_length.take().map(Spanned::into_inner),
        })
    }

    fn nothing_left(&self) -> Result<()> {
        let raw = &self.raw;
        let one = |value: &Option<Spanned<String>>| value.as_ref().map(Spanned::span);
        let many = |value: &Option<Vec<Spanned<String>>>| {
            value
                .as_ref()
                .map(|list| list.first().map_or(self.verb.span(), Spanned::span))
        };
        let left = [
            ("key", one(&raw.key)),
            ("authority", one(&raw.authority)),
            ("service", one(&raw.service)),
            ("request", one(&raw.request)),
            ("issuer", one(&raw.issuer)),
            ("subject", one(&raw.subject)),
            ("file", one(&raw.file)),
            ("certificate", one(&raw.certificate)),
            ("sha256", one(&raw.sha256)),
            ("requests", many(&raw.requests)),
            ("authorities", many(&raw.authorities)),
            ("keys", many(&raw.keys)),
            ("validity_days", raw.validity_days.as_ref().map(Spanned::span)),
            ("path_length", raw.path_length.as_ref().map(Spanned::span)),
        ];
        match left.into_iter().find_map(|(key, span)| Some((key, span?))) {
            Some((key, span)) => Err(self.source.wrong(
                span,
                format!("{:?} does not know the key {key}; remove it", self.verb.get_ref()),
            )),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "format = 1\nkind = \"root\"\ntitle = { pt = \"Raiz\", en = \"Root\" }\n";

    fn parsed(steps: &str) -> Result<Script> {
        parse(Path::new("s.toml"), &format!("{HEAD}{steps}"))
    }

    fn refusal(steps: &str) -> String {
        parsed(steps).unwrap_err().to_string()
    }

    #[test]
    fn a_script_reads_into_its_steps() {
        let script = parsed("[[step]]\ndo = \"generate-key\"\nkey = \"root\"\n[[step]]\ndo = \"cross-certify\"\nsubject = \"root\"\nissuer = \"root:previous\"\nvalidity_days = 10\n").unwrap();
        assert_eq!(
            script.steps.first(),
            Some(&Step::GenerateKey {
                key: "root".to_owned()
            })
        );
        let Some(Step::CrossCertify(cross)) = script.steps.get(1) else {
            panic!("{script:?}")
        };
        assert!(cross.issuer.previous);
        assert_eq!(cross.subject, CrossSubject::Own(KeyReference::newest("root")));
    }

    #[test]
    fn what_a_verb_does_not_know_is_refused_with_its_line() {
        assert_eq!(
            refusal("[[step]]\ndo = \"generate-kye\"\n"),
            "s.toml:5: no step is called \"generate-kye\"; did you mean \"generate-key\"?"
        );
        assert_eq!(
            refusal("[[step]]\ndo = \"self-sign\"\nkey = \"root\"\n"),
            "s.toml:5: \"self-sign\" needs the key authority"
        );
        assert_eq!(
            refusal("[[step]]\ndo = \"generate-key\"\nkey = \"root\"\nfile = \"a\"\n"),
            "s.toml:7: \"generate-key\" does not know the key file; remove it"
        );
        assert_eq!(
            refusal("[[step]]\ndo = \"generate-key\"\nkeey = \"root\"\n"),
            "s.toml:6: unknown key `keey`; did you mean `key`?"
        );
    }

    #[test]
    fn a_file_name_cannot_leave_the_exchange_folder() {
        for name in ["../a", "/etc/passwd", ".hidden", "a/b", ""] {
            assert!(
                parsed(&format!("[[step]]\ndo = \"import-request\"\nfile = \"{name}\"\n")).is_err(),
                "{name}"
            );
        }
        assert!(parsed("[[step]]\ndo = \"import-request\"\nfile = \"requests.envelope\"\n").is_ok());
    }

    #[test]
    fn a_services_script_does_nothing_that_needs_the_full_threshold() {
        let text = "format = 1\nkind = \"services\"\ntitle = { pt = \"a\", en = \"b\" }\n[[step]]\ndo = \"generate-key\"\nkey = \"tls\"\n";
        let refusal = parse(Path::new("s.toml"), text).unwrap_err().to_string();
        assert!(
            refusal.starts_with("s.toml:4: generate-key needs the full threshold"),
            "{refusal}"
        );
    }

    #[test]
    fn an_empty_script_and_an_unknown_kind_are_refused() {
        assert!(parsed("").is_err());
        let text = HEAD.replace("root", "rot") + "[[step]]\ndo = \"self-sign\"\nauthority = \"root\"\n";
        assert!(
            parse(Path::new("s.toml"), &text)
                .unwrap_err()
                .to_string()
                .starts_with("s.toml:2: kind must be one of")
        );
    }
}
