//! The rules of the house, read off `src/`: who may use whom, how long things are, what is never written.
//! Each rule is a function over sources; `tidy/fails.rs` shows that each of them can fail.

mod fails;
mod layers;
mod sizes;
mod source;
mod words;

use std::path::Path;
use std::process::Command;

use source::{Found, Source};

#[test]
fn a_layer_uses_only_the_layers_below_it() {
    none(&layers::layers(&tree()));
}

#[test]
fn dialects_do_not_know_each_other() {
    none(&layers::dialects(&tree()));
}

#[test]
fn a_layer_does_not_name_the_libraries_of_another() {
    none(&layers::foreign_words(&tree()));
}

#[test]
fn half_the_files_have_at_most_120_lines_and_none_has_more_than_800() {
    none(&sizes::files(&tree()));
}

#[test]
fn nineteen_of_twenty_functions_have_at_most_45_lines() {
    none(&sizes::functions(&tree()));
}

#[test]
fn nineteen_of_twenty_modules_open_by_saying_what_they_are_for() {
    none(&words::openings(&tree()));
}

#[test]
fn nothing_is_unwrapped_outside_tests() {
    none(&words::unwraps(&tree()));
}

#[test]
fn an_expect_says_why_it_cannot_fail() {
    none(&words::expects(&tree()));
}

#[test]
fn nothing_is_left_to_do_to_debug_or_to_ignore() {
    none(&words::leftovers(&tree()));
    none(&words::leftovers(&source::read(root(), &["tests"])));
}

#[test]
fn no_path_and_no_registry_of_the_machine_it_was_written_on() {
    let folders = ["src", "tests", "board", "systemd", "image", ".ci", "."];
    let everything = source::read(root(), &folders);
    assert!(everything.iter().any(|s| s.path == "Cargo.toml"), "the project was not found");
    // In a second work tree `.git` is a file that says where the first one is; it is not part of the project.
    let ours: Vec<_> = everything.into_iter().filter(|s| s.path != ".git").collect();
    none(&words::machine(&ours));
}

#[test]
fn the_box_needs_at_most_150_packages() {
    let target = ["--target", "aarch64-unknown-linux-musl"];
    let tree = |more: &[&str]| {
        Command::new(env!("CARGO"))
            .args(["tree", "-e", "normal", "--prefix", "none", "--locked"])
            .args(target)
            .args(more)
            .current_dir(root())
            .output()
            .expect("the cargo that built this test is still there")
    };
    // What only the target needs may not have been fetched yet.
    let offline = tree(&["--offline"]);
    let output = if offline.status.success() { offline } else { tree(&[]) };
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    none(&sizes::packages(&String::from_utf8_lossy(&output.stdout)));
}

fn tree() -> Vec<Source> {
    let mut sources = source::read(root(), &["src"]);
    sources.retain(|s| s.path.ends_with(".rs"));
    assert!(sources.iter().any(|s| s.path == "src/lib.rs"), "src/ was not found");
    sources
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn none(found: &[Found]) {
    let lines: Vec<String> = found.iter().map(Found::to_string).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}
