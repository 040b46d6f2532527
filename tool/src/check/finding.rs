//! What is wrong with a place of the filter, where, and what to do.

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// Webhooks are refused, lost or not verified.
    Error,
    /// It is legal, and dangerous.
    Warning,
    /// It could not be looked at here.
    Note,
}

impl Level {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One thing that is wrong. No text of it holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) level: Level,
    pub(crate) file: String,
    /// Counted from 1.
    pub(crate) line: usize,
    /// The field of the plugin's configuration or of Envoy's.
    pub(crate) field: String,
    pub(crate) problem: String,
    /// What to do.
    pub(crate) remedy: String,
    /// The page that tells more.
    pub(crate) page: &'static str,
}

/// The findings about one place, and where it is.
pub(crate) struct Findings<'t> {
    file: &'t str,
    pub(crate) all: Vec<Finding>,
}

/// What is found, in words: the field, what is wrong with it, what to do, and the page.
pub(crate) struct Words<'w> {
    pub(crate) field: &'w str,
    pub(crate) problem: String,
    pub(crate) remedy: &'w str,
    pub(crate) page: &'static str,
}

impl<'t> Findings<'t> {
    pub(crate) const fn of(file: &'t str) -> Self {
        Self { file, all: Vec::new() }
    }

    /// Adds what is wrong in the file that has the filter.
    pub(crate) fn add(&mut self, level: Level, line: usize, words: Words<'_>) {
        self.add_in(self.file, level, line, words);
    }

    /// Adds what is wrong in another file.
    pub(crate) fn add_in(&mut self, file: &str, level: Level, line: usize, words: Words<'_>) {
        let Words { field, problem, remedy, page } = words;
        self.all.push(Finding {
            level,
            file: file.to_owned(),
            line,
            field: field.to_owned(),
            problem,
            remedy: remedy.to_owned(),
            page,
        });
    }

    pub(crate) fn finish(mut self) -> Vec<Finding> {
        self.all.sort_by(|one, other| {
            (one.level, &one.file, one.line).cmp(&(other.level, &other.file, other.line))
        });
        self.all
    }
}
