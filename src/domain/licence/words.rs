//! The licence in sentences: what there is to do, and every fact with its arithmetic. Made from the same
//! facts and decision that the box acts upon; decides nothing.

use super::decide::{beginning, decide, judged};
use super::{Licensing, licence};
use crate::domain::Appliance;
use crate::model::licence::{
    Decision, Doubt, Facts, Licence, MarkFound, Paper, Time, Timekeeping, Verdict,
};
use crate::model::{Date, LicenceWhy, Millis, Moment};

/// From when on the box asks for a renewal.
const WARN_BEFORE: Millis = Millis::days(30);

/// Every fact about the installed licence, its weight, the decision, and when it changes next.
pub fn explain(app: &Appliance, now: Moment) -> String {
    app.licence.explain(Some(app.presence.counts().0), now)
}

impl Licensing {
    /// The same; `live` is known to a running service alone.
    pub fn explain(&self, live: Option<usize>, now: Moment) -> String {
        let lessons = live.map(|live| format!("lessons   {live} live now\n"));
        describe(&self.facts(now)) + &lessons.unwrap_or_default()
    }
}

/// What there is to say and do; empty when all is well.
pub fn sentence(facts: &Facts, decision: &Decision) -> String {
    let (time, licence) = (&facts.time, licence(&facts.paper));
    match decision.verdict {
        Verdict::Refused(why) => match (refusal(why, facts, licence), why.remedy()) {
            (detail, remedy) if detail.is_empty() => remedy.to_owned(),
            (detail, remedy) => format!("{remedy} ({detail})"),
        },
        Verdict::Grace => format!(
            "the licence expired on {}; everything works until {}: ask the vendor for a renewal",
            day_or(licence.and_then(|l| l.expires)),
            day_or(decision.changes)
        ),
        Verdict::ClockDoubtful(Doubt::SetBack) => format!(
            "the box's clock says {}, but it was {} already: set the clock; nothing is refused",
            Date::of(time.now),
            Date::of(time.newest_seen.max(time.expected))
        ),
        Verdict::ClockDoubtful(Doubt::Untold) => {
            "nobody has told the box the time since power-on: set the clock; nothing is refused"
                .to_owned()
        }
        Verdict::Allowed => match licence.and_then(|l| l.expires) {
            Some(expires) if judged(time) + WARN_BEFORE >= expires => {
                format!(
                    "the licence expires on {}: ask the vendor for a renewal",
                    Date::of(expires)
                )
            }
            Some(_) | None => String::new(),
        },
    }
}

/// What the remedy alone does not say.
fn refusal(why: LicenceWhy, facts: &Facts, licence: Option<&Licence>) -> String {
    let now = Date::of(facts.time.now);
    match (why, licence) {
        (LicenceWhy::NotYet, Some(l)) => {
            format!("it begins on {}, the clock says {now}", Date::of(l.not_before))
        }
        (LicenceWhy::Expired, Some(l)) => {
            let (expires, ends) = (day_or(l.expires), day_or(l.ends()));
            format!("it expired on {expires}, its grace ended on {ends}, the clock says {now}")
        }
        (LicenceWhy::Hardware, Some(l)) => {
            format!("{} of the {} points it needs", facts.score, l.minimum)
        }
        (LicenceWhy::RoomsUsedUp, Some(l)) => format!("it allows {}", l.rooms),
        (_, _) => String::new(),
    }
}

/// The same for any licence text, installed or not.
pub fn describe(facts: &Facts) -> String {
    let decision = decide(facts);
    let mut text = paper(&facts.paper);
    if let Some(licence) = licence(&facts.paper) {
        text += &marks(facts, licence);
        text += &times(&facts.time, licence);
    }
    text += &format!("decision  {}", verdict(&decision));
    if let Some(changes) = decision.changes {
        text += &format!(", until {}", Date::of(changes));
    }
    text.push('\n');
    let sentence = sentence(facts, &decision);
    if !sentence.is_empty() {
        text += &format!("          {sentence}\n");
    }
    text
}

fn paper(paper: &Paper) -> String {
    let said = match paper {
        Paper::Absent => "none is installed",
        Paper::NotALicence => "the file holds no licence text",
        Paper::Altered => "the text was altered: its signature does not fit",
        Paper::UnknownKey(key) => return format!("licence   signed with the unknown key {key}\n"),
        Paper::Revoked(licence) | Paper::Genuine(licence) => {
            let Licence { id, customer, rooms, key, .. } = licence.as_ref();
            let features = licence.features.join(", ");
            let features = if features.is_empty() {
                features
            } else {
                format!("          features {features}\n")
            };
            let signed =
                if key.is_empty() { "built in" } else { &format!("signed with key {key}") };
            return format!(
                "licence   {id} for {customer}\n          {rooms} lessons at once, {signed}\n{features}"
            );
        }
    };
    format!("licence   {said}\n")
}

fn marks(facts: &Facts, licence: &Licence) -> String {
    let mut text = String::new();
    let mut all = 0;
    for fact in &facts.marks {
        let (points, found) = match fact.found {
            MarkFound::Same => (fact.weight, "the same"),
            MarkFound::Other => (0, "another one"),
            MarkFound::Unreadable => (0, "cannot be read here"),
        };
        all += fact.weight;
        text += &format!(
            "mark      {:<6} {points:>3} of {:>3}  {found}\n",
            fact.kind.word(),
            fact.weight
        );
    }
    let (score, minimum) = (facts.score, licence.minimum);
    let sign = if score >= minimum { ">=" } else { "<" };
    text + &format!("score     {score} of {all} {sign} {minimum} needed\n")
}

fn times(time: &Time, licence: &Licence) -> String {
    let day = Date::of;
    let keeping = match time.keeping {
        Timekeeping::Synchronised => "from a time server",
        Timekeeping::Kept => "kept, follows no time server",
        Timekeeping::Lost => "not told since power-on",
    };
    let (begins, from) = (beginning(licence, time), licence.not_before);
    let begun = if begins >= from { ">=" } else { "<" };
    let mut text = format!(
        "clock     {}, {keeping}; should be {}; newest time seen {}; this release {}\n\
         begins    {} is the latest evidence {begun} {}\n",
        day(time.now),
        day(time.expected),
        day(time.newest_seen),
        day(time.built),
        day(begins),
        day(from)
    );
    let at = judged(time);
    text += &match (licence.expires, licence.ends()) {
        (Some(expires), Some(ends)) => {
            let sign = |end| if at < end { "<" } else { ">=" };
            let (first, second) = (sign(expires), sign(ends));
            let grace = licence.grace_days;
            let (at, expires, ends) = (day(at), day(expires), day(ends));
            format!(
                "expires   judged at {at} {first} {expires}, with {grace} days of grace {second} {ends}\n"
            )
        }
        (_, _) => "expires   never\n".to_owned(),
    };
    text
}

fn verdict(decision: &Decision) -> String {
    match decision.verdict {
        Verdict::Allowed => "allowed".into(),
        Verdict::Grace => "allowed, in grace".into(),
        Verdict::ClockDoubtful(_) => "allowed, clock doubtful".into(),
        Verdict::Refused(why) => format!("refused, {}", why.code()),
    }
}

fn day_or(at: Option<Millis>) -> String {
    at.map_or_else(|| "no day".into(), |at| Date::of(at).to_string())
}
