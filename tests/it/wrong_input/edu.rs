//! What document 001 has of its own: an address in the query, common fields, any path and type of body.

use http_body_util::Full;
use hyper::{Method, Request};
use serde_json::json;

use crate::plausible::code;
use crate::world::{Answer, World};

#[tokio::test]
async fn an_appid_is_a_number_from_one_up() {
    let world = World::new().await;
    for wrong in [json!(0), json!(-1), json!("1"), json!(1.5), json!(null), json!([1])] {
        let body = json!({"appid": wrong, "id": "x", "pwd": "x"});
        let answer = world.edu("account/login", body).await;
        assert_eq!((&answer["errorCode"], code(&answer)), (&json!(10003), 10003));
        assert!(answer["errorInfo"].as_str().unwrap().contains("appid"), "{answer}");
    }
}

#[tokio::test]
async fn of_two_members_with_one_name_the_last_counts() {
    let world = World::new().await;
    let token = &world.teacher("ann").await;
    let body = format!(
        "{{\"appid\":\"x\",\"appid\":1400000000,\"timeStamp\":1,\"token\":\"{token}\",\
         \"title\":7,\"title\":\"a\",\"t\\u0069tle\":\"b\"}}"
    );
    let answer = world.post("live", "create", body).await.json();
    let room = answer["data"]["roomnum"].as_i64().unwrap();
    assert_eq!(world.row(token, room).await["title"], "b");
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
