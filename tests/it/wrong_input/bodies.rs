//! Bodies that are not what they should be, as a whole.

use arctos_box::model::Fault;

use super::{Sender, call, rows, told};
use crate::ask::{Part, has_body};

#[tokio::test]
async fn what_is_not_one_json_object_is_told() {
    let mut sender = Sender::new().await;
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    let wrong: &[&[u8]] = &[
        b"{",
        b"{\"appid\":}",
        b"{\"appid\":1,}",
        b"{}{}",
        b"{} x",
        b"[]",
        b"[{\"appid\":1}]",
        b"\"{}\"",
        b"7",
        b"null",
        b"true",
        b"appid=1&timeStamp=2",
        b"\xef\xbb\xbf{}",
        b"{\"a\":\"\n\"}",
        b"{'appid':1}",
        b"{\"a\":NaN}",
        b"{\"\xff\":1}",
        deep.as_bytes(),
    ];
    for (dialect, row) in rows().filter(|(_, row)| has_body(row)) {
        let wanted = told(dialect, row, &Fault::Syntax("it is not JSON".into()));
        for body in wrong {
            for kind in ["application/json", ""] {
                let ask = sender.good(dialect, row).raw(kind, *body);
                let answer = sender.send(dialect, row, &ask).await;
                let shown: String = String::from_utf8_lossy(body).chars().take(40).collect();
                let at = format!("{} {} {shown}: {}", dialect.name, row.address, answer.text());
                assert_eq!(call(dialect, row, &answer), wanted, "{at}");
            }
        }
    }
}

#[tokio::test]
async fn a_form_that_is_none_is_told_where_forms_are_taken_and_is_no_json_elsewhere() {
    let mut sender = Sender::new().await;
    let wrong: &[(&str, &[u8])] = &[
        ("multipart/form-data; boundary=x", b"{}"),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nabc",
        ),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b"--y--"),
        ("application/x-www-form-urlencoded", b"name=%ff%fe\xff"),
    ];
    for (dialect, row) in rows().filter(|(_, row)| has_body(row)) {
        for (kind, body) in wrong {
            let ask = sender.good(dialect, row).raw(kind, *body);
            let answer = sender.send(dialect, row, &ask).await;
            let at = format!("{} {} {kind}: {}", dialect.name, row.address, answer.text());
            let name = call(dialect, row, &answer);
            // Elsewhere the type is not looked at: `{}` is an object without fields.
            let told_so = name == told(dialect, row, &Fault::Syntax("no form".into()))
                || name == told(dialect, row, &Fault::invalid("name", "is missing"));
            assert!(told_so || *body == b"{}", "{at}");
        }
    }
}

#[tokio::test]
async fn a_form_of_many_parts_is_refused_and_a_file_where_text_belongs_is_no_crash() {
    let mut sender = Sender::new().await;
    for (dialect, row) in rows().filter(|(_, row)| row.forms) {
        let many = (0..1000).map(|_| Part::text("name", "x")).collect();
        let ask = sender.good(dialect, row).multipart(many);
        let answer = sender.send(dialect, row, &ask).await;
        let at = format!("{} {}: {}", dialect.name, row.address, answer.text());
        let wanted = told(dialect, row, &Fault::Syntax("too many".into()));
        assert_eq!(call(dialect, row, &answer), wanted, "{at}");
        let files = row.input.iter().map(|f| Part::file(f.name, "a.bin", "image/png", b"\0\xff"));
        let ask = sender.good(dialect, row).multipart(files.collect());
        let answer = sender.send(dialect, row, &ask).await;
        assert!(answer.status < 500, "{at}");
    }
}

#[tokio::test]
async fn a_deep_value_is_refused_or_passed_over_and_never_a_crash() {
    let mut sender = Sender::new().await;
    let deep = |open: &str, close: &str| open.repeat(10_000) + "1" + &close.repeat(10_000);
    for (dialect, row) in rows().filter(|(_, row)| has_body(row)) {
        let fields = super::fields(dialect, row);
        for value in [deep("[", "]"), "{\"a\":".repeat(5000) + "1" + &"}".repeat(5000)] {
            for name in fields.iter().map(|f| f.name).chain(["unknown"]) {
                // A log-out would succeed.
                if row.address == "box/v1/logout" {
                    continue;
                }
                let good = sender.good(dialect, row);
                let crate::ask::Sent::Json(body) = &good.body else { continue };
                let body = body.to_string();
                let comma = if body == "{}" { "" } else { "," };
                let body =
                    format!("{}{comma}\"{name}\":{value}}}", body.strip_suffix('}').unwrap());
                let answer = sender.send(dialect, row, &good.raw("application/json", body)).await;
                let said = call(dialect, row, &answer);
                let at = format!("{} {} {name}: {}", dialect.name, row.address, answer.text());
                if name == "unknown"
                    || arctos_box::dialect::path::params(row.address).any(|p| p == name)
                {
                    let ours = told(dialect, row, &Fault::Internal(String::new()));
                    assert!(said != ours || dialect.name == "openim", "{at}");
                } else {
                    assert_eq!(said, told(dialect, row, &Fault::invalid(name, "is")), "{at}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_body_over_its_limit_is_told_with_the_limit_and_one_on_it_is_read() {
    let mut sender = Sender::new().await;
    for (dialect, row) in rows().filter(|(_, row)| has_body(row)) {
        let wanted = told(dialect, row, &Fault::TooLarge { limit: 1 });
        let pad = |length: usize| format!("{{\"unknown\":\"{}\"}}", "x".repeat(length - 14));
        let ask = sender.good(dialect, row);
        let over = ask.clone().raw("application/json", pad(row.body_max + 1));
        let answer = sender.send(dialect, row, &over).await;
        let at = format!("{} {}: {}", dialect.name, row.address, answer.text());
        assert_eq!(call(dialect, row, &answer), wanted, "{at}");
        let told_limit = answer.text().contains(&row.body_max.to_string());
        assert!(told_limit || answer.body.len() < 20, "{at}");
        let on = ask.raw("application/json", pad(row.body_max));
        let answer = sender.send(dialect, row, &on).await;
        assert!(!answer.text().contains(&row.body_max.to_string()), "{at}");
    }
}
