//! The explanation as it is printed, for people and for scripts, from the same facts.

use std::io::{self, Write};

use junction_webhook::{
    exchange::{Action, Forward},
    reject::Answer,
    report::{EventLabel, Report, Verdict},
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    Explanation, advice,
    clock::show,
    facts,
    judgement::{Check, Judgement, State},
    text::count,
};
use crate::output::{self, BAD, DOUBTFUL, FAINT, GOOD, STRONG};

/// What a script reads.
#[derive(Serialize)]
struct Told {
    request: Request,
    configuration: String,
    clock: Clock,
    checks: Vec<Checked>,
    verdict: Outcome,
    #[serde(flatten)]
    becomes: Becomes,
    /// Where the mode is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_enforce_mode: Option<Becomes>,
    /// What would make a signature match; empty where nothing was found, or it matches.
    causes: Vec<&'static str>,
    /// Where it was looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<Searched>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Request {
    source: String,
    headers: usize,
    body_bytes: usize,
}

#[derive(Serialize)]
struct Clock {
    at: String,
    source: String,
}

#[derive(Serialize)]
struct Checked {
    number: usize,
    name: &'static str,
    state: &'static str,
    #[serde(skip)]
    kind: State,
    compared: String,
}

#[derive(Serialize)]
struct Outcome {
    outcome: &'static str,
    reason: &'static str,
}

#[derive(Serialize)]
struct Searched {
    tried: usize,
    /// Whether it ended by itself: with a cause, or with nothing left to try.
    complete: bool,
}

/// What becomes of the request.
#[derive(Default, Serialize)]
struct Becomes {
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Answered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forwarded: Option<Forwarded>,
}

#[derive(Serialize)]
struct Answered {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    /// None where it repeats what the body says, and that is not shown.
    body: Option<String>,
}

#[derive(Serialize)]
struct Forwarded {
    set: Vec<(&'static str, String)>,
    removed: Vec<String>,
    body_bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<Box<RawValue>>,
}

/// Prints an explanation to standard output.
pub(crate) fn print(explanation: &Explanation<'_>, is_json: bool) -> io::Result<()> {
    let told = Told::of(explanation);
    if is_json { output::print_json(&told) } else { told.write(&mut output::standard()) }
}

impl Told {
    fn of(explanation: &Explanation<'_>) -> Self {
        let Explanation { capture, clock, judgement, .. } = explanation;
        let checks = Check::ALL.into_iter().map(|check| {
            let kind = judgement.state(check);
            let compared = facts::of(check, explanation);
            Checked {
                number: check.number(),
                name: check.name(),
                state: kind.as_str(),
                kind,
                compared,
            }
        });
        let verdict = match judgement {
            Judgement::Unguarded => Outcome { outcome: "unguarded", reason: "none" },
            Judgement::Undecided => Outcome { outcome: "undecided", reason: "none" },
            Judgement::Decided { report, .. } => {
                Outcome { outcome: report.verdict.outcome(), reason: report.verdict.reason_label() }
            }
        };
        let becomes = |judgement| Becomes::of(judgement, explanation.shows_body);
        let found = explanation.search.and_then(|search| search.found.as_deref());
        let causes = found.unwrap_or_default().iter().map(super::cause::Cause::name).collect();
        let mut notes = capture.notes.clone();
        notes.extend(capture.missing.clone());
        if explanation.plugin.as_ref().is_ok_and(|config| config.duplicates.is_some()) {
            notes.push(
                "duplicates is on: an event that the upstream has taken already is answered with \
                 200 instead of forwarded"
                    .to_owned(),
            );
        }
        Self {
            request: Request {
                source: capture.source.clone(),
                headers: capture.headers.iter().filter(|(name, _)| !name.starts_with(':')).count(),
                body_bytes: capture.body.len(),
            },
            configuration: explanation.plugin_name.to_owned(),
            clock: Clock { at: show(clock.now), source: clock.source.clone() },
            checks: checks.collect(),
            verdict,
            becomes: becomes(judgement),
            in_enforce_mode: explanation.enforced.map(becomes),
            causes,
            search: explanation.search.map(|search| Searched {
                tried: search.tried,
                complete: search.found.is_some() || search.untried.is_none(),
            }),
            advice: advice::of(explanation),
            notes,
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let Request { source, headers, body_bytes } = &self.request;
        let (headers, bytes) = (count(*headers, "header"), count(*body_bytes, "byte"));
        writeln!(out, "{STRONG}request{STRONG:#}  {source}: {headers}, {bytes} of body")?;
        writeln!(out, "{STRONG}filter{STRONG:#}   {}", output::plain(&self.configuration))?;
        writeln!(out, "{STRONG}clock{STRONG:#}    {}, from {}", self.clock.at, self.clock.source)?;
        for note in &self.notes {
            writeln!(out, "{DOUBTFUL}note{DOUBTFUL:#}     {note}")?;
        }
        writeln!(out)?;
        for Checked { number, name, kind, state, compared } in &self.checks {
            let style = match kind {
                State::Passed => GOOD,
                State::Failed => BAD,
                State::NotReached => FAINT,
            };
            let number = if *number == 0 { String::new() } else { number.to_string() };
            let line = format!("{number:>2}  {name:<17}  {style}{state:<11}{style:#}  {compared}");
            writeln!(out, "{}", line.trim_end())?;
        }
        writeln!(out)?;
        let Outcome { outcome, reason } = &self.verdict;
        let reason = if *reason == "none" { String::new() } else { format!(", reason {reason}") };
        writeln!(out, "{STRONG}verdict{STRONG:#}  {outcome}{reason}")?;
        self.becomes.write(out)?;
        if let Some(becomes) = &self.in_enforce_mode {
            writeln!(out, "\n{STRONG}in enforce mode{STRONG:#}")?;
            becomes.write(out)?;
        }
        if let Some(advice) = &self.advice {
            writeln!(out, "\n{advice}")?;
        }
        Ok(())
    }
}

impl Becomes {
    fn of(judgement: &Judgement, shows_body: bool) -> Self {
        let Judgement::Decided { report, action, .. } = judgement else { return Self::default() };
        match action {
            Action::Answer(answer) => {
                Self { answer: Some(Answered::of(answer, report, shows_body)), forwarded: None }
            }
            Action::Forward(forward) => {
                Self { answer: None, forwarded: Some(Forwarded::of(forward, report, shows_body)) }
            }
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        if let Some(answer) = &self.answer {
            answer.write(out)?;
        }
        self.forwarded.as_ref().map_or(Ok(()), |forwarded| forwarded.write(out))
    }
}

impl Answered {
    fn of(answer: &Answer, report: &Report, shows_body: bool) -> Self {
        // It repeats the event's type, which may be anything.
        let repeats_body = matches!(report.verdict, Verdict::Acknowledged(_));
        Self {
            status: answer.status,
            headers: answer.headers().collect(),
            body: (!repeats_body || shows_body).then(|| answer.body.clone()),
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{STRONG}answer{STRONG:#}   {}", self.status)?;
        for (name, value) in &self.headers {
            writeln!(out, "         {name}: {value}")?;
        }
        let body = match &self.body {
            Some(body) => output::plain(body),
            None => "(its body repeats the event's type: --show-body)".to_owned(),
        };
        writeln!(out, "         {body}")
    }
}

impl Forwarded {
    fn of(forward: &Forward, report: &Report, shows_body: bool) -> Self {
        let is_open = shows_body || !matches!(report.event_type, Some(EventLabel::Other));
        let set = forward.set.iter().map(|(name, value)| {
            let is_hidden = *name == "x-junction-event-type" && !is_open;
            (*name, if is_hidden { "(--show-body)".to_owned() } else { value.to_string() })
        });
        let event = forward.body.as_ref().filter(|_| shows_body);
        let event = event
            .and_then(|body| RawValue::from_string(String::from_utf8(body.clone()).ok()?).ok());
        Self {
            set: set.collect(),
            removed: forward.remove.clone(),
            body_bytes: forward.body.as_ref().map(Vec::len),
            event,
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let what = if self.body_bytes.is_some() {
            "the upstream's; it gets the event with"
        } else {
            "the upstream's; it gets the request as it came, with"
        };
        writeln!(out, "{STRONG}answer{STRONG:#}   {what}")?;
        for (name, value) in &self.set {
            writeln!(out, "         {name}: {}", output::plain(value))?;
        }
        // What is set takes the place of the sender's own, which is among what is removed.
        let is_set = |name: &str| self.set.iter().any(|(set, _)| *set == name);
        let gone = self.removed.iter().map(String::as_str).filter(|name| !is_set(name));
        let gone = gone.collect::<Vec<_>>().join(", ");
        if !gone.is_empty() {
            writeln!(out, "         without {}", output::plain(&gone))?;
        }
        match (&self.event, self.body_bytes) {
            (Some(event), _) => writeln!(out, "\n{}", output::plain(event.get())),
            (None, Some(bytes)) => {
                writeln!(out, "         and an event of {} (--show-body)", count(bytes, "byte"))
            }
            (None, None) => Ok(()),
        }
    }
}
