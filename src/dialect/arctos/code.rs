//! `getAuthCode`: another server asks for a code in somebody's name.

use crate::dialect::Guest;
use crate::dialect::fields::Text;
use crate::domain::pass::{self, Applicant};
use crate::model::pass::Claim;
use crate::model::{Fault, Handle};
use crate::{input, output};

input! {
    /// Body of `getAuthCode`.
    pub struct GetAuthCode {
        /// The user's own name in the caller's system.
        pub user_id: Text<1, 64>,
        /// Shown to people; a new user without one is called USER- and eight digits.
        pub name: Option<Text<0, 64>>,
        /// MODERATOR, PUBLISHER, ADMIN, SWITCH or CLIENT: what the token will claim.
        pub role: Text<1, 16>,
    }
}

output! {
    /// What getAuthTokenUseCode takes.
    pub struct AuthCode {
        /// 64 hexadecimal characters.
        pub code: String,
    }
}

pub async fn issue(guest: Guest<GetAuthCode>) -> Result<AuthCode, Fault> {
    let Guest { app, caller, value } = guest;
    let handle = Handle::new(&value.user_id.0)
        .ok_or_else(|| Fault::invalid("user_id", "must have no control character"))?;
    let claim = Claim::from_word(&value.role.0).ok_or_else(|| {
        Fault::invalid("role", "must be MODERATOR, PUBLISHER, ADMIN, SWITCH or CLIENT")
    })?;
    let name = value.name.map(|name| name.0).filter(|name| !name.is_empty());
    let who = Applicant { handle, name, claim, from: caller.addr };
    Ok(AuthCode { code: pass::issue(&app, who, caller.now).await? })
}
