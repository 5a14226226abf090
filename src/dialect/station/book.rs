//! secrets and audit: what only an administrator sees.

use crate::dialect::Input;
pub(super) use crate::dialect::fields::Nothing;
use crate::dialect::fields::{Digits, Text};
use crate::domain::audit;
use crate::model::Fault;
use crate::model::audit::{Event, Filter, Noted};
use crate::{input, output};

output! {
    /// What servers outside need.
    pub struct Secrets {
        /// 002: `secret`.
        pub openim_secret: String,
        /// 004: `arc-license-key`.
        pub arctos_license_key: String,
        /// 000.
        pub channel: Channel,
        /// 001: signs recendcall and idxfileendcall.
        pub callback_key: String,
    }
}

output! {
    /// What a channel needs.
    pub struct Channel {
        /// 000: `app_id`.
        pub app_id: String,
        /// 000: `app_secret`.
        pub app_secret: String,
        /// 000: `channel_uid`.
        pub channel_uid: String,
    }
}

pub async fn secrets(input: Input<Nothing>) -> Result<Secrets, Fault> {
    let Input { app, actor, caller, .. } = input;
    let entry = audit::by(&actor, caller.addr, Event::SecretsShown, "");
    audit::write(&app, entry, caller.now).await?;
    let kept = &app.secrets;
    Ok(Secrets {
        openim_secret: kept.openim_secret.to_string(),
        arctos_license_key: kept.arctos_license_key.to_string(),
        channel: Channel {
            app_id: kept.channel_app_id.clone(),
            app_secret: kept.channel_app_secret.to_string(),
            channel_uid: kept.channel_uid.clone(),
        },
        callback_key: kept.callback_key.to_string(),
    })
}

input! {
    /// Which lines; all conditions hold.
    pub struct Wanted {
        /// Older than this line: `next` of the page before.
        pub before: Option<Digits<1, { i64::MAX }>>,
        /// A handle, as actor or as subject.
        pub who: Option<Text<1, 64>>,
        /// An event in its own words, e.g. `user changed`.
        pub event: Option<Text<1, 64>>,
        /// At most so many; 100 when absent.
        pub size: Option<Digits<1, 1000>>,
    }
}

output! {
    /// A page of the audit.
    pub struct Page {
        /// Newest first.
        pub lines: Vec<Line>,
        /// `before` of the next page; absent on the last.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub next: Option<i64>,
    }
}

output! {
    /// One act.
    pub struct Line {
        /// Number of the line.
        pub id: i64,
        /// When.
        pub at_ms: i64,
        /// Handle of whoever did it; empty for the box itself, a server or a shell, and where a log-in was refused.
        pub actor: String,
        /// Whose token or secret it was, or log-in that refused; empty for the box itself, a shell, or several.
        pub dialect: String,
        /// Where from: an address, a server's name, `shell`; empty for the box itself.
        pub address: String,
        /// What: `token issued`, `log-in refused`, `user changed`, …
        pub event: String,
        /// Whom or what it is about: of a refused log-in the account that was tried.
        pub subject: String,
        /// More.
        pub detail: String,
    }
}

pub async fn audit(input: Input<Wanted>) -> Result<Page, Fault> {
    let Input { app, caller, value, .. } = input;
    let filter = Filter {
        before: value.before.map(|d| d.0),
        who: value.who.map(|Text(who)| who),
        event: value.event.map(|Text(event)| event),
    };
    let size = value.size.map_or(100, |d| d.0);
    let mut found = audit::list(&app, filter, size + 1, caller.now).await?;
    let more = i64::try_from(found.len()).is_ok_and(|n| n > size);
    found.truncate(usize::try_from(size).unwrap_or(0));
    let next = found.last().filter(|_| more).map(|line| line.id);
    Ok(Page { lines: found.into_iter().map(line).collect(), next })
}

fn line(noted: Noted) -> Line {
    Line {
        id: noted.id,
        at_ms: noted.at.0,
        actor: noted.actor,
        dialect: noted.dialect,
        address: noted.address,
        event: noted.event,
        subject: noted.subject,
        detail: noted.detail,
    }
}
