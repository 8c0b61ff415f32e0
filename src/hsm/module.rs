//! A PKCS#11 module: loaded once per process, started, and started anew when it lost its state.
//!
//! `C_Initialize` and `C_Finalize` concern the whole process, so every open session holds a [`Lease`] and a
//! restart waits until none is left. The library itself is never unloaded: vendors' modules run threads and
//! exit handlers of their own, and unloading code that still runs ends the process. A new version of the
//! library is taken up by restarting the signer process.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{
    Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak,
};
use std::time::{Duration, Instant};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as Binding, RvError};
use cryptoki::slot::Slot;

use crate::token::TokenInfo;
use crate::{Error, Result};

/// Every module loaded so far. Modules stay: see above.
static LOADED: Mutex<BTreeMap<PathBuf, Module>> = Mutex::new(BTreeMap::new());

/// A started PKCS#11 module, shared by everything in this process that uses it.
#[derive(Clone)]
pub struct Module {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    library: Pkcs11,
    gate: Mutex<Gate>,
    gate_changed: Condvar,
    restart_wanted: AtomicBool,
    refused: Mutex<BTreeSet<String>>,
    bells: Mutex<Vec<Weak<Bell>>>,
    login_alone: AtomicBool,
    calls: RwLock<()>,
}

/// Tells the idle threads of a session pool to look whether they should give way.
pub(crate) type Bell = dyn Fn() + Send + Sync;

/// Who is inside the module.
#[derive(Debug, Default)]
struct Gate {
    leases: usize,
    restarting: bool,
    restarts: u64,
}

/// What the module says about itself.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ModuleInfo {
    /// The library file.
    pub path: PathBuf,
    /// Who made it.
    pub manufacturer: String,
    /// What it is.
    pub description: String,
    /// The library's own version.
    pub library_version: String,
    /// The version of PKCS#11 it says it follows.
    pub cryptoki_version: String,
}

impl Module {
    /// Loads and starts the module, or hands out the one that is already loaded from this file.
    pub fn load(path: &Path) -> Result<Self> {
        let failed = |reason: String| Error::ModuleLoad {
            path: path.to_owned(),
            reason,
        };
        let canonical = path.canonicalize().map_err(|error| failed(error.to_string()))?;
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(module) = loaded.get(&canonical) {
            return Ok(module.clone());
        }
        let library = Pkcs11::new(&canonical).map_err(|error| failed(error.to_string()))?;
        start(&library).map_err(|error| failed(error.to_string()))?;
        let module = Self {
            inner: Arc::new(Inner {
                path: canonical.clone(),
                library,
                gate: Mutex::default(),
                gate_changed: Condvar::new(),
                restart_wanted: AtomicBool::new(false),
                refused: Mutex::default(),
                bells: Mutex::default(),
                login_alone: AtomicBool::new(false),
                calls: RwLock::default(),
            }),
        };
        loaded.insert(canonical, module.clone());
        Ok(module)
    }

    /// The library file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// What the module says about itself.
    pub fn info(&self) -> Result<ModuleInfo> {
        let info = self.lease().library().get_library_info()?;
        Ok(ModuleInfo {
            path: self.inner.path.clone(),
            manufacturer: info.manufacturer_id().to_owned(),
            description: info.library_description().to_owned(),
            library_version: info.library_version().to_string(),
            cryptoki_version: info.cryptoki_version().to_string(),
        })
    }

    /// The tokens that are present.
    pub fn tokens(&self) -> Result<Vec<TokenInfo>> {
        Ok(self.lease().tokens()?.into_iter().map(|(_, info)| info).collect())
    }

    /// Stops and starts the module, once every session is closed. Session pools give way by themselves; a
    /// [`crate::token::Token`] that is open makes this fail after `patience`.
    pub fn restart(&self, patience: Duration) -> Result<()> {
        self.restart_after(self.restarts(), patience)
    }

    /// How often the module was restarted; an error seen under an older count needs no restart of its own.
    pub(crate) fn restarts(&self) -> u64 {
        self.gate().restarts
    }

    /// Whether somebody waits for all sessions to be closed.
    pub(crate) fn restart_wanted(&self) -> bool {
        self.inner.restart_wanted.load(Ordering::Relaxed)
    }

    /// Rings when somebody waits for all sessions to be closed. Forgotten when its owner drops it.
    pub(crate) fn add_bell(&self, bell: Weak<Bell>) {
        let mut bells = self.inner.bells.lock().unwrap_or_else(PoisonError::into_inner);
        bells.retain(|bell| bell.strong_count() > 0);
        bells.push(bell);
    }

    /// Waits until nobody wants a restart any more, because it happened or was given up.
    pub(crate) fn await_restart(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        let mut gate = self.gate();
        while self.restart_wanted() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            gate = self.wait(gate, left);
        }
    }

    /// Whether sessions are open.
    pub(crate) fn in_use(&self) -> bool {
        self.gate().leases > 0
    }

    /// Restarts the module unless that has happened since `seen`.
    pub(crate) fn restart_after(&self, seen: u64, patience: Duration) -> Result<()> {
        let deadline = Instant::now() + patience;
        let mut gate = self.gate();
        if gate.restarts == seen && gate.leases > 0 {
            self.inner.restart_wanted.store(true, Ordering::Relaxed);
            drop(gate);
            self.ring();
            gate = self.gate();
        }
        while gate.restarts == seen && (gate.restarting || gate.leases > 0) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                self.inner.restart_wanted.store(false, Ordering::Relaxed);
                self.inner.gate_changed.notify_all();
                return Err(Error::ModuleInUse {
                    path: self.inner.path.clone(),
                    sessions: gate.leases,
                });
            }
            gate = self.wait(gate, left);
        }
        if gate.restarts != seen {
            return Ok(());
        }
        gate.restarting = true;
        drop(gate);
        let started = self.stop_and_start();
        let mut gate = self.gate();
        gate.restarting = false;
        // Counted even when it failed: whoever saw the failure asks again under the new count.
        gate.restarts += 1;
        self.inner.restart_wanted.store(false, Ordering::Relaxed);
        self.inner.gate_changed.notify_all();
        started
    }

    /// Enters the module; waits while it is being restarted.
    pub(crate) fn lease(&self) -> Lease {
        let mut gate = self.gate();
        while gate.restarting {
            gate = self.wait(gate, Duration::from_secs(1));
        }
        gate.leases += 1;
        Lease { module: self.clone() }
    }

    /// Serial numbers of the tokens that refused their PIN. Held while a login is tried, so that several threads
    /// never try a wrong PIN more than once.
    pub(crate) fn refused_pins(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.inner.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        let bells: Vec<_> = {
            let bells = self.inner.bells.lock().unwrap_or_else(PoisonError::into_inner);
            bells.iter().filter_map(Weak::upgrade).collect()
        };
        for bell in bells {
            bell();
        }
    }

    /// From now on nobody may be inside the module while one thread logs in: [`crate::quirks::Quirks::login_alone`].
    pub(crate) fn demand_lonely_logins(&self) {
        self.inner.login_alone.store(true, Ordering::Relaxed);
    }

    /// Held while a session is used by one of several threads. Nothing, unless logins must be alone.
    pub(crate) fn during_call(&self) -> Option<RwLockReadGuard<'_, ()>> {
        let shared = || self.inner.calls.read().unwrap_or_else(PoisonError::into_inner);
        self.inner.login_alone.load(Ordering::Relaxed).then(shared)
    }

    /// Held while logging in.
    pub(crate) fn during_login(&self) -> Option<RwLockWriteGuard<'_, ()>> {
        let alone = || self.inner.calls.write().unwrap_or_else(PoisonError::into_inner);
        self.inner.login_alone.load(Ordering::Relaxed).then(alone)
    }

    fn stop_and_start(&self) -> Result<()> {
        // A module that lost its state answers CKR_CRYPTOKI_NOT_INITIALIZED, and one that is broken may answer
        // anything: only the start counts.
        if let Err(error) = self.inner.library.clone().finalize() {
            tracing::debug!(module = %self.inner.path.display(), %error, "stopping the PKCS#11 module failed");
        }
        start(&self.inner.library).map_err(|error| Error::ModuleLoad {
            path: self.inner.path.clone(),
            reason: error.to_string(),
        })
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.inner.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, gate: MutexGuard<'a, Gate>, patience: Duration) -> MutexGuard<'a, Gate> {
        let waited = self.inner.gate_changed.wait_timeout(gate, patience);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Module({})", self.inner.path.display())
    }
}

fn start(library: &Pkcs11) -> Result<()> {
    match library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        // Another part of the process uses the same library; it may.
        Ok(()) | Err(Binding::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The right to call the module: no restart happens while one exists. Sessions are dropped before their lease.
pub(crate) struct Lease {
    module: Module,
}

impl Lease {
    pub(crate) fn module(&self) -> &Module {
        &self.module
    }

    pub(crate) fn library(&self) -> &Pkcs11 {
        &self.module.inner.library
    }

    /// The tokens present, with the slots they are in right now.
    pub(crate) fn tokens(&self) -> Result<Vec<(Slot, TokenInfo)>> {
        let mut found = Vec::new();
        // The binding asks for the length first, which is when a module looks for new tokens
        // (PKCS#11 v3.1 section 5.5.1).
        for slot in self.library().get_slots_with_token()? {
            match self.library().get_token_info(slot) {
                Ok(info) => found.push((slot, TokenInfo::from(&info))),
                // One token that was just pulled out must not hide the others.
                Err(Binding::Pkcs11(
                    RvError::TokenNotPresent
                    | RvError::TokenNotRecognized
                    | RvError::DeviceRemoved
                    | RvError::SlotIdInvalid,
                    _,
                )) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(found)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut gate = self.module.gate();
        gate.leases = gate.leases.saturating_sub(1);
        if gate.leases == 0 {
            self.module.inner.gate_changed.notify_all();
        }
    }
}
