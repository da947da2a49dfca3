//! JSON (RFC 8259), read in one loop.

use std::borrow::Cow;

use super::build::Builder;
use super::{Fault, Id, Noticed, Tree};

/// Puts a text's values into the tree; what it returns holds all of them.
pub(super) fn read(tree: &mut Tree, text: &str, noticed: &mut Vec<Noticed>) -> Result<Id, Fault> {
    let mut reader = Reader { text, at: 0 };
    let mut builder = Builder::new(tree, noticed);
    loop {
        // A value is due.
        reader.skip_space();
        let at = reader.at;
        let done = match reader.peek() {
            Some(open @ (b'{' | b'[')) => {
                reader.at += 1;
                builder.open(open == b'{', at)?;
                reader.skip_space();
                if reader.take(if open == b'{' { b'}' } else { b']' }) {
                    Some(builder.close()?.id)
                } else {
                    None
                }
            }
            Some(b'"') => Some(builder.text(&reader.string()?, at)?.id),
            Some(b'-' | b'0'..=b'9') => Some(builder.number(reader.number()?, at)?.id),
            Some(b't') => Some(reader.word("true").and_then(|()| builder.bool(true, at))?.id),
            Some(b'f') => Some(reader.word("false").and_then(|()| builder.bool(false, at))?.id),
            Some(b'n') => Some(reader.word("null").and_then(|()| builder.null(at))?.id),
            Some(_) => return Err(reader.fault("A value is expected here.")),
            None => return Err(reader.fault("It ends where a value is expected.")),
        };
        if let Some(mut done) = done {
            // What follows a value: a comma, or the ends of what holds it.
            loop {
                reader.skip_space();
                if builder.is_done() {
                    return match reader.peek() {
                        None => Ok(done),
                        Some(_) => Err(reader.fault("Nothing more is expected after the document's end.")),
                    };
                }
                let close = if builder.in_map() { b'}' } else { b']' };
                if reader.take(b',') {
                    break;
                }
                if !reader.take(close) {
                    let message = format!("A comma or {:?} is expected here.", char::from(close));
                    return Err(reader.fault(&message));
                }
                done = builder.close()?.id;
            }
        }
        if builder.wants_key() {
            reader.skip_space();
            if reader.peek() != Some(b'"') {
                return Err(reader.fault("A key in double quotes is expected here."));
            }
            builder.key(&reader.string()?);
            reader.skip_space();
            if !reader.take(b':') {
                return Err(reader.fault("A colon is expected after a key."));
            }
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_it = self.peek() == Some(byte);
        self.at += usize::from(is_it);
        is_it
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn fault(&self, message: &str) -> Fault {
        Fault {
            rule: "syntax",
            message: format!("This is no JSON. {message}"),
            at: self.at,
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Fault> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.fault("A value is expected here."));
        }
        self.at += word.len();
        Ok(())
    }

    /// A number as it stands (RFC 8259 §6).
    fn number(&mut self) -> Result<&'a str, Fault> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') && self.digits() == 0 {
            return Err(self.fault("A digit is expected here."));
        }
        if self.take(b'.') && self.digits() == 0 {
            return Err(self.fault("A digit is expected after the point."));
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'+') || self.take(b'-');
            if self.digits() == 0 {
                return Err(self.fault("A digit is expected in the exponent."));
            }
        }
        Ok(&self.text[start..self.at])
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        self.at - start
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        self.at += 1;
        let start = self.at;
        let mut written: Option<String> = None;
        let mut from = start;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let rest = &self.text[from..self.at];
                    self.at += 1;
                    return Ok(match written {
                        None => Cow::Borrowed(rest),
                        Some(written) => Cow::Owned(written + rest),
                    });
                }
                Some(b'\\') => {
                    let written = written.get_or_insert_default();
                    written.push_str(&self.text[from..self.at]);
                    self.at += 1;
                    written.push(self.escaped()?);
                    from = self.at;
                }
                Some(0..=0x1f) => {
                    return Err(self.fault("A control character has to be written as an escape, as in \\n."));
                }
                Some(_) => self.at += 1,
                None => return Err(self.fault("A text has no end.")),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, Fault> {
        let byte = self.peek();
        self.at += 1;
        Ok(match byte {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unit(),
            _ => {
                self.at -= 1;
                return Err(self.fault("There is no such escape."));
            }
        })
    }

    /// A `\uXXXX`, or two that are one character; half of one alone becomes U+FFFD.
    fn unit(&mut self) -> Result<char, Fault> {
        let first = self.hex()?;
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        let is_high = (0xd800..0xdc00).contains(&first);
        let after = self.at;
        if is_high && self.take(b'\\') && self.take(b'u') {
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                let value = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        self.at = after;
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&mut self) -> Result<u32, Fault> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4);
        let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let value = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let value = value.ok_or_else(|| self.fault("Four hexadecimal digits are expected after \\u."))?;
        self.at += 4;
        Ok(value)
    }
}
