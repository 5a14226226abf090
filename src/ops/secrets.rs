//! The box's own secrets: made on first start, kept in `keys/secrets.toml` (mode 0600), shown by `secrets`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::config::place;
use crate::domain::durable;
use crate::domain::policy::Secrets;
use crate::model::{Entropy, Secret};

const FILE: &str = "keys/secrets.toml";

#[derive(Deserialize)]
struct Stored {
    box_id: String,
    openim_secret: Secret,
    arctos_license_key: Secret,
    channel_app_id: String,
    channel_app_secret: Secret,
    channel_uid: String,
    callback_key: Secret,
    cos_secret_id: String,
    cos_secret_key: Secret,
    usersig_key: Secret,
    /// Absent from the files of the first release.
    token_key: Option<Secret>,
}

/// The secrets and the box's name. Reads them, or makes them when there are none.
///
/// # Errors
/// One sentence: the file is damaged or the folder cannot be written.
pub fn load_or_make(data: &Path, entropy: &Entropy) -> Result<(Secrets, String), String> {
    let path = data.join(FILE);
    let mut text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let text = fresh(entropy);
            durable::write(&path, text.as_bytes())
                .map_err(|e| format!("{}: {e}", path.display()))?;
            text
        }
        Err(e) => return Err(format!("{}: {e}", path.display())),
    };
    let stored: Stored = toml::from_str(&text).map_err(|e| {
        format!("{}: {}; restore it from a backup", path.display(), place(&text, &e))
    })?;
    let token_key = match stored.token_key {
        Some(key) => key,
        None => {
            let key = entropy.hex::<32>();
            text += &format!("token_key = \"{key}\"\n");
            durable::write(&path, text.as_bytes())
                .map_err(|e| format!("{}: {e}", path.display()))?;
            key.into()
        }
    };
    let name = format!("arctos-{}", &stored.box_id[stored.box_id.len().saturating_sub(4)..]);
    let secrets = Secrets {
        openim_secret: stored.openim_secret,
        arctos_license_key: stored.arctos_license_key,
        channel_app_id: stored.channel_app_id,
        channel_app_secret: stored.channel_app_secret,
        channel_uid: stored.channel_uid,
        callback_key: stored.callback_key,
        cos_secret_id: stored.cos_secret_id,
        cos_secret_key: stored.cos_secret_key,
        usersig_key: stored.usersig_key,
        token_key,
    };
    Ok((secrets, name))
}

fn fresh(entropy: &Entropy) -> String {
    let mut text = String::from("# Made by the box. Keep it; a backup holds it too.\n");
    let mut put = |name: &str, value: String| text += &format!("{name} = \"{value}\"\n");
    put("box_id", entropy.hex::<8>());
    // 002 refuses secrets of more than 32 characters.
    put("openim_secret", entropy.hex::<16>());
    put("arctos_license_key", entropy.hex::<32>());
    put("channel_app_id", entropy.hex::<8>());
    put("channel_app_secret", entropy.hex::<32>());
    put("channel_uid", format!("ch{}", entropy.hex::<4>()));
    put("callback_key", entropy.hex::<16>());
    put("cos_secret_id", format!("AKID{}", entropy.hex::<16>()));
    put("cos_secret_key", entropy.hex::<16>());
    put("usersig_key", entropy.hex::<32>());
    put("token_key", entropy.hex::<32>());
    text
}

#[derive(Serialize)]
struct Shown<'a> {
    openim_secret: &'a str,
    arctos_license_key: &'a str,
    channel: Channel<'a>,
    callback_key: &'a str,
}

#[derive(Serialize)]
struct Channel<'a> {
    app_id: &'a str,
    app_secret: &'a str,
    channel_uid: &'a str,
}

/// The stable JSON of `secrets --json`: what servers outside need.
pub fn json(secrets: &Secrets) -> String {
    let shown = Shown {
        openim_secret: &secrets.openim_secret,
        arctos_license_key: &secrets.arctos_license_key,
        channel: Channel {
            app_id: &secrets.channel_app_id,
            app_secret: &secrets.channel_app_secret,
            channel_uid: &secrets.channel_uid,
        },
        callback_key: &secrets.callback_key,
    };
    serde_json::to_string_pretty(&shown).expect("text always becomes JSON")
}

#[cfg(test)]
mod tests;
