//! What the kernel has counted of a process.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use crate::Done;

/// Time on a processor, by thread.
#[derive(Clone, Debug)]
pub struct Cpu(HashMap<String, Duration>);

impl Cpu {
    /// Of all threads of a process. `schedstat` has nanoseconds where `stat` has hundredths of a second.
    pub fn of(pid: u32) -> Done<Self> {
        let mut threads = HashMap::new();
        for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
            let thread = thread?;
            // A thread may end while it is being looked at.
            let Ok(text) = fs::read_to_string(thread.path().join("schedstat")) else { continue };
            let nanos = text.split(' ').next().and_then(|n| n.parse().ok());
            let nanos = nanos.ok_or("schedstat is not as it should be")?;
            let name = thread.file_name().to_string_lossy().into_owned();
            threads.insert(name, Duration::from_nanos(nanos));
        }
        Ok(Self(threads))
    }

    /// What was used since. Threads that ended meanwhile had been idle for seconds: the runtime's end so.
    pub fn since(&self, before: &Self) -> Duration {
        let used = |(thread, now): (&String, &Duration)| {
            now.saturating_sub(before.0.get(thread).copied().unwrap_or_default())
        };
        self.0.iter().map(used).sum()
    }
}

pub fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}
