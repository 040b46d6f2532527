//! The service behind Envoy: nginx, which reads the body and answers 200.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use loopback::free_address;
use loopback::process::Process;

use crate::process;

/// Debian's nginx with its echo module: `return 200` alone answers before it has read the body,
/// after which Envoy closes the connection.
pub(crate) fn start(directory: &Path) -> Result<(Process, SocketAddr)> {
    let address = free_address()?;
    let configuration = format!(
        r#"
load_module /usr/lib/nginx/modules/ngx_http_echo_module.so;
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log stderr error;
events {{ worker_connections 256; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    client_max_body_size 32m;
    client_body_buffer_size 32m;
    client_body_temp_path {directory}/nginx-body;
    server {{
        listen {address};
        location / {{ echo_read_request_body; echo_exec @answer; }}
        location @answer {{ default_type application/json; return 200 '{{"received":true}}'; }}
    }}
}}
"#,
        directory = directory.display()
    );
    let file = directory.join("nginx.conf");
    fs::write(&file, configuration)?;
    let mut command = Command::new("nginx");
    command.arg("-e").arg("stderr").arg("-c").arg(&file);
    Ok((process::start("nginx", &command, address)?, address))
}
