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

/// Its own share of the machine's memory, in MB.
pub fn pss_mb(pid: u32) -> Done<f64> {
    Ok(field(&format!("/proc/{pid}/smaps_rollup"), "Pss:")? * 1024.0 / 1e6)
}

/// What of it lies in memory, in MB.
pub fn rss_mb(pid: u32) -> Done<f64> {
    Ok(field(&format!("/proc/{pid}/status"), "VmRSS:")? * 1024.0 / 1e6)
}

/// Bytes that it has made the storage layer write.
pub fn written(pid: u32) -> Done<f64> {
    field(&format!("/proc/{pid}/io"), "write_bytes:")
}

/// How often its threads were put to sleep or pushed aside.
pub fn switches(pid: u32) -> Done<f64> {
    let mut sum = 0.0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let status = thread?.path().join("status").to_string_lossy().into_owned();
        sum += field(&status, "voluntary_ctxt_switches:")?;
        sum += field(&status, "nonvoluntary_ctxt_switches:")?;
    }
    Ok(sum)
}

pub fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

fn field(path: &str, name: &str) -> Done<f64> {
    let text = fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.ok_or_else(|| format!("{path} has no {name}"))?.parse()?)
}
