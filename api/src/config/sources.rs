//! Where values come from: defaults, the file, the environment, the flags; each over the one before.
//!
//! Figment merges the four and remembers for each value where it stood. Values stay text until
//! [`Sources::text`], [`Sources::whole`] or [`Sources::switch`] reads them, so that a secret of digits alone remains text and an
//! environment variable is read just like a flag.

use std::path::Path;

use figment::{
    Figment, Metadata, Profile, Provider,
    providers::{Format, Toml},
    value::{Dict, Map, Value},
};

use super::{
    ConfigError,
    flags::Overrides,
    settings::{Accepts, Initially, PREFIX, SETTINGS, Setting},
};

/// The four sources, merged.
pub(super) struct Sources(Figment);

impl Sources {
    /// Merges the sources and refuses settings that don't exist.
    pub(super) fn merge(
        file: Option<(&Path, &str)>,
        environment: impl IntoIterator<Item = (String, String)>,
        overrides: &Overrides,
    ) -> Result<Self, ConfigError> {
        let mut sources = Figment::from(Layer::defaults());
        if let Some((path, text)) = file {
            sources = sources.merge(Layer::file(path, text)?);
        }
        sources = sources.merge(Layer::environment(environment)?);
        Ok(Self(sources.merge(Layer::flags(overrides)?)))
    }

    /// Reads a setting that takes text.
    pub(super) fn text<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        self.optional_text(name, read)?.ok_or(ConfigError::Missing(name))
    }

    /// Reads a setting that takes text; `None` where nobody sets it.
    pub(super) fn optional_text<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        self.read(name, |_, value| read(value.as_str()?))
    }

    /// Reads a setting that takes a whole number, within its bounds.
    pub(super) fn whole<T: TryFrom<u64>>(&self, name: &'static str) -> Result<T, ConfigError> {
        let number = self.read(name, |setting, value| {
            let Accepts::Whole(bounds) = &setting.accepts else { return None };
            let number = match value {
                Value::Num(_, number) => u64::try_from(number.to_u128_lossy()?).ok()?,
                text => text.as_str()?.parse().ok()?,
            };
            bounds.contains(&number).then(|| T::try_from(number).ok())?
        })?;
        number.ok_or(ConfigError::Missing(name))
    }

    /// Reads a setting that is on or off.
    pub(super) fn switch(&self, name: &'static str) -> Result<bool, ConfigError> {
        let is_on = self.read(name, |_, value| match value {
            Value::Bool(_, is_on) => Some(*is_on),
            text => text.as_str()?.parse().ok(),
        })?;
        is_on.ok_or(ConfigError::Missing(name))
    }

    fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Setting, &Value) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let setting = find(name, |setting| setting.name.to_owned(), || name.to_owned())?;
        let Ok(value) = self.0.find_value(name) else { return Ok(None) };
        match read(setting, &value) {
            Some(read) => Ok(Some(read)),
            None => Err(ConfigError::Invalid {
                setting: setting.name,
                origin: self.origin(setting, &value),
                found: if setting.is_secret { "the value".to_owned() } else { show(&value) },
                accepts: setting.accepts(),
            }),
        }
    }

    fn origin(&self, setting: &Setting, value: &Value) -> String {
        match self.0.get_metadata(value.tag()) {
            Some(metadata) => metadata.interpolate(self.0.profile(), &[setting.name]),
            None => setting.name.to_owned(),
        }
    }
}

/// A value as an error repeats it.
fn show(value: &Value) -> String {
    match value {
        Value::String(_, text) => format!("{text:?}"),
        Value::Num(_, number) => match (number.to_i128(), number.to_f64()) {
            (Some(whole), _) => whole.to_string(),
            (None, Some(float)) => float.to_string(),
            (None, None) => "the number".to_owned(),
        },
        Value::Bool(_, is_true) => is_true.to_string(),
        Value::Array(..) => "a list".to_owned(),
        _ => "a table".to_owned(),
    }
}

/// One source: its values by the settings' names, and how it names the place of a value.
struct Layer {
    place: Metadata,
    values: Dict,
}

impl Layer {
    fn new(place: impl Fn(&Setting) -> String + Clone + Send + Sync + 'static, values: Dict) -> Self {
        let place = Metadata::default().interpolater(move |_: &Profile, keys: &[&str]| {
            let setting = SETTINGS.iter().find(|setting| keys == [setting.name]);
            setting.map(&place).unwrap_or_else(|| keys.join("."))
        });
        Self { place, values }
    }

    fn defaults() -> Self {
        let values = SETTINGS.iter().filter_map(|setting| match setting.initially {
            Initially::Value(value) => Some((setting.name.to_owned(), Value::from(value))),
            Initially::Unset(_) => None,
        });
        Self::new(|setting| format!("the default of {}", setting.name), values.collect())
    }

    fn file(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let values: Dict = Toml::from_str(text).map_err(|error| {
            let before = text.get(..error.span().map_or(0, |span| span.start)).unwrap_or_default();
            ConfigError::NotToml {
                path: path.to_owned(),
                line: before.matches('\n').count() + 1,
                message: error.message().to_owned(),
            }
        })?;
        let path = path.display().to_string();
        for name in values.keys() {
            find(name, |setting| setting.name.to_owned(), || format!("{name} in {path}"))?;
        }
        Ok(Self::new(move |setting| format!("{} in {path}", setting.name), values))
    }

    /// An empty variable counts as unset: compose files and shells pass those on for what nobody set.
    fn environment(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let mut values = Dict::new();
        for (variable, value) in variables {
            if !variable.starts_with(PREFIX) || is_foreign(&variable, &value) {
                continue;
            }
            let setting = find(&variable, Setting::variable, || format!("environment variable {variable}"))?;
            if !value.is_empty() {
                values.insert(setting.name.to_owned(), value.into());
            }
        }
        Ok(Self::new(|setting| format!("environment variable {}", setting.variable()), values))
    }

    fn flags(overrides: &Overrides) -> Result<Self, ConfigError> {
        let mut values = Dict::new();
        for (name, value) in overrides.iter() {
            let flag = name.replace('_', "-");
            find(&flag, Setting::flag, || format!("flag --{flag}"))?;
            values.insert(name.to_owned(), value.into());
        }
        Ok(Self::new(|setting| format!("flag --{}", setting.flag()), values))
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        self.place.clone()
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

/// Whether a variable with our prefix isn't a setting: it names the file, it is the tests', or Kubernetes put
/// it into the container because a service there is called "opsgate".
fn is_foreign(variable: &str, value: &str) -> bool {
    let is_link = value.starts_with("tcp://") || value.starts_with("udp://");
    // The token of `opsgate subscribe`, which has no settings.
    variable == "OPSGATE_TOKEN"
        || variable == "OPSGATE_CONFIG"
        || variable.starts_with("OPSGATE_TEST_")
        || variable.starts_with("OPSGATE_SERVICE_")
        || (variable == "OPSGATE_PORT" && is_link)
        || variable
            .strip_prefix("OPSGATE_PORT_")
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The setting that a source spells so, else the error with the nearest one.
fn find(
    name: &str,
    spell: impl Fn(&Setting) -> String,
    origin: impl FnOnce() -> String,
) -> Result<&'static Setting, ConfigError> {
    if let Some(setting) = SETTINGS.iter().find(|setting| spell(setting) == name) {
        return Ok(setting);
    }
    let measured = SETTINGS.iter().map(|setting| {
        let known = spell(setting);
        (distance(&known.to_lowercase(), &name.to_lowercase()), setting.name.len(), known)
    });
    let nearest = measured.min().filter(|(distance, length, _)| *distance <= (length / 3).max(1));
    Err(ConfigError::Unknown { origin: origin(), nearest: nearest.map(|(.., known)| known) })
}

/// How many letters must be put in, taken out or changed to make one word the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}
