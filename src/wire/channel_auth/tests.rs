use super::*;

/// Saturday, 21 November 2026, 08:00:00 UTC.
const NOW: Millis = Millis(1_795_248_000_000);
const CHINA: Calendar = Calendar { ahead: Millis::seconds(8 * 3600), more_days: 0 };
const RULE: Rule<'_> = Rule::Hmac { app_secret: "key" };

fn is_good(day: &str, calendar: Calendar, now: Millis) -> bool {
    good_tokens(RULE, calendar, 100, now).contains(&token(RULE, day, 100))
}

#[test]
fn tokens_are_those_of_the_facts() {
    // facts.md, computed from the sibling document of the original.
    assert_eq!(token(Rule::Md5, "20191121", 100), "bfbfded5c75324f27f1c66ac237d106b");
    // Computed with another implementation of HMAC (Python's).
    assert_eq!(
        token(Rule::Hmac { app_secret: "Jefe" }, "20261121", 100),
        "18c575de68f993e21ba5e33e7af3060d3c04aab1cf5f80d85005bb91a88daab8"
    );
}

#[test]
fn days_are_written_as_calendars_have_them() {
    for (day, written) in [
        (0, "19700101"),
        (59, "19700301"),
        (11_016, "20000229"),
        (11_017, "20000301"),
        (20_778, "20261121"),
        (-1, "19691231"),
        (47_540, "21000228"),
        (47_541, "21000301"),
    ] {
        assert_eq!(date(day), written);
    }
}

#[test]
fn today_and_yesterday_are_good_and_their_neighbours_are_not() {
    for (day, good) in
        [("20261119", false), ("20261120", true), ("20261121", true), ("20261122", false)]
    {
        assert_eq!(is_good(day, CHINA, NOW), good, "{day}");
    }
    let wide = Calendar { more_days: 2, ..CHINA };
    for (day, good) in
        [("20261117", false), ("20261118", true), ("20261123", true), ("20261124", false)]
    {
        assert_eq!(is_good(day, wide, NOW), good, "{day}");
    }
}

#[test]
fn in_the_small_hours_of_china_both_calendars_todays_are_good() {
    let night = NOW + Millis::seconds(9 * 3600); // 17:00 UTC, 01:00 of the 22nd in China
    for (day, good) in
        [("20261119", false), ("20261120", true), ("20261121", true), ("20261122", true)]
    {
        assert_eq!(is_good(day, CHINA, night), good, "{day}");
    }
}
