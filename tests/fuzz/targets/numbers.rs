//! Serial numbers and times, as DER and as text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pki::asn1::Element;
use pki::serial::Serial;
use pki::time::Time;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(serial) = Serial::from_magnitude(bytes) {
        let magnitude = serial.magnitude();
        assert!(bytes.ends_with(magnitude) && magnitude.len() <= 20 && magnitude[0] != 0);
        let der = serial.to_der();
        assert!(
            der.len() <= 22 && der[2] & 0x80 == 0,
            "positive, in at most 20 octets"
        );
        assert_eq!(serial.to_string().parse::<Serial>().as_ref(), Ok(&serial));
    }
    if let Some(random) = bytes.first_chunk::<20>() {
        assert_eq!(Serial::from_random(*random).to_der().len(), 22);
    }
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    if let Ok(serial) = text.parse::<Serial>() {
        assert_eq!(serial.to_string().parse::<Serial>(), Ok(serial));
    }
    if let Ok(element) = Element::only(bytes) {
        if let Ok(time) = Time::from_element(element) {
            assert_eq!(time.to_der(), bytes, "one moment, one encoding");
        }
        if let Ok(time) = Time::from_generalized_element(element) {
            assert_eq!(&time.to_generalized_der()[1..], &bytes[1..]);
        }
    }
    let seconds = bytes.first_chunk::<8>().map(|octets| i64::from_le_bytes(*octets));
    if let Some(time) = seconds.and_then(Time::from_unix_seconds) {
        let der = time.to_der();
        let again = Time::from_element(Element::only(&der).expect("ours"));
        assert_eq!(again, Ok(time));
        assert_eq!(time.plus_seconds(i64::MAX), Time::NO_EXPIRATION);
        assert!(time.plus_days(u32::MAX) >= time);
    }
});
