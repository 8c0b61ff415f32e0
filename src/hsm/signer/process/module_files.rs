//! Which files the software tokens read and write, found where their own libraries look for them.
//!
//! Vendors' modules are told about with `paths`; for SoftHSM and Kryoptic nobody should have to.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What one module needs from the file system.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ModuleFiles {
    /// Configuration.
    pub(super) read: Vec<PathBuf>,
    /// Token storage.
    pub(super) write: Vec<PathBuf>,
}

/// The files of all software tokens that are configured for this process.
pub(super) fn find(environment: impl Fn(&str) -> Option<OsString>) -> ModuleFiles {
    let path = |name: &str| environment(name).map(PathBuf::from);
    let home = path("HOME").map(|home| home.join(".config"));
    let mut files = ModuleFiles::default();
    let softhsm = path("SOFTHSM2_CONF")
        .or_else(|| existing(home.as_ref()?.join("softhsm2/softhsm2.conf")))
        .or_else(|| existing("/etc/softhsm2.conf".into()))
        .or_else(|| existing("/etc/softhsm/softhsm2.conf".into()));
    if let Some(configuration) = softhsm {
        files.write.extend(softhsm_folder(&configuration));
        files.read.push(configuration);
    }
    let kryoptic = path("KRYOPTIC_CONF").or_else(|| existing(home.as_ref()?.join("kryoptic/token.conf")));
    if let Some(configuration) = kryoptic {
        files.write.extend(kryoptic_folders(&configuration));
        files.read.push(configuration);
    }
    files
}

fn existing(path: PathBuf) -> Option<PathBuf> {
    path.exists().then_some(path)
}

/// `directories.tokendir = <folder>` (softhsm2.conf(5)).
fn softhsm_folder(configuration: &Path) -> Option<PathBuf> {
    let text = std::fs::read_to_string(configuration).ok()?;
    let values = text.lines().filter_map(|line| line.split_once('='));
    let folder = values
        .filter(|(key, _)| key.trim() == "directories.tokendir")
        .map(|(_, value)| value.trim())
        .next_back()?;
    Some(PathBuf::from(folder))
}

/// The folder of each slot's database: SQLite writes its journal beside it. The configuration is TOML with
/// `[[slots]]`, or the database itself.
fn kryoptic_folders(configuration: &Path) -> Vec<PathBuf> {
    let folder = |path: &Path| path.parent().map(Path::to_owned);
    let Some(table) = std::fs::read_to_string(configuration)
        .ok()
        .and_then(|text| text.parse::<toml::Table>().ok())
    else {
        return folder(configuration).into_iter().collect();
    };
    let slots = table.get("slots").and_then(toml::Value::as_array);
    let databases = slots
        .into_iter()
        .flatten()
        .filter_map(|slot| slot.get("dbargs")?.as_str());
    databases
        .filter_map(|database| folder(Path::new(database)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files_with(name: &str, text: &str) -> (tempfile::TempDir, PathBuf, ModuleFiles) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("conf");
        std::fs::write(&path, text).unwrap();
        let value = path.clone().into_os_string();
        let files = find(|asked| (asked == name).then(|| value.clone()));
        (folder, path, files)
    }

    #[test]
    fn the_token_folder_of_softhsm_is_found_through_its_configuration() {
        let text = "# comment\nlog.level = ERROR\ndirectories.tokendir =  /var/lib/tokens \n";
        let (_folder, path, files) = files_with("SOFTHSM2_CONF", text);
        assert_eq!(files.read, [path]);
        assert_eq!(files.write, [PathBuf::from("/var/lib/tokens")]);
    }

    #[test]
    fn the_folders_of_kryoptics_databases_are_found_through_its_configuration() {
        let text = "[[slots]]\nslot = 1\ndbtype = \"sqlite\"\ndbargs = \"/srv/one/token.sql\"\n";
        let (_folder, path, files) = files_with("KRYOPTIC_CONF", text);
        assert!(files.read.contains(&path));
        assert!(files.write.contains(&PathBuf::from("/srv/one")));
    }

    #[test]
    fn what_cannot_be_read_opens_nothing_but_itself() {
        let files = find(|asked| (asked == "SOFTHSM2_CONF").then(|| "/nowhere/softhsm2.conf".into()));
        assert_eq!(files.read, [PathBuf::from("/nowhere/softhsm2.conf")]);
        assert!(files.write.is_empty());
    }
}
