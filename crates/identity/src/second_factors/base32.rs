//! Bytes that people type: five bits in a character.

use secrecy::zeroize::Zeroizing;

/// RFC 4648 §6, for authenticator apps.
const RFC_4648: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Crockford's, for people: nothing that is taken for something else.
const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Bytes as an authenticator app reads them, without padding.
pub(super) fn rfc4648(bytes: &[u8]) -> String {
    encode(bytes, RFC_4648)
}

/// What [`rfc4648`] made out of a whole number of characters.
pub(super) fn rfc4648_bytes(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() * 5 / 8));
    let (mut held, mut bits) = (0_u32, 0);
    for character in text.bytes() {
        let value = RFC_4648.iter().position(|letter| *letter == character)?;
        held = held << 5 | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 0xff) as u8);
            held &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

/// Bytes for people to type, in lower case.
pub(super) fn crockford(bytes: &[u8]) -> String {
    encode(bytes, CROCKFORD)
}

/// What somebody typed as it was made: in any case, with hyphens and spaces anywhere, and with the letters that are taken
/// for digits.
pub(super) fn crockford_typed(text: &str) -> Zeroizing<String> {
    let typed = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
    let meant = typed.map(|c| match c.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    });
    Zeroizing::new(meant.collect())
}

fn encode(bytes: &[u8], alphabet: &[u8; 32]) -> String {
    // The whole capacity at once: a string that grows leaves copies behind.
    let mut text = String::with_capacity((bytes.len() * 8).div_ceil(5));
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(alphabet[(held >> bits & 31) as usize]));
            held &= (1 << bits) - 1;
        }
    }
    if bits > 0 {
        text.push(char::from(alphabet[(held << (5 - bits) & 31) as usize]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_rfc_4648_has_them_and_read_again() {
        // §10, without the padding.
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(rfc4648(bytes.as_bytes()), text);
            assert_eq!(rfc4648_bytes(text).unwrap().as_slice(), bytes.as_bytes());
        }
        assert!(rfc4648_bytes("MZXW6!").is_none());
    }

    #[test]
    fn what_is_typed_is_what_was_meant() {
        assert_eq!(crockford(&[0; 5]), "00000000");
        assert_eq!(crockford(&[0xff; 5]), "zzzzzzzz");
        assert_eq!(crockford_typed(" oIl1-AbC d").as_str(), "0111abcd");
    }
}
