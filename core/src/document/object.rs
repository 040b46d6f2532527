//! The objects of the schema: each field declared once, with its type, its rule and whether it is
//! required.

use std::ops::Range;

use super::reader::{Reader, Slot};
use super::{Extra, MarkerValue, UnknownValue};
use crate::json::{Decimal, Key, Name, Stop, Text};

/// Declares an object as it is once valid, and the slots that its fields are read into.
///
/// A rule is one of the functions in [`super::field`] or [`super::data`]. What follows `beside` is
/// no field of the schema's.
macro_rules! object {
    (
        $(#[$about:meta])*
        $name:ident<$life:lifetime> from $slots:ident
        required {
            $($(#[$required_doc:meta])* $required:ident: $required_type:ty = $required_rule:ident,)*
        }
        optional {
            $($(#[$optional_doc:meta])* $optional:ident: $optional_type:ty = $optional_rule:ident,)*
        }
        beside { $($(#[$rest_doc:meta])* $visible:vis $rest:ident: $rest_type:ty,)* }
    ) => {
        $(#[$about])*
        #[derive(Debug)]
        pub struct $name<$life> {
            $($(#[$required_doc])* pub $required: $required_type,)*
            $($(#[$optional_doc])* pub $optional: Option<$optional_type>,)*
            $($(#[$rest_doc])* $visible $rest: $rest_type,)*
        }

        /// The fields while their object is read.
        #[derive(Default)]
        #[allow(clippy::struct_field_names, reason = "the names are the schema's")]
        pub(super) struct $slots<$life> {
            $($required: Slot<$required_type>,)*
            $($optional: Slot<$optional_type>,)*
        }

        impl<$life> $slots<$life> {
            /// Reads the value of this key's field; false, and nothing, where the schema has none.
            pub(super) fn read(
                &mut self,
                reader: &mut Reader<$life>,
                key: &Key,
            ) -> Result<bool, Stop> {
                $(if reader.scanner.takes(
                    key,
                    const { Name::of(stringify!($required)) },
                    stringify!($required),
                ) {
                    let rule = Reader::$required_rule;
                    reader.field(&mut self.$required, stringify!($required), rule)?;
                    return Ok(true);
                })*
                $(if reader.scanner.takes(
                    key,
                    const { Name::of(stringify!($optional)) },
                    stringify!($optional),
                ) {
                    let rule = Reader::$optional_rule;
                    reader.field(&mut self.$optional, stringify!($optional), rule)?;
                    return Ok(true);
                })*
                Ok(false)
            }

            /// The object at its end, unless a required field lacks or is of another type.
            pub(super) fn build(
                self,
                reader: &mut Reader<$life>,
                $($rest: $rest_type,)*
            ) -> Option<$name<$life>> {
                let Reader { .. } = reader;
                $(reader.require(&self.$required, stringify!($required));)*
                $(let $required = self.$required.value?;)*
                Some($name {
                    $($required,)*
                    $($optional: self.$optional.value,)*
                    $($rest,)*
                })
            }
        }
    };
}

object! {
    /// Whom an event is about.
    Ids<'a> from IdSlots
    required {}
    optional {
        /// `user_id`
        user_id: Text<'a> = text,
        /// `client_user_id`
        client_user_id: Text<'a> = text,
        /// `team_id`
        team_id: Text<'a> = text,
    }
    beside {}
}

object! {
    /// The `data` of an order event.
    Order<'a> from OrderSlots
    required {
        /// `order_id`
        order_id: Text<'a> = required_filled_text,
        /// `status`
        status: Text<'a> = required_filled_text,
    }
    optional {
        /// `cancellation_reason`
        cancellation_reason: Text<'a> = text_or_null,
    }
    beside {
        /// Fields beside these.
        pub extra: Vec<(Text<'a>, UnknownValue<'a>)>,
    }
}

object! {
    /// The `data` of a lab result.
    LabResult<'a> from LabResultSlots
    required {}
    optional {
        /// `order_id`
        order_id: Text<'a> = text,
        /// `sample_id`
        sample_id: Text<'a> = text,
        /// `status`
        status: Text<'a> = text,
        /// `interpretation`
        interpretation: Text<'a> = text_or_null,
        /// `collected_at`
        collected_at: Text<'a> = filled_text,
        /// `reported_at`
        reported_at: Text<'a> = filled_text,
        /// `marker_count`, a whole number that is not negative
        marker_count: Decimal<'a> = count,
        /// `critical_marker_count`, a whole number that is not negative
        critical_marker_count: Decimal<'a> = count,
        /// `markers`
        markers: Vec<Marker<'a>> = markers,
    }
    beside {
        /// Fields beside these.
        pub extra: Vec<(Text<'a>, UnknownValue<'a>)>,
        /// The unknown fields of all markers, in order: one vector, since most markers have some.
        marker_extra: Vec<(Text<'a>, UnknownValue<'a>)>,
    }
}

object! {
    /// One measured biomarker of a lab result.
    Marker<'a> from MarkerSlots
    required {
        /// `name`
        name: Text<'a> = required_filled_text,
    }
    optional {
        /// `slug`
        slug: Text<'a> = filled_text,
        /// `unit`
        unit: Text<'a> = filled_text,
        /// `value`, unless it is null or absent
        value: MarkerValue<'a> = marker_value,
        /// `min_range_value`
        min_range_value: Decimal<'a> = number_or_null,
        /// `max_range_value`
        max_range_value: Decimal<'a> = number_or_null,
        /// `interpretation`
        interpretation: Text<'a> = text_or_null,
        /// `timestamp`
        timestamp: Text<'a> = filled_text,
        /// `notes`
        notes: Text<'a> = text,
    }
    beside {
        /// Which unknown fields of all markers are this one's.
        extra: Range<usize>,
    }
}

impl<'a> LabResult<'a> {
    /// The fields of one of this result's markers that the schema does not name.
    #[must_use]
    pub fn extra_of(&self, marker: &Marker<'a>) -> &Extra<'a> {
        self.marker_extra.get(marker.extra.clone()).unwrap_or_default()
    }
}
