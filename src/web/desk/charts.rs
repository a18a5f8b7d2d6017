//! Where looking beats reading: sales by the day, where callers stop, how quickly phones are answered. Drawn
//! here, without a script; the numbers stand below each drawing.

use super::operators;
use crate::{
    engine::desk::books::trends::{Lane, Sold},
    engine::pace::Slice,
    engine::tapes::desk::ScreenStats,
    web::{
        error::Refusal,
        page::{self, Web},
        wording,
    },
};
use askama::Template;
use axum::{extract::State, response::Response};
use std::sync::Arc;

/// Days of sales.
const DAYS: u32 = 30;
/// Days of dialogs.
const DIALOG_DAYS: u32 = 7;
/// Blocks at which callers stop most often.
const BLOCKS: usize = 12;
/// A drawing's width and height, in its own units.
const WIDTH: u64 = 720;
const HEIGHT: u64 = 180;

/// One bar: its place and size in the drawing, and what it says.
struct Bar {
    x: u64,
    y: u64,
    width: u64,
    height: u64,
    label: String,
    value: String,
}

/// A drawing of bars.
struct Chart {
    id: &'static str,
    title: &'static str,
    says: String,
    columns: [&'static str; 2],
    bars: Vec<Bar>,
    height: u64,
    way: &'static str,
}

/// Bars that stand side by side.
fn standing(values: &[(String, u64, String)]) -> (Vec<Bar>, u64) {
    let most = values.iter().map(|(_, value, _)| *value).max().unwrap_or_default().max(1);
    // A few bars do not fill the whole of it.
    let each = WIDTH / (values.len() as u64).max(30);
    let bars = values.iter().zip(0u64..).map(|((label, value, said), nth)| {
        let height = (value * HEIGHT).div_ceil(most);
        let (x, y, width) = (nth * each + 1, HEIGHT - height, each.saturating_sub(2).max(1));
        Bar { x, y, width, height, label: label.clone(), value: said.clone() }
    });
    (bars.collect(), HEIGHT)
}

/// Bars that lie one above the other, of a thousand.
fn lying(values: &[(String, u64, String)]) -> (Vec<Bar>, u64) {
    let bars = values.iter().zip(0u64..).map(|((label, value, said), nth)| {
        let width = (value * WIDTH).div_ceil(1_000);
        Bar { x: 0, y: nth * 18, width, height: 14, label: label.clone(), value: said.clone() }
    });
    (bars.collect(), (values.len() as u64 * 18).max(18))
}

fn sales(sold: &[Sold]) -> Chart {
    let value = |day: &Sold| {
        let worth = u64::try_from(day.value.cents()).unwrap_or_default();
        (wording::day(&day.day), worth, format!("KSh {} in {}", day.value, day.orders))
    };
    let any: &[Sold] = if sold.iter().any(|day| day.orders > 0) { sold } else { &[] };
    let (bars, height) = standing(&any.iter().map(value).collect::<Vec<_>>());
    let best = sold.iter().max_by_key(|day| day.value).filter(|day| day.orders > 0);
    let says = match best {
        Some(best) => {
            format!("Most on {}: KSh {} in {} orders.", wording::day(&best.day), best.value, best.orders)
        }
        None => "Nothing was sold.".to_owned(),
    };
    let columns = ["Day", "Worth of what was paid, and orders"];
    Chart {
        id: "sales",
        title: "Sales of the last 30 days",
        says,
        columns,
        bars,
        height,
        way: "/desk/books/orders",
    }
}

fn drop_off(screens: &[ScreenStats]) -> Chart {
    let mut screens: Vec<&ScreenStats> = screens.iter().filter(|screen| screen.left > 0).collect();
    screens.sort_by_key(|screen| std::cmp::Reverse((screen.left, screen.shown)));
    screens.truncate(BLOCKS);
    let value = |screen: &&ScreenStats| {
        let permille = screen.left_permille();
        let said = format!("{}.{} % of {}", permille / 10, permille % 10, screen.dialogs);
        (format!("{} {}", screen.tree, screen.block), permille, said)
    };
    let values: Vec<_> = screens.iter().map(value).collect();
    let says = match values.first() {
        Some((block, _, said)) => format!("Most stop at {block}: {said} dialogs."),
        None => "Nobody stopped half-way.".to_owned(),
    };
    let (bars, height) = lying(&values);
    let columns = ["Screen", "Dialogs that ended there without an end"];
    let title = "Where callers stop, of the last 7 days";
    Chart { id: "drop-off", title, says, columns, bars, height, way: "/desk/dialogs/stats" }
}

fn reply(slices: &[Slice]) -> Chart {
    let value = |slice: &Slice| {
        let at = wording::moment(slice.at);
        (at, slice.p95_ms, format!("95 % within {} ms, {} answers", slice.p95_ms, slice.answers))
    };
    let (bars, height) = standing(&slices.iter().map(value).collect::<Vec<_>>());
    let worst = slices.iter().max_by_key(|slice| slice.p95_ms);
    let says = match worst {
        Some(worst) => {
            format!("The slowest was {}: 95 % within {} ms.", wording::moment(worst.at), worst.p95_ms)
        }
        None => "Nobody has called since the start.".to_owned(),
    };
    let columns = ["From (Nairobi)", "Time to answer"];
    let title = "Time to answer a phone, of the last day by ten minutes";
    Chart { id: "reply", title, says, columns, bars, height, way: "/desk/binds" }
}

#[derive(Template)]
#[template(path = "desk_charts.html", config = "src/web/askama.toml")]
struct Charts {
    charts: Vec<Chart>,
}

/// `GET /desk/charts`
pub(in crate::web) async fn show(State(web): State<Arc<Web>>) -> Result<Response, Refusal> {
    let desk = operators(&web)?;
    let sold = desk.sales(DAYS).await?;
    let stats = web.dialogs.dialog_stats(DIALOG_DAYS).await?;
    let slices = desk.answering_times();
    Ok(page::html(&Charts { charts: vec![sales(&sold), reply(&slices), drop_off(&stats.screens)] }))
}

#[derive(Template)]
#[template(path = "desk_lanes.html", config = "src/web/askama.toml")]
struct Lanes {
    /// Each with how long its orders have stood there.
    lanes: Vec<(Lane, Vec<String>)>,
}

/// `GET /desk/books/board`: open orders by where they stand
pub(in crate::web) async fn lanes(State(web): State<Arc<Web>>) -> Result<Response, Refusal> {
    let lanes = operators(&web)?.order_lanes().await?;
    let now = web.clock.now();
    let age = |lane: &Lane| -> Vec<String> {
        lane.rows.iter().map(|one| wording::age(now.since(one.row.since))).collect()
    };
    let aged = |lane: Lane| {
        let ages = age(&lane);
        (lane, ages)
    };
    Ok(page::html(&Lanes { lanes: lanes.into_iter().map(aged).collect() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tallest_bar_fills_its_drawing_and_none_leaves_it() {
        let value = |of: u64| (String::new(), of, String::new());
        let (bars, height) = standing(&[value(0), value(1), value(1_000_000)]);
        assert_eq!(bars.iter().map(|bar| bar.height).collect::<Vec<_>>(), [0, 1, HEIGHT]);
        assert!(bars.iter().all(|bar| bar.y + bar.height == height && bar.x + bar.width <= WIDTH));
        let (bars, height) = lying(&[value(1_000), value(5)]);
        assert_eq!(bars.iter().map(|bar| bar.width).collect::<Vec<_>>(), [WIDTH, 4]);
        assert!(bars.iter().all(|bar| bar.y + bar.height <= height));
        assert_eq!(standing(&[]).0.len() + lying(&[]).0.len(), 0);
    }
}
