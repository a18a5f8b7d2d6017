//! What Linux says of this process, for the metrics. Elsewhere, and of what it does not say, nothing.

use std::fs;

/// How finely Linux counts processor time for programs, in ticks a second: part of its interface.
const TICKS: f64 = 100.0;

/// Numbers of this process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Process {
    /// Seconds of processor time.
    pub cpu_seconds: f64,
    /// Octets in memory.
    pub resident: u64,
    /// Octets asked for.
    pub virtual_: u64,
    /// Threads.
    pub threads: u64,
    /// What is open.
    pub fds: u64,
    /// The most that may be.
    pub max_fds: u64,
}

impl Process {
    /// As of now.
    pub fn now() -> Option<Self> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let limits = fs::read_to_string("/proc/self/limits").ok()?;
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let fds = fs::read_dir("/proc/self/fd").ok()?.count() as u64;
        Self::read(&status, &limits, &stat, fds)
    }

    fn read(status: &str, limits: &str, stat: &str, fds: u64) -> Option<Self> {
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        let max_fds = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
        // The name of the program stands in brackets and may have blanks; times follow it.
        let mut times = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let mut ticks = || times.next()?.parse::<f64>().ok();
        let (user, system) = (ticks()?, ticks()?);
        Some(Self {
            cpu_seconds: (user + system) / TICKS,
            resident: of("VmRSS:")? * 1_024,
            virtual_: of("VmSize:")? * 1_024,
            threads: of("Threads:")?,
            fds,
            max_fds: max_fds.split_whitespace().next()?.parse().unwrap_or(u64::MAX),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_says_is_read_also_of_a_program_with_a_blank_in_its_name() {
        let status = "Name:\ta b\nVmSize:\t    2048 kB\nVmRSS:\t    1024 kB\nThreads:\t7\n";
        let limits = "Limit    Soft Limit    Hard Limit    Units\nMax open files    1024    4096    files\n";
        let stat = "42 (a b) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 7 0 1234 0 0";
        let read = Process::read(status, limits, stat, 5).expect("read");
        let (resident, virtual_) = (1_024 * 1_024, 2_048 * 1_024);
        let wanted = Process { cpu_seconds: 3.0, resident, virtual_, threads: 7, fds: 5, max_fds: 1_024 };
        assert_eq!(read, wanted);
        assert_eq!(Process::read("", limits, stat, 5), None);
    }
}
