//! Running the box: log, metrics, calls to others, secrets, its own socket, backups, the doctor.

pub mod backup;
pub mod courier;
pub mod doctor;
pub mod folder;
pub mod leancloud;
pub mod licence;
pub mod log;
pub mod metrics;
pub mod notify;
pub mod secrets;
pub mod socket;
pub mod staff;
