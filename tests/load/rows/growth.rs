//! Does cost grow with data: the same questions to boxes with more and more accounts and lessons in their stores. The
//! boxes take turns, and each is held against the smallest.

use std::time::Duration;

use super::cost::SLICE;
use super::lists::{Question, beats, member_list, room_lists, statuses};
use crate::closed::{Loop, Work};
use crate::report::{Line, median};
use crate::scene::Scene;
use crate::seed::Seed;
use crate::{Done, Plan, counters};

/// Accounts and lessons; the smallest first.
const SIZES: [(u32, u32); 4] = [(1_000, 50), (1_000, 10_000), (10_000, 10_000), (100_000, 10_000)];
const SMOKE: [(u32, u32); 2] = [(1_000, 50), (2_000, 100)];
/// Flat.
const RATIO: f64 = 1.15;

pub async fn growth(plan: &Plan, _: &Seed) -> Done<Vec<Line>> {
    let sizes: &[(u32, u32)] = if plan.smoke { &SMOKE } else { &SIZES };
    let mut boxes = Vec::new();
    for (users, lessons) in sizes {
        let seed = Seed::sized(plan, *users, *lessons).await?;
        let scene = Scene::open(&seed)?;
        boxes.push((seed, scene));
    }
    let mut lines = Vec::new();
    for n in 0..questions(&boxes[0].0).len() {
        lines.extend(one(plan, &boxes, n).await?);
    }
    let memory = |scene: &Scene| counters::pss_mb(scene.house.pid());
    let smallest = memory(&boxes[0].1)?;
    for ((users, lessons), (_, scene)) in sizes.iter().zip(&boxes) {
        let what = format!("memory (PSS) with {users} users, {lessons} lessons, MB");
        let found = memory(scene)?;
        lines.push(Line::new(what, format!("{found:.1}")).floor(format!("{smallest:.1}")));
    }
    Ok(lines)
}

fn questions(seed: &Seed) -> Vec<Question> {
    let mut all = vec![beats(seed), member_list(seed), statuses(seed)];
    all.extend(room_lists(seed));
    all
}

/// One question to all boxes; the floor's column shows the smallest.
async fn one(plan: &Plan, boxes: &[(Seed, Scene)], n: usize) -> Done<Vec<Line>> {
    let (mut asked, mut loops, mut what) = (Vec::new(), Vec::new(), String::new());
    for (seed, scene) in boxes {
        let question = questions(seed).swap_remove(n);
        let right = |answer: &serde_json::Value| question.is_right(answer);
        asked.push(scene.rehearse(question.requests.clone(), right).await?);
        what = question.what;
    }
    for ((_, scene), calls) in boxes.iter().zip(&asked) {
        loops.push(Loop::open(scene.house.http, scene.house.pid(), calls).await?);
    }
    let mut rounds = Vec::new();
    for _ in 0..plan.rounds {
        for (_, scene) in boxes {
            scene.keep_seats().await?;
        }
        rounds.push(turns(&loops, plan.turn()).await?);
    }
    let us = |of: usize| median(rounds.iter().map(|works| works[of].cpu_us()).collect());
    let line = |of: usize| {
        let (users, lessons) = (boxes[of].0.users, boxes[of].0.lessons);
        let ratios = rounds.iter().map(|works| works[of].cpu_us() / works[0].cpu_us());
        let ratio = median(ratios.collect());
        let what =
            format!("{what}, CPU µs, {users} users, {lessons} lessons (floor: the smallest)");
        Line::new(what, format!("{:.1} = {ratio:.2} ×", us(of)))
            .floor(format!("{:.1}", us(0)))
            .at_most(ratio, Some(RATIO))
    };
    Ok((1..boxes.len()).map(line).collect())
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
