//! The catalogue: every text of the shop in every language, English first.

use super::Tongue;

/// Makes of each text a function: without values it gives the text, with values it writes them in. What
/// is missing in one language is missing to the compiler.
macro_rules! texts {
    ($($name:ident $(($($value:ident),+))? = $en:literal | $fr:literal;)*) => {
        impl Tongue {
            $(texts!(@ $name $(($($value),+))? = $en | $fr);)*
        }

        /// Every text by its name, as it is written.
        #[cfg(test)]
        const ALL: &[(&str, &str, &str)] = &[$((stringify!($name), $en, $fr)),*];
    };
    (@ $name:ident = $en:literal | $fr:literal) => {
        #[allow(missing_docs)]
        pub(in crate::web) const fn $name(self) -> &'static str {
            match self {
                Self::En => $en,
                Self::Fr => $fr,
            }
        }
    };
    (@ $name:ident ($($value:ident),+) = $en:literal | $fr:literal) => {
        #[allow(missing_docs)]
        pub(in crate::web) fn $name(self, $($value: impl std::fmt::Display),+) -> String {
            match self {
                Self::En => format!($en, $($value = $value),+),
                Self::Fr => format!($fr, $($value = $value),+),
            }
        }
    };
}

texts! {
    // Every page
    site_about = "Pieces made by hand in Kenya, listed by their makers from a basic phone. Every price says who gets what."
        | "Des pièces faites à la main au Kenya, mises en vente par leurs artisans depuis un simple téléphone. Chaque prix dit qui reçoit quoi.";
    skip = "Skip to the content" | "Aller au contenu";
    motto = "made by hand, sold by phone" | "fait main, vendu par téléphone";
    foot = "The makers sell from basic phones, by USSD and SMS. They pay no fee, and the money is theirs when a piece passes its check."
        | "Les artisans vendent depuis de simples téléphones, par USSD et SMS. Ils ne paient aucun frais, et l’argent est à eux dès qu’une pièce passe son contrôle.";
    language = "Language" | "Langue";
    currency = "Prices also in" | "Prix aussi en";
    about_sum(sum) = "about {sum}" | "environ {sum}";
    charged_in_dollars = "Your card is charged in US dollars." | "Votre carte est débitée en dollars américains.";
    shown_total(sum, day) = "about {sum}, at the rate of {day} that was locked with your order. Your card is charged in US dollars."
        | "environ {sum}, au taux du {day}, fixé avec votre commande. Votre carte est débitée en dollars américains.";

    // The stalls
    home_title = "Sokoni: made by hand, sold by phone" | "Sokoni : fait main, vendu par téléphone";
    hello = "Made by hand in Kenya." | "Fait main au Kenya.";
    hello_who = "Every price says who gets what." | "Chaque prix dit qui reçoit quoi.";
    hello_how = "The makers here sell from basic phones, without the internet. What you see, they listed themselves."
        | "Ici, les artisans vendent depuis de simples téléphones, sans internet. Ce que vous voyez, ils l’ont mis en vente eux-mêmes.";
    choose = "Choose what to see" | "Choisir ce que l’on voit";
    search = "Search" | "Rechercher";
    search_hint = "craft, material, maker, place" | "objet, matière, artisan, lieu";
    kind_label = "Craft" | "Objet";
    stuff_label = "Material" | "Matière";
    narrow = "Choose craft, material and price" | "Choisir objet, matière et prix";
    price_from = "From $" | "De ($)";
    price_to = "To $" | "À ($)";
    all = "All" | "Tout";
    show = "Show" | "Afficher";
    crafts = "Crafts" | "Objets";
    materials = "Materials" | "Matières";
    on_sale_one = "1 piece on sale" | "1 pièce en vente";
    on_sale(count) = "{count} pieces on sale" | "{count} pièces en vente";
    newest_first = "Newest first" | "Les plus récentes d’abord";
    show_all = "Show all" | "Tout afficher";
    nothing_title = "Nothing like that today" | "Rien de tel aujourd’hui";
    nothing = "Try another word, craft or material, or" | "Essayez un autre mot, un autre objet, une autre matière, ou";
    not_yet_title = "Nothing like that so far" | "Rien de tel jusqu’ici";
    not_yet = "We have looked at the newest pieces. There may be some behind them."
        | "Nous avons regardé les pièces les plus récentes. Il y en a peut-être derrière elles.";
    bad_price(price) = "We cannot read {price} as a price, so it was left out. Write it as 12 or 12.50."
        | "Nous ne pouvons pas lire {price} comme un prix, il n’a donc pas compté. Écrivez 12 ou 12,50.";
    see_everything = "see everything" | "voyez tout";
    empty_title = "The stalls are still empty" | "Les étals sont encore vides";
    empty = "A piece appears here as soon as a kiosk has checked and photographed it. Please come back soon."
        | "Une pièce apparaît ici dès qu’un kiosque l’a contrôlée et photographiée. Revenez bientôt.";
    more_pieces = "More pieces" | "D’autres pièces";
    newest = "Newest pieces" | "Pièces récentes";
    older = "Older pieces" | "Pièces plus anciennes";
    look_further = "Look further" | "Chercher plus loin";
    kind_about(kind, stuffs) = "{kind} made by hand in Kenya, of {stuffs}. Every price says what its maker receives."
        | "{kind} faits main au Kenya : {stuffs}. Chaque prix dit ce que l’artisan reçoit.";
    stuff_title(stuff) = "Made of: {stuff}" | "Matière : {stuff}";
    stuff_about(stuff) = "Pieces made by hand in Kenya ({stuff}). Every price says what its maker receives."
        | "Pièces faites main au Kenya ({stuff}). Chaque prix dit ce que l’artisan reçoit.";

    // A maker
    maker_title(maker, place) = "{maker} in {place}" | "{maker}, à {place}";
    maker_about(maker, place, kinds) = "{maker} works in {place}, Kenya. In the shop now: {kinds}."
        | "{maker} travaille à {place}, au Kenya. En vente maintenant : {kinds}.";
    maker_about_none(maker, place) = "{maker} works in {place}, Kenya." | "{maker} travaille à {place}, au Kenya.";
    maker_how(maker) = "{maker} lists, accepts and is paid by phone, without the internet. Each piece is looked at in a kiosk nearby before it is sent, and then the whole of the maker’s price is paid."
        | "{maker} vend, accepte les commandes et reçoit son argent par téléphone, sans internet. Chaque pièce est contrôlée dans un kiosque voisin avant d’être envoyée ; tout le prix de l’artisan lui est alors versé.";
    maker_empty(maker) = "{maker} has nothing on sale just now." | "{maker} n’a rien en vente en ce moment.";
    story_of(maker) = "About {maker}" | "À propos de {maker}";
    portrait(maker) = "A photograph of {maker}" | "Une photographie de {maker}";
    made_of(stuffs) = "Made of: {stuffs}." | "Matières : {stuffs}.";

    // A piece
    piece_by(piece, maker) = "{piece} by {maker}" | "{piece}, par {maker}";
    piece_about(piece, maker, place, gets) = "{piece}, made by hand by {maker} in {place}, Kenya. Of its price the maker receives {gets}."
        | "{piece}, fait main par {maker} à {place}, au Kenya. Sur son prix, l’artisan reçoit {gets}.";
    picture(of, number) = "{of}, picture {number}" | "{of}, image {number}";
    drawing(piece) = "A drawing of the {piece}" | "Un dessin : {piece}";
    number(code) = "number {code}" | "numéro {code}";
    made_by = "Made by" | "Fait par";
    made_in = "in" | "à";
    usd_for_one = "USD, for one" | "USD, la pièce";
    who_gets = "Who gets what of this price" | "Qui reçoit quoi de ce prix";
    of_sum(sum) = "Of {sum}," | "Sur {sum},";
    receives(maker, sum) = "{maker} receives {sum}" | "{maker} reçoit {sum}";
    no_fee = "No fee is taken from it." | "Aucun frais n’en est retenu.";
    sold_out = "Sold out for now" | "Épuisé pour le moment";
    sold_out_more(maker) = "{maker} may list more of it." | "{maker} en remettra peut-être en vente.";
    sold_out_see = "See what else is there" | "Voir ce qu’il y a d’autre";
    closed = "Nothing can be bought for now" | "Rien ne peut être acheté pour le moment";
    closed_why = "We take no orders just now" | "Nous ne prenons pas de commandes en ce moment";
    closed_later = "The piece is still here later." | "La pièce sera encore là plus tard.";
    buy = "Buy it" | "Acheter";
    again = "Something needs another look. Nothing was taken, and what you typed is still here."
        | "Quelque chose est à revoir. Rien n’a été débité, et ce que vous avez écrit est encore là.";
    how_many = "How many" | "Combien";
    of_ready(ready) = "of {ready}" | "sur {ready}";
    to_payment = "Go to payment" | "Passer au paiement";
    made_until_day(day, maker) = "To be made by {day}, when {maker} takes your order and keeps to it. It may take longer, or another maker is asked, or your money comes back: your order’s page tells you."
        | "À fabriquer avant le {day}, si {maker} prend votre commande et s’y tient. Cela peut durer plus longtemps, ou nous demandons à un autre artisan, ou vous rendons l’argent. La page de votre commande vous le dit.";
    payment_hint = "You see the total with shipping and pay by card on the next page. After that a private page shows each step, without an account."
        | "La page suivante donne le total avec l’envoi, et vous y payez par carte. Ensuite une page privée montre chaque étape, sans compte.";
    many_hint = "Many at once, for a shop or a feast?" | "Plusieurs à la fois, pour une boutique ou une fête ?";
    many_from(from) = "See the price from {from} pieces" | "Voir le prix à partir de {from} pièces";
    your_name = "Your name" | "Votre nom";
    email = "Email" | "E-mail";
    email_why = "for what concerns this order" | "pour ce qui concerne cette commande";
    country = "Country" | "Pays";
    country_shipping(pieces) = "and shipping for {pieces}" | "et envoi de {pieces}";
    and_tax(sum) = "and {sum} tax" | "et {sum} de taxe";
    tax_at_door = "Where no tax is named, the customs may ask for tax or duty at the door; that is no part of what you pay here."
        | "Là où aucune taxe n’est indiquée, la douane peut demander taxes ou droits à l’arrivée ; ils ne font pas partie de ce que vous payez ici.";
    see_total = "See the total" | "Voir le total";
    shipping = "Shipping" | "Envoi";
    tax(percent) = "Tax, {percent}" | "Taxe, {percent}";
    tax_within(sum, percent) = "Of it, {sum} is tax ({percent})." | "Dont {sum} de taxe ({percent}).";
    one_piece = "one" | "une pièce";
    choose_one = "Choose" | "Choisir";
    address = "Address" | "Adresse";
    address_what = "street and town" | "rue et ville";

    // Many pieces
    many_of(piece) = "Many of: {piece}" | "En nombre : {piece}";
    usd_each = "USD each" | "USD la pièce";
    many_goods(sum, pieces) = "{sum} for {pieces} pieces, without shipping." | "{sum} pour {pieces} pièces, sans l’envoi.";
    many_full(sum) = "Bought one by one they cost {sum}: the difference is ours, the makers receive the same."
        | "Achetées une à une, elles coûtent {sum} : la différence est pour nous, les artisans reçoivent autant.";
    another_number = "Another number" | "Un autre nombre";
    least_to_most(least, most) = "from {least} to {most}" | "de {least} à {most}";
    see_price = "See the price" | "Voir le prix";
    who_gets_many = "Who gets what of it" | "Qui en reçoit quoi";
    many_receives(sum) = "the makers receive {sum} for each piece." | "les artisans reçoivent {sum} par pièce.";
    many_no_fee = "No fee is taken from it, and no discount." | "Ni frais ni remise n’en sont retenus.";
    the_makers = "The makers, who make them" | "Les artisans, qui fabriquent les pièces";
    ask_for_them = "Ask for them" | "Les demander";
    many_how(maker) = "{maker} is asked first; what cannot be made there, others of the same craft are asked for. Whatever nobody can make is yours to decide: fewer, later, or your money back."
        | "{maker} est la première personne à qui nous demandons ; pour le reste, nous demandons à d’autres artisans du même métier. Ce que personne ne peut faire, c’est vous qui en décidez : moins, plus tard, ou votre argent rendu.";
    wanted_by = "Wanted by" | "Voulu pour le";
    or_later(day) = "{day} or later" | "{day} ou plus tard";
    many_payment_hint = "You see the total with shipping and pay by card on the next page. After that a private page adds up your pieces at every moment, without an account."
        | "La page suivante donne le total avec l’envoi, et vous y payez par carte. Ensuite une page privée compte vos pièces à tout moment, sans compte.";
    pieces_of(pieces) = "{pieces} pieces" | "{pieces} pièces";

    total_changed = "You have not seen yet what this comes to: the total stands below. Nothing was charged. If it is right, go to payment."
        | "Vous n’avez pas encore vu ce que cela coûte : le total figure ci-dessous. Rien n’a été débité. S’il vous convient, passez au paiement.";

    // What the payment page says, with the number of the order where it says so
    pay_line(pieces, piece) = "{pieces} × {piece} with shipping, order {{order}}"
        | "{pieces} × {piece}, envoi compris, commande {{order}}";
    pay_line_taxed(pieces, piece) = "{pieces} × {piece} with shipping and tax, order {{order}}"
        | "{pieces} × {piece}, envoi et taxe compris, commande {{order}}";
    pay_line_cart(orders) = "{orders} orders with shipping: {{order}}" | "{orders} commandes, envoi compris : {{order}}";
    pay_line_cart_taxed(orders) = "{orders} orders with shipping and tax: {{order}}"
        | "{orders} commandes, envoi et taxe compris : {{order}}";

    // A cart, and what becomes of it
    cart = "Cart" | "Panier";
    put_into_cart = "Put into the cart" | "Mettre au panier";
    cart_empty = "Your cart is empty." | "Votre panier est vide.";
    cart_how = "You pay once. Each line becomes an order with a page and a parcel of its own."
        | "Vous payez une seule fois. Chaque ligne devient une commande, avec sa page et son colis.";
    cart_full(most) = "A cart holds {most} lines. Pay for these first, or take one out."
        | "Un panier contient {most} lignes. Payez d’abord celles-ci, ou retirez-en une.";
    cart_gone = "This is not on sale any more. Take it out to go on."
        | "Ceci n’est plus en vente. Retirez-le pour continuer.";
    cart_changed = "Something in your cart is not as it was. Nothing was taken. Please look at it again."
        | "Quelque chose a changé dans votre panier. Rien n’a été débité. Revoyez-le.";
    change = "Change" | "Modifier";
    take_out = "Take out" | "Retirer";
    parcel_costs(sum) = "{sum} for its parcel" | "{sum} pour son colis";
    goods_total = "Without shipping" | "Sans l’envoi";
    where_to = "Where it goes" | "Destination";
    see_shipping = "See the shipping" | "Voir l’envoi";
    purchase_title = "Your orders" | "Vos commandes";
    purchase_private = "This page needs no account. Its address is private: keep it as your receipt."
        | "Cette page ne demande aucun compte. Son adresse est privée : gardez-la comme reçu.";
    purchase_waits = "Your payment has not come yet. This page looks again by itself."
        | "Votre paiement n’est pas encore arrivé. Cette page se met à jour d’elle-même.";
    purchase_again = "Look again" | "Regarder à nouveau";
    purchase_all = "Everything that you paid for with it" | "Tout ce que vous avez payé avec";

    // An order
    order(code) = "Order {code}" | "Commande {code}";
    order_word = "Order" | "Commande";
    order_private = "This page keeps itself up to date and needs no account. Its address is private: keep it as your receipt."
        | "Cette page se met à jour d’elle-même et ne demande aucun compte. Son adresse est privée : gardez-la comme reçu.";
    made_until = "To be made by" | "À fabriquer avant le";
    promised_late(day, maker, why) = "It was promised for {day}; {maker} needs more time because {why}."
        | "C’était promis pour le {day} ; {maker} a besoin de plus de temps car {why}.";
    question_one(of, maker, back, until) = "One piece of {of} will not come as promised. {maker} can be asked to make it again, or {back} goes back to your card. If you choose nothing until {until}, the money goes back."
        | "Une pièce sur {of} ne viendra pas comme promis. Nous pouvons demander à {maker} de la refaire, ou rendre {back} sur votre carte. Sans choix de votre part avant le {until}, l’argent est rendu.";
    question(pieces, of, maker, back, until) = "{pieces} pieces of {of} will not come as promised. {maker} can be asked to make them again, or {back} goes back to your card. If you choose nothing until {until}, the money goes back."
        | "{pieces} pièces sur {of} ne viendront pas comme promis. Nous pouvons demander à {maker} de les refaire, ou rendre {back} sur votre carte. Sans choix de votre part avant le {until}, l’argent est rendu.";
    make_again_one = "Make it again" | "La refaire";
    make_again = "Make them again" | "Les refaire";
    give_back(sum) = "Give me {sum} back" | "Me rendre {sum}";
    tracking = "The carrier’s number is" | "Le numéro du transporteur est";
    tracking_soon = "The carrier’s number will stand here as soon as we have it."
        | "Le numéro du transporteur sera ici dès que nous l’aurons.";
    customs(pieces, piece, grams, hs, origin, value) = "{pieces} × {piece}, {grams} g; declared to the customs as HS {hs}, of {origin}, worth {value}."
        | "{pieces} × {piece}, {grams} g ; déclaré à la douane : SH {hs}, origine {origin}, valeur {value}.";
    word_to(maker) = "A word to {maker}" | "Un mot pour {maker}";
    word_how = "sent by SMS when somebody of ours has read it" | "envoyé par SMS après lecture par l’un de nous";
    send_it = "Send it" | "Envoyer";
    you_wrote(maker, text) = "You wrote to {maker}: “{text}”" | "Vous avez écrit à {maker} : « {text} »";
    steps = "Steps" | "Étapes";
    next = "next" | "ensuite";
    to_come = "to come" | "à venir";
    cancel_order = "Cancel this order" | "Annuler cette commande";
    cancel_costs(maker, sum) = "{maker} has begun: {sum} for materials stays with the maker."
        | "{maker} a commencé : {sum} de matières lui restent.";
    goes_back = "goes back to your card." | "revient sur votre carte.";
    cancel_now = "Cancel the order" | "Annuler la commande";
    nairobi_time = "Times are Nairobi time (EAT, UTC+3)." | "Les heures sont celles de Nairobi (EAT, UTC+3).";
    bought = "What you bought" | "Vos achats";
    not_taken = "Not taken" | "Non débité";
    total = "Total with shipping" | "Total avec l’envoi";
    look_again = "Look at the piece again" | "Revoir la pièce";
    who_gets_short = "Who gets what" | "Qui reçoit quoi";
    of_goods(sum) = "Of {sum} for the goods:" | "Sur {sum} pour la marchandise :";

    // A bulk request
    all_promised = "All are promised by" | "Toutes sont promises pour le";
    wanted_for(day) = "Wanted by {day}. A day is promised when every piece is taken."
        | "Voulu pour le {day}. Une date est promise quand chaque pièce est prise.";
    your_pieces(pieces) = "Your {pieces} pieces" | "Vos {pieces} pièces";
    count_offered = "Wait for an artisan’s answer" | "Attendent la réponse d’un artisan";
    count_making = "Taken and being made" | "Prises, en fabrication";
    count_passed = "Through the check" | "Contrôlées";
    count_refunded = "Paid back" | "Remboursées";
    count_left = "Nobody has them yet" | "Personne ne les a encore";
    what_about(left) = "What shall we do about {left}?" | "Que faire des {left} pièces ?";
    all_back = "Give me all my money back" | "Me rendre tout mon argent";
    fewer(left) = "Fewer: give me back the money for {left}" | "Moins : me rendre l’argent de {left}";
    later_all(day) = "Later: ask everybody again, for {day}" | "Plus tard : redemander à tous, pour le {day}";
    who_makes = "Who makes them" | "Qui les fabrique";
    asked_could_not(pieces) = "asked for {pieces}, could not" | "{pieces} demandées, n’a pas pu";
    took(taken, of, passed) = "{taken} of {of}, {passed} passed the check" | "{taken} sur {of}, {passed} contrôlées";
    will_not_come(pieces) = "{pieces} will not come" | "{pieces} ne viendront pas";
    asked_for(pieces) = "asked for {pieces}" | "{pieces} demandées";
    by_day(day) = "by {day}" | "pour le {day}";
    later_because(why) = "later than promised, because {why}" | "plus tard que promis, car {why}";
    sent(pieces) = "{pieces} sent" | "{pieces} envoyées";
    carrier_number = "the carrier’s number is" | "le numéro du transporteur est";
    each(sum) = "{sum} each" | "{sum} la pièce";

    // What is wrong with a form
    bad_quantity = "Write a whole number, 1 or more." | "Écrivez un nombre entier, 1 ou plus.";
    bad_name = "Write the name the parcel goes to, at most 80 characters."
        | "Écrivez le nom du destinataire, 80 caractères au plus.";
    bad_email = "Write an address such as asha@example.org." | "Écrivez une adresse comme asha@example.org.";
    bad_country = "Choose a country of the list." | "Choisissez un pays de la liste.";
    bad_address = "Write street and town, at most 400 characters." | "Écrivez la rue et la ville, 400 caractères au plus.";
    bad_wanted = "Choose the day by which you want them." | "Choisissez le jour pour lequel vous les voulez.";
    open_too_long = "This page was open too long. Please press the button again."
        | "Cette page est restée ouverte trop longtemps. Appuyez encore une fois sur le bouton.";
    left_one = "Only 1 is left." | "Il n’en reste qu’une.";
    left(left) = "Only {left} are left. Choose from 1 to {left}." | "Il n’en reste que {left}. Choisissez de 1 à {left}.";
    choose_pieces(least, most) = "Choose from {least} to {most} pieces." | "Choisissez de {least} à {most} pièces.";
    too_early(day) = "The work takes time: choose {day} or a later day."
        | "Le travail demande du temps : choisissez le {day} ou plus tard.";
    too_far(day) = "That is too far off: choose {day} or an earlier day."
        | "C’est trop loin : choisissez le {day} ou plus tôt.";
    to_shop = "To the shop" | "Aller à la boutique";

    // Letters
    letter_dear(name) = "Dear {name}," | "Bonjour {name},";
    letter_goods(pieces, title, maker, place) = "{pieces} × {title}, from {maker} in {place}"
        | "{pieces} × {title}, de {maker} à {place}";
    letter_paid_subject(code) = "Order {code}: your payment came" | "Commande {code} : paiement reçu";
    letter_paid_subject_all(codes) = "Orders {codes}: your payment came" | "Commandes {codes} : paiement reçu";
    letter_paid(total) = "Your payment of {total} came, shipping included. Thank you."
        | "Votre paiement de {total}, livraison comprise, est arrivé. Merci.";
    letter_choose_subject(code) = "Order {code}: please choose" | "Commande {code} : à vous de choisir";
    letter_choose_many(left, of) = "Nobody is left who could be asked for {left} of your {of} pieces. Please choose on the page what becomes of them."
        | "Il ne reste personne à qui demander {left} de vos {of} pièces. Choisissez sur la page ce qu’elles deviennent.";
    letter_choose_there = "Please choose on the page of your order." | "Faites votre choix sur la page de votre commande.";
    letter_promised_subject(code) = "Order {code}: every piece is taken" | "Commande {code} : toutes les pièces sont prises";
    letter_promised(of, day) = "All {of} pieces are taken by somebody. They are to be made by {day}."
        | "Vos {of} pièces sont toutes prises en charge. Elles doivent être faites pour le {day}.";
    letter_sent_subject(code) = "Order {code}: your parcel is on its way" | "Commande {code} : votre colis est en route";
    letter_sent = "Your parcel has left." | "Votre colis est parti.";
    letter_refunded_subject(code) = "Order {code}: money is on its way back" | "Commande {code} : un remboursement est en route";
    letter_refunded(sum) = "{sum} is on its way back to your card. Banks take some days to show it."
        | "{sum} est en route vers votre carte. Les banques mettent quelques jours à l’afficher.";
    letter_pages = "The page of your purchase leads to each order. Keep its address to yourself: whoever has it can decide about the orders."
        | "La page de votre achat mène à chaque commande. Gardez son adresse pour vous : qui l’a peut décider des commandes.";
    letter_page = "Every step stands on the page of your order. Keep its address to yourself: whoever has it can decide about the order."
        | "Chaque étape figure sur la page de votre commande. Gardez son adresse pour vous : qui l’a peut décider de la commande.";
    letter_foot = "Sokoni, made by hand, sold by phone" | "Sokoni, fait main, vendu par téléphone";
}

impl Tongue {
    /// How many pieces are on sale.
    pub(in crate::web) fn count(self, pieces: &usize) -> String {
        if *pieces == 1 { self.on_sale_one().to_owned() } else { self.on_sale(pieces) }
    }

    /// Heading and advice of a refusal, by its code; `None` where the English says it.
    pub(in crate::web) const fn refusal(self, code: &str) -> Option<(&'static str, &'static str)> {
        match self {
            Self::En => None,
            Self::Fr => french_refusal(code),
        }
    }

    /// Why something came too late, as the engine says it in English.
    pub(in crate::web) fn too_late(self, english: &str) -> &str {
        use crate::engine::orders::wishes::{CHOSEN, GONE_ON, TAKEN, THANKED};
        match (self, english) {
            (Self::Fr, THANKED) => "Vous avez déjà écrit à l’artisan. Merci.",
            (Self::Fr, CHOSEN) => "Vous avez déjà choisi, et ce choix reste.",
            (Self::Fr, GONE_ON) => {
                "La commande a avancé entre-temps. Sa page dit où elle en est et ce que vous pouvez encore faire."
            }
            (Self::Fr, TAKEN) => {
                "L’artisan a pris votre commande entre-temps. Sa page dit ce que coûte maintenant une annulation."
            }
            (_, other) => other,
        }
    }
}

const fn french_refusal(code: &str) -> Option<(&'static str, &'static str)> {
    // Words are compared by their octets, which a constant function can.
    match code.as_bytes() {
        b"not_found" => Some((
            "Il n’y a rien ici",
            "Vérifiez l’adresse. Un lien privé ne fonctionne que s’il est entier.",
        )),
        b"gone" => Some((
            "Cette pièce vient d’être vendue",
            "Rien n’a été débité de votre carte. L’artisan en a peut-être une autre.",
        )),
        b"field" => Some(("Quelque chose est à revoir dans le formulaire", "Voyez les champs ci-dessous.")),
        b"too_late" => Some(("Ce n’est plus possible", "")),
        b"key_used" => Some((
            "Ce formulaire a déjà été envoyé, avec d’autres réponses",
            "Cette commande-là reste. Pour celle-ci en plus, appuyez encore une fois sur le bouton.",
        )),
        b"card_down" => {
            Some(("Le service de paiement ne répond pas", "Rien n’a été débité. Réessayez dans une minute."))
        }
        b"stopped" => Some(("Ce n’est pas possible pour le moment", "Rien n’a été débité.")),
        b"fault" => Some(("Une panne de notre côté", "Rien n’a été débité. Réessayez dans une minute.")),
        b"method" => {
            Some(("Cela ne se fait pas ici", "Revenez en arrière et utilisez le formulaire de la page."))
        }
        b"other_site" => Some((
            "Ce formulaire vient d’un autre site",
            "Ouvrez la boutique elle-même et commandez-y. Rien n’a été débité.",
        )),
        b"garbled" => Some((
            "Le formulaire est arrivé abîmé",
            "Revenez en arrière et envoyez-le encore. Rien n’a été débité.",
        )),
        b"too_large" => Some((
            "C’est plus qu’un formulaire ne peut contenir",
            "Raccourcissez l’adresse et envoyez-le encore. Rien n’a été débité.",
        )),
        b"busy" => {
            Some(("Trop de monde regarde", "La page montre le dernier état chaque fois qu’on la recharge."))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_empty_or_left_in_english() {
        for (name, en, fr) in ALL {
            assert!(!en.trim().is_empty() && !fr.trim().is_empty(), "{name}");
            assert_ne!(en, fr, "{name} is English in both");
        }
    }

    #[test]
    fn french_texts_keep_their_blanks_before_marks_on_the_line() {
        for (name, _, fr) in ALL {
            for mark in ['?', '!', ';', ':', '»'] {
                for (at, _) in fr.match_indices(mark) {
                    let before = fr[..at].chars().next_back();
                    assert!(matches!(before, Some('\u{a0}' | '\u{202f}')), "{name}: {fr}");
                }
            }
        }
    }
}
