//! What the kernel holds for sockets, on the whole machine.

use std::fs;

/// A page, as `/proc/net/sockstat` counts.
const PAGE: u64 = 4096;

/// Readings of the kernel's memory. They hold both ends of every connection on this machine, and
/// whatever else happens on it meanwhile.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kernel {
    /// Bytes of its objects that it cannot give back: sockets, files, watches, and others.
    pub(crate) slab: u64,
    /// Bytes that wait in TCP sockets.
    pub(crate) buffers: u64,
}

impl Kernel {
    /// Reads; zero where there is nothing to be read.
    pub(crate) fn read() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        Self {
            slab: unreclaimable(&read("/proc/meminfo")).unwrap_or(0),
            buffers: buffers(&read("/proc/net/sockstat")).unwrap_or(0),
        }
    }
}

fn unreclaimable(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("SUnreclaim:"))?;
    let kib = line.split_whitespace().next()?.parse::<u64>().ok()?;
    kib.checked_mul(1024)
}

fn buffers(sockstat: &str) -> Option<u64> {
    let mut words = sockstat
        .lines()
        .find_map(|line| line.strip_prefix("TCP:"))?
        .split_whitespace();
    words.find(|word| *word == "mem")?;
    words.next()?.parse::<u64>().ok()?.checked_mul(PAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_proc_says() {
        let meminfo = "MemTotal:  9 kB\nSlab:  511152 kB\nSUnreclaim:        60056 kB\n";
        assert_eq!(unreclaimable(meminfo), Some(60056 * 1024));
        let sockstat =
            "sockets: used 16\nTCP: inuse 1 orphan 0 tw 0 alloc 1 mem 100\nUDP: inuse 0 mem 116\n";
        assert_eq!(buffers(sockstat), Some(100 * 4096));
        assert_eq!((unreclaimable(""), buffers("")), (None, None));
    }
}
