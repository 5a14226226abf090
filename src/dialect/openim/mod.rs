//! Document 002, the IM server: a school's server registers people, fetches their tokens and asks who is
//! online. On every listener of the box and on a port of its own. Source: 002-openim.md, decisions.md.

pub mod account;
mod auth;
mod envelope;
mod shape;
pub mod status;

use super::{Dialect, Row, path};

pub static DIALECT: Dialect = Dialect {
    name: "openim",
    title: "002 IM server",
    doc: "POST /auth/… or /user/… with a JSON object, on this address or on the port of its own (10000). For \
          servers: each body carries the `secret` that `arctos-box secrets` shows. Answers have `errCode` and \
          `errMsg`; failures have an HTTP status too. A token opens the gateways: a WebSocket to port 17778 with \
          sendID, platformID and token in the query, or the JSON gateway of browser SDKs on port 30000. \
          Whoever holds one open is online.",
    rows: ROWS,
    shape: shape::SHAPE,
    codes: envelope::CODES,
    cors: true,
    owns: |path| path.starts_with("/auth/") || path.starts_with("/user/"),
    address: |asked| path::find(ROWS, asked),
    open: auth::open,
    fault: envelope::fault,
    success: envelope::success,
};

/// Every command is a POST with the secret in it, which is judged after the fields and before the handler.
macro_rules! row {
    ($address:literal, $class:ident, $form:ident $subject:ident::$handler:ident($in:ident) -> $out:ident,
     $doc:literal $(, $field:ident: $value:expr)*) => {
        Row {
            access: super::Access::Secret,
            class: super::Class::$class,
            input: <$subject::$in as super::fields::Input>::FIELDS,
            output: <$subject::$out as super::fields::Output>::FIELDS,
            run: row!(@run $form $subject::$handler),
            doc: $doc,
            $($field: $value,)*
            ..Row::blank(&[super::Verb::Post], $address)
        }
    };
    (@run soon $subject:ident::$handler:ident) => {
        super::Run::Soon(|call| auth::soon(call, $subject::$handler))
    };
    (@run call $subject:ident::$handler:ident) => {
        super::Run::Soon($subject::$handler)
    };
    (@run later $subject:ident::$handler:ident) => {
        super::Run::Later(|call| auth::later(call, $subject::$handler))
    };
}

static ROWS: &[Row] = &[
    row!("auth/user_register", Write, later account::user_register(UserRegister) -> Issued,
        "Registers somebody and answers the first token. 500 when the uid is taken."),
    row!("auth/user_token", Write, later account::user_token(UserToken) -> Issued,
        "Answers a token for somebody who is registered; earlier ones stay good. 500 when nobody is."),
    row!("user/get_users_online_status", Beat, call status::get_users_online_status(Users) -> Statuses,
        "Tells who of up to 200 is online and on which platforms, in the order of the question.",
        body_max: status::BODY_MAX),
];
