//! The settings as flags of the command line: clap reads them from the table.

use std::{collections::BTreeMap, fmt, sync::LazyLock};

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::settings::{Initially, SETTINGS, Setting};

/// Settings that win over the file and the environment: the flags that were given, or a test's wishes.
///
/// `#[command(flatten)] overrides: Overrides` gives a command line a flag for every setting.
#[derive(Clone, Default)]
pub struct Overrides(BTreeMap<String, String>);

impl Overrides {
    /// Sets the setting of this name in the configuration file, such as `data_dir`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// The names alone: a value may be a secret.
impl fmt::Debug for Overrides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The settings that have a flag. The JWT secret has none: flags stand in the list of processes.
static FLAGS: LazyLock<Vec<(&Setting, String)>> = LazyLock::new(|| {
    let flagged = SETTINGS.iter().filter(|setting| setting.name != "jwt_secret");
    flagged.map(|setting| (setting, setting.flag())).collect()
});

impl Args for Overrides {
    fn augment_args(command: Command) -> Command {
        command.args(FLAGS.iter().map(|(setting, flag)| {
            let initially = match setting.initially {
                Initially::Value(value) => format!(" [default: {value}]"),
                Initially::Unset(_) => String::new(),
            };
            let about = setting.about.replace('\n', " ");
            Arg::new(setting.name)
                .long(flag.as_str())
                .help(format!("{about}{initially} [env: {}]", setting.variable()))
                .help_heading("Settings")
                .global(true)
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Overrides {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut overrides = Self::default();
        overrides.update_from_arg_matches(matches)?;
        Ok(overrides)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for (setting, _) in FLAGS.iter() {
            if let Some(value) = matches.get_one::<String>(setting.name) {
                self.0.insert(setting.name.to_owned(), value.clone());
            }
        }
        Ok(())
    }
}
