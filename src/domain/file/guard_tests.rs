//! What keeps the store's files safe: from forged signatures, and from a store that lost its rows.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use super::*;
use crate::domain::cloud::{Call, client_sign, cos_keys, vod_sign};
use crate::domain::durable::witness;

fn at(path: &str) -> Target {
    Target::parse(&format!("{APPID}/box{path}")).unwrap()
}

async fn store(world: &World, path: &str) -> Object {
    let sign = world.sign(&world.pupil, None).await;
    let permit = admit(&world.app, at(path), &sign, NOW).await.unwrap();
    let mut draft = Draft::begin(&world.app, &permit, 0).await.unwrap();
    draft.write(&world.app, b"hello").await.unwrap();
    keep(&world.app, permit, draft, Keep::default(), NOW).await.unwrap()
}

/// The call whose signed text reads as a signature of the object store, to be used again and again.
fn forgery(secret_id: &str) -> (Call, String) {
    let (appid, end) = (APPID.to_string(), (NOW.wall.as_seconds() + 1000).to_string());
    let params = [
        ("Action", "DescribeVodInfo"),
        ("a", &appid),
        ("b", "box"),
        ("e", &end),
        ("f", ""),
        ("k", secret_id),
        ("r", "7"),
        ("t", "1"),
    ];
    let text = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let params: BTreeMap<String, String> = params.into_iter().map(text).collect();
    let mut pairs = params.clone();
    pairs.insert("SecretId".into(), secret_id.into());
    let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let covered = format!("GETx/?{}", query.join("&"));
    (Call { method: "GET".into(), host: "x".into(), path: "/".into(), params }, covered)
}

async fn refusal(world: &World, sign: &str) -> Option<CosError> {
    match admit(&world.app, at("/x"), sign, NOW).await {
        Ok(_) => None,
        Err(Refused::Signature(error)) => Some(error),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_signature_for_the_video_service_opens_no_file() {
    for (keys, id, expected) in [
        (None, "AKIDBOX", CosError::Forged),
        (
            Some(crate::domain::policy::CloudKeys { appid: APPID, ..tencent() }),
            "AKIDTEST",
            CosError::Fields,
        ),
    ] {
        let world = world(|cloud| cloud.keys = keys).await;
        let (call, covered) = forgery(id);
        let tag = STANDARD.decode(vod_sign(&world.app, &call).unwrap().sign).unwrap();
        let sign = STANDARD.encode([&tag[..], covered.as_bytes()].concat());
        assert_eq!(refusal(&world, &sign).await, Some(expected));
        let (client, _) = client_sign(&world.app, NOW);
        assert_eq!(refusal(&world, &client).await, Some(expected));
    }
}

#[tokio::test]
async fn each_purpose_of_the_boxs_pair_has_its_own_key() {
    let world = world(|_| {}).await;
    let (call, covered) = forgery("AKIDBOX");
    let made = vod_sign(&world.app, &call).unwrap().sign;
    let keys = ["the box's own".into(), cos_keys(&world.app, APPID).unwrap().secret_key];
    for key in keys {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
        assert_ne!(STANDARD.encode(hmac::sign(&key, covered.as_bytes()).as_ref()), made);
    }
}

#[tokio::test]
async fn a_signature_that_the_box_does_not_remember_has_rights_only_with_configured_keys() {
    let own = world(|_| {}).await;
    let keys = cos_keys(&own.app, APPID).unwrap();
    let now_s = NOW.wall.as_seconds();
    let scope = cos::Scope::Multi { bucket: "box", file: None, expires_s: now_s + 30 };
    let unknown = cos::sign(&keys, &scope, now_s, 99);
    assert_eq!(refusal(&own, &unknown).await, Some(CosError::Foreign));
    let given = own.sign(&own.pupil, None).await;
    assert_eq!(refusal(&own, &given).await, None);
    let forget = |conn: &rusqlite::Connection| Ok(conn.execute("DELETE FROM signature_given", [])?);
    own.app.db.write(forget).await.unwrap();
    assert_eq!(refusal(&own, &given).await, Some(CosError::Foreign), "after a restore");

    let keys = crate::domain::policy::CloudKeys { appid: APPID, ..tencent() };
    let keyed = world(|cloud| cloud.keys = Some(keys)).await;
    let keys = cos_keys(&keyed.app, APPID).unwrap();
    let permit = admit(&keyed.app, at("/x"), &cos::sign(&keys, &scope, now_s, 99), NOW).await;
    assert!(permit.unwrap().free_hand);
}

#[tokio::test]
async fn a_copy_is_on_the_disk_under_its_name_before_its_row() {
    let world = world(|_| {}).await;
    store(&world, "/a").await;
    for (how, from, to) in [(Carry::Copy, "/a", "/b"), (Carry::Move, "/b", "/c")] {
        let sign = world.sign(&world.pupil, None).await;
        let permit = admit(&world.app, at(from), &sign, NOW).await.unwrap();
        let before = witness::syncs(&world.app.folders.files);
        carry(&world.app, permit, how, at(to), false, NOW).await.unwrap();
        assert_eq!(witness::syncs(&world.app.folders.files), before + 1, "{how:?}");
    }
    assert_eq!(world.files().len(), 2);
}

fn plant(world: &World, name: &str) -> PathBuf {
    let path = world.app.folders.files.join(name);
    fs::write(&path, b"half").unwrap();
    path
}

#[tokio::test]
async fn what_no_row_knows_is_set_aside_at_start_and_rows_stay() {
    let world = world(|_| {}).await;
    let kept = store(&world, "/x.txt").await;
    let files = &world.app.folders.files;
    for round in ["lost/stray", "lost/stray-2", "lost/stray-3"] {
        let stray = plant(&world, "stray");
        let unfinished = [plant(&world, "0123.part"), plant(&world, "0-1-1-0-0-0-0.slices")];
        reconcile(&world.app).await.unwrap().clear().await.unwrap();
        assert!(!stray.exists() && kept.file.exists());
        assert!(!unfinished.iter().any(|path| path.exists()));
        assert_eq!(fs::read(files.join(round)).unwrap(), b"half");
    }
    fs::remove_file(&kept.file).unwrap();
    reconcile(&world.app).await.unwrap().clear().await.unwrap();
    assert_eq!(find(&world.app, &at("/x.txt")).await.unwrap(), kept);
}

#[tokio::test]
async fn a_store_that_knows_none_or_few_of_the_files_touches_nothing() {
    let world = world(|_| {}).await;
    let strays = [plant(&world, "one"), plant(&world, "two"), plant(&world, "0.part")];
    reconcile(&world.app).await.unwrap().clear().await.unwrap();
    assert!(strays.iter().all(|path| path.exists()), "no rows");
    store(&world, "/x.txt").await;
    reconcile(&world.app).await.unwrap().clear().await.unwrap();
    assert!(strays.iter().all(|path| path.exists()), "two of three");
    store(&world, "/y.txt").await;
    reconcile(&world.app).await.unwrap().clear().await.unwrap();
    assert!(!strays.iter().any(|path| path.exists()), "two of four");
    assert_eq!(fs::read_dir(world.app.folders.files.join("lost")).unwrap().count(), 2);
}
