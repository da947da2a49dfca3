//! Replays a corpus on stable Rust: every file as it is, and mutants of them from a seeded generator.
//!
//! Included by the crates whose `fuzzing` module has the targets. What once was found stays in the corpus.

use std::fs;
use std::path::Path;

use gatewright_types::Rng;

/// Mutants of a run of `make test`, and of `make soak`.
const MUTANTS: usize = 3_000;
const MUTANTS_SOAK: usize = 300_000;
/// What grammars are made of; mutants get a piece of it now and then.
const PIECES: [&[u8]; 30] = [
    b"/",
    b"//",
    b"/.",
    b"/..",
    b"%2e",
    b"%2F",
    b"%5c",
    b"%00",
    b"%",
    b";",
    b"?",
    b"#",
    b"{",
    b"}",
    b"{*r}",
    b"{id}",
    b"\r\n",
    b"\n",
    b"\r\n\r\n",
    b": ",
    b",",
    b"chunked",
    b"content-length: 1\r\n",
    b"transfer-encoding: chunked\r\n",
    b"sk_live_",
    b"\0",
    b"\xff",
    b"\"",
    b"null",
    b"-1",
];

/// Gives `target` everything in `fuzz/corpus/<name>`, and mutants of it.
pub(crate) fn replay(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(name);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let corpus: Vec<Vec<u8>> = files.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(corpus.len() >= 10, "the corpus of {name} is there");
    for (path, data) in files.iter().zip(&corpus) {
        println!("{}", path.display());
        target(data);
    }
    let mutants = if std::env::var_os("GATEWRIGHT_TEST_SOAK").is_some() {
        MUTANTS_SOAK
    } else {
        MUTANTS
    };
    let rng = Rng::seeded(0x5eed);
    for _ in 0..mutants {
        let mut data = corpus[below(&rng, corpus.len())].clone();
        for _ in 0..=below(&rng, 3) {
            mutate(&rng, &mut data, &corpus);
        }
        if std::panic::catch_unwind(|| target(&data)).is_err() {
            // As a file it becomes part of the corpus.
            panic!("{name} fails on {:?}", String::from_utf8_lossy(&data));
        }
    }
}

fn below(rng: &Rng, limit: usize) -> usize {
    u32::from_le_bytes(rng.bytes()) as usize % limit
}

fn mutate(rng: &Rng, data: &mut Vec<u8>, corpus: &[Vec<u8>]) {
    let at = below(rng, data.len() + 1);
    let end = at + below(rng, (data.len() - at).min(8) + 1);
    match below(rng, 6) {
        0 => data.insert(at, rng.bytes::<1>()[0]),
        1 => drop(data.drain(at..end)),
        2 => drop(data.splice(at..at, PIECES[below(rng, PIECES.len())].iter().copied())),
        3 => {
            let again = data[at..end].to_vec();
            drop(data.splice(at..at, again));
        }
        4 => {
            let other = &corpus[below(rng, corpus.len())];
            let from = below(rng, other.len() + 1);
            data.truncate(at);
            data.extend_from_slice(&other[from..]);
        }
        _ => {
            if let Some(byte) = data.get_mut(at) {
                *byte ^= 1 << below(rng, 8);
            }
        }
    }
}
