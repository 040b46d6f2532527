//! `make instructions`: guards against the core getting slower. Counts the instructions that one
//! request of each size costs natively, and those of whatever strangers can send, under callgrind,
//! which does not depend on what else the machine does.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;
use xshell::{Shell, cmd};

use crate::debian;

/// The most for one request of about so many bytes: a tenth above what it cost when this was last
/// set. Lower it when the core gets faster. Over half is SHA-256, since callgrind's processor has
/// no instructions for it.
const REQUESTS: [(&str, u64); 4] =
    [("500", 73_000), ("12000", 1_090_000), ("62000", 5_530_000), ("250000", 22_300_000)];

/// What a path of each length may cost beyond the first, a byte: with dot segments it is read in
/// sixteen ways; longer ones are read in one, or not at all.
const PATH: Bound = Bound { fixed: 8_000, a_byte: 130 };
const LENGTHS: [u64; 5] = [64, 512, 4096, 12_000, 60_000];
/// Forms of a path whose cost is bounded whatever the search finds.
const FORMS: [&str; 4] = ["a ", "/ ", "/a ", "%2e%2e%2f "];
/// How many of the forms found are held to the bound: the worst.
const WORST: usize = 5;

/// A head by what it is made of, each in proportion to its length, and a body in frames of one
/// byte.
const KINDS: [(&str, u64); 6] = [
    ("unguarded", 1),
    ("plain", 1),
    ("list", 12),
    ("names", 30),
    ("disguised", 80),
    ("frames", 80),
];

/// The most instructions for a length in bytes.
struct Bound {
    fixed: u64,
    a_byte: u64,
}

impl Bound {
    fn of(&self, length: u64) -> u64 {
        self.fixed.saturating_add(self.a_byte.saturating_mul(length))
    }
}

pub(crate) fn run(sh: &Shell) -> Result<()> {
    if debian::on_path("valgrind").is_none() {
        if !debian::can_install(sh) {
            eprintln!("SKIPPED: valgrind is not installed, so no instructions were counted");
            return Ok(());
        }
        debian::install(sh, &["valgrind"])?;
    }
    cmd!(sh, "cargo build --quiet --profile counted --locked --package bench-core --bins")
        .quiet()
        .run()?;

    let counter = Counter { sh, scratch: tempfile::tempdir()? };
    let mut check = Check { failed: false };
    for (bytes, most) in REQUESTS {
        let once = |times| counter.spent("phases", &["times", times, bytes]);
        let spent = once("2")?.saturating_sub(once("1")?);
        check.hold(&format!("one request of about {bytes} bytes"), spent, most);
    }

    let (forms, worst) = counter.worst_forms()?;
    let first = worst.first().context("no form of a path was read")?;
    println!("the worst of {forms} forms of a path: {first}");
    for form in worst.iter().map(String::as_str).chain(FORMS) {
        for length in LENGTHS {
            let spent = counter.once_more("strangers", &["path", form, &length.to_string()])?;
            let what = format!("a path of {length} bytes, form '{form}'");
            check.hold(&what, spent, PATH.of(length));
        }
    }
    for (kind, a_byte) in KINDS {
        for length in [600, 60_000] {
            let spent = counter.once_more("strangers", &[kind, &length.to_string()])?;
            let what = format!("a head or body of {length} bytes, kind {kind}");
            check.hold(&what, spent, Bound { fixed: 10_000, a_byte }.of(length));
        }
    }
    ensure!(!check.failed, "more instructions than allowed, or none: see above");
    Ok(())
}

struct Check {
    failed: bool,
}

impl Check {
    /// Nothing costs nothing: then nothing was counted.
    fn hold(&mut self, what: &str, spent: u64, most: u64) {
        println!("instructions for {what}: {spent} (at most {most})");
        self.failed |= spent == 0 || spent > most;
    }
}

struct Counter<'a> {
    sh: &'a Shell,
    scratch: TempDir,
}

impl Counter<'_> {
    /// What a run costs.
    fn spent(&self, program: &str, arguments: &[&str]) -> Result<u64> {
        let sh = self.sh;
        let counts = cmd!(
            sh,
            "valgrind --tool=callgrind --callgrind-out-file=/dev/null target/counted/{program} {arguments...}"
        )
        .quiet()
        .ignore_stdout()
        .read_stderr()?;
        collected(&counts).with_context(|| format!("callgrind counted nothing: {counts}"))
    }

    /// What one more time costs, without what starting costs: the program's last argument is how
    /// often.
    fn once_more(&self, program: &str, arguments: &[&str]) -> Result<u64> {
        let times = |times| self.spent(program, &[arguments, &[times]].concat());
        Ok(times("2")?.saturating_sub(times("1")?))
    }

    /// The number of forms that a path can have, and the worst of them: one run reads one of every
    /// form, and leaves a count for each.
    fn worst_forms(&self) -> Result<(usize, Vec<String>)> {
        let sh = self.sh;
        let out = self.scratch.path().join("out");
        let forms = cmd!(
            sh,
            "valgrind --tool=callgrind --callgrind-out-file={out} --dump-before=*read_one*
             target/counted/strangers paths 512"
        )
        .quiet()
        .ignore_stderr()
        .read()?;
        let forms: Vec<_> = forms.lines().collect();
        let mut counted = Vec::new();
        for (form, number) in forms.iter().zip(2_usize..) {
            // The first file is what came before the first form, and the last has no number.
            let numbered = self.scratch.path().join(format!("out.{number}"));
            let last = number > forms.len();
            counted.push((total(if last { &out } else { &numbered })?, *form));
        }
        counted.sort_unstable_by(|one, other| other.cmp(one));
        let worst = counted.iter().take(WORST).map(|(_, form)| (*form).to_owned());
        Ok((forms.len(), worst.collect()))
    }
}

/// The figure in `==1== Collected : 123`.
fn collected(counts: &str) -> Option<u64> {
    let line = counts.lines().find(|line| line.contains("Collected"))?;
    line.split_whitespace().next_back()?.parse().ok()
}

/// The figure in a file of callgrind's: `totals: 123`.
fn total(file: &Path) -> Result<u64> {
    let counts = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let total = counts.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok());
    match total {
        Some(total) => Ok(total),
        None => bail!("{} has no total", file.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Bound, Check, collected};

    #[test]
    fn a_count_is_held_to_its_bound_and_nothing_is_no_count() {
        let failed = |spent| {
            let mut check = Check { failed: false };
            check.hold("it", spent, 10);
            check.failed
        };
        assert_eq!([0, 1, 10, 11].map(failed), [true, false, false, true]);
    }

    #[test]
    fn the_bound_grows_with_the_length() {
        assert_eq!(Bound { fixed: 8000, a_byte: 130 }.of(64), 16_320);
    }

    #[test]
    fn the_count_is_read_from_what_callgrind_says() {
        let said = "==7== Callgrind\n==7== \n==7== Collected : 1234567\n==7== \n";
        assert_eq!(collected(said), Some(1_234_567));
        assert_eq!(collected("==7== Callgrind\n"), None);
    }
}
