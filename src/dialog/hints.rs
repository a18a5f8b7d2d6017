//! The few words that the machine itself says; everything else stands in the menu files.
//!
//! Each is short enough to stand above a screen, and is left out where it would not fit.

use crate::types::Lang;

/// Above a screen whose key was not one of its own.
pub fn not_a_key(lang: Lang) -> &'static str {
    match lang.tag() {
        "sw" => "Chagua nambari iliyo hapa.",
        "am" => "እዚህ ካሉት ቁጥሮች ይምረጡ።",
        _ => "Choose a number shown here.",
    }
}

/// In place of a question that is only put on a call, after an answer by SMS.
pub fn dial_to_go_on(lang: Lang, dial: &str) -> String {
    match lang.tag() {
        "sw" => format!("Piga {dial} kuendelea."),
        "am" => format!("ለመቀጠል {dial} ይደውሉ።"),
        _ => format!("Dial {dial} to go on."),
    }
}

/// The last words of a dialog that cannot go on through a fault of ours.
pub fn broken(lang: Lang) -> &'static str {
    match lang.tag() {
        "sw" => "Kuna hitilafu kwetu. Hakuna kilichopotea. Piga tena baada ya dakika moja.",
        "am" => "በእኛ በኩል ችግር አለ። ምንም አልጠፋም። ከአንድ ደቂቃ በኋላ ይደውሉ።",
        _ => "Something broke on our side. Nothing was lost. Dial again in a minute.",
    }
}
