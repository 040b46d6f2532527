//! Senders of good webhooks that never pause while a secret rotates.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};
use std::thread;

use harness::{Gateway, Request, eventually, now};

use crate::sample::RESULT;

const SENDERS: usize = 4;

/// So many requests of all senders together show that they go on.
const SOME: usize = 25 * SENDERS;

/// What all senders share.
#[derive(Default)]
pub(crate) struct Senders {
    signs_new: AtomicBool,
    is_over: AtomicBool,
    sent: AtomicUsize,
    refused: Mutex<Vec<u16>>,
}

impl Senders {
    /// Lets them sign with the first secret, and with the second once `rotate` says so, until it is
    /// done. Answers how many requests they sent, none of which was refused.
    pub(crate) fn during(
        gateway: &Gateway,
        [old, new]: [&str; 2],
        rotate: impl FnOnce(&Self),
    ) -> usize {
        let senders = Self::default();
        thread::scope(|scope| {
            for _ in 0..SENDERS {
                scope.spawn(|| {
                    while !senders.is_over.load(Ordering::SeqCst) {
                        let is_new = senders.signs_new.load(Ordering::SeqCst);
                        let status = status(gateway, if is_new { new } else { old });
                        if status != 200 {
                            senders.refused.lock().unwrap().push(status);
                        }
                        senders.sent.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
            // Where it fails, they end as well.
            let over = Over(&senders.is_over);
            senders.go_on();
            rotate(&senders);
            senders.go_on();
            drop(over);
        });
        let sent = senders.sent.load(Ordering::SeqCst);
        assert_eq!(*senders.refused.lock().unwrap(), [0_u16; 0], "of {sent} good requests");
        sent
    }

    /// Waits until each has sent some more.
    pub(crate) fn go_on(&self) {
        let mark = self.sent.load(Ordering::SeqCst).saturating_add(SOME);
        eventually("the senders go on", || (self.sent.load(Ordering::SeqCst) > mark).then_some(()));
    }

    /// Lets them sign with the second secret from now on.
    pub(crate) fn sign_with_new(&self) {
        self.signs_new.store(true, Ordering::SeqCst);
        self.go_on();
    }
}

struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The status of a good webhook that is signed with this secret.
pub(crate) fn status(gateway: &Gateway, secret: &str) -> u16 {
    gateway.send(&Request::signed_with(secret, "msg_1", now(), RESULT)).status
}
