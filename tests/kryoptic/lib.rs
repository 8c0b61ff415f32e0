//! Kryoptic as a PKCS#11 module (`libsinete_kryoptic.so`): a software token with Ed25519 and ML-DSA for tests.
//!
//! It holds the three functions by which a program finds the rest of a PKCS#11 module, and nothing else. It must
//! never be shipped: its keys lie in a SQLite file. The token's place is read from the TOML file that
//! `KRYOPTIC_CONF` names; `tests/harness/token.rs` writes such files.
#![expect(
    unsafe_code,
    reason = "PKCS#11 finds a module by three unmangled C symbols; exporting a symbol name is `unsafe` in Rust"
)]

use kryoptic_lib::fns::general::{fn_get_function_list, fn_get_interface, fn_get_interface_list};
use kryoptic_lib::pkcs11::{
    CK_FLAGS, CK_FUNCTION_LIST_PTR_PTR, CK_INTERFACE_PTR, CK_INTERFACE_PTR_PTR, CK_RV, CK_ULONG_PTR,
    CK_UTF8CHAR_PTR, CK_VERSION_PTR,
};

// Why exporting these names is sound: `no_mangle` is unsafe because two definitions of one symbol in a linked
// image are undefined behaviour. This crate is a cdylib, so its linker script exports these three names and hides
// every other symbol, OpenSSL's and SQLite's included; programs reach them by `dlsym` on this library's own
// handle, never by linking. The signatures are the header's (pkcs11.h, bindgen), and the pointers a caller passes
// go unread to Kryoptic, which checks them for null as the standard demands of a module.

/// Hands out the PKCS#11 v2.40 function list.
#[unsafe(no_mangle)]
pub extern "C" fn C_GetFunctionList(list: CK_FUNCTION_LIST_PTR_PTR) -> CK_RV {
    fn_get_function_list(list)
}

/// Hands out one named interface, which is how version 3 callers find the v3.0 and v3.2 function lists.
#[unsafe(no_mangle)]
pub extern "C" fn C_GetInterface(
    name: CK_UTF8CHAR_PTR,
    version: CK_VERSION_PTR,
    interface: CK_INTERFACE_PTR_PTR,
    flags: CK_FLAGS,
) -> CK_RV {
    fn_get_interface(name, version, interface, flags)
}

/// Lists the interfaces that [`C_GetInterface`] knows.
#[unsafe(no_mangle)]
pub extern "C" fn C_GetInterfaceList(list: CK_INTERFACE_PTR, count: CK_ULONG_PTR) -> CK_RV {
    fn_get_interface_list(list, count)
}
