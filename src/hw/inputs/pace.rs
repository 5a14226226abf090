//! Which size the encoder keeps up with on this machine: tried with a second of a moving picture, and made smaller until
//! it does.

use std::sync::Arc;
use std::time::Duration;

use crate::hw::encoder::{self, Found};
use crate::hw::error::HwError;
use crate::hw::recorder::Picture;

/// Sizes that are tried after the one that is wanted.
const STEPS: [(u32, u32); 5] = [(1280, 720), (960, 540), (640, 360), (480, 270), (320, 180)];
/// A second of picture may take so long: the rest is for who answers, and for a picture that moves more.
const ENOUGH: Duration = Duration::from_millis(700);
/// A machine on which ffmpeg does not even start in this time records nothing anyway.
const LIMIT: Duration = Duration::from_secs(15);
/// Below it a face is a blur, whatever the size.
const KBIT_MIN: u32 = 200;

/// What an encoder keeps up with.
#[derive(Debug)]
pub struct Paced {
    pub found: Arc<Found>,
    pub picture: Picture,
    /// What became of each size that was tried.
    pub why: Vec<String>,
    /// Else it is the smallest, which it does not keep up with either.
    pub keeps_up: bool,
    /// It was tried beside lessons: alone it may do better.
    pub is_hasty: bool,
}

/// The largest picture up to `wanted` that is encoded in time.
pub async fn fitting(found: Arc<Found>, wanted: Picture) -> Paced {
    let mut paced =
        Paced { found, picture: wanted, why: Vec::new(), keeps_up: false, is_hasty: true };
    for picture in steps(wanted) {
        paced.picture = picture;
        let Picture { width, height, rate, .. } = picture;
        let (name, why) = (&paced.found.encoder.name, &mut paced.why);
        match trial(&paced.found, picture).await {
            Ok(took) => {
                let (ms, ok) = (took.as_millis(), took <= ENOUGH);
                let verdict = if ok { "keeps up" } else { "is too slow" };
                why.push(format!(
                    "{name} {verdict} at {width}x{height}, {rate} a second: {ms} ms for a second"
                ));
                if ok {
                    paced.keeps_up = true;
                    break;
                }
            }
            Err(e) => why.push(format!("{name} at {width}x{height}: {}", e.source)),
        }
    }
    paced
}

/// What is wanted, then smaller and smaller ones with the rate of bits that belongs to them.
fn steps(wanted: Picture) -> Vec<Picture> {
    let area = |width: u32, height: u32| u64::from(width) * u64::from(height);
    let whole = area(wanted.width, wanted.height);
    let smaller = STEPS.iter().filter(|(w, h)| area(*w, *h) < whole).map(|(width, height)| {
        let kbit = u64::from(wanted.kbit) * area(*width, *height) / whole;
        let kbit = u32::try_from(kbit).unwrap_or(wanted.kbit).max(KBIT_MIN.min(wanted.kbit));
        Picture { width: *width, height: *height, kbit, ..wanted }
    });
    [wanted].into_iter().chain(smaller).collect()
}

/// How long a second of picture takes, without ffmpeg's own start.
async fn trial(found: &Found, picture: Picture) -> Result<Duration, HwError> {
    let Picture { width, height, rate, kbit } = picture;
    let source = format!("testsrc2=size={width}x{height}:rate={rate}:duration=1");
    let bits = format!("{kbit}k");
    let encoder = &found.encoder;
    let mut all = vec!["-hide_banner", "-nostdin", "-nostats", "-loglevel", "info", "-benchmark"];
    all.extend(["-f", "lavfi", "-i", &source, "-pix_fmt", &encoder.format, "-c:v", &encoder.name]);
    all.extend(["-b:v", &bits, "-bf", "0"]);
    all.extend(encoder.args.iter().map(String::as_str));
    all.extend(["-f", "null", "-"]);
    let said = encoder::run(&found.ffmpeg, &all, LIMIT).await?;
    real_time(&said.log).ok_or_else(|| HwError::new("encoder", "be timed", "it told no time"))
}

/// `bench: utime=0.310s stime=0.020s rtime=0.170s`.
fn real_time(log: &str) -> Option<Duration> {
    let (_, rest) = log.rsplit_once("rtime=")?;
    let seconds: f64 = rest.split('s').next()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hw::board::Board;
    use crate::hw::recorder::program;

    const WANTED: Picture = Picture { width: 1280, height: 720, rate: 30, kbit: 2500 };

    /// What fits where a second of these sizes takes so long, and every other one cannot be encoded.
    async fn fits(times: &[(&str, &str)]) -> (Picture, Vec<String>) {
        let dir = tempfile::tempdir().unwrap();
        let took = |(size, seconds): &(&str, &str)| {
            let bench = format!("bench: utime=9.000s stime=9.000s rtime={seconds}s");
            format!("*-benchmark*=size={size}:rate=30:*) echo '{bench}' >&2;;\n")
        };
        let times: String = times.iter().map(took).collect();
        let ffmpeg = program(dir.path(), &format!("case \"$*\" in\n{times}*) exit 1;; esac"));
        let encoder = Board::load("sim").unwrap().encoder.remove(0);
        let found = Found { ffmpeg, version: "7".into(), encoder, why: Vec::new() };
        let Paced { picture, why, .. } = fitting(Arc::new(found), WANTED).await;
        (picture, why)
    }

    #[tokio::test]
    async fn the_largest_picture_that_takes_seven_tenths_of_its_time_is_taken() {
        let (picture, why) = fits(&[("1280x720", "0.700")]).await;
        assert_eq!(picture, WANTED);
        let said = "h264_rkmpp keeps up at 1280x720, 30 a second: 700 ms for a second";
        assert_eq!(why, [said]);
    }

    #[tokio::test]
    async fn a_machine_that_is_too_slow_steps_down_until_it_keeps_up_and_says_why() {
        let (picture, why) =
            fits(&[("1280x720", "1.900"), ("960x540", "0.701"), ("640x360", "0.400")]).await;
        assert_eq!(picture, Picture { width: 640, height: 360, kbit: 625, ..WANTED });
        assert_eq!(
            why,
            [
                "h264_rkmpp is too slow at 1280x720, 30 a second: 1900 ms for a second",
                "h264_rkmpp is too slow at 960x540, 30 a second: 701 ms for a second",
                "h264_rkmpp keeps up at 640x360, 30 a second: 400 ms for a second",
            ]
        );
    }

    #[tokio::test]
    async fn a_size_that_is_refused_is_no_size_and_a_smaller_one_is_tried() {
        let (picture, why) = fits(&[("960x540", "0.100")]).await;
        assert_eq!((picture.width, picture.height, why.len()), (960, 540, 2));
        assert_eq!(why[0], "h264_rkmpp at 1280x720: failed without a word");
    }

    #[test]
    fn steps_go_down_from_what_is_wanted() {
        let sizes: Vec<(u32, u32)> = steps(WANTED).iter().map(|p| (p.width, p.height)).collect();
        assert_eq!(sizes, [(1280, 720), (960, 540), (640, 360), (480, 270), (320, 180)]);
        let kbits: Vec<u32> = steps(WANTED).iter().map(|p| p.kbit).collect();
        assert_eq!(kbits, [2500, 1406, 625, 351, 200]);
        let tiny = Picture { width: 160, height: 90, rate: 10, kbit: 64 };
        assert_eq!(steps(tiny), [tiny]);
    }

    #[test]
    fn ffmpegs_own_clock_is_read() {
        let log = "x\nbench: utime=0.310s stime=0.020s rtime=0.170s\nbench: maxrss=1kB\n";
        assert_eq!(real_time(log), Some(Duration::from_millis(170)));
        for nonsense in ["", "rtime=", "rtime=xs", "rtime=-1s", "rtime=infs"] {
            assert_eq!(real_time(nonsense), None);
        }
    }
}
