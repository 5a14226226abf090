//! licence: how the box stands, what to send to the vendor, what came back.

use crate::dialect::Input;
pub(super) use crate::dialect::fields::Nothing;
use crate::dialect::fields::Text;
use crate::domain::{audit, licence};
use crate::model::Fault;
use crate::model::audit::Event;
use crate::model::licence::Verdict;
use crate::{input, output};

output! {
    /// How the box stands.
    pub struct Standing {
        /// allowed, grace, clock_doubtful or refused. Only `refused` keeps lessons from starting.
        pub verdict: String,
        /// Why it refuses: 3401 no file, 3402 no licence, 3403 not for this box, 3404 expired, 3405 lessons used up.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub code: Option<i64>,
        /// What there is to say and do; empty when all is well.
        pub sentence: String,
        /// Lessons that it allows at once.
        pub rooms: i64,
        /// Lessons that are live.
        pub live: i64,
        /// Name of the licence file; empty when there is none.
        pub file: String,
        /// When the verdict changes by itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub changes_ms: Option<i64>,
    }
}

pub async fn standing(input: Input<Nothing>) -> Result<Standing, Fault> {
    let Input { app, caller, .. } = input;
    let standing = licence::standing(&app, caller.now);
    let verdict = match standing.decision.verdict {
        Verdict::Allowed => "allowed",
        Verdict::Grace => "grace",
        Verdict::ClockDoubtful(_) => "clock_doubtful",
        Verdict::Refused(_) => "refused",
    };
    Ok(Standing {
        verdict: verdict.to_owned(),
        code: standing.refusal().map(|why| i64::from(why.code())),
        rooms: i64::from(standing.rooms),
        live: i64::try_from(standing.live).unwrap_or(i64::MAX),
        file: standing.path_name,
        changes_ms: standing.decision.changes.map(|at| at.0),
        sentence: standing.sentence,
    })
}

input! {
    /// A licence as it came, whatever stands around it.
    pub struct Paper {
        /// Its text.
        pub text: Text<1, 16384>,
    }
}

output! {
    /// What was installed.
    pub struct Installed {
        /// Its id.
        pub id: String,
        /// Whom it was issued to.
        pub customer: String,
        /// Lessons that it allows at once.
        pub rooms: i64,
        /// What there is to say and do; empty when all is well.
        pub sentence: String,
    }
}

pub async fn install(input: Input<Paper>) -> Result<Installed, Fault> {
    let Input { app, actor, caller, value } = input;
    let done = licence::install(&app, value.text.0.as_bytes(), caller.now).await;
    let entry = match &done {
        Ok(new) => audit::by(&actor, caller.addr, Event::LicenceInstalled, new.id.as_str()),
        Err(Fault::Licence(why)) => {
            audit::by(&actor, caller.addr, Event::LicenceRefused, "").with(why.code().to_string())
        }
        Err(_) => return done.map(shown),
    };
    audit::write(&app, entry, caller.now).await?;
    done.map(shown)
}

fn shown(new: licence::Installed) -> Installed {
    let licence::Installed { id, customer, rooms, sentence } = new;
    Installed { id, customer, rooms: i64::from(rooms), sentence }
}

output! {
    /// What the vendor needs to know of this box.
    pub struct Asked {
        /// For mail and paste.
        pub text: String,
        /// The same in one line, for a QR code.
        pub line: String,
    }
}

pub async fn request(input: Input<Nothing>) -> Result<Asked, Fault> {
    let asked = licence::request(&input.app);
    Ok(Asked { text: asked.text, line: asked.line })
}

output! {
    /// Lines for people.
    pub struct Words {
        /// The lines.
        pub text: String,
    }
}

pub async fn explain(input: Input<Nothing>) -> Result<Words, Fault> {
    Ok(Words { text: licence::explain(&input.app, input.caller.now) })
}

pub async fn inspect(input: Input<Paper>) -> Result<Words, Fault> {
    let Input { app, caller, value, .. } = input;
    Ok(Words { text: licence::inspect(&app, value.text.0.as_bytes(), caller.now)? })
}
