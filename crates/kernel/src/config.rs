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
            refuse_unknown_keys(&text)?;
            builder = builder.add_source(config::File::from_str(&text, config::FileFormat::Toml));
        }
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

fn refuse_unknown_keys(text: &str) -> Result<()> {
    let known: toml::Table = DEFAULT.parse().map_err(bad_config)?;
    let given: toml::Table = text.parse().map_err(bad_config)?;
    for (section, value) in &given {
        let Some(defaults) = known.get(section) else {
            return Err(bad_config(format!("no such setting: {section}")));
        };
        if let (Some(given), Some(defaults)) = (value.as_table(), defaults.as_table())
            && let Some(unknown) = given.keys().find(|key| !defaults.contains_key(*key))
        {
            return Err(bad_config(format!("no such setting: {section}.{unknown}")));
        }
    }
    Ok(())
}
