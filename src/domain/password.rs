//! Passwords: argon2id, 19 MiB, t=2, p=1, on one low-priority thread, so that a class logging in together
//! never stalls the other requests and never costs more than one block of memory.

use std::sync::mpsc::{RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tokio::sync::oneshot;

use crate::model::{Entropy, Fault, Millis, Secret, secret};

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Log-ins that may wait; the last of them waits about ten seconds on the target.
const QUEUE: usize = 512;
/// Behind the encoder as well.
const NICE: i32 = 15;
/// Idle time after which the 19 MiB go back to the system.
const KEEP: Duration = Duration::from_secs(10);

/// Handle of the hashing thread, which ends when the last handle is gone.
#[derive(Clone)]
pub struct Hasher {
    queue: SyncSender<Work>,
}

struct Work {
    password: Secret,
    salt: [u8; 16],
    answer: oneshot::Sender<Result<[u8; 32], String>>,
}

impl Hasher {
    pub fn start() -> Self {
        let (queue, inbox) = sync_channel::<Work>(QUEUE);
        std::thread::Builder::new()
            .name("password".into())
            .spawn(move || {
                step_back();
                let mut memory: Vec<Block> = Vec::new();
                loop {
                    match inbox.recv_timeout(KEEP) {
                        Ok(work) => {
                            let hash = digest(work.password.as_bytes(), &work.salt, &mut memory);
                            let _ = work.answer.send(hash);
                        }
                        Err(RecvTimeoutError::Timeout) => {
                            memory = Vec::new();
                            // Nothing to keep warm: sleep until somebody logs in.
                            let Ok(work) = inbox.recv() else { return };
                            let hash = digest(work.password.as_bytes(), &work.salt, &mut memory);
                            let _ = work.answer.send(hash);
                        }
                        Err(RecvTimeoutError::Disconnected) => return,
                    }
                }
            })
            .expect("a thread can be made at start-up");
        Self { queue }
    }

    /// The PHC text to store for a new password.
    pub async fn hash(&self, password: &str, entropy: &Entropy) -> Result<String, Fault> {
        let salt = entropy.bytes::<16>();
        let hash = self.run(password, salt).await?;
        Ok(format!(
            "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p=1${}${}",
            STANDARD_NO_PAD.encode(salt),
            STANDARD_NO_PAD.encode(hash)
        ))
    }

    /// Whether `password` is the one that `stored` was made from. The comparison takes constant time.
    pub async fn verify(&self, password: &str, stored: &str) -> Result<bool, Fault> {
        let (salt, expected) = parse(stored)
            .ok_or_else(|| Fault::internal("reading a stored password", "not in PHC form"))?;
        let hash = self.run(password, salt).await?;
        Ok(secret::same(&hash, &expected))
    }

    async fn run(&self, password: &str, salt: [u8; 16]) -> Result<[u8; 32], Fault> {
        let (answer, hash) = oneshot::channel();
        let work = Work { password: Secret::from(password), salt, answer };
        match self.queue.try_send(work) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(Fault::Busy { retry: Millis::seconds(5) }),
            Err(TrySendError::Disconnected(_)) => {
                return Err(Fault::internal("password thread", "it is gone"));
            }
        }
        let hash = hash.await.map_err(|e| Fault::internal("password thread", e))?;
        hash.map_err(|e| Fault::internal("argon2", e))
    }
}

fn digest(password: &[u8], salt: &[u8; 16], memory: &mut Vec<Block>) -> Result<[u8; 32], String> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).map_err(|e| e.to_string())?;
    memory.resize(params.block_count(), Block::default());
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut out = [0; 32];
    argon
        .hash_password_into_with_memory(password, salt, &mut out, memory)
        .map_err(|e| e.to_string())?;
    Ok(out)
}

fn parse(stored: &str) -> Option<([u8; 16], [u8; 32])> {
    let mut parts = stored.strip_prefix("$argon2id$v=19$")?.split('$');
    let params = parts.next()?;
    if params != format!("m={MEMORY_KIB},t={PASSES},p=1") {
        return None;
    }
    let salt = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    let hash = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    Some((salt.try_into().ok()?, hash.try_into().ok()?))
}

/// Lowers this thread's priority: log-ins wait, lessons and their recordings do not.
fn step_back() {
    if let Err(e) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE) {
        tracing::debug!(error = %e, "the password thread keeps its priority");
    }
}

#[cfg(test)]
mod tests;
