//! Document 000, channel access: the channel's server registers its people and sends their browsers into a
//! lesson. Source: 000-channel-access.md, facts.md and decisions.md, sections 000.

pub mod arrive;
mod auth;
mod envelope;
pub mod server;
mod shape;

use super::fields::Nothing;
use super::{Dialect, Envelope, Row, path};
use crate::row;

pub static DIALECT: Dialect = Dialect {
    name: "channel",
    title: "000 Channel access",
    doc: "POST /api/v1/user/register/ and the like, with a JSON object. Answers are `code` (which is the HTTP \
          status), `msg` and `result`. The channel's server gets a token for its app_id and app_secret \
          (`arctos-box secrets`) and sends it as `Authorization: jwt TOKEN`; it names the server, no user's \
          token does. reg_from_channel is opened by a browser and answers it with a redirect or a page. What \
          follows, the join conversation, goes over the room channel in LeanCloud's message shape.",
    rows: ROWS,
    shape: shape::SHAPE,
    codes: envelope::CODES,
    cors: true,
    owns: |path| path.starts_with("/api/v1/"),
    address: |asked| path::find(ROWS, asked),
    open: auth::open,
    fault: envelope::fault,
    success: envelope::success,
};

static ROWS: &[Row] = &[
    row!([Post] "api/v1/system/auth-token", Secret, Credential, guest server::token(AppSecret) -> server::AppToken,
        "Gives the token with which the channel's server makes the two calls below. It is good for seven days."),
    row!([Post] "api/v1/user/register", Server, Write, guest server::register(Register) -> server::Registered,
        "Makes a user for somebody of the channel, or tells of a new name and picture; answers a fresh token."),
    row!([Post] "api/v1/user/get_token_channel", Server, Write, guest server::fresh(Known) -> server::UserToken,
        "Gives a fresh token for somebody who is registered."),
    row!([Get] "api/v1/user/reg_from_channel", Signed, Write, whole arrive::arrive(Arrival) -> Nothing,
        "A browser comes from the channel: it gets a session and is sent on to `next`, a page under /course/. \
         auth_token is hex HMAC-SHA256(app_secret, \"YYYYMMDD\" + user_id), of today or yesterday. Who is not \
         known yet becomes a user. What follows an unencoded `next` is put back behind it.",
        envelope: Envelope::Page, success: 302),
];
