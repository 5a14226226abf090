//! Opens an input that no lesson has, for those who look at it: one ffmpeg makes small pictures of it and measures its sound.
//! Whatever it makes goes into pipes of the box: when the box is gone, by whatever death, it ends with the next picture that it writes.

use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::pipe::{PipeFlags, pipe_with};
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tracing::{debug, info};

use super::SCALE;
use super::mpjpeg::{Garbage, Pictures};
use crate::domain::devices::Devices;
use crate::domain::monitor::{Input, Shot};
use crate::hw::inputs::{Inputs, Lent, Source, Wish};
use crate::hw::recorder::{Encoder, Picture, SOUND_GAUGE};
use crate::model::{Clock, Millis};
use crate::wire::gauge::{Gauge, Reading};

/// Inputs that are open at once for those who look, beside those that always are. Each costs a tenth of a processor.
const OPEN_MAX: usize = 4;
/// Pictures a second, and the columns of one.
const RATE: u32 = 3;
const COLUMNS: u32 = 640;
/// What gives nothing is tried again after a second, two, four and then each eight.
const TIMES_DOUBLED: u32 = 3;
/// One that gives some pictures and breaks off, again and again, is not well.
const WELL: Millis = Millis::seconds(10);
/// A small picture, or what is said of the sound in some seconds.
const READ: usize = 16 << 10;

/// What it takes to look; shared by all inputs.
pub struct Looker {
    inputs: Arc<Inputs>,
    devices: Devices,
    clock: Clock,
    /// No picture for so long: it is opened again.
    patience: Duration,
    seats: Semaphore,
}

/// An input that is open.
struct Run {
    encoder: Encoder,
    /// What it says of the sound.
    said: pipe::Receiver,
    source: Source,
    lent: Lent,
}

/// Why nobody could look.
#[derive(Debug)]
enum Failed {
    /// Others come first: the input is not at fault.
    Refused(&'static str),
    Broke(String),
}

impl Looker {
    pub fn new(inputs: Arc<Inputs>, devices: Devices, clock: Clock, patience: Duration) -> Self {
        Self { inputs, devices, clock, patience, seats: Semaphore::new(OPEN_MAX) }
    }

    /// Opens the input whenever somebody looks, or always, for as long as it is polled.
    pub async fn run(&self, input: &Input, is_always: bool) {
        let mut vain = 0;
        loop {
            input.wanted(is_always, &self.clock).await;
            tokio::select! {
                biased;
                () = input.unwanted(is_always, &self.clock) => continue,
                () = self.devices.until(&input.name, false) => {}
            }
            self.attempt(input, is_always, &mut vain).await;
        }
    }

    /// Once, and the rest until it may be tried again.
    async fn attempt(&self, input: &Input, is_always: bool, vain: &mut u32) {
        // What nobody needs takes no memory.
        match Box::pin(self.look(input, is_always, vain)).await {
            Ok(why) => debug!(input = input.name, why, "looked at"),
            Err(Failed::Refused(why)) => {
                debug!(input = input.name, why, "not looked at");
                sleep(Duration::from_secs(1)).await;
            }
            Err(Failed::Broke(why)) => {
                if *vain == 0 {
                    info!(input = input.name, why, "it is opened again for those who look");
                }
                sleep(Duration::from_secs(1 << (*vain).min(TIMES_DOUBLED))).await;
                *vain += 1;
            }
        }
    }

    /// Says why it was left, or what was wrong.
    async fn look(&self, input: &Input, is_always: bool, vain: &mut u32) -> Result<String, Failed> {
        let seat = (!is_always).then(|| self.seats.try_acquire()).transpose();
        let _seat = seat.map_err(|_| Failed::Refused("too many others are looked at"))?;
        let Some(_watched) = input.open() else { return Ok("not now".into()) };
        let leave = async {
            tokio::select! {
                () = input.unwanted(is_always, &self.clock) => "nobody looks, or a lesson does",
                () = self.devices.until(&input.name, true) => "it is switched off",
            }
        };
        let mut leave = std::pin::pin!(leave);
        // It is heard before it is looked at what is plugged in.
        let changes = self.inputs.hotplug.changes();
        let mut run = tokio::select! {
            biased;
            why = &mut leave => return Ok(why.into()),
            run = self.start(input) => run?,
        };
        let (wish, mut lost) = (Wish::default(), run.encoder.lost.clone());
        let changed = self.inputs.changed(&input.name, &run.source, &wish, changes, self.patience);
        let ended = tokio::select! {
            biased;
            why = leave => Ok(why.into()),
            () = run.lent.wanted() => Err(Failed::Refused("a lesson wants its devices")),
            change = changed => Err(Failed::Broke(change.why)),
            _ = lost.wait_for(Option::is_some) => Err(Failed::Broke("a device has ended".into())),
            () = self.hear(input, &mut run.said) => Err(Failed::Broke("it ended".into())),
            why = self.see(input, &mut run.encoder, vain) => Err(Failed::Broke(why)),
        };
        // While it hangs in a driver, nobody follows it there.
        run.encoder.lent = Some(run.lent);
        let words = run.encoder.end_now().await;
        ended.map_err(|failed| match failed {
            Failed::Broke(why) => Failed::Broke(format!("{why}: {words}")),
            Failed::Refused(_) => failed,
        })
    }

    async fn start(&self, input: &Input) -> Result<Run, Failed> {
        let wrong = |why: &dyn std::fmt::Display| Failed::Broke(why.to_string());
        let source = self.inputs.choose(&input.name, &Wish::default()).await;
        let source = source.map_err(|e| wrong(&e))?;
        // A slate is no camera that is open.
        let open = match source.opens() {
            true => Some(self.devices.open(&input.name).ok_or(Failed::Refused("switched off"))?),
            false => None,
        };
        let lent = self.inputs.borrow(&source).await;
        let lent = lent.ok_or_else(|| wrong(&"somebody hangs in its device"))?;
        let (said, says) = gauges().map_err(|e| wrong(&e))?;
        let (args, names) = (arguments(&source), source.names());
        let encoder = Encoder::run(&source.ffmpeg, args, Stdio::from(says), names);
        let mut encoder = encoder.map_err(|e| wrong(&e))?;
        encoder.reads = open.map(Arc::new);
        Ok(Run { encoder, said, source, lent })
    }

    /// Shows pictures until none come any more; says why.
    async fn see(&self, input: &Input, encoder: &mut Encoder, vain: &mut u32) -> String {
        let (mut pictures, mut buffer) = (Pictures::default(), vec![0; READ]);
        let mut since = None;
        loop {
            let got = match timeout(self.patience, encoder.pipe.read(&mut buffer)).await {
                Ok(Ok(got @ 1..)) => got,
                Ok(Ok(0)) => return "it ended".into(),
                Ok(Err(error)) => return error.to_string(),
                Err(_) => return "it gives no picture".into(),
            };
            match pictures.push(&buffer[..got]) {
                Ok(None) => {}
                Ok(Some(jpeg)) => {
                    let at = self.clock.steady();
                    input.show(Shot { jpeg: jpeg.into(), at });
                    if at - *since.get_or_insert(at) >= WELL {
                        *vain = 0;
                    }
                }
                Err(Garbage) => return "it gives something else than pictures".into(),
            }
        }
    }

    /// Tells of the sound for as long as there is somebody who could.
    async fn hear(&self, input: &Input, said: &mut pipe::Receiver) {
        let (mut gauge, mut buffer) = (Gauge::default(), vec![0; READ]);
        while let Ok(got @ 1..) = said.read(&mut buffer).await {
            let now = self.clock.moment();
            gauge.push(&buffer[..got], |reading| {
                if let Reading::Sound { peak, rms, .. } = reading {
                    input.hear(peak, rms, now);
                }
            });
        }
    }
}

/// Our end of a pipe for what is said of the sound, and the program's, which waits as any program's does.
fn gauges() -> std::io::Result<(pipe::Receiver, OwnedFd)> {
    let (said, says) = pipe_with(PipeFlags::CLOEXEC)?;
    Ok((pipe::Receiver::from_owned_fd(said)?, says))
}

/// The input as it is read for a lesson, so that what is seen is what will be recorded; pictures are left out before anything is
/// done to them. The sound goes the way of its gauge, as lines without `=`: two checksums a second.
fn arguments(source: &Source) -> Vec<String> {
    let Picture { width, height, .. } = small(source.picture);
    let fill = |text: &str| {
        text.replace("{width}", &width.to_string())
            .replace("{height}", &height.to_string())
            .replace("{rate}", &RATE.to_string())
            .replace("{elapsed}", "0")
    };
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<String>>();
    // Not `-fflags nobuffer`: with it, `fps` gives nothing of what lavfi generates.
    let mut all = words("-hide_banner -nostdin -nostats -loglevel warning -threads 1");
    all.extend(source.args.iter().map(|arg| fill(arg)));
    let filters = source.filters.iter().map(|filter| fill(filter) + ",").collect::<String>();
    let graph = format!("[{}]fps={RATE},{filters}{SCALE},format=yuvj420p[v]", source.video);
    all.extend(["-filter_complex".into(), graph]);
    if !source.audio.is_empty() {
        let filter =
            source.audio_filter.as_ref().map_or(String::new(), |filter| fill(filter) + ",");
        let graph = format!("[{}]{filter}{SOUND_GAUGE},asetnsamples=n=24000[a]", source.audio);
        all.extend(["-filter_complex".into(), graph]);
    }
    all.extend(words(
        "-map [v] -c:v mjpeg -q:v 5 -fps_mode passthrough -flush_packets 1 -f mpjpeg pipe:1",
    ));
    if !source.audio.is_empty() {
        all.extend(words("-map [a] -c:a pcm_s16le -flush_packets 1 -f framecrc pipe:0"));
    }
    all
}

/// The same form with fewer columns.
fn small(picture: Picture) -> Picture {
    let width = picture.width.clamp(2, COLUMNS) & !1;
    let height = (picture.height * width / picture.width.max(1)).max(2) & !1;
    Picture { width, height, rate: RATE, ..picture }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::domain::monitor::Monitors;
    use crate::hw::board::{self, Board};
    use crate::hw::encoder::Finder;
    use crate::hw::recorder::program;

    /// Inputs of these names, which are looked at by a script.
    fn looker(dir: &Path, names: &[&str], script: &str) -> (Looker, Monitors) {
        let script = format!("case \"$*\" in *mpjpeg*) {script};; esac\nexec $REAL \"$@\"");
        let mut board = Board::load("sim").unwrap();
        board.encoder.retain(|encoder| encoder.name == "libx264");
        let input = board.input[0].clone();
        let named = |name: &&str| board::Input { name: (*name).to_owned(), ..input.clone() };
        board.input = names.iter().map(named).collect();
        let found = Finder::new(Some(program(dir, &script)), "/usr/bin:/bin".into(), board.clone());
        let wanted = Picture { width: 320, height: 180, rate: 15, kbit: 400 };
        let inputs = Inputs::new(board, Arc::new(found), wanted, "/".into(), false);
        let (devices, patience) = (Devices::default(), Duration::from_secs(60));
        let looker = Looker::new(Arc::new(inputs), devices, Clock::system(), patience);
        (looker, Monitors::of(names.iter().map(|name| (*name, ""))))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn all_that_is_always_watched_is_and_leaves_the_places_to_people() {
        let dir = tempfile::tempdir().unwrap();
        let names = ["a", "b", "c", "d", "e"];
        let (looker, inputs) = looker(dir.path(), &names, "echo >>$DIR/looks; exec sleep 600");
        let looker = Arc::new(looker);
        let mut all = tokio::task::JoinSet::new();
        for input in inputs.all() {
            let (looker, input) = (looker.clone(), input.clone());
            all.spawn(async move { looker.run(&input, true).await });
        }
        let looks = || std::fs::read_to_string(dir.path().join("looks")).unwrap_or_default();
        while looks().len() < names.len() {
            sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(looker.seats.available_permits(), OPEN_MAX);
    }

    #[tokio::test]
    async fn an_input_that_gives_a_picture_and_breaks_off_is_not_well() {
        let dir = tempfile::tempdir().unwrap();
        let picture = r"printf -- '--ffmpeg\r\nContent-length: 3\r\n\r\none\r\n'; sleep 1; exit 1";
        let (looker, inputs) = looker(dir.path(), &["a"], picture);
        let mut vain = 3;
        let failed = looker.look(&inputs.all()[0], true, &mut vain).await.unwrap_err();
        assert!(matches!(failed, Failed::Broke(_)) && vain == 3, "{failed:?} {vain}");
    }

    #[tokio::test]
    async fn an_input_that_gives_way_to_others_is_tried_again_as_soon_as_before() {
        let dir = tempfile::tempdir().unwrap();
        let (looker, inputs) = looker(dir.path(), &["a"], "exit 1");
        let (input, mut vain) = (&inputs.all()[0], 0);
        let _all = looker.seats.acquire_many(4).await.unwrap();
        looker.attempt(input, false, &mut vain).await;
        assert_eq!(vain, 0, "others are looked at");
        looker.attempt(input, true, &mut vain).await;
        assert_eq!(vain, 1, "it gives nothing");
    }
}
