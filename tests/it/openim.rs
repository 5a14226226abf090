//! Document 002 on its own ports, with the real program and the real SDK: who is online, and since when not.

mod inside;
mod relay;
mod sdk;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::{Service, Wire, poll, say, serve};
use crate::socket::{Client, Got};
use relay::Relay;
use sdk::Sdk;

const QUIET: &[&str] = &["--set", "recorder.ffmpeg=/bin/false", "--set", "log.level=error"];

/// A box, and a school's server that knows its secret.
struct School {
    service: Service,
    secret: String,
    _dir: tempfile::TempDir,
}

impl School {
    fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let service = Service::start(dir.path(), QUIET);
        let secrets: Value =
            serde_json::from_str(&say(dir.path(), &["secrets", "--json"]).out).unwrap();
        let secret = secrets["openim_secret"].as_str().unwrap().to_owned();
        Self { service, secret, _dir: dir }
    }

    /// A command on the port of document 002's own.
    async fn call(&self, path: &str, mut body: Value) -> Value {
        body["secret"] = json!(self.secret);
        let mut wire = Wire::open(self.service.at("openim")).await;
        wire.post(path, body.to_string()).await.json()
    }

    /// Somebody new, with a first token.
    async fn register(&self, uid: &str) -> String {
        let body = json!({"platform": 5, "uid": uid, "name": ""});
        let answer = self.call("/auth/user_register", body).await;
        assert_eq!(answer["errCode"], 0, "{answer}");
        answer["data"]["token"].as_str().unwrap().to_owned()
    }

    /// A token other than `old`: they differ by the second.
    async fn another_token(&self, uid: &str, old: &str) -> String {
        poll("another second", Duration::from_secs(5), async || {
            let body = json!({"platform": 5, "uid": uid});
            let answer = self.call("/auth/user_token", body).await;
            let token = answer["data"]["token"].as_str().unwrap();
            (token != old).then(|| token.to_owned())
        })
        .await
    }

    async fn status(&self, uid: &str) -> Value {
        let body = json!({"operationID": "1", "userIDList": [uid]});
        self.call("/user/get_users_online_status", body).await["successResult"][0].clone()
    }

    async fn wait_for(&self, uid: &str, status: &str, within: Duration) -> Duration {
        let began = Instant::now();
        poll(status, within, async || (self.status(uid).await["status"] == status).then_some(()))
            .await;
        began.elapsed()
    }

    async fn come(&self, kind: &str, uid: &str, platform: i64, token: &str) -> Client {
        let path = format!("/?sendID={uid}&platformID={platform}&token={token}");
        Client::open(self.service.at(kind), &path).await
    }

    /// What a gateway answers to the opening handshake of a WebSocket.
    async fn handshake(&self, kind: &str, uid: &str, token: &str) -> (u16, String) {
        let path = format!("/?sendID={uid}&platformID=5&token={token}");
        let headers = [
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "AQIDBAUGBwgJCgsMDQ4PEA=="),
        ];
        let answer = Wire::open(self.service.at(kind)).await.get(&path, &headers).await;
        (answer.status, answer.text())
    }

    /// What a gateway answers to somebody it does not let in.
    async fn refusal(&self, kind: &str, query: &str) -> (u16, String) {
        let answer = Wire::open(self.service.at(kind)).await.get(&format!("/{query}"), &[]).await;
        (answer.status, answer.text())
    }
}

const SOON: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sdk_of_npm_logs_in_is_online_and_logs_out() {
    let school = School::open();
    let token = school.register("ann").await;
    let gateway = school.service.at("json-gateway");
    let mut sdk = Sdk::start(gateway, "ann", &token);
    let login = sdk.next("login").await;
    assert_eq!((&login["errCode"], &login["event"]), (&json!(0), &json!("Login")), "{login}");
    let device = json!([{"platform": "Web", "status": "online"}]);
    let online = json!({"userID": "ann", "status": "online", "detailPlatformStatus": device});
    assert_eq!(school.status("ann").await, online);
    assert_eq!(sdk.call("getLoginStatus").await["data"], "101");
    let unknown = sdk.call("getLoginUser").await;
    assert_eq!(unknown["errCode"], 1004);
    assert!(unknown["errMsg"].as_str().unwrap().contains("GetLoginUser"), "{unknown}");
    assert_eq!(sdk.call("logout").await["errCode"], 0);
    let offline = json!({"userID": "ann", "status": "offline"});
    assert_eq!(school.status("ann").await, offline);

    let mut stranger = Sdk::start(gateway, "ann", "not.a.token");
    let failed = stranger.next("login").await;
    assert_eq!(
        (&failed["errCode"], &failed["errMsg"]),
        (&json!(703), &json!("that's not even a token"))
    );
    assert_eq!(school.status("ann").await, offline);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_cable_is_noticed_within_thirty_seconds() {
    let school = School::open();
    let token = school.register("ann").await;
    let relay = Relay::to(school.service.at("json-gateway")).await;
    let mut sdk = Sdk::start(relay.addr, "ann", &token);
    assert_eq!(sdk.next("OnConnectSuccess").await["errCode"], 0);
    assert_eq!(school.status("ann").await["status"], "online");
    relay.cut();
    let took = school.wait_for("ann", "offline", Duration::from_secs(30)).await;
    println!("offline {took:?} after the cable was cut");
    assert!(took > Duration::from_secs(5), "a pause of the network is no cut cable");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_connection_closes_the_older_which_does_not_come_back_while_it_is_there() {
    let school = School::open();
    let first_token = school.register("ann").await;
    let second_token = school.another_token("ann", &first_token).await;
    for kind in ["gateway", "json-gateway"] {
        let gateway = kind == "gateway";
        let login = |token: &str| {
            let data = json!({"userID": "ann", "token": token}).to_string();
            json!({"reqFuncName": "Login", "operationID": "1", "userID": "ann", "data": data})
        };
        let mut first = school.come(kind, "ann", 5, &first_token).await;
        if !gateway {
            first.send(&login(&first_token)).await;
            assert!(matches!(first.next().await, Got::Text(text) if text.contains("\"Login\"")));
            assert!(
                matches!(first.next().await, Got::Text(text) if text.contains("OnConnectSuccess"))
            );
        }
        school.wait_for("ann", "online", SOON).await;
        let mut second = school.come(kind, "Ann", 5, &second_token).await;
        if !gateway {
            second.send(&login(&second_token)).await;
            let Got::Text(event) = first.next().await else { panic!("no word of it") };
            assert!(event.contains("OnKickedOffline") && event.contains("702"), "{event}");
        }
        assert_eq!(first.next().await, Got::Close(4002, "token has been invalidated".into()));
        assert_eq!(school.status("ann").await["status"], "online");
        if gateway {
            let again = school.handshake(kind, "ann", &first_token).await;
            assert_eq!(again, (702, "token has been invalidated".into()));
        } else {
            let mut again = school.come(kind, "ann", 5, &first_token).await;
            again.send(&login(&first_token)).await;
            assert!(matches!(again.next().await, Got::Text(text) if text.contains("702")));
        }
        drop((first, second));
        school.wait_for("ann", "offline", SOON).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_gateway_says_what_is_wrong_with_a_token_as_the_http_status() {
    let school = School::open();
    let (ann, bob) = (school.register("ann").await, school.register("bob").await);
    let unauthorized = (401, "Unauthorized".to_owned());
    for query in [
        String::new(),
        format!("?sendID=ann&token={ann}"),
        format!("?platformID=5&token={ann}"),
        "?sendID=ann&platformID=5".into(),
        format!("?sendID=ann&platformID=0&token={ann}"),
    ] {
        for kind in ["gateway", "json-gateway"] {
            assert_eq!(school.refusal(kind, &query).await, unauthorized, "{kind} {query}");
        }
    }
    let with = |token: &str| format!("?sendID=ann&platformID=5&token={token}");
    let not_even = (703, "that's not even a token".to_owned());
    assert_eq!(school.refusal("gateway", &with("x")).await, not_even);
    let foreign = (705, "couldn't handle this token".to_owned());
    assert_eq!(school.refusal("gateway", &with(&bob)).await, foreign);
    let altered = format!("{}x", &ann[..ann.len() - 1]);
    assert!([703, 705].contains(&school.refusal("gateway", &with(&altered)).await.0));
    let plain = school.refusal("gateway", &with(&ann)).await;
    assert_eq!(plain.0, 426, "a good token, but no WebSocket: {plain:?}");

    // Whatever platform the token was for; frames are ignored; a token of document 001 is as good.
    let mut native = school.come("gateway", "ann", 2, &ann).await;
    native.say("anything").await;
    let devices = json!([{"platform": "Android", "status": "online"}]);
    assert_eq!(school.status("ANN").await["detailPlatformStatus"], devices);
    drop(native);
    school.wait_for("ann", "offline", SOON).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_port_of_its_own_serves_document_002_alone_and_a_busy_one_is_a_warning() {
    let school = School::open();
    let mut wire = Wire::open(school.service.at("openim")).await;
    for path in ["/", "/index.php?svc=live&cmd=roomlist", "/healthz", "/box/api", "/metrics"] {
        let answer = wire.get(path, &[]).await;
        assert_eq!((answer.status, answer.json()["errCode"].as_i64()), (404, Some(404)), "{path}");
    }
    assert_eq!(wire.get("/auth/user_token", &[]).await.status, 405);
    // The main address serves it as well.
    let mut main = Wire::open(school.service.http).await;
    let body = json!({"secret": school.secret, "platform": 1, "uid": "eve", "name": "Eve"});
    let answer = main.post("/auth/user_register", body.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());

    let dir = tempfile::tempdir().unwrap();
    let taken = school.service.at("gateway").to_string();
    let set = format!("openim.gateway={taken}");
    let mut half = serve(dir.path(), &["--set", set.as_str(), "--set", "openim.listen="]);
    half.args(["--set", "log.level=error"]);
    let second = Service::run(half, "https");
    let report = Wire::open(second.http).await.get("/readyz", &[]).await.json();
    assert_eq!(report["ready"], true, "{report}");
    let parts = report["parts"].as_array().unwrap();
    let gateway = parts.iter().find(|p| p["part"] == "gateway").expect("it is in the report");
    assert!(gateway["detail"].as_str().unwrap().contains(&taken), "{gateway}");
    assert!(!parts.iter().any(|p| p["part"] == "openim"), "off is no warning");
}
