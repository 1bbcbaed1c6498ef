//! What is printed from the table: the reference and the example file.

use super::{
    Accepts::{OneOf, Switch, Text, Whole},
    Initially::{Unset, Value},
    SETTINGS, Setting,
};

impl Setting {
    /// The line of the reference.
    fn row(&self) -> String {
        let about = self.about.replace('\n', " ");
        let initially = match self.initially {
            Value(value) => format!("`{value}`"),
            Unset(_) => String::new(),
        };
        format!("| `{}` | {about} | {} | {initially} |", self.name, self.accepts())
    }

    /// The lines of the example file, commented out so that a copy of the file changes nothing.
    fn example(&self) -> String {
        let (value, which) = match self.initially {
            Value(value) => (value, "By default"),
            Unset(example) => (example, "For example"),
        };
        let value = match self.accepts {
            Whole(_) | Switch => value.to_owned(),
            OneOf(_) | Text(_) => format!("{value:?}"),
        };
        let about = self.about.replace('\n', "\n# ");
        format!("# {about}\n# Takes {}. {which}:\n# {} = {value}\n", self.accepts(), self.name)
    }
}

/// The reference for people, in Markdown.
pub fn reference() -> String {
    let rows: Vec<String> = SETTINGS.iter().map(Setting::row).collect();
    format!(
        "{REFERENCE}\n| Setting | | Takes | By default |\n| --- | --- | --- | --- |\n{}\n",
        rows.join("\n")
    )
}

const REFERENCE: &str = "\
# Settings

Each may stand in the configuration file (`opsgate.toml`), in the environment or on the command line: `data_dir` is
`OPSGATE_DATA_DIR` and `--data-dir`. A flag wins over the environment, and the environment over the file; secrets have
no flag. [opsgate.example.toml](../opsgate.example.toml) is a file to begin with.

This page is printed from the code (api/src/config/settings/table.rs).
";

/// The annotated example file.
pub fn example() -> String {
    let settings: Vec<String> = SETTINGS.iter().map(Setting::example).collect();
    format!("{HEADING}\n{}", settings.join("\n"))
}

const HEADING: &str = "\
# Opsgate's settings. Each may stand here, in the environment (data_dir is OPSGATE_DATA_DIR) or on the command
# line (--data-dir); a flag wins over the environment, and the environment over this file. The gateway reads
# the file that --config or OPSGATE_CONFIG names, else ./opsgate.toml where there is one.
#
# This file is printed from the code (api/src/config/settings/table.rs).
";
