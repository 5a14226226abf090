//! PTZ cameras: the conversation on a line that loses, garbles and delays, and the box with simulated cameras.

mod model;
pub mod sim;
