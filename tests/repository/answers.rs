//! The README's table of answers is the contract's: the same statuses, errors and reasons, in the
//! same order.

use std::fs;

use harness::root;

/// Status, `error` and reason, as a page spells them.
type Answer = [String; 3];

#[test]
fn the_readme_has_the_contracts_answers() {
    let contract = fs::read_to_string(root().join("docs/contract.md")).unwrap();
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let agreed = answers(&contract, "\n## 2. The order of checks\n");
    assert!(agreed.len() > 10, "{agreed:?}");

    // Those of which the contract speaks beside its table.
    let prose = contract.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_in_prose = |[status, error, reason]: &Answer| {
        prose.contains(&format!("answered {status} {error}, reason {reason}"))
    };
    let (beside, told): (Vec<_>, Vec<_>) =
        answers(&readme, "\n## Answers\n").into_iter().partition(is_in_prose);
    assert_eq!(told, agreed);
    let reasons: Vec<_> = beside.iter().map(|[_, _, reason]| reason.as_str()).collect();
    assert_eq!(reasons, ["`path`", "`internal`"]);
}

/// The last three columns of the first table below a heading.
fn answers(page: &str, heading: &str) -> Vec<Answer> {
    let (_, below) = page.split_once(heading).unwrap();
    let rows = below.lines().skip_while(|line| !line.starts_with('|'));
    rows.take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|row| {
            let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
            let [.., status, error, reason] = cells[..] else { panic!("{row}") };
            [status, error, reason].map(str::to_owned)
        })
        .collect()
}
