//! What a marker says once its value and its flag are read together.
//!
//! Owns the choice between the fields that can hold a value: the documented `value`, which Junction
//! calls deprecated, and its own `type` and `result`. Never takes a -1 that stands for no number
//! for a measurement. Specification: `docs/contract.md`, section 5, "Values".

use crate::document::{Extra, Marker, MarkerValue, UnknownValue};
use crate::event::interpretation::{Code, Evidence, Side, interpret};
use crate::event::value::Value;
use crate::json::{Decimal, Text};

/// A marker's value and code.
pub(super) struct Reading<'m> {
    pub(super) value: Value<'m>,
    pub(super) code: Option<Code>,
}

impl<'m> Reading<'m> {
    /// Reads a marker with these unknown fields.
    pub(super) fn of(marker: &'m Marker<'_>, extra: &'m Extra<'_>) -> Self {
        let sent = match &marker.value {
            None => Value::Absent,
            Some(MarkerValue::Number(number)) => Value::from_number(*number),
            Some(MarkerValue::Text(text)) => Value::from_text(text.as_str()),
        };
        let said = Said::of(extra);
        let value = said.value(sent);
        let evidence = || {
            let is_numeric = said.kind == Some(SaidType::Numeric);
            let is_doubtful = |value: &Value<'_>| !is_numeric && is_minus_one(value);
            let quantity = match value {
                Value::Quantity { comparator, number } if !is_doubtful(&value) => {
                    Some((comparator, number))
                }
                _ => None,
            };
            Evidence {
                quantity,
                low: marker.min_range_value,
                high: marker.max_range_value,
                // Junction compares `value` with the range, so a -1 that is no number proves
                // nothing this way either.
                said: said.side().filter(|_| !is_doubtful(&sent) && !is_doubtful(&value)),
            }
        };
        let code = interpret(marker.interpretation.as_ref().map(Text::as_str), evidence);
        Self { value, code }
    }

    pub(super) fn is_critical(&self) -> bool {
        self.code.is_some_and(Code::is_critical)
    }

    /// Whether the value alone tells what the sender gave as `value`, digit for digit.
    pub(super) fn carries(&self, sent: Option<&MarkerValue<'_>>) -> bool {
        match (sent, &self.value) {
            (None, Value::Absent) => true,
            (Some(MarkerValue::Number(sent)), value) => value.as_number().is_some_and(|number| {
                // As written: the zero before the point of a text's `.5` may have been put there.
                let (zero, rest) = number.as_json();
                sent.as_str().strip_prefix(zero) == Some(rest)
            }),
            (Some(MarkerValue::Text(sent)), Value::Text(text)) => sent.as_str() == *text,
            _ => false,
        }
    }
}

/// What the fields of Junction's own say of a value.
#[derive(Default)]
struct Said<'m> {
    /// `type`, where it is a string.
    kind: Option<SaidType>,
    /// `result`, where it is usable: a number, or a text that is not blank.
    result: Option<SaidValue<'m>>,
    is_above: bool,
    is_below: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SaidType {
    Numeric,
    Other,
}

#[derive(Clone, Copy)]
enum SaidValue<'m> {
    Number(Decimal<'m>),
    Text(&'m str),
}

impl<'m> Said<'m> {
    fn of(extra: &'m Extra<'_>) -> Self {
        let is_true = |value: &UnknownValue<'_>| value.token().as_str() == "true";
        let mut said = Self::default();
        for (key, value) in extra {
            match key.as_str() {
                "type" => {
                    if let UnknownValue::Text(text) = value {
                        let is_numeric = text.as_str() == "numeric";
                        said.kind =
                            Some(if is_numeric { SaidType::Numeric } else { SaidType::Other });
                    }
                }
                "result" => said.result = SaidValue::of(value),
                "is_above_max_range" => said.is_above = is_true(value),
                "is_below_min_range" => said.is_below = is_true(value),
                _ => {}
            }
        }
        said
    }

    /// The value beside one that was `sent` as such.
    #[inline]
    fn value(&self, sent: Value<'m>) -> Value<'m> {
        match self {
            // As almost all are.
            Self { result: None, kind: None | Some(SaidType::Numeric), .. } => sent,
            said => said.value_beside(sent),
        }
    }

    fn value_beside(&self, sent: Value<'m>) -> Value<'m> {
        let result = self.result.map(SaidValue::read);
        match self.kind {
            Some(SaidType::Other) => match (self.result, result) {
                // -1 is never a measurement there.
                (Some(said), Some(value)) if is_minus_one(&value) => Value::Text(said.spelling()),
                (_, Some(value)) => value,
                (_, None) if is_minus_one(&sent) => Value::Absent,
                (_, None) => sent,
            },
            _ if sent == Value::Absent => result.unwrap_or(Value::Absent),
            None if is_minus_one(&sent) => match result {
                Some(value) if !is_minus_one(&value) => value,
                _ => sent,
            },
            Some(SaidType::Numeric) | None => match (result, sent.as_number()) {
                (Some(result), Some(number)) => result
                    .as_number()
                    .filter(|own| *own == number && !own.has_exponent())
                    .map_or(sent, Value::from_number),
                _ => sent,
            },
        }
    }

    /// The side on which the sender says that the value lies; `None` where it says both.
    const fn side(&self) -> Option<Side> {
        match (self.is_above, self.is_below) {
            (true, false) => Some(Side::Above),
            (false, true) => Some(Side::Below),
            _ => None,
        }
    }
}

impl<'m> SaidValue<'m> {
    fn of(result: &'m UnknownValue<'_>) -> Option<Self> {
        match result {
            UnknownValue::Number(number) => Some(Self::Number(*number)),
            UnknownValue::Text(text) if !text.as_str().trim().is_empty() => {
                Some(Self::Text(text.as_str()))
            }
            UnknownValue::Text(_) | UnknownValue::Other(_) => None,
        }
    }

    fn read(self) -> Value<'m> {
        match self {
            Self::Number(number) => Value::from_number(number),
            Self::Text(text) => Value::from_text(text),
        }
    }

    const fn spelling(self) -> &'m str {
        match self {
            Self::Number(number) => number.as_str(),
            Self::Text(text) => text,
        }
    }
}

/// Whether a value is the -1 that Junction sends where it has no number.
fn is_minus_one(value: &Value<'_>) -> bool {
    value.as_number().is_some_and(|number| number.is_negative() && number == Decimal::MINUS_ONE)
}
