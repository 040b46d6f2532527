//! The table against the grammar of UCUM, and spellings on both sides of what it knows.

use super::*;

#[test]
fn knows_what_the_large_laboratories_write() {
    let cases = [
        ("mg/dL", "mg/dL"),
        ("x10E3/uL", "10*3/uL"),
        ("x10E6/uL", "10*6/uL"),
        ("Thousand/uL", "10*3/uL"),
        ("Million/uL", "10*6/uL"),
        ("10^9/L", "10*9/L"),
        ("K/uL", "10*3/uL"),
        ("cells/uL", "{cells}/uL"),
        ("mcg/dL", "ug/dL"),
        ("\u{b5}g/dL", "ug/dL"),
        ("\u{3bc}g/dL", "ug/dL"),
        ("uIU/mL", "u[IU]/mL"),
        ("mIU/L", "m[IU]/L"),
        ("IU/L", "[IU]/L"),
        ("mEq/L", "meq/L"),
        ("mL/min/1.73m2", "mL/min/{1.73_m2}"),
        ("mL/min/1.73", "mL/min/{1.73_m2}"),
        ("mm/hr", "mm/h"),
        ("% of total Hgb", "%{Hb}"),
        ("mg/g creat", "mg/g{creat}"),
        ("mg/24 hr", "mg/(24.h)"),
        ("ng/mL FEU", "ng/mL{FEU}"),
        ("/hpf", "/[HPF]"),
        ("#/hpf", "/[HPF]"),
        ("mmHg", "mm[Hg]"),
        ("ratio", "{ratio}"),
        ("%", "%"),
        ("%{inhibition}", "%{inhibition}"),
    ];
    for (spelling, code) in cases {
        assert_eq!(ucum(spelling), Some(code), "{spelling}");
    }
}

#[test]
fn has_no_code_for_what_is_unknown_or_could_mean_two_units() {
    let spellings = [
        "", " ", "mg/dL ", " mg/dL", "mg / dL", "Mg/dL", "mG/dL", "mg/dl/", "parsec", "#", "EU/dL",
        "EU/mL", "AU", "AU/mL", "U", "units", "Units", "BU", "G/L", "T/L", "m/uL", "MM3", "/MM3",
        "10E3/uL", "MIU/L", "MIU/mL", "MU/L", "bpm", "HR", "lb", "oz", "gr", "gal", "calc",
        "(calc)",
    ];
    for spelling in spellings {
        assert_eq!(ucum(spelling), None, "{spelling:?}");
    }
}

#[test]
fn holds_the_frequent_units() {
    assert!(UNITS.len() >= 150, "{} rows", UNITS.len());
    assert!(UNITS.is_sorted_by(|(left, _), (right, _)| left < right));
}

#[test]
fn gives_only_codes_that_ucum_defines() {
    for (spelling, code) in UNITS {
        assert!(is_ucum(code), "{spelling} has {code}");
    }
}

#[test]
fn gives_every_code_itself() {
    for (spelling, code) in UNITS {
        assert_eq!(ucum(code), Some(*code), "the code of {spelling}");
    }
}

#[test]
fn reads_the_micro_sign_and_the_greek_mu_alike() {
    for (spelling, code) in UNITS {
        for other in [spelling.replace('\u{b5}', "\u{3bc}"), spelling.replace('\u{3bc}', "\u{b5}")]
        {
            assert_eq!(ucum(&other), Some(*code), "{other}, like {spelling}");
        }
    }
}

/// What the UCUM check is worth: it has to tell typing errors from codes.
#[test]
fn tells_a_typing_error_from_a_code() {
    let codes = [
        "1",
        "10*3/uL",
        "/[HPF]",
        "/100{WBCs}",
        "mg/(24.h)",
        "m2",
        "m-1",
        "kg/m2",
        "mm[Hg]",
        "{ratio}",
        "%{Hb}",
        "nmol{BCE}/mmol{creat}",
        "mL/min/{1.73_m2}",
        "mol/L/s",
    ];
    for code in codes {
        assert!(is_ucum(code), "{code}");
    }
    let errors = [
        "",
        "/",
        "mg/",
        "mg//dL",
        ".mg",
        "mg.",
        "mg/dl2-",
        "mcg/dL",
        "mEq/L",
        "IU/L",
        "mm/hr",
        "mg/24.h)",
        "mg/(24.h",
        "mg/24h",
        "ratio",
        "{ratio",
        "ratio}",
        "{a{b}}",
        "10^3^",
        "x10*3/uL",
        "K/uu",
        "kmin",
        "m%",
        "m[HPF]",
        "mg/g creat",
        "mg/gcreat",
        "\u{b5}g",
        "MG/DL",
        "mMol/L",
        "[iu]/L",
        "Hgb",
        "sec",
        "{ratio }\u{e9}",
        "()",
        "mg()",
    ];
    for error in errors {
        assert!(!is_ucum(error), "{error}");
    }
}

/// The unit atoms that the table uses, of UCUM's tables 1 to 4 and its clinical and chemical
/// tables: those that take a prefix.
const METRIC: [&str; 20] = [
    "m", "s", "g", "K", "L", "l", "mol", "eq", "osm", "U", "kat", "[IU]", "[iU]", "Pa", "P", "Cel",
    "g%", "m[Hg]", "m[H2O]", "Hz",
];
/// Those that take none.
const PLAIN: [&str; 22] = [
    "%", "min", "h", "d", "wk", "mo", "a", "10*", "10^", "[pH]", "[degF]", "[HPF]", "[LPF]",
    "[CFU]", "[ppm]", "[ppb]", "[GPL'U]", "[MPL'U]", "[APL'U]", "Ao", "deg", "[beth'U]",
];
/// UCUM's table of prefixes, as far as laboratories go.
const PREFIXES: [&str; 14] =
    ["Y", "T", "G", "M", "k", "h", "da", "d", "c", "m", "u", "n", "p", "f"];

/// UCUM section 2.2: a main term is a term, or a term behind `/`.
fn is_ucum(code: &str) -> bool {
    code.is_ascii() && take_term(code.strip_prefix('/').unwrap_or(code)) == Some("")
}

/// A term is components with `.` or `/` between; gives what follows it.
fn take_term(text: &str) -> Option<&str> {
    let mut rest = take_component(text)?;
    while let Some(next) = rest.strip_prefix(['.', '/']) {
        rest = take_component(next)?;
    }
    Some(rest)
}

/// A component is a term in parentheses, a unit or a number, with an annotation or without, or an
/// annotation alone.
fn take_component(text: &str) -> Option<&str> {
    if let Some(inner) = text.strip_prefix('(') {
        return take_term(inner)?.strip_prefix(')');
    }
    let end = text.find(['.', '/', '(', ')', '{', '}']).unwrap_or(text.len());
    let (unit, rest) = text.split_at(end);
    match rest.strip_prefix('{') {
        Some(annotation) => {
            let (annotation, rest) = annotation.split_once('}')?;
            let is_text = annotation.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'{');
            (is_text && (unit.is_empty() || is_unit(unit))).then_some(rest)
        }
        None => is_unit(unit).then_some(rest),
    }
}

/// A number, or an atom with its prefix and its exponent.
fn is_unit(unit: &str) -> bool {
    let base = unit.trim_end_matches(|c: char| c.is_ascii_digit());
    if base.is_empty() {
        return !unit.is_empty();
    }
    let base = if base.len() < unit.len() { base.trim_end_matches(['+', '-']) } else { base };
    let is_metric = |base| METRIC.contains(&base);
    PLAIN.contains(&base)
        || is_metric(base)
        || PREFIXES.iter().any(|prefix| base.strip_prefix(prefix).is_some_and(is_metric))
}
