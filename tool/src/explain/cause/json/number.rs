//! A number as other code may have written it.

use std::borrow::Cow;

/// The most digits of a whole number that every language writes without an exponent, and exactly.
const MOST_DIGITS: usize = 15;

/// A number as JavaScript writes it, within the range where it writes no exponent; none where that
/// is the same.
pub(super) fn short(token: &str) -> Option<Cow<'static, str>> {
    if is_short(token) {
        return None;
    }
    let number: f64 = token.parse().ok()?;
    if number == 0.0 {
        return Some("0".into());
    }
    let is_plain = (1e-6..1e21).contains(&number.abs());
    is_plain.then(|| number.to_string()).filter(|short| *short != token).map(Cow::from)
}

/// Whether it is no number, or a whole one that is written as JavaScript does, for sure.
fn is_short(token: &str) -> bool {
    let digits = token.strip_prefix('-').unwrap_or(token);
    let is_whole = digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = digits.starts_with(|first: char| first.is_ascii_digit());
    !is_number || (is_whole && digits.len() <= MOST_DIGITS && token != "-0")
}

/// A plain decimal with zeros behind it, so that it has `least` decimals; none where it has.
pub(super) fn lengthened(token: &str, least: usize) -> Option<Cow<'static, str>> {
    let digits = token.strip_prefix('-').unwrap_or(token);
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = !whole.is_empty() && whole.len() <= MOST_DIGITS;
    if !is_plain || !is_digits(whole) || !is_digits(decimals) {
        return None;
    }
    let missing = least.checked_sub(decimals.len()).filter(|missing| *missing > 0)?;
    let point = if decimals.is_empty() { "." } else { "" };
    Some([token, point, &"0".repeat(missing)].concat().into())
}
