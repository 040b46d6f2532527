//! Asks a running stub how it is, for images that have no shell and no curl.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// How long the stub may take for each step of an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks the stub at this address for `/healthz`.
///
/// # Errors
/// Nothing answers there in time, or the answer is no 200.
pub(crate) fn healthy(stub: SocketAddr) -> io::Result<()> {
    let mut connection = TcpStream::connect_timeout(&stub, PATIENCE)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {stub}\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes())?;
    let mut status = [0; OK.len()];
    connection.read_exact(&mut status)?;
    if status != *OK {
        return Err(io::Error::other(format!("{stub}/healthz is no 200")));
    }
    Ok(())
}

const OK: &[u8; 13] = b"HTTP/1.1 200 ";
