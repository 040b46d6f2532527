//! A child process that ends with its owner and whose output is kept.

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use crate::eventually;

/// Runs its arguments, with as many open files as may be, and kills them when told how or when its own input closes, which happens even where the test
/// process is killed or never drops what a `static` holds.
const LEASH: &str = r#"exec 3<&0
ulimit -n "$(ulimit -Hn)"
"$@" 3<&- </dev/null &
child=$!
{ read -r how <&3 || how=TERM; kill -s "$how" "$child"; } >/dev/null 2>&1 &
exec 3<&-
wait "$child""#;

/// A running child.
pub(crate) struct Process {
    child: Child,
    leash: Option<ChildStdin>,
    stdout: Output,
    stderr: Output,
}

/// The lines a child has written so far.
#[derive(Clone, Default)]
pub(crate) struct Output(Arc<Mutex<Vec<String>>>);

impl Process {
    /// Starts `program` in `directory`.
    pub(crate) fn start<'a>(
        program: &Path,
        arguments: impl IntoIterator<Item = &'a OsStr>,
        environment: &[(String, String)],
        directory: &Path,
    ) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", LEASH, "leash"])
            .arg(program)
            .args(arguments)
            // Whatever the developer has exported must not decide a test.
            .env_remove("JUNCTION_WEBHOOK_SECRET")
            .env_remove("JUNCTION_WEBHOOK_SECRET_PREVIOUS")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        Self {
            leash: child.stdin.take(),
            stdout: Output::collect(child.stdout.take().unwrap()),
            stderr: Output::collect(child.stderr.take().unwrap()),
            child,
        }
    }

    pub(crate) fn stdout(&self) -> &Output {
        &self.stdout
    }

    pub(crate) fn stderr(&self) -> &Output {
        &self.stderr
    }

    /// Panics with the child's own words where it has ended.
    pub(crate) fn require_alive(&mut self, name: &str) {
        if let Some(status) = self.child.try_wait().unwrap() {
            panic!("{name} ended: {status}\n{}", self.stderr.text());
        }
    }

    /// Ends the child at once, with no chance to clean up.
    pub(crate) fn kill(&mut self) {
        self.leash.take().unwrap().write_all(b"KILL\n").unwrap();
        self.child.wait().unwrap();
    }

    /// The child's memory that is in RAM, in bytes (Linux only).
    pub(crate) fn resident_bytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kibibytes.checked_mul(1024).unwrap()
    }

    /// How long the child's threads have run on a processor (Linux only).
    pub(crate) fn cpu_time(&self) -> Duration {
        let threads = fs::read_dir(format!("/proc/{}/task", self.pid())).unwrap();
        let nanoseconds = threads.map(|thread| {
            let path = thread.unwrap().path().join("schedstat");
            // A thread may have ended since; Envoy's workers do not.
            let text = fs::read_to_string(path).unwrap_or_default();
            text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0)
        });
        Duration::from_nanos(nanoseconds.sum())
    }

    /// The child's own process, which the leash has started.
    fn pid(&self) -> String {
        let shell = self.child.id();
        let children = fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap();
        let is_leash = |pid: &&str| {
            fs::read_to_string(format!("/proc/{pid}/status")).unwrap().starts_with("Name:\tsh\n")
        };
        children.split_whitespace().find(|pid| !is_leash(pid)).unwrap().to_owned()
    }

    /// Waits for the child's own end.
    pub(crate) fn wait(mut self) -> (bool, String) {
        let status = self.child.wait().unwrap();
        (status.success(), self.stderr.text())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.leash.take());
        let _ = self.child.wait();
    }
}

impl Output {
    fn collect(source: impl Read + Send + 'static) -> Self {
        let output = Self::default();
        let lines = output.clone();
        thread::spawn(move || {
            for line in BufReader::new(source).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                lines.0.lock().unwrap().push(line);
            }
        });
        output
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn text(&self) -> String {
        self.lines().join("\n")
    }

    /// Waits for the first line that `find` accepts.
    pub(crate) fn find<T>(&self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        eventually(what, || self.lines().iter().find_map(|line| find(line)))
    }
}
