//! Both sides of every field, and the calendar against another library's.

#![expect(clippy::arithmetic_side_effects, reason = "the generated numbers are small")]

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use proptest::prelude::*;

use super::*;

fn utc(text: &str) -> Option<String> {
    to_utc(text).map(|time| time.to_string())
}

#[test]
fn shifts_every_offset_to_utc() {
    let cases = [
        ("2024-10-31T09:08:00Z", "2024-10-31T09:08:00Z"),
        ("2024-10-31T09:08:00+00:00", "2024-10-31T09:08:00Z"),
        ("2024-10-31T09:08:00-00:00", "2024-10-31T09:08:00Z"),
        ("2024-10-31t09:08:00z", "2024-10-31T09:08:00Z"),
        ("2024-11-02T17:31:09.123456-05:00", "2024-11-02T22:31:09.123456Z"),
        ("2024-01-01T00:00:00+00:01", "2023-12-31T23:59:00Z"),
        ("2023-12-31T23:59:59-00:01", "2024-01-01T00:00:59Z"),
        ("2024-03-01T00:30:00+01:00", "2024-02-29T23:30:00Z"),
        ("2023-03-01T00:30:00+01:00", "2023-02-28T23:30:00Z"),
        ("2100-03-01T00:30:00+01:00", "2100-02-28T23:30:00Z"),
        ("2000-03-01T00:30:00+01:00", "2000-02-29T23:30:00Z"),
        ("2024-02-28T23:30:00-01:00", "2024-02-29T00:30:00Z"),
        ("2023-02-28T23:30:00-01:00", "2023-03-01T00:30:00Z"),
        ("2024-04-30T20:00:00-04:00", "2024-05-01T00:00:00Z"),
        ("2024-05-01T05:29:59+05:30", "2024-04-30T23:59:59Z"),
        ("2024-05-01T05:30:00+05:30", "2024-05-01T00:00:00Z"),
        ("2024-06-15T00:00:00+23:59", "2024-06-14T00:01:00Z"),
        ("2024-06-15T23:59:00-23:59", "2024-06-16T23:58:00Z"),
        ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
        ("0000-02-29T12:00:00Z", "0000-02-29T12:00:00Z"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
        ("9999-12-31T23:59:00+00:01", "9999-12-31T23:58:00Z"),
        // A space for the T, and no colon in the offset.
        ("2024-10-31 09:08:00Z", "2024-10-31T09:08:00Z"),
        ("2024-10-31 09:08:00.50+00:00", "2024-10-31T09:08:00.50Z"),
        ("2024-10-31T09:08:00+0000", "2024-10-31T09:08:00Z"),
        ("2024-10-31T09:08:00-0000", "2024-10-31T09:08:00Z"),
        ("2024-10-31T09:08:00.1-0530", "2024-10-31T14:38:00.1Z"),
        ("2024-01-01 00:00:00+2359", "2023-12-31T00:01:00Z"),
    ];
    for (text, expected) in cases {
        assert_eq!(utc(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn keeps_the_digits_of_a_fraction() {
    let long = "1234567890".repeat(100);
    for digits in ["0", "000", "5", "120", "123456789012", long.as_str()] {
        let text = format!("2024-01-01T00:00:00.{digits}+01:00");
        assert_eq!(utc(&text), Some(format!("2023-12-31T23:00:00.{digits}Z")));
    }
}

#[test]
fn reads_a_leap_second_only_at_the_end_of_a_month_in_utc() {
    let cases = [
        ("2016-12-31T23:59:60Z", Some("2016-12-31T23:59:60Z")),
        ("2016-12-31T23:59:60.5Z", Some("2016-12-31T23:59:60.5Z")),
        ("2015-06-30T19:59:60-04:00", Some("2015-06-30T23:59:60Z")),
        ("2017-01-01T00:59:60+01:00", Some("2016-12-31T23:59:60Z")),
        ("2024-02-29T23:59:60Z", Some("2024-02-29T23:59:60Z")),
        ("2024-02-28T23:59:60Z", None),
        ("2016-12-30T23:59:60Z", None),
        ("2016-12-31T23:58:60Z", None),
        ("2016-12-31T22:59:60Z", None),
        ("2016-12-31T23:59:60-01:00", None),
        ("2016-12-31T23:59:61Z", None),
    ];
    for (text, expected) in cases {
        assert_eq!(utc(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn reads_nothing_but_rfc_3339_with_an_offset() {
    let texts = [
        "",
        "Z",
        "2024-10-31",
        "2024-10-31T09:08Z",
        "2024-10-31T09:08:00",
        "2024-10-31  09:08:00Z",
        "2024-10-31\t09:08:00Z",
        "2024-10-31 09:08:00",
        "2024-10-31 09:08:00 +0000",
        "2024-10-31T09:08:00 Z",
        "2024-10-31_09:08:00Z",
        "20241031T090800Z",
        "2024-10-31T09:08:00ZZ",
        " 2024-10-31T09:08:00Z",
        "2024-10-31T09:08:00Z ",
        "2024/10/31T09:08:00Z",
        "2024-10-31T09.08.00Z",
        "24-10-31T09:08:00Z",
        "12024-10-31T09:08:00Z",
        "+2024-10-31T09:08:00Z",
        "-024-10-31T09:08:00Z",
        "2024-1-31T09:08:00Z",
        "2024-10-31T9:08:00Z",
        "2024-10-31T09:08:0Z",
        "2024-10-31T+9:08:00Z",
        // Fields out of their bounds.
        "2024-00-31T09:08:00Z",
        "2024-13-31T09:08:00Z",
        "2024-10-00T09:08:00Z",
        "2024-10-32T09:08:00Z",
        "2024-11-31T09:08:00Z",
        "2024-04-31T09:08:00Z",
        "2023-02-29T09:08:00Z",
        "2024-02-30T09:08:00Z",
        "2100-02-29T09:08:00Z",
        "2024-10-31T24:00:00Z",
        "2024-10-31T25:00:00Z",
        "2024-10-31T09:60:00Z",
        "2024-10-31T09:08:60Z",
        // Malformed fractions and offsets.
        "2024-10-31T09:08:00.Z",
        "2024-10-31T09:08:00.+01:00",
        "2024-10-31T09:08:00,5Z",
        "2024-10-31T09:08:00.5",
        "2024-10-31T09:08:00.5.5Z",
        "2024-10-31T09:08:00.-5Z",
        "2024-10-31T09:08:00.\u{661}Z",
        "2024-10-31T09:08:00+2400",
        "2024-10-31T09:08:00+0160",
        "2024-10-31T09:08:00+010",
        "2024-10-31T09:08:00+01000",
        "2024-10-31T09:08:00+01 00",
        "2024-10-31T09:08:000100",
        "2024-10-31T09:08:00+01",
        "2024-10-31T09:08:00+1:00",
        "2024-10-31T09:08:00+24:00",
        "2024-10-31T09:08:00-24:00",
        "2024-10-31T09:08:00+01:60",
        "2024-10-31T09:08:00\u{2212}01:00",
        "2024-10-31T09:08:00+01:00:00",
        "2024-10-31T09:08:00 01:00",
        "2024-10-31T09:08:00+01:00Z",
        "2024-10-31T09:08:00UTC",
        "2024-10-31T09:08:00+01:00[Europe/Paris]",
        "2024-10-31T09:08:0\u{661}Z",
        "2024-10-31T09:08:\u{661}Z",
        // Out of the four digits of a year.
        "0000-01-01T00:00:00+00:01",
        "9999-12-31T23:59:00-00:01",
    ];
    for text in texts {
        assert_eq!(to_utc(text), None, "{text:?}");
    }
}

#[test]
fn knows_whether_it_writes_what_it_read() {
    let cases = [
        ("2024-10-31T09:08:00Z", true),
        ("2024-10-31T09:08:00.120Z", true),
        ("2016-12-31T23:59:60Z", true),
        ("2024-10-31T09:08:00z", false),
        ("2024-10-31t09:08:00Z", false),
        ("2024-10-31T09:08:00+00:00", false),
        ("2024-10-31T09:08:00-00:00", false),
        ("2024-10-31T09:08:00+01:00", false),
        ("2024-10-31 09:08:00Z", false),
        ("2024-10-31T09:08:00+0000", false),
    ];
    for (text, expected) in cases {
        let time = to_utc(text).expect(text);
        assert_eq!(time.is_as_sent(), expected, "{text}");
        assert_eq!(time.to_string() == text, expected, "{text}");
    }
}

#[test]
fn writes_unix_time() {
    let cases = [
        (0, None, Some("1970-01-01T00:00:00Z")),
        (1, None, Some("1970-01-01T00:00:01Z")),
        (86_399, None, Some("1970-01-01T23:59:59Z")),
        (86_400, None, Some("1970-01-02T00:00:00Z")),
        (951_782_400, None, Some("2000-02-29T00:00:00Z")),
        (1_614_265_330, None, Some("2021-02-25T15:02:10Z")),
        (1_795_479_300, Some(0), Some("2026-11-24T00:15:00.000Z")),
        (1_795_479_300, Some(7), Some("2026-11-24T00:15:00.007Z")),
        (1_795_479_300, Some(999), Some("2026-11-24T00:15:00.999Z")),
        (1_795_479_300, Some(1000), None),
        (4_107_542_400, None, Some("2100-03-01T00:00:00Z")),
        (253_402_300_799, None, Some("9999-12-31T23:59:59Z")),
        (253_402_300_800, None, None),
        (9_999_999_999_999_999_999, None, None),
        (u64::MAX, None, None),
    ];
    for (seconds, milliseconds, expected) in cases {
        let time = from_unix(seconds, milliseconds).map(|time| time.to_string());
        assert_eq!(time.as_deref(), expected, "{seconds} and {milliseconds:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn agrees_with_jiff_on_unix_time(seconds in 0..253_402_207_201_i64) {
        let expected = Timestamp::from_second(seconds).unwrap().to_string();
        let time = from_unix(u64::try_from(seconds).unwrap(), None).map(|time| time.to_string());
        prop_assert_eq!(time, Some(expected));
    }

    #[test]
    fn agrees_with_jiff_on_offsets(
        year in 1..9999_i16, month in 1..=12_i8, day in 1..=31_i8,
        hour in 0..24_i8, minute in 0..60_i8, second in 0..60_i8,
        nanosecond in 0..1_000_000_000_i32, offset in -1439..=1439_i32,
        separator in "[Tt ]", colon in ":?",
    ) {
        let sign = if offset < 0 { '-' } else { '+' };
        let (hours, minutes) = (offset.abs() / 60, offset.abs() % 60);
        let date = format!("{year:04}-{month:02}-{day:02}");
        let local = format!("{date}{separator}{hour:02}:{minute:02}:{second:02}");
        let text = format!("{local}.{nanosecond:09}{sign}{hours:02}{colon}{minutes:02}");
        let civil = DateTime::new(year, month, day, hour, minute, second, nanosecond).ok();
        let expected = civil.map(|civil| {
            let timestamp = Offset::from_seconds(offset * 60).unwrap().to_timestamp(civil).unwrap();
            format!("{timestamp:.9}")
        });
        prop_assert_eq!(utc(&text), expected);
    }

    #[test]
    fn reads_what_it_writes(seconds in 0..253_402_300_800_u64, milliseconds in 0..1000_u16) {
        let written = from_unix(seconds, Some(milliseconds)).unwrap().to_string();
        let read = to_utc(&written).unwrap();
        prop_assert!(read.is_as_sent());
        prop_assert_eq!(read.to_string(), written);
    }
}

#[test]
fn writes_every_day_up_to_the_last_year() {
    // After 400 years the calendar repeats: from then on the ends of months, where nobody asks for
    // more.
    let is_proof = std::env::var_os("PROPTEST_CASES").is_some();
    let mut first = jiff::civil::date(1970, 1, 1);
    let mut days = 0;
    loop {
        let last = first.last_of_month();
        // Only the day of the month differs.
        let mut expected = format!("{first}T00:00:00Z");
        for day in 1..=last.day() {
            if !is_proof && first.year() > 1970 + 400 && day > 1 && day < last.day() {
                days += 1;
                continue;
            }
            expected.replace_range(8..10, &format!("{day:02}"));
            let midnight = from_unix(days * 86_400, None).map(|time| time.to_string());
            assert_eq!(midnight.as_deref(), Some(&*expected), "{days} days");
            days += 1;
        }
        let Ok(next) = last.tomorrow() else { break };
        // At every end of a month; the property tries the other days.
        let before = utc(&format!("{next}T00:00:00+00:01"));
        assert_eq!(before, Some(format!("{last}T23:59:00Z")), "the day before {next}");
        let after = utc(&format!("{last}T23:59:00-00:01"));
        assert_eq!(after, Some(format!("{next}T00:00:00Z")), "the day after {last}");
        first = next;
    }
    assert_eq!(first, jiff::civil::date(9999, 12, 1));
    assert_eq!(from_unix(days * 86_400, None), None);
}
