//! What is listed, in which order, for whom, and under which address.

use arctos_box::domain::room;
use arctos_box::http::Peer;
use arctos_box::model::Millis;
use arctos_box::model::user::{Actor, Origin, Role};
use http_body_util::Full;
use hyper::Request;
use serde_json::json;

use super::listed;
use crate::access::person;
use crate::golden::replay;
use crate::world::{APPID, PASSWORD, START, World};

#[tokio::test]
async fn courses_come_newest_first_by_creation_or_beginning_then_by_number() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let mut rooms = Vec::new();
    for _ in 0..4 {
        rooms.push(world.room(&ann).await);
    }
    let [a, b, c, d] = rooms[..] else { panic!("four rooms") };
    assert_eq!(listed(&world, &ann, json!({})).await, (4, vec![d, c, b, a]));
    world.hand.advance(Millis::seconds(1));
    world.ok("live/startcourse", json!({"token": ann, "roomnum": b})).await;
    assert_eq!(listed(&world, &ann, json!({})).await.1, [b, d, c, a], "begun last");
    world.hand.advance(Millis::seconds(1));
    world.ok("live/exitroom", json!({"token": ann, "roomnum": b})).await;
    let e = world.room(&ann).await;
    assert_eq!(listed(&world, &ann, json!({})).await.1, [e, b, d, c, a], "an end is no beginning");
    for (index, size, expected) in [(0, 2, vec![e, b]), (1, 3, vec![b, d, c]), (4, 50, vec![a])] {
        let page = json!({"index": index, "size": size});
        assert_eq!(listed(&world, &ann, page).await, (5, expected), "{index} {size}");
    }
    for (index, size) in [(5, 50), (0, 0), (i64::MAX, 50)] {
        let page = json!({"index": index, "size": size});
        assert_eq!(listed(&world, &ann, page).await, (5, vec![]), "{index} {size}");
    }
}

#[tokio::test]
async fn filters_are_anded_and_the_total_counts_what_they_leave() {
    let world = World::new().await;
    let (ann, eve) = (world.teacher("ann").await, world.teacher("eve").await);
    let a = world.live_room(&ann).await;
    world.hand.advance(Millis::seconds(100));
    let b = world.room(&ann).await;
    world.hand.advance(Millis::seconds(100));
    let c = world.room(&eve).await;
    let d = world.live_room(&eve).await;
    let at = |s: i64| START.as_seconds() + s;
    for (filter, expected) in [
        (json!({}), vec![d, c, b, a]),
        (json!({"state": 1}), vec![d, a]),
        (json!({"state": 1, "host_uid": "Eve"}), vec![d]),
        (json!({"state": 3}), vec![]),
        (json!({"host_uid": "ann"}), vec![b, a]),
        (json!({"roomnum": b}), vec![b]),
        (json!({"roomnum": b, "state": 1}), vec![]),
        (json!({"roomnum": b.to_string()}), vec![b]),
        (json!({"from_time": at(100)}), vec![d, c]),
        (json!({"from_time": at(99)}), vec![d, c, b]),
        (json!({"to_time": at(0)}), vec![a]),
        (json!({"to_time": at(100)}), vec![b, a]),
        (json!({"to_time": at(99)}), vec![a]),
        (json!({"from_time": at(50), "to_time": at(150)}), vec![b]),
        (json!({"from_time": at(50), "to_time": at(250), "host_uid": "eve", "state": 0}), vec![c]),
        (json!({"from_time": 0, "to_time": 0}), vec![d, c, b, a]),
        (json!({"state": null, "host_uid": null, "roomnum": null}), vec![d, c, b, a]),
    ] {
        let total = i64::try_from(expected.len()).unwrap();
        assert_eq!(listed(&world, &ann, filter.clone()).await, (total, expected), "{filter}");
        let mut page = filter.clone();
        page["size"] = json!(0);
        assert_eq!(listed(&world, &ann, page).await.0, total, "{filter}");
    }
}

#[tokio::test]
async fn courses_of_another_application_are_not_listed_and_those_of_hosts_without_one_are() {
    let world = World::new().await;
    let ann = world.teacher("ann").await;
    let ours = world.room(&ann).await;
    let there = |mut body: serde_json::Value| {
        body["appid"] = json!(7);
        body
    };
    let regist = json!({"id": "far", "pwd": PASSWORD, "role": 1});
    world.ok("account/regist", there(regist)).await;
    let data = world.ok("account/login", there(json!({"id": "far", "pwd": PASSWORD}))).await;
    let far = data["token"].as_str().unwrap().to_owned();
    let data = world.ok("live/create", there(json!({"token": far, "title": ""}))).await;
    let theirs = data["roomnum"].as_i64().unwrap();

    let guest = person(&world, "guest", Origin::Arctos, Role::Teacher).await;
    let actor = Actor {
        id: guest.id,
        handle: guest.handle.clone(),
        role: guest.role,
        appid: None,
        origin: Origin::Arctos,
    };
    let now = world.clock.moment();
    let free =
        room::create(world.app(), &actor, String::new(), String::new(), now).await.unwrap().0;

    assert_eq!(listed(&world, &ann, json!({})).await, (2, vec![free, ours]));
    assert_eq!(listed(&world, &ann, json!({"roomnum": theirs})).await, (0, vec![]));
    assert_eq!(listed(&world, &ann, json!({"host_uid": "guest"})).await, (1, vec![free]));
    let data = world.ok("live/roomlist", there(json!({"token": far, "index": 0, "size": 9}))).await;
    assert_eq!(data["total"], 2);
    assert_eq!(data["rooms"][0]["roomnum"], free);
    assert_eq!(data["rooms"][1]["roomnum"], theirs);
}

#[tokio::test]
async fn an_administrator_is_no_host_that_could_be_searched_for() {
    let world = World::new().await;
    world.administer().await;
    let bob = world.pupil("bob").await;
    let ask = json!({"token": bob, "index": 0, "size": 1, "host_uid": "root"});
    assert_eq!(world.edu("live/roomlist", ask).await["errorCode"], 10005);
}

#[tokio::test]
async fn members_come_in_order_of_registration_and_only_those_who_are_there() {
    let world = World::new().await;
    let mut tokens = Vec::new();
    for n in 0..5 {
        tokens.push(world.user(&format!("u{n}"), i64::from(n == 3)).await);
    }
    let room = world.live_room(&tokens[3]).await;
    for n in [4, 1, 2, 0] {
        let enter = json!({"token": tokens[n], "roomnum": room, "operate": 0});
        world.ok("live/reportmemid", enter).await;
    }
    let leave = json!({"token": tokens[1], "roomnum": room, "operate": 1});
    world.ok("live/reportmemid", leave).await;
    let ask = json!({"token": tokens[1], "roomnum": room, "index": 0, "size": 50});
    let data = world.ok("live/roomidlist", ask).await;
    assert_eq!(data["total"], 4);
    let ids: Vec<_> = data["idlist"].as_array().unwrap().iter().map(|m| m["id"].clone()).collect();
    assert_eq!(ids, ["u0", "u2", "u3", "u4"]);
}

#[tokio::test]
async fn bindings_are_for_the_host_and_whoever_is_or_was_a_member() {
    let world = World::new().await;
    let (ann, eve) = (world.teacher("ann").await, world.teacher("eve").await);
    let (now, past) = (world.pupil("now").await, world.pupil("past").await);
    let room = world.room(&ann).await;
    let bind = |operate: i64, n: i64| {
        let file = json!({"type": 1, "file_name": "f", "url": format!("http://f/{n}")});
        json!({"token": ann, "roomnum": room, "operate": operate, "bind_file": file})
    };
    let seen = |token: String, index: i64, size: i64| {
        let world = &world;
        async move {
            let ask = json!({"token": token, "roomnum": room, "index": index, "size": size});
            let data = world.ok("live/querybind", ask).await;
            let files = data["bind_files"].as_array().unwrap();
            let urls: Vec<_> =
                files.iter().map(|f| f["url"].as_str().unwrap().to_owned()).collect();
            (data["total"].as_i64().unwrap(), urls)
        }
    };
    for n in 0..3 {
        world.ok("live/reportbind", bind(0, n)).await;
    }
    let all = (3, ["http://f/2", "http://f/1", "http://f/0"].map(str::to_owned).to_vec());
    assert_eq!(seen(ann.clone(), 0, 50).await, all, "the host, before the start");
    assert_eq!(seen(now.clone(), 0, 50).await, (0, vec![]));
    world.ok("live/startcourse", json!({"token": ann, "roomnum": room})).await;
    for (token, operate) in [(&now, 0), (&past, 0), (&past, 1)] {
        let report = json!({"token": token, "roomnum": room, "operate": operate});
        world.ok("live/reportmemid", report).await;
    }
    for (token, expected) in [(&now, &all), (&past, &all), (&eve, &(0, vec![]))] {
        assert_eq!(&seen(token.clone(), 0, 50).await, expected);
    }
    assert_eq!(seen(now.clone(), 1, 1).await, (3, vec!["http://f/1".into()]));
    world.ok("live/reportbind", bind(1, 1)).await;
    world.ok("live/exitroom", json!({"token": ann, "roomnum": room})).await;
    let left = (2, ["http://f/2", "http://f/0"].map(str::to_owned).to_vec());
    assert_eq!(seen(past.clone(), 0, 50).await, left, "and it stays so when the lesson is over");
    assert_eq!(world.edu("live/reportbind", bind(0, 9)).await["errorCode"], 10102);
    assert_eq!(seen(ann.clone(), 0, 50).await, left);
}

#[tokio::test]
async fn an_address_is_absolute_by_the_way_the_client_came() {
    let check = |set: Vec<String>, secure: bool, target: &'static str, host: &'static str| async move {
        let set: Vec<&str> = set.iter().map(String::as_str).collect();
        let world = World::with(&set).await;
        let ann = world.teacher("ann").await;
        replay(&world, &ann).await;
        let body = json!({"appid": APPID, "timeStamp": 1, "token": ann, "index": 0, "size": 1});
        let mut request = Request::post(format!("{target}/index.php?svc=live&cmd=roomlist"));
        if !host.is_empty() {
            request = request.header("host", host);
        }
        let request = request.body(Full::new(body.to_string().into())).unwrap();
        let peer = Peer { addr: [10, 0, 0, 7].into(), secure };
        let answer = world.request_from(request, peer).await.json();
        let url = answer["data"]["rooms"][0]["playback_idx_url"].as_str().unwrap().to_owned();
        let name = world.app().policy.box_name.clone();
        let (start, rest) = url.split_once("/media/10001/index.json?k=").unwrap();
        assert_eq!(rest.len(), 32, "128 bits: {url}");
        start.replace(&name, "NAME")
    };
    let none = Vec::new;
    assert_eq!(check(none(), false, "", "box.test:8080").await, "http://box.test:8080");
    assert_eq!(check(none(), true, "", "box.test").await, "https://box.test");
    assert_eq!(check(none(), false, "", "").await, "http://NAME.local");
    // HTTP/2 has no Host header: the name is part of the address.
    let h2 = check(none(), true, "https://box.test:8443", "").await;
    assert_eq!(h2, "https://box.test:8443");
    let public = || vec!["http.public_url=https://school.example/box/".to_owned()];
    for host in ["box.test", ""] {
        assert_eq!(check(public(), false, "", host).await, "https://school.example/box");
    }
}
