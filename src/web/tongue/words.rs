//! The engine's stable words in every language of the shop. The English ones are the desk's, too.

use super::Tongue;
use crate::{
    engine::shopfront::Shown,
    types::{Timestamp, Usd, time::NAIROBI},
    web::wording,
};

const MOIS: [&str; 12] =
    ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."];

impl Tongue {
    /// A kind of piece: `necklace` as `Necklace`.
    pub(in crate::web) fn kind(self, word: &str) -> String {
        match (self, word) {
            (Self::Fr, "necklace") => "Collier".to_owned(),
            (Self::Fr, "bracelet") => "Bracelet".to_owned(),
            (Self::Fr, "earrings") => "Boucles d’oreilles".to_owned(),
            (Self::Fr, "ring") => "Bague".to_owned(),
            (Self::Fr, "other") => "Autre pièce".to_owned(),
            _ => wording::kind(word),
        }
    }

    /// Pieces of a kind, as a heading: `Necklaces`.
    pub(in crate::web) fn kinds(self, word: &str) -> String {
        match (self, word) {
            (Self::En, "necklace") => "Necklaces".to_owned(),
            (Self::En, "bracelet") => "Bracelets".to_owned(),
            (Self::En, "ring") => "Rings".to_owned(),
            (Self::En, "other") => "Other pieces".to_owned(),
            (Self::Fr, "necklace") => "Colliers".to_owned(),
            (Self::Fr, "bracelet") => "Bracelets".to_owned(),
            (Self::Fr, "ring") => "Bagues".to_owned(),
            (Self::Fr, "other") => "Autres pièces".to_owned(),
            _ => self.kind(word),
        }
    }

    /// A material: `bone` as `Horn or bone`.
    pub(in crate::web) fn stuff(self, word: &str) -> String {
        match (self, word) {
            (Self::Fr, "brass") => "Laiton".to_owned(),
            (Self::Fr, "beads") => "Perles".to_owned(),
            (Self::Fr, "bone") => "Corne ou os".to_owned(),
            (Self::Fr, "wood") => "Bois".to_owned(),
            (Self::Fr, "mixed") => "Matières mêlées".to_owned(),
            _ => wording::stuff(word),
        }
    }

    /// A piece by material and kind: `Brass necklace`, `Collier en laiton`.
    pub(in crate::web) fn piece(self, kind: &str, stuff: &str) -> String {
        match self {
            Self::En => wording::piece(kind, stuff),
            Self::Fr => {
                let of = match stuff {
                    "beads" => "de perles".to_owned(),
                    "mixed" => "de matières mêlées".to_owned(),
                    word => format!("en {}", lower(&self.stuff(word))),
                };
                let what = if kind == "other" { "Pièce".to_owned() } else { self.kind(kind) };
                format!("{what} {of}")
            }
        }
    }

    /// A country by its letters; `english` for one whose name is not known here.
    pub(in crate::web) fn country_name(self, letters: &str, english: &str) -> String {
        let french = match (self, letters) {
            (Self::En, _) => None,
            (_, "AT") => Some("Autriche"),
            (_, "AU") => Some("Australie"),
            (_, "BE") => Some("Belgique"),
            (_, "CA") => Some("Canada"),
            (_, "CH") => Some("Suisse"),
            (_, "DE") => Some("Allemagne"),
            (_, "DK") => Some("Danemark"),
            (_, "ES") => Some("Espagne"),
            (_, "ET") => Some("Éthiopie"),
            (_, "FI") => Some("Finlande"),
            (_, "FR") => Some("France"),
            (_, "GB") => Some("Royaume-Uni"),
            (_, "IE") => Some("Irlande"),
            (_, "IN") => Some("Inde"),
            (_, "IT") => Some("Italie"),
            (_, "JP") => Some("Japon"),
            (_, "KE") => Some("Kenya"),
            (_, "LU") => Some("Luxembourg"),
            (_, "NL") => Some("Pays-Bas"),
            (_, "NO") => Some("Norvège"),
            (_, "NZ") => Some("Nouvelle-Zélande"),
            (_, "PL") => Some("Pologne"),
            (_, "PT") => Some("Portugal"),
            (_, "RW") => Some("Rwanda"),
            (_, "SE") => Some("Suède"),
            (_, "TZ") => Some("Tanzanie"),
            (_, "UG") => Some("Ouganda"),
            (_, "US") => Some("États-Unis"),
            (_, "ZA") => Some("Afrique du Sud"),
            _ => None,
        };
        french.unwrap_or(english).to_owned()
    }

    /// A step of an order.
    pub(in crate::web) fn step(self, word: &str) -> String {
        match (self, word) {
            (Self::En, word) => return wording::step(word),
            (_, "placed") => "Commandé",
            (_, "paid") => "Payé",
            (_, "expired") => "Page de paiement fermée sans paiement",
            (_, "offered") => "Proposé par SMS à l’artisan",
            (_, "accepted") => "Accepté par l’artisan",
            (_, "refused") => "L’artisan ne peut pas la fabriquer",
            (_, "lapsed") => "Pas de réponse de l’artisan",
            (_, "ready") => "Fabriqué, prêt à partir pour le kiosque",
            (_, "with_rider") => "En route vers le kiosque",
            (_, "at_kiosk") => "Au kiosque",
            (_, "checked") => "Contrôlé, et l’argent est à l’artisan",
            (_, "late") => "L’artisan a besoin de plus de temps",
            (_, "cancelled") => "Vous avez annulé",
            (_, "rework") => "De retour chez l’artisan pour être réparé",
            (_, "short") => "Toutes les pièces ne peuvent pas être fabriquées",
            (_, "packed") => "Emballé",
            (_, "shipped") => "En route vers vous",
            (_, "delivered") => "Livré",
            (_, "returned") => "De retour à notre dépôt",
            (_, "refunded") => "Argent rendu",
            (_, other) => return wording::plain(other),
        }
        .to_owned()
    }

    /// The state of an order, as the sentence at the head of its page.
    pub(in crate::web) fn state(self, word: &str, maker: &str) -> String {
        match (self, word) {
            (Self::En, word) => wording::state(word, maker),
            (_, "placed") => "Nous attendons la confirmation de votre paiement.".to_owned(),
            (_, "expired") => {
                "La page de paiement a été fermée sans paiement. Rien n’a été débité.".to_owned()
            }
            (_, "paid") => "Payé. Votre commande va être proposée par SMS.".to_owned(),
            (_, "offered") => format!("Payé. Nous avons demandé à {maker} par SMS."),
            (_, "making") => format!("{maker} a accepté votre commande et y travaille."),
            (_, "ready") => format!("{maker} a terminé. La pièce part maintenant pour le kiosque."),
            (_, "with_rider") => "La pièce est en route vers le kiosque.".to_owned(),
            (_, "at_kiosk") => "La pièce est au kiosque et attend son contrôle.".to_owned(),
            (_, "choosing") => {
                "Toutes les pièces ne peuvent pas être fabriquées. Choisissez la suite.".to_owned()
            }
            (_, "released") => format!(
                "La pièce a passé le contrôle, et l’argent attend {maker}. Nous vous l’envoyons bientôt."
            ),
            (_, "packed") => "La pièce est emballée.".to_owned(),
            (_, "closed" | "delivered") => "La commande est livrée. Asante.".to_owned(),
            (_, "shipped") => "La commande est en route vers vous.".to_owned(),
            (_, "refunded") => {
                "Rien ne sera envoyé. L’argent revient sur votre carte en quelques jours.".to_owned()
            }
            (_, other) => format!("{}.", wording::plain(other)),
        }
    }

    /// Why a maker needs more time, as it goes on after "because".
    pub(in crate::web) fn late(self, word: &str) -> &'static str {
        match (self, word) {
            (Self::En, word) => wording::late(word),
            (_, "materials") => "la matière est arrivée en retard",
            (_, "home") => "un imprévu est survenu à la maison",
            (_, "busy") => "beaucoup de commandes sont arrivées en même temps",
            _ => "le travail demande plus de temps",
        }
    }

    /// Who a part of a price goes to.
    pub(in crate::web) fn part(self, word: &str, maker: &str) -> String {
        match (self, word) {
            (Self::En, word) => wording::part(word, maker),
            (_, "maker") => format!("{maker}, qui fabrique la pièce"),
            (_, "mentor") => "Le mentor qui guide le travail".to_owned(),
            (_, "margin") => "Sokoni : kiosque, coursier, frais de carte, marche du marché".to_owned(),
            (_, other) => wording::plain(other),
        }
    }

    /// The state of a bulk request, as its page begins.
    pub(in crate::web) fn bulk_state(self, word: &str) -> String {
        match (self, word) {
            (Self::En, word) => return wording::bulk_state(word),
            (_, "placed") => "Nous attendons votre paiement",
            (_, "expired") => "Le paiement n’a pas été fait à temps",
            (_, "gathering") => "Nous demandons aux artisans",
            (_, "choosing") => "Il manque des artisans pour certaines pièces : choisissez",
            (_, "making") => "Chaque pièce est prise et se fabrique",
            (_, "done") => "Toutes les pièces ont passé le contrôle",
            (_, "refunded") => "Rien ne sera envoyé, votre argent revient",
            (_, other) => return wording::plain(other),
        }
        .to_owned()
    }

    /// A moment as people in Nairobi write it: `22 Nov 2026, 14:05`.
    pub(in crate::web) fn moment(self, at: Timestamp) -> String {
        match self {
            Self::En => wording::moment(at),
            Self::Fr => format!("{}, {}", self.day_of(&at), at.hour_minute(NAIROBI)),
        }
    }

    /// Its day alone: `22 Nov 2026`.
    pub(in crate::web) fn day_of(self, at: &Timestamp) -> String {
        match self {
            Self::En => wording::day_of(at),
            Self::Fr => {
                let (year, month, day) = at.civil(NAIROBI);
                let day = if day == 1 { "1er".to_owned() } else { day.to_string() };
                format!("{day} {} {year}", MOIS[month as usize - 1])
            }
        }
    }

    /// A price, its cents always written: `$1,250.00`, `1 250,00 $`.
    pub(in crate::web) fn usd(self, price: &Usd) -> String {
        let english = wording::usd(price);
        match self {
            Self::En => english,
            Self::Fr => format!("{}\u{a0}$", sum(english.trim_start_matches('$'))),
        }
    }

    /// Ten-thousandths as a percentage: 1950 as `19.5%`, `19,5 %`.
    pub(in crate::web) fn percent(self, bp: &u32) -> String {
        let text = format!("{}.{:02}", bp / 100, bp % 100);
        let text = text.trim_end_matches('0').trim_end_matches('.');
        match self {
            Self::En => format!("{text}%"),
            Self::Fr => format!("{}\u{a0}%", sum(text)),
        }
    }

    /// A sum of dollars in another currency, without its "about".
    pub(in crate::web) fn sum_in(self, shown: &Shown, price: Usd) -> String {
        let hundredths = Usd::minor(shown.hundredths(price));
        let written = wording::usd(&hundredths);
        let digits = written.trim_start_matches('$');
        let mark = match shown.currency.as_str() {
            "EUR" => "€",
            "GBP" => "£",
            other => other,
        };
        match self {
            Self::En if mark == "€" || mark == "£" => format!("{mark}{digits}"),
            Self::En => format!("{mark}\u{a0}{digits}"),
            Self::Fr => format!("{}\u{a0}{mark}", sum(digits)),
        }
    }

    /// A sum in shillings: `KSh 1,700`, `1 700 KSh`.
    pub(in crate::web) fn kes(self, amount: &crate::types::Kes) -> String {
        match self {
            Self::En => format!("KSh {amount}"),
            Self::Fr => format!("{}\u{a0}KSh", sum(&amount.to_string())),
        }
    }
}

/// A sum as French writes it: a narrow blank between thousands, a comma before cents.
fn sum(english: &str) -> String {
    english.replace(',', "\u{202f}").replace('.', ",")
}

/// With a small letter first, as within a sentence.
pub(in crate::web) fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Kes;
    use crate::web::emblem;

    #[test]
    fn pieces_days_and_sums_are_written_as_each_language_writes_them() {
        let (en, fr) = (Tongue::En, Tongue::Fr);
        assert_eq!(en.piece("necklace", "brass"), "Brass necklace");
        assert_eq!(fr.piece("necklace", "brass"), "Collier en laiton");
        assert_eq!(fr.piece("earrings", "beads"), "Boucles d’oreilles de perles");
        assert_eq!(fr.piece("arm_band", "copper"), "Arm band en copper");
        assert_eq!(fr.usd(&Usd::minor(125_000)), "1\u{202f}250,00\u{a0}$");
        assert_eq!(fr.kes(&Kes::major(1_700)), "1\u{202f}700\u{a0}KSh");
        let new_year = Timestamp::from_millis(1_798_745_400_000);
        assert_eq!(fr.moment(new_year), "31 déc. 2026, 22:30");
    }

    #[test]
    fn no_word_of_the_menus_is_left_in_english() {
        let kinds = emblem::KINDS.iter().filter(|word| **word != "bracelet");
        for word in kinds {
            assert_ne!(Tongue::Fr.kind(word), Tongue::En.kind(word), "{word}");
            assert_ne!(Tongue::Fr.kinds(word), Tongue::En.kinds(word), "{word}");
        }
        for word in emblem::STUFFS {
            assert_ne!(Tongue::Fr.stuff(word), Tongue::En.stuff(word), "{word}");
        }
    }

    #[test]
    fn no_step_or_state_of_an_order_is_left_in_english() {
        for word in [
            "placed",
            "paid",
            "expired",
            "offered",
            "accepted",
            "refused",
            "lapsed",
            "ready",
            "with_rider",
            "at_kiosk",
            "checked",
            "late",
            "cancelled",
            "rework",
            "short",
            "packed",
            "shipped",
            "delivered",
            "returned",
            "refunded",
        ] {
            assert_ne!(Tongue::Fr.step(word), Tongue::En.step(word), "{word}");
            assert_ne!(Tongue::Fr.step(word), wording::plain(word), "{word}");
        }
        for word in [
            "placed",
            "expired",
            "paid",
            "offered",
            "making",
            "ready",
            "with_rider",
            "at_kiosk",
            "choosing",
            "released",
            "packed",
            "closed",
            "shipped",
            "delivered",
            "refunded",
        ] {
            assert_ne!(Tongue::Fr.state(word, ""), Tongue::En.state(word, ""), "{word}");
            assert_ne!(Tongue::Fr.state(word, ""), format!("{}.", wording::plain(word)), "{word}");
        }
    }
}
