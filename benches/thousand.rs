//! A made-up tree of a thousand screens, as an operator's would be who sells in seventy-odd places:
//! every place has its own way to sell, its own orders and its own payouts.

use std::fmt::Write;

/// Places, each with fourteen screens and three actions.
const PLACES: usize = 72;

const HEAD: &str = "\
menu big
  dial    *483*58#
  who     artisan
  langs   en sw
  limit   160 gsm7
  idle    40s
  dialog  20m
  resume  20m

enum kind
  necklace  Necklace | Mkufu
  bracelet  Bracelet | Bangili
  ring      Ring | Pete

enum stuff
  brass     Brass | Shaba
  bone      Horn or bone | Pembe au mfupa
  wood      Wood | Mbao

end help
  say   Call {help.phone}, free. | Piga {help.phone}, bure.

end fault
  say   Something broke on our side. Dial again. | Kuna hitilafu kwetu. Piga tena.
";

const PLACE: &str = "
screen @
  say   Hello {me.first}, place #. You have KSh {me.free} | Habari {me.first}, eneo #. Una KSh {me.free}
  1     Sell a piece | Uza bidhaa             -> @.kind
  2     Orders ({orders.new} new) | Oda ({orders.new} mpya) -> @.orders
  3     Money | Pesa                          -> @.sum

pick @.kind : kind
  say   What have you made? | Umetengeneza nini?
  then  @.stuff

pick @.stuff : stuff
  say   Made of what? | Imetengenezwa kwa nini?
  then  @.price

ask @.price : kes 50..20000
  say   Your price for one, KSh (what you receive) | Bei yako ya moja, KSh (utakayopokea)
  bad   Whole shillings only, {min} to {max}. | Shilingi kamili tu, {min} hadi {max}.
  tries 3   -> help
  then  @.ready

ask @.ready : int 1..99
  say   How many are ready now? | Ngapi ziko tayari sasa?
  bad   A number from {min} to {max}. | Nambari kati ya {min} na {max}.
  tries 3   -> help
  then  @.check

screen @.check
  say   {@.kind}, {@.stuff}, KSh {@.price} each, {@.ready} ready. Right? | {@.kind}, {@.stuff}, KSh {@.price} kila moja, {@.ready} tayari. Ni sawa?
  1     Yes, save | Ndiyo, hifadhi            -> @.save
  2     Change the price | Badilisha bei      -> @.price
  3     Start again | Anza upya               -> @.kind

do @.save = listing.create(kind: @.kind, stuff: @.stuff, price: @.price, ready: @.ready)
  once
  ok(l)         -> @.done(l)
  full(max)     -> @.full(max)
  fault         -> fault

end @.done(l: listing)
  say   Saved, number {l.code}. Take one to {l.place} for its check. | Imehifadhiwa, nambari {l.code}. Peleka moja {l.place} ikaguliwe.

end @.full(max: int 1..999)
  say   You already have {max} pieces listed. | Tayari una bidhaa {max}.

list @.orders = orders.open() as o
  say   Your orders | Oda zako
  item  {o.code} {o.qty} {o.kind} {o.due} | {o.code} {o.kind} {o.qty} {o.due}
  none  No orders yet. We will SMS you. | Hakuna oda bado. Tutakutumia SMS.
  then  @.order(o)

screen @.order(o: order)
  say   {o.code}: {o.qty} {o.kind} by {o.due}. You earn KSh {o.earn} | {o.code}: {o.kind} {o.qty} kabla ya {o.due}. Utapata KSh {o.earn}
  1     I can make it | Nitatengeneza         -> @.yes(o)    when o.state = offered
  2     Other orders | Oda nyingine           -> @.orders

do @.yes(o: order) = order.accept(order: o)
  once
  ok(a)         -> @.taken(a)
  stands(a)     -> @.taken(a)
  gone          -> help
  fault         -> fault

end @.taken(a: order)
  say   {a.code} is yours. | {a.code} ni yako.

ask @.sum : kes 50..{me.free}
  say   Send how much to {me.phone}? You have KSh {me.free} | Utume kiasi gani kwa {me.phone}? Una KSh {me.free}
  bad   Whole shillings, {min} to {max}. | Shilingi kamili, {min} hadi {max}.
  tries 3   -> help
  then  @.pin

pin @.pin
  say   PIN to send KSh {@.sum} to {me.phone} | PIN kutuma KSh {@.sum} kwa {me.phone}
  bad   Wrong PIN. {left} tries left. | PIN si sahihi. Majaribio {left} yamebaki.
  tries 3   -> help
  then  @.pay

do @.pay = payout.request(amount: @.sum)
  once
  sent(p)       -> @.paid(p)
  unknown(p)    -> @.paid(p)
  short(have)   -> help
  open(p)       -> @.paid(p)
  held(why)     -> help
  down          -> help
  fault         -> fault

end @.paid(p: payout)
  say   KSh {p.amount} is on its way. | KSh {p.amount} inatumwa.
";

const OVERLAY_HEAD: &str = "\
overlay big am
  ucs2
  pages   2
  keys    0 ተመለስ, 00 መነሻ, 98 ቀጣይ

enum kind
  necklace ሐብል
  bracelet አምባር
  ring     ቀለበት

enum stuff
  brass ናስ
  bone  ቀንድ
  wood  እንጨት

end help
  say ይደውሉ {help.phone}፣ ነጻ።

end fault
  say በእኛ በኩል ችግር አለ። እንደገና ይደውሉ።
";

const OVERLAY_PLACE: &str = "
screen @
  say {me.first}፣ # KSh {me.free}
  1   ዕቃ ይሽጡ
  2   ትዕዛዞች ({orders.new})
  3   ገንዘብ

pick @.kind
  say ምን ሠሩ?

pick @.stuff
  say ከምን?

ask @.price
  say የአንዱ ዋጋ፣ KSh
  bad ከ {min} እስከ {max}።

ask @.ready
  say ስንት ዝግጁ ነው?
  bad ከ {min} እስከ {max}።

screen @.check
  say {@.kind}፣ {@.stuff}፣ KSh {@.price}፣ {@.ready}። ልክ ነው?
  1   አዎ
  2   ዋጋ ይቀይሩ
  3   እንደገና

end @.done
  say ተቀምጧል {l.code}። ወደ {l.place} ይውሰዱ።

end @.full
  say {max} ዕቃ አለዎት።

list @.orders
  say  ትዕዛዞች
  item {o.code} {o.qty} {o.kind} {o.due}
  none ትዕዛዝ የለም።

screen @.order
  say {o.code}፣ {o.qty} {o.kind} {o.due} KSh {o.earn}
  1   እሠራለሁ
  2   ሌሎች

end @.taken
  say {a.code} የእርስዎ ነው።

ask @.sum
  say ስንት ወደ {me.phone}? KSh {me.free} አለዎት
  bad ከ {min} እስከ {max}።

pin @.pin
  say PIN፣ KSh {@.sum} ወደ {me.phone}
  bad PIN ልክ አይደለም። {left} ቀርቷል።

end @.paid
  say KSh {p.amount} ተልኳል።
";

/// The tree in English and Swahili: name and text.
pub fn tree() -> (String, String) {
    let mut text = HEAD.to_owned();
    for place in 0..PLACES {
        let further = (2 * place + 1..2 * place + 3).filter(|next| *next < PLACES).zip(4..);
        let options = further.fold(String::new(), |mut options, (next, key)| {
            let _ = writeln!(options, "  {key}     Place {next} | Eneo {next} -> {}", name(next));
            options
        });
        let (first, rest) = PLACE[1..].split_once("\n\n").expect("blocks");
        let block = format!("\n{first}\n{options}\n{rest}");
        text += &block.replace('@', &name(place)).replace('#', &place.to_string());
    }
    ("big.menu".to_owned(), text)
}

/// Its overlay in Amharic.
pub fn overlay() -> (String, String) {
    let mut text = OVERLAY_HEAD.to_owned();
    for place in 0..PLACES {
        let further = (2 * place + 1..2 * place + 3).filter(|next| *next < PLACES).zip(4..);
        let options: String = further.map(|(next, key)| format!("  {key}   ቦታ {next}\n")).collect();
        let (first, rest) = OVERLAY_PLACE[1..].split_once("\n\n").expect("blocks");
        let block = format!("\n{first}\n{options}\n{rest}");
        text += &block.replace('@', &name(place)).replace('#', &place.to_string());
    }
    ("big.am".to_owned(), text)
}

fn name(place: usize) -> String {
    if place == 0 { "home".to_owned() } else { format!("place{place}") }
}
