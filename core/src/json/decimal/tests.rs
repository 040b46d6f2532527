//! Both sides of every rule, and the order against integers of any size.

#![expect(clippy::arithmetic_side_effects, reason = "the oracle works on integers without bounds")]

use num_bigint::BigInt;
use proptest::prelude::*;

use super::*;

fn decimal(text: &str) -> Decimal<'_> {
    Decimal::parse(text).unwrap_or_else(|| panic!("{text} is a JSON number"))
}

#[test]
fn keeps_the_text_of_every_json_number() {
    let numbers = [
        "0",
        "-0",
        "7",
        "-7",
        "10",
        "0.0",
        "-0.10",
        "100.20",
        "1e5",
        "1E5",
        "1e+5",
        "1e-05",
        "0e0",
        "-1.50e-007",
        "1e999999999999999999999999999999",
    ];
    for number in numbers {
        assert_eq!(Decimal::parse(number).map(|d| d.as_str()), Some(number));
    }
}

#[test]
fn reads_nothing_but_a_json_number() {
    let others = [
        "",
        "-",
        "+1",
        "--1",
        "-+1",
        ".5",
        "-.5",
        "5.",
        "1.e5",
        "01",
        "-01",
        "00",
        "1e",
        "1e+",
        "1e-",
        "1e+-5",
        "1e-+5",
        "1e--5",
        "1e1.5",
        "1e5e5",
        "1.2.3",
        " 1",
        "1 ",
        "1,0",
        "0x1",
        "NaN",
        "Infinity",
        "-Infinity",
        "1_0",
        "e5",
        "\u{2212}1",
        "\u{661}",
        "1\u{661}",
        "1.\u{661}",
        "1e\u{661}",
        "−1",
    ];
    for other in others {
        assert!(Decimal::parse(other).is_none(), "{other}");
    }
}

#[test]
fn compares_the_values_and_not_the_spellings() {
    use Ordering::{Equal, Greater, Less};
    let cases = [
        ("1.0", Equal, "1"),
        ("1", Equal, "10e-1"),
        ("1", Equal, "0.001e3"),
        ("100.20", Equal, "100.2"),
        ("100.2", Less, "100.20000000000000000000000000000000000001"),
        ("0", Equal, "-0"),
        ("0", Equal, "-0.000e999999999999999999999999"),
        ("0e5", Less, "0.1"),
        ("0", Less, "1e-999999999999999999999999999999999999999999"),
        ("0", Greater, "-1e-99999999999999999999999999999999999999999"),
        ("-1", Less, "0"),
        ("-0", Less, "1"),
        ("-2", Less, "-1"),
        ("-2", Less, "1"),
        ("2", Greater, "-3"),
        ("9", Less, "10"),
        ("0.9", Greater, "0.10"),
        ("0.09", Less, "0.1"),
        ("12e1", Less, "121"),
        ("12e1", Equal, "120"),
        ("1e2", Greater, "99.99"),
        ("1e-2", Equal, "0.01"),
        ("0.1", Less, "0.10000000000000000555"),
        ("9007199254740992", Less, "9007199254740993"),
        ("1e18446744073709551616", Greater, "1e18446744073709551615"),
        ("1e18446744073709551616", Equal, "10e18446744073709551615"),
        (
            "1e340282366920938463463374607431768211456",
            Greater,
            "9e340282366920938463463374607431768211455",
        ),
        (
            "1e-340282366920938463463374607431768211456",
            Less,
            "1e-340282366920938463463374607431768211455",
        ),
        (
            "1e340282366920938463463374607431768211456",
            Greater,
            "1e-340282366920938463463374607431768211456",
        ),
        (
            "-1e340282366920938463463374607431768211456",
            Less,
            "-9e340282366920938463463374607431768211455",
        ),
        ("1e000000000000000000000000000000000000000000000002", Equal, "100"),
        ("1e-000000000000000000000000000000000000000000000000", Equal, "1"),
    ];
    for (left, expected, right) in cases {
        assert_eq!(decimal(left).cmp(&decimal(right)), expected, "{left} and {right}");
        assert_eq!(decimal(right).cmp(&decimal(left)), expected.reverse(), "{right} and {left}");
    }
}

#[test]
fn compares_numbers_that_fill_a_body() {
    const BODY: usize = 1 << 20;
    let ones = "1".repeat(BODY);
    let larger = format!("{}2", "1".repeat(BODY - 1));
    assert!(decimal(&ones) < decimal(&larger));
    let small = format!("0.{}1", "0".repeat(BODY));
    assert_eq!(decimal(&small), decimal(&format!("1e-{}", BODY + 1)));
    assert!(decimal(&small) < decimal(&format!("1e-{BODY}")));
    let (nines, tens) = ("9".repeat(BODY), format!("1{}", "0".repeat(BODY)));
    let (below, above) = (format!("1e{nines}"), format!("1e{tens}"));
    assert!(decimal(&below) < decimal(&above));
    assert_eq!(decimal(&format!("10e{nines}")), decimal(&above));
    assert!(decimal(&above).is_integer());
    assert!(!decimal(&format!("1e-{nines}")).is_integer());
}

#[test]
fn knows_an_integer_by_its_value() {
    let integers = [
        "0",
        "-0",
        "0.0",
        "0e-5",
        "0.000e-99999999999999999999",
        "7",
        "-7",
        "1.0",
        "-1.0",
        "1e2",
        "1.5e1",
        "150e-1",
        "1500e-2",
        "100e-2",
        "0.05e2",
        "1.20e1",
        "1e99999999999999999999999999999999999999999",
    ];
    for integer in integers {
        assert!(decimal(integer).is_integer(), "{integer}");
    }
    let fractions = [
        "0.1",
        "-0.1",
        "1.5",
        "150e-2",
        "100e-3",
        "0.05e1",
        "1.20e0",
        "1e-1",
        "10.01",
        "1.000000001",
        "1e-99999999999999999999999999999999999999999",
    ];
    for fraction in fractions {
        assert!(!decimal(fraction).is_integer(), "{fraction}");
    }
}

#[test]
fn knows_a_negative_number_by_its_value() {
    for negative in ["-1", "-0.001", "-1e-99999999999999999999999"] {
        assert!(decimal(negative).is_negative(), "{negative}");
    }
    for other in ["0", "-0", "-0.0", "-0e5", "-0.000e-99999999999999999999999", "1", "0.001"] {
        assert!(!decimal(other).is_negative(), "{other}");
    }
}

#[test]
fn tells_where_a_number_at_the_start_of_a_text_ends() {
    for (text, number, rest) in [
        ("1,2", "1", ",2"),
        ("-1.50e-07}", "-1.50e-07", "}"),
        ("01", "0", "1"),
        ("1.5.2", "1.5", ".2"),
        ("1e5e5", "1e5", "e5"),
        ("0x1", "0", "x1"),
    ] {
        let (taken, left) = Decimal::take(text).unwrap();
        assert_eq!((taken.as_str(), left), (number, rest), "{text}");
    }
    for (text, at) in [("", 0), ("-", 1), ("-x", 1), ("1.", 2), ("12.x", 3), ("1e", 2), ("1e+", 3)]
    {
        assert_eq!(Decimal::take(text).err(), Some(at), "{text}");
    }
}

#[test]
fn takes_a_plain_decimal_without_its_leading_zero_and_spells_it_as_json() {
    for (text, json, rest) in [
        (".5", "0.5", ""),
        ("-.50", "-0.50", ""),
        ("+.5 ", "0.5", " "),
        ("+7", "7", ""),
        ("-0", "-0", ""),
        ("-0.0-1", "-0.0", "-1"),
        ("10.20e5", "10.20", "e5"),
    ] {
        let (number, left) = Decimal::take_plain(text).unwrap();
        assert_eq!((number.to_string().as_str(), left), (json, rest), "{text}");
        let json = decimal(json);
        assert_eq!((number, number.is_negative()), (json, json.is_negative()), "{text}");
        assert_eq!(number.is_integer(), json.is_integer(), "{text}");
    }
    for text in ["", ".", "-.", "+", "+-1", "007", "00", "1.", "1..2", "1.2.3", ".5.", "e5", " 1"] {
        assert!(Decimal::take_plain(text).is_none(), "{text}");
    }
}

#[test]
fn tells_whether_a_number_has_an_exponent() {
    for (text, has) in [("1", false), ("-1.50", false), ("1e0", true), ("1.5E+07", true)] {
        assert_eq!(decimal(text).has_exponent(), has, "{text}");
    }
    assert_eq!(Decimal::MINUS_ONE, decimal("-1"));
    assert_eq!(Decimal::MINUS_ONE.as_str(), "-1");
}

/// A number's text with its value as `coefficient * 10^exponent`.
fn number() -> impl Strategy<Value = (String, BigInt, i32)> {
    let digits = "(0|[1-9][0-9]{0,5}|[1-9]0{1,5})";
    let fraction = "(|\\.[0-9]{1,5}|\\.0{1,5}|\\.[0-9]0{1,4})";
    ("-?", digits, fraction, -8..8_i32, 0..4_u8).prop_map(
        |(sign, digits, fraction, exponent, form)| {
            let (tail, exponent) = match form {
                0 => (String::new(), 0),
                1 => (format!("e{exponent}"), exponent),
                2 if exponent >= 0 => (format!("E+00{exponent}"), exponent),
                _ => (format!("E{exponent}"), exponent),
            };
            let coefficient: BigInt =
                format!("{sign}{digits}{}", fraction.trim_start_matches('.')).parse().unwrap();
            let places = fraction.len().saturating_sub(1);
            let text = format!("{sign}{digits}{fraction}{tail}");
            (text, coefficient, exponent - i32::try_from(places).unwrap())
        },
    )
}

/// The value in units of `10^-20`, below which no generated number goes.
fn scaled(coefficient: &BigInt, exponent: i32) -> BigInt {
    coefficient * BigInt::from(10).pow(u32::try_from(exponent + 20).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn orders_as_integers_of_one_scale_do(left in number(), right in number()) {
        let expected = scaled(&left.1, left.2).cmp(&scaled(&right.1, right.2));
        prop_assert_eq!(decimal(&left.0).cmp(&decimal(&right.0)), expected);
    }

    #[test]
    fn orders_alike_when_both_exponents_are_shifted_far(
        left in number(), right in number(), shift in "-?[1-9][0-9]{30,60}",
    ) {
        let far = |(_, coefficient, exponent): &(String, BigInt, i32)| {
            let shift: BigInt = shift.parse().unwrap();
            format!("{coefficient}e{}", shift + exponent)
        };
        let expected = scaled(&left.1, left.2).cmp(&scaled(&right.1, right.2));
        let (left, right) = (far(&left), far(&right));
        prop_assert_eq!(decimal(&left).cmp(&decimal(&right)), expected);
    }

    #[test]
    fn is_an_integer_where_the_remainder_is_zero(number in number()) {
        let (text, coefficient, exponent) = number;
        let one = scaled(&BigInt::from(1), 0);
        let expected = scaled(&coefficient, exponent) % one == BigInt::ZERO;
        prop_assert_eq!(decimal(&text).is_integer(), expected);
    }

    #[test]
    fn reads_what_serde_json_reads(text in "[-+0-9.eE]{0,8}") {
        let expected = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        prop_assert_eq!(Decimal::parse(&text).is_some(), expected);
    }
}
