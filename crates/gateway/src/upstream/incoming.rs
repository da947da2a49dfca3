//! The body of an answer, taken off the bytes that came.

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::answer::Malformed;
use crate::limits::{ANSWER_FIELDS, CHUNK_LINE_BYTES, TRAILER_BYTES};

/// How the rest of a body ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// After as many more bytes.
    Length(u64),
    /// With its last chunk (RFC 9112 §7.1).
    Chunked(Chunks),
    /// With its connection.
    Close,
}

/// Where in a chunked body we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chunks {
    /// A size comes.
    Size,
    /// As many more bytes of a chunk come, then its line end.
    Data(u64),
    /// A chunk's line end comes.
    LineEnd,
    /// Trailers come, or the empty line that says there are none.
    Trailers,
    /// Nothing comes.
    Done,
}

/// What could be taken.
#[derive(Debug)]
pub(crate) enum Step {
    /// A part of the body; never empty.
    Data(Bytes),
    /// Its trailers, and with them its end.
    Trailers(HeaderMap),
    /// Its end.
    End,
    /// More has to be read first.
    More,
}

impl Ending {
    /// At the beginning of a chunked body.
    pub(crate) const fn chunked() -> Self {
        Self::Chunked(Chunks::Size)
    }

    /// How much is to come, where that is known.
    pub(crate) const fn left(&self) -> Option<u64> {
        match self {
            Self::Length(left) => Some(*left),
            Self::Chunked(Chunks::Done) => Some(0),
            Self::Chunked(_) | Self::Close => None,
        }
    }

    /// Takes what the buffer holds of the body.
    pub(crate) fn take(&mut self, buffer: &mut BytesMut) -> Result<Step, Malformed> {
        match self {
            Self::Length(0) => Ok(Step::End),
            Self::Length(left) => Ok(take_data(left, buffer)),
            Self::Chunked(chunks) => chunks.take(buffer),
            Self::Close if buffer.is_empty() => Ok(Step::More),
            Self::Close => Ok(Step::Data(buffer.split().freeze())),
        }
    }
}

/// Takes up to `left` bytes.
fn take_data(left: &mut u64, buffer: &mut BytesMut) -> Step {
    if buffer.is_empty() {
        return Step::More;
    }
    let count = usize::try_from(*left).unwrap_or(usize::MAX).min(buffer.len());
    *left -= count as u64;
    Step::Data(buffer.split_to(count).freeze())
}

impl Chunks {
    fn take(&mut self, buffer: &mut BytesMut) -> Result<Step, Malformed> {
        loop {
            match self {
                Self::Done => return Ok(Step::End),
                Self::Size => {
                    let Some(size) = take_size(buffer)? else {
                        return Ok(Step::More);
                    };
                    *self = if size == 0 { Self::Trailers } else { Self::Data(size) };
                }
                Self::Data(left) => {
                    let step = take_data(left, buffer);
                    if *left == 0 {
                        *self = Self::LineEnd;
                    }
                    return Ok(step);
                }
                Self::LineEnd => {
                    if buffer.len() < 2 {
                        return Ok(Step::More);
                    }
                    if !buffer.starts_with(b"\r\n") {
                        return Err(Malformed);
                    }
                    buffer.advance(2);
                    *self = Self::Size;
                }
                Self::Trailers => {
                    let Some(trailers) = take_trailers(buffer)? else {
                        return Ok(Step::More);
                    };
                    *self = Self::Done;
                    return Ok(if trailers.is_empty() {
                        Step::End
                    } else {
                        Step::Trailers(trailers)
                    });
                }
            }
        }
    }
}

/// A chunk's size. Extensions are read over (RFC 9112 §7.1.1), a bare LF is no line end.
fn take_size(buffer: &mut BytesMut) -> Result<Option<u64>, Malformed> {
    let Some(end) = buffer.iter().take(CHUNK_LINE_BYTES).position(|&byte| byte == b'\n') else {
        return if buffer.len() < CHUNK_LINE_BYTES {
            Ok(None)
        } else {
            Err(Malformed)
        };
    };
    let line = buffer[..end].strip_suffix(b"\r").ok_or(Malformed)?;
    if line.contains(&b'\r') {
        return Err(Malformed);
    }
    let digits = line.split(|&byte| byte == b';').next().unwrap_or_default();
    // A service may pad before an extension, which is bad manners and harmless.
    let digits = digits.trim_ascii_end();
    // 15 digits are 60 bits: no overflow, and more than anybody sends.
    if digits.is_empty() || digits.len() > 15 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(Malformed);
    }
    let digits = std::str::from_utf8(digits).map_err(|_| Malformed)?;
    let size = u64::from_str_radix(digits, 16).map_err(|_| Malformed)?;
    buffer.advance(end + 1);
    Ok(Some(size))
}

fn take_trailers(buffer: &mut BytesMut) -> Result<Option<HeaderMap>, Malformed> {
    let mut lines = [httparse::EMPTY_HEADER; ANSWER_FIELDS];
    let (length, lines) = match httparse::parse_headers(buffer, &mut lines) {
        Ok(httparse::Status::Complete(parsed)) => parsed,
        Ok(httparse::Status::Partial) if buffer.len() < TRAILER_BYTES => return Ok(None),
        Ok(httparse::Status::Partial) | Err(_) => return Err(Malformed),
    };
    // httparse takes a bare LF for a line end, which others do not.
    let has_bare_lf = |text: &[u8]| (0..text.len()).any(|at| text[at] == b'\n' && (at == 0 || text[at - 1] != b'\r'));
    if has_bare_lf(&buffer[..length]) {
        return Err(Malformed);
    }
    let mut trailers = HeaderMap::with_capacity(lines.len());
    for line in lines {
        let name = HeaderName::from_bytes(line.name.as_bytes()).map_err(|_| Malformed)?;
        let value = HeaderValue::from_bytes(line.value).map_err(|_| Malformed)?;
        trailers.append(name, value);
    }
    buffer.advance(length);
    Ok(Some(trailers))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that is taken when the bytes arrive in these pieces.
    fn take_all(mut ending: Ending, pieces: &[&[u8]]) -> (Vec<u8>, Option<HeaderMap>, bool) {
        let (mut buffer, mut data, mut trailers) = (BytesMut::new(), Vec::new(), None);
        for piece in pieces {
            buffer.extend_from_slice(piece);
            loop {
                match ending.take(&mut buffer).unwrap() {
                    Step::Data(part) => data.extend_from_slice(&part),
                    Step::Trailers(fields) => trailers = Some(fields),
                    Step::End => return (data, trailers, true),
                    Step::More => break,
                }
            }
        }
        (data, trailers, false)
    }

    #[test]
    fn a_chunked_body_is_the_same_wherever_it_is_cut() {
        let text = b"5;name=\"v\"\r\nhello\r\n00A\r\n, world, 1\r\n0\r\nx-sum: 7\r\n\r\n";
        let whole = take_all(Ending::chunked(), &[text]);
        assert_eq!((whole.0.as_slice(), whole.2), (b"hello, world, 1".as_slice(), true));
        assert_eq!(whole.1.as_ref().unwrap()["x-sum"], "7");
        for first in 0..text.len() {
            for second in first..text.len() {
                let cut = [&text[..first], &text[first..second], &text[second..]];
                assert_eq!(take_all(Ending::chunked(), &cut), whole, "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn a_chunk_that_can_be_read_in_two_ways_is_refused() {
        for text in [
            "\r\n",
            "g\r\n",
            "+5\r\n",
            "0x5\r\n",
            " 5\r\n",
            "5\n",
            "5\r5\r\n",
            "1000000000000000\r\n",
            "1\r\nab\r\n",
            "0\r\na: b\n\r\n",
        ] {
            let mut buffer = BytesMut::from(text);
            let mut ending = Ending::chunked();
            let refused = (0..4).any(|_| ending.take(&mut buffer).is_err());
            assert!(refused, "{text:?}");
        }
        let mut endless = BytesMut::from(&[b'0'; CHUNK_LINE_BYTES][..]);
        assert!(Ending::chunked().take(&mut endless).is_err());
    }
}
