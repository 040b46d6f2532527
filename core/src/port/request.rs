//! One request: what the exchange decides, told and carried out.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Change, Flow, Host, Warning, Worker};
use crate::exchange::{Action, Exchange, Forward, Outcome};
use crate::http::Header;
use crate::metrics::Series;
use crate::reject::Answer;
use crate::report::Report;

/// One request; `worker` is its worker at each call.
#[derive(Debug)]
pub struct Request {
    exchange: Exchange,
    /// The time spent in callbacks that have ended.
    spent: Duration,
    stage: Stage,
    has_panicked: bool,
}

/// What has been done about a request, or is about to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Nothing.
    Untold,
    /// Its verdict is told. Envoy lets filter state be set once.
    Told,
    /// It has its answer, from whomever.
    Answered,
}

/// What is said of a panic: not why, since its message may hold a patient's data.
const PANIC: &str = "the filter met a panic in a request: please report it";

impl Request {
    /// Starts with nothing seen of the request.
    #[must_use]
    pub fn new(worker: &Worker) -> Self {
        let exchange = Exchange::new(Arc::clone(&worker.plugin), worker.repeats.clone());
        Self { exchange, spent: Duration::ZERO, stage: Stage::Untold, has_panicked: false }
    }

    /// Takes the head; none is one that the host cannot read, which goes nowhere.
    pub fn on_head(
        &mut self,
        headers: Option<&[Header]>,
        end_of_stream: bool,
        worker: &Worker,
        host: &impl Host,
    ) -> Flow {
        let now = host.now();
        if let Some(plugin) = worker.delivered(false, host) {
            self.exchange = Exchange::new(plugin, worker.repeats.clone());
        }
        let outcome = match headers {
            Some(headers) => self.exchange.on_head(headers, end_of_stream, now),
            None => self.exchange.on_no_head(),
        };
        self.carry_out(outcome, now, worker, host)
    }

    /// Takes the news that `size` bytes of the body are there by now.
    pub fn on_body(
        &mut self,
        size: usize,
        end_of_stream: bool,
        worker: &Worker,
        host: &impl Host,
    ) -> Flow {
        let start = host.now();
        worker.is_body_seen.store(true, Ordering::Relaxed);
        let outcome = if self.is_leaked(host) {
            self.leak(worker, host)
        } else {
            match self.exchange.on_body(size) {
                Outcome::Wait if end_of_stream => self.end(host),
                outcome => outcome,
            }
        };
        self.carry_out(outcome, start, worker, host)
    }

    /// Takes the end of a request that ends with trailers.
    pub fn on_trailers(&mut self, worker: &Worker, host: &impl Host) -> Flow {
        let start = host.now();
        let outcome = if self.is_leaked(host) { self.leak(worker, host) } else { self.end(host) };
        if let Outcome::Decided(_, Action::Forward(Forward { body: Some(_), .. })) = &outcome {
            // Trailers are not signed.
            host.drop_trailers();
        }
        if self.exchange.screens_trailers() {
            match host.trailer_names().map(|names| self.exchange.withheld_trailers(names)) {
                Some(names) => host.remove_trailers(&names),
                None => host.drop_trailers(),
            }
        }
        self.carry_out(outcome, start, worker, host)
    }

    /// Takes the end of the request and of its answer.
    pub fn on_done(&mut self, worker: &Worker, host: &impl Host) {
        self.stage = Stage::Answered;
        let is_undecided = self.exchange.is_undecided();
        if !is_undecided && !self.exchange.awaits_answer() {
            return;
        }
        let status = host.upstream_status();
        if status.is_some_and(|status| (200..300).contains(&status)) {
            self.exchange.on_taken(host.now());
        }
        if is_undecided && status.is_some() {
            worker.warn_of(Warning::Unverified, host);
        } else if self.exchange.is_starved() && !worker.is_body_seen.load(Ordering::Relaxed) {
            worker.warn_of(Warning::Starved, host);
        }
    }

    /// Takes the news that one of these calls panicked, in a host that can catch that. The request
    /// is refused, unless it has its answer, and nothing more of it goes on. Where this panics as
    /// well, it is to be called once more, and then leaves out whatever it told.
    pub fn on_panic(&mut self, worker: &Worker, host: &impl Host) -> Flow {
        let (report, answer) = self.exchange.on_panic();
        if !mem::replace(&mut self.has_panicked, true) {
            worker.error(PANIC, host);
            if self.stage == Stage::Untold {
                self.tell(&report, worker, host);
            } else {
                // What the access log has been told stays.
                host.add(Series::Requests(report.verdict), 1);
            }
        }
        if self.stage < Stage::Answered {
            self.answer(&answer, host);
        }
        Flow::Hold
    }

    /// Whether the request has had its answer, so that nothing of it need be kept.
    #[must_use]
    pub const fn is_answered(&self) -> bool {
        self.exchange.is_answered()
    }

    fn end(&mut self, host: &impl Host) -> Outcome {
        let body = match self.exchange.awaited_body() {
            None | Some(0) => Some(Vec::new()),
            Some(length) => host.body(length),
        };
        if self.exchange.awaits_destination() {
            self.exchange.on_destination(&host.destination());
        }
        self.exchange.on_end(body.as_deref())
    }

    /// Whether the upstream has been asked for a head that another filter should hold back.
    fn is_leaked(&self, host: &impl Host) -> bool {
        self.exchange.relies_on_buffer() && host.is_head_gone()
    }

    fn leak(&mut self, worker: &Worker, host: &impl Host) -> Outcome {
        worker.warn_of(Warning::Leaked, host);
        self.exchange.on_leak()
    }

    /// Carries out what came of a callback that began at `start`.
    fn carry_out(
        &mut self,
        outcome: Outcome,
        start: Duration,
        worker: &Worker,
        host: &impl Host,
    ) -> Flow {
        match outcome {
            Outcome::Wait => {
                self.spend_since(start, host);
                Flow::Hold
            }
            Outcome::Continue => Flow::Continue,
            Outcome::PassHead(forward) => {
                if host.change(&forward) != Change::Made {
                    let outcome = self.exchange.on_no_head();
                    return self.carry_out(outcome, start, worker, host);
                }
                self.spend_since(start, host);
                Flow::Continue
            }
            Outcome::Unguarded => {
                host.add(Series::Unguarded, 1);
                Flow::Continue
            }
            Outcome::Decided(report, action) => {
                let flow = match action {
                    Action::Answer(answer) => {
                        self.tell(&report, worker, host);
                        self.answer(&answer, host);
                        Flow::Hold
                    }
                    Action::Forward(forward) => self.forward(report, &forward, worker, host),
                };
                self.spend_since(start, host);
                let spent = u64::try_from(self.spent.as_micros()).unwrap_or(u64::MAX);
                host.record(Series::FilterMicroseconds, spent);
                flow
            }
        }
    }

    /// Lets the request go on, if it can, and reports what became of that.
    fn forward(
        &mut self,
        report: Report,
        forward: &Forward,
        worker: &Worker,
        host: &impl Host,
    ) -> Flow {
        let (report, answer) = match host.change(forward) {
            Change::Made => {
                self.tell(&report, worker, host);
                return Flow::Continue;
            }
            Change::NoRoom => self.exchange.on_no_room(report),
            Change::Refused => {
                self.stage = Stage::Answered;
                self.exchange.on_no_room(report)
            }
            Change::Failed => self.exchange.on_no_change(report),
        };
        self.tell(&report, worker, host);
        if self.stage < Stage::Answered {
            self.answer(&answer, host);
        }
        Flow::Hold
    }

    /// Counts a verdict, tells it to the access log, and logs a refusal.
    fn tell(&mut self, report: &Report, worker: &Worker, host: &impl Host) {
        self.stage = self.stage.max(Stage::Told);
        count(report, host);
        for (key, value) in report.filter_state() {
            host.set_filter_state(key, value);
        }
        if let Some(line) = report.log_line() {
            worker.warn(&line, host);
        }
    }

    fn answer(&mut self, answer: &Answer, host: &impl Host) {
        host.answer(answer);
        self.stage = Stage::Answered;
    }

    /// Adds the time since `start`, when a callback began. A clock that is set back counts as one
    /// that stood still.
    fn spend_since(&mut self, start: Duration, host: &impl Host) {
        self.spent = self.spent.saturating_add(host.now().saturating_sub(start));
    }
}

fn count(report: &Report, host: &impl Host) {
    host.add(Series::Requests(report.verdict), 1);
    if let Some(event_type) = report.event_type {
        host.add(Series::Events(event_type), 1);
        if report.marker_count > 0 {
            host.add(Series::Markers, report.marker_count);
        }
    }
    host.record(Series::BodyBytes, u64::try_from(report.body_bytes).unwrap_or(u64::MAX));
    if let Some(age) = report.signature_age {
        host.record(Series::SignatureAgeSeconds, age.as_secs());
    }
}
