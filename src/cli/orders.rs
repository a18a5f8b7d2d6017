//! `sokoni orders` and `sokoni shipping`: orders after they were made, at the desk of a running service.

use super::{json, printed, table};
use crate::cli::menu::records::AtDesk;
use crate::engine::orders::desk::{Label, OrderRow, OrderWish};
use crate::types::code::CodeError;
use crate::types::{CodeKind, Kes, SpokenCode};
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const ORDERS: &str = "/desk/api/orders";

/// Where the desk is, and how to answer.
#[derive(Debug, Clone, Args)]
struct At {
    #[command(flatten)]
    desk: AtDesk,
    /// JSON in the place of CSV; sums in cents
    #[arg(long, global = true)]
    json: bool,
}

/// Orders of a running service: where they stand, money back for what had passed, words of thanks
#[derive(Debug, Clone, Args)]
pub struct OrdersArgs {
    #[command(subcommand)]
    what: Orders,
    #[command(flatten)]
    at: At,
}

/// Parcels to shoppers: their customs lines, carriers' numbers, deliveries, what carriers took
#[derive(Debug, Clone, Args)]
pub struct ShippingArgs {
    #[command(subcommand)]
    what: Shipping,
    #[command(flatten)]
    at: At,
}

pub(super) fn order_number(text: &str) -> Result<SpokenCode, String> {
    SpokenCode::parse(CodeKind::Order, text).map_err(|why| match why {
        CodeError::Shape(_) | CodeError::Length(_) => {
            "an order has six digits or nine, such as 482108".to_owned()
        }
        CodeError::Check => format!("a digit of {text} is wrong: there is no such order"),
    })
}

fn sum(text: &str) -> Result<Kes, String> {
    crate::web::shillings(text).ok_or_else(|| "write a sum in shillings, such as 1850 or 1850.50".to_owned())
}

#[derive(Debug, Clone, Subcommand)]
enum Orders {
    /// Paid orders, newest first; of a part of many pieces, those that its maker took
    List {
        /// Only those in this state: making, choosing, released, shipped, delivered, closed ...
        #[arg(long, value_name = "STATE")]
        state: Option<String>,
    },
    /// What is still to come of an order never will: the shopper chooses what becomes of it
    GiveUp {
        /// The order
        #[arg(value_parser = order_number)]
        order: SpokenCode,
    },
    /// Money back for pieces that had passed the check; the maker keeps hers
    Refund {
        /// The order
        #[arg(value_parser = order_number)]
        order: SpokenCode,
        /// For how many pieces
        #[arg(long)]
        pieces: u32,
        /// A reference of its own: the same again is the same refund
        #[arg(long, value_name = "REFERENCE")]
        paper: String,
        /// Why, in words
        #[arg(long)]
        reason: String,
    },
    /// The pieces of such a refund came to the depot
    Returned {
        /// The order
        #[arg(value_parser = order_number)]
        order: SpokenCode,
        /// The refund's reference
        #[arg(long, value_name = "REFERENCE")]
        paper: String,
    },
    /// A shopper's words of thanks go to the maker by SMS
    Pass {
        /// The order
        #[arg(value_parser = order_number)]
        order: SpokenCode,
    },
    /// They do not
    Keep {
        /// The order
        #[arg(value_parser = order_number)]
        order: SpokenCode,
    },
}

#[derive(Debug, Clone, Subcommand)]
enum Shipping {
    /// Parcels on their way to shoppers and those that have come, each with its customs line
    List,
    /// Where an order goes, with its customs line; the journal keeps who has asked
    Label {
        /// The order
        #[arg(value_parser = order_number)]
        order: SpokenCode,
    },
    /// The carrier's number of a parcel
    Track {
        /// The order
        #[arg(value_parser = order_number)]
        order: SpokenCode,
        /// The number: letters and digits
        number: String,
    },
    /// The shopper has it
    Delivered {
        /// The order
        #[arg(value_parser = order_number)]
        order: SpokenCode,
    },
    /// What a carrier took: one order with its cost in shillings, or a file with a line for each
    Settle {
        /// The order
        #[arg(value_parser = order_number, requires = "cost", required_unless_present = "list")]
        order: Option<SpokenCode>,
        /// In shillings
        #[arg(value_parser = sum)]
        cost: Option<Kes>,
        /// CSV with the columns order and cost_kes
        #[arg(long, value_name = "FILE", conflicts_with = "order")]
        list: Option<PathBuf>,
    },
}

/// Does what is asked of orders.
pub async fn run(args: OrdersArgs) -> ExitCode {
    printed(orders(&args).await)
}

/// Does what is asked of parcels.
pub async fn run_shipping(args: ShippingArgs) -> ExitCode {
    printed(shipping(&args).await)
}

/// An order as the list has it.
#[derive(Serialize)]
struct Listed<'a> {
    order: SpokenCode,
    state: &'a str,
    maker: &'a str,
    kind: &'a str,
    pieces: u32,
    country: &'a str,
    charge_usd: String,
    thanks: &'a str,
    refunded_after_release: u32,
}

/// A parcel as carriers and customs want it.
#[derive(Serialize)]
struct Sent<'a> {
    order: SpokenCode,
    state: &'a str,
    country: &'a str,
    goods: String,
    pieces: u32,
    grams: u32,
    #[serde(rename = "box")]
    boxed: &'a str,
    hs: &'a str,
    value_usd: String,
    origin: &'a str,
    tracking: &'a str,
    collected_kes: String,
    cost_kes: String,
}

/// A line of a carrier's bill.
#[derive(Debug, Deserialize)]
struct Billed {
    order: String,
    cost_kes: String,
}

fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn listed(row: &OrderRow) -> Listed<'_> {
    Listed {
        order: row.order,
        state: &row.state,
        maker: row.maker.as_deref().unwrap_or_default(),
        kind: &row.kind,
        pieces: row.pieces,
        country: &row.country,
        charge_usd: money(row.charge.cents()),
        thanks: row.thanks.as_ref().map_or("", |thanks| &thanks.text),
        refunded_after_release: row.complaints.iter().map(|complaint| complaint.pieces).sum(),
    }
}

fn sent(row: &OrderRow) -> Option<Sent<'_>> {
    let parcel = row.parcel.as_ref()?;
    Some(Sent {
        order: row.order,
        state: &row.state,
        country: &row.country,
        goods: format!("{} of {}", row.kind, row.stuff),
        pieces: parcel.pieces,
        grams: parcel.grams,
        boxed: parcel.boxed.as_deref().unwrap_or_default(),
        hs: &parcel.hs,
        value_usd: money(parcel.value.cents()),
        origin: &parcel.origin,
        tracking: parcel.tracking.as_deref().unwrap_or_default(),
        collected_kes: money(row.shipping.cents()),
        cost_kes: row.settled.map(|cost| money(cost.cents())).unwrap_or_default(),
    })
}

async fn orders(args: &OrdersArgs) -> io::Result<String> {
    let desk = args.at.desk.open()?;
    let wish = match args.what.clone() {
        Orders::List { state } => {
            let path = match state {
                Some(state) => {
                    let state: String = form_urlencoded::byte_serialize(state.as_bytes()).collect();
                    format!("{ORDERS}?state={state}")
                }
                None => ORDERS.to_owned(),
            };
            let rows: Vec<OrderRow> = desk.get(&path).await?;
            return if args.at.json { json(&rows) } else { table(rows.iter().map(listed)) };
        }
        Orders::GiveUp { order } => OrderWish::GiveUp { order },
        Orders::Refund { order, pieces, paper, reason } => OrderWish::Refund { order, paper, reason, pieces },
        Orders::Returned { order, paper } => OrderWish::Returned { order, paper },
        Orders::Pass { order } => OrderWish::Thanks { order, pass: true },
        Orders::Keep { order } => OrderWish::Thanks { order, pass: false },
    };
    let row: OrderRow = desk.post(ORDERS, &wish).await?;
    if args.at.json { json(&row) } else { table([listed(&row)].into_iter()) }
}

/// The lines of a carrier's bill. All are read before the first counts.
fn bill(file: &Path) -> io::Result<Vec<(SpokenCode, Kes)>> {
    let named = |line: usize, why: String| io::Error::other(format!("{}:{line}: {why}", file.display()));
    let opened =
        File::open(file).map_err(|why| io::Error::new(why.kind(), format!("{}: {why}", file.display())))?;
    let mut reader = csv::Reader::from_reader(opened);
    let names = reader.headers().map_err(|why| named(1, why.to_string()))?;
    if !["order", "cost_kes"].iter().all(|wanted| names.iter().any(|name| name == *wanted)) {
        return Err(named(1, "the first line names the columns: order,cost_kes".to_owned()));
    }
    let lines = reader.into_deserialize::<Billed>();
    let read = lines.enumerate().map(|(nth, billed)| {
        let line = nth + 2;
        let billed = billed.map_err(|why| named(line, why.to_string()))?;
        let order = order_number(billed.order.trim()).map_err(|why| named(line, why))?;
        Ok((order, sum(&billed.cost_kes).map_err(|why| named(line, why))?))
    });
    read.collect()
}

/// A label as it is written on the parcel.
fn label_text(label: &Label) -> String {
    let Label { order, buyer, pieces, kind, stuff, hs, value, grams, tax } = label;
    let tax = tax.as_ref().map_or_else(String::new, |tax| {
        let number = tax.number.as_ref().map(|number| format!(" ({number})")).unwrap_or_default();
        format!("Tax paid: ${}{number}\n", money(tax.sum.cents()))
    });
    let grams = grams.map(|grams| format!(", {grams} g")).unwrap_or_default();
    format!(
        "{}\n{}\n{}\n{}\n\nOrder {order}: {pieces} {kind} of {stuff}, HS {hs}, KE, ${}{grams}\n{tax}",
        buyer.name,
        buyer.address,
        buyer.country,
        buyer.email,
        money(value.cents()),
    )
}

async fn shipping(args: &ShippingArgs) -> io::Result<String> {
    let desk = args.at.desk.open()?;
    let wishes = match args.what.clone() {
        Shipping::List => {
            let rows: Vec<OrderRow> = desk.get(ORDERS).await?;
            let rows: Vec<&OrderRow> = rows.iter().filter(|row| row.parcel.is_some()).collect();
            return if args.at.json { json(&rows) } else { table(rows.into_iter().filter_map(sent)) };
        }
        Shipping::Label { order } => {
            let label: Label = desk.get(&format!("{ORDERS}/{order}/label")).await?;
            return if args.at.json { json(&label) } else { Ok(label_text(&label)) };
        }
        Shipping::Track { order, number } => vec![OrderWish::Track { order, number }],
        Shipping::Delivered { order } => vec![OrderWish::Delivered { order }],
        Shipping::Settle { order: Some(order), cost: Some(cost), .. } => {
            vec![OrderWish::Settle { order, cost }]
        }
        Shipping::Settle { list: Some(file), .. } => {
            bill(&file)?.into_iter().map(|(order, cost)| OrderWish::Settle { order, cost }).collect()
        }
        Shipping::Settle { .. } => {
            return Err(io::Error::other("name an order and its cost, or --list FILE"));
        }
    };
    let mut rows: Vec<OrderRow> = Vec::new();
    for wish in wishes {
        let named = |why: io::Error| io::Error::other(format!("{}: {why}", wish.order()));
        rows.push(desk.post(ORDERS, &wish).await.map_err(named)?);
    }
    if args.at.json { json(&rows) } else { table(rows.iter().filter_map(sent)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_with_a_wrong_digit_is_told_apart_from_what_is_no_order() {
        let right = SpokenCode::nth(CodeKind::Order, 7).to_string();
        assert!(order_number(&right).is_ok());
        let last = right.as_bytes()[5];
        let wrong = format!("{}{}", &right[..5], if last == b'9' { '0' } else { char::from(last + 1) });
        assert!(order_number(&wrong).expect_err("its check digit").starts_with("a digit of "));
        assert!(order_number("48210").expect_err("too short").contains("six digits"));
    }

    #[test]
    fn a_bill_names_its_file_its_line_and_its_columns() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("bill.csv");
        let told = |file: &Path| bill(file).expect_err("no bill").to_string();
        assert!(told(&file).contains("bill.csv: "), "{}", told(&file));
        std::fs::write(&file, "482108,1850\n").expect("written");
        assert!(told(&file).ends_with("bill.csv:1: the first line names the columns: order,cost_kes"));
        std::fs::write(&file, "order,cost_kes\n482108,much\n").expect("written");
        assert!(told(&file).contains("bill.csv:2: "), "{}", told(&file));
    }
}
