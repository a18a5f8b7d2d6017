//! `sokoni receipts`: books of paper receipts for kiosks without a network.

use super::printed;
use crate::cli::menu::records::AtDesk;
use crate::engine::kiosks::desk::{Book, PrintWish};
use clap::{Args, Subcommand};
use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;

/// Paper receipts for kiosks, printed before the network fails
#[derive(Debug, Clone, Args)]
pub struct ReceiptsArgs {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    at: AtDesk,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// New receipts for a kiosk's book, a sheet to be printed; its pages go on where the last ones ended
    Print {
        /// The kiosk, by its agent's phone
        #[arg(long, value_name = "PHONE")]
        kiosk: String,
        /// How many
        #[arg(long, value_name = "COUNT", default_value_t = 50)]
        count: u32,
        /// A page for a browser, to be printed from there, in the place of plain text
        #[arg(long)]
        html: bool,
    },
}

/// Does it.
pub async fn run(args: ReceiptsArgs) -> ExitCode {
    printed(answer(&args).await)
}

async fn answer(args: &ReceiptsArgs) -> io::Result<String> {
    let desk = args.at.open()?;
    let What::Print { kiosk, count, html } = args.what.clone();
    let book: Book = desk.post("/desk/api/receipts", &PrintWish { kiosk, count }).await?;
    let sheet = if html { page(&book) } else { plain(&book) };
    sheet.map_err(io::Error::other)
}

/// What stands on every receipt, below its number: English, then Swahili.
fn how(book: &Book) -> [String; 2] {
    [
        format!("Send RECEIPT, the order and this number to {}.", book.sms),
        format!("Tuma RISITI, oda na nambari hii kwa {}.", book.sms),
    ]
}

/// A sheet of plain text: each receipt twice side by side, for her and for the book.
fn plain(book: &Book) -> Result<String, std::fmt::Error> {
    let mut sheet = String::new();
    let [english, swahili] = how(book);
    for receipt in &book.receipts {
        let half = format!("{} {}", book.place, receipt.page);
        writeln!(sheet, "{half:<24} {}  | {half:<24} {}", receipt.number, receipt.number)?;
        writeln!(sheet, "Order/Oda ______  Date/Tarehe ______  | Order/Oda ______  Date/Tarehe ______")?;
        writeln!(sheet, "{english} {swahili}\n")?;
    }
    Ok(sheet)
}

/// The same for a browser.
fn page(book: &Book) -> Result<String, std::fmt::Error> {
    let safe = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut sheet = String::from("<!doctype html>\n<meta charset=\"utf-8\">\n<title>Receipts</title>\n");
    sheet.push_str("<style>section{break-inside:avoid;border:1px dashed;padding:1em;margin:0 0 1em}");
    sheet.push_str("b{font:2em monospace}</style>\n");
    let [english, swahili] = how(book).map(|line| safe(&line));
    for receipt in &book.receipts {
        let (place, page, number) = (safe(&book.place), receipt.page, receipt.number);
        writeln!(
            sheet,
            "<section>{place} {page} <b>{number}</b><p>Order/Oda ________ Date/Tarehe ________</p>"
        )?;
        writeln!(sheet, "<p>{english}<br>{swahili}</p></section>")?;
    }
    Ok(sheet)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::kiosks::desk::ReceiptRow;
    use crate::types::{CodeKind, SpokenCode};

    #[test]
    fn every_receipt_of_a_sheet_has_its_page_its_number_and_what_to_send() {
        let number = SpokenCode::nth(CodeKind::Once, 7);
        let receipt = ReceiptRow { number, page: 51, order: None, by_maker: None, by_kiosk: None };
        let receipts = vec![receipt];
        let book = Book { place: "K<1> Kiosk".into(), sms: "48357".into(), receipts };
        let text = plain(&book).expect("a sheet");
        assert_eq!(text.matches(&number.to_string()).count(), 2, "{text}");
        assert!(text.contains("K<1> Kiosk 51") && text.contains("RISITI") && text.contains("48357"));
        let html = page(&book).expect("a page");
        assert!(html.contains("K&lt;1&gt; Kiosk 51") && html.contains(&number.to_string()), "{html}");
    }
}
