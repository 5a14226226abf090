//! What `encoder` promises.

use super::*;
use crate::hw::recorder::program;

/// An ffmpeg that has `listed`, of which `broken` refuse to encode.
fn played(dir: &Path, listed: &str, broken: &str) -> PathBuf {
    let script = format!(
        r#"case "$*" in
  *-version) echo "ffmpeg version 7.0 Copyright"; exit;;
  *-encoders) for name in {listed}; do echo " V....D $name some encoder"; done; exit;;
esac
for name in {broken}; do
  case "$*" in *"-c:v $name "*) echo "$name: no such device" >&2; exit 1;; esac
done
for name in {listed}; do
  case "$*" in *"-c:v $name "*) exit;; esac
done
exit 1"#
    );
    program(dir, &script)
}

/// What is chosen of them by a board that names its encoders in this order, and what is said of each.
async fn chosen(order: [&str; 3], listed: &str, broken: &str) -> Result<Found, HwError> {
    let dir = tempfile::tempdir().unwrap();
    let mut board = Board::load("sim").unwrap();
    board.encoder.sort_by_key(|encoder| order.iter().position(|name| *name == encoder.name));
    let finder = Finder::new(Some(played(dir.path(), listed, broken)), "".into(), board);
    finder.find().await.map(Arc::unwrap_or_clone)
}

const RKMPP: [&str; 3] = ["h264_rkmpp", "h264_v4l2m2m", "libx264"];
const V4L2: [&str; 3] = ["h264_v4l2m2m", "h264_rkmpp", "libx264"];
const LISTED: &str = "libx264 h264_v4l2m2m h264_rkmpp";

#[tokio::test]
async fn the_first_encoder_that_really_encodes_is_chosen_and_the_others_are_explained() {
    let found = async |order, listed, broken| {
        let found = chosen(order, listed, broken).await.unwrap();
        assert_eq!(found.version, "7.0");
        (found.encoder.name, found.why)
    };
    let told = |name: &str, why: &[&str]| {
        (name.to_owned(), why.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let (rkmpp, v4l2) = ("h264_rkmpp: encodes here", "h264_v4l2m2m: encodes here");
    assert_eq!(found(RKMPP, LISTED, "").await, told("h264_rkmpp", &[rkmpp]));
    assert_eq!(found(V4L2, LISTED, "").await, told("h264_v4l2m2m", &[v4l2]));
    let broken = "h264_rkmpp: h264_rkmpp: no such device";
    assert_eq!(found(RKMPP, LISTED, "h264_rkmpp").await, told("h264_v4l2m2m", &[broken, v4l2]));
    let none = "h264_v4l2m2m: this ffmpeg was built without it";
    let last = "libx264: encodes here";
    assert_eq!(
        found(RKMPP, "h264_rkmpp libx264", "h264_rkmpp").await,
        told("libx264", &[broken, none, last])
    );
}

#[tokio::test]
async fn a_machine_on_which_nothing_encodes_says_why_of_each_encoder() {
    let error = chosen(RKMPP, "h264_rkmpp libx264", "h264_rkmpp libx264").await.unwrap_err();
    assert_eq!(
        error.source,
        "h264_rkmpp: h264_rkmpp: no such device; h264_v4l2m2m: this ffmpeg was built without it; \
         libx264: libx264: no such device"
    );
}

#[tokio::test]
async fn this_machines_own_ffmpeg_has_an_encoder() {
    let finder = Finder::new(None, "/usr/bin:/bin".into(), Board::load("sim").unwrap());
    let found = finder.find().await.unwrap();
    assert!(found.why.last().unwrap().contains("encodes here"), "{found:?}");
    assert!(found.version.starts_with(|c: char| c.is_ascii_digit() || c == 'n'), "{found:?}");
}

#[tokio::test]
async fn a_machine_without_ffmpeg_is_told_what_to_install() {
    let finder = Finder::new(None, "/nowhere".into(), Board::load("sim").unwrap());
    let error = finder.find().await.unwrap_err().to_string();
    assert!(error.contains("apt install ffmpeg"), "{error}");
}
