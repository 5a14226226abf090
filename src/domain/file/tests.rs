//! The store's rules, and the world that the tests of its web face and of the cloud use too.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::*;
use crate::domain::cloud::{Call, CosWanted, Proxy};
use crate::domain::monitor::Monitors;
use crate::domain::policy::{
    Cloud, CloudKeys, LoginPolicy, Policy, Registration, Secrets, UserSig,
};
use crate::domain::{Folders, Parts, Space, licence, room};
use crate::model::lesson::Video;
use crate::model::recording::{Order, Track};
use crate::model::user::{Actor, Origin, User};
use crate::model::{Entropy, Handle, RoomId};
use crate::store::recordings::TakeRow;
use crate::store::{Db, callbacks, recordings};

/// A box on temporary folders, with a teacher, a pupil and another pupil.
pub(crate) struct World {
    pub app: Arc<Appliance>,
    pub free: Arc<AtomicU64>,
    pub teacher: Actor,
    pub pupil: Actor,
    pub other: Actor,
    folder: TempDir,
    _orders: mpsc::Receiver<Order>,
}

pub(crate) const NOW: Moment =
    Moment { wall: Millis::seconds(1_760_000_000), steady: Millis::seconds(1) };
pub(crate) const APPID: i64 = 1_400_000_000;
const RESERVE: u64 = 1_000_000;

pub(crate) fn tencent() -> CloudKeys {
    CloudKeys { appid: 200_001, secret_id: "AKIDTEST".into(), secret_key: "key".into() }
}

pub(crate) async fn world(adjust: impl FnOnce(&mut Cloud)) -> World {
    let folder = tempfile::tempdir().unwrap();
    let folders = Folders {
        recordings: folder.path().join("recordings"),
        files: folder.path().join("files"),
    };
    fs::create_dir_all(&folders.files).unwrap();
    let mut cloud = Cloud {
        keys: None,
        bucket: "box".into(),
        region: "sh".into(),
        preview_tag: "preview".into(),
        actions: vec!["Describe*".into(), "ApplyUpload".into()],
        endpoint: "http://127.0.0.1:9".into(),
        file_bytes_max: 8 * 1024 * 1024,
        account_bytes_max: 12 * 1024 * 1024,
    };
    adjust(&mut cloud);
    let db = Db::open(folder.path()).unwrap();
    let (recorder, orders) = mpsc::channel(8);
    let free = Arc::new(AtomicU64::new(u64::MAX));
    let asked = free.clone();
    let parts = Parts {
        db,
        entropy: Entropy::counter(),
        policy: policy(cloud),
        secrets: secrets(),
        licence: licence::Setup::none(folder.path()),
        folders,
        space: Space {
            free: Arc::new(move || Some(asked.load(Ordering::SeqCst))),
            reserve: RESERVE,
            least: RESERVE,
        },
        recorder,
        devices: crate::domain::devices::Devices::default(),
        cameras: Vec::new(),
        monitors: Monitors::default(),
    };
    let app = Appliance::open(parts, NOW).await.unwrap();
    let teacher = person(&app, "ann", Role::Teacher).await;
    let pupil = person(&app, "bob", Role::Pupil).await;
    let other = person(&app, "cid", Role::Pupil).await;
    World { app, free, teacher, pupil, other, folder, _orders: orders }
}

fn policy(cloud: Cloud) -> Policy {
    Policy {
        appids: Vec::new(),
        login: LoginPolicy::Replace,
        registration: Registration::Open,
        host_silence: Millis::seconds(300),
        keep: None,
        keep_free: None,
        lesson_max: Millis::seconds(6 * 3600),
        member_silence: Millis::seconds(120),
        classrooms: Vec::new(),
        webhooks: Vec::new(),
        cloud,
        usersig: UserSig::Own,
        rongcloud: None,
        channel: crate::domain::policy::Channel::default(),
        public_url: None,
        box_name: "arctos-test".into(),
        names: Vec::new(),
    }
}

fn secrets() -> Secrets {
    let word = || "".into();
    Secrets {
        openim_secret: word(),
        arctos_license_key: word(),
        channel_app_id: String::new(),
        channel_app_secret: word(),
        channel_uid: "channel".into(),
        callback_key: word(),
        cos_secret_id: "AKIDBOX".into(),
        cos_secret_key: "the box's own".into(),
        usersig_key: word(),
        token_key: "token".into(),
    }
}

async fn person(app: &Appliance, handle: &str, role: Role) -> Actor {
    person_of(app, handle, role, APPID).await
}

async fn person_of(app: &Appliance, handle: &str, role: Role, appid: i64) -> Actor {
    let fresh = User::fresh(Handle::new(handle).unwrap(), Origin::Edu, role);
    let user = User { appid: Some(appid), ..fresh };
    let (handle, origin) = (user.handle.clone(), user.origin);
    let id = app.db.write(move |conn| users::insert(conn, &user, NOW.wall)).await.unwrap();
    Actor { id, handle, role, appid: Some(appid), origin }
}

impl World {
    /// A signature as `cos/get_sign` gives it.
    pub(crate) async fn sign(&self, actor: &Actor, once: Option<&str>) -> String {
        let wanted =
            CosWanted { once: once.is_some(), bucket: None, file: once.map(str::to_owned) };
        cloud::cos_sign(&self.app, actor, APPID, wanted, NOW).await.unwrap().sign
    }

    /// A teacher of another application.
    pub(crate) async fn outsider(&self, handle: &str, appid: i64) -> Actor {
        person_of(&self.app, handle, Role::Teacher, appid).await
    }

    /// A lesson of that person with a replay of one minute; answers its number.
    pub(crate) async fn replay(&self, host: &Actor, title: &str) -> RoomId {
        let room = room::create(&self.app, host, title.into(), "/c.png".into(), NOW).await;
        let id = room.unwrap();
        let take = TakeRow {
            number: 1,
            name: "1.mp4".into(),
            bytes: 6_000_000,
            sha256: String::new(),
            span_us: 60_000_000,
            pictures: 1800,
            width: 1280,
            height: 720,
            codecs: String::new(),
        };
        let video = Video {
            video_id: format!("box-{id}-1"),
            video_url: format!("/media/{id}/1.mp4?k=key"),
            stream_id: String::new(),
            start_time: NOW.wall.as_seconds(),
            end_time: NOW.wall.as_seconds() + 60,
            media_start: 0,
            file_size: 6_000_000,
            duration: 60,
        };
        let made = self.app.db.write(move |conn| {
            conn.execute("UPDATE room SET state = 3 WHERE id = ?1", [id.0])?;
            recordings::put(conn, Track::teacher(id), &take)?;
            callbacks::add_video(conn, id, "box", &video)?;
            Ok(())
        });
        made.await.unwrap();
        id
    }

    /// Names of everything in `files/`.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path().join("files")).unwrap();
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }
}

fn place(text: &str) -> Option<String> {
    Target::parse(text).map(|target| target.key())
}

#[test]
fn an_address_is_tidy_or_none() {
    let check = |text: &str, expected: Option<&str>| assert_eq!(place(text).as_deref(), expected);
    check("1/b/x.png", Some("1/b/x.png"));
    check("1/b//x.png", Some("1/b/x.png"));
    check("1/b/dir/", Some("1/b/dir/"));
    check("1/b/", Some("1/b/"));
    check("1/b", Some("1/b/"));
    check("1/b/学习 1.pdf", Some("1/b/学习 1.pdf"));
    for bad in [
        "",
        "1",
        "x/b/y",
        "+1/b/y",
        "-1/b/y",
        "1//y",
        "1/b d/y",
        "1/b/../y",
        "1/b/./y",
        "1/b/a/..",
        "1/b/\0",
        "1/b/a\nb",
        "1/b/\u{FFFD}",
        "99999999999999999999/b/y",
    ] {
        check(bad, None);
    }
    check(&format!("1/b/{}", "x".repeat(1024)), None);
}

#[test]
fn a_place_beside_may_not_lead_out() {
    let target = Target::parse("1/b/dir/x.png").unwrap();
    let check = |path: &str, expected: Option<&str>| {
        assert_eq!(target.beside(path).map(|t| t.path).as_deref(), expected, "{path}");
    };
    check("y.png", Some("/dir/y.png"));
    check("/y.png", Some("/y.png"));
    check("../y.png", None);
    check("/../../2/c/y.png", None);
}

#[tokio::test]
async fn an_upload_that_is_given_up_leaves_nothing() {
    let world = world(|_| {}).await;
    let sign = world.sign(&world.pupil, None).await;
    let target = Target::parse(&format!("{APPID}/box/x.txt")).unwrap();
    let permit = admit(&world.app, target, &sign, NOW).await.unwrap();
    let mut draft = Draft::begin(&world.app, &permit, 0).await.unwrap();
    draft.write(&world.app, b"hello").await.unwrap();
    assert_eq!(world.files().len(), 1);
    drop(draft);
    assert_eq!(world.files().len(), 0);
}

#[tokio::test]
async fn an_empty_file_takes_its_block_of_what_an_account_may_have() {
    let world = world(|_| {}).await;
    let user = world.pupil.id;
    let may = async |most: u64| {
        let asked =
            world.app.db.read(move |conn| Ok(draft::afford(conn, Some(user), 0, None, most)));
        asked.await.unwrap().is_ok()
    };
    assert!(may(4096).await && !may(4095).await);
}

#[tokio::test]
async fn signatures_that_ended_are_forgotten() {
    let world = world(|_| {}).await;
    world.sign(&world.pupil, None).await;
    let given = || {
        world.app.db.read(|conn| {
            let count = "SELECT COUNT(*) FROM signature_given";
            Ok(conn.query_row(count, [], |r| r.get::<_, i64>(0))?)
        })
    };
    sweep(&world.app, NOW).await.unwrap();
    assert_eq!(given().await.unwrap(), 1);
    let later = Moment { wall: NOW.wall + Millis::seconds(40 * 24 * 3600), ..NOW };
    sweep(&world.app, later).await.unwrap();
    assert_eq!(given().await.unwrap(), 0);
}

#[tokio::test]
async fn an_idle_slice_upload_is_given_up_after_a_day() {
    let world = world(|_| {}).await;
    let sign = world.sign(&world.pupil, None).await;
    let target = Target::parse(&format!("{APPID}/box/x.bin")).unwrap();
    let permit = admit(&world.app, target, &sign, NOW).await.unwrap();
    let plan = SlicePlan { size: 9, slice: 4, sha: None, insert_only: true };
    init_slices(&world.app, &permit, plan).await.unwrap();
    let path = world.app.folders.files.join(&world.files()[0]);
    let touched = std::time::UNIX_EPOCH + NOW.wall.to_std();
    fs::File::options().write(true).open(path).unwrap().set_modified(touched).unwrap();
    let after = |s| Moment { wall: NOW.wall + Millis::seconds(s), ..NOW };
    sweep(&world.app, after(24 * 3600)).await.unwrap();
    assert_eq!(world.files().len(), 1);
    sweep(&world.app, after(24 * 3600 + 1)).await.unwrap();
    assert_eq!(world.files().len(), 0);
}

#[tokio::test]
async fn the_box_signs_with_its_own_pair_or_the_configured_one() {
    let own = world(|_| {}).await;
    let wanted = |once, bucket: Option<&str>, file: Option<&str>| CosWanted {
        once,
        bucket: bucket.map(str::to_owned),
        file: file.map(str::to_owned),
    };
    let signed =
        cloud::cos_sign(&own.app, &own.pupil, APPID, wanted(false, None, None), NOW).await.unwrap();
    assert_eq!((&*signed.bucket, &*signed.region), ("box", "sh"));
    let claims = cos::verify(&signed.sign, &cloud::cos_keys(&own.app, APPID).unwrap()).unwrap();
    assert_eq!((claims.appid, &*claims.secret_id), (1_400_000_000, "AKIDBOX"));
    assert_eq!(claims.expires_s, NOW.wall.as_seconds() + cos::MULTI_VALID_S);
    let named = wanted(true, Some("box"), Some("x.png"));
    let signed = cloud::cos_sign(&own.app, &own.pupil, APPID, named, NOW).await.unwrap();
    assert_eq!((&*signed.bucket, &*signed.region), ("box", ""));
    let without = cloud::cos_sign(&own.app, &own.pupil, APPID, wanted(true, None, None), NOW).await;
    assert!(matches!(without, Err(Fault::Invalid { field, .. }) if field == "file_path"));

    let keyed = world(|cloud| cloud.keys = Some(tencent())).await;
    let multi =
        cloud::cos_sign(&keyed.app, &keyed.pupil, APPID, wanted(false, None, None), NOW).await;
    assert!(matches!(multi, Err(Fault::Denied(_))));
    let multi =
        cloud::cos_sign(&keyed.app, &keyed.teacher, APPID, wanted(false, None, None), NOW).await;
    let claims = cos::verify(&multi.unwrap().sign, &cloud::cos_keys(&keyed.app, 1).unwrap());
    assert_eq!(claims.unwrap().appid, 200_001);
}

fn call(action: &str, host: &str) -> Call {
    Call {
        method: "GET".into(),
        host: host.into(),
        path: "/v2/index.php".into(),
        params: BTreeMap::from([("Action".to_owned(), action.to_owned())]),
    }
}

#[tokio::test]
async fn configured_keys_sign_only_the_actions_of_the_configuration() {
    let keyed = world(|cloud| cloud.keys = Some(tencent())).await;
    let check = |action: &str, expected: Option<&str>| {
        let denied = match cloud::vod_sign(&keyed.app, &call(action, "any.host")) {
            Ok(_) => None,
            Err(Fault::Denied(why)) => Some(why),
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(denied.as_deref(), expected, "{action}");
    };
    check("DescribeVodInfo", None);
    check("ApplyUpload", None);
    check("DeleteVodFile", Some("the action DeleteVodFile is not offered here"));
    check("ApplyUploads", Some("the action ApplyUploads is not offered here"));
    let own = world(|_| {}).await;
    let signed = cloud::vod_sign(&own.app, &call("DeleteVodFile", "any.host")).unwrap();
    assert_eq!((&*signed.secret_id, signed.method), ("AKIDBOX", "HmacSHA1"));
    let mut smuggled = call("DescribeVodInfo", "any.host");
    smuggled.params.insert("A".into(), "1&Action=DeleteVodFile".into());
    let refused = cloud::vod_sign(&own.app, &smuggled);
    assert!(matches!(refused, Err(Fault::Invalid { field, .. }) if field == "params"));
}

#[tokio::test]
async fn a_proxied_call_goes_out_signed_or_is_answered_here() {
    let keyed = world(|cloud| cloud.keys = Some(tencent())).await;
    let mut asked = call("DescribeVodInfo", cloud::VOD_HOST);
    asked.params.insert("Signature".into(), "theirs".into());
    let Proxy::Forward(forward) = cloud::proxy(&keyed.app, &asked, NOW).unwrap() else { panic!() };
    assert_eq!(forward.url, "http://127.0.0.1:9/v2/index.php");
    let value = |name: &str| {
        let mut named = forward.params.iter().filter(|(n, _)| n == name);
        (named.next().map(|(_, v)| v.as_str()), named.count())
    };
    assert_eq!(value("SecretId"), (Some("AKIDTEST"), 0));
    assert_eq!(value("Timestamp"), (Some("1760000000"), 0));
    assert!(value("Signature").0.is_some_and(|sign| sign != "theirs" && sign.len() == 28));
    let own = world(|_| {}).await;
    assert!(matches!(cloud::proxy(&own.app, &asked, NOW), Ok(Proxy::Own(_))));
    let refused = |app, action, host| cloud::proxy(app, &call(action, host), NOW).unwrap_err();
    assert!(matches!(
        refused(&own.app, "DescribeVodInfo", "evil.example"),
        Fault::Invalid { field, .. } if field == "host"
    ));
    let denied = refused(&own.app, "DeleteVodFile", cloud::VOD_HOST);
    assert!(matches!(denied, Fault::Denied(why) if why.contains("DeleteVodFile")));
    let denied = refused(&keyed.app, "DeleteVodFile", cloud::VOD_HOST);
    assert!(matches!(denied, Fault::Denied(why) if why.contains("DeleteVodFile")));
    assert!(matches!(
        refused(&own.app, "", cloud::VOD_HOST),
        Fault::Invalid { field, .. } if field == "params.Action"
    ));
}

proptest! {
    #[test]
    fn any_address_is_tidy_or_none(text in "[0-9]{1,3}/[a-z]{1,3}/[a-z./\u{0}\u{FFFD}学 ]{0,20}") {
        if let Some(target) = Target::parse(&text) {
            prop_assert_eq!(Target::parse(&target.key()), Some(target.clone()));
            prop_assert!(!target.path.contains("//") && target.path.starts_with('/'));
        }
    }
}
