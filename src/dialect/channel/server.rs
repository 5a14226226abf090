//! What the channel's server calls: its own token, and tokens for its people.

use crate::dialect::Guest;
use crate::dialect::fields::{Digits, Text};
use crate::domain::{partner, visitor};
use crate::model::Fault;
use crate::{input, output};

input! {
    /// Body of `system/auth-token`.
    pub struct AppSecret {
        /// channel.app_id of `arctos-box secrets`.
        pub app_id: Text<1, 128>,
        /// channel.app_secret of `arctos-box secrets`.
        pub app_secret: Text<1, 256>,
    }
}

output! {
    /// A token of the channel's server.
    pub struct AppToken {
        /// When it expires, in Unix seconds (the document's spelling).
        pub exprise_time: i64,
        /// For `Authorization: jwt …`.
        pub access_token: String,
    }
}

pub async fn token(guest: Guest<AppSecret>) -> Result<AppToken, Fault> {
    let Guest { app, caller, value } = guest;
    let shown = (value.app_id.0.as_str(), value.app_secret.0.as_str());
    let (access_token, until) = partner::token(&app, shown, caller.addr, caller.now).await?;
    Ok(AppToken { exprise_time: until.as_seconds(), access_token })
}

input! {
    /// Body of `register`.
    pub struct Register {
        /// The name that people are shown.
        pub username: Text<1, 128>,
        /// Address of the picture; or `photo`.
        pub image: Option<Text<0, 1024>>,
        /// The same, as the document's example has it.
        pub photo: Option<Text<0, 1024>>,
        /// The channel's number of the user.
        pub user_id: Digits<0, { i64::MAX }>,
        /// channel.channel_uid of `arctos-box secrets`.
        pub channel_uid: Text<1, 128>,
    }
}

output! {
    /// A user of the box.
    pub struct Registered {
        /// A token of the user, for the room channel and every other call.
        pub token: String,
        /// The box's number of the user; the userId of the join conversation.
        pub user_id: i64,
        /// When the token expires, in Unix seconds (the document's spelling).
        pub exprise_time: i64,
    }
}

pub async fn register(guest: Guest<Register>) -> Result<Registered, Fault> {
    let Guest { app, caller, value } = guest;
    let picture = value.image.or(value.photo).ok_or(Fault::invalid("image", "is missing"))?;
    if value.channel_uid.0 != app.secrets.channel_uid {
        return Err(Fault::invalid("channel_uid", "is not this box's"));
    }
    let shown = (value.username.0, picture.0);
    let pass = visitor::register(&app, value.user_id.0, shown, caller.addr, caller.now).await?;
    Ok(Registered {
        token: pass.token,
        user_id: pass.user.id.0,
        exprise_time: pass.expires_at.as_seconds(),
    })
}

input! {
    /// Body of `get_token_channel`.
    pub struct Known {
        /// The channel's number of the user.
        pub user_id: Digits<0, { i64::MAX }>,
    }
}

output! {
    /// A token of a user.
    pub struct UserToken {
        pub token: String,
        /// When it expires, in Unix seconds (the document's spelling).
        pub exprise_time: i64,
    }
}

pub async fn fresh(guest: Guest<Known>) -> Result<UserToken, Fault> {
    let Guest { app, caller, value } = guest;
    let pass = visitor::token(&app, value.user_id.0, caller.addr, caller.now).await?;
    Ok(UserToken { token: pass.token, exprise_time: pass.expires_at.as_seconds() })
}
