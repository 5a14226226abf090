//! Who stands before a page that lives on the session cookie, and by which name they came.

use std::sync::Arc;

use hyper::Method;
use hyper::header::HeaderMap;
use hyper::http::request::Parts;

use crate::domain::Appliance;
use crate::http::{Peer, cookie, host};
use crate::model::user::Actor;
use crate::model::{Conflict, Fault, Moment, Refusal};

pub struct Door<'a> {
    pub app: &'a Arc<Appliance>,
    pub method: &'a Method,
    pub query: &'a str,
    pub headers: &'a HeaderMap,
    /// The name and port that the browser used; empty when it said none.
    pub host: &'a str,
    /// That name is the box's.
    pub is_ours: bool,
    pub now: Moment,
    secure: bool,
}

impl<'a> Door<'a> {
    pub fn of(app: &'a Arc<Appliance>, head: &'a Parts, peer: Peer, now: Moment) -> Self {
        let host = host::named(&head.headers, &head.uri).unwrap_or_default();
        Self {
            app,
            method: &head.method,
            query: head.uri.query().unwrap_or(""),
            headers: &head.headers,
            host,
            is_ours: app.policy.is_called(host),
            now,
            secure: peer.secure,
        }
    }

    /// # Errors
    /// `Conflict(MethodNotAllowed)`.
    pub fn only(&self, methods: &[Method]) -> Result<(), Fault> {
        match methods.contains(self.method) {
            true => Ok(()),
            false => Err(Fault::Conflict(Conflict::MethodNotAllowed)),
        }
    }

    /// Whose session the cookie is.
    ///
    /// # Errors
    /// `Unauthenticated`.
    pub fn actor(&self) -> Result<Arc<Actor>, Fault> {
        let token = cookie::session(self.headers, self.secure);
        let token = token.ok_or(Fault::Unauthenticated(Refusal::Absent))?;
        self.app.sessions.actor(token, self.now)
    }

    /// The same for what changes something: the browser must say that a page of this very host asks.
    ///
    /// # Errors
    /// `Unauthenticated`, or `Denied` for another site's page.
    pub fn actor_who_acts(&self) -> Result<Arc<Actor>, Fault> {
        let public = self.app.policy.public_url.as_deref();
        if cookie::is_of_the_box(self.headers, self.host, self.secure, public) {
            return self.actor();
        }
        Err(Fault::denied("this is for the box's own pages"))
    }
}
