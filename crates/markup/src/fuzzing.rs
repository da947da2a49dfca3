//! What must hold for any bytes: the body of the fuzz target in `fuzz/`, which a test replays.

#[path = "../tests/it/dangers.rs"]
mod dangers;

/// Whatever an author writes, nothing of it is more than text, and the same comes of it each time.
pub fn markup(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let html = crate::html(&text);
    let found = dangers::dangers(&html);
    assert!(found.is_empty(), "{found:?} in {html:?}");
    assert_eq!(crate::html(&text), html);
}

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    #[test]
    fn markup() {
        super::replay::replay("markup", super::markup);
    }
}
