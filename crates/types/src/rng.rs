//! Randomness as a value.

use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

/// A source of bytes that nobody can guess (or, in tests, that everybody can repeat).
#[derive(Clone, Debug, Default)]
pub enum Rng {
    /// The operating system's generator.
    #[default]
    System,
    /// A repeatable stream, for tests only.
    Seeded(Arc<Mutex<SeededStream>>),
}

/// SHA-256 of a seed and a counter, block by block.
#[derive(Debug)]
pub struct SeededStream {
    seed: [u8; 32],
    block: u64,
}

impl Rng {
    /// A repeatable stream that starts from `seed`. Never use it where a secret is made for real.
    pub fn seeded(seed: u64) -> Self {
        let seed = Sha256::digest(seed.to_le_bytes()).into();
        Self::Seeded(Arc::new(Mutex::new(SeededStream { seed, block: 0 })))
    }

    /// Fills `buffer` with random bytes.
    pub fn fill(&self, buffer: &mut [u8]) {
        match self {
            Self::System => {
                #[expect(clippy::disallowed_methods, reason = "the one place that asks the operating system")]
                getrandom::fill(buffer).expect("the operating system has a random generator");
            }
            Self::Seeded(stream) => {
                let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
                for chunk in buffer.chunks_mut(32) {
                    let mut block = Sha256::new();
                    block.update(stream.seed);
                    block.update(stream.block.to_le_bytes());
                    stream.block += 1;
                    chunk.copy_from_slice(&block.finalize()[..chunk.len()]);
                }
            }
        }
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}
