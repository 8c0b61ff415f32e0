//! The C side: the exported function list, whose entries fail on order and otherwise call the real module.
#![expect(unsafe_code, reason = "PKCS#11 is a C interface")]
#![expect(
    clippy::disallowed_methods,
    reason = "a call that hangs or takes long is what is simulated"
)]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use cryptoki_sys::{
    CK_ATTRIBUTE, CK_BBOOL, CK_BYTE, CK_FLAGS, CK_FUNCTION_LIST, CK_MECHANISM, CK_NOTIFY, CK_OBJECT_HANDLE,
    CK_RV, CK_SESSION_HANDLE, CK_SESSION_INFO, CK_SLOT_ID, CK_ULONG, CK_USER_TYPE, CKR_ARGUMENTS_BAD,
    CKR_CRYPTOKI_NOT_INITIALIZED, CKR_DEVICE_REMOVED, CKR_FUNCTION_NOT_SUPPORTED, CKR_GENERAL_ERROR, CKR_OK,
    CKR_SESSION_HANDLE_INVALID, CKR_TOKEN_NOT_PRESENT,
};

use crate::control::{control_file, log_of, real_module};
use crate::fault::{Call, Fault, Order};

const SOFTHSM: &str = "/usr/lib/softhsm/libsofthsm2.so";

/// The real module, loaded once, and the list handed out in its place.
struct Modules {
    /// Keeps the library mapped for as long as its functions are called: for ever.
    _library: cryptoki_sys::Pkcs11,
    real: CK_FUNCTION_LIST,
    ours: Handed,
}

/// The list whose address is given to the caller.
struct Handed(Box<CK_FUNCTION_LIST>);

static MODULES: OnceLock<Option<Modules>> = OnceLock::new();

/// The module says that it was not started. The real one is stopped only when it is started anew, because other
/// threads may be inside it: stopping it under them is undefined, and not what hardware does.
static FORGOTTEN: AtomicBool = AtomicBool::new(false);

/// Sessions that are open, and those of them that a reset ended. The real ones stay until the caller closes them,
/// for the same reason.
static SESSIONS: Mutex<(BTreeSet<CK_SESSION_HANDLE>, BTreeSet<CK_SESSION_HANDLE>)> =
    Mutex::new((BTreeSet::new(), BTreeSet::new()));

/// The orders as last read, and how often each was carried out.
static ORDERS: Mutex<(String, Vec<(Order, u32)>)> = Mutex::new((String::new(), Vec::new()));

/// The entry point of every PKCS#11 module.
///
/// # Safety
/// `list` must be null or point to a writable pointer, as PKCS#11 demands of the caller.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn C_GetFunctionList(list: *mut *mut CK_FUNCTION_LIST) -> CK_RV {
    let Some(modules) = MODULES.get_or_init(load).as_ref() else {
        return CKR_GENERAL_ERROR;
    };
    if list.is_null() {
        return CKR_ARGUMENTS_BAD;
    }
    // SAFETY: not null, and writable by this function's contract. The boxed list is never freed or moved, because
    // it belongs to a static; callers only read it.
    unsafe { *list = ptr::from_ref(&*modules.ours.0).cast_mut() };
    CKR_OK
}

fn load() -> Option<Modules> {
    let path = real_module().unwrap_or_else(|| PathBuf::from(SOFTHSM));
    // SAFETY: loading runs the library's initialisers; it is the PKCS#11 module that the test chose.
    let library = unsafe { cryptoki_sys::Pkcs11::new(&path) }.ok()?;
    library.C_GetFunctionList.as_ref().ok()?;
    let mut list: *mut CK_FUNCTION_LIST = ptr::null_mut();
    // SAFETY: the symbol exists (checked above) and `list` is writable.
    let answer = unsafe { library.C_GetFunctionList(&raw mut list) };
    if answer != CKR_OK || list.is_null() {
        return None;
    }
    // SAFETY: the module said CKR_OK, so this points to its function list, which is plain data that may be copied.
    let real = unsafe { *list };
    let ours = CK_FUNCTION_LIST {
        C_Initialize: Some(initialize),
        C_Finalize: Some(finalize),
        C_GetFunctionList: Some(C_GetFunctionList),
        C_GetSlotList: Some(slot_list),
        C_OpenSession: Some(open_session),
        C_GetSessionInfo: Some(session_info),
        C_Login: Some(login),
        C_FindObjectsInit: Some(find_objects_init),
        C_SignInit: Some(sign_init),
        C_Sign: Some(sign),
        C_GenerateKeyPair: Some(generate_key_pair),
        C_GenerateRandom: Some(generate_random),
        ..real
    };
    Some(Modules {
        _library: library,
        real,
        ours: Handed(Box::new(ours)),
    })
}

fn real() -> Option<&'static CK_FUNCTION_LIST> {
    MODULES
        .get()
        .and_then(Option::as_ref)
        .map(|modules| &modules.real)
}

/// Calls a function of the real module; a module without it answers so.
macro_rules! forward {
    ($name:ident($($argument:expr),*)) => {
        match real().and_then(|list| list.$name) {
            // SAFETY: the function belongs to the module that the caller believes to call, the library stays
            // loaded, and the arguments are the caller's own, unchanged: whatever PKCS#11 demands of them, the
            // caller has promised.
            Some(function) => unsafe { function($($argument),*) },
            None => CKR_FUNCTION_NOT_SUPPORTED,
        }
    };
}

/// What an order leaves to be done.
enum Rest {
    /// Call the real function.
    GoOn,
    /// Call it, then spoil what it returned.
    Spoil(Fault),
    /// Return this instead.
    Return(CK_RV),
}

/// Carries out the first order for this call, and what earlier orders left behind.
fn obey(call: Call, session: CK_SESSION_HANDLE) -> Rest {
    match ordered(call) {
        Some(fault) => carry_out(fault, call, session),
        None => aftermath(call, session),
    }
}

/// What is still lost since an earlier order.
fn aftermath(call: Call, session: CK_SESSION_HANDLE) -> Rest {
    let dead = SESSIONS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .1
        .contains(&session);
    if FORGOTTEN.load(Ordering::SeqCst) && call != Call::Initialize {
        Rest::Return(CKR_CRYPTOKI_NOT_INITIALIZED)
    } else if dead {
        Rest::Return(CKR_SESSION_HANDLE_INVALID)
    } else {
        Rest::GoOn
    }
}

fn carry_out(fault: Fault, call: Call, session: CK_SESSION_HANDLE) -> Rest {
    match fault {
        Fault::Slow(time) => std::thread::sleep(time),
        Fault::Hang => hang(),
        Fault::Return(value) => return Rest::Return(value),
        Fault::Reset => reset(session),
        Fault::Logout => {
            forward!(C_Logout(session));
        }
        Fault::Forget => FORGOTTEN.store(true, Ordering::SeqCst),
        Fault::Gone => {
            reset(session);
            return Rest::Return(match call {
                Call::OpenSession | Call::Login | Call::SlotList | Call::Initialize => CKR_TOKEN_NOT_PRESENT,
                _ => CKR_DEVICE_REMOVED,
            });
        }
        Fault::Garbage | Fault::Short | Fault::Die => return Rest::Spoil(fault),
    }
    aftermath(call, session)
}

/// The fault ordered for this call, counted.
fn ordered(call: Call) -> Option<Fault> {
    // Read inside the lock: an older text must not replace a newer one and start its counts again.
    let mut orders = ORDERS.lock().unwrap_or_else(PoisonError::into_inner);
    let text = control_text();
    if orders.0 != text {
        orders.1 = text
            .lines()
            .filter_map(|line| line.parse().ok())
            .map(|order| (order, 0))
            .collect();
        orders.0 = text;
    }
    let (order, done) = orders.1.iter_mut().find(|(order, done)| {
        order.call.is_none_or(|wanted| wanted == call) && order.times.is_none_or(|times| *done < times)
    })?;
    *done += 1;
    Some(order.fault)
}

fn control_text() -> String {
    control_file()
        .and_then(|file| std::fs::read_to_string(file).ok())
        .unwrap_or_default()
}

fn hang() {
    let orders = control_text();
    while control_text() == orders {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Notes a call for `Control::calls`.
fn count(call: Call) {
    let Some(file) = control_file() else {
        return;
    };
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(log_of(&file));
    if let Ok(mut log) = log {
        // A count that is lost fails the test that asks for it.
        let _ = writeln!(log, "{}", call.name());
    }
}

fn reset(session: CK_SESSION_HANDLE) {
    let mut sessions = SESSIONS.lock().unwrap_or_else(PoisonError::into_inner);
    let open = std::mem::take(&mut sessions.0);
    sessions.1.extend(open);
    drop(sessions);
    forward!(C_Logout(session));
}

unsafe extern "C" fn initialize(arguments: *mut std::ffi::c_void) -> CK_RV {
    count(Call::Initialize);
    match obey(Call::Initialize, 0) {
        Rest::Return(value) => value,
        Rest::GoOn | Rest::Spoil(_) => {
            if FORGOTTEN.swap(false, Ordering::SeqCst) {
                forward!(C_Finalize(ptr::null_mut()));
            }
            forward!(C_Initialize(arguments))
        }
    }
}

unsafe extern "C" fn finalize(reserved: *mut std::ffi::c_void) -> CK_RV {
    if FORGOTTEN.load(Ordering::SeqCst) {
        CKR_CRYPTOKI_NOT_INITIALIZED
    } else {
        forward!(C_Finalize(reserved))
    }
}

unsafe extern "C" fn slot_list(present: CK_BBOOL, slots: *mut CK_SLOT_ID, length: *mut CK_ULONG) -> CK_RV {
    match obey(Call::SlotList, 0) {
        Rest::Return(CKR_TOKEN_NOT_PRESENT) => {
            // SAFETY: PKCS#11 demands a writable length of the caller; null is answered as an error.
            let Some(length) = (unsafe { length.as_mut() }) else {
                return CKR_ARGUMENTS_BAD;
            };
            *length = 0;
            CKR_OK
        }
        Rest::Return(value) => value,
        Rest::GoOn | Rest::Spoil(_) => forward!(C_GetSlotList(present, slots, length)),
    }
}

unsafe extern "C" fn open_session(
    slot: CK_SLOT_ID,
    flags: CK_FLAGS,
    application: *mut std::ffi::c_void,
    notify: CK_NOTIFY,
    session: *mut CK_SESSION_HANDLE,
) -> CK_RV {
    match obey(Call::OpenSession, 0) {
        Rest::Return(value) => value,
        Rest::GoOn | Rest::Spoil(_) => {
            let answer = forward!(C_OpenSession(slot, flags, application, notify, session));
            // SAFETY: PKCS#11 demands a writable place for the handle; the real module wrote it if it said CKR_OK.
            if let (CKR_OK, Some(handle)) = (answer, unsafe { session.as_ref() }) {
                let mut sessions = SESSIONS.lock().unwrap_or_else(PoisonError::into_inner);
                // Handles begin again at one after a restart: an old one of this number is no more.
                sessions.1.remove(handle);
                sessions.0.insert(*handle);
            }
            answer
        }
    }
}

unsafe extern "C" fn session_info(session: CK_SESSION_HANDLE, info: *mut CK_SESSION_INFO) -> CK_RV {
    match obey(Call::SessionInfo, session) {
        Rest::Return(value) => value,
        Rest::GoOn | Rest::Spoil(_) => forward!(C_GetSessionInfo(session, info)),
    }
}

unsafe extern "C" fn login(
    session: CK_SESSION_HANDLE,
    user: CK_USER_TYPE,
    pin: *mut CK_BYTE,
    length: CK_ULONG,
) -> CK_RV {
    count(Call::Login);
    match obey(Call::Login, session) {
        Rest::Return(value) => value,
        Rest::GoOn | Rest::Spoil(_) => forward!(C_Login(session, user, pin, length)),
    }
}

unsafe extern "C" fn find_objects_init(
    session: CK_SESSION_HANDLE,
    template: *mut CK_ATTRIBUTE,
    length: CK_ULONG,
) -> CK_RV {
    match obey(Call::Find, session) {
        Rest::Return(value) => value,
        Rest::GoOn | Rest::Spoil(_) => forward!(C_FindObjectsInit(session, template, length)),
    }
}

unsafe extern "C" fn sign_init(
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    key: CK_OBJECT_HANDLE,
) -> CK_RV {
    match obey(Call::SignInit, session) {
        Rest::Return(value) => value,
        Rest::GoOn | Rest::Spoil(_) => forward!(C_SignInit(session, mechanism, key)),
    }
}

unsafe extern "C" fn sign(
    session: CK_SESSION_HANDLE,
    data: *mut CK_BYTE,
    data_length: CK_ULONG,
    signature: *mut CK_BYTE,
    signature_length: *mut CK_ULONG,
) -> CK_RV {
    // Without a buffer only the length is asked for: no signature yet, no fault yet.
    let rest = if signature.is_null() {
        Rest::GoOn
    } else {
        count(Call::Sign);
        obey(Call::Sign, session)
    };
    if let Rest::Return(value) = rest {
        return value;
    }
    let answer = forward!(C_Sign(session, data, data_length, signature, signature_length));
    if let (Rest::Spoil(fault), CKR_OK) = (rest, answer) {
        // SAFETY: PKCS#11 demands a writable length; the real module just wrote it.
        let Some(length) = (unsafe { signature_length.as_mut() }) else {
            return answer;
        };
        match fault {
            Fault::Short => *length = length.saturating_sub(1),
            Fault::Die => std::process::abort(),
            _ if *length > 8 => {
                // SAFETY: the real module wrote `length` octets at `signature`, of which the eighth is one. Its
                // highest bit is not touched, so that the value stays below the group order.
                unsafe { *signature.add(8) ^= 0x01 };
            }
            _ => {}
        }
    }
    answer
}

unsafe extern "C" fn generate_key_pair(
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    public: *mut CK_ATTRIBUTE,
    public_length: CK_ULONG,
    private: *mut CK_ATTRIBUTE,
    private_length: CK_ULONG,
    public_key: *mut CK_OBJECT_HANDLE,
    private_key: *mut CK_OBJECT_HANDLE,
) -> CK_RV {
    let rest = obey(Call::GenerateKeyPair, session);
    if let Rest::Return(value) = rest {
        return value;
    }
    let answer = forward!(C_GenerateKeyPair(
        session,
        mechanism,
        public,
        public_length,
        private,
        private_length,
        public_key,
        private_key
    ));
    if matches!(rest, Rest::Spoil(Fault::Die)) {
        std::process::abort();
    }
    answer
}

unsafe extern "C" fn generate_random(
    session: CK_SESSION_HANDLE,
    octets: *mut CK_BYTE,
    length: CK_ULONG,
) -> CK_RV {
    match obey(Call::Random, session) {
        Rest::Return(value) => value,
        Rest::GoOn | Rest::Spoil(_) => forward!(C_GenerateRandom(session, octets, length)),
    }
}
