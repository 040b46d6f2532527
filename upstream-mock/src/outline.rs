//! What the list says of a document, read in one pass that keeps none of its values.
//!
//! So it is told of every document, also of one with too many values for a [tree](crate::tree), or
//! nested too deep for one: a critical result is in the list whatever stands around it.

use std::fmt;

use serde::{
    Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// The type of a result that the sender calls critical as a whole.
const CRITICAL_EVENT: &str = "labtest.result.critical";

/// The codes of a critical marker (HL7 v3 `ObservationInterpretation`), as a sender may give them.
const CRITICAL_CODES: [&str; 3] = ["AA", "HH", "LL"];

/// An event, or an original, from afar. A name that is given twice counts each time, so that none
/// hides another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outline {
    pub(crate) event_type: Option<String>,
    pub(crate) markers: usize,
    /// How many of the markers are critical.
    pub(crate) critical: usize,
    /// Whether one is, or the sender calls the whole result so.
    pub(crate) is_critical: bool,
}

impl Outline {
    /// Reads a document; of what is no JSON there is nothing to tell.
    pub(crate) fn of(text: &str) -> Self {
        let mut outline = Self::default();
        // Or what a broken document begins with would be told.
        if serde_json::from_str::<&RawValue>(text).is_err() {
            return outline;
        }
        for_each(text, |name, value| match name {
            Some("event_type") => {
                let event_type = serde_json::from_str(value).ok();
                outline.is_critical |= event_type.as_deref() == Some(CRITICAL_EVENT);
                outline.event_type = outline.event_type.take().or(event_type);
            }
            Some("data") => outline.read_data(value),
            _ => {}
        });
        outline.is_critical |= outline.critical > 0;
        outline
    }

    fn read_data(&mut self, data: &str) {
        for_each(data, |name, value| match name {
            Some("interpretation") => self.is_critical |= is_critical(value),
            Some("markers") => for_each(value, |name, marker| {
                // An object has no items.
                if name.is_some() {
                    return;
                }
                self.markers = self.markers.saturating_add(1);
                let mut is_any = false;
                for_each(marker, |name, value| {
                    is_any |= name == Some("interpretation") && is_critical(value);
                });
                self.critical = self.critical.saturating_add(usize::from(is_any));
            }),
            _ => {}
        });
    }
}

/// Whether an interpretation is critical: an event's says so; of an original there is the sender's
/// word alone, which counts where the contract reads it as AA, HH or LL (docs/contract.md,
/// section 5), and where it only begins like one of those.
fn is_critical(interpretation: &str) -> bool {
    let Ok(word) = serde_json::from_str::<String>(interpretation) else {
        let mut is_critical = false;
        for_each(interpretation, |name, value| {
            is_critical |= name == Some("critical") && value == "true";
        });
        return is_critical;
    };
    let folded: String = word
        .chars()
        .filter(|&letter| !letter.is_whitespace() && !matches!(letter, '_' | '-' | ','))
        .map(|letter| letter.to_ascii_uppercase())
        .collect();
    CRITICAL_CODES.contains(&folded.as_str())
        || folded.starts_with("CRITICAL")
        || folded.starts_with("VERYABNORMAL")
        || folded.contains("PANIC")
}

/// Hands over the text of each member of an object, with its name, or of each item of an array;
/// anything else has none.
fn for_each(text: &str, take: impl FnMut(Option<&str>, &str)) {
    // The syntax was checked, so this fails where there is neither object nor array alone.
    let _ = serde_json::Deserializer::from_str(text).deserialize_any(Parts(take));
}

struct Parts<F>(F);

impl<'de, F: FnMut(Option<&str>, &str)> Visitor<'de> for Parts<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
            (self.0)(Some(&name), value.get());
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        while let Some(value) = items.next_element::<&'de RawValue>()? {
            (self.0)(None, value.get());
        }
        Ok(())
    }
}
