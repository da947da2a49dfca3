//! An answer on its way to whoever looks at it: decoded, without the credential, and never longer than it may be.

use std::io::{self, Write};

use flate2::write::{MultiGzDecoder, ZlibDecoder};
use gatewright_spec::request::{BodyKind, body_kind};
use http::{HeaderMap, HeaderName, header};

use super::conceal::Concealer;
use super::limits::ANSWER_MAX_BYTES;

/// Fields that concern the connection (RFC 9110 §7.6.1), and cookies, which are nobody's here.
const LEFT_OUT: [HeaderName; 9] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::SET_COOKIE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("set-cookie2"),
];
/// The same by names that the library has no constant for.
const LEFT_OUT_TOO: [&str; 2] = ["keep-alive", "proxy-connection"];

/// A piece of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Of a text.
    Text(String),
    /// Of anything else.
    Bytes(Vec<u8>),
}

/// Reads one answer.
pub(crate) struct Reader {
    decoder: Decoder,
    concealer: Concealer,
    /// The beginning of a letter whose end has not come.
    letter: Vec<u8>,
    pub(crate) media_type: Option<String>,
    pub(crate) is_text: bool,
    left: usize,
    /// How many bytes came.
    pub(crate) bytes: u64,
    /// Whether there is more than was shown.
    pub(crate) cut: bool,
    /// Why the body is not shown.
    pub(crate) note: Option<String>,
}

enum Decoder {
    None,
    Gzip(MultiGzDecoder<Bounded>),
    Zlib(ZlibDecoder<Bounded>),
    /// The body cannot be looked through, so it is not shown.
    Unreadable,
}

/// Takes so much and not more: what is a few bytes on the wire may be gigabytes.
struct Bounded {
    out: Vec<u8>,
    left: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.left);
        if taken == 0 && !bytes.is_empty() {
            return Err(io::Error::other("longer than is shown"));
        }
        self.left -= taken;
        self.out.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Reader {
    /// Of an answer with these fields.
    pub(crate) fn new(fields: &HeaderMap, concealer: Concealer) -> Self {
        let text = |name| fields.get(name).and_then(|value| value.to_str().ok());
        let media_type = text(&header::CONTENT_TYPE).map(str::to_owned);
        let bounded = || Bounded {
            out: Vec::new(),
            left: ANSWER_MAX_BYTES,
        };
        let codings: Vec<String> = fields
            .get_all(header::CONTENT_ENCODING)
            .iter()
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .map(|coding| String::from_utf8_lossy(coding.trim_ascii()).to_ascii_lowercase())
            .filter(|coding| !coding.is_empty() && coding != "identity")
            .collect();
        let (decoder, note) = match codings.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [] => (Decoder::None, None),
            ["gzip" | "x-gzip"] => (Decoder::Gzip(MultiGzDecoder::new(bounded())), None),
            ["deflate"] => (Decoder::Zlib(ZlibDecoder::new(bounded())), None),
            _ => {
                let note =
                    "The body is not shown: it is encoded in a way that was not asked for and cannot be read here.";
                (Decoder::Unreadable, Some(note.to_owned()))
            }
        };
        Self {
            decoder,
            concealer,
            letter: Vec::new(),
            is_text: media_type.as_deref().is_some_and(is_text),
            media_type,
            left: ANSWER_MAX_BYTES,
            bytes: 0,
            cut: false,
            note,
        }
    }

    /// Whether the credential was in the answer.
    pub(crate) const fn stripped(&self) -> bool {
        self.concealer.found
    }

    /// The header fields that are shown.
    pub(crate) fn fields(&mut self, fields: &HeaderMap) -> Vec<(String, String)> {
        let mut shown = Vec::new();
        for (name, value) in fields {
            if LEFT_OUT.contains(name) || LEFT_OUT_TOO.contains(&name.as_str()) {
                continue;
            }
            let value = String::from_utf8_lossy(value.as_bytes());
            shown.push((name.to_string(), self.concealer.text(&value)));
        }
        shown
    }

    /// What can be shown after these bytes came; none: nothing yet.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Option<Piece> {
        self.bytes += bytes.len() as u64;
        let decoded = self.decode(bytes);
        let shown = self.concealer.feed(&decoded);
        self.piece(shown)
    }

    /// What is left at the body's end.
    pub(crate) fn end(&mut self) -> Option<Piece> {
        let mut shown = self.concealer.end();
        if self.is_text {
            shown.splice(0..0, std::mem::take(&mut self.letter));
            return (!shown.is_empty()).then(|| Piece::Text(String::from_utf8_lossy(&shown).into_owned()));
        }
        self.piece(shown)
    }

    fn decode(&mut self, bytes: &[u8]) -> Vec<u8> {
        let (result, bounded) = match &mut self.decoder {
            Decoder::Unreadable => return Vec::new(),
            Decoder::None => {
                let taken = bytes.len().min(self.left);
                self.left -= taken;
                self.cut |= taken < bytes.len();
                return bytes[..taken].to_vec();
            }
            // What was decoded is given out at once: a stream of events may be compressed, too.
            Decoder::Gzip(decoder) => (
                decoder.write_all(bytes).and_then(|()| decoder.flush()),
                decoder.get_mut(),
            ),
            Decoder::Zlib(decoder) => (
                decoder.write_all(bytes).and_then(|()| decoder.flush()),
                decoder.get_mut(),
            ),
        };
        if result.is_err() {
            if bounded.left == 0 {
                self.cut = true;
            } else {
                self.note = Some("The body breaks off here: it is not encoded as its head says.".to_owned());
            }
        }
        let decoded = std::mem::take(&mut bounded.out);
        if result.is_err() {
            self.decoder = Decoder::Unreadable;
        }
        decoded
    }

    fn piece(&mut self, mut shown: Vec<u8>) -> Option<Piece> {
        if !self.is_text {
            return (!shown.is_empty()).then_some(Piece::Bytes(shown));
        }
        shown.splice(0..0, std::mem::take(&mut self.letter));
        if let Err(error) = std::str::from_utf8(&shown)
            && error.error_len().is_none()
        {
            self.letter = shown.split_off(error.valid_up_to());
        }
        (!shown.is_empty()).then(|| Piece::Text(String::from_utf8_lossy(&shown).into_owned()))
    }
}

/// Whether a media type is of texts.
fn is_text(media_type: &str) -> bool {
    matches!(body_kind(media_type), BodyKind::Json | BodyKind::Form | BodyKind::Text)
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use http::HeaderValue;
    use secrecy::SecretString;

    use super::*;

    const SECRET: &str = "sk_test_8LkPq2Rt5Vx9Zb3Nd6Gh0Jm4Sw7Yc1Ea2FvU9xQwAb";

    fn reader(fields: &[(&'static str, &'static str)]) -> Reader {
        let fields = fields
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        Reader::new(&fields.collect(), Concealer::new([&SecretString::from(SECRET)]))
    }

    fn shown(piece: Piece) -> String {
        match piece {
            Piece::Text(text) => text,
            Piece::Bytes(bytes) => format!("{bytes:?}"),
        }
    }

    fn read(reader: &mut Reader, pieces: &[&[u8]]) -> String {
        let mut all = String::new();
        for piece in pieces.iter().map(|piece| reader.feed(piece)).collect::<Vec<_>>() {
            all.extend(piece.map(shown));
        }
        all.extend(reader.end().map(shown));
        all
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn letters_and_secrets_are_whole_whatever_the_pieces() {
        let text = format!("grün {SECRET} blau");
        let mut reader = reader(&[("content-type", "text/plain; charset=utf-8")]);
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(read(&mut reader, &pieces), "grün ••• blau");
        assert!(reader.stripped());
        assert_eq!(reader.bytes, text.len() as u64);
    }

    #[test]
    fn what_is_compressed_is_looked_through() {
        let mut reader = reader(&[("content-type", "application/json"), ("content-encoding", "gzip")]);
        let body = gzip(format!("{{\"key\":\"{SECRET}\"}}").as_bytes());
        assert_eq!(read(&mut reader, &[&body[..7], &body[7..]]), "{\"key\":\"•••\"}");
        assert!(reader.stripped());
    }

    #[test]
    fn a_bomb_is_a_megabyte_of_it_and_no_more() {
        let mut reader = reader(&[("content-type", "text/plain"), ("content-encoding", "gzip")]);
        let bomb = gzip(&vec![b'0'; 64 * 1024 * 1024]);
        let pieces: Vec<&[u8]> = bomb.chunks(4096).collect();
        assert_eq!(read(&mut reader, &pieces).len(), ANSWER_MAX_BYTES);
        assert!(reader.cut);
    }

    #[test]
    fn what_cannot_be_looked_through_is_not_shown() {
        let mut reader = reader(&[("content-type", "text/plain"), ("content-encoding", "br")]);
        assert_eq!(read(&mut reader, &[b"anything"]), "");
        assert!(reader.note.is_some());
    }

    #[test]
    fn cookies_and_hops_are_left_out_and_echoes_concealed() {
        let fields: HeaderMap = [
            ("set-cookie", "a=b"),
            ("connection", "keep-alive"),
            ("keep-alive", "timeout=5"),
            ("x-echo", "sk_test_8LkPq2Rt5Vx9Zb3Nd6Gh0Jm4Sw7Yc1Ea2FvU9xQwAb"),
            ("content-type", "text/plain"),
        ]
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .into_iter()
        .collect();
        let mut reader = reader(&[]);
        let shown = reader.fields(&fields);
        let expected = [("x-echo", "•••"), ("content-type", "text/plain")];
        assert_eq!(shown, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert!(reader.stripped());
    }
}
