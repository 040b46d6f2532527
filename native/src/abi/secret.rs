//! Secrets that Envoy delivers: asked for while a filter is configured, read in every later hook.
//!
//! They need callbacks that only later releases have. Specification: as of [`super`].

use std::ffi::c_void;

use super::Buffer;
use super::callbacks::{
    ValueOfSecret, scheduler, secret_of_configuration, secret_of_stream, subscribe_to_secret,
};
use super::stream::{Configuration, Stream};

/// A secret that was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SecretId {
    number: usize,
    /// Looked up once, and not with each request.
    of_stream: ValueOfSecret,
}

/// Why a secret cannot be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoSubscription {
    /// This Envoy has no callback for it.
    OldEnvoy,
    /// Envoy knows no such secret, or not what its source says.
    Refused,
}

impl<'hook> Configuration<'hook> {
    /// Whether this Envoy delivers secrets to a module: 1.40 and later.
    #[expect(clippy::unused_self, reason = "it is asked of the Envoy that configures")]
    pub(crate) fn delivers_secrets(self) -> bool {
        subscribe_to_secret().is_some()
    }

    /// Asks Envoy for a secret of this name, static where there is no source; what finds its value
    /// later. Envoy allows it while the configuration is made, and then no more.
    pub(crate) fn subscribe(
        self,
        name: &str,
        source: Option<&str>,
    ) -> Result<SecretId, NoSubscription> {
        let (Some(subscribe), Some(_), Some(of_stream)) =
            (subscribe_to_secret(), secret_of_configuration(), secret_of_stream())
        else {
            return Err(NoSubscription::OldEnvoy);
        };
        let source = source.map_or(Buffer::EMPTY, |source| Buffer::of(source.as_bytes()));
        // SAFETY: name and source are readable during the call, and the configuration lives as long
        // as the hook.
        match unsafe { subscribe(self.0, Buffer::of(name.as_bytes()), source) } {
            0 => Err(NoSubscription::Refused),
            number => Ok(SecretId { number, of_stream }),
        }
    }

    /// Lets Envoy call `on_http_filter_config_scheduled` once, when its main thread is done with
    /// what it is about. From no other thread: that would own the configuration for a moment, and
    /// might come to be the one that destroys it.
    pub(crate) fn call_back(self) {
        let Some(scheduler) = scheduler() else { return };
        // SAFETY: the configuration lives as long as the hook, and the scheduler as long as these
        // calls; what is committed outlives it.
        unsafe {
            let own = (scheduler.new)(self.0);
            (scheduler.commit)(own, 0);
            (scheduler.delete)(own);
        }
    }

    /// The present value of a secret; an empty one where it never came.
    pub(crate) fn secret(self, id: SecretId) -> Option<&'hook [u8]> {
        // SAFETY: the configuration lives as long as the hook.
        unsafe { value_of_secret(secret_of_configuration()?, self.0, id.number) }
    }
}

impl<'hook> Stream<'hook> {
    /// The present value of a secret, as this thread has it; an empty one where it never came.
    pub(crate) fn secret(self, id: SecretId) -> Option<&'hook [u8]> {
        // SAFETY: the stream lives as long as the hook.
        unsafe { value_of_secret(id.of_stream, self.0, id.number) }
    }
}

/// The value of a secret, where there is such a secret.
///
/// # Safety
///
/// `of` is a configuration where `ask` asks one, or a stream, and lives for `'a`, as does what
/// Envoy gives: Envoy replaces a secret between two hooks of a thread, and never in one.
unsafe fn value_of_secret<'a>(ask: ValueOfSecret, of: *mut c_void, id: usize) -> Option<&'a [u8]> {
    let mut value = Buffer::EMPTY;
    // SAFETY: the value is writable during the call; the rest as this function demands.
    unsafe { ask(of, id, &raw mut value).then(|| value.bytes()) }
}
