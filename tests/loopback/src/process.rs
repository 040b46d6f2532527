//! A child process that ends with its owner.

use std::{
    fs,
    io::{self, BufRead, BufReader, Error, Read, Write},
    os::unix::process::CommandExt as _,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Runs its arguments, with as many open files as may be, and sends them the signal that it is
/// told, or TERM when its own input closes, which happens even where the owner is killed or never
/// drops what a `static` holds.
///
/// It stays their parent: Envoy asks to be ended with its parent, which would be the thread that
/// happens to start it (`PR_SET_PDEATHSIG`).
const LEASH: &str = r#"exec 3<&0
ulimit -n "$(ulimit -Hn)"
"$@" 3<&- </dev/null &
child=$!
{ read -r how <&3 || how=TERM; kill -s "$how" "$child"; } >/dev/null 2>&1 &
exec 3<&-
wait "$child""#;

/// No such file, and no such process (errno(3)).
const ENOENT: i32 = 2;
const ESRCH: i32 = 3;

/// A running child; it is asked to end, and waited for, when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    leash: Option<ChildStdin>,
    stdout: Lines,
    stderr: Lines,
    collectors: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts a command and keeps what it writes.
    ///
    /// # Errors
    ///
    /// Where there is no shell to start it by; a program that is missing ends with status 127.
    pub fn start(command: &Command) -> io::Result<Self> {
        let mut leash = leash(command);
        let mut process = Self::spawn(leash.stdout(Stdio::piped()).stderr(Stdio::piped()))?;
        let stdout = process.child.stdout.take().map(|source| process.stdout.collect(source));
        let stderr = process.child.stderr.take().map(|source| process.stderr.collect(source));
        process.collectors = [stdout, stderr].into_iter().flatten().collect();
        Ok(process)
    }

    /// Starts a command that writes where its owner does; nothing of it is kept.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub fn start_aloud(command: &Command) -> io::Result<Self> {
        Self::spawn(&mut leash(command))
    }

    fn spawn(leash: &mut Command) -> io::Result<Self> {
        let mut child = leash.spawn()?;
        let leash = child.stdin.take();
        let (stdout, stderr) = Default::default();
        Ok(Self { child, leash, stdout, stderr, collectors: Vec::new() })
    }

    /// What it wrote to its standard output.
    #[must_use]
    pub const fn stdout(&self) -> &Lines {
        &self.stdout
    }

    /// What it wrote to its standard error.
    #[must_use]
    pub const fn stderr(&self) -> &Lines {
        &self.stderr
    }

    /// How it ended, where a signal has the status 128 and its number; `None` while it runs.
    ///
    /// # Errors
    ///
    /// Where the system cannot say.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Sends a signal by its name (`KILL`, `TERM`), and waits for the end, as [`Self::ended`].
    ///
    /// # Errors
    ///
    /// Where a signal was sent before.
    pub fn end_by(&mut self, signal: &str) -> io::Result<ExitStatus> {
        let mut leash = self.leash.take().ok_or_else(|| Error::other("a signal was sent"))?;
        writeln!(leash, "{signal}")?;
        self.child.wait()
    }

    /// Sends a signal by its name (`HUP`) to a child that is to go on.
    ///
    /// # Errors
    ///
    /// Where it has ended.
    pub fn signal(&self, signal: &str) -> io::Result<()> {
        let kill = ["-c", r#"kill -s "$0" "$1""#, signal, &self.id()?];
        let is_sent = Command::new("sh").args(kill).status()?.success();
        if is_sent { Ok(()) } else { Err(Error::other("it has ended")) }
    }

    /// Waits for its own end, as [`Self::ended`], and for the last of what it wrote.
    ///
    /// # Errors
    ///
    /// Where the system cannot say.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait()?;
        for collector in self.collectors.drain(..) {
            collector.join().map_err(|_| Error::other("what collects the lines panicked"))?;
        }
        Ok(status)
    }

    /// The time that its threads have run for so far, in user and kernel mode, in nanoseconds
    /// (Linux only).
    ///
    /// # Errors
    ///
    /// Where `/proc` does not tell.
    pub fn cpu_nanos(&self) -> io::Result<u64> {
        let mut total: u64 = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.id()?))? {
            // proc(5), /proc/pid/schedstat: exact, where `stat` counts in ticks of 10 ms.
            let text = match fs::read_to_string(task?.path().join("schedstat")) {
                Ok(text) => text,
                // A thread that has ended since it was listed.
                Err(error) if matches!(error.raw_os_error(), Some(ENOENT | ESRCH)) => continue,
                Err(error) => return Err(error),
            };
            total = total.saturating_add(first_number(&text)?);
        }
        Ok(total)
    }

    /// Its memory that is in RAM, in bytes (Linux only).
    ///
    /// # Errors
    ///
    /// Where `/proc` does not tell.
    pub fn resident_bytes(&self) -> io::Result<u64> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.id()?))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        // proc(5): the unit is always kB, and means 1024 bytes.
        let kibibytes = first_number(line.ok_or_else(|| Error::other("no VmRSS"))?)?;
        Ok(kibibytes.saturating_mul(1024))
    }

    /// Its number: of the leash's children, the one that is no shell.
    fn id(&self) -> io::Result<String> {
        let leash = self.child.id();
        let children = fs::read_to_string(format!("/proc/{leash}/task/{leash}/children"))?;
        let is_shell = |id: &&str| {
            fs::read_to_string(format!("/proc/{id}/comm")).is_ok_and(|name| name == "sh\n")
        };
        let child = children.split_whitespace().find(|id| !is_shell(id));
        child.map(ToOwned::to_owned).ok_or_else(|| Error::other("it has not started, or ended"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let (Ok(Some(_)), Some(leash)) = (self.child.try_wait(), &mut self.leash) {
            // Its number may be another's by now: signal 0 does nothing to it.
            let _ = leash.write_all(b"0\n");
        }
        drop(self.leash.take());
        let _ = self.child.wait();
    }
}

/// The time that the calling thread has run for so far, in nanoseconds (Linux only).
///
/// # Errors
///
/// Where `/proc` does not tell.
pub fn own_thread_nanos() -> io::Result<u64> {
    first_number(&fs::read_to_string("/proc/thread-self/schedstat")?)
}

fn first_number(text: &str) -> io::Result<u64> {
    let word = text.split_whitespace().next().unwrap_or_default();
    word.parse().map_err(|error| Error::other(format!("{error}: {text:?}")))
}

/// The command, in the leash.
fn leash(command: &Command) -> Command {
    let mut leash = Command::new("sh");
    leash.args(["-c", LEASH, "leash"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => leash.env(name, value),
            None => leash.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        leash.current_dir(directory);
    }
    // A terminal's Ctrl-C is for the owner, whose end ends the rest.
    leash.stdin(Stdio::piped()).process_group(0);
    leash
}

/// The lines that a child has written so far.
#[derive(Clone, Debug, Default)]
pub struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn collect(&self, source: impl Read + Send + 'static) -> JoinHandle<()> {
        let lines = self.clone();
        thread::spawn(move || {
            for line in BufReader::new(source).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                lines.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        })
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits, for so long, for the first line that `find` accepts.
    pub fn find_within<T>(
        &self,
        patience: Duration,
        find: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let start = Instant::now();
        loop {
            let found = self.all().iter().find_map(|line| find(line));
            if found.is_some() || start.elapsed() > patience {
                return found;
            }
            // Only how often is looked; the line decides.
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// All of them, as one text.
    #[must_use]
    pub fn text(&self) -> String {
        self.all().join("\n")
    }
}

#[cfg(test)]
mod tests;
