//! Files as providers write them, and files that nobody should believe.

use super::*;
use proptest::prelude::*;

fn layout(name: &str) -> Layout {
    Layout::of(name, &toml::Table::new()).expect("a layout of this release")
}

const MPESA: &str = "\
Account Holder:,SOKONI LTD,,,,,,,
Receipt No.,Completion Time,Initiation Time,Details,Transaction Status,Paid In,Withdrawn,Balance,Other Party Info
SJK3B,23-11-2026 09:31:07,23-11-2026 09:31:06,Business Payment Charge,Completed,,-9.00,\"95,136.00\",
SJK3B,23-11-2026 09:31:07,23-11-2026 09:31:06,Business Payment to Customer,Completed,,\"-4,350.00\",\"95,145.00\",254712345678 - ACHIENG OTIENO
SJK3A,23-11-2026 09:30:01,23-11-2026 09:30:00,Business Payment to Customer,Failed,,-50.00,\"99,495.00\",254712345678 - ACHIENG OTIENO
SJK39,23-11-2026 08:00:00,23-11-2026 08:00:00,Deposit of Funds,Completed,\"99,495.00\",,\"99,495.00\",
";

#[test]
fn a_statement_of_m_pesa_is_read_newest_first_with_what_stands_before_its_columns() {
    let sheet = read(MPESA.as_bytes(), &layout("daraja"), "daraja").expect("a statement");
    let rows: Vec<_> =
        sheet.lines.iter().map(|line| (line.receipt.as_str(), line.kind, line.net())).collect();
    use LineKind::{Charge, Payment};
    assert_eq!(
        rows,
        [
            ("SJK3B", Charge, 900),
            ("SJK3B", Payment, 435_000),
            ("SJK3A", Payment, 0),
            ("SJK39", Payment, -9_949_500),
        ]
    );
    assert_eq!(sheet.balances, Some((Kes::ZERO, Kes::major(95_136))));
    assert_eq!((sheet.gaps, sheet.lines[1].party.as_str()), (0, "254712345678"));
    let morning = Timestamp::of_day(2026, 11, 23, 180).expect("a day");
    assert_eq!(sheet.period.0.since(morning).as_secs(), 8 * 3_600);
}

#[test]
fn the_other_layouts_are_read_too() {
    let id = PayoutId::derived("a");
    let mtn = format!(
        "Id,External Transaction Id,Date,Status,Type,From,To,To Name,Amount,Fee,Balance\n\
         101,{id},2026-11-23 10:00:00,Successful,Transfer,FRI:1/MM,FRI:256772345678/MSISDN,A,-850,5,145\n"
    );
    let sheet = read(mtn.as_bytes(), &layout("mtn"), "mtn").expect("a statement");
    let line = &sheet.lines[0];
    assert_eq!((line.request, line.net(), line.party.as_str()), (Some(id), 85_500, "256772345678"));
    let airtel = "Transaction ID,Reference No,Transaction Date,Transaction Type,Transaction Status,\
                  Receiver Mobile Number,Transaction Amount,Service Charge,Post Balance\n\
                  MP1,x,23-11-2026 10:00:00,Merchant Payment,Transaction Success,733345678,850,10,140\n";
    let sheet = read(airtel.as_bytes(), &layout("airtel"), "airtel").expect("a statement");
    assert_eq!(sheet.lines[0].net(), 86_000);
}

#[test]
fn a_layout_of_ones_own_replaces_single_columns() {
    let own: toml::Table = "receipt = 'Receipt'\ntimes = ['dd.MM.yyyy HH:mm:ss']".parse().expect("toml");
    let layout = Layout::of("daraja", &own).expect("a layout");
    let text = MPESA.replace("Receipt No.", "RECEIPT").replace("-11-2026", ".11.2026");
    assert_eq!(read(text.as_bytes(), &layout, "daraja").expect("a statement").lines.len(), 4);
    assert!(read(MPESA.as_bytes(), &layout, "daraja").is_err());
    assert!(Layout::of("daraja", &"recept = 'x'".parse().expect("toml")).is_err());
    assert!(
        Layout::of("daraja", &"amount = 'Amount'".parse().expect("toml")).is_err(),
        "sums are there twice"
    );
    assert!(Layout::of("elsewhere", &toml::Table::new()).is_err(), "nothing is known of it");
}

#[test]
fn what_cannot_be_read_is_refused_with_its_line_its_column_and_a_remedy() {
    let read = |text: &str| read(text.as_bytes(), &layout("daraja"), "daraja").map(drop);
    for (was, is, said) in [
        ("\"-4,350.00\"", "4.350", r#"line 4, column "Withdrawn": "4.350" is no sum"#),
        ("23-11-2026 09:30:01", "yesterday", r#"line 5, column "Completion Time": "yesterday" is no moment"#),
        ("23-11-2026 09:30:01", "31-02-2026 09:30:01", r#"line 5, column "Completion Time""#),
        ("SJK39,", ",", r#"line 6, column "Receipt No.": a line without a receipt"#),
        (",Completed,\"99,495.00\",,\"99,495.00\",", "", "line 6, it has 4 cells of 9"),
        (
            "Withdrawn",
            "Taken",
            r#"line 2, column "Withdrawn": there is no such column; the file has Receipt No.,"#,
        ),
        ("Receipt No.", "Number", "no row names the columns"),
    ] {
        let refused = read(&MPESA.replacen(was, is, 1)).expect_err(said).to_string();
        assert!(refused.contains(said), "{refused}");
    }
    let head: String = MPESA.lines().take(2).map(|line| format!("{line}\n")).collect();
    assert!(read(&head).expect_err("empty").why.contains("no line"));
    let workbook = super::read(b"PK\x03\x04\xff\xfe", &layout("daraja"), "daraja").expect_err("no text");
    assert!(workbook.why.contains("UTF-8"), "{workbook}");
}

#[test]
fn a_line_that_was_taken_out_of_a_file_is_noticed_by_its_balances() {
    let without: String =
        MPESA.lines().filter(|line| !line.contains("-4,350")).map(|l| format!("{l}\n")).collect();
    assert_eq!(read(without.as_bytes(), &layout("daraja"), "daraja").expect("a statement").gaps, 1);
}

#[test]
fn moments_are_read_as_they_are_written() {
    let noon =
        Timestamp::of_day(2026, 11, 23, 0).expect("a day").after(std::time::Duration::from_secs(12 * 3_600));
    for (text, format, offset) in [
        ("2026-11-23T12:00:00.000Z", "yyyy-MM-ddTHH:mm:ss", 180),
        ("2026-11-23T15:00:00+03:00", "yyyy-MM-ddTHH:mm:ss", 0),
        ("23/11/2026 15:00:00", "dd/MM/yyyy HH:mm:ss", 180),
        ("23/11/2026 15:00", "dd/MM/yyyy HH:mm", 180),
    ] {
        assert_eq!(moment(text, format, offset), Some(noon), "{text}");
    }
    for text in ["2026-11-23", "2026-11-23 25:00:00", "26-11-23 12:00:00", "2026-11-23 12:00:00 EAT"] {
        assert_eq!(moment(text, "yyyy-MM-dd HH:mm:ss", 180), None, "{text}");
    }
}

proptest! {
    #[test]
    fn whatever_a_file_holds_it_is_read_or_refused(octets in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&octets, &layout("daraja"), "daraja");
        let told = [MPESA.as_bytes(), &octets].concat();
        if let Ok(sheet) = read(&told, &layout("daraja"), "daraja") {
            prop_assert!(sheet.lines.len() >= 4);
        }
    }
}
