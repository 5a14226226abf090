//! The devices of classrooms, by the names of their inputs: which may not be opened, and which are open now. Whoever opens
//! one asks here first, and lets go when told to.

use std::sync::Arc;

use tokio::sync::watch;

/// Shared by whoever opens devices, whoever shuts them and whoever shows it.
#[derive(Clone, Debug, Default)]
pub struct Devices(Arc<watch::Sender<Standing>>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    shut: Vec<String>,
    /// Each as often as it is open.
    open: Vec<String>,
}

impl Standing {
    pub fn is_shut(&self, input: &str) -> bool {
        self.shut.iter().any(|shut| shut == input)
    }

    pub fn is_open(&self, input: &str) -> bool {
        self.open.iter().any(|open| open == input)
    }

    pub fn any_open(&self) -> bool {
        !self.open.is_empty()
    }
}

impl Devices {
    /// To be had before the devices of an input are opened, and kept until they are closed. `None`: they stay shut.
    pub fn open(&self, input: &str) -> Option<Open> {
        let is_allowed = self.0.send_if_modified(|now| {
            let is_allowed = !now.is_shut(input);
            if is_allowed {
                now.open.push(input.to_owned());
            }
            is_allowed
        });
        is_allowed.then(|| Open { devices: self.clone(), input: input.to_owned() })
    }

    /// From now on these are shut, and no others.
    pub fn shut(&self, inputs: Vec<String>) {
        self.0.send_if_modified(|now| {
            let is_new = now.shut != inputs;
            now.shut = inputs;
            is_new
        });
    }

    /// Shuts one, or lets it be opened again; the others stay as they are.
    pub fn switch(&self, input: &str, is_on: bool) {
        self.0.send_if_modified(|now| {
            let is_new = now.is_shut(input) == is_on;
            now.shut.retain(|shut| shut != input);
            if !is_on {
                now.shut.push(input.to_owned());
            }
            is_new
        });
    }

    pub fn now(&self) -> watch::Ref<'_, Standing> {
        self.0.borrow()
    }

    pub fn changes(&self) -> watch::Receiver<Standing> {
        self.0.subscribe()
    }

    /// Returns as soon as an input is to be shut, or may be opened again.
    pub async fn until(&self, input: &str, is_shut: bool) {
        let mut changes = self.0.subscribe();
        // The sender is here: it does not go away.
        let _ = changes.wait_for(|now| now.is_shut(input) == is_shut).await;
    }
}

/// An input that is open. Dropped, it is closed.
#[derive(Debug)]
pub struct Open {
    devices: Devices,
    input: String,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.devices.0.send_if_modified(|now| {
            let at = now.open.iter().position(|open| *open == self.input);
            at.map(|at| now.open.swap_remove(at)).is_some()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_shut_is_not_opened_and_what_is_open_is_open_until_the_last_lets_go() {
        let devices = Devices::default();
        let (one, other) = (devices.open("a").unwrap(), devices.open("a").unwrap());
        devices.shut(vec!["a".into()]);
        devices.until("a", true).await;
        assert!(devices.open("a").is_none() && devices.open("b").is_some());
        drop(one);
        assert!(devices.now().is_open("a") && !devices.now().is_open("b"));
        drop(other);
        assert!(!devices.now().any_open());
        devices.switch("b", false);
        devices.switch("a", true);
        devices.until("a", false).await;
        assert!(devices.open("b").is_none());
        assert!(devices.open("a").is_some());
    }
}
