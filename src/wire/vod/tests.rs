//! What `vod` promises.

use proptest::prelude::*;

use super::*;

// Tencent's documentation example.
const ID: &str = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA";
const KEY: &str = "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA";

fn signed(path: &str, params: &str) -> Result<Signed, VodError> {
    let params: BTreeMap<String, Value> = serde_json::from_str(params).unwrap();
    let call = Call { verb: Verb::Get, host: "cvm.api.qcloud.com", path, params: &params };
    sign(&call, ID, KEY)
}

fn check(params: &str, expected: &str, hash: Hash) {
    let expected = Signed { sign: expected.into(), hash };
    assert_eq!(signed("/v2/index.php", params), Ok(expected), "{params}");
}

#[test]
fn the_published_signatures_are_made() {
    let page = |method: &str| {
        format!(
            r#"{{"Action":"DescribeInstances","InstanceIds.0":"ins-09dx96dg","Nonce":11886,
            "Region":"ap-guangzhou","Timestamp":1465185768,"SecretId":"theirs"{method}}}"#
        )
    };
    check(
        &page(r#","SignatureMethod":"HmacSHA256""#),
        "0EEm/HtGRr/VJXTAD9tYMth1Bzm3lLHz5RCDv1GdM8s=",
        Hash::Sha256,
    );
    let sha1 = "nPVnY6njQmwQ8ciqbPl5Qe+Oru4=";
    check(&page(r#","SignatureMethod":"HmacSHA1""#), sha1, Hash::Sha1);
    // Not on the page: the same call without the parameter, computed with Python's hmac.
    check(&page(""), "B6cecqdJznPP5xUBExLyaWYdre4=", Hash::Sha1);
}

#[test]
fn the_example_of_document_001_is_signed() {
    check(
        r#"{"Action":"DescribeInstances","Nonce":11886,"Region":"gz","Timestamp":1465185768,
            "SignatureMethod":"HmacSHA256","instanceIds_0":"ins-09dx96dg","limit":20,"offset":0}"#,
        "PSWUwVv4TfW2sQP1FT9KbbLjIZ9bmK8f1cL6fbpf3KI=",
        Hash::Sha256,
    );
}

#[test]
fn numbers_and_texts_are_written_alike() {
    let whole = signed("/", r#"{"a":20,"b":1.5,"c":2.0,"d":-3}"#).unwrap();
    assert_eq!(Ok(whole), signed("/", r#"{"a":"20","b":"1.5","c":"2","d":"-3"}"#));
}

#[test]
fn nothing_can_pass_for_another_part_of_the_call() {
    let refused = Err(VodError::Ambiguous);
    let smuggled = r#"{"A":"1&Action=DeleteVodFile&Z=","Action":"DescribeVodInfo"}"#;
    assert_eq!(signed("/v2/index.php", smuggled), refused);
    assert_eq!(signed("/v2/index.php?Action=DeleteVodFile&Z=", "{}"), refused);
    assert_eq!(signed("v2", "{}"), refused);
    assert_eq!(signed("/", r#"{"a&Action":"x"}"#), refused);
    assert_eq!(signed("/", r#"{"":"x"}"#), refused);
    assert_eq!(signed("/", r#"{"a=b":"x"}"#), refused);
    assert_eq!(signed("/", r#"{"SignatureMethod":"md5"}"#), Err(VodError::Hash));
    assert_eq!(signed("/", r#"{"SignatureMethod":1}"#), Err(VodError::Hash));
    let params = BTreeMap::new();
    let call = Call { verb: Verb::Post, host: "h/x?", path: "/", params: &params };
    assert_eq!(sign(&call, ID, KEY), refused);
}

#[test]
fn the_client_signature_is_the_computed_one() {
    let grant = ClientGrant {
        secret_id: "AKIDEXAMPLE",
        now_s: 1_503_490_471,
        expires_s: 1_503_490_471 + CLIENT_VALID_S,
        random: 1_804_289_383,
    };
    assert_eq!(
        client_sign(&grant, "bLcPnl88WU30VY57ipRhSePfPdOfSruK"),
        "dII6JNDVEq974E5klPc0mbm343tzZWNyZXRJZD1BS0lERVhBTVBMRSZjdXJyZW50VGltZVN0YW1wPTE1MDM0OTA0NzEmZXhwaXJlVGltZT0xNTA2MDgyNDcxJnJhbmRvbT0xODA0Mjg5Mzgz"
    );
}

#[test]
fn a_secret_id_is_encoded_as_php_does() {
    assert_eq!(form_encoded("a b~&学-._"), "a+b%7E%26%E5%AD%A6-._");
}

proptest! {
    #[test]
    fn any_call_is_answered(
        host in any::<String>(), path in any::<String>(), name in any::<String>(),
        value in any::<String>(), real in any::<f64>(),
    ) {
        let params = BTreeMap::from([
            (name, Value::Text(value)),
            ("Real".to_owned(), Value::Real(real)),
        ]);
        let call = Call { verb: Verb::Post, host: &host, path: &path, params: &params };
        let _ = sign(&call, ID, KEY);
    }
}
