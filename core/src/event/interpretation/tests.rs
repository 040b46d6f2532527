//! Every word, every code, and both sides of every proof.

use serde::Deserialize;

use super::words::WORDS;
use super::*;
use crate::event::value::Value;

const NOTHING: Evidence<'_> = Evidence { quantity: None, low: None, high: None, said: None };

fn meaning(word: &str) -> Option<&'static str> {
    interpret(Some(word), || NOTHING).map(Code::as_str)
}

/// What a value and a range such as `3.4..10.8`, of which either end may lack, have to say.
fn evidence<'a>(value: &'a str, range: &'a str) -> Evidence<'a> {
    let (low, high) = range.split_once("..").expect("a range has two ends");
    let quantity = match Value::from_text(value) {
        Value::Quantity { comparator, number } => Some((comparator, number)),
        _ => None,
    };
    Evidence { quantity, low: Decimal::parse(low), high: Decimal::parse(high), said: None }
}

/// Interprets a word beside a value and a range.
fn beside(word: &str, value: &str, range: &str) -> Option<&'static str> {
    interpret(Some(word), || evidence(value, range)).map(Code::as_str)
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
fn ignores_case_white_space_underscores_hyphens_and_commas() {
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
        ("critical, high", "HH"),
        ("CRITICAL_HIGH", "HH"),
        ("critical-low", "LL"),
        ("Above upper\tpanic limits", "HH"),
        ("better use when direction not relevant", "B"),
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
        // Negations, and words between two.
        "non critical",
        "non-critical",
        "not critical",
        "noncritical",
        "not abnormal",
        "not high",
        "no critical high",
        "borderline",
        "borderline high",
        "high normal",
        "no range defined, or normal ranges don't apply",
        "null",
        // The groups of codes are not codes themselves.
        "ObservationInterpretationDetection",
        "_ObservationInterpretationNormality",
        "\0",
        "1",
        long.as_str(),
    ];
    for word in words {
        assert_eq!(meaning(word), None, "{word:?}");
    }
    assert_eq!(interpret(None, || NOTHING), None);
}

#[test]
fn gives_every_code_itself() {
    assert_eq!(Code::ALL.len(), 49);
    for code in Code::ALL {
        let spelling = code.as_str();
        for word in [spelling.to_owned(), spelling.to_ascii_lowercase(), format!(" {spelling}_")] {
            assert_eq!(interpret(Some(&word), || NOTHING), Some(*code), "{word:?}");
            // Even where a proof could say more.
            assert_eq!(interpret(Some(&word), || evidence("99", "..10")), Some(*code), "{word:?}");
        }
    }
}

/// A copy of a code system, without its definitions; the file names its source.
#[derive(Deserialize)]
struct CodeSystem {
    concepts: Vec<Concept>,
}

#[derive(Deserialize)]
struct Concept {
    code: String,
    display: String,
    #[serde(default, rename = "abstract")]
    is_abstract: bool,
}

fn concepts(json: &str) -> Vec<Concept> {
    serde_json::from_str::<CodeSystem>(json).unwrap().concepts
}

const V3: &str =
    include_str!("../../../../tests/data/terminology/v3-ObservationInterpretation.json");
const V2: &str = include_str!("../../../../tests/data/terminology/v2-0078.json");

#[test]
fn has_the_codes_of_the_code_system() {
    let mut published: Vec<_> = concepts(V3)
        .into_iter()
        .filter(|concept| !concept.is_abstract)
        .map(|concept| concept.code)
        .collect();
    let mut ours: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    published.sort_unstable();
    ours.sort_unstable();
    assert_eq!(ours, published);
}

#[test]
fn knows_every_display_name_of_the_code_system_and_none_of_its_groups() {
    for Concept { code, display, is_abstract } in concepts(V3) {
        let expected = match code.as_str() {
            _ if is_abstract => None,
            // A code of its own, which was sent as such.
            "CAR" => Some("Carrier"),
            // Deprecated for codes of the same name.
            "H>" => Some("HU"),
            "L<" => Some("LU"),
            code => Some(code),
        };
        for word in [display.clone(), display.to_uppercase(), display.replace(' ', "_")] {
            assert_eq!(meaning(&word), expected, "{code}: {word}");
        }
    }
}

#[test]
fn knows_the_wording_of_table_0078() {
    let rows = concepts(V2);
    assert!(rows.len() > 30);
    for Concept { code, display, .. } in rows {
        assert_eq!(meaning(&display), Some(code.as_str()), "{display}");
    }
    for (word, code) in [
        ("panic high", "HH"),
        ("panic low", "LL"),
        ("very abnormal", "AA"),
        ("better", "B"),
        ("above analytical limit", ">"),
        ("low off scale", "<"),
    ] {
        assert_eq!(meaning(word), Some(code), "{word}");
    }
}

#[test]
fn keeps_the_words_in_the_order_and_form_that_they_are_looked_up_in() {
    assert!(WORDS.is_sorted_by(|(left, _), (right, _)| (left.len(), left) < (right.len(), right)));
    for (word, code) in WORDS {
        let folded: String = letters(word).collect();
        assert_eq!(folded, word);
        // A code's own spelling means that code.
        assert!(
            Code::ALL
                .iter()
                .all(|own| own == &code || !Folded::new(word).unwrap().is(own.as_str()))
        );
    }
    let longest = WORDS.iter().map(|(word, _)| word.len()).max();
    assert_eq!(longest, Some(LONGEST));
    assert_eq!(meaning(&format!("{}x", WORDS[WORDS.len() - 1].0)), None);
}

#[test]
fn takes_the_senders_own_side_for_proof_where_the_numbers_do_not_prove_the_other() {
    for (said, value, range, expected) in [
        (Some(Side::Above), "10.8", "3.4..10.8", "H"),
        (Some(Side::Below), "3.4", "3.4..10.8", "L"),
        (Some(Side::Above), "5", "3.4..10.8", "H"),
        (Some(Side::Above), "11", "3.4..10.8", "H"),
        (Some(Side::Above), "3", "3.4..10.8", "A"),
        (Some(Side::Below), "11", "3.4..10.8", "A"),
        (Some(Side::Below), "11", "..", "L"),
        (Some(Side::Above), "no number", "..", "H"),
        (None, "10.8", "3.4..10.8", "A"),
    ] {
        let evidence = Evidence { said, ..evidence(value, range) };
        let code = |word| interpret(Some(word), || evidence).map(Code::as_str);
        assert_eq!(code("abnormal"), Some(expected), "{said:?} {value} {range}");
        let critical = if expected == "A" { "AA".into() } else { expected.repeat(2) };
        assert_eq!(code("critical"), Some(critical.as_str()), "{said:?} {value} {range}");
        assert_eq!(code("normal"), Some("N"));
    }
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
    let nothing = evidence("", "1..2");
    assert_eq!(interpret(Some("critical"), || nothing), Some(Code::AA));
    assert_eq!(interpret(Some("abnormal"), || nothing), Some(Code::A));
}

#[test]
fn derives_nothing_where_the_sender_said_something_else() {
    for word in ["normal", "high", "low", "positive", "N", "A", "AA"] {
        assert_eq!(beside(word, "99", "1..10"), meaning(word), "{word}");
    }
    assert_eq!(beside("unheard", "99", "1..10"), None);
    assert_eq!(interpret(None, || evidence("99", "..10")), None);
}
