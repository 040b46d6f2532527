//! `SECURITY.md` names the test behind each claim; each name is that of a test.

use std::fs;
use std::path::Path;

use harness::root;

#[test]
fn every_test_that_the_page_names_exists() {
    let mut sources = String::new();
    for directory in ["core", "src", "tests", "tool", "upstream-mock"] {
        read_into(&mut sources, &root().join(directory));
    }
    let page = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let names: Vec<_> = page
        .split('`')
        .skip(1)
        .step_by(2)
        // Every test's name is a sentence.
        .filter(|name| name.matches('_').count() >= 3 && !name.contains(['/', '.', ' ']))
        .collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        assert!(sources.contains(&format!("fn {name}(")), "there is no test {name}");
    }
}

fn read_into(sources: &mut String, directory: &Path) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_into(sources, &path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}
