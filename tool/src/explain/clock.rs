//! What time it was for the filter when the request came.
//!
//! Never this machine's clock where anything says better: a capture is explained long after it
//! came.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::{Timestamp, fmt::rfc2822};
use junction_webhook::signature::svix;

use super::capture::Capture;

/// A time since the Unix epoch, and where it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    pub(crate) now: Duration,
    pub(crate) source: String,
}

impl Clock {
    /// Takes `--at`, or else what the capture knows.
    pub(crate) fn of(capture: &Capture, at: Option<Duration>) -> Self {
        let clock = |now, source: &str| Self { now, source: source.to_owned() };
        if let Some(now) = at {
            return clock(now, "--at");
        }
        if let Some((now, source)) = capture.received_at {
            return clock(now, source);
        }
        if let Some(now) = capture.value("date").and_then(read_date) {
            return clock(now, "the request's own date header");
        }
        if let Some(now) = signed_time(capture) {
            return clock(
                now,
                "the signed timestamp itself, as the capture does not say when the request came: \
                 whether that was in time is not judged, give --at",
            );
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        clock(now, "this machine's, as nothing else says when the request came")
    }
}

/// Reads RFC 3339, or seconds since the Unix epoch.
pub(crate) fn parse_at(text: &str) -> Result<Duration, String> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number {
        let seconds = text.parse().map_err(|_| "too far ahead".to_owned())?;
        return Ok(Duration::from_secs(seconds));
    }
    let time: Timestamp = text.parse().map_err(|_| {
        "neither RFC 3339, as 2026-11-28T12:00:00Z, nor seconds since 1970".to_owned()
    })?;
    Duration::try_from(time.as_duration()).map_err(|_| "before 1970".to_owned())
}

/// A time for people, to the millisecond.
pub(crate) fn show(time: Duration) -> String {
    i64::try_from(time.as_millis())
        .ok()
        .and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok())
        .map_or_else(|| format!("{} s after 1970", time.as_secs()), |time| time.to_string())
}

/// The unit that a timestamp of so many digits most likely is in, where that is not seconds.
pub(crate) const fn unit(digits: &[u8]) -> Option<&'static str> {
    match digits.len() {
        13 => Some("milliseconds"),
        16 => Some("microseconds"),
        19 => Some("nanoseconds"),
        _ => None,
    }
}

/// What a signed timestamp most likely means, whatever its unit: a moment of this century.
pub(crate) fn plausible(digits: &[u8]) -> Option<Duration> {
    let number: u64 = str::from_utf8(digits).ok()?.parse().ok()?;
    match digits.len() {
        13 => Some(Duration::from_millis(number)),
        16 => Some(Duration::from_micros(number)),
        19 => Some(Duration::from_nanos(number)),
        _ => Some(Duration::from_secs(number)),
    }
}

fn read_date(value: &[u8]) -> Option<Duration> {
    let text = str::from_utf8(value).ok()?;
    let time = rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()?;
    Duration::try_from(time.as_duration()).ok()
}

fn signed_time(capture: &Capture) -> Option<Duration> {
    let [_, svix, _, _, standard, _] = svix::HEADERS;
    let named = [svix, standard].into_iter().find_map(|name| capture.value(name));
    let timed = || capture.headers.iter().find_map(|(_, value)| value.strip_prefix(b"t="));
    let text = named.or_else(timed)?;
    let digits = text.split(|byte| !byte.is_ascii_digit()).next()?;
    plausible(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_time_as_rfc_3339_or_as_seconds() {
        for (text, expected) in [
            ("1731705121", Some(1_731_705_121)),
            ("2024-11-15T21:12:01Z", Some(1_731_705_121)),
            ("2024-11-15T22:12:01+01:00", Some(1_731_705_121)),
            ("1969-12-31T23:59:59Z", None),
            ("yesterday", None),
            ("", None),
            ("-1", None),
            ("99999999999999999999", None),
        ] {
            let read = parse_at(text).ok().map(|time| time.as_secs());
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn takes_the_best_clock_that_there_is() {
        let mut capture = Capture::new("", "POST", "/");
        let now = |capture: &Capture, at| {
            let Clock { now, source } = Clock::of(capture, at);
            (now.as_secs(), source.split(',').next().unwrap().to_owned())
        };
        assert!(now(&capture, None).1.starts_with("this machine's"));
        capture.push("x-signature", b"t=1731705121000,v1=");
        assert_eq!(now(&capture, None).0, 1_731_705_121);
        capture.push("webhook-timestamp", b"1731705122");
        assert_eq!(now(&capture, None), (1_731_705_122, "the signed timestamp itself".to_owned()));
        capture.push("date", b"Fri, 15 Nov 2024 21:12:03 GMT");
        assert_eq!(now(&capture, None).0, 1_731_705_123);
        capture.received_at = Some((Duration::from_secs(4), "the capture"));
        assert_eq!(now(&capture, None), (4, "the capture".to_owned()));
        assert_eq!(now(&capture, Some(Duration::from_secs(5))), (5, "--at".to_owned()));
    }
}
