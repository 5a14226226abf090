//! What people do with licences at the box: ask for one, look at one, install one. The text comes from a
//! mail, a stick or a terminal; what is kept is the licence alone, in the form it was issued.

use super::decide::decide;
use super::{FILE, Licensing, licence, words};
use crate::domain::{Appliance, durable};
use crate::model::crash::{self, Point};
use crate::model::licence::{Paper, Verdict};
use crate::model::{Fault, LicenceWhy, Moment};
use crate::store::Db;
use crate::wire::licence::armour::{self, Label};
use crate::wire::licence::paper::Request;
use crate::wire::licence::verify;

/// A licence request: for mail and paste, and in one line for a QR code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub text: String,
    pub line: String,
}

/// What was installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    pub id: String,
    pub customer: String,
    pub rooms: u32,
    /// What there is to say and do; empty when all is well.
    pub sentence: String,
}

/// What the vendor needs to know of this box. Hashes only: no serial number leaves it.
pub fn request(app: &Appliance) -> Asked {
    app.licence.request(&app.policy.box_name)
}

/// What a licence text says, and what this box would make of it.
///
/// # Errors
/// `Licence(NotALicence)` when there is none in it.
pub fn inspect(app: &Appliance, text: &[u8], now: Moment) -> Result<String, Fault> {
    app.licence.inspect(text, now)
}

/// Installs the licence in `text`, whatever stands around it. It counts at once; lessons that run go on.
///
/// # Errors
/// `Licence(why)`, and the old one stays: when it could never be good here, or is not good now while the
/// installed one is.
pub async fn install(app: &Appliance, text: &[u8], now: Moment) -> Result<Installed, Fault> {
    app.licence.install(Some(&app.db), text, now).await
}

impl Licensing {
    pub fn request(&self, name: &str) -> Asked {
        let request = Request {
            name: name.to_owned(),
            board: self.setup.board.clone(),
            marks: self.setup.marks.found.clone(),
        };
        let bytes = request.write();
        Asked {
            text: armour::text(Label::Request, &bytes),
            line: armour::line(Label::Request, &bytes),
        }
    }

    pub fn inspect(&self, text: &[u8], now: Moment) -> Result<String, Fault> {
        let facts = verify(Some(text), &self.setup.trust, &self.setup.marks, self.facts(now).time);
        if facts.paper == Paper::NotALicence {
            return Err(Fault::Licence(LicenceWhy::NotALicence));
        }
        Ok(words::describe(&facts))
    }

    /// `db` when the store is open.
    pub async fn install(
        &self,
        db: Option<&Db>,
        text: &[u8],
        now: Moment,
    ) -> Result<Installed, Fault> {
        let standing = self.facts(now);
        let facts = verify(Some(text), &self.setup.trust, &self.setup.marks, standing.time);
        let decision = decide(&facts);
        if let Verdict::Refused(why) = decision.verdict {
            let one_day = matches!(why, LicenceWhy::NotYet | LicenceWhy::Expired);
            if !one_day || self.serves(&standing) {
                return Err(Fault::Licence(why));
            }
        }
        let (Some(licence), Ok(bytes)) =
            (licence(&facts.paper), armour::open(Label::Licence, text))
        else {
            return Err(Fault::Licence(LicenceWhy::NotALicence));
        };
        let path = self.setup.folder.join(FILE);
        let kept = armour::text(Label::Licence, &bytes);
        let write = move || durable::write(&path, kept.as_bytes());
        durable::aside(write).await.map_err(|e| Fault::internal("license/box.license", e))?;
        crash::point(Point::LicenceWritten);
        self.facts(now);
        self.keep(db).await?;
        tracing::info!(licence = licence.id, rooms = licence.rooms, "licence installed");
        Ok(Installed {
            id: licence.id.clone(),
            customer: licence.customer.clone(),
            rooms: licence.rooms,
            sentence: words::sentence(&facts, &decision),
        })
    }

    /// Whether a licence is installed and lets lessons start.
    fn serves(&self, standing: &crate::model::licence::Facts) -> bool {
        let refuses = matches!(decide(standing).verdict, Verdict::Refused(_));
        !refuses && self.path_name(&standing.paper) == FILE
    }
}
