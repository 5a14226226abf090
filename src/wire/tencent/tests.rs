//! Tencent's shape, held against what clients read.

use super::*;

#[test]
fn times_are_written_as_tencent_writes_them() {
    let check = |seconds, expected| {
        assert_eq!(clock_text(Millis::seconds(seconds)), expected);
    };
    // 2015-01-12 13:37:11 UTC: the example of the page.
    check(1_421_069_831, "2015-01-12 21:37:11");
    check(0, "1970-01-01 08:00:00");
    check(951_753_600, "2000-02-29 00:00:00");
    check(4_102_415_999, "2099-12-31 23:59:59");
    check(-1, "1970-01-01 07:59:59");
}

fn question(params: &str) -> Result<Question, &'static str> {
    let params: BTreeMap<String, String> = serde_json::from_str(params).unwrap();
    Question::read(&params["Action"], &params).unwrap()
}

fn film(n: i64) -> Vod {
    Vod {
        file_id: format!("box-{n}-1"),
        name: String::new(),
        bytes: 0,
        seconds: 0,
        width: 0,
        height: 0,
        created: Millis::seconds(n),
        updated: Millis::seconds(n),
        url: String::new(),
        cover: String::new(),
    }
}

#[test]
fn films_are_chosen_by_id_and_time_and_page() {
    let check = |params: &str, expected: (usize, &[i64])| {
        let asked = question(&format!(r#"{{"Action":"DescribeVodInfo"{params}}}"#)).unwrap();
        let Question::List(wanted) = asked else { panic!("{asked:?}") };
        let (total, films) = wanted.choose((1..=25).map(film).collect());
        let ids: Vec<i64> = films.iter().map(|f| f.created.as_seconds()).collect();
        assert_eq!((total, &*ids), expected, "{params}");
    };
    check("", (25, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
    check(r#","pageNo":"0","pageSize":"3""#, (25, &[1, 2, 3]));
    check(r#","pageNo":"2","pageSize":"3","orderby":"1""#, (25, &[22, 21, 20]));
    check(r#","pageNo":"9","pageSize":"3""#, (25, &[25]));
    check(r#","pageNo":"4294967295","pageSize":"100""#, (25, &[]));
    check(r#","fileIds.1":"box-7-1","fileIds.2":"box-9-1""#, (2, &[7, 9]));
    check(r#","from":"1970-01-01 08:00:24""#, (2, &[24, 25]));
    check(r#","to":"1970-01-01 08:00:02""#, (2, &[1, 2]));
    check(r#","status":"4""#, (0, &[]));
}

#[test]
fn a_parameter_that_cannot_be_read_is_named() {
    let named = |params: &str| question(params).err();
    assert_eq!(named(r#"{"Action":"DescribeVodInfo","pageSize":"x"}"#), Some("pageSize"));
    assert_eq!(named(r#"{"Action":"DescribeVodInfo","pageNo":"-1"}"#), Some("pageNo"));
    assert_eq!(named(r#"{"Action":"GetVideoInfo"}"#), Some("fileId"));
    assert_eq!(Question::read("DeleteVodFile", &BTreeMap::new()), None);
}

#[test]
fn a_page_has_the_members_that_clients_read() {
    let vod = Vod {
        file_id: "box-10001-1".into(),
        name: "Physics".into(),
        bytes: 1_000_000,
        seconds: 10,
        width: 1280,
        height: 720,
        created: Millis::seconds(1_421_069_831),
        updated: Millis::seconds(1_421_069_841),
        url: "http://box/media/10001/1.mp4?k=0".into(),
        cover: String::new(),
    };
    let page: serde_json::Value =
        serde_json::from_str(&list(7, std::slice::from_ref(&vod))).unwrap();
    assert_eq!((&page["code"], &page["totalCount"]), (&0.into(), &7.into()));
    let file = &page["fileSet"][0];
    assert_eq!(file["fileId"], "box-10001-1");
    assert_eq!((&file["duration"], &file["status"]), (&"10".into(), &"2".into()));
    assert_eq!(file["playSet"][0]["vbitrate"], 800);
    assert_eq!(file["playSet"][0]["url"], vod.url);
    let one: serde_json::Value = serde_json::from_str(&one(&vod)).unwrap();
    assert_eq!(one["basicInfo"]["createTime"], 1_421_069_831);
    assert_eq!(one["basicInfo"]["sourceVideoUrl"], vod.url);
    assert_eq!(one["transcodeInfo"]["transcodeList"][0]["height"], 720);
}

#[test]
fn tencents_answer_is_passed_on_and_its_refusal_is_told() {
    let kept = r#"{"code":0,"message":"","totalCount":12345678901234567890.0}"#;
    let sent = r#"{"message":"ok","totalCount":12345678901234567890.0,"code":"0"}"#;
    assert_eq!(passed_on(sent.as_bytes()).as_deref(), Ok(kept));
    assert_eq!(passed_on(br#"{"code":4100,"message":"signature"}"#), Err(4100));
    assert_eq!(passed_on(br#"{"Response":{}}"#), Err(-1));
    assert_eq!(passed_on(b"<html>"), Err(-1));
}
