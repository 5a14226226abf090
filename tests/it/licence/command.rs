//! The subcommand `license` as technician and vendor use it, beside a running service and without one.

use std::path::Path;

use serde_json::json;

use crate::process::{Person, Said, Service, command, said, say};

const EXPIRED: [&str; 6] = ["--from", "2024-01-01", "--expires", "2025-01-01", "--grace", "0"];

/// A vendor, and a box on the folder `data`.
pub struct Desk {
    pub dir: tempfile::TempDir,
    pub data: std::path::PathBuf,
    /// `license.test_keys=…` of the vendor's key.
    pub trusted: String,
}

impl Desk {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("vendor.key");
        let made = say(dir.path(), &["license", "keygen", key.to_str().unwrap()]);
        assert_eq!(made.code, Some(0), "{made:?}");
        let public = made.out.split(' ').next().unwrap().to_owned();
        let data = dir.path().join("d");
        Self { dir, data, trusted: format!("license.test_keys=[\"{public}\"]") }
    }

    fn file(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    fn data(&self) -> std::path::PathBuf {
        self.data.clone()
    }

    pub fn license(&self, arguments: &[&str]) -> Said {
        let mut command = command(&self.data());
        said(command.args(["--set", &self.trusted, "license"]).args(arguments))
    }

    /// A licence for what the box asks, in a file.
    pub fn issue(&self, more: &[&str]) -> String {
        let request = self.license(&["request"]);
        assert_eq!(request.code, Some(0), "{request:?}");
        std::fs::write(self.file("request"), &request.out).unwrap();
        let (key, request) = (self.file("vendor.key"), self.file("request"));
        let order = ["issue", "--key", &key, "--customer", "第一小學", "--rooms", "5", &request];
        let issued = self.license(&[&order[..], more].concat());
        assert_eq!(issued.code, Some(0), "{issued:?}");
        std::fs::write(self.file("licence"), issued.out).unwrap();
        self.file("licence")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_goes_out_a_licence_comes_back_and_counts_while_the_service_runs() {
    let desk = Desk::new();
    let service = Service::start(&desk.data(), &["--set", &desk.trusted]);
    let ann = Person::arrive(&service.base(), "ann", 1).await;
    let request = desk.license(&["request"]);
    assert!(request.out.starts_with("-----BEGIN ARCTOS REQUEST-----\n"), "{request:?}");
    assert!(request.out.contains("████ ▄▄▄▄▄ "), "it shows a QR code: {}", request.out);
    assert!(request.out.lines().all(|line| line.chars().count() <= 80), "{}", request.out);
    let text = desk.license(&["request", "--text"]).out;
    assert!(text.lines().count() < 10 && text.is_ascii(), "{text}");

    let expired = desk.issue(&EXPIRED);
    let told = desk.license(&["inspect", &expired]);
    assert!(told.out.contains("refused, 3404") && told.out.contains("第一小學"), "{told:?}");
    let licence = desk.issue(&["--days", "365"]);
    let done = desk.license(&["install", &licence]);
    assert!(done.out.contains("第一小學, 5 lessons at once"), "{done:?}");
    for _ in 0..5 {
        ann.teach().await;
    }
    let told = desk.license(&["explain"]);
    assert!(told.out.contains("decision  allowed") && told.out.contains("5 live now"), "{told:?}");
    let room = ann.ok("live/create", json!({"title": "sixth"})).await["roomnum"].clone();
    let refused = ann.call("live/startcourse", json!({"roomnum": room})).await.unwrap();
    assert_eq!(refused["errorCode"], 10110);

    let worse = desk.license(&["install", &desk.issue(&EXPIRED)]);
    assert_eq!(worse.code, Some(78), "{worse:?}");
    assert!(worse.err.contains("3404"), "{worse:?}");
    std::fs::remove_file(desk.data().join("license/box.license")).unwrap();
    let told = desk.license(&["explain"]);
    assert!(told.out.contains("refused, 3401"), "{told:?}");
    let ready = ann.get("/readyz").await.unwrap();
    let ready: serde_json::Value = serde_json::from_slice(&ready.body).unwrap();
    assert_eq!(ready["parts"].as_array().unwrap().last().unwrap()["part"], "licence");
}

#[test]
fn without_a_service_it_looks_into_the_folder_itself_and_makes_no_box_of_it() {
    let desk = Desk::new();
    let licence = desk.issue(&["--forever"]);
    let told = desk.license(&["inspect", &licence]);
    assert!(told.out.contains("expires   never"), "{told:?}");
    let none = desk.license(&["install", &licence]);
    assert_eq!(none.code, Some(78), "{none:?}");
    assert!(!desk.data().exists(), "looking made a folder");

    Service::start(&desk.data(), &["--set", &desk.trusted]).terminate();
    let done = desk.license(&["install", &licence]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let service = Service::start(&desk.data(), &["--set", &desk.trusted]);
    let told = desk.license(&["explain"]);
    assert!(told.out.contains("allowed") && told.out.contains("第一小學"), "{told:?}");
    drop(service);
    let doctor = said(command(&desk.data()).args(["--set", &desk.trusted, "doctor"]));
    assert!(doctor.out.contains("licence"), "{doctor:?}");
}

#[test]
fn a_private_key_is_for_its_owner_and_is_never_written_over() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    let key = desk.file("vendor.key");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let again = desk.license(&["keygen", &key]);
    assert_eq!(again.code, Some(70), "{again:?}");
    let said = desk.license(&["inspect", &key]);
    assert!(said.err.contains("3402"), "{said:?}");
}

#[test]
fn what_cannot_be_signed_is_refused_with_a_sentence() {
    let desk = Desk::new();
    desk.issue(&["--days", "1"]);
    let (key, request) = (desk.file("vendor.key"), desk.file("request"));
    let order = |more: &[&str]| {
        let order = ["issue", "--key", &key, "--customer", "school", "--rooms", "5"];
        desk.license(&[&order[..], more].concat())
    };
    for (more, code, words) in [
        (&[request.as_str()][..], 64, "--forever"),
        (&["--days", "1", &key], 70, "no request"),
        (&["--days", "0", &request], 64, "--days"),
        (&["--expires", "2027-02-30", &request], 64, "YYYY-MM-DD"),
        (&["--days", "1", "/nowhere"], 70, "/nowhere"),
    ] {
        let said = order(more);
        assert_eq!(said.code, Some(code), "{more:?}: {said:?}");
        assert!(said.err.contains(words), "{more:?}: {said:?}");
    }
    let bare = Path::new(&request).with_file_name("bare");
    let asked = arctos_box::wire::licence::paper::Request {
        name: "arctos-0000".into(),
        board: "generic".into(),
        marks: Vec::new(),
    };
    let label = arctos_box::wire::licence::armour::Label::Request;
    std::fs::write(&bare, arctos_box::wire::licence::armour::text(label, &asked.write())).unwrap();
    let said = order(&["--days", "1", bare.to_str().unwrap()]);
    assert!(said.code == Some(78) && said.err.contains("this box's alone"), "{said:?}");
}
