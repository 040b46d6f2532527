//! The rounds of one search: nothing is otherwise, then one thing, then two.
//!
//! Takes all that it does from its [`Work`] before it does it, and knows what it left out.

use std::collections::VecDeque;

use hmac::{Hmac, KeyInit, Mac};
use junction_webhook::signature::SchemeName;
use sha2::Sha256;

use super::{
    Cause, Key, Search,
    body::{BodyCause, Form, Forms, Made},
    claim::Claim,
    work::{Spent, Work},
};

/// What HMAC hashes of the key, twice a block of each of its two passes (RFC 2104).
const KEY_BYTES: usize = 256;

/// What else a try takes, however short the body is, in units of hashing one byte.
const TRY_UNITS: usize = 1024;

/// What a search left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Untried {
    /// How many ways to write the body's JSON anew, of so many that are known.
    pub(crate) writings: (usize, usize),
    /// How many other alterations of the body, likewise.
    pub(crate) alterations: (usize, usize),
    /// Whether some single cause in the head or the secret.
    pub(crate) has_single: bool,
    /// Whether the work was spent, and so some pairs of causes; else what was left out was too long
    /// by itself.
    pub(crate) is_spent: bool,
}

/// One search.
pub(super) struct Rounds {
    claims: Vec<Claim>,
    svix: Vec<Key>,
    hmac: Vec<Key>,
    work: Work,
    tried: usize,
    /// Whether the body that arrived was tried with all that may be otherwise beside it.
    has_tried_arrived: bool,
    /// The forms of the body that were not tried by themselves yet.
    left: VecDeque<Form>,
    /// Those that were too long.
    too_long: Vec<Form>,
}

impl Rounds {
    pub(super) fn of(claims: Vec<Claim>, [svix, hmac]: [Vec<Key>; 2], work: Work) -> Self {
        let left = Form::all().into();
        let (has_tried_arrived, too_long) = (false, Vec::new());
        Self { claims, svix, hmac, work, tried: 0, has_tried_arrived, left, too_long }
    }

    /// Searches, and answers what came of it.
    pub(super) fn run(mut self, body: &[u8]) -> Search {
        let found = self.search(body);
        let is_cut = found.is_err() || !self.too_long.is_empty();
        Search {
            tried: self.tried,
            compared: self.claims.iter().map(|claim| claim.tags.len()).sum(),
            untried: is_cut.then(|| self.untried(found.is_err())),
            found: found.unwrap_or_default(),
        }
    }

    fn search(&mut self, body: &[u8]) -> Result<Option<Vec<Cause>>, Spent> {
        if self.claims.is_empty() {
            self.left.clear();
            return Ok(None);
        }
        if let Some(found) = self.try_body(0, None, body)? {
            return Ok(Some(found));
        }
        if let Some(found) = self.try_body(1, None, body)? {
            return Ok(Some(found));
        }
        self.has_tried_arrived = true;
        self.work.take(body.len(), 1)?;
        let mut forms = Forms::of(body);
        // Those that make a body of their own are all that there is to pair.
        let mut distinct = Vec::new();
        while let Some(form) = self.left.front().copied() {
            match forms.make(form, &mut self.work)? {
                Made::Body(made) if forms.is_new(&made, &mut self.work)? => {
                    if let Some(found) = self.try_body(1, Some(form.cause()), &made)? {
                        return Ok(Some(found));
                    }
                    distinct.push(form);
                }
                Made::Body(_) | Made::Nothing => {}
                Made::TooLong => self.too_long.push(form),
            }
            self.left.pop_front();
        }
        if let Some(found) = self.try_body(2, None, body)? {
            return Ok(Some(found));
        }
        for form in distinct {
            if let Made::Body(made) = forms.make(form, &mut self.work)?
                && let Some(found) = self.try_body(2, Some(form.cause()), &made)?
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Tries one body with so many causes in all, of which it may be one.
    fn try_body(
        &mut self,
        causes: usize,
        body_cause: Option<BodyCause>,
        body: &[u8],
    ) -> Result<Option<Vec<Cause>>, Spent> {
        for claim in &self.claims {
            let keys = match claim.scheme {
                SchemeName::Svix => &self.svix,
                SchemeName::Hmac => &self.hmac,
            };
            let mut before = claim.causes.clone();
            before.extend(body_cause.map(Cause::Body));
            for (prefix, head_cause) in &claim.prefixes {
                for key in keys {
                    let count = before
                        .len()
                        .saturating_add(key.causes())
                        .saturating_add(head_cause.is_some().into());
                    // A tag's own form may be one more.
                    let tag_causes = causes.checked_sub(count).filter(|left| *left <= 1);
                    let Some(tag_causes) = tag_causes else { continue };
                    let mut tags = claim
                        .tags
                        .iter()
                        .filter(|tag| usize::from(tag.cause.is_some()) == tag_causes)
                        .peekable();
                    if tags.peek().is_none() {
                        continue;
                    }
                    let length = body.len().saturating_add(prefix.len()).saturating_add(KEY_BYTES);
                    self.work.take(length.saturating_add(TRY_UNITS), 1)?;
                    self.tried = self.tried.saturating_add(1);
                    let Some(computed) = tag_of(&key.bytes, prefix, body) else { continue };
                    if let Some(tag) = tags.find(|tag| tag.bytes == computed) {
                        let mut found = before.clone();
                        found.extend(head_cause.clone().map(Cause::Head));
                        found.extend(tag.cause.map(Cause::Tag));
                        found.extend(key.other.clone());
                        found.extend(key.cause.clone());
                        return Ok(Some(found));
                    }
                }
            }
        }
        Ok(None)
    }

    fn untried(&self, is_spent: bool) -> Untried {
        let (all, left) = (Form::all(), self.left.iter().chain(&self.too_long));
        let is_writing = |form: &&Form| matches!(form, Form::Written(_));
        let writings = left.clone().filter(is_writing).count();
        let all_writings = all.iter().filter(is_writing).count();
        let alterations = left.count().saturating_sub(writings);
        Untried {
            writings: (writings, all_writings),
            alterations: (alterations, all.len().saturating_sub(all_writings)),
            has_single: !self.has_tried_arrived,
            is_spent,
        }
    }
}

fn tag_of(key: &[u8], prefix: &[u8], body: &[u8]) -> Option<[u8; 32]> {
    let mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    Some(mac.chain_update(prefix).chain_update(body).finalize().into_bytes().into())
}

#[cfg(test)]
mod tests;
