//! A page of two lines for a browser that came to the wrong place. It needs no script, no style and no picture.

use hyper::header::{self, HeaderName, HeaderValue};

pub const CONTENT_TYPE: &str = "text/html; charset=utf-8";

/// `title` in Chinese and `line` in English: the two languages of the documents.
pub fn html(title: &str, line: &str) -> String {
    let line = line.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<!doctype html>\n<html lang=\"zh\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title></head>\n<body><main><h1>{title}</h1>\
         <p lang=\"en\">{line}</p></main></body></html>\n"
    )
}

/// What goes with it: nothing is loaded, nothing is guessed, and the address is told to nobody.
pub fn headers() -> [(HeaderName, HeaderValue); 3] {
    [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ]
}
