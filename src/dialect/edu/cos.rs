//! `svc=cos`: the signature with which a client uploads to the object store.

use crate::dialect::Input;
use crate::dialect::fields::{Int, Text};
use crate::domain::cloud::{self, CosWanted};
use crate::model::Fault;
use crate::{input, output};

input! {
    /// Body of `cos/get_sign`.
    pub struct GetSign {
        /// 0: may be used for 30 days; 1: once, for one file.
        pub r#type: Int<0, 1>,
        /// Without it the default bucket.
        pub bucket: Option<Text<0, 64>>,
        /// From its slash; needed for a single-use signature.
        pub file_path: Option<Text<0, 1024>>,
    }
}

output! {
    /// What the client needs for its upload.
    pub struct Signed {
        /// Goes into the header Authorization as it is.
        pub sign: String,
        pub bucket: String,
        /// Empty when the request named the bucket.
        pub region: String,
        pub preview_tag: String,
    }
}

pub async fn get_sign(input: Input<GetSign>) -> Result<Signed, Fault> {
    let Input { app, actor, caller, value } = input;
    let wanted = CosWanted {
        once: value.r#type.0 == 1,
        bucket: value.bucket.map(|text| text.0),
        file: value.file_path.map(|text| text.0),
    };
    let signed = cloud::cos_sign(&app, &actor, caller.appid, wanted, caller.now).await?;
    Ok(Signed {
        sign: signed.sign,
        bucket: signed.bucket,
        region: signed.region,
        preview_tag: signed.preview_tag,
    })
}
