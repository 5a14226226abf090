//! Bytes in, values out, and back: formats and signatures. No I/O and no clock; of ours it uses only
//! `model`'s plain values.

pub mod callback;
pub mod channel_auth;
pub mod cos;
pub mod event;
pub mod fmp4;
pub mod gauge;
pub mod index;
pub mod jwt;
pub mod leancloud;
pub mod licence;
pub mod notice;
pub mod openim;
pub mod playlist;
pub mod quality;
pub mod rongcloud;
pub mod talk;
pub mod tencent;
pub mod uevent;
pub mod usersig;
pub mod visca;
pub mod vod;
