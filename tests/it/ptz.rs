//! PTZ cameras: the conversation on a line that loses, garbles and delays, and the box with simulated cameras.

mod configured;
mod lesson;
mod line;
mod model;
pub mod rig;
pub mod sim;
