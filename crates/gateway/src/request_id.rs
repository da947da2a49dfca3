//! Names for requests, without a system call or an allocation for each.

use std::cell::{Cell, RefCell};

use bytes::{Bytes, BytesMut};
use gatewright_types::Rng;
use gatewright_types::ids::RequestId;
use http::HeaderValue;
use uuid::Uuid;

/// Bytes that are allocated at once, for as many ids as fit.
const CHUNK: usize = 128 * 30;

/// A core's mint of request ids: UUIDv7 (RFC 9562 §5.7) in the text form of every id of ours.
///
/// They only have to be different, not hard to guess, so the random part is a generator's that is
/// seeded once per core.
pub(crate) struct RequestIds {
    state: Cell<u64>,
    chunk: RefCell<BytesMut>,
}

impl RequestIds {
    /// A mint that differs from every other.
    pub(crate) fn new(rng: &Rng) -> Self {
        Self {
            state: Cell::new(u64::from_le_bytes(rng.bytes())),
            chunk: RefCell::default(),
        }
    }

    /// The next id, for a request that began at `now_ms`.
    pub(crate) fn mint(&self, now_ms: i64) -> HeaderValue {
        let time = u128::from(now_ms.unsigned_abs()) << 80;
        let (high, low) = (u128::from(self.random()), u128::from(self.random()));
        let random = ((high & 0x0fff) << 64) | (low >> 2);
        let id = Uuid::from_u128(time | (0x7 << 76) | (0b10 << 62) | random);
        let text = self.keep(&RequestId::from_uuid(id).text());
        HeaderValue::from_maybe_shared(text).expect("an id is visible ASCII")
    }

    fn keep(&self, text: &[u8]) -> Bytes {
        let mut chunk = self.chunk.borrow_mut();
        if chunk.capacity() < text.len() {
            // A new one rather than `reserve`, which would copy what is still in use elsewhere.
            *chunk = BytesMut::with_capacity(CHUNK);
        }
        chunk.extend_from_slice(text);
        chunk.split().freeze()
    }

    /// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
    fn random(&self) -> u64 {
        let state = self.state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.state.set(state);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatewright_types::ids::RequestId;
    use std::collections::HashSet;

    #[test]
    fn a_minted_id_is_an_id_like_any_other() {
        let ids = RequestIds::new(&Rng::seeded(1));
        let mut seen = HashSet::new();
        for now_ms in 0..1000 {
            let text = ids.mint(1_700_000_000_000 + now_ms);
            let id: RequestId = text.to_str().unwrap().parse().unwrap();
            assert_eq!(id.to_string(), text.to_str().unwrap());
            assert_eq!(id.uuid().get_version_num(), 7);
            assert_eq!(
                id.uuid().get_timestamp().unwrap().to_unix().0,
                1_700_000_000 + now_ms as u64 / 1000
            );
            assert!(seen.insert(text.as_bytes().to_vec()));
        }
    }
}
