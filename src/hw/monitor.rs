//! Shows what an input sees to those who look: while a lesson is recorded from it, the newest key frame of the film is decoded when
//! somebody asks, so that nothing is opened or encoded twice. Else it is opened for them (`looker`).

mod looker;
mod mpjpeg;

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::process::Stdio;
use std::time::Duration;

use rustix::fs::{MemfdFlags, memfd_create};
use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;

pub use self::looker::Looker;
use crate::domain::monitor::{Film, Input, Shot};
use crate::hw::encoder::Finder;
use crate::hw::error::HwError;
use crate::hw::inputs::{Inputs, Names};
use crate::hw::recorder::Encoder;
use crate::model::Clock;

/// One picture takes a tenth of that.
const DECODE_LIMIT: Duration = Duration::from_secs(5);
/// A picture of this size has a twentieth of it.
const JPEG_MAX: u64 = 1 << 20;
/// Enough to see whether the camera stands right.
const SCALE: &str = r"scale=w=min(640\,iw):h=-2:flags=fast_bilinear";
const JPEG: &str = "-c:v mjpeg -q:v 5 -f mjpeg -";

/// Makes pictures of lessons that are recorded from this input, one at a time, for as long as it is polled.
pub async fn develop(input: &Input, inputs: &Inputs, clock: &Clock) {
    loop {
        let film = input.film().await;
        match decoded(&film, &inputs.finder).await {
            Ok(jpeg) => input.show(Shot { jpeg: jpeg.into(), at: clock.steady() }),
            Err(error) => tracing::debug!(input = input.name, %error, "no picture to look at"),
        }
    }
}

/// A JPEG of a film's first picture.
async fn decoded(film: &Film, finder: &Finder) -> Result<Vec<u8>, HwError> {
    let found = finder.find().await?;
    let wrong = |why: &dyn std::fmt::Display| HwError::new("monitor", "decode a picture", why);
    let film = held(film).map_err(|e| wrong(&e))?;
    let args = format!(
        "-hide_banner -nostdin -loglevel error -threads 1 -i pipe:0 -an -frames:v 1 -vf {SCALE} {JPEG}"
    );
    let args = args.split(' ').map(str::to_owned).collect();
    let mut decoder = Encoder::run(&found.ffmpeg, args, Stdio::from(film), Names::default())?;
    let mut jpeg = Vec::new();
    let mut pipe = (&mut decoder.pipe).take(JPEG_MAX);
    match timeout(DECODE_LIMIT, pipe.read_to_end(&mut jpeg)).await {
        Ok(Ok(_)) => {
            let words = decoder.end().await;
            if jpeg.is_empty() { Err(wrong(&words)) } else { Ok(jpeg) }
        }
        Ok(Err(error)) => Err(wrong(&error)),
        Err(_) => Err(wrong(&decoder.end_now().await)),
    }
}

/// In memory, as a file that a program can read.
fn held(film: &Film) -> std::io::Result<File> {
    let mut file = File::from(memfd_create("film", MemfdFlags::CLOEXEC)?);
    file.write_all(&film.init)?;
    file.write_all(&film.part)?;
    file.rewind()?;
    Ok(file)
}
