//! The head of an answer, and how its body ends (RFC 9112 §6.3).

use std::mem::MaybeUninit;

use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use super::incoming::Ending;
use crate::limits::{ANSWER_FIELDS, BUFFER_BYTES};

/// What came is no HTTP, or cannot be read in one way only.
#[derive(Debug)]
pub(crate) struct Malformed;

/// The head of an answer.
pub(crate) struct Head {
    /// Status and fields, as the service wrote them; one Content-Length at most.
    pub(crate) response: Response<()>,
    /// How the body ends.
    pub(crate) ending: Ending,
    /// Whether the service keeps the connection open (RFC 9112 §9.3).
    pub(crate) is_kept: bool,
}

/// Takes a head off the buffer; `None` when it is not whole yet.
pub(crate) fn take_head(buffer: &mut BytesMut, is_for_head: bool) -> Result<Option<Head>, Malformed> {
    let mut lines = [const { MaybeUninit::uninit() }; ANSWER_FIELDS];
    let mut parsed = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    let length = match config.parse_response_with_uninit_headers(&mut parsed, buffer, &mut lines) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if buffer.len() < BUFFER_BYTES => return Ok(None),
        Ok(httparse::Status::Partial) | Err(_) => return Err(Malformed),
    };
    let status = StatusCode::from_u16(parsed.code.ok_or(Malformed)?).map_err(|_| Malformed)?;
    let is_new = parsed.version == Some(1);
    // Where names and values lie, so that the buffer can be cut: they stay in it, uncopied.
    let base = buffer.as_ptr().addr();
    let place = |text: &[u8]| (text.as_ptr().addr() - base, text.len());
    let mut places = [((0, 0), (0, 0)); ANSWER_FIELDS];
    let count = parsed.headers.len();
    for (at, line) in places.iter_mut().zip(parsed.headers.iter()) {
        *at = (place(line.name.as_bytes()), place(line.value));
    }
    let text = buffer.split_to(length).freeze();
    let mut fields = HeaderMap::with_capacity(count + 2);
    for ((name_at, name_length), (value_at, value_length)) in places.into_iter().take(count) {
        let name = HeaderName::from_bytes(&text[name_at..name_at + name_length]).map_err(|_| Malformed)?;
        let value = text.slice(value_at..value_at + value_length);
        let value = HeaderValue::from_maybe_shared(value).map_err(|_| Malformed)?;
        fields.append(name, value);
    }
    let ending = ending(&mut fields, status, is_new, is_for_head)?;
    let is_kept = is_new && ending != Ending::Close && !says_close(&fields);
    let mut response = Response::new(());
    *response.status_mut() = status;
    *response.headers_mut() = fields;
    Ok(Some(Head {
        response,
        ending,
        is_kept,
    }))
}

/// RFC 9112 §6.3. Whatever could be read in two ways is refused instead.
fn ending(fields: &mut HeaderMap, status: StatusCode, is_new: bool, is_for_head: bool) -> Result<Ending, Malformed> {
    let length = length(fields)?;
    let mut codings = fields.get_all(header::TRANSFER_ENCODING).iter();
    let coding = codings.next().map(|coding| coding.as_bytes().to_ascii_lowercase());
    // We ask for no other coding (TE), and one that we passed on we could not undo.
    let is_strange = codings.next().is_some() || coding.as_ref().is_some_and(|coding| coding != b"chunked");
    if coding.is_some() && (is_strange || !is_new) {
        return Err(Malformed);
    }
    let has_none =
        is_for_head || status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    Ok(match (coding, length) {
        _ if has_none => Ending::Length(0),
        (Some(_), _) => Ending::chunked(),
        (None, Some(length)) => Ending::Length(length),
        (None, None) => Ending::Close,
    })
}

/// The length that the fields agree on; several equal ones become one (RFC 9110 §8.6).
fn length(fields: &mut HeaderMap) -> Result<Option<u64>, Malformed> {
    let lines = fields.get_all(header::CONTENT_LENGTH).iter();
    let mut lengths = lines.flat_map(|line| line.as_bytes().split(|&byte| byte == b','));
    let Some(first) = lengths.next() else {
        return Ok(None);
    };
    let length = digits(first)?;
    let mut is_only_one = true;
    for other in lengths {
        is_only_one = false;
        if digits(other.trim_ascii())? != length {
            return Err(Malformed);
        }
    }
    if !is_only_one {
        fields.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    Ok(Some(length))
}

/// Digits and nothing else: `+5` is no length.
fn digits(text: &[u8]) -> Result<u64, Malformed> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return Err(Malformed);
    }
    let text = std::str::from_utf8(text).map_err(|_| Malformed)?;
    text.parse().map_err(|_| Malformed)
}

fn says_close(fields: &HeaderMap) -> bool {
    let is_close = |token: &[u8]| token.trim_ascii().eq_ignore_ascii_case(b"close");
    let mut lines = fields.get_all(header::CONNECTION).iter();
    lines.any(|line| line.as_bytes().split(|&byte| byte == b',').any(is_close))
}
