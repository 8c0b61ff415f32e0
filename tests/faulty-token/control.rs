//! The Rust side: where the module lies, and writing its control file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::fault::{Call, Fault, Order};

/// The environment variable that names the control file.
const CONTROL: &str = "FAULTY_TOKEN_CONTROL";
/// The environment variable that names the real module.
const REAL: &str = "FAULTY_TOKEN_REAL";

/// Where the same is found when neither variable is set, because whoever started the process has cleaned its
/// environment: in this folder of `HOME`, `faults` is the control file and `real` holds the real module's path.
const IN_HOME: &str = ".faulty-token";

/// The control file of this process.
pub(crate) fn control_file() -> Option<PathBuf> {
    std::env::var_os(CONTROL)
        .map(PathBuf::from)
        .or_else(|| in_home("faults"))
}

/// The real module of this process, where it is told.
pub(crate) fn real_module() -> Option<PathBuf> {
    let told = || fs::read_to_string(in_home("real")?).ok().map(PathBuf::from);
    std::env::var_os(REAL).map(PathBuf::from).or_else(told)
}

fn in_home(name: &str) -> Option<PathBuf> {
    let file = PathBuf::from(std::env::var_os("HOME")?).join(IN_HOME).join(name);
    file.exists().then_some(file)
}

/// The built module, beside the running test binary.
///
/// # Errors
/// When it was not built: only a crate that names `faulty-token` among its dev-dependencies has it.
pub fn library() -> io::Result<PathBuf> {
    let binary = std::env::current_exe()?;
    let folders = binary.ancestors().skip(1).take(2);
    let mut built = folders.flat_map(|folder| [folder.join("deps"), folder.to_owned()]);
    let found = built.find_map(|folder| Some(folder.join("libfaulty_token.so")).filter(|path| path.exists()));
    found.ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::NotFound,
            "libfaulty_token.so was not built beside the tests",
        )
    })
}

/// Steers the module. Dropping it does not end the faults.
#[derive(Debug, Clone)]
pub struct Control {
    file: PathBuf,
}

impl Control {
    /// Steers through a file in this folder; nothing fails yet.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn new(folder: &Path) -> io::Result<Self> {
        let control = Self {
            file: folder.join("faults"),
        };
        control.write("")?;
        Ok(control)
    }

    /// The control file of this process, where the environment names one.
    pub fn of_process() -> Option<Self> {
        control_file().map(|file| Self { file })
    }

    /// What the process that loads the module needs in its environment.
    pub fn environment(&self) -> (&'static str, &Path) {
        (CONTROL, &self.file)
    }

    /// From now on this call (or all, if `None`) fails, always or so many times. Replaces earlier faults.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn fail(&self, call: Option<Call>, fault: Fault, times: Option<u32>) -> io::Result<()> {
        self.write(&format!("{}\n", Order { call, fault, times }))
    }

    /// Nothing fails any more; hanging calls return.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn heal(&self) -> io::Result<()> {
        self.write("")
    }

    /// How often the module was asked for this call by all processes; `login`, `initialize` and `sign` are counted.
    ///
    /// # Errors
    /// When the count cannot be read.
    pub fn calls(&self, call: Call) -> io::Result<usize> {
        match fs::read_to_string(log_of(&self.file)) {
            Ok(text) => Ok(text.lines().filter(|line| *line == call.name()).count()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Replaced in one step, so that the module never reads half an order. The first line makes each order new.
    fn write(&self, orders: &str) -> io::Result<()> {
        use std::sync::atomic::{AtomicU64, Ordering};
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let fresh = self.file.with_extension("new");
        fs::write(&fresh, format!("# {} {serial}\n{orders}", std::process::id()))?;
        fs::rename(&fresh, &self.file)
    }
}

/// Where the module notes the calls that it counts.
pub(crate) fn log_of(control: &Path) -> PathBuf {
    control.with_extension("calls")
}
