//! A rule that cannot fail holds nothing: each is shown a breach, and something near it that is none.

use super::source::{Found, Source, forget_test_files};
use super::{layers, sizes, words};

type Rule = fn(&[Source]) -> Vec<Found>;

/// `expected`: the breaches as `path:line`.
fn check(rule: Rule, files: &[(&str, &str)], expected: &[&str]) {
    let mut sources: Vec<Source> =
        files.iter().map(|(path, text)| Source::new(path, text)).collect();
    forget_test_files(&mut sources);
    let mut found: Vec<String> =
        rule(&sources).iter().map(|f| format!("{}:{}", f.path, f.line)).collect();
    found.dedup();
    assert_eq!(found, expected);
}

#[test]
fn a_use_of_a_layer_above_is_found_in_every_form() {
    for text in [
        "use crate::http::Body;",
        "use crate::{model::Fault, http::Body};",
        "use crate::{\n    http::{Body, reply},\n    model::Fault,\n};",
        "fn f() { crate::http::reply::text() }",
        "use super::super::http::Body;",
        "macro_rules! m { () => { $crate::http::Body } }",
        "use crate::nothing_known::Body;",
    ] {
        check(layers::layers, &[("src/store/rooms.rs", text)], &["src/store/rooms.rs:1"]);
    }
    check(layers::layers, &[("src/hw/ptz.rs", "\nuse crate::store::Db;")], &["src/hw/ptz.rs:2"]);
    check(layers::layers, &[("src/web/watch.rs", "use crate::dialect;")], &["src/web/watch.rs:1"]);
    check(layers::layers, &[("src/model/ids.rs", "use crate::wire;")], &["src/model/ids.rs:1"]);
    check(layers::layers, &[("src/newcomer/mod.rs", "")], &["src/newcomer/mod.rs:1"]);
}

#[test]
fn a_use_of_a_layer_below_is_none_nor_is_a_mention() {
    check(
        layers::layers,
        &[
            ("src/domain/room.rs", "use crate::{model::Fault, store::rooms, wire};"),
            ("src/domain/mod.rs", "use super::domain::room; // crate::http\n/* crate::http */"),
            (
                "src/domain/text.rs",
                "const A: &str = \"crate::http\"; const B: &str = r#\"crate::hw\"#;",
            ),
            ("src/domain/quote.rs", "const A: char = '\"'; // \"\nuse crate::model::Fault;"),
            (
                "src/domain/life.rs",
                "fn f<'a>(x: &'a str) {}\n#[cfg(test)]\nmod tests {\n    use crate::http;\n}",
            ),
            ("src/domain/beat.rs", "#[cfg(test)]\nmod tests;"),
            ("src/domain/beat/tests.rs", "use crate::http::Body;"),
            ("src/app/mod.rs", "use crate::{http, dialect, hw, store};"),
            ("src/main.rs", "use crate::cli;"),
            ("src/dialect/fields.rs", "#[macro_export]\nmacro_rules! input { () => {} }"),
            ("src/dialect/edu/mod.rs", "use crate::input;"),
        ],
        &[],
    );
    // The test module ends where its brace closes.
    let after = "#[cfg(test)]\nmod tests {\n    fn f() {}\n}\nuse crate::http;";
    check(layers::layers, &[("src/wire/visca.rs", after)], &["src/wire/visca.rs:5"]);
}

#[test]
fn a_dialect_that_knows_another_is_found() {
    let edu = ("src/dialect/edu/envelope.rs", "");
    for (path, text, expected) in [
        ("src/dialect/openim/mod.rs", "use crate::dialect::edu::live;", 1),
        ("src/dialect/openim/user.rs", "use super::super::edu;", 1),
        ("src/dialect/fields.rs", "use crate::dialect::edu::live;", 1),
        ("src/dialect/edu/live.rs", "use crate::dialect::edu::account;", 0),
        ("src/dialect/mod.rs", "pub mod edu;\nuse crate::dialect::edu::DIALECT;", 0),
        ("src/app/mod.rs", "use crate::dialect::edu;", 0),
    ] {
        let line = format!("{path}:1");
        let expected = if expected == 1 { vec![line.as_str()] } else { vec![] };
        check(layers::dialects, &[edu, (path, text)], &expected);
    }
}

#[test]
fn a_library_of_another_layer_is_found() {
    let text = "use serde::Serialize;\n#[derive(Serialize)]\nstruct Room;\n";
    let lines = ["src/domain/room.rs:1", "src/domain/room.rs:2"];
    check(layers::foreign_words, &[("src/domain/room.rs", text)], &lines);
    check(layers::foreign_words, &[("src/dialect/edu/live.rs", text)], &[]);
    let clock = "let now = std::time::SystemTime::now();";
    check(layers::foreign_words, &[("src/wire/cos.rs", clock)], &["src/wire/cos.rs:1"]);
    check(layers::foreign_words, &[("src/wire/cos.rs", "let instants = 0;")], &[]);
}

#[test]
fn long_files_and_long_functions_are_found() {
    let lines = |n: usize| "\n".repeat(n);
    check(sizes::files, &[("src/a.rs", &lines(120))], &[]);
    check(sizes::files, &[("src/a.rs", &lines(121))], &["src:1"]);
    let many: Vec<(String, String)> =
        (0..20).map(|n| (format!("src/f{n}.rs"), lines(if n < 18 { 9 } else { 451 }))).collect();
    let mut many: Vec<(&str, &str)> = many.iter().map(|(p, t)| (&p[..], &t[..])).collect();
    check(sizes::files, &many, &["src:1"]);
    let (short, long) = (lines(9), lines(801));
    many[18].1 = &short;
    many[19].1 = &long;
    check(sizes::files, &many, &["src/f19.rs:1"]);

    let function = |lines: usize| {
        let body = "    x();\n".repeat(lines - 3);
        format!("pub async fn f(\n) -> Vec<u8> {{\n{body}}}\n")
    };
    check(sizes::functions, &[("src/a.rs", &function(45))], &[]);
    check(sizes::functions, &[("src/a.rs", &function(46))], &["src/a.rs:1"]);
    let method = "impl A {\n    const F: fn(u8) = f;\n    fn f() {\n".to_owned();
    let method = method + &"        x();\n".repeat(44) + "    }\n\n    fn g() {}\n}\n";
    check(sizes::functions, &[("src/a.rs", &method)], &["src/a.rs:3"]);
    let declared =
        "trait A {\n    fn f();\n    fn g(\n        a: u8,\n    ) -> u8;\n}\n".to_owned();
    check(sizes::functions, &[("src/a.rs", &(declared + &lines(60) + "    }\n"))], &[]);
}

#[test]
fn a_module_that_says_nothing_is_found() {
    check(words::openings, &[("src/a.rs", "//! Presence: which rooms are live.")], &[]);
    check(words::openings, &[("src/a.rs", "use std::fmt;")], &["src/a.rs:1"]);
    check(words::openings, &[("src/a.rs", "//! A")], &["src/a.rs:1"]);
}

#[test]
fn an_unwrap_or_an_expect_without_a_reason_is_found() {
    let text = "fn f() {\n    g()\n        .unwrap();\n}\n#[cfg(test)]\nmod tests {\n    fn t() { g().unwrap(); }\n}";
    check(words::unwraps, &[("src/a.rs", text)], &["src/a.rs:3"]);
    check(words::unwraps, &[("src/a.rs", "// .unwrap()\nlet a = b.unwrap_or(1);")], &[]);
    for text in ["a.expect(\"set\")", "a.expect(why)", "a.expect(\n    \"\",\n)"] {
        check(words::expects, &[("src/a.rs", text)], &["src/a.rs:1"]);
    }
    check(words::expects, &[("src/a.rs", "a.expect(\n    \"the writer outlives us\",\n)")], &[]);
}

#[test]
fn what_was_left_behind_is_found() {
    for text in ["todo!()", "unimplemented!()", "dbg!(x)", "#[ignore]", "#[ignore = \"slow\"]"] {
        check(words::leftovers, &[("tests/it/a.rs", text)], &["tests/it/a.rs:1"]);
    }
    check(words::leftovers, &[("src/a.rs", "// todo!\nfn my_todo() {}\n// #[ignore]")], &[]);
}

#[test]
fn a_trace_of_the_machine_is_found_in_comments_too() {
    let path = ["// see /wo", "rk/main"].concat();
    check(words::machine, &[("src/a.rs", &path)], &["src/a.rs:1"]);
    let host = ["one\nfrom pypi", ".org"].concat();
    check(words::machine, &[("README.md", &host)], &["README.md:2"]);
    check(words::machine, &[("README.md", "the network of the school")], &[]);
}

#[test]
fn too_many_packages_are_found_and_stars_do_not_count() {
    let tree =
        |n: usize| (0..n).map(|i| format!("p{i} v1.0.0\np{i} v1.0.0 (*)\n")).collect::<String>();
    assert!(sizes::packages(&tree(150)).is_empty());
    assert_eq!(sizes::packages(&tree(151)).len(), 1);
    assert_eq!(sizes::packages("").len(), 1);
}
