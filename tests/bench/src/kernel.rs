//! The memory of the kernel for the sockets of the whole machine.

use std::fs;

/// The unit of `/proc/net/sockstat`: a page.
const PAGE: u64 = 4096;

/// A reading of the memory of the kernel. It includes both ends of every local connection, and all
/// other activity of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kernel {
    /// Bytes of unreclaimable objects: sockets, files, watches and more.
    pub(crate) slab: u64,
    /// Bytes in the buffers of TCP sockets.
    pub(crate) buffers: u64,
}

impl Kernel {
    /// Reads the current values; zero if they are not available.
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
    fn readings_of_proc_are_parsed() {
        let meminfo = "MemTotal:  9 kB\nSlab:  511152 kB\nSUnreclaim:        60056 kB\n";
        assert_eq!(unreclaimable(meminfo), Some(60056 * 1024));
        let sockstat =
            "sockets: used 16\nTCP: inuse 1 orphan 0 tw 0 alloc 1 mem 100\nUDP: inuse 0 mem 116\n";
        assert_eq!(buffers(sockstat), Some(100 * 4096));
        assert_eq!((unreclaimable(""), buffers("")), (None, None));
    }
}
