//! Every request, first hop: which dialect or page a path belongs to. Tests call `answer` as hyper does.

use std::fmt::Display;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;

use bytes::Bytes;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::health::Health;
use crate::dialect::serve::{self, Heard};
use crate::dialect::{DIALECTS, Dialect, RequestId, credentials, describe, openapi};
use crate::domain::{Appliance, staff};
use crate::http::listener::Answer;
use crate::http::{Body, Peer, reply};
use crate::model::{Clock, Millis};
use crate::ops::metrics::Metrics;
use crate::web::{channel, course, files, live, watch};

/// What the box says of its API: made when first asked for, then the same for all, however slowly they read.
static API_PAGE: OnceLock<Bytes> = OnceLock::new();
static OPENAPI: OnceLock<Bytes> = OnceLock::new();

/// All that answers on the main listeners.
pub struct Site {
    pub app: Arc<Appliance>,
    pub clock: Clock,
    pub metrics: Arc<Metrics>,
    pub health: Arc<Health>,
    /// The box's CA certificate (PEM), once HTTPS is set up.
    pub ca_pem: Option<Bytes>,
    requests: AtomicU64,
}

impl Site {
    pub fn new(
        app: Arc<Appliance>,
        clock: Clock,
        metrics: Arc<Metrics>,
        health: Arc<Health>,
        ca_pem: Option<Bytes>,
    ) -> Self {
        Self { app, clock, metrics, health, ca_pem, requests: AtomicU64::new(0) }
    }

    /// The future of a dialect's request is small: what takes more keeps it in a box of its own.
    pub fn answer<B>(self: &Arc<Self>, request: Request<B>, peer: Peer) -> Answer
    where
        B: hyper::body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Display + Send + Sync + 'static,
    {
        let path = request.uri().path();
        let site = self.clone();
        if path == channel::PATH && request.headers().contains_key(header::UPGRADE) {
            let limits = channel::LIMITS;
            let answer = channel::answer(&site.app, &site.clock, request, peer, limits);
            return Box::pin(std::future::ready(answer));
        }
        if live::owns(path) && request.headers().contains_key(header::UPGRADE) {
            return Box::pin(async move { live::answer(&site.app, &site.clock, request).await });
        }
        match DIALECTS.iter().find(|d| (d.owns)(path)) {
            Some(dialect) => Box::pin(site.speak(dialect, request, peer)),
            None => Box::pin(async move { site.show(request, peer).await }),
        }
    }

    /// What no dialect owns.
    async fn show<B>(&self, request: Request<B>, peer: Peer) -> Response<Body>
    where
        B: hyper::body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Display + Send + Sync + 'static,
    {
        let now = self.clock.moment();
        let path = request.uri().path();
        if path.starts_with("/files/") {
            return files::answer(&self.app, request, peer, now).await;
        }
        if course::owns(path) {
            return course::answer(&self.app, request, peer, now).await;
        }
        if path.starts_with("/watch/") || path.starts_with("/media/") {
            let asked = watch::Asked {
                method: request.method(),
                path,
                query: request.uri().query().unwrap_or(""),
                headers: request.headers(),
                now,
            };
            return watch::answer(&self.app, asked).await;
        }
        if request.method() != Method::GET && request.method() != Method::HEAD {
            return watch::sentence(StatusCode::NOT_FOUND, "there is no such address");
        }
        let insider = peer.addr.is_loopback() || self.is_administrators(request.headers());
        self.plain(path, insider).await
    }

    /// What a port of one dialect's own answers, whatever the path.
    pub fn speak<B>(
        self: Arc<Self>,
        dialect: &'static Dialect,
        request: Request<B>,
        peer: Peer,
    ) -> impl Future<Output = Response<Body>> + Send + use<B>
    where
        B: hyper::body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Display + Send + Sync + 'static,
    {
        let now = self.clock.moment();
        let mut heard = Heard::new(request, peer, now);
        async move {
            let number = self.requests.fetch_add(1, Ordering::Relaxed);
            let id = RequestId { wall: now.wall, number };
            let mut answering = pin!(serve::answer(&self.app, dialect, &mut heard, id));
            // What waits for nothing takes less time than is counted: nobody needs to look at the clock again.
            let at_once = poll_fn(|cx| Poll::Ready(answering.as_mut().poll(cx))).await;
            if let Poll::Ready((answer, label)) = at_once {
                self.metrics.answered(label, Millis(0));
                return answer;
            }
            let (answer, label) = answering.await;
            self.metrics.answered(label, self.clock.steady() - now.steady);
            answer
        }
    }

    fn is_administrators(&self, headers: &HeaderMap) -> bool {
        let token = credentials::scheme_token(headers, &["bearer"]);
        token.is_ok_and(|token| staff::is_administrators(&self.app, token, self.clock.moment()))
    }

    /// Addresses of the box itself that take no input.
    async fn plain(&self, path: &str, insider: bool) -> Response<Body> {
        match path {
            "/" => home(),
            "/healthz" => reply::text(StatusCode::OK, "ok\n"),
            "/readyz" => {
                let (ready, body) = self.health.report(&self.app, self.clock.moment()).await;
                let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
                reply::json(status, body)
            }
            "/metrics" if insider => match self.metrics.text(&self.app).await {
                Ok(text) => reply::whole(
                    StatusCode::OK,
                    "application/openmetrics-text; version=1.0.0; charset=utf-8",
                    text.into(),
                ),
                Err(_) => watch::sentence(StatusCode::SERVICE_UNAVAILABLE, "try again"),
            },
            "/metrics" => watch::sentence(
                StatusCode::FORBIDDEN,
                "metrics are shown on the box itself, or to an administrator",
            ),
            "/ca.crt" => match &self.ca_pem {
                Some(pem) => {
                    reply::whole(StatusCode::OK, "application/x-x509-ca-cert", pem.clone())
                }
                None => watch::sentence(StatusCode::NOT_FOUND, "HTTPS is off on this box"),
            },
            "/box/api" => match once(&API_PAGE, || describe::page(DIALECTS)).await {
                Some(html) => page(html),
                None => watch::sentence(StatusCode::SERVICE_UNAVAILABLE, "try again"),
            },
            "/box/openapi.json" => match once(&OPENAPI, || openapi::document(DIALECTS)).await {
                Some(document) => reply::json(StatusCode::OK, document),
                None => watch::sentence(StatusCode::SERVICE_UNAVAILABLE, "try again"),
            },
            _ => watch::sentence(StatusCode::NOT_FOUND, "there is no such address"),
        }
    }
}

/// A megabyte takes its time to make: nobody else waits for it, and who hangs up meanwhile does not have it made again.
async fn once(made: &'static OnceLock<Bytes>, make: fn() -> String) -> Option<Bytes> {
    if let Some(made) = made.get() {
        return Some(made.clone());
    }
    let making = tokio::task::spawn_blocking(move || made.get_or_init(|| make().into()).clone());
    making.await.ok()
}

fn home() -> Response<Body> {
    let mut answer = reply::text(StatusCode::FOUND, "See /box/api\n");
    answer.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/box/api"));
    answer
}

fn page(html: Bytes) -> Response<Body> {
    let mut answer = reply::whole(StatusCode::OK, "text/html; charset=utf-8", html);
    answer.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'"),
    );
    answer
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[tokio::test]
    async fn who_hangs_up_does_not_have_a_document_made_again() {
        static DOCUMENT: OnceLock<Bytes> = OnceLock::new();
        static MADE: AtomicU64 = AtomicU64::new(0);
        static ALL_GONE: AtomicBool = AtomicBool::new(false);
        let make = || {
            MADE.fetch_add(1, Ordering::Relaxed);
            while !ALL_GONE.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            "document".to_owned()
        };
        for _ in 0..10 {
            let mut asked = pin!(once(&DOCUMENT, make));
            poll_fn(|cx| Poll::Ready(asked.as_mut().poll(cx).is_ready())).await;
        }
        ALL_GONE.store(true, Ordering::Relaxed);
        assert_eq!(once(&DOCUMENT, make).await.unwrap(), "document");
        assert_eq!(MADE.load(Ordering::Relaxed), 1);
    }
}
