//! Does cost grow with data: the same questions to boxes with more and more accounts and lessons in their stores. The
//! boxes take turns, and each is held against the smallest.

use std::time::Duration;

use super::cost::SLICE;
use super::lists::{beats, member_list, room_lists, statuses};
use super::{login, start, tokens, writes};
use crate::closed::{Loop, Work};
use crate::report::{Line, median};
use crate::scene::{Call, Scene};
use crate::seed::Seed;
use crate::{Done, Plan, counters};

/// Accounts and lessons; the smallest first.
const SIZES: [(u32, u32); 4] = [(1_000, 50), (1_000, 10_000), (10_000, 10_000), (100_000, 10_000)];
const SMOKE: [(u32, u32); 2] = [(1_000, 50), (2_000, 100)];
/// Of one round.
const STARTS: u32 = 4;
/// Flat.
const RATIO: f64 = 1.15;

/// A box of one size, and what it is asked.
struct Grown {
    seed: Seed,
    scene: Scene,
    questions: Vec<(String, Vec<Call>)>,
}

pub async fn growth(plan: &Plan, _: &Seed) -> Done<Vec<Line>> {
    let sizes: &[(u32, u32)] = if plan.smoke { &SMOKE } else { &SIZES };
    let mut boxes = Vec::new();
    for (users, lessons) in sizes {
        let seed = Seed::sized(plan, *users, *lessons).await?;
        let scene = Scene::open(&seed)?;
        let questions = asked(&seed, &scene).await?;
        boxes.push(Grown { seed, scene, questions });
    }
    let mut lines = Vec::new();
    for n in 0..boxes[0].questions.len() {
        lines.extend(one(plan, &boxes, n).await?);
    }
    lines.extend(starts(plan, &boxes).await?);
    let memory = |of: &Grown| counters::pss_mb(of.scene.house.pid());
    let smallest = memory(&boxes[0])?;
    for of in &boxes {
        let (users, lessons, found) = (of.seed.users, of.seed.lessons, memory(of)?);
        let what = format!("memory (PSS) with {users} users, {lessons} lessons, MB");
        lines.push(Line::new(what, format!("{found:.1}")).floor(format!("{smallest:.1}")));
    }
    Ok(lines)
}

/// What is asked, by whom at once.
async fn asked(seed: &Seed, scene: &Scene) -> Done<Vec<(String, Vec<Call>)>> {
    let mut lists = vec![beats(seed), member_list(seed), statuses(seed)];
    lists.extend(room_lists(seed));
    let mut all = Vec::new();
    for list in lists {
        let calls = scene.rehearse(list.requests.clone(), |answer| list.is_right(answer)).await?;
        all.push((list.what, calls));
    }
    for case in tokens::cases(seed) {
        for (kind, requests) in [("valid", case.good), ("forged", case.bad)] {
            let calls = scene.rehearse(requests, |_| true).await?;
            all.push((format!("token check, {}, {kind}", case.name), calls));
        }
    }
    all.push(("a log-in, two at once".to_owned(), login::calls()));
    all.push(("a write, 64 clients at once".to_owned(), writes::calls().split_off(1)));
    Ok(all)
}

/// One question to all boxes; the floor's column shows the smallest.
async fn one(plan: &Plan, boxes: &[Grown], n: usize) -> Done<Vec<Line>> {
    let mut loops = Vec::new();
    for Grown { scene, questions, .. } in boxes {
        let (house, calls) = (&scene.house, &questions[n].1);
        loops.push(Loop::open(house.http, house.pid(), calls).await?);
    }
    let mut rounds = Vec::new();
    for _ in 0..plan.rounds {
        for Grown { scene, .. } in boxes {
            scene.keep_seats().await?;
        }
        rounds.push(turns(&loops, plan.turn()).await?);
    }
    let rounds = rounds.iter().map(|works| works.iter().map(Work::cpu_us).collect()).collect();
    let what = format!("{}, CPU µs", boxes[0].questions[n].0);
    Ok(compared(&what, boxes, rounds))
}

/// The same box started again and again, each beside the others.
async fn starts(plan: &Plan, boxes: &[Grown]) -> Done<Vec<Line>> {
    let copies: Done<Vec<_>> = boxes.iter().map(|of| of.seed.copy()).collect();
    let (copies, mut rounds) = (copies?, Vec::new());
    for _ in 0..plan.rounds * STARTS {
        let mut round = Vec::new();
        for (Grown { seed, .. }, copy) in boxes.iter().zip(&copies) {
            round.push(start::once(seed, copy.path()).await?);
        }
        rounds.push(round);
    }
    Ok(compared("start to first right answer, ms", boxes, rounds))
}

/// Medians of the rounds, in which each box has its place, and of their ratios to the first.
fn compared(what: &str, boxes: &[Grown], rounds: Vec<Vec<f64>>) -> Vec<Line> {
    let of = |n: usize| median(rounds.iter().map(|round| round[n]).collect());
    let line = |n: usize| {
        let (users, lessons) = (boxes[n].seed.users, boxes[n].seed.lessons);
        let ratio = median(rounds.iter().map(|round| round[n] / round[0]).collect());
        let what = format!("{what}, {users} users, {lessons} lessons (floor: the smallest)");
        Line::new(what, format!("{:.1} = {ratio:.2} ×", of(n)))
            .floor(format!("{:.1}", of(0)))
            .at_most(ratio, Some(RATIO))
    };
    (1..boxes.len()).map(line).collect()
}

/// Until together they have worked for so long each; a slow one takes more of it, and each has at least one turn.
async fn turns(loops: &[Loop], length: Duration) -> Done<Vec<Work>> {
    let mut works = vec![Work::default(); loops.len()];
    let together = length.as_secs_f64() * loops.len() as f64;
    while works.iter().map(|work| work.seconds).sum::<f64>() < together {
        for (one, work) in loops.iter().zip(&mut works) {
            work.add(one.run(SLICE).await?);
        }
    }
    Ok(works)
}
