//! Takes a credential out of what comes back.
//!
//! A service may echo what it was sent, as it was or written in another way: percent-encoded, in escapes of JSON, JavaScript or HTML,
//! in hexadecimal digits, or inside of something in base64. Whatever of that holds a whole secret goes, also where an answer comes in
//! pieces and one ends in the middle of it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

/// What stands in the place of a credential.
pub const CONCEALED: &str = "•••";
/// Shorter ones would be found everywhere by chance, and are no secrets.
const SECRET_MIN_BYTES: usize = 6;

/// How far a secret is there.
enum Find {
    Not,
    /// All of it that fits; the data ends in its middle.
    Open,
    /// So many bytes are it.
    Whole(usize),
}

/// Takes secrets out of a stream of bytes.
pub(crate) struct Concealer {
    /// Found in any mixture of escapes.
    secrets: Vec<Zeroizing<Vec<u8>>>,
    /// Found as they are.
    needles: Vec<Zeroizing<Vec<u8>>>,
    /// What any of them may begin with.
    begins: [bool; 256],
    /// The end of what came, which may be the beginning of a secret.
    held: Zeroizing<Vec<u8>>,
    /// Whether any was found.
    pub(crate) found: bool,
}

impl Concealer {
    /// Looks for these.
    pub(crate) fn new<'s>(secrets: impl IntoIterator<Item = &'s SecretString>) -> Self {
        let mut concealer = Self {
            secrets: Vec::new(),
            needles: Vec::new(),
            begins: [false; 256],
            held: Zeroizing::default(),
            found: false,
        };
        for secret in secrets {
            let bytes = secret.expose_secret().as_bytes();
            if bytes.len() >= SECRET_MIN_BYTES {
                concealer.secrets.push(Zeroizing::new(bytes.to_vec()));
                concealer.needles.extend(written_in_other_digits(bytes));
            }
        }
        for first in concealer.secrets.iter().chain(&concealer.needles).map(|text| text[0]) {
            concealer.begins[usize::from(first)] = true;
        }
        if !concealer.secrets.is_empty() {
            for escape in b"%=\\&" {
                concealer.begins[usize::from(*escape)] = true;
            }
        }
        concealer
    }

    /// What can be shown after these bytes came.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(bytes);
        let (shown, rest) = self.pass(&all, false);
        self.held = Zeroizing::new(all[rest..].to_vec());
        shown
    }

    /// What is left when nothing more comes.
    pub(crate) fn end(&mut self) -> Vec<u8> {
        let all = std::mem::take(&mut self.held);
        self.pass(&all, true).0
    }

    /// The same for a text that is there as a whole.
    pub(crate) fn text(&mut self, text: &str) -> String {
        let shown = self.pass(text.as_bytes(), true).0;
        String::from_utf8(shown).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    /// What can be shown of `all`, and from where on it has to be held.
    fn pass(&mut self, all: &[u8], is_end: bool) -> (Vec<u8>, usize) {
        let mut shown = Vec::with_capacity(all.len());
        let mut at = 0;
        while let Some(&first) = all.get(at) {
            if !self.begins[usize::from(first)] {
                shown.push(first);
                at += 1;
                continue;
            }
            match self.find(&all[at..]) {
                Find::Whole(length) => {
                    shown.extend_from_slice(CONCEALED.as_bytes());
                    self.found = true;
                    at += length;
                }
                Find::Open if !is_end => break,
                Find::Open | Find::Not => {
                    shown.push(first);
                    at += 1;
                }
            }
        }
        (shown, at)
    }

    fn find(&self, rest: &[u8]) -> Find {
        let mut open = false;
        let escaped = self.secrets.iter().map(|secret| escaped(rest, secret));
        let plain = self.needles.iter().map(|needle| plain(rest, needle));
        for find in escaped.chain(plain) {
            match find {
                Find::Whole(length) => return Find::Whole(length),
                Find::Open => open = true,
                Find::Not => {}
            }
        }
        if open { Find::Open } else { Find::Not }
    }
}

/// Hexadecimal digits, and base64 of something that holds the secret: at each of three places of a group, without what also depends on
/// the bytes around it.
fn written_in_other_digits(secret: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let hex = |digits: &[u8; 16]| {
        let nibbles = secret.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        Zeroizing::new(nibbles.map(|nibble| digits[usize::from(nibble)]).collect::<Vec<u8>>())
    };
    let mut all = vec![hex(b"0123456789abcdef"), hex(b"0123456789ABCDEF")];
    for before in 0..3 {
        let mut padded = Zeroizing::new(vec![0; before]);
        padded.extend_from_slice(secret);
        // Six bits a letter: the first whole one, and the last.
        let (first, last) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
        for text in [STANDARD_NO_PAD.encode(&*padded), URL_SAFE_NO_PAD.encode(&*padded)] {
            let text = Zeroizing::new(text.into_bytes());
            all.push(Zeroizing::new(text[first..last].to_vec()));
        }
    }
    all
}

fn plain(rest: &[u8], needle: &[u8]) -> Find {
    if rest.starts_with(needle) {
        Find::Whole(needle.len())
    } else if needle.starts_with(rest) {
        Find::Open
    } else {
        Find::Not
    }
}

fn escaped(rest: &[u8], secret: &[u8]) -> Find {
    let mut at = 0;
    for wanted in secret {
        match unit(&rest[at..], *wanted) {
            Find::Whole(length) => at += length,
            other => return other,
        }
    }
    Find::Whole(at)
}

/// One byte of a secret, as it is or in an escape: `%73` (RFC 3986), `=73` (RFC 2045), `\u0073` and `\x73` (JSON, JavaScript), `\/`,
/// `&#115;` and `&#x73;` (HTML).
fn unit(rest: &[u8], wanted: u8) -> Find {
    let Some(&first) = rest.first() else { return Find::Open };
    if first == wanted {
        return Find::Whole(1);
    }
    let hex = |from: usize, digits: usize| digits_are(&rest[from.min(rest.len())..], digits, wanted, from);
    match (first, rest.get(1)) {
        (b'%' | b'=', _) => hex(1, 2),
        (b'\\', None) | (b'&', None) => Find::Open,
        (b'\\', Some(b'u')) => hex(2, 4),
        (b'\\', Some(b'x')) => hex(2, 2),
        (b'\\', Some(next)) if *next == wanted => Find::Whole(2),
        (b'&', Some(b'#')) => html(rest, wanted),
        _ => Find::Not,
    }
}

/// So many hexadecimal digits, after `before` bytes of an escape.
fn digits_are(rest: &[u8], digits: usize, wanted: u8, before: usize) -> Find {
    let there = &rest[..digits.min(rest.len())];
    if !there.iter().all(u8::is_ascii_hexdigit) {
        return Find::Not;
    }
    let expected = format!("{wanted:0digits$x}");
    let begins = expected.as_bytes()[..there.len()].eq_ignore_ascii_case(there);
    match (begins, there.len() == digits) {
        (true, true) => Find::Whole(before + digits),
        (true, false) => Find::Open,
        (false, _) => Find::Not,
    }
}

/// Longest reference to a character that is looked at: `&#x00000073;`
const REFERENCE_MAX_BYTES: usize = 12;

fn html(rest: &[u8], wanted: u8) -> Find {
    let Some(end) = rest.iter().take(REFERENCE_MAX_BYTES).position(|byte| *byte == b';') else {
        let is_short = rest.len() < REFERENCE_MAX_BYTES && rest[2..].iter().all(u8::is_ascii_alphanumeric);
        return if is_short { Find::Open } else { Find::Not };
    };
    let number = std::str::from_utf8(&rest[2..end]).unwrap_or_default();
    let value = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => number.parse(),
    };
    match value {
        Ok(value) if value == u32::from(wanted) => Find::Whole(end + 1),
        _ => Find::Not,
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

    use super::*;

    const SECRET: &str = "sk_test_8LkPq2Rt5Vx9Zb3Nd6Gh0Jm4Sw7Yc1Ea2FvU9xQwAb";

    fn concealer() -> Concealer {
        Concealer::new([&SecretString::from(SECRET)])
    }

    /// The secret in each way that is looked for, between other text.
    fn spellings() -> Vec<String> {
        let each = |write: &dyn Fn(u8) -> String| SECRET.bytes().map(write).collect::<String>();
        let mut all = vec![
            SECRET.to_owned(),
            each(&|byte| format!("%{byte:02X}")),
            each(&|byte| format!("\\u{byte:04x}")),
            each(&|byte| format!("\\x{byte:02x}")),
            each(&|byte| format!("&#{byte};")),
            each(&|byte| format!("&#x{byte:X};")),
            each(&|byte| format!("{byte:02x}")),
            SECRET.replace('_', "%5F"),
            SECRET.replace('_', "\\_"),
        ];
        for before in ["", "a", "ab", "{\"X-Api-Key\":\"", "client:"] {
            all.push(STANDARD.encode(format!("{before}{SECRET}\"}}")));
            all.push(URL_SAFE_NO_PAD.encode(format!("{before}{SECRET}")));
        }
        all
    }

    #[test]
    fn a_secret_is_taken_out_however_it_is_written() {
        for spelling in spellings() {
            let mut concealer = concealer();
            let shown = concealer.text(&format!("before {spelling} after"));
            assert!(concealer.found, "{spelling}");
            assert!(shown.starts_with("before ") && shown.ends_with(" after"), "{shown}");
            assert!(shown.len() < 40 + 2 * 20, "{shown}");
        }
    }

    #[test]
    fn what_is_no_secret_is_shown_at_once_and_as_it_is() {
        let mut concealer = concealer();
        let text = "sk_test_ is what keys begin with; 100% \\u00e4 &amp; c2t_dGVzdA==.";
        assert_eq!(concealer.feed(text.as_bytes()), text.as_bytes());
        assert_eq!(concealer.feed("sk_test_8Lk".as_bytes()), b"");
        assert_eq!(concealer.feed("x".as_bytes()), b"sk_test_8Lkx");
        assert_eq!(concealer.feed("sk_test_8".as_bytes()), b"");
        assert_eq!(concealer.end(), b"sk_test_8");
        assert!(!concealer.found);
    }

    proptest! {
        #[test]
        fn pieces_show_what_the_whole_shows(
            parts in prop::collection::vec(prop::sample::select({
                let mut all = spellings();
                all.extend(["", " ", "sk_", "%73", "\\u00", "&#", SECRET[..20].into()].map(String::from));
                all
            }), 1..5),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let all = parts.concat();
            let whole = concealer().text(&all);
            let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(all.len() + 1)).collect();
            places.sort_unstable();
            places.push(all.len());
            let (mut pieces, mut from, mut in_pieces) = (concealer(), 0, Vec::new());
            for place in places {
                in_pieces.extend(pieces.feed(&all.as_bytes()[from..place]));
                from = place;
            }
            in_pieces.extend(pieces.end());
            prop_assert_eq!(String::from_utf8_lossy(&in_pieces).into_owned(), whole.clone());
            prop_assert!(!whole.contains(SECRET));
        }
    }
}
