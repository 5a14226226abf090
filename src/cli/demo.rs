//! `demo`: a teacher and three pupils hold a lesson of twenty seconds over the real API, the box records
//! it from the simulated camera, and the replay is fetched and decoded.

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use super::teacher::Person;
use super::{Failed, SOFTWARE, failed, on_terminal, print, stop_signal};
use crate::app::{self, Running, World};
use crate::config::Config;
use crate::model::{Clock, Entropy};
use crate::ops::{doctor, log};

const LESSON_S: u32 = 20;
/// "Seconds after the bell": the replay must be there by then.
const REPLAY_WITHIN: Duration = Duration::from_secs(20);

pub async fn run(mut config: Config, search_path: OsString, exit: bool) -> Result<(), Failed> {
    log::start("text", if config.log_level.0 == "info" { "error" } else { &config.log_level.0 });
    let stopping = stop_signal()?;
    let data = std::env::temp_dir().join(format!("arctos-box-demo-{}", std::process::id()));
    config.board = "sim".into();
    config.http_listen = "0.0.0.0:0".into();
    config.https_listen = String::new();
    config.openim_listen = String::new();
    config.openim_gateway = String::new();
    config.openim_json_gateway = String::new();
    config.classrooms.clear();
    config.webhooks.clear();
    let ffmpeg = config.ffmpeg.clone();
    let world = World {
        data: data.clone(),
        search_path,
        clock: Clock::system(),
        entropy: Entropy::system(),
    };
    let running = Box::pin(app::start(&config, world)).await?;
    let done = tokio::select! {
        done = Box::pin(lesson(&running, &ffmpeg)) => done,
        () = stopping => Err(Failed(SOFTWARE, "interrupted".into())),
    };
    if done.is_ok() && !exit {
        print("The box keeps serving. Press Ctrl-C to end.\n")?;
        stop_signal()?.await;
    }
    running.stop().await;
    let _ = std::fs::remove_dir_all(&data);
    done
}

async fn lesson(running: &Running, ffmpeg: &str) -> Result<(), Failed> {
    let encoder = doctor::encoder(&running.site.health.finder, !ffmpeg.is_empty()).await;
    if !encoder.ok {
        return Err(Failed(SOFTWARE, format!("{}; {}", encoder.detail, encoder.advice)));
    }
    let port = running.addr("http").map_or(0, |addr| addr.port());
    let base = format!("http://127.0.0.1:{port}");
    print(&format!("The box serves on {base} with the simulated camera.\n"))?;
    let told = hold(&base).await.map_err(failed(SOFTWARE))?;
    let index_url = told["playback_idx_url"].as_str().unwrap_or("").to_owned();
    let watch = format!("{base}/watch/{}", told["roomnum"]);
    let duration = check(&index_url, ffmpeg).await.map_err(failed(SOFTWARE))?;
    print(&format!(
        "The replay was fetched and decoded: {duration:.1} s of picture and sound.\n\
         Index:  {index_url}\nReplay: {watch}\n"
    ))
}

/// The lesson itself; answers its row of the room list once the replay is ready.
async fn hold(base: &str) -> Result<Value, String> {
    let say = |text: &str| print(text).map_err(|Failed(_, why)| why);
    let teacher = Person::arrive(base, "ann", 1).await?;
    let mut pupils = Vec::new();
    for name in ["bob", "cho", "dee"] {
        pupils.push(Person::arrive(base, name, 0).await?);
    }
    say("Registered and logged in: teacher ann, pupils bob, cho and dee.\n")?;
    let room = teacher.call("live", "create", json!({"title": "Demonstration"})).await?;
    let room = json!({"roomnum": room["roomnum"]});
    teacher.call("live", "startcourse", room.clone()).await?;
    say(&format!(
        "Lesson {} has started and is being recorded. Watch it live: {base}/watch/{}\n",
        room["roomnum"], room["roomnum"]
    ))?;
    for pupil in &pupils {
        pupil.call("live", "reportmemid", with(&room, "operate", 0.into())).await?;
    }
    let file = json!({"type": 0, "file_name": "slides.pdf", "url": "/files/slides.pdf"});
    let bind = with(&with(&room, "operate", 0.into()), "bind_file", file);
    teacher.call("live", "reportbind", bind).await?;
    for second in 1..=LESSON_S {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if second.is_multiple_of(3) {
            teacher.call("live", "heartbeat", room.clone()).await?;
            for pupil in &pupils {
                pupil.call("live", "heartbeat", room.clone()).await?;
            }
        }
        progress(second).map_err(|Failed(_, why)| why)?;
    }
    teacher.call("live", "exitroom", room.clone()).await?;
    say("The lesson is over.\n")?;
    replay(&teacher, &room).await
}

async fn replay(teacher: &Person, room: &Value) -> Result<Value, String> {
    let ask = json!({"index": 0, "size": 1, "roomnum": room["roomnum"]});
    let ready = async {
        loop {
            let list = teacher.call("live", "roomlist", ask.clone()).await?;
            if list["rooms"][0]["state"] == 3 {
                return Ok(list["rooms"][0].clone());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let waited = tokio::time::timeout(REPLAY_WITHIN, ready).await;
    waited.unwrap_or_else(|_| Err("the replay did not appear in time".into()))
}

/// Fetches the index and the playlist it names, and decodes every picture with ffmpeg.
async fn check(index_url: &str, ffmpeg: &str) -> Result<f64, String> {
    let viewer = Person::anybody()?;
    let index: Value = serde_json::from_slice(&viewer.fetch(index_url).await?)
        .map_err(|e| format!("the index: {e}"))?;
    let playlist = index["playlist"].as_str().ok_or("the index names no playlist")?;
    let folder = index_url.rsplit_once('/').map_or("", |(folder, _)| folder);
    decode(Path::new(if ffmpeg.is_empty() { "ffmpeg" } else { ffmpeg }), folder, playlist).await?;
    let videos = index["videos"].as_array().cloned().unwrap_or_default();
    Ok(videos.iter().filter_map(|v| v["duration"].as_f64()).sum())
}

async fn decode(ffmpeg: &Path, folder: &str, playlist: &str) -> Result<(), String> {
    let run = tokio::process::Command::new(ffmpeg)
        .args(["-nostdin", "-v", "error", "-xerror", "-i", &format!("{folder}/{playlist}")])
        // Keeps the film's own time base: a gap is no fault of the decoder.
        .args(["-enc_time_base", "-1", "-f", "null", "-"])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|e| format!("{}: {e}", ffmpeg.display()))?;
    if run.status.success() && run.stderr.is_empty() {
        return Ok(());
    }
    Err(format!("the replay does not decode: {}", String::from_utf8_lossy(&run.stderr)))
}

fn with(body: &Value, name: &str, value: Value) -> Value {
    let mut body = body.clone();
    body[name] = value;
    body
}

/// A bar on a terminal, a line each five seconds elsewhere.
fn progress(second: u32) -> Result<(), Failed> {
    if on_terminal() {
        let done = "#".repeat(second as usize);
        let end = if second == LESSON_S { "\n" } else { "" };
        print(&format!("\rRecording [{done:<width$}] {second} s{end}", width = LESSON_S as usize))
    } else if second.is_multiple_of(5) {
        print(&format!("Recording, {second} s of {LESSON_S} s\n"))
    } else {
        Ok(())
    }
}
