//! The sender's document, rebuilt from a normalised event, and what the filter changed on the way.
//!
//! The rules are those of `docs/normalised-event.md`, "the way back", and no code of the filter's:
//! each known field is taken from `raw` if it is there, else from its place in the event; the
//! fields of `extra` are added. A null counts as an absent field, so neither is shown.

use crate::tree::{Fate, Members, Tree, Value};

const EVENT: [&str; 5] = ["event_type", "user_id", "client_user_id", "team_id", "data"];
const ORDER: [&str; 3] = ["order_id", "status", "cancellation_reason"];
const RESULT: [&str; 9] = [
    "order_id",
    "sample_id",
    "status",
    "interpretation",
    "collected_at",
    "reported_at",
    "marker_count",
    "critical_marker_count",
    "markers",
];
const MARKER: [&str; 9] = [
    "slug",
    "name",
    "value",
    "unit",
    "min_range_value",
    "max_range_value",
    "interpretation",
    "timestamp",
    "notes",
];

/// Rebuilds the sender's document, and marks in both what was changed.
///
/// None where the event does not tell what was sent, which no event of the filter's does.
pub(crate) fn sent<'a>(event: &mut Tree<'a>) -> Option<Tree<'a>> {
    let data = rebuild_data(event)?;
    let members = level(event, &EVENT, |event, field| match field {
        "data" => Some(data.clone()),
        _ => event.get(field).cloned(),
    })?;
    for name in ["contract", "event_id", "verified_by", "sent_at"] {
        mark(event.get_mut(name), Fate::Added);
    }
    Some(Tree::same(Value::Object(members)))
}

fn rebuild_data<'a>(event: &mut Tree<'a>) -> Option<Tree<'a>> {
    let kind = event.get("event_type")?.text()?;
    let data = event.get_mut("data")?;
    let members = match kind.as_str() {
        "labtest.result.ready" | "labtest.result.critical" => {
            let markers = rebuild_markers(data)?;
            level(data, &RESULT, |data, field| match field {
                "markers" => Some(markers.clone()),
                _ => data.get(field).cloned(),
            })?
        }
        "order.completed" | "order.cancelled" => {
            level(data, &ORDER, |data, field| data.get(field).cloned())?
        }
        _ => return Some(data.clone()),
    };
    Some(Tree::same(Value::Object(members)))
}

fn rebuild_markers<'a>(data: &mut Tree<'a>) -> Option<Tree<'a>> {
    let Value::Array(markers) = &mut data.get_mut("markers")?.value else {
        return None;
    };
    let markers = markers.iter_mut().map(rebuild_marker).collect::<Option<_>>()?;
    Some(Tree::same(Value::Array(markers)))
}

fn rebuild_marker<'a>(marker: &mut Tree<'a>) -> Option<Tree<'a>> {
    let members = level(marker, &MARKER, |marker, field| match field {
        "value" => rebuild_value(marker.get("value")?),
        _ => place(field).iter().try_fold(marker, |found, step| found.get(step)).cloned(),
    })?;
    mark(marker.get_mut("ucum").filter(|ucum| !ucum.is_null()), Fate::Added);
    if let Some(interpretation) = marker.get_mut("interpretation") {
        mark(interpretation.get_mut("code").filter(|code| !code.is_null()), Fate::Added);
        mark(interpretation.get_mut("critical"), Fate::Added);
    }
    Some(Tree::same(Value::Object(members)))
}

/// A value that needed no `raw`.
fn rebuild_value<'a>(value: &Tree<'a>) -> Option<Tree<'a>> {
    match value.get("kind")?.text()?.as_str() {
        "quantity" if value.get("comparator")?.is_null() => value.get("number").cloned(),
        "text" => value.get("text").cloned(),
        "absent" => Some(Tree::null()),
        // Only `raw` could tell how it was spelled.
        _ => None,
    }
}

/// Where the event has what the sender calls so.
fn place(field: &str) -> Vec<&str> {
    match field {
        "min_range_value" => vec!["reference_range", "low"],
        "max_range_value" => vec!["reference_range", "high"],
        "timestamp" => vec!["observed_at"],
        _ => vec![field],
    }
}

/// One level of the sender's document; marks in the event what was changed of it.
fn level<'a>(
    object: &mut Tree<'a>,
    known: &[&str],
    normalised: impl Fn(&Tree<'a>, &str) -> Option<Tree<'a>>,
) -> Option<Members<'a>> {
    let raw = object.get("raw").cloned();
    let extra = object.get("extra").cloned();
    let in_marker = known == MARKER;
    let mut members = Members::new();
    for field in known {
        let kept = raw.as_ref().and_then(|raw| raw.get(field));
        let field_is_word = in_marker && *field == "interpretation";
        let value = match kept {
            Some(kept) => {
                let fate = if kept.is_null() { Fate::Added } else { Fate::Changed };
                let steps = if in_marker { place(field) } else { vec![*field] };
                let mut steps = steps.into_iter().chain(field_is_word.then_some("text"));
                mark(steps.try_fold(&mut *object, Tree::get_mut), fate);
                kept.clone().with(Fate::Changed)
            }
            None if field_is_word => object.get(field)?.get("text")?.clone(),
            None => normalised(object, field)?,
        };
        if !value.is_null() {
            members.push(((*field).to_owned(), value));
        }
    }
    for (name, value) in extra.iter().flat_map(Tree::members) {
        members.push((name.clone(), value.clone().with(Fate::Kept)));
    }
    for name in ["raw", "extra"] {
        mark(object.get_mut(name), Fate::Kept);
    }
    Some(members)
}

fn mark(tree: Option<&mut Tree<'_>>, fate: Fate) {
    if let Some(tree) = tree {
        tree.fate = fate;
    }
}
