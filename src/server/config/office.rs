//! `[office]`: whose server this is, and where it keeps what it must keep.

use std::path::{Path, PathBuf};

use super::document::Section;

/// Who runs this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Office {
    /// The name on the pages.
    pub(crate) name: String,
    /// Where everything is kept that must survive a restart.
    pub(crate) state: StateFolder,
    /// Where the hierarchy and the ceremonies' scripts are.
    pub(crate) policies: PathBuf,
}

impl Office {
    pub(super) fn read(mut section: Section<'_>, base: &Path) -> Option<Self> {
        let name = section.required_text(
            "name",
            "the name that the pages show, such as \"Tabelionato Exemplo\"",
        );
        let state = section.text("state").map_or("state", |text| text.value);
        let policies = section.text("policies").map_or("ca-policies", |text| text.value);
        if let Some(name) = name
            && (name.value.trim().is_empty()
                || name.value.chars().count() > 120
                || name.value.contains(char::is_control))
        {
            section.invalid("name", name, "1 to 120 characters on one line");
        }
        section.finish();
        Some(Self {
            name: name?.value.trim().to_owned(),
            state: StateFolder(base.join(state)),
            policies: base.join(policies),
        })
    }
}

/// The state folder and the names inside it. Nothing else in the server joins these paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StateFolder(PathBuf);

impl Office {
    /// The hierarchy of authorities and service keys.
    pub(crate) fn hierarchy(&self) -> PathBuf {
        self.policies.join("hierarchy.toml")
    }
}

impl StateFolder {
    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The list of keys.
    pub(crate) fn keys(&self) -> PathBuf {
        self.0.join("keys.toml")
    }

    /// Certificates of authorities and services, `<name>.cer` and `<name>.pem`.
    pub(crate) fn certificates(&self) -> PathBuf {
        self.0.join("certificates")
    }

    /// Revocation lists of authorities, `<name>.crl`.
    pub(crate) fn crls(&self) -> PathBuf {
        self.0.join("crls")
    }

    /// One folder for each ceremony.
    pub(crate) fn ceremonies(&self) -> PathBuf {
        self.0.join("ceremonies")
    }

    /// What lives as long as the process: socket, bound addresses, process id.
    pub(crate) fn run(&self) -> PathBuf {
        self.0.join("run")
    }

    /// TLS key and chain of the private listener.
    pub(crate) fn listener(&self) -> PathBuf {
        self.0.join("listener")
    }

    /// One file for each operator certificate that was issued.
    pub(crate) fn operators(&self) -> PathBuf {
        self.0.join("operators")
    }
}
