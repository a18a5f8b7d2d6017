use super::*;

#[test]
fn validity_is_written_as_days_and_hours() {
    assert_eq!(validity(Duration::from_secs(86_400)), "000001000000000R");
    assert_eq!(validity(Duration::from_secs(3 * 3600 + 62)), "000000030102000R");
    assert_eq!(validity(Duration::from_secs(400 * 86_400)), "000030000000000R");
    assert_eq!(validity(Duration::ZERO).len(), 16);
}

#[test]
fn the_heaviest_of_several_troubles_decides() {
    let refused = |class| PartSent::Refused(class, String::new());
    let lighter_first = [
        PartSent::Unsent(String::new()),
        PartSent::Unanswered,
        refused(Class::Temporary),
        refused(Class::Configuration),
        refused(Class::Doubtful),
        refused(Class::Permanent),
    ];
    assert!(lighter_first.is_sorted_by(|a, b| a.weight() < b.weight()));
}
