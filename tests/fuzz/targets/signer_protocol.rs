//! Frames between the server and the signer process: what is read is written again octet for octet.
#![no_main]

use hsm::signer::protocol::{
    Encoder, LENGTH_BYTES, MAX_SIGN_HEADER_BYTES, Malformed, Request, decode_answer, decode_hello,
    decode_request, decode_sign_header, encode_sign_header, read_frame_start,
};
use libfuzzer_sys::fuzz_target;

const LIMIT: u32 = 4096;

fuzz_target!(|bytes: &[u8]| {
    let body = frame(bytes);
    if let Ok(hello) = decode_hello(body) {
        same(body, |encoder| encoder.hello(hello));
    }
    if let Ok(request) = decode_request(body) {
        same(body, |encoder| encoder.request(&request));
        if let Request::Sign(sign) = request {
            check_header_alone(body, &sign.header);
        }
    }
    if let Ok(answer) = decode_answer(body) {
        same(body, |encoder| encoder.answer(&answer));
    }
});

/// Cuts the first frame off; without a whole one, everything is taken for a body.
fn frame(bytes: &[u8]) -> &[u8] {
    match read_frame_start(bytes, LIMIT) {
        Ok(Some(start)) => {
            assert!((1..=LIMIT as usize).contains(&start.body_bytes), "limits hold");
            bytes.get(LENGTH_BYTES..start.frame_bytes()).unwrap_or(bytes)
        }
        Ok(None) => {
            assert!(bytes.len() < LENGTH_BYTES);
            bytes
        }
        Err(_) => bytes,
    }
}

fn same(body: &[u8], write: impl FnOnce(&mut Encoder<'_>) -> Result<(), Malformed>) {
    let mut written = Vec::new();
    write(&mut Encoder::new(&mut written)).expect("small enough");
    assert_eq!(&written[LENGTH_BYTES..], body);
    let start = read_frame_start(&written, u32::MAX)
        .expect("a length")
        .expect("whole");
    assert_eq!(start.frame_bytes(), written.len());
}

/// The signer reads the header before the message has come: it must say the same then.
fn check_header_alone(body: &[u8], header: &hsm::signer::protocol::SignHeader<'_>) {
    let beginning = &body[..body.len().min(MAX_SIGN_HEADER_BYTES)];
    let (alone, _) = decode_sign_header(beginning).expect("the longest header fits");
    assert_eq!(&alone, header);
    let mut written = Vec::new();
    encode_sign_header(&mut written, header);
    assert!(body.starts_with(&written) && written.len() <= MAX_SIGN_HEADER_BYTES);
}
