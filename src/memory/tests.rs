//! What is remembered, for how long and in how much memory, over a store as bad as a store may be.

#![expect(clippy::arithmetic_side_effects, reason = "tests stop at the first surprise")]

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};

use junction_webhook::repeats::Endpoint;
use junction_webhook::signature::{SchemeName, Verified};
use proptest::prelude::*;

use super::*;

const NOW: Duration = Duration::from_secs(1_795_000_000);
const PATH: &str = "/v1/webhooks/junction";
const HOST: &[u8] = b"webhooks.test";

/// A store as Envoy's: one map, and a version that is compared only where there is a value.
#[derive(Clone, Debug, Default)]
struct Shared(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    values: BTreeMap<String, (Vec<u8>, u32)>,
    version: u32,
    /// What somebody else sets before each of the next calls that set something.
    rivals: Vec<(String, Vec<u8>)>,
    is_refusing: bool,
    sets: usize,
}

impl Store for Shared {
    fn value(&self, key: &str) -> Result<Option<(Vec<u8>, u32)>, StoreError> {
        let inner = self.0.lock().unwrap();
        if inner.is_refusing {
            Err(StoreError::Refused)
        } else {
            Ok(inner.values.get(key).cloned())
        }
    }

    fn replace(&self, key: &str, value: &[u8], version: Option<u32>) -> Result<(), StoreError> {
        let mut inner = self.0.lock().unwrap();
        if inner.is_refusing {
            return Err(StoreError::Refused);
        }
        inner.sets += 1;
        if let Some((key, value)) = inner.rivals.pop() {
            inner.version += 1;
            let version = inner.version;
            inner.values.insert(key, (value, version));
        }
        let current = inner.values.get(key).map(|(_, version)| *version);
        if version.is_some_and(|version| current.is_some_and(|current| current != version)) {
            return Err(StoreError::Changed);
        }
        inner.version += 1;
        let version = inner.version;
        inner.values.insert(key.to_owned(), (value.to_vec(), version));
        Ok(())
    }
}

impl Shared {
    fn bytes(&self) -> usize {
        self.0.lock().unwrap().values.values().map(|(value, _)| value.len()).sum()
    }

    fn keys(&self) -> Vec<String> {
        self.0.lock().unwrap().values.keys().cloned().collect()
    }
}

fn limits(remember: u64, seconds: u64) -> Limits {
    Limits::new(remember, seconds).unwrap()
}

fn open(remember: u64, seconds: u64, store: &Shared) -> Memory {
    Memory::open(limits(remember, seconds), Box::new(store.clone())).unwrap()
}

fn event_of(path: &str, host: &[u8], scheme: SchemeName, id: &str) -> Fingerprint {
    let verified = Verified { scheme, event_id: id.to_owned(), sent_at: None };
    Endpoint::new([Some(path.as_bytes()), Some(host)]).event(&verified)
}

fn event(id: &str) -> Fingerprint {
    event_of(PATH, HOST, SchemeName::Svix, id)
}

#[test]
fn knows_what_was_remembered_and_nothing_else() {
    let memory = open(100, 60, &Shared::default());
    let (a, b) = (event("msg_a"), event("msg_b"));
    assert!(!memory.knows(&a, NOW));
    memory.remember(&a, NOW);
    assert!(memory.knows(&a, NOW));
    assert!(!memory.knows(&b, NOW));
}

#[test]
fn forgets_after_exactly_so_many_seconds_whichever_way_the_clock_went() {
    let memory = open(1, 60, &Shared::default());
    let own = event("msg_a");
    memory.remember(&own, NOW);
    let (lifetime, nanosecond) = (Duration::from_mins(1), Duration::from_nanos(1));
    let earlier = NOW.checked_sub(lifetime).unwrap();
    for (name, now, known) in [
        ("just before", NOW + lifetime.checked_sub(nanosecond).unwrap(), true),
        ("at the end", NOW + lifetime, false),
        ("the clock was set back by less", earlier + nanosecond, true),
        ("the clock was set back by as much", earlier, false),
        ("a clock at the epoch", Duration::ZERO, false),
    ] {
        assert_eq!(memory.knows(&own, now), known, "{name}");
    }
    memory.remember(&own, NOW + lifetime);
    assert!(memory.knows(&own, NOW + lifetime), "taken again, remembered again");
}

#[test]
fn two_workers_share_what_either_remembers() {
    let store = Shared::default();
    let (one, other) = (open(32, 60, &store), open(32, 60, &store));
    one.remember(&event("msg_a"), NOW);
    assert!(other.knows(&event("msg_a"), NOW));
}

#[test]
fn tells_endpoints_and_schemes_apart() {
    let store = Shared::default();
    let memory = open(100, 60, &store);
    let joined = format!("{PATH}a.test");
    let own = event_of(PATH, b"a.test", SchemeName::Svix, "msg_a");
    memory.remember(&own, NOW);
    for (name, other) in [
        ("another host", event_of(PATH, b"b.test", SchemeName::Svix, "msg_a")),
        ("no host", event_of(PATH, b"", SchemeName::Svix, "msg_a")),
        ("another scheme", event_of(PATH, b"a.test", SchemeName::Hmac, "msg_a")),
        ("another path", event_of("/hooks", b"a.test", SchemeName::Svix, "msg_a")),
        ("a path that ends in the host", event_of(&joined, b"", SchemeName::Svix, "msg_a")),
    ] {
        assert!(!memory.knows(&other, NOW), "{name}");
    }
}

#[test]
fn compares_the_whole_fingerprint() {
    let store = Shared::default();
    let memory = open(16, 60, &store);
    let own = event("msg_a");
    memory.remember(&own, NOW);
    let stored = store.value(&key(0)).unwrap().unwrap().0;
    for byte in 0..Fingerprint::BYTES {
        let mut other = stored.clone();
        other[byte] ^= 1;
        store.replace(&key(0), &other, None).unwrap();
        assert!(!memory.knows(&own, NOW), "byte {byte}");
    }
    store.replace(&key(0), &stored, None).unwrap();
    assert!(memory.knows(&own, NOW));
}

#[test]
fn a_full_set_forgets_the_event_that_was_taken_first() {
    for remember in [1, 2, 16] {
        let store = Shared::default();
        let memory = open(remember, 60, &store);
        let known = || -> Vec<u64> {
            (0..=remember).filter(|n| memory.knows(&event(&n.to_string()), NOW)).collect()
        };
        for number in 0..remember {
            memory.remember(&event(&number.to_string()), NOW);
        }
        assert_eq!(known(), (0..remember).collect::<Vec<_>>(), "{remember}");
        memory.remember(&event(&remember.to_string()), NOW);
        assert_eq!(known(), (1..=remember).collect::<Vec<_>>(), "{remember}");
        assert_eq!(store.keys(), ["junction_dup1/0"], "{remember}");
    }
}

#[test]
fn an_event_that_is_taken_twice_takes_one_place() {
    let store = Shared::default();
    let memory = open(16, 60, &store);
    for _ in 0..20 {
        memory.remember(&event("msg_a"), NOW);
    }
    assert_eq!(store.bytes(), ENTRY_BYTES);
}

#[test]
fn all_sets_together_hold_as_many_as_are_to_be_remembered() {
    for remember in [1, 15, 16, 17, 31, 33, 100, 4096, 65_535, 65_536] {
        let limits = limits(remember, 1);
        let sizes: Vec<_> = (0..sets(limits)).map(|set| capacity_of(limits, set)).collect();
        assert_eq!(sizes.iter().sum::<usize>(), usize::try_from(remember).unwrap());
        assert!(sizes.iter().all(|size| (1..=16).contains(size)), "{remember}: {sizes:?}");
    }
}

#[test]
fn ten_thousand_events_fill_no_more_than_was_asked_for() {
    for (remember, keys) in [(1, 1), (16, 1), (100, 7)] {
        let store = Shared::default();
        let memory = open(remember, 60, &store);
        let before = store.keys();
        assert_eq!(before.len(), keys, "made at once");
        for number in 0..10_000 {
            memory.remember(&event(&format!("msg_{number}")), NOW);
        }
        assert_eq!(store.keys(), before, "{remember}");
        assert_eq!(store.bytes(), usize::try_from(remember).unwrap() * ENTRY_BYTES, "{remember}");
        assert!(store.keys().iter().all(|key| key.len() <= 22), "{before:?}");
    }
}

#[test]
fn a_reload_keeps_what_is_there_and_another_bound_uses_the_same_keys() {
    let store = Shared::default();
    let small = open(16, 60, &store);
    small.remember(&event("msg_a"), NOW);
    let before = store.0.lock().unwrap().sets;
    let again = open(16, 60, &store);
    assert_eq!(store.0.lock().unwrap().sets, before, "nothing is set");
    assert!(again.knows(&event("msg_a"), NOW));

    let large = open(160, 60, &store);
    assert_eq!(store.keys().len(), 10);
    assert!(small.knows(&event("msg_a"), NOW));
    // What the new bound puts elsewhere is not found, and nothing else is found in its place.
    assert!(!large.knows(&event("msg_b"), NOW));
    assert_eq!(sets(open(16, 60, &store).limits), 1);
    assert_eq!(store.keys().len(), 10, "a smaller bound adds none");
}

#[test]
fn an_event_that_another_worker_adds_in_the_meantime_is_kept() {
    let store = Shared::default();
    let memory = open(16, 60, &store);
    let [own, rival] = ["own", "rival"].map(event);
    let set = Entry { fingerprint: *rival.bytes(), taken_at: NOW }.bytes().collect();
    store.0.lock().unwrap().rivals.push((key(0), set));
    memory.remember(&own, NOW);
    assert!(memory.knows(&own, NOW), "tried again");
    assert!(memory.knows(&rival, NOW), "not overwritten");
}

#[test]
fn a_set_that_never_stands_still_is_given_up_and_its_event_forgotten() {
    let store = Shared::default();
    let memory = open(16, 60, &store);
    let own = event("own");
    let rivals = vec![(key(0), Vec::new()); ATTEMPTS + 5];
    store.0.lock().unwrap().rivals = rivals;
    let before = store.0.lock().unwrap().sets;
    memory.remember(&own, NOW);
    assert_eq!(store.0.lock().unwrap().sets - before, ATTEMPTS, "bounded");
    assert!(!memory.knows(&own, NOW));
}

#[test]
fn a_store_that_refuses_cannot_be_opened_and_knows_nothing() {
    let store = Shared::default();
    let memory = open(16, 60, &store);
    let own = event("own");
    memory.remember(&own, NOW);
    store.0.lock().unwrap().is_refusing = true;
    assert!(!memory.knows(&own, NOW));
    memory.remember(&own, NOW);
    let refused = Memory::open(limits(16, 60), Box::new(store));
    assert_eq!(refused.map(|_| ()), Err(StoreError::Refused));
}

proptest! {
    #[test]
    fn never_knows_an_event_that_was_not_remembered(
        remember in 1_u64..40,
        steps in proptest::collection::vec((0_u32..60, any::<bool>(), 0_u64..30), 1..200),
        noise in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let store = Shared::default();
        let memory = open(remember, 20, &store);
        store.replace(&key(0), &noise, None).unwrap();
        let mut remembered = HashSet::new();
        let mut now = NOW;
        for (id, takes, passed) in steps {
            now += Duration::from_secs(passed);
            let own = event(&id.to_string());
            if memory.knows(&own, now) {
                prop_assert!(remembered.contains(&id), "{id} was never remembered");
            }
            if takes {
                memory.remember(&own, now);
                remembered.insert(id);
                prop_assert!(memory.knows(&own, now), "{} was just remembered", id);
            }
            prop_assert!(store.keys().len() <= 3);
        }
    }
}
