//! What can be wrong with a configuration: which setting, where it stands, and what it takes.

use std::path::PathBuf;

/// Why the configuration can't be used. None of these repeats a secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The configuration file can't be read.
    #[error("the configuration file {} can't be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },

    /// The configuration file isn't TOML.
    #[error("the configuration file {} isn't TOML at line {line}: {message}", path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What the parser says. It never quotes the line, which may hold a secret.
        message: String,
    },

    /// There is no such setting.
    #[error("{origin}: there is no such setting{}", suggestion(nearest.as_deref()))]
    Unknown {
        /// Where it stands, with its name there.
        origin: String,
        /// The setting that was probably meant, as it is spelled there.
        nearest: Option<String>,
    },

    /// The value of a setting isn't one that it takes.
    #[error("{origin}: {found} isn't accepted; {setting} takes {accepts}")]
    Invalid {
        /// The setting's name in the file.
        setting: &'static str,
        /// Where the value stands, with the setting's name there.
        origin: String,
        /// The value, or "the value" where that may be a secret.
        found: String,
        /// What the setting takes.
        accepts: String,
    },

    /// A setting that has no default isn't set.
    #[error("the setting {0} has no value")]
    Missing(&'static str),

    /// A setting is set that says nothing without another.
    #[error("{set} is set and {missing} isn't: they belong together")]
    Half {
        /// The setting that is set.
        set: &'static str,
        /// The one that isn't.
        missing: &'static str,
    },

    /// An environment variable isn't Unicode.
    #[error("environment variable {0}: its value isn't Unicode text")]
    NotUnicode(String),
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}
