//! With the shell as the child.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use super::*;

fn shell(script: &str) -> Command {
    let mut command = Command::new("bash");
    command.args(["-c", script]);
    command
}

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A child that says its number and then does nothing, and where `/proc` has it.
fn idle() -> (Process, String) {
    let process = Process::start(&shell("echo $$; exec sleep 600")).unwrap();
    let number = process.stdout().find_within(PATIENCE, |line| Some(line.to_owned())).unwrap();
    let place = format!("/proc/{number}");
    assert!(Path::new(&place).exists());
    (process, place)
}

#[test]
fn a_child_ends_when_its_owner_lets_go_of_it() {
    let (process, place) = idle();
    drop(process);
    assert!(!Path::new(&place).exists());
}

#[test]
fn a_child_ends_when_its_owner_is_killed() {
    let (mut process, _) = idle();
    // All that is left of a killed owner: the system closes its end of the pipe.
    drop(process.leash.take());
    assert_eq!(process.wait().unwrap().code(), Some(128 + 15));
}

#[test]
fn a_child_ends_by_the_signal_that_it_is_sent() {
    for (signal, number) in [("KILL", 9), ("TERM", 15)] {
        let (mut process, _) = idle();
        assert_eq!(process.ended().unwrap(), None);
        assert_eq!(process.end_by(signal).unwrap().code(), Some(128 + number));
        assert_eq!(process.ended().unwrap().unwrap().code(), Some(128 + number));
    }
}

#[test]
fn a_child_gets_a_signal_and_goes_on() {
    let script = "trap 'echo heard' HUP; echo up; while :; do sleep 0.01; done";
    let mut process = Process::start(&shell(script)).unwrap();
    let said = |word: &'static str| move |line: &str| (line == word).then_some(());
    process.stdout().find_within(PATIENCE, said("up")).unwrap();
    assert_eq!(process.stdout().all(), ["up"]);
    process.signal("HUP").unwrap();
    process.stdout().find_within(PATIENCE, said("heard")).unwrap();
    assert_eq!(process.ended().unwrap(), None);
    process.end_by("KILL").unwrap();
    assert!(process.signal("HUP").is_err());
}

#[test]
fn a_childs_own_end_and_all_that_it_wrote_are_known() {
    let script = "for i in {1..2000}; do echo out $i; done; printf 'err\\nlast' >&2; exit 3";
    let mut process = Process::start(&shell(script)).unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(3));
    let lines: Vec<_> = (1..=2000).map(|number| format!("out {number}")).collect();
    assert_eq!(process.stdout().all(), lines);
    assert_eq!(process.stderr().text(), "err\nlast");
}

#[test]
fn a_child_has_the_directory_and_the_variables_of_its_command_and_no_input() {
    let mut command = shell("pwd; echo \"$ADDED ${HOME-none}\"; cat; echo end");
    command.current_dir("/usr").env("ADDED", "a b").env_remove("HOME");
    let mut process = Process::start(&command).unwrap();
    process.wait().unwrap();
    assert_eq!(process.stdout().all(), ["/usr", "a b none", "end"]);
}

#[test]
fn a_program_that_is_missing_ends_with_the_shells_words() {
    let mut process = Process::start(&Command::new("/nowhere/at-all")).unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(127));
    assert!(process.stderr().text().contains("/nowhere/at-all"), "{}", process.stderr().text());
}

#[test]
fn what_a_child_uses_is_its_own() {
    let (idle, _) = idle();
    let busy = Process::start(&shell("echo up; while :; do :; done")).unwrap();
    busy.stdout().find_within(PATIENCE, |_| Some(())).unwrap();
    let start = Instant::now();
    while busy.cpu_nanos().unwrap() < 200_000_000 {
        assert!(start.elapsed() < PATIENCE, "the shell does not run");
        thread::sleep(Duration::from_millis(2));
    }
    assert!(idle.cpu_nanos().unwrap() < 100_000_000);
    // As much as a shell takes, and a page at the least.
    let resident = busy.resident_bytes().unwrap();
    assert!((4096..64 << 20).contains(&resident), "{resident}");
}

#[test]
fn a_line_is_waited_for_and_no_longer_than_asked() {
    let process = Process::start(&shell("echo one; sleep 0.2; echo two; exec sleep 600")).unwrap();
    let starts_with = |letter| move |line: &str| line.starts_with(letter).then(|| line.to_owned());
    assert_eq!(process.stdout().find_within(PATIENCE, starts_with('t')), Some("two".to_owned()));
    assert_eq!(process.stdout().find_within(Duration::ZERO, starts_with('x')), None);
}

#[test]
fn a_child_that_would_end_with_its_parent_outlives_the_thread_that_started_it() {
    let mut command = Command::new("setpriv");
    let script = "while :; do echo up; sleep 0.02; done";
    command.args(["--pdeathsig", "TERM", "bash", "-c", script]);
    let starts = thread::spawn(move || {
        let process = Process::start(&command).unwrap();
        process.stdout().find_within(PATIENCE, |_| Some(())).unwrap();
        process
    });
    let mut process = starts.join().unwrap();
    let ticks = process.stdout().all().len() + 5;
    let start = Instant::now();
    while process.stdout().all().len() < ticks {
        assert_eq!(process.ended().unwrap(), None);
        assert!(start.elapsed() < PATIENCE, "it stands still");
        thread::sleep(Duration::from_millis(5));
    }
}
