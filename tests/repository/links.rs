//! Every link of the documentation to a file of the project, and every citation of the contract in
//! the code, leads somewhere.

use std::fs;
use std::path::{Path, PathBuf};

use harness::root;

#[test]
fn every_link_leads_to_a_file_and_to_a_heading_of_it() {
    let docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages: Vec<PathBuf> =
        ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "RELEASE.md", "SECURITY.md"]
            .into_iter()
            .map(|name| root().join(name))
            .chain(docs.filter(|path| path.extension().is_some_and(|extension| extension == "md")))
            .collect();
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            if link.starts_with("http") {
                continue;
            }
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target =
                if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            assert!(target.exists(), "{}: {link}", page.display());
            if !heading.is_empty() {
                let headings = headings(&fs::read_to_string(&target).unwrap());
                assert!(headings.iter().any(|own| own == heading), "{}: {link}", page.display());
            }
        }
    }
}

/// Module headers cite the contract by the numbers of its sections.
#[test]
fn every_citation_of_the_contract_names_a_section_that_it_has() {
    let contract = fs::read_to_string(root().join("docs/contract.md")).unwrap();
    let mut sources = Vec::new();
    for directory in ["core/src", "src"] {
        read_into(&mut sources, &root().join(directory));
    }
    let mut cited = 0;
    for (path, text) in sources {
        let text = text.replace("\n//! ", " ").replace("\n/// ", " ");
        for vague in ["the contract, section", "Specification: the contract"] {
            assert!(!text.contains(vague), "{} cites no page", path.display());
        }
        for citation in text.split("`docs/contract.md`, section").skip(1) {
            let words = citation.trim_start_matches('s').split_whitespace().take(3);
            let numbers = words.filter_map(|word| {
                word.trim_matches(|c: char| !c.is_ascii_digit()).parse::<u8>().ok()
            });
            let numbers: Vec<_> = numbers.collect();
            assert_ne!(numbers, [0; 0], "{} cites no section", path.display());
            for number in numbers {
                let heading = format!("\n## {number}. ");
                assert!(contract.contains(&heading), "{}: section {number}", path.display());
                cited += 1;
            }
        }
    }
    assert!(cited > 10, "only {cited} citations were found");
}

/// As CONTRIBUTING.md says: the home of a rule of the event is found by its name in section 5.
#[test]
fn each_named_rule_of_the_event_is_cited_by_the_module_that_holds_it() {
    let contract = fs::read_to_string(root().join("docs/contract.md")).unwrap();
    let (_, section) = contract.split_once("\n## 5. ").unwrap();
    let (section, _) = section.split_once("\n## 6. ").unwrap();
    let rules = section.split("\n\n**").skip(1).map(|rule| rule.split_once(".**").unwrap().0);
    let rules: Vec<_> = rules.collect();
    assert_eq!(rules.first(), Some(&"Values"), "{rules:?}");
    let mut sources = Vec::new();
    read_into(&mut sources, &root().join("core/src/event"));
    for rule in rules {
        let quoted = format!("\"{rule}\"");
        let mut lines = sources.iter().flat_map(|(_, text)| text.lines());
        let is_cited = lines.any(|line| {
            let citation = line.split_once("`docs/contract.md`, section 5, ");
            citation.is_some_and(|(_, names)| names.contains(&quoted))
        });
        assert!(is_cited, "no module cites section 5, {quoted}");
    }
}

pub(super) fn read_into(sources: &mut Vec<(PathBuf, String)>, directory: &Path) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_into(sources, &path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            sources.push((path, text));
        }
    }
}

/// The headings of a page as links spell them.
fn headings(page: &str) -> Vec<String> {
    let titles = page.lines().filter(|line| line.starts_with('#'));
    let slug = |title: &str| -> String {
        let title = title.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    titles.map(slug).collect()
}
