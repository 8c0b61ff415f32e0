//! Distinguished names: read from DER, and built from short names and texts.
#![no_main]

use der::{Decode as _, Encode as _};
use libfuzzer_sys::fuzz_target;
use pki::name::{Attribute, Name};

fuzz_target!(|bytes: &[u8]| {
    let read = Name::from_der(bytes);
    assert_eq!(read, Name::from_der(bytes), "the same bytes, the same answer");
    if let Ok(name) = read {
        assert_eq!(name.der(), bytes);
        assert_eq!(name.is_empty(), bytes == [0x30, 0]);
        let _ = (name.to_string(), name.common_name());
        if let Ok(theirs) = x509_cert::name::Name::from_der(bytes) {
            assert_eq!(theirs.to_der().as_deref(), Ok(bytes));
            assert!(name.attributes().len() <= theirs.iter().count());
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        build(text);
    }
});

/// One `key=value` a line, as hierarchy files have them: what is built reads back with the same texts.
fn build(text: &str) {
    let parts = text.lines().filter_map(|line| line.split_once('='));
    let (mut attributes, mut values) = (Vec::new(), Vec::new());
    for (key, value) in parts {
        if let Ok(attribute) = Attribute::from_key(key, value) {
            attributes.push(attribute);
            values.push(value);
        }
    }
    if let Ok(name) = Name::from_attributes(&attributes) {
        assert_eq!(Name::from_der(name.der()).as_ref(), Ok(&name));
        let read: Vec<String> = name.attributes().into_iter().map(|(_, value)| value).collect();
        assert_eq!(read, values, "in their order, none merged, none changed");
    }
}
