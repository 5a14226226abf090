//! Who stands before a page that lives on the session cookie, and by which name they came.

use std::sync::Arc;

use hyper::Method;
use hyper::header::{self, HeaderMap};
use hyper::http::request::Parts;

use crate::domain::Appliance;
use crate::http::{Peer, cookie};
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
        let named = head.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        // HTTP/2 says `:authority` instead.
        let host = named.or(head.uri.authority().map(|a| a.as_str())).unwrap_or_default();
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
        let text = |name| self.headers.get(name).and_then(|value| value.to_str().ok());
        let public = self.app.policy.public_url.as_deref();
        let by_proxy = public.is_some() && text("origin") == public;
        let is_here = cookie::is_same_origin(self.headers, self.host, self.secure);
        if is_here || by_proxy || text("sec-fetch-site") == Some("same-origin") {
            return self.actor();
        }
        Err(Fault::denied("this is for the box's own pages"))
    }
}
