//! How long running lessons have lasted, kept over a restart. What counts is running time, and the time between two readings
//! of a clock that was right at both: a clock that is set ends no lesson. One that is ended too late is no harm.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::super::Appliance;
use crate::model::{ById, Fault, Millis, Moment, RoomId};
use crate::store::memo;

const MEMO: &str = "lessons_lasted";
/// A lesson that nobody ends may last so much longer for each time that the power fails.
const NOTED_EACH: Millis = Millis::seconds(60);
/// More than the clock was set meanwhile is noted at once.
const STEP: Millis = Millis::seconds(2);

/// When it was last noted how long lessons have lasted.
#[derive(Default)]
pub struct Lasting(Mutex<Option<Moment>>);

impl Lasting {
    fn noted(&self) -> MutexGuard<'_, Option<Moment>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes how long each running lesson has lasted.
///
/// # Errors
/// The store's.
pub(super) async fn note(app: &Appliance, now: Moment) -> Result<(), Fault> {
    let noted = *app.lasting.noted();
    if app.presence.is_still() || noted.is_some_and(|noted| !is_due(noted, now)) {
        return Ok(());
    }
    let wall = if app.licence.trusts_clock(now) { now.wall } else { Millis(i64::MAX) };
    let text = text(&app.presence.lasted(now.steady), wall);
    app.db.write(move |conn| Ok(memo::put(conn, MEMO, &text)?)).await?;
    *app.lasting.noted() = Some(now);
    Ok(())
}

fn is_due(noted: Moment, now: Moment) -> bool {
    let (steady, wall) = (now.steady - noted.steady, now.wall - noted.wall);
    steady >= NOTED_EACH || (wall - steady).0.saturating_abs() >= STEP.0
}

/// How long lessons had lasted when it was noted, and at which time of a clock that was right; never, where it was not.
pub(super) struct Noted {
    wall: Millis,
    lasted: ById<RoomId, Millis>,
}

impl Noted {
    pub(super) fn read(conn: &Connection) -> rusqlite::Result<Self> {
        let kept = memo::get(conn, MEMO)?.unwrap_or_default();
        Ok(Self::parse(&kept).unwrap_or(Self { wall: Millis(i64::MAX), lasted: ById::default() }))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let wall = Millis(words.next()?.parse().ok()?);
        let pair = |word: &str| {
            let (room, lasted) = word.split_once(':')?;
            Some((RoomId(room.parse().ok()?), Millis(lasted.parse().ok()?)))
        };
        Some(Self { wall, lasted: words.filter_map(pair).collect() })
    }

    /// How long a lesson has surely lasted at `now`, on a clock that `is_right`.
    pub(super) fn lasted(&self, room: RoomId, now: Millis, is_right: bool) -> Millis {
        let Some(lasted) = self.lasted.get(&room) else { return Millis(0) };
        let between = if is_right { (now - self.wall).max(Millis(0)) } else { Millis(0) };
        *lasted + between
    }
}

fn text(lasted: &[(RoomId, Millis)], wall: Millis) -> String {
    let pairs = lasted.iter().map(|(room, lasted)| format!(" {}:{}", room.0, lasted.0));
    std::iter::once(wall.0.to_string()).chain(pairs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_time_between_two_readings_of_a_clock_that_is_right_counts() {
        let at = |wall| Noted::parse(&text(&[(RoomId(1), Millis(50))], Millis(wall))).unwrap();
        assert_eq!(at(1000).lasted(RoomId(1), Millis(1200), true), Millis(250));
        assert_eq!(at(1000).lasted(RoomId(1), Millis(1200), false), Millis(50));
        assert_eq!(at(1000).lasted(RoomId(1), Millis(800), true), Millis(50), "it was set back");
        assert_eq!(at(i64::MAX).lasted(RoomId(1), Millis(1200), true), Millis(50));
        assert_eq!(at(1000).lasted(RoomId(2), Millis(1200), true), Millis(0), "nothing was noted");
        assert!(Noted::parse("").is_none());
    }

    #[test]
    fn it_is_noted_each_minute_and_when_the_clock_was_set() {
        let now = |wall, steady| Moment { wall: Millis(wall), steady: Millis(steady) };
        let noted = now(5_000_000, 1_000_000);
        assert!(!is_due(noted, now(5_059_999, 1_059_999)));
        assert!(is_due(noted, now(5_060_000, 1_060_000)));
        assert!(is_due(noted, now(5_003_000, 1_001_000)));
        assert!(is_due(noted, now(4_998_000, 1_001_000)));
    }
}
