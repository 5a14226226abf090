//! Plain values that every layer may hold. Nothing here does I/O or knows a protocol.

pub mod application;
pub mod audit;
pub mod camera;
mod clock;
pub mod crash;
mod date;
mod entropy;
mod fault;
pub mod group;
mod ids;
pub mod keyed;
pub mod lesson;
pub mod level;
pub mod licence;
pub mod live;
pub mod outbox;
pub mod pass;
mod platform;
pub mod quality;
pub mod recording;
pub mod secret;
pub mod talk;
pub mod user;

pub use clock::{Clock, Hand, Millis, Moment};
pub use date::Date;
pub use entropy::Entropy;
pub use fault::{Conflict, Fault, LicenceWhy, Part, Refusal, Thing};
pub use ids::{ById, HANDLE_CHARS_MAX, Handle, RoomId, UserId, hex, sha256};
pub use platform::Platform;
pub use secret::Secret;
