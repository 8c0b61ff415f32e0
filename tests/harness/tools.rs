//! Where the programs and modules are that `ops/install` brings.
//!
//! A missing tool stops the test: a judge that is skipped has judged nothing.

use std::path::PathBuf;

use crate::workspace;

/// Something that `ops/install` brings, by the name of the variable that says where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// The PKCS#11 module of SoftHSM2.
    SoftHsm,
    /// The PKCS#11 module of Kryoptic.
    Kryoptic,
    /// The `openssl` command of version 3.6, which knows ML-DSA.
    OpenSsl36,
    /// A Python with pkilint and cryptography.
    Python,
}

impl Tool {
    /// The tool's place: from the environment, else from what `ops/install` wrote down.
    pub fn path(self) -> PathBuf {
        let (variable, set) = self.names();
        let noted = workspace::root().join("target/tools/paths").join(variable);
        let path = std::env::var_os(variable)
            .map(PathBuf::from)
            .or_else(|| std::fs::read_to_string(noted).ok().map(PathBuf::from));
        match path {
            Some(path) if path.exists() => path,
            Some(path) => panic!("{} is gone ({variable}). Run: ops/install {set}", path.display()),
            None => panic!("{variable} is not set and nothing was installed. Run: ops/install {set}"),
        }
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::SoftHsm => ("SINETE_SOFTHSM", "token"),
            Self::Kryoptic => ("SINETE_KRYOPTIC", "kryoptic"),
            Self::OpenSsl36 => ("SINETE_OPENSSL", "kryoptic"),
            Self::Python => ("SINETE_PYTHON", "judges"),
        }
    }
}
