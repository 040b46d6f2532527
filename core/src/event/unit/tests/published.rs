//! UCUM's Table of Example UCUM Codes, from a copy of it: each of its codes stands for itself but
//! those that are another unit's everyday spelling, a slip of the table, or `U`, a unit of
//! something that is not said.

use std::collections::BTreeSet;

use super::{table, ucum};

#[test]
fn has_each_code_of_the_published_example_table_and_no_other_for_one() {
    const COPY: &str =
        include_str!("../../../../../tests/data/terminology/ucum-example-codes.json");
    const EVERYDAY: [&str; 11] =
        ["A", "F", "H", "K", "N", "S", "T", "U", "Ms", "pmol/H/mg{protein}", "nmol/m/mg{prot}"];
    let copy: serde_json::Value = serde_json::from_str(COPY).unwrap();
    let published: BTreeSet<_> =
        copy["codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap()).collect();
    assert_eq!(published.len(), 846);
    let unknown: BTreeSet<_> =
        published.iter().copied().filter(|&code| ucum(code) != Some(code)).collect();
    assert_eq!(unknown, BTreeSet::from(EVERYDAY));
    for code in EVERYDAY {
        assert_eq!(ucum(code), None, "{code}");
    }
    let rows = table();
    let mut taken = rows.iter().filter(|row| row.source == "TABLE").map(|row| row.spelling);
    assert_eq!(taken.find(|spelling| !published.contains(spelling)), None);
}
