//! From bytes to text, whatever the encoding (RFC 8259 §8.1, YAML 1.2 §5.2).

use std::borrow::Cow;

use super::Fault;
use crate::limits::DOCUMENT_MAX_BYTES;

/// The text of a document, without its mark of byte order.
pub(crate) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Fault> {
    if bytes.len() > DOCUMENT_MAX_BYTES {
        let message = format!(
            "The document has {} bytes; {DOCUMENT_MAX_BYTES} are the most.",
            bytes.len()
        );
        return Err(Fault {
            rule: "too-large",
            message,
            at: 0,
        });
    }
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        // A document starts with an ASCII character, so a zero says which half of it comes first.
        [first, 0, ..] if *first != 0 => utf16(bytes, u16::from_le_bytes),
        [0, second, ..] if *second != 0 => utf16(bytes, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, Fault> {
    std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| {
        let at = error.valid_up_to();
        let message = format!("Byte {at} is no UTF-8. Save the document as UTF-8.");
        Fault {
            rule: "encoding",
            message,
            at,
        }
    })
}

fn utf16<'a>(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'a, str>, Fault> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let text = rest
        .is_empty()
        .then(|| String::from_utf16(&pairs.iter().map(|pair| unit(*pair)).collect::<Vec<_>>()));
    match text {
        Some(Ok(text)) => Ok(Cow::Owned(text)),
        _ => {
            let message = "It looks like UTF-16 and is none. Save the document as UTF-8.".to_owned();
            Err(Fault {
                rule: "encoding",
                message,
                at: 0,
            })
        }
    }
}

/// Line and column, each from 1, of places in a text given in rising order.
pub(crate) fn lines(text: &str, places: &[usize]) -> Vec<(u32, u32)> {
    let (mut line, mut start, mut seen) = (1u32, 0usize, 0usize);
    places
        .iter()
        .map(|place| {
            let mut place = (*place).min(text.len());
            while !text.is_char_boundary(place) {
                place -= 1;
            }
            for (at, byte) in text.as_bytes()[seen..place].iter().enumerate() {
                if *byte == b'\n' {
                    line += 1;
                    start = seen + at + 1;
                }
            }
            seen = place;
            (line, text[start..place].chars().count() as u32 + 1)
        })
        .collect()
}
