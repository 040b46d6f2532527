//! The cleaning of texts.

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn folds_white_space_as_splitting_and_joining_does(
        text in prop::collection::vec(prop_oneof![
            // Mostly what is folded already, in all lengths around eight bytes.
            12 => prop::sample::select(vec!["a", "Z", "~", "!"]),
            4 => Just(" "),
            1 => prop::sample::select(vec![
                "  ", "\t", "\n", "\u{1}", "\u{7f}", "é", "\u{a0}", "\u{2003}",
            ]),
        ], 0..24).prop_map(|pieces| pieces.concat())
    ) {
        let expected = text.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert_eq!(fold_white_space(&text), expected, "{:?}", text);
    }
}
