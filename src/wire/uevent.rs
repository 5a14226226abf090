//! What the kernel says when something is plugged in or pulled out: `ACTION@DEVPATH`, then `KEY=VALUE`, each ended by a NUL
//! (lib/kobject_uevent.c).

/// The kernel's own limit of a message's variables (UEVENT_NUM_ENVP); more are not looked at.
const VARIABLES_MAX: usize = 64;

/// One message of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uevent<'a> {
    /// `add`, `remove`, `change`, …
    pub action: &'a str,
    /// The device's folder under /sys.
    pub path: &'a str,
    /// `video4linux`, `sound`, `usb`, …; empty when it tells none.
    pub subsystem: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UeventError {
    NotText,
    /// It does not begin as the kernel's do: udev sends its own over the same kind of socket.
    NoHead,
}

impl<'a> Uevent<'a> {
    /// # Errors
    /// When it is none of the kernel's messages.
    pub fn parse(message: &'a [u8]) -> Result<Self, UeventError> {
        let text = std::str::from_utf8(message).map_err(|_| UeventError::NotText)?;
        let mut parts = text.split('\0');
        let head = parts.next().and_then(|head| head.split_once('@'));
        let Some((action, path)) = head.filter(|(action, path)| is_word(action) && is_path(path))
        else {
            return Err(UeventError::NoHead);
        };
        let mut variables = parts.take(VARIABLES_MAX);
        let subsystem = variables.find_map(|variable| variable.strip_prefix("SUBSYSTEM="));
        Ok(Self { action, path, subsystem: subsystem.unwrap_or_default() })
    }
}

fn is_word(action: &str) -> bool {
    !action.is_empty() && action.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn is_path(path: &str) -> bool {
    path.starts_with('/')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A camera that is plugged in, as the kernel of a Raspberry Pi tells it.
    const ADDED: &[u8] = b"add@/devices/platform/scb/fd500000.pcie/pci0000:00/0000:00:00.0/0000:01:00.0/usb1/1-1/\
        1-1.4/1-1.4:1.0/video4linux/video0\0ACTION=add\0DEVPATH=/devices/x\0SUBSYSTEM=video4linux\0MAJOR=81\0\
        MINOR=0\0DEVNAME=video0\0SEQNUM=1578\0";

    #[test]
    fn a_message_of_the_kernel_says_what_happened_to_which_device() {
        let event = Uevent::parse(ADDED).unwrap();
        assert_eq!((event.action, event.subsystem), ("add", "video4linux"));
        assert!(event.path.ends_with("/1-1.4:1.0/video4linux/video0"));
        let bare = Uevent { action: "remove", path: "/a", subsystem: "" };
        assert_eq!(Uevent::parse(b"remove@/a"), Ok(bare));
    }

    #[test]
    fn what_udev_sends_and_what_is_no_text_is_refused() {
        for message in [&b"libudev\0\xfe\xed\xca\xfe"[..], b"add@\xff", b"\xff"] {
            assert_eq!(Uevent::parse(message), Err(UeventError::NotText));
        }
        for message in [&b""[..], b"@/a", b"add@", b"add", b"Add@/a", b"libudev\0add@/a"] {
            assert_eq!(Uevent::parse(message), Err(UeventError::NoHead));
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(
            action in "[a-z]{1,8}", path in "/[a-z0-9:./-]{0,40}", subsystem in "[a-z0-9]{0,12}",
            before in prop::collection::vec("[A-R]{1,8}=[^\0]{0,12}", 0..8),
        ) {
            let mut text = format!("{action}@{path}\0");
            before.iter().for_each(|variable| text += &format!("{variable}\0"));
            text += &format!("SUBSYSTEM={subsystem}\0");
            let event = Uevent { action: &action, path: &path, subsystem: &subsystem };
            prop_assert_eq!(Uevent::parse(text.as_bytes()), Ok(event));
        }
    }
}
