//! Whether a text is a UCUM code, by the grammar of section 2.2 and the atoms that the table uses.
//! It needs no other program; `make test-units` asks an independent implementation.

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
const METRIC: [&str; 39] = [
    "m", "s", "g", "K", "L", "l", "mol", "eq", "osm", "U", "kat", "[IU]", "[iU]", "Pa", "P", "Cel",
    "g%", "m[Hg]", "m[H2O]", "Hz", "N", "V", "A", "J", "W", "Ohm", "Bq", "Gy", "Sv", "T", "Wb",
    "lm", "bar", "cal", "eV", "t", "B", "St", "erg",
];
/// Those that take none.
const PLAIN: [&str; 61] = [
    "%",
    "min",
    "h",
    "d",
    "wk",
    "mo",
    "a",
    "10*",
    "10^",
    "[pH]",
    "[degF]",
    "[HPF]",
    "[LPF]",
    "[CFU]",
    "[ppm]",
    "[ppb]",
    "[GPL'U]",
    "[MPL'U]",
    "[APL'U]",
    "Ao",
    "deg",
    "[beth'U]",
    "[AU]",
    "[arb'U]",
    "[bdsk'U]",
    "[ka'U]",
    "[knk'U]",
    "[mclg'U]",
    "[tb'U]",
    "[todd'U]",
    "[MET]",
    "[Ch]",
    "[diop]",
    "[drp]",
    "[dr_av]",
    "[lb_av]",
    "[oz_av]",
    "[oz_tr]",
    "[foz_us]",
    "[gal_us]",
    "[pt_us]",
    "[qt_us]",
    "[tbs_us]",
    "[tsp_us]",
    "[ft_i]",
    "[ft_us]",
    "[in_i]",
    "[in_us]",
    "[in_i'H2O]",
    "[mi_i]",
    "[yd_i]",
    "[cin_i]",
    "[sin_i]",
    "[sft_i]",
    "[syd_i]",
    "[ppth]",
    "[pptr]",
    "[psi]",
    "atm",
    "Torr",
    "dyn",
];

/// UCUM's table of prefixes, as far as laboratories go.
const PREFIXES: [&str; 15] =
    ["Y", "T", "G", "M", "k", "h", "da", "d", "c", "m", "u", "n", "p", "f", "a"];

/// UCUM section 2.2: a main term is a term, or a term behind `/`.
pub(super) fn is_ucum(code: &str) -> bool {
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
        let rest = take_term(inner)?.strip_prefix(')')?;
        // Beyond the grammar, but UCUM's own examples have `U/(10.g){feces}`.
        return match rest.strip_prefix('{') {
            Some(annotation) => annotation.split_once('}').map(|(_, rest)| rest),
            None => Some(rest),
        };
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
