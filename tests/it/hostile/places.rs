//! Ways out of the folders: on every route that serves files, in every spelling, with a symbolic link lying there.
//! What is served is found by rows and fixed names, so no spelling of a path reaches the disk.

use std::os::unix::fs::symlink;

use super::{Scene, exchange};

/// Stands in a file beside the data, in one within, and behind the links.
const SECRET: &str = "nobody may read this";

/// Each of them stands for `..`.
const UP: [&str; 14] = [
    "..",
    "%2e%2e",
    ".%2e",
    "%252e%252e",
    "..%00",
    "%c0%ae%c0%ae",
    "%e0%80%ae%e0%80%ae",
    "..%5c",
    "..\\",
    "..;",
    "....//..",
    "%uff0e%uff0e",
    "..%c0%af..",
    "\u{ff0e}\u{ff0e}",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_spelling_of_a_path_leaves_its_folder() {
    let scene = Scene::new().await;
    let (data, room) = (scene.dir.path(), scene.school.room);
    let outside = data.join("secret.txt");
    std::fs::write(&outside, SECRET).unwrap();
    let lesson = data.join("recordings").join(room.to_string());
    std::fs::create_dir_all(&lesson).unwrap();
    for (link, place) in [("2.mp4", &lesson), ("link", &data.join("files"))] {
        symlink(&outside, place.join(link)).unwrap();
    }
    let mut asked = 0;
    for root in [
        format!("/media/{room}/"),
        "/media/".into(),
        "/files/v2/1/bucket/".into(),
        "/files/v1/".into(),
        "/files/picture/".into(),
        "/watch/assets/".into(),
        "/watch/".into(),
        "/course/".into(),
        "/box/moderate/".into(),
        "/".into(),
    ] {
        for up in UP {
            for goal in ["secret.txt", "keys/ca.key.pem"] {
                for depth in [1, 6] {
                    for slash in ["/", "%2f"] {
                        asked += 1;
                        let ways = format!("{up}{slash}").repeat(depth);
                        refused(&scene, &format!("{root}{ways}{goal}")).await;
                    }
                }
            }
        }
        let absolute = outside.display().to_string();
        for path in [
            format!("{root}{absolute}"),
            format!("{root}{}", absolute.replace('/', "%2f")),
            format!("{root}file:{absolute}"),
            format!("{root}2.mp4"),
            format!("{root}link"),
            format!("{root}1.mp4%00.json"),
        ] {
            refused(&scene, &path).await;
        }
    }
    println!("{asked} spellings");
    scene.end("path traversal", 16).await;
}

async fn refused(scene: &Scene, path: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let said = exchange(scene.service.http, request.as_bytes()).await.expect("it answers");
    let first = said.lines().next().unwrap_or_default();
    let is_no = ["400", "401", "403", "404", "405", "414"].iter().any(|code| first.contains(code));
    assert!(is_no, "{path}: {said}");
    assert!(!said.contains(SECRET) && !said.contains("SQLite format"), "{path}: {said}");
}
