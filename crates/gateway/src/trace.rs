//! Traces (W3C Trace Context, level 1): `traceparent` in and out, and a span per request that is sampled.
//!
//! A request whose caller sampled it is sampled; one without a caller's trace is sampled by chance. A
//! request that is not sampled costs one look into its fields, and its `traceparent` passes untouched.
//! Without a [`Tracing`] nothing of this happens.

use std::cell::Cell;
use std::time::Duration;

use gatewright_snapshot::{Gateway, Route};
use gatewright_types::{ProblemCode, Rng};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tokio::sync::mpsc;

pub(crate) static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(crate) static TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// `00-` trace id `-` parent id `-` flags.
const TEXT_LENGTH: usize = 55;
/// The flag that says that the caller records its part (§3.2.2.5.1).
const SAMPLED: u8 = 1;

/// How requests are traced.
#[derive(Clone, Debug)]
pub struct Tracing {
    /// Of requests without a caller's trace, how many are sampled: 0 to 1.
    pub ratio: f64,
    /// Where spans go. When it is full they are dropped and counted.
    pub spans: mpsc::Sender<Span>,
}

/// One request that was sampled.
#[derive(Clone, Debug)]
pub struct Span {
    /// The trace.
    pub trace_id: [u8; 16],
    /// This part of it.
    pub span_id: [u8; 8],
    /// The caller's part; `None` when the trace begins here.
    pub parent_id: Option<[u8; 8]>,
    /// When the request's head was here: milliseconds since 1970.
    pub started_at_ms: i64,
    /// From then on to the head of its answer.
    pub took: Duration,
    /// The request's method.
    pub method: Method,
    /// The gateway's slug.
    pub gateway: Option<String>,
    /// The route's public path template.
    pub route: Option<String>,
    /// The answer's status.
    pub status: u16,
    /// What was refused, when the answer is our own.
    pub problem: Option<ProblemCode>,
}

/// One core's part in it.
pub(crate) struct Tracer {
    tracing: Tracing,
    threshold: u64,
    state: Cell<u64>,
}

/// A request that is sampled.
pub(crate) struct Sampled {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    parent_id: Option<[u8; 8]>,
    /// The caller's flags.
    flags: u8,
    /// Whether a caller's `tracestate` still belongs to the trace.
    pub(crate) goes_on: bool,
    started_at_ms: i64,
    method: Method,
}

impl Tracer {
    /// Traces as it is told.
    pub(crate) fn new(tracing: Tracing, rng: &Rng) -> Self {
        Self {
            // Saturates at both ends.
            threshold: (tracing.ratio * u64::MAX as f64) as u64,
            state: Cell::new(u64::from_le_bytes(rng.bytes())),
            tracing,
        }
    }

    /// Decides whether a request is sampled.
    pub(crate) fn begin(&self, now_ms: i64, method: &Method, fields: &HeaderMap) -> Option<Sampled> {
        let parent = parent(fields);
        let is_sampled = match parent {
            Some((_, _, flags)) => flags & SAMPLED != 0,
            None => self.tracing.ratio > 0.0 && self.random() <= self.threshold,
        };
        if !is_sampled {
            return None;
        }
        let trace_id = match parent {
            Some((trace_id, _, _)) => trace_id,
            None => self.id::<16>(),
        };
        Some(Sampled {
            trace_id,
            span_id: self.id::<8>(),
            parent_id: parent.map(|(_, parent_id, _)| parent_id),
            flags: parent.map_or(SAMPLED, |(_, _, flags)| flags),
            goes_on: parent.is_some(),
            started_at_ms: now_ms,
            method: method.clone(),
        })
    }

    /// Hands a span over. Says whether there was room.
    pub(crate) fn end(
        &self,
        sampled: Sampled,
        gateway: Option<&Gateway>,
        route: Option<&Route>,
        status: StatusCode,
        problem: Option<ProblemCode>,
        took: Duration,
    ) -> bool {
        let span = Span {
            trace_id: sampled.trace_id,
            span_id: sampled.span_id,
            parent_id: sampled.parent_id,
            started_at_ms: sampled.started_at_ms,
            took,
            method: sampled.method,
            gateway: gateway.map(|gateway| gateway.slug.to_string()),
            route: route.map(|route| route.public_path.to_string()),
            status: status.as_u16(),
            problem,
        };
        self.tracing.spans.try_send(span).is_ok()
    }

    /// An id that is not all zeros, which would be none (§3.2.2.3).
    fn id<const LENGTH: usize>(&self) -> [u8; LENGTH] {
        let mut id = [0; LENGTH];
        for part in id.chunks_mut(8) {
            part.copy_from_slice(&(self.random() | 1).to_be_bytes()[..part.len()]);
        }
        id
    }

    /// SplitMix64, as for request ids: these have to be different, not hard to guess.
    fn random(&self) -> u64 {
        let state = self.state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.state.set(state);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Sampled {
    /// What the service gets: the same trace, with this part as its parent.
    pub(crate) fn text(&self) -> HeaderValue {
        let text = format!("00-{}-{}-{:02x}", hex(&self.trace_id), hex(&self.span_id), self.flags);
        HeaderValue::try_from(text).expect("hexadecimal digits are visible ASCII")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The caller's trace, part and flags; `None` for none and for what is not one (§3.2.2, §4.3).
fn parent(fields: &HeaderMap) -> Option<([u8; 16], [u8; 8], u8)> {
    let mut lines = fields.get_all(&TRACEPARENT).iter();
    let text = lines.next()?.as_bytes();
    if lines.next().is_some() || text.len() < TEXT_LENGTH {
        return None;
    }
    let version = digits::<1>(&text[..2])?[0];
    // A later version may go on after the flags; version 00 may not, and ff is none.
    let ends_well = match version {
        0xff => false,
        0 => text.len() == TEXT_LENGTH,
        _ => text.len() == TEXT_LENGTH || text[TEXT_LENGTH] == b'-',
    };
    if !ends_well || text[2] != b'-' || text[35] != b'-' || text[52] != b'-' {
        return None;
    }
    let trace_id = digits::<16>(&text[3..35])?;
    let parent_id = digits::<8>(&text[36..52])?;
    let flags = digits::<1>(&text[53..55])?[0];
    let is_none = trace_id == [0; 16] || parent_id == [0; 8];
    // Flags that version 00 does not know are not passed on (§3.2.2.5).
    (!is_none).then_some((trace_id, parent_id, flags & SAMPLED))
}

/// Lower-case hexadecimal digits only.
fn digits<const LENGTH: usize>(text: &[u8]) -> Option<[u8; LENGTH]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; LENGTH];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PART: &str = "00f067aa0ba902b7";

    fn fields(traceparent: &str) -> HeaderMap {
        HeaderMap::from_iter([(TRACEPARENT.clone(), HeaderValue::from_str(traceparent).unwrap())])
    }

    #[test]
    fn a_traceparent_is_read_as_the_standard_says() {
        let read = |text: &str| parent(&fields(text)).map(|(trace, part, flags)| (hex(&trace), hex(&part), flags));
        let is = |flags| Some((TRACE.to_owned(), PART.to_owned(), flags));
        assert_eq!(read(&format!("00-{TRACE}-{PART}-01")), is(1));
        assert_eq!(read(&format!("00-{TRACE}-{PART}-00")), is(0));
        assert_eq!(read(&format!("00-{TRACE}-{PART}-ff")), is(1), "flags of the future");
        assert_eq!(
            read(&format!("cc-{TRACE}-{PART}-01-more")),
            is(1),
            "a version of the future"
        );
        for wrong in [
            format!("00-{TRACE}-{PART}-01-more"),
            format!("cc-{TRACE}-{PART}-01more"),
            format!("ff-{TRACE}-{PART}-01"),
            format!("00-{}-{PART}-01", "0".repeat(32)),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!("00-{}-{PART}-01", TRACE.to_uppercase()),
            format!("00_{TRACE}-{PART}-01"),
            format!("00-{TRACE}-{PART}-0"),
            "00".to_owned(),
        ] {
            assert_eq!(read(&wrong), None, "{wrong}");
        }
        let mut twice = fields(&format!("00-{TRACE}-{PART}-01"));
        twice.append(&TRACEPARENT, HeaderValue::from_static("x"));
        assert!(parent(&twice).is_none());
    }

    #[test]
    fn chance_decides_only_where_no_caller_has() {
        let (spans, _kept) = mpsc::channel(1);
        let tracer = |ratio| {
            let spans = spans.clone();
            Tracer::new(Tracing { ratio, spans }, &Rng::seeded(7))
        };
        let count = |tracer: &Tracer, fields: &HeaderMap| {
            (0..1000)
                .filter(|_| tracer.begin(0, &Method::GET, fields).is_some())
                .count()
        };
        let (sampled, not) = (
            fields(&format!("00-{TRACE}-{PART}-01")),
            fields(&format!("00-{TRACE}-{PART}-00")),
        );
        let none = HeaderMap::new();
        assert_eq!([0.0, 1.0].map(|ratio| count(&tracer(ratio), &none)), [0, 1000]);
        assert!((200..300).contains(&count(&tracer(0.25), &none)));
        assert_eq!([0.0, 1.0].map(|ratio| count(&tracer(ratio), &sampled)), [1000, 1000]);
        assert_eq!([0.0, 1.0].map(|ratio| count(&tracer(ratio), &not)), [0, 0]);
    }
}
