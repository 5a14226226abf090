//! Good credentials of every dialect, each got the way its client gets it, and where a row wants them.
#![allow(dead_code)] // each test uses its part

use arctos_box::dialect::describe::shape::Header;
use arctos_box::dialect::{Access, DIALECTS, Dialect, Rank, Row};
use arctos_box::model::hex;
use arctos_box::model::user::{Origin, Role};
use ring::hmac;
use serde_json::{Value, json};

use crate::access::person;
use crate::ask::Ask;
use crate::golden::row;
use crate::plausible;
use crate::world::World;

/// Where a row wants its credential.
#[derive(Clone, Copy)]
pub enum Door {
    /// It asks for none.
    Open,
    Header(Header),
    /// A member of its body or query.
    Member(&'static str),
}

impl Door {
    pub fn of(dialect: &Dialect, row: &Row) -> Self {
        if let Some(header) = (dialect.shape.headers)(row.access).first() {
            return Self::Header(*header);
        }
        let common = (dialect.shape.common)(row.access).iter();
        let mut names = common.chain(row.input).map(|f| f.name);
        let wanted: &[&'static str] = match row.access {
            Access::Anybody => return Self::Open,
            Access::User => &["token"],
            Access::Secret => &["secret", "app_secret"],
            Access::Signed => &["sign", "auth_token"],
            Access::Server | Access::Staff(_) => &[],
        };
        let name = names.find(|name| wanted.contains(name));
        Self::Member(name.unwrap_or_else(|| panic!("{}: where is its credential?", row.address)))
    }

    /// The request with this credential.
    pub fn put(self, row: &Row, ask: Ask, credential: &str) -> Ask {
        match self {
            Self::Open => ask,
            Self::Header(Header { name, form, .. }) => match form.split_once(' ') {
                Some((scheme, _)) => ask.header(name, &format!("{scheme} {credential}")),
                None => ask.header(name, credential),
            },
            Self::Member(name) => ask.field(row, name, json!(credential)),
        }
    }
}

/// One of each.
pub struct Keys {
    /// Of people, by the dialect that issued it.
    pub tokens: Vec<(Origin, String)>,
    /// Of the channel's server.
    pub server: String,
    /// Of staff by the box's own log-in, lowest rank first.
    pub staff: Vec<(Rank, String)>,
}

impl Keys {
    pub async fn cut(world: &World) -> Self {
        let mut tokens = vec![(Origin::Edu, world.teacher("by-edu").await)];
        let server = channel(world, &mut tokens).await;
        tokens.push((Origin::OpenIm, openim(world).await));
        tokens.push((Origin::Arctos, arctos(world).await));
        let guest = person(world, "by-box", Origin::Box, Role::Teacher).await;
        tokens.push((Origin::Box, world.token(&guest, Origin::Box).await));
        let mut staff = Vec::new();
        for (rank, role) in [
            (Rank::Person, Role::Pupil),
            (Rank::Teacher, Role::Teacher),
            (Rank::Technician, Role::Technician),
            (Rank::Administrator, Role::Administrator),
        ] {
            let user = person(world, &format!("staff-{}", role.word()), Origin::Box, role).await;
            staff.push((rank, world.token(&user, Origin::Box).await));
        }
        Self { tokens, server, staff }
    }

    pub fn of(&self, origin: Origin) -> &str {
        &self.tokens.iter().find(|(o, _)| *o == origin).expect("a token of each").1
    }

    pub fn ranked(&self, rank: Rank) -> &str {
        &self.staff.iter().find(|(r, _)| *r == rank).expect("a token of each rank").1
    }

    /// The request with what goes with a secret and is none.
    pub fn named(world: &World, row: &Row, ask: Ask) -> Ask {
        match row.input.iter().any(|field| field.name == "app_id") {
            true => ask.field(row, "app_id", json!(world.app().secrets.channel_app_id)),
            false => ask,
        }
    }

    /// The request with everything that opens the row. `n` tells one signed request from the others.
    pub fn open(&self, world: &World, dialect: &Dialect, row: &Row, ask: Ask, n: i64) -> Ask {
        let secrets = &world.app().secrets;
        let door = Door::of(dialect, row);
        let good = match (dialect.name, row.access) {
            (_, Access::Anybody) => return ask,
            ("arctos", Access::User) => self.of(Origin::Arctos).to_owned(),
            (_, Access::User) => self.of(Origin::Edu).to_owned(),
            (_, Access::Server) => self.server.clone(),
            (_, Access::Staff(rank)) => self.ranked(rank).to_owned(),
            ("edu", Access::Signed) => {
                let mut signed = json!({});
                plausible::sign(world, &mut signed, n % 600);
                let ask = ask.field(row, "t", signed["t"].clone());
                return ask.field(row, "sign", signed["sign"].clone());
            }
            ("channel", Access::Signed) => {
                let user = ask.said("user_id").unwrap_or_default();
                browser(&secrets.channel_app_secret, user.trim_matches('"'))
            }
            ("channel", Access::Secret) => {
                let ask = Self::named(world, row, ask);
                return door.put(row, ask, &secrets.channel_app_secret);
            }
            ("openim", Access::Secret) => secrets.openim_secret.to_string(),
            ("arctos", Access::Secret) => secrets.arctos_license_key.to_string(),
            (name, access) => panic!("{name} {access:?} is new: say here what opens it"),
        };
        door.put(row, ask, &good)
    }
}

/// What the channel signs for a browser on the day on which a world begins.
fn browser(app_secret: &str, user_id: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, app_secret.as_bytes());
    hex(hmac::sign(&key, format!("20261121{user_id}").as_bytes()).as_ref())
}

async fn channel(world: &World, tokens: &mut Vec<(Origin, String)>) -> String {
    let secrets = &world.app().secrets;
    let pair =
        json!({"app_id": secrets.channel_app_id, "app_secret": &*secrets.channel_app_secret});
    let ask = Ask::new().json(pair);
    let answer = call(world, "channel", "api/v1/system/auth-token", ask).await;
    let server = text(&answer["result"]["access_token"]);
    let somebody = json!({"user_id": 7, "username": "by-channel", "image": "http://a/b.png",
        "channel_uid": secrets.channel_uid});
    let ask = Ask::new().token(&format!("jwt {server}")).json(somebody);
    let answer = call(world, "channel", "api/v1/user/register", ask).await;
    tokens.push((Origin::Channel, text(&answer["result"]["token"])));
    server
}

async fn openim(world: &World) -> String {
    let secret = world.app().secrets.openim_secret.to_string();
    let body = json!({"secret": secret, "platform": 5, "uid": "by-openim", "name": ""});
    let answer = call(world, "openim", "auth/user_register", Ask::new().json(body)).await;
    text(&answer["data"]["token"])
}

async fn arctos(world: &World) -> String {
    let key = world.app().secrets.arctos_license_key.to_string();
    let ask = Ask::new().header("arc-license-key", &key);
    let ask = ask.json(json!({"user_id": "by-arctos", "role": "MODERATOR"}));
    let answer = call(world, "arctos", "api/auth/getAuthCode", ask).await;
    let body = json!({"grant_type": "authorization_code", "code": answer["info"]["code"]});
    let ask = Ask::new().json(body);
    let answer = call(world, "arctos", "api/auth/getAuthTokenUseCode", ask).await;
    text(&answer["info"]["access_token"])
}

async fn call(world: &World, dialect: &str, address: &str, ask: Ask) -> Value {
    let dialect = DIALECTS.iter().find(|d| d.name == dialect).expect("a dialect of the box");
    ask.send(world, dialect, row(dialect, address)).await.json()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a token was issued").to_owned()
}
