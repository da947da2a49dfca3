//! Short values of fields, written for one request, without an allocation for each.

use std::cell::RefCell;

use bytes::{Bytes, BytesMut};
use http::HeaderValue;

/// Bytes that are allocated at once.
const CHUNK: usize = 8 * 1024;

/// Memory that a core writes such values into, one behind the other.
///
/// It is warm, other than a value that was kept with its record, and a value in use keeps its piece alive.
#[derive(Default)]
pub(crate) struct Texts {
    chunk: RefCell<BytesMut>,
}

impl Texts {
    /// Values of one length, in their order. They have to be visible ASCII.
    pub(crate) fn write<const COUNT: usize, const LENGTH: usize>(
        &self,
        texts: &[[u8; LENGTH]; COUNT],
    ) -> [HeaderValue; COUNT] {
        let mut rest = self.keep(texts.as_flattened());
        std::array::from_fn(|_| {
            let text = rest.split_to(LENGTH);
            HeaderValue::from_maybe_shared(text).expect("an id is visible ASCII")
        })
    }

    fn keep(&self, text: &[u8]) -> Bytes {
        let mut chunk = self.chunk.borrow_mut();
        if chunk.capacity() < text.len() {
            // A new one rather than `reserve`, which would copy what is still in use elsewhere.
            *chunk = BytesMut::with_capacity(CHUNK.max(text.len()));
        }
        chunk.extend_from_slice(text);
        chunk.split().freeze()
    }
}
