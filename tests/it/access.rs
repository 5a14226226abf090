//! Who may call what, for every row of every route table: without credentials, with wrong ones, with a token of
//! another dialect, with somebody else's thing. What each dialect answers is in `REFUSALS`, from decisions.md.

mod edu;
mod strangers;

use arctos_box::dialect::{Access, DIALECTS, Dialect, Rank, Row};
use arctos_box::model::Handle;
use arctos_box::model::user::{Origin, Role, User};
use arctos_box::store::users;
use serde_json::json;

use crate::ask::Ask;
use crate::golden::{Exchange, named};
use crate::keys::{Door, Keys};
use crate::plausible;
use crate::world::{Answer, START, World};

/// What a dialect answers to the callers of a class who show nothing, something unknown, or (where the credential is
/// a header with a scheme) another scheme.
struct Refusal {
    dialect: &'static str,
    access: Access,
    absent: &'static str,
    unknown: &'static str,
    scheme: &'static str,
}

const fn refusal(
    dialect: &'static str,
    access: Access,
    [absent, unknown, scheme]: [&'static str; 3],
) -> Refusal {
    Refusal { dialect, access, absent, unknown, scheme }
}

const REFUSALS: &[Refusal] = &[
    refusal("edu", Access::User, ["200 10003", "200 10009", ""]),
    refusal("edu", Access::Signed, ["200 10003", "200 10003", ""]),
    refusal("channel", Access::Server, ["401", "401", "401"]),
    refusal("channel", Access::Secret, ["400", "401", ""]),
    // A page that turns the browser away.
    refusal("channel", Access::Signed, ["403", "403", ""]),
    refusal("openim", Access::Secret, ["400 400", "400 401", ""]),
    refusal("groups", Access::User, ["403 nobody", "403 unknown", "403 nobody"]),
    refusal("arctos", Access::Secret, ["200 0", "200 0", ""]),
    refusal("arctos", Access::User, ["401 1401", "401 1405", "401 1402"]),
    refusal("box", Access::Staff(Rank::Person), ["401", "401", "401"]),
    refusal("box", Access::Staff(Rank::Teacher), ["401", "401", "401"]),
    refusal("box", Access::Staff(Rank::Technician), ["401", "401", "401"]),
    refusal("box", Access::Staff(Rank::Administrator), ["401", "401", "401"]),
];

impl Refusal {
    fn of(dialect: &Dialect, row: &Row) -> &'static Self {
        let same = |r: &&Self| r.dialect == dialect.name && r.access == row.access;
        let found = REFUSALS.iter().find(same);
        let class = (dialect.name, row.access);
        found.unwrap_or_else(|| panic!("{class:?} is new: say in REFUSALS what it answers"))
    }

    /// Whether an answer says that the caller's credential is not good.
    fn says(&self, answer: &str) -> bool {
        // Document 001 has one code for wrong fields, a missing token and a wrong signature.
        ![self.absent, self.unknown].iter().all(|a| *a != answer || *a == "200 10003")
    }
}

/// Every row that asks for a credential.
fn doors() -> impl Iterator<Item = (&'static Dialect, &'static Row, Door)> {
    let rows = DIALECTS.iter().flat_map(|d| d.rows.iter().map(|row| (*d, row)));
    let doors = rows.map(|(dialect, row)| (dialect, row, Door::of(dialect, row)));
    doors.filter(|(_, _, door)| !matches!(door, Door::Open))
}

/// Sends requests, each from an address of its own, so that no limit on wrong ones is met.
struct Caller<'a> {
    world: &'a World,
    sent: std::cell::Cell<u16>,
}

impl<'a> Caller<'a> {
    fn new(world: &'a World) -> Self {
        Self { world, sent: std::cell::Cell::new(0) }
    }

    async fn answer(&self, dialect: &'static Dialect, row: &'static Row, ask: Ask) -> Answer {
        self.sent.set(self.sent.get() + 1);
        let [high, low] = self.sent.get().to_be_bytes();
        ask.from([10, 9, high, low]).send(self.world, dialect, row).await
    }

    /// The answer's name in the lists of `golden/coverage`.
    async fn name(&self, dialect: &'static Dialect, row: &'static Row, ask: Ask) -> String {
        let answer = self.answer(dialect, row, ask).await;
        let body = serde_json::from_slice(&answer.body).unwrap_or_default();
        named(dialect, &Exchange { line: row.address.into(), status: answer.status, body })
    }
}

#[tokio::test]
async fn without_a_credential_or_with_a_wrong_one_every_door_is_closed_also_after_a_restart() {
    let mut world = World::new().await;
    let keys = Keys::cut(&world).await;
    let gone = world.teacher("gone").await;
    world.ok("account/logout", json!({"token": gone})).await;
    for restarted in [false, true] {
        if restarted {
            world.restart().await;
        }
        let caller = Caller::new(&world);
        for (dialect, row, door) in doors() {
            let refusal = Refusal::of(dialect, row);
            let bare = Keys::named(&world, row, plausible::ask(dialect, row));
            let at = format!("{} {}", dialect.name, row.address);
            assert_eq!(caller.name(dialect, row, bare.clone()).await, refusal.absent, "{at}");
            for wrong in wrong_ones(&world, &keys, &gone, row.access) {
                let ask = door.put(row, bare.clone(), &wrong);
                let name = caller.name(dialect, row, ask).await;
                assert_eq!(name, refusal.unknown, "{at} {wrong}");
            }
        }
    }
}

/// What was never good, is so no more, or is good for something else.
fn wrong_ones(world: &World, keys: &Keys, gone: &str, access: Access) -> Vec<String> {
    let secrets = &world.app().secrets;
    let mut wrong = vec!["nobody's".to_owned(), unsigned_jwt()];
    let others = [gone, &secrets.channel_app_id, &*secrets.callback_key, "arctos", "tuoyun"];
    wrong.extend(others.map(str::to_owned));
    // A token does not open what a secret opens, nor the other way round, nor one secret another's door.
    let mut cross = vec![keys.of(Origin::Edu), &*secrets.cos_secret_key, &*secrets.usersig_key];
    match access {
        Access::User | Access::Server | Access::Staff(_) => {
            cross = vec![&*secrets.openim_secret, &*secrets.arctos_license_key];
        }
        Access::Anybody | Access::Signed | Access::Secret => {}
    }
    wrong.extend(cross.into_iter().map(str::to_owned));
    // 002 takes no secret of more than 32 characters: that is a wrong field.
    if access == Access::Secret {
        wrong.retain(|text| text.len() <= 32);
    }
    wrong
}

/// Claims that name people of the box, without a signature.
fn unsigned_jwt() -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let claims = json!({"UID": "by-edu", "user_id": 10001, "exp": START.as_seconds() + 9999});
    format!("{}.{}.", part(r#"{"alg":"none","typ":"JWT"}"#), part(&claims.to_string()))
}

#[tokio::test]
async fn a_header_of_another_form_is_no_credential() {
    let world = World::new().await;
    let keys = Keys::cut(&world).await;
    let caller = Caller::new(&world);
    for (dialect, row, door) in doors() {
        let Door::Header(header) = door else { continue };
        let Some((scheme, _)) = header.form.split_once(' ') else { continue };
        if ends_its_credential(row) {
            continue;
        }
        let refusal = Refusal::of(dialect, row);
        let bare = plausible::ask(dialect, row);
        let good = keys.open(&world, dialect, row, bare.clone(), 0);
        let good = good.headers.iter().find(|(name, _)| name == header.name).unwrap().1.clone();
        let token = good.split_once(' ').unwrap().1;
        for (value, expected) in [
            (String::new(), refusal.absent),
            (scheme.to_owned(), refusal.absent),
            (format!("{scheme} "), refusal.absent),
            (format!("Basic {token}"), refusal.scheme),
            (format!("{scheme}{token}"), refusal.scheme),
            (token.to_owned(), refusal.scheme),
            (format!("{scheme} {token} {token}"), refusal.unknown),
            (format!("{scheme} {token}x"), refusal.unknown),
            (format!("{scheme} {}", "x".repeat(5000)), refusal.unknown),
        ] {
            let ask = bare.clone().header(header.name, &value);
            let name = caller.name(dialect, row, ask).await;
            assert_eq!(name, expected, "{} {} {value:.40}", dialect.name, row.address);
        }
        for word in [scheme.to_lowercase(), scheme.to_uppercase()] {
            let ask = bare.clone().header(header.name, &format!("{word}   {token}"));
            let name = caller.name(dialect, row, ask).await;
            assert!(!refusal.says(&name), "{} {}: {word} {name}", dialect.name, row.address);
        }
    }
}

#[tokio::test]
async fn no_cookie_opens_a_row_of_the_five_dialects() {
    let world = World::new().await;
    let keys = Keys::cut(&world).await;
    let caller = Caller::new(&world);
    for (dialect, row, _) in doors().filter(|(dialect, ..)| dialect.cors) {
        let token = keys.of(Origin::Edu);
        let cookie = format!("arctos_session={token}; __Host-arctos_session={token}");
        let ask = plausible::ask(dialect, row).header("Cookie", &cookie);
        let name = caller.name(dialect, row, ask).await;
        let absent = Refusal::of(dialect, row).absent;
        assert_eq!(name, absent, "{} {}", dialect.name, row.address);
    }
}

#[tokio::test]
async fn the_right_credential_opens_and_is_looked_at_before_the_fields_also_after_a_restart() {
    let mut world = World::new().await;
    let keys = Keys::cut(&world).await;
    for restarted in [false, true] {
        if restarted {
            world.restart().await;
        }
        let caller = Caller::new(&world);
        for (n, (dialect, row, door)) in doors().enumerate() {
            let n = i64::try_from(n).unwrap() + i64::from(restarted) * 300;
            let refusal = Refusal::of(dialect, row);
            let bare = plausible::ask(dialect, row);
            let at = format!("{} {}", dialect.name, row.address);
            if !ends_its_credential(row) {
                let good = keys.open(&world, dialect, row, bare, n);
                let name = caller.name(dialect, row, good).await;
                assert!(!refusal.says(&name), "{at}: {name}");
            }
            if matches!(door, Door::Header(_)) {
                let empty = door.put(row, params_only(row), "nobody's");
                assert_eq!(caller.name(dialect, row, empty).await, refusal.unknown, "{at}");
            }
        }
    }
}

/// The token of one of the box's own log-in is none afterwards.
fn ends_its_credential(row: &Row) -> bool {
    ["box/v1/logout", "box/v1/password"].contains(&row.address)
}

/// Nothing but what the path needs.
fn params_only(row: &Row) -> Ask {
    let params = arctos_box::dialect::path::params(row.address);
    params.fold(Ask::new(), |ask, name| ask.param(name, 1))
}

#[tokio::test]
async fn a_token_of_any_dialect_opens_what_is_for_people_and_nothing_else() {
    let mut world = World::new().await;
    let keys = Keys::cut(&world).await;
    for restarted in [false, true] {
        if restarted {
            world.restart().await;
        }
        let caller = Caller::new(&world);
        for (dialect, row, door) in doors() {
            let refusal = Refusal::of(dialect, row);
            for (origin, token) in &keys.tokens {
                if ends_its_credential(row) && *origin == Origin::Box {
                    continue;
                }
                let ask = door.put(row, plausible::ask(dialect, row), token);
                let name = caller.name(dialect, row, ask).await;
                let at = format!("{} {} {origin:?}: {name}", dialect.name, row.address);
                match expected(dialect, row, *origin) {
                    Foreign::Taken => assert!(!refusal.says(&name), "{at}"),
                    Foreign::Unknown => assert_eq!(name, refusal.unknown, "{at}"),
                    // Some are longer than a secret may be.
                    Foreign::NoSecret => {
                        assert!(name == refusal.unknown || name.starts_with("400"), "{at}");
                    }
                    Foreign::Refused(with) => assert_eq!(name, with, "{at}"),
                }
            }
        }
    }
}

/// What a good token of some dialect is worth at a row.
enum Foreign {
    Taken,
    Unknown,
    NoSecret,
    Refused(&'static str),
}

fn expected(dialect: &Dialect, row: &Row, origin: Origin) -> Foreign {
    match (dialect.name, row.access, origin) {
        // checkAuthToken tells what a token of its own dialect is worth.
        ("arctos", Access::User, Origin::Arctos) => Foreign::Taken,
        ("arctos", Access::User, _) => Foreign::Refused("401 1403"),
        (_, Access::User, _) => Foreign::Taken,
        // The token is a teacher's, by the box's own log-in.
        (_, Access::Staff(Rank::Person | Rank::Teacher), Origin::Box) => Foreign::Taken,
        (_, Access::Staff(_), Origin::Box) => Foreign::Refused("403"),
        (_, Access::Secret, _) => Foreign::NoSecret,
        (_, Access::Staff(_) | Access::Server | Access::Signed, _) => Foreign::Unknown,
        (_, Access::Anybody, _) => Foreign::Taken,
    }
}

#[tokio::test]
async fn administrators_and_technicians_and_the_channels_server_are_nobody_where_people_log_in() {
    let world = World::new().await;
    let keys = Keys::cut(&world).await;
    let caller = Caller::new(&world);
    let boxed = [keys.ranked(Rank::Technician), keys.ranked(Rank::Administrator)];
    for (dialect, row, door) in doors().filter(|(_, row, _)| row.access == Access::User) {
        let unknown = Refusal::of(dialect, row).unknown;
        // A genuine token that is not good there: document 004 has a number for it.
        let genuine = if dialect.name == "arctos" { "401 1403" } else { unknown };
        for (token, expected) in
            boxed.iter().map(|t| (*t, genuine)).chain([(keys.server.as_str(), unknown)])
        {
            let ask = door.put(row, plausible::ask(dialect, row), token);
            let name = caller.name(dialect, row, ask).await;
            assert_eq!(name, expected, "{} {}", dialect.name, row.address);
        }
    }
}

#[tokio::test]
async fn staff_of_a_lower_rank_are_denied_and_of_a_higher_one_are_not() {
    let world = World::new().await;
    let keys = Keys::cut(&world).await;
    let caller = Caller::new(&world);
    for (dialect, row, door) in doors() {
        let Access::Staff(wanted) = row.access else { continue };
        if ends_its_credential(row) {
            continue;
        }
        for (rank, token) in &keys.staff {
            let ask = door.put(row, plausible::ask(dialect, row), token);
            let name = caller.name(dialect, row, ask).await;
            let at = format!("{} {} {rank:?}: {name}", dialect.name, row.address);
            assert_eq!(name == "403", *rank < wanted, "{at}");
            assert_ne!(name, "401", "{at}");
        }
    }
}

#[tokio::test]
async fn what_is_for_anybody_does_not_look_at_tokens() {
    let world = World::new().await;
    let keys = Keys::cut(&world).await;
    let caller = Caller::new(&world);
    for dialect in DIALECTS {
        for row in dialect.rows.iter().filter(|row| row.access == Access::Anybody) {
            let bare = plausible::ask(dialect, row);
            // What is asked for may exist after the first call.
            caller.name(dialect, row, bare.clone()).await;
            let without = caller.name(dialect, row, bare.clone()).await;
            for token in ["nobody's", keys.of(Origin::Edu), &keys.server] {
                let ask = bare.clone().token(&format!("Bearer {token}"));
                let with = caller.name(dialect, row, ask).await;
                assert_eq!(with, without, "{} {}", dialect.name, row.address);
            }
        }
    }
}

/// A stored person without appid and password.
pub async fn person(world: &World, name: &str, origin: Origin, role: Role) -> User {
    let handle = Handle::new(name).unwrap();
    let known = world.app().db.read({
        let handle = handle.clone();
        move |conn| Ok(users::by_handle(conn, &handle)?)
    });
    if let Some(user) = known.await.unwrap() {
        return user;
    }
    let mut user = User::fresh(handle, origin, role);
    let row = user.clone();
    let insert = world.app().db.write(move |conn| users::insert(conn, &row, START));
    user.id = insert.await.unwrap();
    user
}
