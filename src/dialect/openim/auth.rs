//! Who calls: a server that knows the secret. Judged when the fields are good and before anything is done, in
//! constant time; wrong ones are counted by address.

use std::future::Future;
use std::sync::Arc;

use serde::Serialize;

use crate::dialect::fields::{Input, Output, Text};
use crate::dialect::serve::{self, dispatch};
use crate::dialect::{Access, Call, Caller, Guest, Json, Later, Row, Work};
use crate::domain::Appliance;
use crate::domain::guess::Account;
use crate::model::{Fault, Refusal};

/// Of a secret, in characters: facts.md, "Limits enforced".
pub const SECRET_MAX: usize = 32;

pub type Secret = Text<1, SECRET_MAX>;

/// An input with the secret in it.
pub trait Secretive: Input {
    fn secret(&self) -> &Secret;
}

pub fn open<'a>(row: &'a Row, call: Call<'a>) -> Work<'a> {
    match row.access {
        Access::Secret => dispatch(row, call),
        Access::Anybody | Access::User | Access::Signed | Access::Server | Access::Staff(_) => {
            Work::Done(Err(Fault::Unauthenticated(Refusal::Refused)))
        }
    }
}

/// Starts a handler for a server that has shown the secret.
pub fn later<T, O, F>(call: Call<'_>, handler: fn(Guest<T>) -> F) -> Result<Later, Fault>
where
    T: Secretive,
    O: Output + Serialize,
    F: Future<Output = Result<O, Fault>> + Send + 'static,
{
    judge::<T>(&call)?;
    serve::guest(call, handler)
}

/// The same for a handler that cannot wait.
pub fn soon<T: Secretive, O: Output + Serialize>(
    call: Call<'_>,
    handler: fn(&Arc<Appliance>, &Caller, T) -> Result<O, Fault>,
) -> Result<Json, Fault> {
    judge::<T>(&call)?;
    serve::at_once(call, handler)
}

fn judge<T: Secretive>(call: &Call<'_>) -> Result<(), Fault> {
    let value = T::take(&call.fields)?;
    known(call, &value.secret().0)
}

/// Whether this is the secret.
///
/// # Errors
/// `Unauthenticated(Secret)`, or `Busy` after too many wrong ones.
pub fn known(call: &Call<'_>, given: &str) -> Result<(), Fault> {
    let pair = (given, &*call.app.secrets.openim_secret);
    let account = Account::Secret("openim");
    call.app.guesses.secret(account, pair, call.caller.addr, call.caller.now.steady)
}
