//! The way to LeanCloud and back, with the channel's keys: each running lesson has a conversation there, named
//! after its number, with the box among its members. Answers leave by the outbox; applications are fetched.
//! Without the keys nothing of this runs.

mod fetch;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::domain::Appliance;
use crate::domain::policy::LeanCloud;
use crate::http::client::{Client, Outgoing, send};
use crate::model::outbox::Parcel;
use crate::model::{Moment, RoomId};
use crate::wire::leancloud::rest::{self, Said};

pub use fetch::run;

/// One exchange. The next look at a lesson waits for it.
const PATIENCE: Duration = Duration::from_secs(5);
/// A hundred messages of at most 5 KB each.
const ANSWER_MAX: usize = 1024 * 1024;

/// The box as a caller of LeanCloud's REST API.
pub struct Line {
    box_name: String,
    service: LeanCloud,
    client: Client,
    conversations: Mutex<HashMap<RoomId, String>>,
}

impl Line {
    /// `None` without keys.
    pub fn of(app: &Appliance) -> Option<Arc<Self>> {
        let service = app.policy.channel.leancloud.clone()?;
        let client = Client::new("").expect("no further certificate cannot be a wrong one");
        let box_name = app.policy.box_name.clone();
        Some(Arc::new(Self { box_name, service, client, conversations: Mutex::default() }))
    }

    /// Sends an answer into its lesson's conversation.
    ///
    /// # Errors
    /// Why it was not taken, for the log.
    pub async fn tell(&self, parcel: &Parcel, now: Moment) -> Result<(), String> {
        let conversation = self.conversation(parcel.room, now).await?;
        let body = rest::message(&self.box_name, &conversation, &parcel.body);
        self.call(Method::POST, rest::MESSAGES, body, now).await.map(drop)
    }

    /// What was said in a lesson, newest first; before a message, if one is given.
    async fn history(
        &self,
        room: RoomId,
        before: Option<&Said>,
        now: Moment,
    ) -> Result<Vec<Said>, String> {
        let conversation = self.conversation(room, now).await?;
        let path = rest::history(&conversation, before);
        let body = self.call(Method::GET, &path, String::new(), now).await?;
        rest::read_history(&body).ok_or_else(|| "the answer is no history".to_owned())
    }

    /// LeanCloud has one conversation of the same members, however often it is made.
    async fn conversation(&self, room: RoomId, now: Moment) -> Result<String, String> {
        let known = || self.conversations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = known().get(&room) {
            return Ok(id.clone());
        }
        let members = [self.box_name.clone(), format!("{}-{room}", self.box_name)];
        let body = rest::conversation(&room.to_string(), &members);
        let made = self.call(Method::POST, rest::CONVERSATIONS, body, now).await?;
        let id = rest::read_conversation(&made).ok_or("the answer names no conversation")?;
        known().insert(room, id.clone());
        Ok(id)
    }

    /// Conversations of these lessons are needed no more.
    fn keep(&self, rooms: &[RoomId]) {
        let mut known = self.conversations.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|room, _| rooms.contains(room));
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: String,
        now: Moment,
    ) -> Result<Bytes, String> {
        let mut headers = HeaderMap::new();
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        for (name, value) in [
            ("x-lc-id", self.service.app_id.clone()),
            ("x-lc-sign", rest::sign(&self.service.master_key, now.wall)),
        ] {
            let value = HeaderValue::from_str(&value).map_err(|e| format!("{name}: {e}"))?;
            headers.insert(HeaderName::from_static(name), value);
        }
        let outgoing = Outgoing {
            method,
            url: format!("{}{path}", self.service.server),
            headers,
            body: body.into(),
            timeout: PATIENCE,
            answer_max: ANSWER_MAX,
        };
        let answer = send(&self.client, outgoing).await.map_err(|e| format!("{e:?}"))?;
        match answer.status {
            200..300 => Ok(answer.body),
            status => Err(format!("answered {status}")),
        }
    }
}
