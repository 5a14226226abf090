//! What is wrong with a field, in Chinese. The field types say it in English, as the end of "field NAME …".
//! Source of the texts: facts.md, Django REST in Chinese; a field's name stands before them (decisions.md).

use crate::domain::file::picture::NOT_ONE;

/// HTTP status and text.
pub fn invalid(field: &str, why: &str) -> (u16, String) {
    if let Some(limit) = between(why, "must have at most ", " bytes") {
        return (413, format!("{field}：{}", too_large(limit)));
    }
    let text = match why {
        "is missing" => "该字段是必填项。".to_owned(),
        "must not be empty" => "该字段不能为空。".to_owned(),
        "must be text" => "不是有效的字符串。".to_owned(),
        "must be an integer" => "请填写合法的整数值。".to_owned(),
        "must be a file" => "提交的数据不是一个文件。".to_owned(),
        "must have no control character" => "不能含有控制字符。".to_owned(),
        NOT_ONE => "请上传有效图片。该文件不是图片或者图片已经损坏。".to_owned(),
        _ => bounded(why).unwrap_or_else(|| "无效的值。".to_owned()),
    };
    (400, format!("{field}：{text}"))
}

pub fn too_large(limit: u64) -> String {
    format!("请确保内容不超过 {limit} 字节。")
}

fn bounded(why: &str) -> Option<String> {
    if let Some(most) = between(why, "must have at most ", " characters") {
        return Some(format!("请确保这个字段不能超过 {most} 个字符。"));
    }
    if let Some(least) = between(why, "must be at least ", "") {
        return Some(format!("请确保该值大于或者等于 {least}。"));
    }
    if let Some(most) = between(why, "must be at most ", "") {
        return Some(format!("请确保该值小于或者等于 {most}。"));
    }
    let (least, most) = why.strip_prefix("must be from ")?.split_once(" to ")?;
    Some(format!("请确保该值在 {least} 和 {most} 之间。"))
}

fn between(why: &str, before: &str, after: &str) -> Option<u64> {
    why.strip_prefix(before)?.strip_suffix(after)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::fields::Input;
    use crate::dialect::fields::{Fields, Kind};
    use crate::dialect::groups::DIALECT;

    #[test]
    fn what_the_field_types_say_has_a_text_of_its_own() {
        assert!(DIALECT.rows.iter().flat_map(|row| row.input).all(|field| matches!(
            field.kind,
            Kind::Text { .. } | Kind::Integer { .. } | Kind::File { .. }
        )));
        let check = |body: &str, text: &str| {
            let fields = Fields::parse(body.as_bytes()).unwrap();
            let plan = crate::dialect::groups::group::Plan::take(&fields).map(drop);
            let knock = || crate::dialect::groups::members::Knock::take(&fields).map(drop);
            match plan.and_then(|()| knock()) {
                Err(crate::model::Fault::Invalid { field, why }) => {
                    assert_eq!(invalid(&field, &why).1, text, "{why}");
                }
                other => panic!("{body}: {other:?}"),
            }
        };
        let long = "x".repeat(101);
        check("{}", "name：该字段是必填项。");
        check(r#"{"name":""}"#, "name：该字段不能为空。");
        check(r#"{"name":7}"#, "name：不是有效的字符串。");
        check(&format!(r#"{{"name":"{long}"}}"#), "name：请确保这个字段不能超过 100 个字符。");
        check(r#"{"name":"n","cover":"x"}"#, "cover：提交的数据不是一个文件。");
        check(r#"{"name":"n","id":"x"}"#, "id：请填写合法的整数值。");
        check(r#"{"name":"n","id":0}"#, "id：请确保该值大于或者等于 1。");
        assert_eq!(invalid("n", "must be from 1 to 9").1, "n：请确保该值在 1 和 9 之间。");
        assert_eq!(invalid("cover", "must have at most 9 bytes").0, 413);
        assert_eq!(invalid("cover", NOT_ONE).0, 400);
    }
}
