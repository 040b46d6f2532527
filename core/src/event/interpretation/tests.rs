//! Every word, every code, and both sides of every proof.

use super::*;

const NOTHING: Value<'_> = Value::Absent;

fn meaning(word: &str) -> Option<&'static str> {
    interpret(Some(word), &NOTHING, None, None).map(Code::as_str)
}

/// Interprets a word beside a value and a range such as `3.4..10.8`, of which either end may lack.
fn beside(word: &str, value: &str, range: &str) -> Option<&'static str> {
    let (low, high) = range.split_once("..").expect("a range has two ends");
    let value = Value::from_text(value);
    interpret(Some(word), &value, Some(low), Some(high)).map(Code::as_str)
}

#[test]
fn gives_every_word_its_code() {
    let words = [
        ("normal", "N"),
        ("abnormal", "A"),
        ("critical", "AA"),
        ("high", "H"),
        ("low", "L"),
        ("positive", "POS"),
        ("negative", "NEG"),
        ("detected", "DET"),
        ("not_detected", "ND"),
        ("reactive", "RR"),
        ("non_reactive", "NR"),
        ("equivocal", "E"),
        ("indeterminate", "IND"),
    ];
    for (word, code) in words {
        assert_eq!(meaning(word), Some(code), "{word}");
        assert_eq!(meaning(&word.to_ascii_uppercase()), Some(code), "{word} in capitals");
    }
}

#[test]
fn ignores_case_white_space_underscores_and_hyphens() {
    let words = [
        (" Normal ", "N"),
        ("NOT DETECTED", "ND"),
        ("Not-Detected", "ND"),
        ("notDetected", "ND"),
        ("not\u{a0}detected", "ND"),
        ("non - reactive", "NR"),
        ("_a_b_n_o_r_m_a_l_", "A"),
        ("critical\n", "AA"),
        ("\u{3000}critical", "AA"),
        ("i n d e t e r m i n a t e", "IND"),
        ("syn r", "SYN-R"),
        ("h-h", "HH"),
        ("carrier", "Carrier"),
    ];
    for (word, code) in words {
        assert_eq!(meaning(word), Some(code), "{word:?}");
    }
}

#[test]
fn knows_no_other_word() {
    let long = "normal ".repeat(1000);
    let words = [
        "",
        " ",
        "-",
        "_",
        "unknown",
        "norm",
        "normall",
        "abnormal.",
        "indeterminatee",
        "HHH",
        "AAA",
        "nοrmal",
        "ｎormal",
        "ſ",
        "K",
        "critical!",
        "see note",
        "\0",
        "1",
        long.as_str(),
    ];
    for word in words {
        assert_eq!(meaning(word), None, "{word:?}");
    }
    assert_eq!(interpret(None, &NOTHING, None, None), None);
}

#[test]
fn gives_every_code_itself() {
    assert_eq!(Code::ALL.len(), 49);
    for code in Code::ALL {
        let spelling = code.as_str();
        for word in [spelling.to_owned(), spelling.to_ascii_lowercase(), format!(" {spelling}_")] {
            assert_eq!(interpret(Some(&word), &NOTHING, None, None), Some(*code), "{word:?}");
            // Even where a proof could say more.
            let value = Value::from_text("99");
            let high = Some("10");
            assert_eq!(interpret(Some(&word), &value, None, high), Some(*code), "{word:?}");
        }
    }
}

#[test]
fn has_the_codes_of_the_code_system() {
    // The selectable concepts of terminology.hl7.org, CodeSystem-v3-ObservationInterpretation.
    let active = "EX CAR B D U W < > IE A N I NCL NS R S AA H L HH LL HX LX HU E LU ND IND NEG POS \
                  EXP UNE DET SYN-R NR RR WR SDD SYN-S";
    let deprecated = "HM OBX Carrier AC QCF TOX MS VS H> L<";
    let mut published: Vec<_> = active.split(' ').chain(deprecated.split(' ')).collect();
    let mut ours: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    published.sort_unstable();
    ours.sort_unstable();
    assert_eq!(ours, published);
}

#[test]
fn calls_critical_what_needs_immediate_action() {
    let critical: Vec<_> = Code::ALL.iter().filter(|code| code.is_critical()).collect();
    assert_eq!(critical, [&Code::AA, &Code::HH, &Code::LL]);
}

#[test]
fn proves_a_side_only_where_no_reading_of_the_bounds_contradicts() {
    let cases = [
        ("10.9", "3.4..10.8", "H"),
        ("10.8", "3.4..10.8", "A"),
        ("10.80000000000000000001", "3.4..10.8", "H"),
        ("1e1", "3.4..10.8", "A"),
        ("3.4", "3.4..10.8", "A"),
        ("3.3", "3.4..10.8", "L"),
        ("5", "3.4..10.8", "A"),
        ("> 10.8", "3.4..10.8", "H"),
        ("> 10.80", "3.4..10.8", "H"),
        ("> 10.7", "3.4..10.8", "A"),
        (">= 10.8", "3.4..10.8", "A"),
        (">= 10.81", "3.4..10.8", "H"),
        (">= 1", "3.4..10.8", "A"),
        ("> 1", "3.4..10.8", "A"),
        ("< 3.4", "3.4..10.8", "L"),
        ("< 3.40", "3.4..10.8", "L"),
        ("< 3.5", "3.4..10.8", "A"),
        ("<= 3.4", "3.4..10.8", "A"),
        ("<= 3.39", "3.4..10.8", "L"),
        ("< 20", "3.4..10.8", "A"),
        ("<= 20", "3.4..10.8", "A"),
        // One bound is enough for its side.
        ("215", "..200", "H"),
        ("1", "..200", "A"),
        ("1", "7.6..", "L"),
        ("99", "7.6..", "A"),
        ("99", "..", "A"),
        // A degenerate range, and an inverted one.
        ("5", "5..5", "A"),
        ("6", "5..5", "H"),
        ("7", "10..5", "A"),
        ("12", "10..5", "H"),
        ("3", "10..5", "L"),
        ("-1", "0..10", "L"),
        ("-0", "0..10", "A"),
        // What is no quantity proves nothing.
        ("11-12", "3.4..10.8", "A"),
        ("1:80", "3.4..10.8", "A"),
        ("11 mg", "3.4..10.8", "A"),
    ];
    for (value, range, expected) in cases {
        assert_eq!(beside("abnormal", value, range), Some(expected), "{value} beside {range}");
        let critical = match expected {
            "H" => "HH",
            "L" => "LL",
            _ => "AA",
        };
        assert_eq!(beside("critical", value, range), Some(critical), "{value} beside {range}");
    }
}

#[test]
fn proves_nothing_of_an_absent_value() {
    let (low, high) = (Some("1"), Some("2"));
    assert_eq!(interpret(Some("critical"), &NOTHING, low, high), Some(Code::AA));
    assert_eq!(interpret(Some("abnormal"), &NOTHING, low, high), Some(Code::A));
}

#[test]
fn derives_nothing_where_the_sender_said_something_else() {
    for word in ["normal", "high", "low", "positive", "N", "A", "AA"] {
        assert_eq!(beside(word, "99", "1..10"), meaning(word), "{word}");
    }
    assert_eq!(beside("unheard", "99", "1..10"), None);
    let high = Some("10");
    assert_eq!(interpret(None, &Value::from_text("99"), None, high), None);
}
