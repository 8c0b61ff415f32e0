//! The typed contents, each directly: the first octet says which. What is read is written again byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some((selector, value)) = bytes.split_first() {
        fuzz::check_content_number(usize::from(*selector), value);
    }
});
