//! Pages and media for browsers: the watch page, what it plays, and the object store's files.

pub mod assets;
pub mod channel;
pub mod course;
pub mod files;
pub mod gateway;
pub mod live;
pub mod watch;
