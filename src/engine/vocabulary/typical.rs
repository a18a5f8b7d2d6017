//! What values usually look like, so that a menu that is only tried reads as it will in the field.

use crate::{
    menu::value::Value,
    types::{Kes, Lang},
};
use std::collections::BTreeMap;

/// Texts that are the same in every language: names, places, what is dialled.
const TEXTS: [(&str, &[&str]); 26] = [
    ("first", &["Wanjiku", "Achieng", "Nafula"]),
    ("maker", &["Achieng", "Nafula", "Wanjiku"]),
    ("by", &["Amina", "Njeri", "Halima"]),
    ("payout.by", &["M-Pesa"]),
    ("loan.by", &["M-Pesa"]),
    ("rider", &["Otieno", "Barasa", "Kamau"]),
    ("place", &["Kibera Kiosk", "Kangemi Kiosk", "Mathare Kiosk"]),
    ("dial", &["*483*57#"]),
    ("sms", &["48357"]),
    ("usd", &["11.05", "12.35", "13.65"]),
    ("until", &["10/12 16:00", "11/12 16:00", "12/12 16:00"]),
    ("guide.until", &["10/12/2027"]),
    ("mentee.until", &["10/12/2027", "11/12/2027", "12/12/2027"]),
    ("ref", &["TLA3K8WQ7P", "TLB9D2XM4R", "TLC5H6ZN1S"]),
    ("sign", &["+", "-", "+"]),
    ("echo", &["48213"]),
    ("heard", &["NECKLACE BRASS"]),
    ("link", &["https://sokoni.example/upload#3f9k2m7q0x8d5t1v6b4n9ahw"]),
    ("loan.share", &["10"]),
    ("words.about", &["10192", "10265", "10334"]),
    ("words.short", &["Thin brass bangles sell"]),
    ("words.begin", &["Thin brass bangles sell best this month."]),
    ("words.rest", &["Photograph them by day."]),
    ("note.begin", &["We love your work, Wanjiku. Greetings from Oslo!"]),
    ("note.rest", &["We hope the machine serves you well."]),
    ("note.text", &["We love your work, Wanjiku. Greetings from Oslo!"]),
];

/// Texts that are told in the reader's language: English, Swahili, Amharic.
const TOLD: [(&str, [&str; 3]); 4] = [
    ("at", ["How many are ready now?", "Ngapi ziko tayari sasa?", "ስንት ዝግጁ ናቸው?"]),
    ("why", ["your SIM card is new", "laini yako ya simu ni mpya", "ሲም ካርድዎ አዲስ ነው"]),
    (
        "lines",
        [
            "01/12 +850 Sale, 30/11 -500 M-Pesa",
            "01/12 +850 Mauzo, 30/11 -500 M-Pesa",
            "01/12 +850 ሽያጭ፣ 30/11 -500 M-Pesa",
        ],
    ),
    ("miss", ["price", "bei", "ዋጋ"]),
];

/// By name, the values of the first rows.
pub(super) fn typical() -> BTreeMap<String, Vec<Value>> {
    let texts = TEXTS.map(|(name, texts)| (name, texts.iter().map(|text| Value::text(*text)).collect()));
    let told = TOLD.map(|(name, texts)| {
        let langs = ["en", "sw", "am"].map(|tag| tag.parse().unwrap_or(Lang::EN));
        (name, vec![Value::Texts(langs.into_iter().zip(texts.map(str::to_owned)).collect())])
    });
    let numbers = [
        ("fee", vec![Value::Kes(Kes::major(100))]),
        // The whole shillings of what she has.
        ("me.least", vec![Value::Kes(Kes::major(50))]),
        ("me.payable", vec![Value::Kes(Kes::major(1_250))]),
        ("me.share_payable", vec![Value::Kes(Kes::major(1_250))]),
        // Of the three pieces that an order has.
        ("check.pass", vec![Value::Int(2)]),
        ("check.fail", vec![Value::Int(1)]),
    ];
    texts.into_iter().chain(told).chain(numbers).map(|(name, values)| (name.to_owned(), values)).collect()
}

#[cfg(test)]
mod tests {
    use crate::{engine::vocabulary::vocabulary, menu::vocabulary::Type};

    #[test]
    fn every_text_that_a_menu_may_name_has_a_usual_value_that_fits_it() {
        let v = vocabulary();
        let fields = v.records.iter().flat_map(|(record, fields)| {
            fields.iter().map(move |(field, ty)| (format!("{record}.{field}"), ty.clone()))
        });
        for (path, ty) in v.globals.clone().into_iter().chain(fields) {
            let is_text = matches!(ty, Type::Text(_));
            for nth in 0..3 {
                assert!(!is_text || v.usual(&path, &ty, nth).is_some(), "{path} has none");
            }
        }
    }

    #[test]
    fn every_usual_value_is_of_the_type_of_something_that_has_its_name() {
        let v = vocabulary();
        let machine = ["heard", "miss", "echo"].map(|name| (name.to_owned(), Type::Text(40)));
        let outcome = [("why".to_owned(), Type::Text(40))];
        let fields = v.records.iter().flat_map(|(record, fields)| {
            fields.iter().map(move |(field, ty)| (format!("{record}.{field}"), ty.clone()))
        });
        let all: Vec<(String, Type)> =
            v.globals.clone().into_iter().chain(fields).chain(machine).chain(outcome).collect();
        for (name, values) in &v.typical {
            let named = |path: &str| path == name || path.rsplit('.').next() == Some(name);
            let fits = |nth| {
                all.iter().any(|(path, ty)| named(path) && v.usual(path, ty, nth) == Some(&values[nth]))
            };
            assert!((0..values.len()).all(fits), "{name}: {values:?}");
        }
    }
}
