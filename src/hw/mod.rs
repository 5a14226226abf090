//! The machine: boards, inputs, encoders, the recorder. It asks the domain for nothing and answers with plain values;
//! of it, `ptz` takes the desk at which people wish, recorder and `monitor` the inputs at which people look.

pub mod board;
pub mod encoder;
pub mod error;
pub mod hotplug;
pub mod identity;
pub mod inputs;
pub mod leds;
pub mod memory;
pub mod monitor;
pub mod ptz;
pub mod recorder;
pub mod timekeeping;
pub mod turns;

use tokio::sync::watch;

/// Returns when the box goes down, or whoever owned it is gone.
async fn drained(drain: &mut watch::Receiver<bool>) {
    let _ = drain.wait_for(|now| *now).await;
}
