//! Wrong input to every command of document 001: named in the answer, never a crash, never our fault.
//! Built from the route table, so that a new row is covered by being there.

mod chaos;

use arctos_box::dialect::edu::DIALECT;
use arctos_box::dialect::fields::{Field, Kind};
use arctos_box::dialect::{Access, Row};
use http_body_util::Full;
use hyper::{Method, Request};
use serde_json::{Value, json};

use crate::plausible::{self, code, info, smallest};
use crate::world::{Answer, World};

/// Sends bodies to one row after the other; each callback gets a signature of its own.
struct Sender {
    world: World,
    token: String,
    sent: i64,
}

impl Sender {
    async fn new() -> Self {
        let world = World::new().await;
        let token = world.teacher("ann").await;
        Self { world, token, sent: 0 }
    }

    fn good(&mut self, row: &Row) -> Value {
        let mut body = plausible::body(row, &self.token);
        if row.access == Access::Signed {
            self.sent += 1;
            plausible::sign(&self.world, &mut body, self.sent % 600);
        }
        body
    }

    async fn send(&self, row: &Row, body: String) -> Answer {
        let (svc, cmd) = row.address.split_once('/').unwrap();
        self.world.post(svc, cmd, body).await
    }

    /// The answer must be 10003 and name the field.
    async fn refused(&self, row: &Row, body: &Value, name: &str) {
        let shown = body.to_string();
        let shown = shown.get(..300).unwrap_or(&shown).to_owned();
        let answer = self.send(row, body.to_string()).await;
        assert_eq!(answer.status, 200);
        let answer = answer.json();
        assert_eq!(code(&answer), 10003, "{} {name} {shown}: {answer}", row.address);
        if let Some(info) = info(&answer) {
            assert!(info.contains(name), "{} {shown}: {name} is not in {info}", row.address);
        }
    }
}

#[tokio::test]
async fn a_missing_field_is_named() {
    let mut sender = Sender::new().await;
    for row in DIALECT.rows {
        for path in paths(row.input) {
            if !path.iter().all(|f| f.required) {
                continue;
            }
            let mut body = sender.good(row);
            let name = path[path.len() - 1].name;
            inner(&mut body, &path).as_object_mut().unwrap().remove(name);
            sender.refused(row, &body, name).await;
        }
        if row.access != Access::Signed {
            for name in ["appid", "timeStamp"] {
                let mut body = sender.good(row);
                body.as_object_mut().unwrap().remove(name);
                sender.refused(row, &body, name).await;
            }
        }
    }
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_named() {
    let mut sender = Sender::new().await;
    for row in DIALECT.rows {
        for path in paths(row.input) {
            let field = path[path.len() - 1];
            for wrong in of_wrong_type(&field) {
                let mut body = sender.good(row);
                inner(&mut body, &path)[field.name] = wrong;
                sender.refused(row, &body, field.name).await;
            }
        }
        if row.access != Access::Signed {
            for name in ["appid", "timeStamp"] {
                for wrong in
                    [json!("1"), json!(1.5), json!(null), json!([1]), json!({}), json!(true)]
                {
                    let mut body = sender.good(row);
                    body[name] = wrong;
                    sender.refused(row, &body, name).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_field_out_of_its_limits_is_named_and_one_on_its_limit_is_not() {
    let mut sender = Sender::new().await;
    for row in DIALECT.rows {
        for path in paths(row.input) {
            let field = path[path.len() - 1];
            for (value, fits) in at_the_limits(field.kind) {
                let mut body = sender.good(row);
                inner(&mut body, &path)[field.name] = value;
                if !fits {
                    sender.refused(row, &body, field.name).await;
                    continue;
                }
                let answer = sender.send(row, body.to_string()).await.json();
                let info = info(&answer).unwrap_or("");
                for words in ["must have at", "must be at", "must be from", "must be an integer"] {
                    let blamed = format!("field {} {words}", field.name);
                    assert!(!info.contains(&blamed), "{}: {info}", row.address);
                }
            }
        }
    }
    for wrong in [0, -1] {
        let body = json!({"appid": wrong, "id": "x", "pwd": "x"});
        let answer = sender.world.edu("account/login", body).await;
        assert_eq!((&answer["errorCode"], code(&answer)), (&json!(10003), 10003));
    }
}

#[tokio::test]
async fn what_is_not_one_json_object_is_10002() {
    let sender = Sender::new().await;
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    let wrong = [
        "{",
        "{\"appid\":}",
        "{\"appid\":1,}",
        "{}{}",
        "{} x",
        "[]",
        "[{\"appid\":1}]",
        "\"{}\"",
        "7",
        "null",
        "true",
        "appid=1&timeStamp=2",
        "\u{feff}{}",
        "{\"a\":\"\n\"}",
        "{'appid':1}",
        "{\"a\":NaN}",
        &deep,
    ];
    for row in DIALECT.rows {
        for body in wrong {
            let answer = sender.send(row, body.into()).await;
            assert_eq!(answer.status, 200);
            let answer = answer.json();
            let shown = body.get(..40).unwrap_or(body);
            assert_eq!(code(&answer), 10002, "{} {shown}: {answer}", row.address);
        }
        let (svc, cmd) = row.address.split_once('/').unwrap();
        let answer =
            sender.world.post(svc, cmd, vec![b'{', b'"', 0xff, b'"', b':', b'1', b'}']).await;
        assert_eq!(code(&answer.json()), 10002, "{}: not UTF-8", row.address);
    }
}

#[tokio::test]
async fn a_deep_value_is_refused_or_passed_over_and_never_a_crash() {
    let mut sender = Sender::new().await;
    let deep = |open: &str, close: &str| open.repeat(10_000) + "1" + &close.repeat(10_000);
    for row in DIALECT.rows {
        for value in [deep("[", "]"), "{\"a\":".repeat(5000) + "1" + &"}".repeat(5000)] {
            for field in row.input {
                let good = sender.good(row).to_string();
                let body =
                    format!("{},\"{}\":{value}}}", good.strip_suffix('}').unwrap(), field.name);
                let answer = sender.send(row, body).await.json();
                assert_eq!(code(&answer), 10003, "{} {}: {answer}", row.address, field.name);
            }
            let good = sender.good(row).to_string();
            let body = format!("{},\"unknown\":{value}}}", good.strip_suffix('}').unwrap());
            assert_ne!(code(&sender.send(row, body).await.json()), 90000, "{}", row.address);
        }
    }
}

#[tokio::test]
async fn a_body_over_its_limit_is_10003_with_the_limit() {
    let sender = Sender::new().await;
    for row in DIALECT.rows {
        let body = format!("{{\"title\":\"{}\"}}", "x".repeat(2 << 20));
        let answer = sender.send(row, body).await.json();
        assert_eq!(code(&answer), 10003, "{}: {answer}", row.address);
        if let Some(info) = info(&answer) {
            assert!(info.contains(&row.body_max.to_string()), "{}: {info}", row.address);
        }
    }
    let room = sender.world.room(&sender.token).await;
    let body =
        json!({"token": sender.token, "roomnum": room, "appid": 1_400_000_000, "timeStamp": 1});
    let body = body.to_string();
    let padded = body.clone() + &" ".repeat(64 * 1024 - body.len());
    let answer = sender.world.post("live", "startcourse", padded).await.json();
    assert_eq!(answer["errorCode"], 0, "64 KiB are not too many: {answer}");
}

#[tokio::test]
async fn of_two_members_with_one_name_the_last_counts() {
    let sender = Sender::new().await;
    let token = &sender.token;
    let body = format!(
        "{{\"appid\":\"x\",\"appid\":1400000000,\"timeStamp\":1,\"token\":\"{token}\",\
         \"title\":7,\"title\":\"a\",\"t\\u0069tle\":\"b\"}}"
    );
    let answer = sender.world.post("live", "create", body).await.json();
    let room = answer["data"]["roomnum"].as_i64().unwrap();
    assert_eq!(sender.world.row(token, room).await["title"], "b");
}

#[tokio::test]
async fn an_unknown_command_is_10001() {
    let world = World::new().await;
    let queries = [
        "",
        "?",
        "?svc=live",
        "?cmd=create",
        "?svc=live&cmd=",
        "?svc=&cmd=create",
        "?svc=live&cmd=creat",
        "?svc=account&cmd=create",
        "?svc=Live&cmd=create",
        "?svc=live&cmd=create%00",
        "?svc=%ff&cmd=create",
        "?svc=live/create",
        "?svc=live&cmd=create/",
    ];
    for query in queries {
        for method in [Method::POST, Method::GET, Method::PUT] {
            let answer = raw(&world, method, &format!("/index.php{query}"), &[], "{}").await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.json()["errorCode"], 10001, "{query}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn every_method_but_post_is_10001() {
    let world = World::new().await;
    for row in DIALECT.rows {
        let (svc, cmd) = row.address.split_once('/').unwrap();
        for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH] {
            let target = format!("/index.php?svc={svc}&cmd={cmd}");
            let answer = raw(&world, method, &target, &[], "{}").await;
            assert_eq!((answer.status, code(&answer.json())), (200, 10001), "{}", row.address);
        }
    }
}

#[tokio::test]
async fn any_path_content_type_and_origin_is_served_and_every_answer_is_open_to_all() {
    let world = World::new().await;
    let body = |id: &str| json!({"appid": 7, "timeStamp": 1, "id": id, "pwd": "x", "role": 0});
    let form = ("content-type", "application/x-www-form-urlencoded");
    let paths = ["/index.php", "/sxb/index.php", "/a/b%20c/index.php", "//index.php"];
    for (n, path) in paths.into_iter().enumerate() {
        let target = format!("{path}?svc=account&cmd=regist&x=1");
        let body = body(&format!("u{n}")).to_string();
        let headers = [form, ("origin", "http://elsewhere.test")];
        let answer = raw(&world, Method::POST, &target, &headers, &body).await;
        assert_eq!(answer.text(), r#"{"errorCode":0,"errorInfo":""}"#, "{path}");
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        assert_eq!(answer.headers["content-type"], "application/json");
    }
    let escaped = "/index.php?cmd=log%69n&svc=account";
    let answer = raw(&world, Method::POST, escaped, &[], "").await;
    assert_eq!(answer.json()["errorCode"], 10003, "an empty body is an empty object");
    for (method, target) in [(Method::GET, "/index.php"), (Method::POST, escaped)] {
        let answer = raw(&world, method, target, &[], "not JSON").await;
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
    }
    let headers = [("origin", "http://e.test"), ("access-control-request-method", "POST")];
    let answer = raw(&world, Method::OPTIONS, "/x/index.php?svc=a&cmd=b", &headers, "").await;
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
    let allowed = answer.headers["access-control-allow-methods"].to_str().unwrap();
    assert!(allowed.contains("POST"), "{allowed}");
    let answer = raw(&world, Method::POST, "/index.php5?svc=account&cmd=login", &[], "{}").await;
    assert_eq!(answer.status, 404);
}

async fn raw(
    world: &World,
    method: Method,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut request = Request::builder().method(method).uri(target).header("host", "box.test");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    world.request(request.body(Full::new(body.to_owned().into())).unwrap()).await
}

/// Every field of an input with the objects it stands in.
fn paths(fields: &'static [Field]) -> Vec<Vec<Field>> {
    let mut all = Vec::new();
    for field in fields {
        all.push(vec![*field]);
        if let Kind::Object(members) = field.kind {
            all.extend(paths(members).into_iter().map(|path| [vec![*field], path].concat()));
        }
    }
    all
}

/// The object that the last field of the path stands in; made where it is optional.
fn inner<'a>(body: &'a mut Value, path: &[Field]) -> &'a mut Value {
    let mut at = body;
    for field in &path[..path.len() - 1] {
        if at.get(field.name).is_none() {
            at[field.name] = smallest(field.kind);
        }
        at = &mut at[field.name];
    }
    at
}

fn of_wrong_type(field: &Field) -> Vec<Value> {
    let mut wrong = match field.kind {
        Kind::Text { .. } => vec![json!(1), json!({}), json!([]), json!(["x"]), json!(true)],
        Kind::Integer { .. } => {
            vec![json!("x"), json!(""), json!(1.5), json!({}), json!([1]), json!(true)]
        }
        Kind::Number => vec![json!("x"), json!({}), json!([])],
        Kind::Object(_) | Kind::Any => {
            vec![json!("{}"), json!(1), json!([]), json!([{}]), json!(true)]
        }
        Kind::List(_) => vec![json!("[]"), json!(1), json!({})],
        Kind::Texts { .. } => vec![json!("[]"), json!(1), json!({}), json!([1]), json!([null])],
        Kind::Boolean => vec![json!("x"), json!(1), json!({}), json!([])],
        Kind::File { .. } => vec![json!("x"), json!(1), json!({}), json!("data:,x")],
    };
    // For a field that may be absent, null says that it is.
    if field.required {
        wrong.push(Value::Null);
    }
    wrong
}

/// Values just inside (true) and just outside the limits.
fn at_the_limits(kind: Kind) -> Vec<(Value, bool)> {
    let mut values = Vec::new();
    match kind {
        Kind::Text { min, max } => {
            values.push((json!("x".repeat(max)), true));
            values.push((json!("x".repeat(max + 1)), false));
            if min > 0 {
                values.push((json!("x".repeat(min - 1)), false));
            }
        }
        Kind::Integer { min, max } => {
            values.extend([(json!(min), true), (json!(max), true)]);
            if let Some(below) = min.checked_sub(1) {
                values.push((json!(below), false));
            }
            match max.checked_add(1) {
                Some(above) => values.push((json!(above), false)),
                None => values.push((json!(u64::MAX), false)),
            }
        }
        Kind::Texts { items, max } => {
            values.push((json!(vec!["x"; items]), true));
            values.push((json!(vec!["x"; items + 1]), false));
            values.push((json!(["x".repeat(max + 1)]), false));
        }
        Kind::Number | Kind::Boolean | Kind::File { .. } => {}
        Kind::Object(_) | Kind::List(_) | Kind::Any => {}
    }
    values
}
