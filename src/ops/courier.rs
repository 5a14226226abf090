//! Carries the outbox's calls to their webhooks: signed, in order for each lesson, again and again until
//! they are taken or 72 hours have passed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use crate::dialect::groups::rongcloud::{self, Letter};
use crate::domain::policy::Webhook;
use crate::domain::{Appliance, application, group, outbox};
use crate::http::client::{Client, Outgoing, send};
use crate::http::listener::drained;
use crate::model::crash::{self, Point};
use crate::model::outbox::Parcel;
use crate::model::{Clock, Fault, Millis, Moment, RoomId};
use crate::ops::leancloud::Line;
use crate::wire::{
    self,
    callback::{
        Delivery, ID_HEADER, LIVE_AHEAD_S_MAX, SIGNATURE_HEADER, TIME_HEADER, live_sign,
        webhook_sign,
    },
};

/// One try, from name look-up to the answer's last byte.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read; only its status counts.
const ANSWER_MAX: usize = 64 * 1024;
/// When nothing waits, look again after this all the same.
const IDLE: Duration = Duration::from_secs(3600);
/// After trouble in the store.
const BREATH: Duration = Duration::from_secs(5);

/// Runs until `drain` turns true. A try under way is dropped then; its row stays in the outbox.
pub async fn run(app: Arc<Appliance>, clock: Clock, mut drain: watch::Receiver<bool>) {
    let clients = clients(&app);
    let leancloud = Line::of(&app);
    let (tries, lines) = (JoinSet::new(), HashSet::new());
    let mut courier = Courier { app, clients, leancloud, clock, tries, lines };
    loop {
        let wait = courier.send_due().await.unwrap_or_else(|fault| {
            tracing::error!(?fault, "the outbox cannot be read");
            BREATH
        });
        tokio::select! {
            () = drained(&mut drain) => return,
            () = courier.app.outbox_bell.notified() => {}
            () = tokio::time::sleep(wait) => {}
            Some(done) = courier.tries.join_next() => courier.settle(done).await,
        }
    }
}

/// The tries under way: a webhook that hangs holds up its own lesson's line and nobody else.
struct Courier {
    app: Arc<Appliance>,
    clients: HashMap<String, Client>,
    leancloud: Option<Arc<Line>>,
    clock: Clock,
    tries: JoinSet<(Parcel, Result<(), String>)>,
    /// Webhook and lesson of each try.
    lines: HashSet<(String, RoomId)>,
}

impl Courier {
    /// Begins every try that is due; answers when to come again if nothing happens before.
    async fn send_due(&mut self) -> Result<Duration, Fault> {
        let now = self.clock.moment();
        let due = outbox::due(&self.app, now).await?;
        for parcel in due {
            if !self.lines.insert((parcel.webhook.clone(), parcel.room)) {
                continue;
            }
            let (app, client) = (self.app.clone(), self.clients.get(&parcel.webhook).cloned());
            let leancloud = self.leancloud.clone();
            self.tries.spawn(async move {
                let outcome = match (parcel.webhook.as_str(), leancloud) {
                    (application::SERVICE, Some(line)) => line.tell(&parcel, now).await,
                    (_, _) => attempt(&app, client, &parcel, now).await,
                };
                (parcel, outcome)
            });
        }
        let next = outbox::next_due(&self.app, now).await?;
        Ok(next.map_or(IDLE, |at| (at - now.wall).max(Millis(50)).to_std().min(IDLE)))
    }

    async fn settle(&mut self, done: Result<(Parcel, Result<(), String>), JoinError>) {
        let (parcel, outcome) = match done {
            Ok(done) => done,
            Err(error) => {
                tracing::error!(%error, "a call failed in our own hands");
                // Which line it was went with it: the others are dropped as well, and all sent again.
                self.lines.clear();
                return self.tries.shutdown().await;
            }
        };
        if outcome.is_ok() {
            crash::point(Point::CallSent);
        }
        let settled = outbox::settle(&self.app, &parcel, outcome, self.clock.moment()).await;
        if let Err(fault) = settled {
            tracing::error!(?fault, "what became of a call was not noted; it is sent again");
            tokio::time::sleep(BREATH).await;
        }
        self.lines.remove(&(parcel.webhook, parcel.room));
    }
}

/// One try, by the road that the parcel's name stands for.
async fn attempt(
    app: &Appliance,
    client: Option<Client>,
    parcel: &Parcel,
    now: Moment,
) -> Result<(), String> {
    let unknown = || "the webhook is not configured (any more)".to_owned();
    let client = client.ok_or_else(unknown)?;
    if parcel.webhook == group::SERVICE {
        return tell_rongcloud(app, &client, parcel, now).await;
    }
    let hook = app.policy.webhooks.iter().find(|hook| hook.name == parcel.webhook);
    call(&client, hook.ok_or_else(unknown)?, parcel, now).await
}

async fn tell_rongcloud(
    app: &Appliance,
    client: &Client,
    parcel: &Parcel,
    now: Moment,
) -> Result<(), String> {
    let service = app.policy.rongcloud.as_ref().ok_or("RongCloud's keys are configured no more")?;
    let letter = Letter {
        action: &parcel.event,
        form: parcel.body.clone(),
        nonce: app.entropy.u32(),
        now,
        patience: PATIENCE,
    };
    let answer = rongcloud::send(client, service, letter).await?;
    wire::rongcloud::obeyed(answer.status, &answer.body)
}

async fn call(client: &Client, hook: &Webhook, parcel: &Parcel, now: Moment) -> Result<(), String> {
    let time_s = now.wall.as_seconds();
    let delivery = Delivery { time_s, id: &parcel.event_id, body: parcel.body.as_bytes() };
    let signature = webhook_sign(hook.secret.as_bytes(), &delivery);
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in [
        (TIME_HEADER, time_s.to_string()),
        (ID_HEADER, parcel.event_id.clone()),
        (SIGNATURE_HEADER, signature),
        ("x-arctos-event", parcel.event.clone()),
    ] {
        let value = HeaderValue::from_str(&value).map_err(|e| e.to_string())?;
        headers.insert(HeaderName::from_static(name), value);
    }
    let outgoing = Outgoing {
        method: Method::POST,
        url: address(hook, time_s),
        headers,
        body: parcel.body.clone().into(),
        timeout: PATIENCE,
        answer_max: ANSWER_MAX,
    };
    match send(client, outgoing).await {
        Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
        Ok(answer) => Err(format!("answered {}", answer.status)),
        Err(e) => Err(format!("{e:?}")),
    }
}

/// The webhook's address; with its own MD5 key also the document's `t` and `sign`.
fn address(hook: &Webhook, time_s: i64) -> String {
    let Some(key) = &hook.md5_key else { return hook.url.clone() };
    let t = time_s + LIVE_AHEAD_S_MAX;
    let joint = if hook.url.contains('?') { '&' } else { '?' };
    format!("{}{joint}t={t}&sign={}", hook.url, live_sign(key, t))
}

fn clients(app: &Appliance) -> HashMap<String, Client> {
    let trusting = |name: &str, ca_pem: &str| match Client::new(ca_pem) {
        Ok(client) => Some((name.to_owned(), client)),
        Err(e) => {
            tracing::error!(webhook = name, error = ?e, "its certificate is unusable");
            None
        }
    };
    let hooks = app.policy.webhooks.iter();
    let hooks = hooks.filter_map(|h| trusting(&h.name, h.ca_pem.as_deref().unwrap_or("")));
    let rongcloud = app.policy.rongcloud.as_ref();
    hooks.chain(rongcloud.and_then(|_| trusting(group::SERVICE, ""))).collect()
}
