//! Settings: the embedded default file, then a file, then `SHOUJIE__SECTION__NAME` of the environment.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::problem::{Problem, Result, bad_request};

/// The documented defaults; the default file is the default.
pub const DEFAULT: &str = include_str!("../../../config.default.toml");

/// All settings; each capability reads its own section.
#[derive(Debug, Clone)]
pub struct Config {
    merged: config::Config,
}

impl Config {
    /// Reads the defaults, `file` and the environment. A key that no default names is refused.
    pub fn load(file: Option<&Path>) -> Result<Self> {
        Self::load_over("", file)
    }

    /// The same over other defaults, given as TOML.
    pub fn load_over(other_defaults: &str, file: Option<&Path>) -> Result<Self> {
        let mut builder = defaults(other_defaults);
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|error| bad_config(format!("{}: {error}", path.display())))?;
            let given: toml::Table = text
                .parse()
                .map_err(|error| bad_config(format!("{}: {error}", path.display())))?;
            refuse_unknown_keys(&given)
                .map_err(|key| bad_config(format!("{}: no such setting: {key}", path.display())))?;
            builder = builder.add_source(config::File::from_str(&text, config::FileFormat::Toml));
        }
        refuse_unknown_variables(
            std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()),
        )?;
        let environment = config::Environment::with_prefix("SHOUJIE")
            .prefix_separator("__")
            .separator("__")
            .list_separator(",")
            .with_list_parse_key("sip.trunks")
            .with_list_parse_key("sip.hotline_numbers")
            .try_parsing(true);
        let merged = builder
            .add_source(environment)
            .build()
            .map_err(bad_config)?;
        Ok(Self { merged })
    }

    /// The defaults with `overrides` as `("http.listen", "127.0.0.1:0")`: for tests.
    pub fn with_overrides(overrides: &[(&str, String)]) -> Result<Self> {
        Self::with_overrides_over("", overrides)
    }

    /// The same over other defaults, given as TOML.
    pub fn with_overrides_over(other_defaults: &str, overrides: &[(&str, String)]) -> Result<Self> {
        let mut builder = defaults(other_defaults);
        for (key, value) in overrides {
            builder = builder
                .set_override(*key, value.clone())
                .map_err(bad_config)?;
        }
        Ok(Self {
            merged: builder.build().map_err(bad_config)?,
        })
    }

    /// One section as a typed value.
    pub fn section<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        self.merged.get(name).map_err(bad_config)
    }

    /// One value.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<T> {
        self.merged.get(key).map_err(bad_config)
    }
}

fn defaults(other: &str) -> config::ConfigBuilder<config::builder::DefaultState> {
    let toml = |text| config::File::from_str(text, config::FileFormat::Toml);
    config::Config::builder()
        .add_source(toml(DEFAULT))
        .add_source(toml(other))
}

fn bad_config(error: impl std::fmt::Display) -> Problem {
    bad_request("bad_config", error.to_string())
}

/// The first key that no default names is the error.
fn refuse_unknown_keys(given: &toml::Table) -> Result<(), String> {
    let known = known();
    for (section, value) in given {
        let Some(defaults) = known.get(section) else {
            return Err(section.clone());
        };
        if let (Some(given), Some(defaults)) = (value.as_table(), defaults.as_table())
            && let Some(unknown) = given.keys().find(|key| !defaults.contains_key(*key))
        {
            return Err(format!("{section}.{unknown}"));
        }
    }
    Ok(())
}

/// A mistyped `SHOUJIE__…` would otherwise leave the default in force without a word.
fn refuse_unknown_variables(names: impl Iterator<Item = String>) -> Result<()> {
    let known = known();
    for name in names {
        let Some(path) = name.strip_prefix("SHOUJIE__") else {
            continue;
        };
        let path = path.to_lowercase();
        let is_known = match path.split_once("__") {
            Some((section, key)) => known
                .get(section)
                .and_then(toml::Value::as_table)
                .is_some_and(|section| section.contains_key(key)),
            None => known.get(&path).is_some_and(|value| !value.is_table()),
        };
        if !is_known {
            return Err(bad_config(format!("no such setting: {name}")));
        }
    }
    Ok(())
}

/// The default file; a test parses it.
fn known() -> toml::Table {
    DEFAULT.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(name: &str) -> Result<()> {
        refuse_unknown_variables([name.to_owned()].into_iter())
    }

    #[test]
    fn a_mistyped_setting_is_named() {
        assert!(variables("SHOUJIE__HTTP__LISTEN").is_ok());
        assert!(variables("SHOUJIE__DATA_DIR").is_ok());
        assert!(variables("SHOUJIE_LOG").is_ok());
        for wrong in ["SHOUJIE__HTTP__LISEN", "SHOUJIE__HTTP", "SHOUJIE__DATADIR"] {
            let problem = variables(wrong).unwrap_err();
            assert_eq!(problem.detail, format!("no such setting: {wrong}"));
        }
        let given: toml::Table = "[http]\nlisen = 1".parse().unwrap();
        assert_eq!(refuse_unknown_keys(&given).unwrap_err(), "http.lisen");
    }
}
