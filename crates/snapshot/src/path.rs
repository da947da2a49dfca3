//! One text for one path: what we match must be what the upstream sees.
//!
//! Servers disagree about `%2e%2e`, `//`, `\` and `..;`. Whoever decides on another reading than
//! the upstream can be walked around. So a path that has more than one reading is refused, and the
//! rest is brought into the one form of RFC 3986 §6.2.2 before anything looks at it.

use std::borrow::Cow;

/// Why a path, or a query, has more than one reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    /// It does not start with a slash.
    #[error("the path must start with /")]
    NotAbsolute,
    /// A byte that RFC 3986 §2 does not allow without percent-encoding, or a backslash.
    #[error("the path holds a control character, a space, a backslash, a # or a character outside ASCII")]
    ForbiddenByte,
    /// `//`.
    #[error("the path holds an empty segment (//)")]
    EmptySegment,
    /// `.` or `..`, in any spelling.
    #[error("the path holds a dot segment")]
    DotSegment,
    /// A percent sign that is not followed by two hexadecimal digits.
    #[error("the path holds a percent sign without two hexadecimal digits")]
    BrokenTriplet,
    /// An encoded control character, or a byte that no UTF-8 text contains.
    #[error("the path holds an encoded byte that no text contains")]
    ForbiddenTriplet,
    /// A byte of the query that RFC 3986 §3.4 does not allow as it stands.
    #[error("the query holds a control character, a # or a character outside ASCII")]
    ForbiddenQueryByte,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Slash,
    Dot,
    Percent,
    Forbidden,
}

const KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Forbidden; 256];
    let mut byte = 0x21;
    while byte < 0x7f {
        kinds[byte] = match byte as u8 {
            b'/' => Kind::Slash,
            b'.' => Kind::Dot,
            b'%' => Kind::Percent,
            b'\\' | b'#' | b'?' => Kind::Forbidden,
            _ => Kind::Plain,
        };
        byte += 1;
    }
    kinds
};

/// The one form of a path, or why it has none.
///
/// Encoded unreserved characters are decoded and hexadecimal digits are put in upper case
/// (RFC 3986 §6.2.2.1, §6.2.2.2); `%2F` and `%5C` stay as they are, in what is matched and in what
/// is forwarded. Normalizing twice changes nothing. A path in normal form costs one scan.
///
/// # Errors
///
/// [`PathFault`] when servers are known to read the path differently.
pub fn normalize(path: &str) -> Result<Cow<'_, str>, PathFault> {
    let bytes = path.as_bytes();
    if bytes.first() != Some(&b'/') {
        return Err(PathFault::NotAbsolute);
    }
    let mut after_slash = false;
    let mut wants_a_closer_look = false;
    for &byte in bytes {
        match KINDS[byte as usize] {
            Kind::Plain => after_slash = false,
            Kind::Slash if after_slash => return Err(PathFault::EmptySegment),
            Kind::Slash => after_slash = true,
            Kind::Dot => {
                wants_a_closer_look |= after_slash;
                after_slash = false;
            }
            Kind::Percent => {
                wants_a_closer_look = true;
                after_slash = false;
            }
            Kind::Forbidden => return Err(PathFault::ForbiddenByte),
        }
    }
    if wants_a_closer_look {
        rewrite(path)
    } else {
        Ok(Cow::Borrowed(path))
    }
}

#[cold]
fn rewrite(path: &str) -> Result<Cow<'_, str>, PathFault> {
    let mut normal = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        normal.push_str(&rest[..at]);
        let digits = rest.as_bytes().get(at + 1..at + 3).ok_or(PathFault::BrokenTriplet)?;
        let value = hex(digits[0])? << 4 | hex(digits[1])?;
        match value {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => normal.push(char::from(value)),
            // RFC 3629 §3: 0xC0 and 0xC1 only start overlong forms, as in %C0%AF for a slash.
            0x00..=0x1f | 0x7f | 0xc0 | 0xc1 => return Err(PathFault::ForbiddenTriplet),
            _ => {
                normal.push('%');
                normal.extend(digits.iter().map(|digit| char::from(digit.to_ascii_uppercase())));
            }
        }
        rest = &rest[at + 3..];
    }
    normal.push_str(rest);
    if has_dot_segment(&normal) {
        return Err(PathFault::DotSegment);
    }
    Ok(if normal == path {
        Cow::Borrowed(path)
    } else {
        Cow::Owned(normal)
    })
}

fn hex(digit: u8) -> Result<u8, PathFault> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(PathFault::BrokenTriplet),
    }
}

/// Whether any server might read `.` or `..` somewhere in a normalized path.
///
/// Some decode `%2F` and `%5C` before they resolve dots, some strip `;parameters` from each segment
/// first (`/..;/` is `/../` to a servlet container).
fn has_dot_segment(normal: &str) -> bool {
    if !normal.contains('.') {
        return false;
    }
    let separated = normal.replace("%2F", "/").replace("%5C", "/").replace("%3B", ";");
    separated.split('/').any(|segment| {
        let name = segment.split_once(';').map_or(segment, |(name, _)| name);
        name == "." || name == ".."
    })
}

/// Judges a query, which is passed on untouched.
///
/// # Errors
///
/// [`PathFault::ForbiddenQueryByte`] for bytes that would have to be percent-encoded.
pub fn check_query(query: &str) -> Result<(), PathFault> {
    if query.bytes().all(|byte| matches!(byte, 0x21..=0x7e) && byte != b'#') {
        Ok(())
    } else {
        Err(PathFault::ForbiddenQueryByte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    #[test]
    fn a_path_in_normal_form_is_not_copied() {
        for path in [
            "/",
            "/v1/translate/42",
            "/a/.well-known/x",
            "/a/b/",
            "/%2F/%C3%A4",
            "/a.b/..c/d..",
        ] {
            assert!(
                matches!(normalize(path), Ok(Cow::Borrowed(same)) if same == path),
                "{path}"
            );
        }
    }

    #[test]
    fn unreserved_characters_are_decoded_and_digits_are_put_in_upper_case() {
        assert_eq!(normalize("/%61%2d%7E%5f/%c3%a4").as_deref(), Ok("/a-~_/%C3%A4"));
        assert_eq!(normalize("/a%2fb").as_deref(), Ok("/a%2Fb"));
        assert_eq!(
            normalize("/a%252e").as_deref(),
            Ok("/a%252e"),
            "decoded once, never twice"
        );
    }

    #[test]
    fn what_servers_read_differently_is_refused() {
        let cases = [
            ("", PathFault::NotAbsolute),
            ("*", PathFault::NotAbsolute),
            ("/a//b", PathFault::EmptySegment),
            ("//", PathFault::EmptySegment),
            ("/.", PathFault::DotSegment),
            ("/a/../b", PathFault::DotSegment),
            ("/a/%2e%2E/b", PathFault::DotSegment),
            ("/a/.%2e", PathFault::DotSegment),
            ("/a%2f..%2fb", PathFault::DotSegment),
            ("/a%5c..%5Cb", PathFault::DotSegment),
            ("/a/..;x=1/b", PathFault::DotSegment),
            ("/a/..%3b/b", PathFault::DotSegment),
            ("/a\\b", PathFault::ForbiddenByte),
            ("/a b", PathFault::ForbiddenByte),
            ("/ä", PathFault::ForbiddenByte),
            ("/a\u{7f}", PathFault::ForbiddenByte),
            ("/a#b", PathFault::ForbiddenByte),
            ("/a%", PathFault::BrokenTriplet),
            ("/a%4", PathFault::BrokenTriplet),
            ("/a%zz", PathFault::BrokenTriplet),
            ("/a%€", PathFault::ForbiddenByte),
            ("/a%00", PathFault::ForbiddenTriplet),
            ("/a%0d%0a", PathFault::ForbiddenTriplet),
            ("/a%c0%af", PathFault::ForbiddenTriplet),
        ];
        for (path, fault) in cases {
            assert_eq!(normalize(path), Err(fault), "{path:?}");
        }
    }

    proptest! {
        #[test]
        fn normalizing_twice_changes_nothing(path in "/(%[0-9a-fA-F]{2}|[a-z./;%A-F2]){0,40}") {
            if let Ok(once) = normalize(&path) {
                prop_assert!(matches!(normalize(&once), Ok(Cow::Borrowed(_))), "{path:?} -> {once:?}");
            }
        }

        #[test]
        fn no_text_makes_it_panic_and_what_passes_is_visible_ascii(path in "(/|.){0,40}") {
            if let Ok(normal) = normalize(&path) {
                prop_assert!(normal.bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert!(!normal.contains("//"));
            }
        }

        #[test]
        fn a_query_passes_when_it_is_visible_ascii(query: String) {
            let visible = query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
            prop_assert_eq!(check_query(&query).is_ok(), visible);
        }
    }
}
