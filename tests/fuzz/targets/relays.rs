//! What LeanCloud and RongCloud answer, and the join conversation that passes through the former.

use arctos_box::http::url::query;
use arctos_box::model::Millis;
use arctos_box::wire::leancloud::{self, Joining, Status, rest};
use arctos_box::wire::rongcloud;

/// A message; a history; a conversation; RongCloud's answer; a name that goes into a form.
pub fn relays(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(bytes);
    match kind % 5 {
        0 => joining(&text),
        1 => history(bytes),
        2 => {
            if let Some(id) = rest::read_conversation(bytes) {
                let plain = id.bytes().all(|b| b.is_ascii_alphanumeric());
                assert!(plain && !id.is_empty(), "it goes into an address");
            }
        }
        3 => {
            let done = rongcloud::obeyed(200, bytes);
            let token = rongcloud::token_of(200, bytes);
            assert!(done.is_ok() || token.is_err());
            assert!(done.err().is_none_or(|why| why.chars().count() < 200), "a line of the log");
        }
        _ => form(&text),
    }
}

fn joining(text: &str) {
    let read = leancloud::read(text);
    assert!(read.is_none() || !leancloud::pretends(text), "one reading is enough");
    assert_eq!(leancloud::unbody(&leancloud::body(text)).as_deref(), Some(text));
    let Some(read) = read else { return };
    // Answers carry no name.
    let is_answer = read.status != Status::Apply;
    let name = if is_answer { String::new() } else { read.name.clone() };
    let same = Joining { name, ..read.clone() };
    assert_eq!(leancloud::read(&leancloud::write(&read)), Some(same));
}

fn history(bytes: &[u8]) {
    for said in rest::read_history(bytes).unwrap_or_default() {
        let address = rest::history("conversation", Some(&said));
        let plain = address.bytes().all(|b| b.is_ascii_alphanumeric() || b"/.?=&_-".contains(&b));
        assert!(plain, "{address}");
    }
    assert!(rest::sign("key", Millis(1)).ends_with(",1,master"));
}

/// What goes into a form comes out of it.
fn form(text: &str) {
    let call = rongcloud::quit(text, "5");
    let pairs: Vec<_> = query::pairs(&call.form).collect();
    assert_eq!(pairs, [("userId".into(), text.into()), ("groupId".into(), "5".into())]);
    let call = rongcloud::token("7", text, text);
    let name = query::first(&call.form, "name").expect("it was put in");
    assert!(text.starts_with(&*name) && name.len() <= 128, "as much of a name as fits");
}
