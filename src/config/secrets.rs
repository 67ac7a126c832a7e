//! `[secrets]`: what must not be known, each value itself (environment only) or a file that holds it.
//!
//! A gateway's secrets are named after it: `<gateway>_<credential>`, where the adapter says which credentials it needs.
//! A value may hold several, separated by white space: the first is used, all are believed, so that a vendor's secret
//! can be rotated with an overlap.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::BadSettings;

/// `[secrets]`.
#[derive(Clone, Debug, Deserialize)]
pub struct SecretSettings {
    /// 32 bytes in base64.
    pub installation_key: Option<SecretString>,
    /// File of the above.
    pub installation_key_file: PathBuf,
    /// The password at the mail server.
    pub smtp_password: Option<SecretString>,
    /// File of the above.
    #[serde(default)]
    pub smtp_password_file: PathBuf,
    /// Those of the gateways, and their files, by name.
    #[serde(flatten)]
    gateways: BTreeMap<String, SecretString>,
}

impl SecretSettings {
    /// The installation's key, 32 bytes.
    pub fn installation_key(&self) -> Result<[u8; 32], BadSettings> {
        let text = secret("installation_key", self.installation_key.as_ref(), &self.installation_key_file)?;
        let refused = || BadSettings(vec!["secrets.installation_key must be 32 bytes in base64".to_owned()]);
        let bytes = BASE64.decode(text.expose_secret().trim().as_bytes()).map_err(|_| refused())?;
        bytes.try_into().map_err(|_| refused())
    }

    /// The password at the mail server.
    pub fn smtp_password(&self) -> Result<SecretString, BadSettings> {
        let value = self.smtp_password.as_ref().filter(|value| !value.expose_secret().is_empty());
        secret("smtp_password", value, &self.smtp_password_file)
    }

    /// A credential of a gateway: at least one value, the one in use first.
    pub fn of_gateway(&self, gateway: &str, credential: &str) -> Result<Vec<SecretString>, BadSettings> {
        let name = format!("{gateway}_{credential}");
        let file = self.gateways.get(&format!("{name}_file")).map_or("", |file| file.expose_secret());
        let value = self.gateways.get(&name).filter(|value| !value.expose_secret().trim().is_empty());
        let text = secret(&name, value, Path::new(file))?;
        let values: Vec<_> = text.expose_secret().split_whitespace().map(SecretString::from).collect();
        if values.is_empty() {
            Err(BadSettings(vec![format!("secrets.{name} is empty")]))
        } else {
            Ok(values)
        }
    }

    /// Whether a credential of a gateway is given, itself or by its file.
    pub fn is_given(&self, gateway: &str, credential: &str) -> bool {
        let name = format!("{gateway}_{credential}");
        let given =
            |name: &str| self.gateways.get(name).is_some_and(|value| !value.expose_secret().is_empty());
        given(&name) || given(&format!("{name}_file"))
    }

    /// Sets a credential of a gateway.
    pub fn set_of_gateway(&mut self, gateway: &str, credential: &str, value: &str) {
        self.gateways.insert(format!("{gateway}_{credential}"), SecretString::from(value));
    }

    /// The names given that are neither one of `known` nor the file of one.
    pub fn unknown(&self, known: &[String]) -> Vec<&str> {
        let given = self.gateways.iter().filter(|(_, value)| !value.expose_secret().is_empty());
        let names = given.map(|(name, _)| name.as_str());
        names
            .filter(|name| !known.iter().any(|it| it == name.strip_suffix("_file").unwrap_or(name)))
            .collect()
    }
}

/// The environment's variables that hold secrets.
pub(super) fn environment() -> HashMap<String, String> {
    let is_secret = |name: &str| name.to_ascii_uppercase().starts_with("MADOGUCHI__SECRETS__");
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| is_secret(name))
        .collect()
}

fn secret(name: &str, value: Option<&SecretString>, file: &Path) -> Result<SecretString, BadSettings> {
    if let Some(value) = value {
        return Ok(value.clone());
    }
    if file.as_os_str().is_empty() {
        let variable = format!("MADOGUCHI__SECRETS__{}", name.to_uppercase());
        return Err(BadSettings(vec![format!(
            "secrets.{name} is missing: set {variable} or {variable}_FILE"
        )]));
    }
    let text = std::fs::read_to_string(file)
        .map_err(|error| BadSettings(vec![format!("secrets.{name}_file {}: {error}", file.display())]))?;
    Ok(SecretString::from(text.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::SecretSettings;

    fn secrets(text: &str) -> SecretSettings {
        let source = config::File::from_str(text, config::FileFormat::Toml);
        config::Config::builder().add_source(source).build().unwrap().try_deserialize().unwrap()
    }

    #[test]
    fn a_rotating_secret_is_several_values_and_the_first_is_in_use() {
        let secrets = secrets("installation_key_file = ''\nstripe_webhook_secret = 'new\told'");
        let values = secrets.of_gateway("stripe", "webhook_secret").unwrap();
        let shown: Vec<_> = values.iter().map(ExposeSecret::expose_secret).collect();
        assert_eq!(shown, ["new", "old"]);
        assert!(secrets.of_gateway("stripe", "secret_key").is_err());
        assert!(secrets.is_given("stripe", "webhook_secret") && !secrets.is_given("stripe", "secret_key"));
        assert!(!format!("{secrets:?}").contains("old"));
    }

    #[test]
    fn a_secret_that_no_gateway_needs_is_noticed() {
        let secrets = secrets("installation_key_file = ''\na_key = 'x'\na_kei_file = '/y'\nb_key = ''");
        assert_eq!(secrets.unknown(&["a_key".to_owned()]), ["a_kei_file"]);
    }
}
