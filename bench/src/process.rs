//! When a process is ready to be measured.

use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use loopback::process::Process;

/// Starts a command and waits until it accepts connections.
pub(crate) fn start(name: &str, command: &Command, address: SocketAddr) -> Result<Process> {
    let mut process =
        Process::start_aloud(command).with_context(|| format!("{name} does not start"))?;
    let deadline = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(address).is_err() {
        if let Some(status) = process.ended()? {
            bail!("{name} ended at once: {status}");
        }
        if Instant::now() > deadline {
            bail!("{name} does not listen on {address}");
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(process)
}
