//! `cmd_proxy` against a Tencent of a few lines on the loopback, and without any.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::dialect::Base;
use crate::domain::file::{APPID, NOW, World, tencent, world};

async fn ask(world: &World, params: &str) -> Result<Value, Fault> {
    let params = serde_json::from_str(params).unwrap();
    let input = Input {
        app: world.app.clone(),
        actor: Arc::new(world.pupil.clone()),
        caller: Caller {
            addr: IpAddr::from([127, 0, 0, 1]),
            now: NOW,
            base: Base { secure: false, host: Some(HeaderValue::from_static("box.local:8080")) },
            appid: APPID,
            timestamp: 1,
        },
        value: CmdProxy {
            method: Text("GET".into()),
            host: Text("vod.api.qcloud.com".into()),
            path: Text("/v2/index.php".into()),
            params: Params(params),
        },
    };
    cmd_proxy(input).await.map(|told| serde_json::to_value(&told).unwrap())
}

const LIST: &str = r#"{"Action":"DescribeVodInfo","pageNo":"0","pageSize":"20"}"#;

/// A listener that answers one request with `body`; the address, and what it heard.
async fn cloud_of(body: &'static str) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let heard = tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(b"\r\n\r\n") {
            heard.push(tcp.read_u8().await.unwrap());
        }
        let length = body.len();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        tcp.write_all((head + body).as_bytes()).await.unwrap();
        String::from_utf8(heard).unwrap()
    });
    (address, heard)
}

#[tokio::test]
async fn without_keys_the_box_tells_of_its_own_recordings() {
    let world = world(|_| {}).await;
    let id = world.replay(&world.teacher, "Physics").await;
    let page = ask(&world, LIST).await.unwrap();
    assert_eq!((&page["code"], &page["totalCount"]), (&0.into(), &1.into()));
    let file = &page["fileSet"][0];
    assert_eq!(file["fileName"], "Physics");
    let url = format!("http://box.local:8080/media/{id}/1.mp4?k=key");
    assert_eq!(file["playSet"][0]["url"], url);
    assert_eq!(file["image_url"], "http://box.local:8080/c.png");
    let one = format!(r#"{{"Action":"GetVideoInfo","fileId":"box-{id}-1"}}"#);
    let one = ask(&world, &one).await.unwrap();
    assert_eq!(
        (&one["basicInfo"]["name"], &one["basicInfo"]["duration"]),
        (&"Physics".into(), &60.into())
    );
    for unknown in ["box-99999-1", "box-10001-9", "1976554120332374777"] {
        let ask_for = format!(r#"{{"Action":"GetVideoInfo","fileId":"{unknown}"}}"#);
        let told = ask(&world, &ask_for).await;
        assert!(matches!(told, Err(Fault::Missing(crate::model::Thing::Video))), "{unknown}");
    }
}

#[tokio::test]
async fn recordings_of_another_application_are_not_told_of() {
    let world = world(|_| {}).await;
    let stranger = world.outsider("dan", APPID + 1).await;
    let id = world.replay(&stranger, "Secret").await;
    assert_eq!(ask(&world, LIST).await.unwrap()["totalCount"], 0);
    let one = format!(r#"{{"Action":"GetVideoInfo","fileId":"box-{id}-1"}}"#);
    assert!(ask(&world, &one).await.is_err());
}

#[tokio::test]
async fn with_keys_the_call_goes_out_signed_and_the_answer_is_passed_on() {
    let (address, heard) = cloud_of(r#"{"code":0,"message":"ok","totalCount":7}"#).await;
    let world = world(|cloud| {
        cloud.keys = Some(tencent());
        cloud.endpoint = address;
    })
    .await;
    let told = ask(&world, LIST).await.unwrap();
    assert_eq!(told, serde_json::json!({"code": 0, "message": "", "totalCount": 7}));
    let heard = heard.await.unwrap();
    assert!(heard.starts_with("GET /v2/index.php?Action=DescribeVodInfo&Nonce="), "{heard}");
    assert!(heard.contains("&SecretId=AKIDTEST&") && heard.contains("&Signature="), "{heard}");
}

#[tokio::test]
async fn tencents_refusal_is_a_failed_call() {
    let (address, _heard) = cloud_of(r#"{"code":4100,"message":"no"}"#).await;
    let world = world(|cloud| {
        cloud.keys = Some(tencent());
        cloud.endpoint = address;
    })
    .await;
    assert!(matches!(ask(&world, LIST).await, Err(Fault::Offline(Part::Cloud))));
}

#[tokio::test]
async fn with_keys_and_no_way_out_the_box_answers_what_it_can() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let world = world(|cloud| {
        cloud.keys = Some(tencent());
        cloud.endpoint = closed;
    })
    .await;
    world.replay(&world.teacher, "Physics").await;
    assert_eq!(ask(&world, LIST).await.unwrap()["totalCount"], 1);
    let other = ask(&world, r#"{"Action":"DescribeClass"}"#).await;
    assert!(matches!(other, Err(Fault::Denied(why)) if why.contains("DescribeClass")));
}
