//! The memory of events that the upstream has taken, for all plugins and workers of this process.
//!
//! It outlives a plugin, since a reload must not forget. Whatever goes wrong ends in forgetting.
//! Specification: docs/duplicates.md.

use std::collections::{HashMap, VecDeque};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use webhook::repeats::{Fingerprint, Limits, Repeats};

/// What one plugin sees of the memory.
#[derive(Debug)]
pub(crate) struct Memory(pub(crate) Limits);

impl Repeats for Memory {
    /// A time ahead counts like one behind: a clock that is set back must not keep an event for
    /// longer.
    fn knows(&self, event: &Fingerprint, now: Duration) -> bool {
        let at = taken().at.get(event).copied();
        at.is_some_and(|at| at.abs_diff(now) < self.0.lifetime())
    }

    /// In the place of the one that was taken first.
    fn remember(&self, event: &Fingerprint, now: Duration) {
        let most = usize::try_from(self.0.remember()).unwrap_or(usize::MAX);
        let taken = &mut *taken();
        if taken.at.insert(*event, now).is_none() {
            taken.order.push_back(*event);
        }
        while taken.order.len() > most {
            if let Some(oldest) = taken.order.pop_front() {
                taken.at.remove(&oldest);
            }
        }
    }
}

/// When each event was taken, and in which order.
#[derive(Debug, Default)]
struct Taken {
    at: HashMap<Fingerprint, Duration>,
    order: VecDeque<Fingerprint>,
}

static TAKEN: LazyLock<Mutex<Taken>> = LazyLock::new(Mutex::default);

fn taken() -> MutexGuard<'static, Taken> {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}
