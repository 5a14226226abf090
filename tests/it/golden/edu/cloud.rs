//! cos get_sign, vod get_sign, vod cmd_proxy, vod get_client_sign. Where a published vector of facts.md can
//! be asked for through the box, it is; where the box adds time and chance, the code is computed again.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{Script, replay};
use crate::world::World;

/// The two example pairs of Tencent's own documentation.
const COS: &[&str] = &[
    "cloud.appid=200001",
    "cloud.secret_id=AKIDUfLUEUigQiXqm7CVSspKJnuaiIKtxqAv",
    "cloud.secret_key=bLcPnl88WU30VY57ipRhSePfPdOfSruK",
    "cloud.bucket=newbucket",
];
const VOD: &[&str] = &[
    "cloud.appid=200001",
    "cloud.secret_id=AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA",
    "cloud.secret_key=Gu5t9xGARNpq86cd98joQYCN3Cozk1qA",
];

/// The plain text behind 20 bytes of HMAC-SHA1, once the code is found right.
fn opened(sign: &Value, key: &str) -> String {
    let bytes = STANDARD.decode(sign.as_str().unwrap()).unwrap();
    let (code, text) = bytes.split_at(20);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    hmac::verify(&key, text, code).expect("the code belongs to the text");
    String::from_utf8(text.to_vec()).unwrap()
}

/// The box's own pair has a key for each purpose, made from its secret.
fn own_key(world: &World, purpose: &str) -> String {
    let secret = world.app().secrets.cos_secret_key.as_bytes();
    let key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), purpose.as_bytes());
    key.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn cos_get_sign_answers_as_written() {
    let mut script = Script::of("cos/get_sign");
    let world = World::new().await;
    let bob = world.pupil("bob").await;
    let good = json!({"token": bob, "type": 0});
    script.common(&world, &good).await;
    let answer = script.case(&world, "to be used again, default bucket", good).await;
    let key = own_key(&world, "cos");
    let text = opened(&answer["data"]["sign"], &key);
    assert!(text.starts_with("a=1400000000&k="), "{text}");
    assert!(text.contains("&e=1797840000&t=1795248000&r="), "30 days: {text}");
    assert!(text.ends_with("&f=&b=box"), "{text}");
    let once = json!({"token": bob, "type": 1, "file_path": "/test"});
    let answer = script.case(&world, "to be used once", once).await;
    let text = opened(&answer["data"]["sign"], &key);
    assert!(text.contains("&e=0&") && text.ends_with("&f=/1400000000/box/test&b=box"), "{text}");
    let named = json!({"token": bob, "type": 0, "bucket": "box", "file_path": "test"});
    script.case(&world, "the bucket is named", named).await;
    let lost = json!({"token": bob, "type": 1});
    script.case(&world, "to be used once, without a path", lost).await;
    script.case(&world, "there is no such type", json!({"token": bob, "type": 2})).await;

    let world = World::with(COS).await;
    let (ann, bob) = (world.teacher("ann").await, world.pupil("bob").await);
    let multi = json!({"token": ann, "type": 0});
    let answer = script.case(&world, "with configured keys, a teacher", multi).await;
    let text = opened(&answer["data"]["sign"], "bLcPnl88WU30VY57ipRhSePfPdOfSruK");
    let start = "a=200001&k=AKIDUfLUEUigQiXqm7CVSspKJnuaiIKtxqAv&e=1797840000&t=1795248000&r=";
    assert!(text.starts_with(start) && text.ends_with("&f=&b=newbucket"), "{text}");
    let multi = json!({"token": bob, "type": 0});
    script.case(&world, "with configured keys, a pupil", multi).await;
    let once = json!({"token": bob, "type": 1, "file_path": "/tencent_test.jpg"});
    let answer = script.case(&world, "with configured keys, a pupil, to be used once", once).await;
    let text = opened(&answer["data"]["sign"], "bLcPnl88WU30VY57ipRhSePfPdOfSruK");
    assert!(text.ends_with("&f=/200001/newbucket/tencent_test.jpg&b=newbucket"), "{text}");
    script.close();
}

/// The call of Tencent's documentation, and the same as document 001 prints it.
fn instances(token: &str, method: &str) -> Value {
    json!({"token": token, "method": "GET", "host": "cvm.api.qcloud.com", "path": "/v2/index.php",
        "params": {"Action": "DescribeInstances", "InstanceIds.0": "ins-09dx96dg", "Nonce": 11886,
            "Region": "ap-guangzhou", "SecretId": "", "SignatureMethod": method,
            "Timestamp": 1_465_185_768}})
}

#[tokio::test]
async fn vod_get_sign_answers_as_written() {
    let mut script = Script::of("vod/get_sign");
    let world = World::with(VOD).await;
    let ann = world.teacher("ann").await;
    let good = instances(&ann, "HmacSHA256");
    script.common(&world, &good).await;
    let answer = script.case(&world, "the published vector for HmacSHA256", good.clone()).await;
    assert_eq!(answer["data"]["sign"], "0EEm/HtGRr/VJXTAD9tYMth1Bzm3lLHz5RCDv1GdM8s=");
    let sha1 = instances(&ann, "HmacSHA1");
    let answer = script.case(&world, "the published vector for HmacSHA1", sha1).await;
    assert_eq!(answer["data"]["sign"], "nPVnY6njQmwQ8ciqbPl5Qe+Oru4=");
    let mut printed = good.clone();
    printed["params"] = json!({"Action": "DescribeInstances", "Nonce": 11886, "Region": "gz",
        "SecretId": "", "SignatureMethod": "HmacSHA256", "Timestamp": 1_465_185_768,
        "instanceIds.0": "ins-09dx96dg", "limit": 20, "offset": 0});
    let answer = script.case(&world, "the example of document 001", printed).await;
    assert_eq!(answer["data"]["sign"], "PSWUwVv4TfW2sQP1FT9KbbLjIZ9bmK8f1cL6fbpf3KI=");
    let mut silent = good.clone();
    silent["params"].as_object_mut().unwrap().remove("SignatureMethod");
    script.case(&world, "HmacSHA1 is taken where none is named", silent).await;
    let mut forbidden = good.clone();
    forbidden["params"]["Action"] = json!("DeleteVodFile");
    script.case(&world, "an action that the keys may not sign", forbidden.clone()).await;
    let strange = instances(&ann, "HmacMD5");
    script.case(&world, "there is no such method of signing", strange).await;
    let mut lower = good.clone();
    lower["method"] = json!("get");
    script.case(&world, "neither GET nor POST", lower).await;
    let mut nested = good.clone();
    nested["params"]["limit"] = json!([20]);
    script.case(&world, "a parameter is a list", nested).await;
    let mut hidden = good;
    hidden["params"]["limit"] = json!("1&Action=DeleteVodFile");
    script.case(&world, "a parameter hides another", hidden).await;

    let world = World::new().await;
    forbidden["token"] = json!(world.pupil("bob").await);
    script.case(&world, "without keys the box signs with its own", forbidden).await;
    script.close();
}

fn films(token: &str) -> Value {
    json!({"token": token, "method": "GET", "host": "vod.api.qcloud.com", "path": "/v2/index.php",
        "params": {"Action": "DescribeVodInfo", "Nonce": 11886, "Region": "gz", "SecretId": "",
            "SignatureMethod": "HmacSHA256", "Timestamp": 1_465_185_768, "pageNo": 0,
            "pageSize": 20}})
}

#[tokio::test]
async fn vod_cmd_proxy_answers_as_written() {
    let mut script = Script::of("vod/cmd_proxy");
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let good = films(&ann);
    script.common(&world, &good).await;
    script.case(&world, "there are no films", good.clone()).await;
    let room = replay(&world, &ann).await;
    script.case(&world, "the box's own films", good.clone()).await;
    let mut one = good.clone();
    one["params"] = json!({"Action": "GetVideoInfo", "fileId": format!("box-{room}-1")});
    script.case(&world, "one of them", one.clone()).await;
    one["params"]["fileId"] = json!("box-99999-1");
    script.case(&world, "a film that does not exist", one.clone()).await;
    one["params"] = json!({"Action": "GetVideoInfo"});
    script.case(&world, "a film without a name", one).await;
    let mut deleting = good.clone();
    deleting["params"] = json!({"Action": "DeleteVodFile", "fileId": "1"});
    script.case(&world, "an action that is not offered", deleting.clone()).await;
    let mut elsewhere = good.clone();
    elsewhere["host"] = json!("cvm.api.qcloud.com");
    script.case(&world, "another host", elsewhere).await;
    let mut idle = good.clone();
    idle["params"] = json!({});
    script.case(&world, "no action", idle).await;

    forwarded(&mut script).await;
    script.close();
}

/// With keys: a cloud that answers, one that refuses, and none.
async fn forwarded(script: &mut Script) {
    let (said, body) = (r#"{"code":0,"message":"OK","totalCount":7}"#, "");
    let (world, cloud) = keyed(said).await;
    let good = films(&world.teacher("ann").await);
    script.case(&world, "with keys, the cloud answers", good.clone()).await;
    let asked = cloud.await.unwrap();
    let line = asked.lines().next().unwrap();
    assert!(line.starts_with("GET /v2/index.php?Action=DescribeVodInfo&"), "{line}");
    for part in ["&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA&", "&Signature="] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    assert!(asked.ends_with(body), "{asked}");

    let (world, cloud) = keyed(r#"{"code":0,"message":"","totalCount":8}"#).await;
    let mut post = films(&world.teacher("ann").await);
    post["method"] = json!("POST");
    script.case(&world, "the same by POST", post).await;
    let asked = cloud.await.unwrap();
    assert!(asked.starts_with("POST /v2/index.php HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("\r\n\r\nAction=DescribeVodInfo&"), "{asked}");

    for said in [r#"{"code":4100,"message":"AuthFailure"}"#, "<html>", r#"{"message":"?"}"#] {
        let (world, cloud) = keyed(said).await;
        let body = films(&world.teacher("ann").await);
        script.case(&world, &format!("with keys, the cloud says {said}"), body).await;
        cloud.await.unwrap();
    }
    let (world, _) = keyed("").await;
    let mut forbidden = films(&world.teacher("ann").await);
    forbidden["params"]["Action"] = json!("DeleteVodFile");
    script.case(&world, "with keys, an action that they may not call", forbidden).await;

    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let endpoint = format!("cloud.endpoint=http://{free}");
    let world = World::with(&[VOD, &[&endpoint]].concat()).await;
    let ann = world.teacher("ann").await;
    replay(&world, &ann).await;
    script.case(&world, "with keys and no way out: the box's own films", films(&ann)).await;
    let mut applying = films(&ann);
    applying["params"] = json!({"Action": "ApplyUpload"});
    script.case(&world, "with keys and no way out: what the box has not", applying).await;
}

/// A box with keys whose cloud answers one call with `said`; the task answers what it was asked.
async fn keyed(said: &'static str) -> (World, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("cloud.endpoint=http://{}", listener.local_addr().unwrap());
    let cloud = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = String::new();
        while !whole(&asked) {
            let mut part = [0; 4096];
            let n = stream.read(&mut part).await.unwrap();
            asked += std::str::from_utf8(&part[..n]).unwrap();
        }
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{said}", said.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
        asked
    });
    (World::with(&[VOD, &[&endpoint]].concat()).await, cloud)
}

/// Whether head and body are there.
fn whole(asked: &str) -> bool {
    let Some((head, body)) = asked.split_once("\r\n\r\n") else { return false };
    let lower = head.to_lowercase();
    let length = lower.lines().find_map(|l| l.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |n| n.trim().parse().unwrap())
}

#[tokio::test]
async fn vod_get_client_sign_answers_as_written() {
    let mut script = Script::of("vod/get_client_sign");
    let world = World::new().await;
    let good = json!({"token": world.pupil("bob").await});
    script.common(&world, &good).await;
    script.case(&world, "with the box's own pair", good).await;
    let world = World::with(VOD).await;
    let good = json!({"token": world.teacher("ann").await});
    let answer = script.case(&world, "with configured keys", good).await;
    let text = opened(&answer["data"]["sign"], "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA");
    let start = "secretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA\
        &currentTimeStamp=1795248000&expireTime=1797840000&random=";
    assert!(text.starts_with(start), "{text}");
    script.close();
}
