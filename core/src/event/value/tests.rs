//! Spellings on both sides of what is read, each with the exact text that comes out.

use proptest::prelude::*;

use super::*;

/// The value with its digits spelled out, since decimals compare by value.
fn shown(value: &Value<'_>) -> String {
    match value {
        Value::Quantity { comparator: None, number } => format!("quantity {number}"),
        Value::Quantity { comparator: Some(comparator), number } => {
            format!("quantity {} {number}", comparator.as_str())
        }
        Value::Range { low, high } => format!("range {low} {high}"),
        Value::Text(text) => format!("text {text}"),
        Value::Absent => "absent".to_owned(),
    }
}

#[test]
fn keeps_a_number_token_digit_for_digit() {
    for token in ["100.20", "-0", "0.10", "1E5", "-1.50e-007", "136"] {
        let number = Decimal::parse(token).unwrap();
        assert_eq!(shown(&Value::from_number(number)), format!("quantity {token}"));
    }
}

#[test]
fn reads_a_plain_decimal_as_a_quantity() {
    let cases = [
        ("7", "quantity 7"),
        ("100.20", "quantity 100.20"),
        ("0", "quantity 0"),
        ("0.0", "quantity 0.0"),
        ("-0.5", "quantity -0.5"),
        ("+2.0", "quantity 2.0"),
        ("+0", "quantity 0"),
        // Without its leading zero.
        (".5", "quantity 0.5"),
        ("-.5", "quantity -0.5"),
        ("+.50", "quantity 0.50"),
        (".0", "quantity 0.0"),
        ("-1", "quantity -1"),
        (" 7 ", "quantity 7"),
        ("\t7\r\n", "quantity 7"),
        // A no-break space, a thin one, an ideographic one.
        ("\u{a0}7\u{a0}", "quantity 7"),
        ("7\u{2009}", "quantity 7"),
        ("\u{3000}7", "quantity 7"),
        ("\u{b}7\u{85}", "quantity 7"),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(&Value::from_text(text)), expected, "{text:?}");
    }
}

#[test]
fn reads_every_spelling_of_a_comparator() {
    let cases = [
        ("<5.0", "quantity < 5.0"),
        (">5.0", "quantity > 5.0"),
        ("<=5.0", "quantity <= 5.0"),
        ("=<5.0", "quantity <= 5.0"),
        ("≤5.0", "quantity <= 5.0"),
        (">=5.0", "quantity >= 5.0"),
        ("=>5.0", "quantity >= 5.0"),
        ("≥5.0", "quantity >= 5.0"),
        ("  <   0.10 ", "quantity < 0.10"),
        ("≤\u{a0}3", "quantity <= 3"),
        ("<\u{2009}3", "quantity < 3"),
        ("<-2", "quantity < -2"),
        ("> +2", "quantity > 2"),
        ("<.5", "quantity < 0.5"),
        ("> -.5", "quantity > -0.5"),
        ("> OR = 60", "quantity >= 60"),
        ("< OR = 0.10", "quantity <= 0.10"),
        (">or=60", "quantity >= 60"),
        ("<\u{a0}Or  =\t.5", "quantity <= 0.5"),
        // White space between the two signs.
        ("< = 5", "quantity <= 5"),
        ("> = 5", "quantity >= 5"),
        ("= < 5", "quantity <= 5"),
        ("= > 5", "quantity >= 5"),
        ("< =5", "quantity <= 5"),
        (">\t= 5.0", "quantity >= 5.0"),
        ("=\u{a0}<.5", "quantity <= 0.5"),
        (" =\u{2009} > -2", "quantity >= -2"),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(&Value::from_text(text)), expected, "{text:?}");
    }
}

#[test]
fn reads_two_decimals_around_a_hyphen_as_a_range() {
    let cases = [
        ("1-10", "range 1 10"),
        ("1 - 10", "range 1 10"),
        ("1 -10", "range 1 10"),
        ("1- 10", "range 1 10"),
        (" 1\t-\u{a0}10 ", "range 1 10"),
        ("1\u{2009}-\u{2009}10", "range 1 10"),
        ("-5.0 - +2.0", "range -5.0 2.0"),
        ("-5--2", "range -5 -2"),
        ("-5 - -2", "range -5 -2"),
        ("+1-+2", "range 1 2"),
        ("5-5.0", "range 5 5.0"),
        (".5-1", "range 0.5 1"),
        ("-.5 - .5", "range -0.5 0.5"),
        ("-1--.5", "range -1 -0.5"),
        ("0.50-0.5", "range 0.50 0.5"),
        ("9007199254740992-9007199254740993", "range 9007199254740992 9007199254740993"),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(&Value::from_text(text)), expected, "{text:?}");
    }
}

#[test]
fn keeps_everything_else_as_the_sender_wrote_it() {
    let texts = [
        // No JSON number would be left.
        "",
        " ",
        "5.",
        ".",
        "-.",
        "..5",
        ".5.",
        ".5.5",
        "007",
        "00",
        "01-02",
        "+",
        "-",
        "--5",
        "+-5",
        "-+5",
        "++5",
        "- 5",
        "+ 5",
        "1e5",
        "1E5",
        "1.2.3",
        "0x10",
        "NaN",
        "Infinity",
        // Separators, titres, other signs and other digits.
        "1,000",
        "1 000",
        "1'000",
        "1:80",
        "1/80",
        "\u{2212}5",
        "1\u{2013}10",
        "\u{661}",
        "½",
        // Units and words.
        "5 mg/dL",
        "5%",
        "NOT_DETECTED",
        "Negative",
        " padded text ",
        // Unknown comparators, and such as no number follows.
        "<",
        "< ",
        "<>5",
        "<<5",
        "==5",
        "=5",
        "≤=5",
        "~5",
        "<five",
        "= OR > 5",
        "<= OR = 5",
        "≤ OR = 5",
        "> OR 5",
        "> OR == 5",
        "> O R = 5",
        "> AND = 5",
        "OR = 5",
        "> OR =",
        "5 OR = 6",
        "<1,000",
        "5<",
        "<5>",
        "<< 5",
        // What looks like a range and is not one.
        "10-1",
        "9007199254740993-9007199254740992",
        "1--5",
        "<1-10",
        "1-<10",
        "1-",
        "-1-",
        "1-10-20",
        "1 - - 10",
        "1-10 mg/dL",
        "1..10",
        "1 to 10",
        "2024-01-15",
        "555-0100",
        "1-.5",
        // No white space to Unicode, although nothing shows.
        "\u{200b}5",
        "5\u{feff}",
    ];
    for text in texts {
        assert_eq!(Value::from_text(text), Value::Text(text), "{text:?}");
    }
}

#[test]
fn keeps_signs_that_stand_apart_and_are_no_comparator_as_the_sender_wrote_them() {
    let texts = [
        "= 5",
        "= = 5",
        "< < 5",
        "> > 5",
        "< > 5",
        "> < 5",
        "< = > 5",
        "= < = 5",
        "= < < 5",
        "< = = 5",
        "< = OR = 5",
        "= < OR = 5",
        "< = five",
        "< =",
        "= <",
        "≤ = 5",
        "= ≤ 5",
    ];
    for text in texts {
        assert_eq!(Value::from_text(text), Value::Text(text), "{text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn reads_back_what_it_was_made_of(
        sign in "[+-]?", digits in "((0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?|\\.[0-9]{1,30})",
        comparator in "(|<|>|<=|>=|=<|=>|≤|≥|< ?OR ?=|>or=|< =|=\u{a0}<)", spaces in "[ \t\u{a0}]{0,3}",
    ) {
        let text = format!("{spaces}{comparator}{spaces}{sign}{digits}{spaces}");
        let Value::Quantity { comparator: read, number } = Value::from_text(&text) else {
            return Err(TestCaseError::fail(text));
        };
        let signed = if sign == "-" { format!("-{digits}") } else { digits };
        let signed = signed.replace("-.", "-0.");
        let signed = if signed.starts_with('.') { format!("0{signed}") } else { signed };
        prop_assert_eq!(number.to_string(), signed);
        let plain = match comparator.as_str() {
            "" => None,
            "=<" | "≤" | "< =" | "=\u{a0}<" => Some("<="),
            "=>" | "≥" | ">or=" => Some(">="),
            or if or.contains("OR") => Some("<="),
            other => Some(other),
        };
        prop_assert_eq!(read.map(Comparator::as_str), plain);
    }

    #[test]
    fn hands_on_numbers_that_are_json(text in "[-+<>=≤≥.0-9 eor]{0,8}") {
        let is_json = |number: &str| serde_json::from_str::<serde::de::IgnoredAny>(number).is_ok();
        match Value::from_text(&text) {
            Value::Quantity { number, .. } => prop_assert!(is_json(&number.to_string())),
            Value::Range { low, high } => {
                prop_assert!(is_json(&low.to_string()) && is_json(&high.to_string()) && low <= high);
            }
            Value::Text(kept) => prop_assert_eq!(kept, text.as_str()),
            Value::Absent => prop_assert!(false, "a text is a value"),
        }
    }
}
