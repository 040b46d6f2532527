//! The table against the grammar of UCUM, and spellings on both sides of what it knows.

use proptest::prelude::*;

use self::grammar::is_ucum;
use super::spelling::{Text, canonical};
use super::ucum;

mod grammar;
mod published;

/// A row of `data/units.tsv`, which is read here once more.
struct Row {
    spelling: &'static str,
    code: &'static str,
    source: &'static str,
}

fn table() -> Vec<Row> {
    let rows = include_str!("../../../../data/units.tsv").lines();
    rows.filter(|line| *line != "#" && !line.starts_with("# "))
        .map(|line| {
            let [spelling, code, source] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            Row { spelling, code, source }
        })
        .collect()
}

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
        // Unknown.
        "",
        " ",
        "(calc)",
        "mG/dL",
        "mg/dL/",
        "mg//dL",
        "parsec",
        "#",
        "10*3/",
        "10E/uL",
        "10()/uL",
        "x/uL",
        "xmg/dL",
        "10^-3/uL",
        "1.10^3/uL",
        "103/uL",
        "10 3/uL",
        "10x3/uL",
        "x10-3/uL",
        "10^^3/uL",
        "mg/dL (calc",
        "mg/dL calc)",
        "(calc) mg/dL",
        "mcmg/dL",
        "mccg/dL",
        // No micro prefix: milli before a unit with c, or a word that begins with u.
        "mcal",
        "mcd",
        "mCi",
        "mc",
        "mc/L",
        "%mcptake",
        "mcM",
        "mcV/",
        "mcOhm/uL",
        "\u{b5}/dL",
        "mg/d\u{2113}",
        "kg/m^",
        "kg/^2",
        "mg\0/dL",
        "\u{b2}",
        "10\u{207b}\u{b3}/uL",
    ];
    let shared = table().into_iter().filter(|row| row.code == "-").map(|row| row.spelling);
    let shared: Vec<_> = shared.collect();
    assert!(shared.len() >= 50, "{} shared spellings", shared.len());
    for spelling in spellings.into_iter().chain(shared) {
        assert_eq!(ucum(spelling), None, "{spelling:?}");
    }
}

/// What looks like a known spelling, and means another unit or several.
#[test]
fn is_not_led_astray_by_a_letter_that_differs() {
    let traps = [
        // Molar of what volume; M is no unit of UCUM.
        "mM",
        "uM",
        "nM",
        "M", // Mega, not milli.
        "Mg/dL",
        "Mg/L",
        "Mmol/L",
        "Ms",
        "MIU/L",
        "MIU/mL",
        "MIU/ML",
        "MU/L",
        "MU/ML",
        // Coulomb, siemens, farad, kelvin, tesla, henry; or Celsius, seconds, Fahrenheit, thousand.
        "C",
        "S",
        "F",
        "K",
        "T",
        "H",
        "A",
        "N", // Gram or giga, tonne or tera.
        "G/L",
        "G/l",
        "T/L", // A thousand or single cells: a factor of a thousand.
        "1000/uL",
        "1000/\u{b5}L",
        "1000/mcL",
        "1000 / ul",
        "x1000/uL", // Milli or million.
        "m/uL",
        "m/ul", // UCUM's example table has henry and metre for hour and minute.
        "pmol/H/mg{protein}",
        "nmol/m/mg{prot}", // Micro only before a unit that takes it.
        "mc/dL",
        "mchg",
        "mC/dL",
        "McG/dL", // Half in capitals.
        "Mg/DL",
        "mG/DL",
        "Ug/L",
        "Pg",
        "Kg/L",
        "iU/L",
    ];
    for trap in traps {
        assert_eq!(ucum(trap), None, "{trap:?}");
    }
    // Kilo, not kelvin; a million, not molar.
    for (spelling, code) in [("K/uL", "10*3/uL"), ("k/uL", "10*3/uL"), ("M/uL", "10*6/uL")] {
        assert_eq!(ucum(spelling), Some(code), "{spelling}");
    }
}

#[test]
fn knows_the_siblings_of_what_it_knows() {
    let cases = [
        ("thousand/mcL", "10*3/uL"),
        ("x10E3/mcL", "10*3/uL"),
        ("10\u{b3}/mcL", "10*3/uL"),
        ("x10(3)/\u{b5}L", "10*3/uL"),
        ("x 10^3/uL", "10*3/uL"),
        ("10E3/uL", "10*3/uL"),
        ("10e3/ul", "10*3/uL"),
        ("10(3)/mcL", "10*3/uL"),
        ("\u{d7} 10\u{b3} / \u{3bc}l", "10*3/uL"),
        ("X10E3/UL", "10*3/uL"),
        ("k/uL", "10*3/uL"),
        ("k/ul", "10*3/uL"),
        ("K/CUMM", "10*3/uL"),
        ("THOU/UL", "10*3/uL"),
        ("THOU/MCL", "10*3/uL"),
        ("Thou/cmm", "10*3/uL"),
        ("10^6/ul", "10*6/uL"),
        ("MILL/CUMM", "10*6/uL"),
        ("10\u{2076}/\u{b5}l", "10*6/uL"),
        ("x10e9/L", "10*9/L"),
        ("X10(9)/L", "10*9/L"),
        ("10\u{b9}\u{b2}/L", "10*12/L"),
        ("ml/min/1.73", "mL/min/{1.73_m2}"),
        ("mL/min/1.73 M2", "mL/min/{1.73_m2}"),
        ("ML/MIN/1.73 M2", "mL/min/{1.73_m2}"),
        ("mL/min/1.73\u{a0}m\u{b2}", "mL/min/{1.73_m2}"),
        ("MCG/DL", "ug/dL"),
        ("UG/L", "ug/L"),
        ("U/ML", "U/mL"),
        ("IU/ML", "[IU]/mL"),
        ("mmol/L (calc)", "mmol/L"),
        ("mmol/l(CALC)", "mmol/L"),
        ("U/L (calc)", "U/L"),
        ("copies/uL", "{copies}/uL"),
        ("mg/g creat", "mg/g{creat}"),
        ("MG/G CREAT", "mg/g{creat}"),
        ("mcg/24h", "ug/(24.h)"),
        ("MCG/24HR", "ug/(24.h)"),
        ("/100WBC", "/100{WBCs}"),
        ("kg/m^2", "kg/m2"),
        ("mg / dL", "mg/dL"),
        ("mcIU/mL", "u[IU]/mL"),
        ("mckat/L", "ukat/L"),
        ("mcg/ml FEU", "ug/mL{FEU}"),
        ("mcg FEU/ml", "ug/mL{FEU}"),
        ("mg per dl", "mg/dL"),
        ("m g / d l", "mg/dL"),
        ("ng/x10(6)", "ng/10*6"),
        ("ng/x10E6", "ng/10*6"),
        ("U/x10(12)", "U/10*12"),
        ("U/\u{d7}10^6", "U/10*6"),
        ("/x10(9)", "/10*9"),
        ("/X 10\u{2079}", "/10*9"),
        ("mcm", "um"),
        ("mc m", "um"),
        ("mcs", "us"),
        ("mcV", "uV"),
        ("mcOhm", "uOhm"),
        ("mc[IU]/mL", "u[IU]/mL"),
        ("mc[IU]/ml (calc)", "u[IU]/mL"),
    ];
    for (spelling, code) in cases {
        assert_eq!(ucum(spelling), Some(code), "{spelling:?}");
    }
}

#[test]
fn gives_only_codes_that_ucum_defines() {
    for row in table().iter().filter(|row| row.code != "-") {
        assert!(is_ucum(row.code), "{} has {}", row.spelling, row.code);
    }
}

#[test]
fn gives_each_row_its_code_and_every_code_itself() {
    let rows = table();
    assert!(rows.len() >= 1900, "{} rows", rows.len());
    for row in rows.iter().filter(|row| row.code != "-") {
        assert_eq!(ucum(row.spelling), Some(row.code), "{}", row.spelling);
        assert_eq!(ucum(row.code), Some(row.code), "the code of {}", row.spelling);
    }
}

#[test]
fn makes_nothing_alike_but_what_its_steps_name() {
    let cases = [
        ("10(12)/l", "10*12/L"),
        ("U/10^12", "U/10*12"),
        ("x 10E3 / mcL", "10*3/uL"),
        ("mcg FEU/ml (calc)", "ugFEU/mL"),
        ("kg/m^2", "kg/m2"),
        ("10e\u{b3}/L", "10*3/L"),
        ("ng/x10(6)", "ng/10*6"),
        ("ng/ X 10^6", "ng/10*6"),
        ("/\u{d7}10\u{b9}\u{b2}", "/10*12"),
        ("x10*3/x10*6", "10*3/10*6"),
        // Each differs from a power, an exponent, a prefix or a litre in one thing.
        ("1.10^3", "1.10^3"),
        ("110^3", "110^3"),
        ("log10E3", "log10E3"),
        ("10E/L", "10E/L"),
        ("10()/L", "10()/L"),
        ("10(3/L", "10(3/L"),
        ("10^-3/L", "10^-3/L"),
        ("x1000/uL", "x1000/uL"),
        ("xmg/dL", "xmg/dL"),
        ("ng/xx10*6", "ng/xx10*6"),
        ("ng/x1000", "ng/x1000"),
        ("ng/x10-6", "ng/x10-6"),
        ("ng/ax10*6", "ng/ax10*6"),
        ("ngx10*6", "ngx10*6"),
        ("ng.x10*6", "ng.x10*6"),
        ("5x10*6", "5x10*6"),
        ("xx10*6", "xx10*6"),
        ("m^/L", "m^/L"),
        ("m^m", "m^m"),
        ("3^2", "3^2"),
        ("mcs", "mcs"),
        ("mC/L", "mC/L"),
        ("mcG/L", "mcG/L"),
        ("MCg/L", "MCg/L"),
        ("mol", "mol"),
        ("cal", "cal"),
        ("UL", "UL"),
        ("(calc)mg", "(calc)mg"),
        ("mg(cal)", "mg(cal)"),
        ("\u{b0}C", "\u{b0}C"),
    ];
    for (spelling, form) in cases {
        let found = canonical(spelling);
        assert_eq!(found.as_ref().map(Text::as_str), Some(form), "{spelling}");
    }
}

/// A number that the sender did not write must not come of the digits of two.
#[test]
fn makes_no_number_of_two() {
    for (spelling, code) in [
        ("10^12/L", Some("10*12/L")),
        ("10^1 2/L", None),
        ("10*1\u{a0}2/L", None),
        ("10\u{b9}\u{b2}/L", Some("10*12/L")),
        ("10\u{b9} \u{b2}/L", None),
        ("10\u{b9}2/L", None),
        ("10 \u{b9}\u{b2} /L", Some("10*12/L")),
        ("10(12)/L", Some("10*12/L")),
        ("10(1 2)/L", None),
        ("mg/100 mL", Some("mg/dL")),
        ("mg/1 00mL", None),
        ("1 0*3/uL", None),
    ] {
        assert_eq!(ucum(spelling), code, "{spelling:?}");
    }
}

/// The equivalences, one after the other over the whole table: none leads to another code.
#[test]
fn reads_every_row_alike_in_every_typography() {
    let superscript = |digits: &str| {
        let raised = "\u{2070}\u{b9}\u{b2}\u{b3}\u{2074}\u{2075}\u{2076}\u{2077}\u{2078}\u{2079}";
        ('0'..='9').zip(raised.chars()).fold(digits.to_owned(), |digits, (plain, raised)| {
            digits.replace(plain, &raised.to_string())
        })
    };
    let mut variants = 0;
    for row in table() {
        let expected = (row.code != "-").then_some(row.code);
        let mut others = vec![
            format!("{} (calc)", row.spelling),
            format!("{}(calc)", row.spelling),
            format!("\u{a0}{}\t", row.spelling),
            row.spelling.replace('/', " / "),
            row.spelling.replace(' ', ""),
            row.spelling.replace("m2", "m^2").replace("{1.73_m^2}", "{1.73_m2}"),
            row.spelling.replace("m3", "m\u{b3}"),
        ];
        for micro in ["\u{b5}", "\u{3bc}", "mc"] {
            for unit in ["g", "L", "mol", "U/", "IU/"] {
                let (from, to) = (format!("u{unit}"), format!("{micro}{unit}"));
                if let Some(rest) = row.spelling.strip_prefix(&from) {
                    others.push(format!("{to}{rest}"));
                }
                if micro != "mc" || unit == "L" {
                    others.push(row.spelling.replace(&format!("/{from}"), &format!("/{to}")));
                }
            }
        }
        // In a code, `u` at the beginning or after `/` is the micro prefix, of whatever unit.
        if row.spelling == row.code {
            let first =
                row.code.strip_prefix('u').map_or(row.code.to_owned(), |rest| format!("mc{rest}"));
            others.push(first.replace("/u", "/mc"));
        }
        for litre in ["m", "d", "u", "f"] {
            others.push(match row.spelling.strip_suffix(&format!("{litre}L")) {
                Some(rest) => format!("{rest}{litre}l"),
                None => row.spelling.replace(&format!("{litre}L/"), &format!("{litre}l/")),
            });
        }
        if let Some(rest) = row.spelling.strip_prefix("10*") {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (power, rest) = rest.split_at(digits);
            for times in ["", "x", "X", "x ", "\u{d7}"] {
                for ten in ["10*", "10^", "10E", "10e", "10 ^ "] {
                    others.push(format!("{times}{ten}{power}{rest}"));
                }
                others.push(format!("{times}10({power}){rest}"));
                others.push(format!("{times}10{}{rest}", superscript(power)));
            }
        }
        for other in others {
            assert_eq!(ucum(&other), expected, "{other:?}, like {}", row.spelling);
            variants += 1;
        }
    }
    assert!(variants > 30_000, "{variants} variants");
}

proptest! {
    /// Whatever is sent: what comes out is the same when it is sent as its canonical form.
    #[test]
    fn makes_a_canonical_form_of_a_canonical_form_no_other(
        unit in "(x|X|\u{d7})?(10|1|0|[*^Ee()]|[23]|\u{b3}|\u{b5}|mc|MC|[acgGlLmudUxX/.{} \u{a0}]|\\(calc\\)){0,24}"
    ) {
        if let Some(once) = canonical(&unit) {
            let twice = canonical(once.as_str());
            prop_assert_eq!(twice.as_ref().map(Text::as_str), Some(once.as_str()));
            prop_assert_eq!(ucum(&unit), ucum(once.as_str()));
        } else {
            prop_assert_eq!(ucum(&unit), None);
        }
    }
}

#[test]
fn looks_no_further_than_the_longest_row_may_be() {
    let longest = format!("{}(calc)", "m".repeat(58));
    assert_eq!(canonical(&longest).map(|text| text.as_str().len()), Some(58));
    assert!(canonical(&format!("{}(calc)", "m".repeat(59))).is_none());
    // White space does not count.
    assert_eq!(ucum(&format!("mg/{}dL", " ".repeat(10_000))), Some("mg/dL"));
    assert_eq!(ucum(&"m".repeat(1_000_000)), None);
}
