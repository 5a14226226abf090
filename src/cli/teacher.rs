//! A client of document 001, as an app on the LAN would be one: the demonstration's teacher and pupils.

use std::time::Duration;

use hyper::Method;
use hyper::header::{self, HeaderMap, HeaderValue};
use serde_json::{Value, json};

use crate::http::client::{Client, Outgoing, send};

const APPID: i64 = 1_400_000_000;
const PATIENCE: Duration = Duration::from_secs(10);
const ANSWER_MAX: usize = 4 << 20;

/// Somebody with an account, talking to the box at `base`.
pub struct Person {
    client: Client,
    base: String,
    pub id: String,
    token: String,
}

impl Person {
    /// Registers and logs in.
    pub async fn arrive(base: &str, id: &str, role: i64) -> Result<Self, String> {
        let client = Client::new("").map_err(|e| format!("{e:?}"))?;
        let mut person =
            Self { client, base: base.to_owned(), id: id.to_owned(), token: String::new() };
        let pwd = format!("{id}'s secret");
        person.call("account", "regist", json!({"id": id, "pwd": pwd, "role": role})).await?;
        let data = person.call("account", "login", json!({"id": id, "pwd": pwd})).await?;
        person.token = data["token"].as_str().unwrap_or("").to_owned();
        Ok(person)
    }

    /// Somebody without an account.
    pub fn anybody() -> Result<Self, String> {
        let client = Client::new("").map_err(|e| format!("{e:?}"))?;
        Ok(Self { client, base: String::new(), id: "anybody".into(), token: String::new() })
    }

    /// One command; answers its `data`.
    pub async fn call(&self, svc: &str, cmd: &str, mut body: Value) -> Result<Value, String> {
        body["appid"] = APPID.into();
        body["timeStamp"] = 1.into();
        if !self.token.is_empty() {
            body["token"] = self.token.as_str().into();
        }
        let url = format!("{}/index.php?svc={svc}&cmd={cmd}", self.base);
        let answer = exchange(&self.client, Method::POST, url, body.to_string()).await?;
        let answer: Value = serde_json::from_slice(&answer).map_err(|e| e.to_string())?;
        if answer["errorCode"] != 0 {
            return Err(format!("{} {svc}/{cmd}: {answer}", self.id));
        }
        Ok(answer["data"].clone())
    }

    /// Fetches an address with GET.
    pub async fn fetch(&self, url: &str) -> Result<Vec<u8>, String> {
        exchange(&self.client, Method::GET, url.to_owned(), String::new()).await
    }
}

async fn exchange(
    client: &Client,
    method: Method,
    url: String,
    body: String,
) -> Result<Vec<u8>, String> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let shown = url.clone();
    let outgoing = Outgoing {
        method,
        url,
        headers,
        body: body.into(),
        timeout: PATIENCE,
        answer_max: ANSWER_MAX,
    };
    let answer = send(client, outgoing).await.map_err(|e| format!("{shown}: {e:?}"))?;
    if answer.status != 200 {
        return Err(format!("{shown}: HTTP {}", answer.status));
    }
    Ok(answer.body.to_vec())
}
