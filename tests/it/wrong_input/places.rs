//! Addresses and methods that no row has.

use arctos_box::dialect::{DIALECTS, Dialect, Row, path};
use arctos_box::model::{Conflict, Fault, Thing};
use http_body_util::Full;
use hyper::{Method, Request};

use super::{Sender, call, rows, told};
use crate::ask::Ask;
use crate::failures::REQUEST;
use crate::golden::{Exchange, fits, named};
use crate::world::{Answer, World};

/// Something below each of a dialect's prefixes that is no command.
fn nowhere(dialect: &Dialect) -> Vec<String> {
    let mut all = vec![];
    for row in dialect.rows {
        let link = (dialect.shape.link)(row.address);
        let path = path::params(row.address)
            .fold(link.path, |path, name| path.replace(&format!("{{{name}}}"), "1"));
        if link.query.is_empty() {
            let path = path.trim_end_matches('/');
            all.extend([format!("{path}/x"), format!("{path}//")]);
            all.extend([format!("/{path}"), path.replacen("/", "//", 2)]);
            // In a field it is part of the value.
            if !row.address.ends_with('}') {
                all.extend([format!("{path}%2f"), format!("{path}x")]);
            }
            all.push(path.to_ascii_uppercase());
        } else {
            all.extend([path.clone(), format!("{path}?svc=live"), format!("{path}?svc=a&cmd=b")]);
        }
    }
    all.retain(|path| (dialect.owns)(path.split('?').next().unwrap()));
    // `lessons/x` would be a lesson called x.
    let places = dialect.rows.iter().map(|row| (dialect.shape.link)(row.address));
    let places: Vec<_> = places.filter(|link| link.query.is_empty()).collect();
    all.retain(|path| !places.iter().any(|l| fits(&l.path, &format!("GET {path}"))));
    all.sort();
    all.dedup();
    all
}

#[tokio::test]
async fn an_address_that_no_row_has_is_told_in_the_dialects_envelope() {
    let world = World::new().await;
    for dialect in DIALECTS {
        let paths = nowhere(dialect);
        assert!(!paths.is_empty(), "{}", dialect.name);
        for target in paths {
            for method in [Method::POST, Method::GET, Method::PUT, Method::DELETE] {
                let answer = raw(&world, method.clone(), &target, "{}").await;
                let missing = (dialect.fault)(None, &Fault::Missing(Thing::Page), REQUEST);
                let wrong =
                    (dialect.fault)(None, &Fault::Conflict(Conflict::MethodNotAllowed), REQUEST);
                let known = [name(dialect, missing), name(dialect, wrong)];
                let body = serde_json::from_slice(&answer.body).unwrap_or_default();
                let line = format!("{method} {target}");
                let said = named(dialect, &Exchange { line, status: answer.status, body });
                assert!(known.contains(&said), "{method} {target}: {}", answer.text());
            }
        }
    }
}

fn name(dialect: &Dialect, sealed: arctos_box::dialect::Sealed) -> String {
    let body = serde_json::from_slice(&sealed.body).unwrap();
    let status = sealed.status.as_u16();
    named(dialect, &Exchange { line: String::new(), status, body })
}

#[tokio::test]
async fn a_method_that_no_row_has_there_is_told() {
    let mut sender = Sender::new().await;
    for (dialect, row) in rows() {
        let wanted = told(dialect, row, &Fault::Conflict(Conflict::MethodNotAllowed));
        let taken: Vec<&str> = at_the_same_place(dialect, row);
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "PROPFIND"] {
            if taken.contains(&method) {
                continue;
            }
            let ask = sender.good(dialect, row).by(method);
            let answer = sender.send(dialect, row, &ask).await;
            let at = format!("{} {method} {}: {}", dialect.name, row.address, answer.text());
            assert_eq!(call(dialect, row, &answer), wanted, "{at}");
        }
    }
}

fn at_the_same_place(dialect: &Dialect, row: &Row) -> Vec<&'static str> {
    let same = dialect.rows.iter().filter(|other| other.address == row.address);
    same.flat_map(|other| other.methods).map(|verb| verb.as_str()).collect()
}

#[tokio::test]
async fn a_trailing_slash_makes_no_difference() {
    let world = World::new().await;
    for (dialect, row) in rows() {
        if !(dialect.shape.link)(row.address).query.is_empty() {
            continue;
        }
        let ask = Ask::new();
        let ask = path::params(row.address).fold(ask, |ask, name| ask.param(name, 1));
        let target = ask.target(dialect, row);
        let bare = target.trim_end_matches('/').to_owned();
        let method: Method = row.methods[0].as_str().parse().unwrap();
        let mut said = Vec::new();
        for target in [bare.clone(), format!("{bare}/")] {
            let answer = raw(&world, method.clone(), &target, "{}").await;
            said.push((answer.status, answer.text()));
        }
        assert_eq!(said[0], said[1], "{} {}", dialect.name, row.address);
    }
}

#[tokio::test]
async fn the_five_dialects_answer_a_pre_flight_and_are_open_to_all_and_the_boxs_own_api_is_not() {
    let world = World::new().await;
    for (dialect, row) in rows() {
        let ask = path::params(row.address).fold(Ask::new(), |ask, name| ask.param(name, 1));
        let ask = ask.header("Origin", "http://elsewhere.test");
        let wish = ask.clone().by("OPTIONS").header("Access-Control-Request-Method", "POST");
        let preflight = wish.send(&world, dialect, row).await;
        let answer = ask.send(&world, dialect, row).await;
        let at = format!("{} {}", dialect.name, row.address);
        for answer in [&preflight, &answer] {
            let open = answer.headers.get("access-control-allow-origin");
            assert_eq!(open.map(|v| v.as_bytes()), dialect.cors.then_some(&b"*"[..]), "{at}");
        }
        if dialect.cors {
            assert_eq!((preflight.status, preflight.body.len()), (204, 0), "{at}");
            let allowed = preflight.headers["access-control-allow-headers"].to_str().unwrap();
            assert!(allowed.contains("Authorization"), "{at}: {allowed}");
        }
    }
}

pub async fn raw(world: &World, method: Method, target: &str, body: &'static str) -> Answer {
    let request = Request::builder().method(method).uri(target).header("host", "box.test");
    world.request(request.body(Full::new(body.into())).unwrap()).await
}
