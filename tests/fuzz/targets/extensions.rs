//! The list of extensions, and every typed content found in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pki::extension::{Extension, Extensions};

fuzz_target!(|bytes: &[u8]| {
    let read = Extensions::from_der(bytes);
    assert_eq!(
        read,
        Extensions::from_der(bytes),
        "the same bytes, the same answer"
    );
    let Ok(extensions) = read else { return };
    assert_eq!(extensions.to_der(), bytes, "written again");
    let list: Vec<Extension> = extensions.iter().cloned().collect();
    assert_eq!(Extensions::new(list.clone()).as_ref(), Ok(&extensions));
    for extension in &list {
        assert_eq!(extensions.find(extension.oid), Some(extension), "none twice");
        fuzz::check_any_content(extension);
    }
});
