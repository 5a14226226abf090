//! What `encoder` promises.

use super::*;

#[tokio::test]
async fn the_first_encoder_that_really_encodes_is_chosen_and_the_others_are_explained() {
    let finder = Finder::new(None, "/usr/bin:/bin".into(), Board::load("sim").unwrap());
    let found = finder.find().await.unwrap();
    assert_eq!(
        found.why.len(),
        1 + found.why.iter().position(|w| w.contains("encodes here")).unwrap()
    );
    assert!(found.version.starts_with(|c: char| c.is_ascii_digit() || c == 'n'), "{found:?}");
}

#[tokio::test]
async fn a_machine_without_ffmpeg_is_told_what_to_install() {
    let finder = Finder::new(None, "/nowhere".into(), Board::load("sim").unwrap());
    let error = finder.find().await.unwrap_err().to_string();
    assert!(error.contains("apt install ffmpeg"), "{error}");
}
