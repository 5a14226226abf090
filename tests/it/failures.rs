//! The table "Failures, by dialect" of decisions.md, against every dialect's envelope: each kind of failure has
//! its status and code, says what is wrong, and tells nothing of the inside.

use arctos_box::dialect::{DIALECTS, Dialect, Envelope, RequestId, Row};
use arctos_box::model::{Conflict, Fault, LicenceWhy, Millis, Part, Refusal, Thing};
use serde_json::Value;

use crate::golden::{Exchange, named};

/// A kind of failure, and what each dialect answers, in the order of `COLUMNS`.
type Line = (fn() -> Fault, [&'static str; 6]);

const COLUMNS: [&str; 6] = ["edu", "channel", "openim", "groups", "arctos", "box"];

const TABLE: &[Line] = &[
    (wrong_field, ["200 10003", "400", "400 400", "400", "200 0", "400"]),
    (no_json, ["200 10002", "400", "400 400", "400", "200 0", "400"]),
    (too_large, ["200 10003", "413", "413 400", "413", "413 0", "413"]),
    (busy, ["200 10111", "429", "429 429", "429", "429 0", "429"]),
    (|| refused(Refusal::Absent), ["200 10009", "401", "400 401", "403 nobody", "401 1401", "401"]),
    (
        || refused(Refusal::Invalid),
        ["200 10009", "401", "400 401", "403 unknown", "401 1405", "401"],
    ),
    (
        || refused(Refusal::Expired),
        ["200 10009", "401", "400 401", "403 unknown", "401 1404", "401"],
    ),
    (
        || Fault::denied("somebody else's"),
        ["200 10101", "403", "400 401", "403 denied", "403 0", "403"],
    ),
    (|| Fault::Missing(Thing::Page), ["200 10001", "404", "404 404", "404", "404 0", "404"]),
    (wrong_method, ["200 10001", "405", "405 405", "405", "405 0", "405"]),
    (ours, ["200 90000", "500", "500 500", "500", "500 0", "500"]),
];

pub const REQUEST: RequestId = RequestId { wall: Millis::seconds(0x7f), number: 0xb0c };
const NAMED: &str = "7f-b0c";
const SECRET: &str = "no such column: pwd";

fn wrong_field() -> Fault {
    Fault::invalid("gender", "must be from 0 to 2")
}

fn no_json() -> Fault {
    Fault::Syntax("EOF at line 1".into())
}

fn too_large() -> Fault {
    Fault::TooLarge { limit: 65_536 }
}

fn busy() -> Fault {
    Fault::Busy { retry: Millis::seconds(42) }
}

fn refused(why: Refusal) -> Fault {
    Fault::Unauthenticated(why)
}

fn wrong_method() -> Fault {
    Fault::Conflict(Conflict::MethodNotAllowed)
}

fn ours() -> Fault {
    Fault::Internal(SECRET.into())
}

#[test]
fn each_kind_of_failure_is_answered_as_the_table_says() {
    for dialect in DIALECTS {
        let column = COLUMNS.iter().position(|name| *name == dialect.name).expect(dialect.name);
        for (make, line) in TABLE {
            for row in plain_rows(dialect) {
                let fault = make();
                let told = exchange(dialect, row, &fault);
                assert_eq!(named(dialect, &told), line[column], "{}: {fault:?}", dialect.name);
            }
        }
    }
}

#[test]
fn a_failure_names_the_field_the_limit_the_wait_and_the_request_and_nothing_internal() {
    for dialect in DIALECTS {
        for row in plain_rows(dialect) {
            let says = |fault: &Fault| exchange(dialect, row, fault).body.to_string();
            for (fault, word) in
                [(wrong_field(), "gender"), (too_large(), "65536"), (busy(), "42"), (ours(), NAMED)]
            {
                let said = says(&fault);
                assert!(said.contains(word), "{}: {word} is not in {said}", dialect.name);
            }
            assert!(!says(&ours()).contains(SECRET), "{}", dialect.name);
        }
    }
}

#[test]
fn every_failure_has_words_and_what_any_row_may_answer_is_declared_by_each() {
    for dialect in DIALECTS {
        for row in dialect.rows {
            let failures = (dialect.shape.failures)(row);
            let declared: Vec<u16> = failures.iter().flat_map(|f| f.statuses.to_vec()).collect();
            for fault in all() {
                let sealed = (dialect.fault)(Some(row), &fault, REQUEST);
                let status = sealed.status.as_u16();
                let at = format!("{} {}: {fault:?}", dialect.name, row.address);
                assert!(!sealed.body.is_empty(), "{at}");
                assert!(status < 500 || may_be_5xx(dialect, &fault), "{at}: {status}");
                if row.envelope != Envelope::Page {
                    assert_eq!(sealed.content_type, "application/json", "{at}");
                }
            }
            // Only document 002 has a 5xx that a client may count on.
            let of_002 = ["auth/user_register", "auth/user_token"].contains(&row.address);
            let fine = |status: &u16| *status < 500 || of_002;
            assert!(declared.iter().all(fine), "{} {}", dialect.name, row.address);
            for fault in [wrong_field(), no_json(), too_large(), busy(), wrong_method()] {
                let status = (dialect.fault)(Some(row), &fault, REQUEST).status.as_u16();
                let at = format!("{} {}: {fault:?}", dialect.name, row.address);
                assert!(declared.contains(&status), "{at}: {status} is not in {declared:?}");
            }
        }
    }
}

/// No row at all, and each row whose envelope is the dialect's usual one.
fn plain_rows(dialect: &'static Dialect) -> impl Iterator<Item = Option<&'static Row>> {
    let plain = dialect.rows.iter().filter(|row| row.envelope == Envelope::Plain);
    std::iter::once(None).chain(plain.map(Some))
}

fn exchange(dialect: &Dialect, row: Option<&Row>, fault: &Fault) -> Exchange {
    let sealed = (dialect.fault)(row, fault, REQUEST);
    Exchange {
        line: format!("{} {}", dialect.name, row.map_or("(no row)", |row| row.address)),
        status: sealed.status.as_u16(),
        body: serde_json::from_slice::<Value>(&sealed.body).expect("a failure is JSON"),
    }
}

/// Our own fault, and the two of document 002 that decisions.md declares.
fn may_be_5xx(dialect: &Dialect, fault: &Fault) -> bool {
    let of_002 =
        matches!(fault, Fault::Missing(Thing::User) | Fault::Conflict(Conflict::HandleTaken));
    matches!(fault, Fault::Internal(_) | Fault::Offline(_)) || (dialect.name == "openim" && of_002)
}

/// Every value of a closed enum; one that is not named here does not compile.
macro_rules! each {
    ($kind:ident: $($name:ident)*) => {{
        fn _all_are_named(value: $kind) {
            match value {
                $($kind::$name => {})*
            }
        }
        [$($kind::$name),*]
    }};
}

/// One of each.
fn all() -> Vec<Fault> {
    let mut all = vec![wrong_field(), no_json(), too_large(), busy(), ours()];
    all.push(Fault::denied("somebody else's"));
    all.extend(LicenceWhy::ALL.map(Fault::Licence));
    all.extend(
        each!(Thing: Command User Room Recording Deleted File Video Webhook Page Group Application Camera Input
            Classroom)
            .map(Fault::Missing),
    );
    all.extend(
        each!(Refusal: Absent Scheme Refused Expired Invalid Password LoggedOut Secret Code Disabled)
            .map(Fault::Unauthenticated),
    );
    all.extend(
        each!(Conflict: HandleTaken SessionAlive NotStartable NotLive NotOver Over AlreadyBound NotBound
            NotInRoom Replayed MethodNotAllowed Answered SetUp LastAdministrator Full NotNow
            SwitchedOff Overtaken)
        .map(Fault::Conflict),
    );
    all.extend(each!(Part: Recorder Disk Cloud Store Camera Microphone).map(Fault::Offline));
    all
}
