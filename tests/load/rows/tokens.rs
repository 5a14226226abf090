//! Token checks: what is good and what is forged must cost the same.

use super::cost::{self, CONNECTIONS, Limits};
use super::lists::pupils;
use crate::client::request;
use crate::people::{self, forged, token};
use crate::report::Line;
use crate::scene::Scene;
use crate::seed::Seed;
use crate::{Done, Plan};

/// How far a forged token's cost may be from a good one's.
const APART: f64 = 0.05;

/// A kind of token, and who brings it.
pub struct Case {
    pub name: &'static str,
    pub good: Vec<Vec<u8>>,
    pub bad: Vec<Vec<u8>>,
    /// A good one is answered as briefly as a forged one.
    alike: bool,
}

pub fn cases(seed: &Seed) -> [Case; 4] {
    let everyone = |one: Vec<u8>| vec![one; CONNECTIONS];
    let bearer = |path: &str, method: &str, token: &str| {
        let body = if method == "POST" { "{}" } else { "" };
        request(method, path, &format!("authorization: Bearer {token}"), body)
    };
    let arctos = |token: &str| everyone(bearer("/api/auth/checkAuthToken", "POST", token));
    let own = |token: &str| everyone(bearer("/box/v1/me", "GET", token));
    let edu = |change: fn(&str) -> String| {
        let room = seed.classes[1];
        pupils().map(|pupil| people::heartbeat(&change(&token(pupil)), room)).collect::<Vec<_>>()
    };
    let groups = |token: &str| {
        everyone(request("GET", "/api/im/group", &format!("authorization: Token {token}"), ""))
    };
    let pupil = token(people::first_of(1));
    let case = |name, good, bad, alike| Case { name, good, bad, alike };
    [
        case("001 heartbeat", edu(str::to_owned), edu(forged), true),
        // A good one is answered with a list from the store.
        case("003 groups", groups(&pupil), groups(&forged(&pupil)), false),
        case("004 checkAuthToken", arctos(&seed.arctos), arctos(&forged(&seed.arctos)), true),
        case("box me", own(&seed.own), own(&forged(&seed.own)), true),
    ]
}

pub async fn checks(plan: &Plan, seed: &Seed) -> Done<Vec<Line>> {
    let scene = Scene::open(seed)?;
    let mut lines = Vec::new();
    for Case { name, good, bad, alike } in cases(seed) {
        let good = scene.rehearse(good, |_| true).await?;
        let bad = scene.rehearse(bad, |_| true).await?;
        if good[0].expects == bad[0].expects {
            return Err(format!("{name}: a forged token is answered like a good one").into());
        }
        let limits = Limits { cpu: Some(1.05), rate: None };
        let refused = cost::measure(plan, &scene, &bad).await?;
        lines.extend(refused.lines(&format!("token check, {name}, forged"), &limits));
        let limits = Limits { cpu: limits.cpu.filter(|_| alike), rate: None };
        let taken = cost::measure(plan, &scene, &good).await?;
        lines.extend(taken.lines(&format!("token check, {name}, valid"), &limits));
        if alike {
            lines.push(apart(name, cost::against(plan, &scene, &bad, &good).await?));
        }
    }
    Ok(lines)
}

fn apart(name: &str, ratio: f64) -> Line {
    let apart = ratio - 1.0;
    let what = format!("token check, {name}, forged against valid");
    let limit = format!("± {:.0} %", APART * 100.0);
    Line::new(what, format!("{:+.1} %", apart * 100.0)).limit(limit, apart.abs() <= APART)
}
