//! An upstream that takes every request and remembers how its target was spelled.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// The running upstream; it ends with the test process.
pub(crate) struct Witness {
    pub(crate) address: SocketAddr,
    targets: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Witness {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let targets = Arc::<Mutex<Vec<_>>>::default();
        let shared = Arc::clone(&targets);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let targets = Arc::clone(&shared);
                // A connection that breaks off has nothing more to tell.
                thread::spawn(move || serve(stream, &targets));
            }
        });
        Self { address, targets }
    }

    /// The targets that have arrived since the last call.
    pub(crate) fn take(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut *self.targets.lock().unwrap())
    }
}

fn serve(mut stream: TcpStream, targets: &Mutex<Vec<Vec<u8>>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut length = 0;
        let mut first = Vec::new();
        if reader.read_until(b'\n', &mut first)? == 0 {
            return Ok(());
        }
        loop {
            let mut line = Vec::new();
            reader.read_until(b'\n', &mut line)?;
            let line = line.trim_ascii();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix(b"content-length: ") {
                length = str::from_utf8(value).unwrap().parse().unwrap();
            }
        }
        reader.read_exact(&mut vec![0; length])?;
        let target = first.split(|byte| *byte == b' ').nth(1).unwrap_or_default().to_vec();
        targets.lock().unwrap().push(target);
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
    }
}
