//! HTTP/1 on one connection, plain or within TLS. A request that comes whole and is answered from one piece of memory
//! needs no hyper (`swift`). What is anything else is hyper's, until the connection rests.

use std::cell::Cell;
use std::convert::Infallible;
use std::fmt::Display;
use std::future::{Future, poll_fn, ready};
use std::io::{self, Cursor};
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::listener::{Answer, HEADER_BYTES, HEADERS, Hold, Service, answer};
use super::patience::Patient;
use super::{Body, Inbound, Peer, swift};

/// What is read of a client that goes on before it has heard its answer; with the request it stays until that is out.
const EARLY_MAX: usize = 1024;

/// What hyper has to deal with: bytes that were read, and the answer to the request in them, if somebody was asked.
struct Handed {
    bytes: Bytes,
    answer: Option<Answer>,
}

/// Serves it until it ends. Between two requests there is only the stream.
pub(super) async fn serve<S>(stream: S, peer: Peer, service: Service, hold: Hold)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut stream = Patient::new(stream, hold.phase.clone());
    let (mut own, word) = (hold.clone(), hold.drain.clone());
    let mut drained = pin!(own.drained());
    let (mut asked, mut down) = (false, false);
    let mut goes_down = move |cx: &mut Context<'_>| {
        // Asked once, the drain wakes this task by itself; then its flag is enough.
        if down || asked && matches!(word.has_changed(), Ok(false)) {
            return down;
        }
        asked = tokio::task::coop::has_budget_remaining();
        down = drained.as_mut().poll(cx).is_ready();
        down
    };
    let mut unread = Bytes::new();
    loop {
        let handed = match unread.is_empty() {
            true => swiftly(&mut stream, peer, &service, &mut goes_down).await,
            false => Ok(Some(Handed { bytes: unread, answer: None })),
        };
        let Handed { bytes, answer } = match handed {
            Ok(Some(handed)) => handed,
            Ok(None) => return,
            Err(e) => return ended(&e, peer),
        };
        stream.serve(bytes);
        let answering = answering(service.clone(), peer, hold.clone(), answer);
        // There is room for it only while it is there.
        let served = Box::pin(with_hyper(stream, answering, &hold, &mut goes_down)).await;
        (stream, unread) = match served {
            Ok(Some(rested)) => rested,
            Ok(None) => return,
            Err(e) => return ended(&e, peer),
        };
    }
}

fn ended(e: &dyn Display, peer: Peer) {
    tracing::debug!(error = %e, peer = %peer.addr, "connection ended");
}

/// Answers requests until one comes that hyper has to deal with. `None` when the box goes down.
async fn swiftly<S>(
    stream: &mut Patient<S>,
    peer: Peer,
    service: &Service,
    goes_down: &mut impl FnMut(&mut Context<'_>) -> bool,
) -> io::Result<Option<Handed>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let next = poll_fn(|cx| match goes_down(cx) {
            true => Poll::Ready(Ok(None)),
            false => read(stream, cx).map_ok(Some),
        });
        let bytes = match next.await {
            Ok(Some(bytes)) => bytes,
            end => {
                goodbye(stream).await;
                return end.map(|_| None);
            }
        };
        let Some(request) = swift::request(&bytes) else {
            return Ok(Some(Handed { bytes, answer: None }));
        };
        let mut asked = answer(service, request, peer);
        let made = match poll_fn(|cx| answered(&mut asked, stream, cx)).await? {
            Ok(made) => made,
            Err(early) => {
                let bytes = Bytes::from([bytes, early].concat());
                return Ok(Some(Handed { bytes, answer: Some(asked) }));
            }
        };
        let last = poll_fn(|cx| Poll::Ready(goes_down(cx))).await;
        let (head, body) = match swift::encoded(made, last) {
            Ok(encoded) => encoded,
            Err(mut made) => {
                if last {
                    made.headers_mut()
                        .insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                let answer: Answer = Box::pin(ready(*made));
                return Ok(Some(Handed { bytes, answer: Some(answer) }));
            }
        };
        let mut out = Cursor::new(head).chain(body);
        poll_fn(|cx| stream.poll_send(&mut out, cx)).await?;
    }
}

/// TLS says that this is the end (RFC 9112, 9.8). Nobody waits for a client that does not take it.
async fn goodbye(stream: &mut (impl AsyncWrite + Unpin)) {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *stream).poll_shutdown(cx).is_ready())).await;
}

/// The first bytes of the next request: mostly all of it.
fn read<S>(stream: &mut Patient<S>, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>>
where
    S: AsyncRead + Unpin,
{
    let mut room = [MaybeUninit::uninit(); swift::REQUEST_MAX];
    let mut room = ReadBuf::uninit(&mut room);
    ready!(stream.poll_next(&mut room, cx))?;
    Poll::Ready(Ok(Bytes::copy_from_slice(room.filled())))
}

/// The answer, or what the client says before it has it. Who hangs up meanwhile gets none.
fn answered<S>(
    asked: &mut Answer,
    stream: &mut Patient<S>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<Result<Response<Body>, Bytes>>>
where
    S: AsyncRead + Unpin,
{
    if let Poll::Ready(made) = asked.as_mut().poll(cx) {
        return Poll::Ready(Ok(Ok(made)));
    }
    let mut room = [MaybeUninit::uninit(); EARLY_MAX];
    let mut room = ReadBuf::uninit(&mut room);
    ready!(stream.poll_early(&mut room, cx))?;
    Poll::Ready(Ok(Err(Bytes::copy_from_slice(room.filled()))))
}

/// Serves until nothing more comes for a while. Then it answers the stream, and what was read of it and not looked at;
/// `None` when the connection has ended.
async fn with_hyper<S, A>(
    stream: Patient<S>,
    answering: A,
    hold: &Hold,
    goes_down: &mut impl FnMut(&mut Context<'_>) -> bool,
) -> hyper::Result<Option<(Patient<S>, Bytes)>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: hyper::service::HttpService<Incoming, ResBody = Body, Error = Infallible>,
{
    let phase = &hold.phase;
    let mut told = false;
    let mut connection =
        http1_server().serve_connection(TokioIo::new(stream), answering).with_upgrades();
    poll_fn(|cx| {
        let mut done = Pin::new(&mut connection).poll(cx);
        // After it has taken what was read: a drain ends what is idle.
        if done.is_pending() && !told && goes_down(cx) {
            told = true;
            Pin::new(&mut connection).graceful_shutdown();
            done = Pin::new(&mut connection).poll(cx);
        }
        if done.is_ready() || !phase.rests() {
            return done;
        }
        // hyper alone knows whether really nothing is under way. If so, it ends here and now.
        Pin::new(&mut connection).graceful_shutdown();
        let done = Pin::new(&mut connection).poll(cx);
        if done.is_pending() {
            phase.rested();
        }
        done
    })
    .await?;
    let parts = connection.into_parts().filter(|_| phase.rested() && !told);
    Ok(parts.map(|parts| {
        let mut stream = parts.io.into_inner();
        stream.rest();
        (stream, parts.read_buf)
    }))
}

fn http1_server() -> http1::Builder {
    let mut server = http1::Builder::new();
    // How long a head may take is `Patient`'s to know.
    server
        .header_read_timeout(None)
        .max_buf_size(HEADER_BYTES as usize)
        .max_header_size(HEADER_BYTES as usize);
    server
}

/// What hyper calls for each request of a connection. `first` is the answer to the first one.
fn answering(
    service: Service,
    peer: Peer,
    hold: Hold,
    first: Option<Answer>,
) -> impl hyper::service::HttpService<Incoming, ResBody = Body, Error = Infallible, Future: Send> + Send
{
    let first = Cell::new(first);
    service_fn(move |mut request: Request<Incoming>| {
        hold.phase.asked();
        // hyper has looked for the header already.
        if request.extensions().get::<OnUpgrade>().is_some() {
            request.extensions_mut().insert(hold.clone());
        }
        let answer: Answer = match first.take() {
            Some(first) => Box::pin(async move {
                // It was heard before; hyper shall not take it for unread.
                let _ = request.into_body().collect().await;
                first.await
            }),
            None if request.headers().len() > HEADERS => Box::pin(ready(too_many_headers())),
            None => answer(&service, request.map(Inbound::Coming), peer),
        };
        let phase = hold.phase.clone();
        async move {
            let answer = answer.await;
            phase.ready(matches!(answer.body(), Body::Read(_)));
            Ok::<_, Infallible>(answer)
        }
    })
}

/// As hyper says it to its own limit, which is a hundred: to be told another one, it would make two tables on the heap
/// for each request.
fn too_many_headers() -> Response<Body> {
    let mut answer = Response::new(Body::whole(Bytes::new()));
    *answer.status_mut() = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}
