//! What a setting is; the [`table`] of them, and what is [`printed`] from it.
//!
//! A setting has one name, in three spellings: `data_dir` in the file, `OPSGATE_DATA_DIR` in the
//! environment and `--data-dir` on the command line. The annotated example file and the flags' help come
//! from this table, and so does the text of every error about a setting.

mod printed;
mod table;

use std::ops::RangeInclusive;

pub use self::{
    printed::{example, reference},
    table::SETTINGS,
};

/// What every environment variable of Opsgate begins with.
pub const PREFIX: &str = "OPSGATE_";

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// Its name in the configuration file.
    pub name: &'static str,
    /// What it is, in sentences; a line break where the example file breaks the line.
    pub about: &'static str,
    /// What it takes.
    pub accepts: Accepts,
    /// Its value where nobody sets it.
    pub initially: Initially,
    /// Whether its value may carry a secret: then no error repeats it.
    pub is_secret: bool,
}

/// What a setting takes.
#[derive(Debug)]
pub enum Accepts {
    /// A whole number within bounds.
    Whole(RangeInclusive<u64>),
    /// Yes or no.
    Switch,
    /// One of several words, in any case.
    OneOf(&'static [&'static str]),
    /// Text, described.
    Text(&'static str),
}

/// The value of a setting that nobody sets.
#[derive(Debug)]
pub enum Initially {
    /// This one.
    Value(&'static str),
    /// None; the file shows this one as an example.
    Unset(&'static str),
}

impl Setting {
    /// The environment variable: `OPSGATE_DATA_DIR`.
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.name.to_uppercase())
    }

    /// The flag without its dashes: `data-dir`.
    pub fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    /// What it takes, in words.
    pub fn accepts(&self) -> String {
        match &self.accepts {
            Accepts::Whole(range) => format!("a whole number from {} to {}", range.start(), range.end()),
            Accepts::Switch => "true or false".to_owned(),
            Accepts::OneOf(words) => words.join(" or "),
            Accepts::Text(text) => (*text).to_owned(),
        }
    }
}
