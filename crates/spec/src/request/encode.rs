//! Percent-encoding (RFC 3986 §2.1) and what HTTP allows in a name.

use std::fmt::Write as _;

/// Everything but unreserved characters (RFC 3986 §2.3) is encoded.
pub fn strict(text: &str) -> String {
    encode(text, |_| false, false)
}

/// What an author wrote around the names of a path's template.
pub(super) fn template(text: &str) -> String {
    Coding::Reserved.value(text)
}

/// How names and values are written.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Coding {
    /// Everything but unreserved characters is encoded.
    Strict,
    /// Reserved characters stay, and so does what is encoded already (RFC 6570 §3.2.3), except where a client would take them for
    /// something else: `#` ends a query, `[` and `]` have no place in one, and WHATWG URL encodes `'`.
    Reserved,
    /// The same in a path, whose parts and end are not a value's to set.
    ReservedInPath,
    /// Nothing is: whoever sends it encodes it.
    None,
}

impl Coding {
    /// A value.
    pub(super) fn value(self, text: &str) -> String {
        match self {
            Self::Strict => strict(text),
            Self::Reserved => encode(text, |byte| b":/?@!$&()*+,;=".contains(&byte), true),
            Self::ReservedInPath => encode(text, |byte| b":@!$&()*+,;=".contains(&byte), true),
            Self::None => text.to_owned(),
        }
    }

    /// A name; reserved characters would end it.
    pub(super) fn name(self, text: &str) -> String {
        if self == Self::None {
            text.to_owned()
        } else {
            strict(text)
        }
    }
}

fn encode(text: &str, keeps: impl Fn(u8) -> bool, keeps_encoded: bool) -> String {
    let bytes = text.as_bytes();
    let mut encoded = String::with_capacity(text.len());
    for (at, &byte) in bytes.iter().enumerate() {
        let is_encoded = || {
            let digits = bytes.get(at + 1..at + 3);
            keeps_encoded && byte == b'%' && digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        };
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keeps(byte) || is_encoded() {
            encoded.push(char::from(byte));
        } else {
            _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Whether something can be a method or the name of a header field (RFC 9110 §5.6.2).
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Whether something can be a media type as it stands in a header field.
pub(super) fn is_media_type(text: &str) -> bool {
    let (kind, rest) = text.split_once('/').unwrap_or_default();
    let (subtype, parameters) = rest.split_once(';').unwrap_or((rest, ""));
    is_token(kind) && is_token(subtype.trim_end()) && parameters.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}
