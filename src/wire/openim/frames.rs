//! What clients of the JSON gateway say and hear: one JSON object a text frame.
//!
//! ```text
//! {"reqFuncName":"Login","operationID":"1","userID":"ann","data":"{\"userID\":\"ann\",\"token\":\"…\"}"}
//! {"event":"Login","errCode":0,"errMsg":"","data":"","operationID":"1"}
//! ```
//!
//! Read from npm `open-im-sdk` 2.0.3: `data` is text, an object packed as JSON in it; an answer belongs to the
//! request of its `operationID`; events that nobody asked for begin with `On` and have none.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A request. What a client leaves out is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub function: String,
    pub operation: String,
    pub data: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Sent {
    req_func_name: String,
    #[serde(rename = "operationID")]
    operation_id: String,
    data: Value,
}

/// Reads a frame; `None` when it is no such object.
pub fn request(frame: &[u8]) -> Option<Request> {
    // serde would take a list of the members as well.
    let object = frame.trim_ascii_start().starts_with(b"{");
    let sent: Sent = serde_json::from_slice(frame).ok().filter(|_| object)?;
    let data = match sent.data {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    };
    Some(Request { function: sent.req_func_name, operation: sent.operation_id, data })
}

/// `data` of Login.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Login {
    #[serde(rename = "userID")]
    pub user_id: String,
    pub token: String,
}

/// Reads `data` of Login; `None` when something is missing.
pub fn login(data: &str) -> Option<Login> {
    serde_json::from_str(data).ok()
}

/// An answer or an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    pub event: String,
    pub err_code: u16,
    pub err_msg: String,
    pub data: String,
    #[serde(rename = "operationID")]
    pub operation_id: String,
}

impl Told {
    /// An event that nobody asked for.
    pub fn event(name: &str) -> Self {
        let event = name.to_owned();
        let (err_msg, data, operation_id) = (String::new(), String::new(), String::new());
        Self { event, err_code: 0, err_msg, data, operation_id }
    }

    /// The answer to a request.
    pub fn answer(request: &Request, data: &str) -> Self {
        let operation_id = request.operation.clone();
        Self { data: data.to_owned(), operation_id, ..Self::event(&request.function) }
    }

    pub fn failed(self, code: u16, text: impl Into<String>) -> Self {
        Self { err_code: code, err_msg: text.into(), ..self }
    }

    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("text and numbers always become JSON")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_sdks_login_is_read() {
        let frame = r#"{"reqFuncName":"Login","operationID":"x1","userID":"ann",
            "data":"{\"userID\":\"ann\",\"token\":\"t.o.k\"}"}"#;
        let request = request(frame.as_bytes()).unwrap();
        assert_eq!((&*request.function, &*request.operation), ("Login", "x1"));
        let login = login(&request.data).unwrap();
        assert_eq!(login, Login { user_id: "ann".into(), token: "t.o.k".into() });
        let expected =
            r#"{"event":"Login","errCode":705,"errMsg":"no","data":"","operationID":"x1"}"#;
        assert_eq!(Told::answer(&request, "").failed(705, "no").json(), expected);
    }

    #[test]
    fn data_may_be_text_an_object_or_absent() {
        let data = |text: &str| request(text.as_bytes()).unwrap().data;
        assert_eq!(data(r#"{"data":"x"}"#), "x");
        assert_eq!(data(r#"{"data":{"a":1}}"#), r#"{"a":1}"#);
        assert_eq!(data(r#"{"data":null}"#), "");
        assert_eq!(data("{}"), "");
        for none in ["", "[]", "7", "null", r#"["Login"]"#, "{", r#"{"operationID":1}"#] {
            assert_eq!(request(none.as_bytes()), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(frame: Vec<u8>) {
            let _ = request(&frame).map(|r| login(&r.data));
        }
    }
}
