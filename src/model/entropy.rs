//! Randomness as a value: the machine's in production, a counter in tests so that goldens hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ring::rand::{SecureRandom, SystemRandom};

type Fill = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// A source of random bytes.
#[derive(Clone)]
pub struct Entropy {
    fill: Fill,
}

impl Entropy {
    /// The kernel's generator.
    ///
    /// # Panics
    /// When the kernel gives no randomness: a box without it can keep no secret and must not go on.
    pub fn system() -> Self {
        let random = SystemRandom::new();
        Self {
            fill: Arc::new(move |bytes| {
                random.fill(bytes).expect("the kernel's random source answers once the box is up");
            }),
        }
    }

    /// The same bytes on every run: SHA-256 of a counter. For tests only.
    pub fn counter() -> Self {
        let next = AtomicU64::new(0);
        Self {
            fill: Arc::new(move |bytes| {
                for chunk in bytes.chunks_mut(32) {
                    let n = next.fetch_add(1, Ordering::SeqCst).to_be_bytes();
                    let hash = ring::digest::digest(&ring::digest::SHA256, &n);
                    chunk.copy_from_slice(&hash.as_ref()[..chunk.len()]);
                }
            }),
        }
    }

    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        (self.fill)(&mut out);
        out
    }

    pub fn u32(&self) -> u32 {
        u32::from_be_bytes(self.bytes())
    }

    /// `N` random bytes as lower-case hexadecimal.
    pub fn hex<const N: usize>(&self) -> String {
        crate::model::ids::hex(&self.bytes::<N>())
    }
}
