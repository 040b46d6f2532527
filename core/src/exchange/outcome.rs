//! What the state machine tells its host to do next.

use std::borrow::Cow;

use crate::reject::Answer;
use crate::report::Report;

/// What the host does next.
#[derive(Debug)]
pub enum Outcome {
    /// Let this part of the request go on as it is.
    Continue,
    /// Hold everything back and wait for more.
    Wait,
    /// Let the head go on with these changes, to a filter that holds it back, and hold the body.
    PassHead(Forward),
    /// The request is not guarded: let all of it go on.
    Unguarded,
    /// There is a verdict: report it, then act on it.
    Decided(Report, Action),
}

/// What the host carries out for a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Answer the request; the upstream never sees it.
    Answer(Answer),
    /// Let the request go on, changed.
    Forward(Forward),
}

/// The changes to a request that goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forward {
    /// Headers to remove, all that are present and end here.
    pub remove: Vec<String>,
    /// Headers to set, in place of any by that name.
    pub set: Vec<(&'static str, Cow<'static, str>)>,
    /// The body in place of the sender's, and no trailers; `None` leaves both as they are.
    pub body: Option<Vec<u8>>,
}
