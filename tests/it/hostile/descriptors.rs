//! No descriptor is left. Accepting takes a breath (BREATH) and is tried again; who is in goes on; when descriptors
//! come back, so do new clients. In `systemd/` the box has 65,536, and its own limit is 12,000 connections a listener.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tokio::net::TcpStream;

use super::{Figures, Scene};
use crate::process::{Wire, poll, serve};

const DESCRIPTORS: usize = 96;

fn starved(data: &Path) -> Command {
    let whole = serve(data, &[]);
    let mut command = Command::new("prlimit");
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command.arg(format!("--nofile={DESCRIPTORS}:{DESCRIPTORS}")).arg(whole.get_program());
    command.args(whole.get_args());
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_descriptors_who_is_in_goes_on_and_others_come_in_later() {
    let scene = Scene::with(starved).await;
    let (addr, pid) = (scene.service.http, scene.service.pid());
    let mut crowd = Vec::new();
    for _ in 0..2 * DESCRIPTORS {
        crowd.push(TcpStream::connect(addr).await.unwrap());
    }
    poll("all descriptors are taken", super::PATIENCE, async || {
        (Figures::of(pid).descriptors >= DESCRIPTORS).then_some(())
    })
    .await;
    // A whole second in which nothing can be opened: lists and beats go on all the same.
    let before = Figures::of(pid);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(before.threads, Figures::of(pid).threads);
    drop(crowd);
    let mut late = Wire::open(addr).await;
    assert_eq!(late.get("/healthz", &[]).await.text(), "ok\n");
    drop(late);
    scene.end("no descriptors", 16).await;
}
