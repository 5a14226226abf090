use super::*;

#[test]
fn a_code_is_read_as_people_type_it() {
    for typed in ["10AB-7XYZ", "10ab7xyz", " ioab 7xyz ", "LOAB-7XYZ"] {
        assert_eq!(plain(typed), "10AB7XYZ", "{typed}");
    }
    assert_ne!(plain("10AB-7XY2"), "10AB7XYZ");
}

#[test]
fn ten_wrong_tries_make_another_code() {
    let entropy = Entropy::counter();
    let mut code = Some(fresh(&entropy));
    let first = code.clone().unwrap().text;
    assert_eq!(first.len(), LENGTH + 1);
    for n in 1..=10 {
        assert_eq!(wrong(&mut code, &entropy), n == 10);
    }
    let second = code.unwrap();
    assert!(second.text != first && second.wrong == 0);
}
