//! Calls the box owes to others: which are due, and what becomes of a try. Sending is not done here.

use super::Appliance;
use crate::model::outbox::Parcel;
use crate::model::{Fault, Millis, Moment, Thing};
use crate::store::outbox;
use crate::wire::callback::{GIVE_UP, WAIT_MAX, next_try};

/// No call is given up before it was tried so often; three days of back-off are some four hundred tries.
const TRIES_MIN: u32 = 100;
/// Calls tried in one round.
const ROUND: i64 = 32;
/// How long delivered and given-up calls stay visible.
const KEEP: Millis = Millis::seconds(30 * 24 * 3600);

/// What is due now: at most one call of each webhook and lesson, so order holds.
pub async fn due(app: &Appliance, now: Moment) -> Result<Vec<Parcel>, Fault> {
    app.db.read(move |conn| Ok(outbox::due(conn, now.wall, far(now), ROUND)?)).await
}

/// What lies beyond was put there by a clock that was ahead: it must not wait until that comes true.
fn far(now: Moment) -> Millis {
    now.wall + WAIT_MAX
}

/// When the next call falls due that is not due yet.
pub async fn next_due(app: &Appliance, now: Moment) -> Result<Option<Millis>, Fault> {
    app.db.read(move |conn| Ok(outbox::next_due(conn, now.wall, far(now))?)).await
}

/// Notes how a try went.
pub async fn settle(
    app: &Appliance,
    parcel: &Parcel,
    outcome: Result<(), String>,
    now: Moment,
) -> Result<(), Fault> {
    let (id, event) = (parcel.id, parcel.event.clone());
    let error = match outcome {
        Ok(()) => {
            tracing::info!(webhook = parcel.webhook, event, "call delivered");
            return app.db.write(move |conn| Ok(outbox::sent(conn, id)?)).await;
        }
        Err(error) => error,
    };
    let wait = next_try(parcel.tries + 1, app.entropy.u32());
    // The tries count too: a clock that jumps from 1970 to today has not waited for three days.
    let over = parcel.tries >= TRIES_MIN && now.wall + wait - parcel.created_at > GIVE_UP;
    let next = (!over).then_some(now.wall + wait);
    match next {
        Some(_) => {
            tracing::info!(webhook = parcel.webhook, event, error, "call failed, will retry")
        }
        None => tracing::warn!(webhook = parcel.webhook, event, error, "call given up"),
    }
    let error: String = error.chars().take(300).collect();
    app.db.write(move |conn| Ok(outbox::failed(conn, id, &error, next)?)).await
}

pub async fn newest(app: &Appliance, limit: i64) -> Result<Vec<Parcel>, Fault> {
    app.db.read(move |conn| Ok(outbox::newest(conn, limit)?)).await
}

/// Sends a call again from the start.
pub async fn replay(app: &Appliance, id: i64, now: Moment) -> Result<(), Fault> {
    let found = app.db.write(move |conn| Ok(outbox::replay(conn, id, now.wall)?)).await?;
    app.outbox_bell.notify_one();
    if found { Ok(()) } else { Err(Fault::Missing(Thing::Webhook)) }
}

pub async fn waiting(app: &Appliance) -> Result<i64, Fault> {
    app.db.read(|conn| Ok(outbox::waiting(conn)?)).await
}

/// Drops what nobody will ask for any more; called once an hour.
pub async fn forget(app: &Appliance, now: Moment) -> Result<(), Fault> {
    app.db
        .write(move |conn| {
            outbox::forget(conn, now.wall - KEEP)?;
            crate::store::callbacks::forget(conn, now.wall)?;
            Ok(())
        })
        .await
}
