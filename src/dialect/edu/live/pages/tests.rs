//! A row that is put together says what the row written anew says.

use proptest::prelude::*;

use super::*;
use crate::model::lesson::{Export, RecordingState, RoomState};
use crate::model::{Millis, RoomId, UserId};

fn course(title: String, cover: String, index_url: String) -> Room {
    Room {
        id: RoomId(10_001),
        host: UserId(10_001),
        host_handle: r#"a"b","cover":"/x"#.into(),
        title,
        cover,
        state: RoomState::Live,
        created_at: Millis(1),
        begin_at: Millis(2_000),
        begin_seq: 3,
        end_at: Millis(0),
        end_seq: 0,
        index_url,
        watch_key: "k".into(),
        classroom: None,
        recording: RecordingState::On,
        recording_note: String::new(),
        export: Export::None,
        deleted_at: Millis(0),
        members: 7,
    }
}

proptest! {
    #[test]
    fn a_row_with_the_way_put_in_is_the_row_with_absolute_addresses(
        title in r#"[a-z",:/\\\u{1}é]{0,12}|,"cover":"/|","playback_idx_url":"/"#,
        cover in r#"/?[a-z/"\\é]{0,8}"#,
        index in r#"/?[a-z/"\\é]{0,8}"#,
    ) {
        let way = "https://box.test:8443";
        let written = room(&course(title.clone(), cover.clone(), index.clone()));
        let whole = |url: String| if url.starts_with('/') { format!("{way}{url}") } else { url };
        let anew = serde_json::to_vec(&row(course(title, whole(cover), whole(index)))).unwrap();
        let mut put = Json::with_room_for(0);
        join(&[&written, &written], way, &mut put);
        prop_assert_eq!(put.text(), [&anew[..], b",", &anew].concat());
    }
}
