//! What the kernel says of devices that come and go; any program may send to the socket on which it is heard.

use arctos_box::wire::uevent::Uevent;

/// What is read lies in the message, and says the same when it is written again.
pub fn uevent(bytes: &[u8]) {
    let Ok(event) = Uevent::parse(bytes) else { return };
    let Uevent { action, path, subsystem } = event;
    assert!(path.starts_with('/') && !action.contains('@') && !path.contains('\0'));
    let again = format!("{action}@{path}\0SUBSYSTEM={subsystem}\0");
    assert_eq!(Uevent::parse(again.as_bytes()), Ok(event));
}
