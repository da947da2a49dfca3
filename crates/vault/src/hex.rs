//! Hexadecimal digits of keys; nothing is left behind in memory.

use zeroize::Zeroizing;

use crate::aead::{KEY_LENGTH, KeyBytes};

/// Two digits a byte.
pub(crate) fn encode(bytes: &[u8]) -> Zeroizing<String> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 2));
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// A key of 64 digits of either case; `None` for anything else.
pub(crate) fn decode_key(text: &str) -> Option<KeyBytes> {
    let text = text.as_bytes();
    if text.len() != KEY_LENGTH * 2 {
        return None;
    }
    let mut bytes = KeyBytes::new([0; KEY_LENGTH]);
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let digit = |at: usize| {
            char::from(pair[at])
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        };
        *byte = digit(0)? << 4 | digit(1)?;
    }
    Some(bytes)
}
