//! What `password` promises.

use super::*;

#[tokio::test]
async fn a_password_verifies_and_another_does_not() {
    let hasher = Hasher::start();
    let stored = hasher.hash("påss", &Entropy::counter()).await.unwrap();
    assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert!(hasher.verify("påss", &stored).await.unwrap());
    assert!(!hasher.verify("pass", &stored).await.unwrap());
}
