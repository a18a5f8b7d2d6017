//! `sokoni bench shop`: how long the pages of a full shop take.

mod fill;

use super::told;
use crate::cli::demo;
use crate::cli::service::{Service, Wiring};
use crate::config::Config;
use crate::engine::clock::SystemClock;
use crate::engine::mend;
use crate::sim::load::latency::Latencies;
use crate::store::sled::Sled;
use crate::types::Entropy;
use fill::Stock;
use serde::Serialize;
use std::{fmt::Write as _, net::SocketAddr, path::Path, process::ExitCode, sync::Arc, time::Duration};
use tokio::{sync::Mutex, task::JoinSet, time::Instant};

/// Piece pages that are looked into for the pages of makers.
const MAKERS: usize = 64;
/// The longest that one page is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

const HELP: &str = "\
A store in a passing folder is filled with listings, the same ones for the same
--seed: crafts, materials, prices, and a maker for every twenty of them. Its
indexes are built as a start builds those of an older release, and the service
is started on it. Then each kind of page is loaded --pages times by --readers
readers, each asking for the next page as soon as it has the last one whole. A
page is measured by its reader over loopback, from the request to its last
octet, without compression. Readers, server and store run in this process and
share the machine.

Example:
  sokoni bench shop --listings 10000 --pages 500";

/// The pages of a shop with very many pieces: their time and size, and what the store takes
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = HELP)]
pub struct BenchShopArgs {
    /// Pieces on sale
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..=4_000_000))]
    pub listings: u32,

    /// Pages loaded of each kind
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub pages: u32,

    /// Readers at a time
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub readers: u32,

    /// Pieces and pages follow from it
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Memory of the store for its pages, in mebibytes
    #[arg(long, value_name = "MIB", default_value_t = 256)]
    pub cache: u64,

    /// Print the figures as JSON
    #[arg(long)]
    pub json: bool,
}

/// What was measured of one kind of page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PageFigures {
    /// Which kind.
    pub page: &'static str,
    /// How many were loaded.
    pub loaded: u64,
    /// Half of them took no longer, in microseconds.
    pub p50_us: u64,
    /// Of a hundred, all but one.
    pub p99_us: u64,
    /// The slowest.
    pub longest_us: u64,
    /// Octets of the mean page.
    pub octets: u64,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Pieces on sale.
    pub listings: u32,
    /// Seconds in which they were put into the store.
    pub filled_s: u64,
    /// Seconds in which the indexes were built.
    pub indexed_s: u64,
    /// Entries of the indexes.
    pub entries: usize,
    /// Milliseconds until the service served.
    pub started_ms: u64,
    /// Octets of the store on the disk.
    pub store_octets: u64,
    /// Octets of this process that are in memory, where the system says so.
    pub resident_octets: Option<u64>,
    /// The pages.
    pub pages: Vec<PageFigures>,
}

/// Measures and prints.
pub async fn run(args: BenchShopArgs) -> ExitCode {
    told(measure(&args).await, args.json, table)
}

/// Fills a store, serves it and loads its pages.
pub(crate) async fn measure(args: &BenchShopArgs) -> Result<Figures, String> {
    let folder = demo::Folder::take(None)?;
    demo::Secrets::in_folder(&folder.path)?;
    let nowhere = "http://127.0.0.1:9";
    let web = SocketAddr::from(([127, 0, 0, 1], 0));
    let text = demo::configuration(web, SocketAddr::from(([127, 0, 0, 1], 9)), nowhere, nowhere);
    let mut config = Config::parse(&text, "the bench", &folder.path).map_err(|why| why.to_string())?;
    (config.http.listen, config.store.cache_mib) = (web, args.cache);

    let stock = Stock { listings: args.listings, seed: args.seed };
    let path = config.store.path.clone();
    let store = open(&path, args.cache).await?;
    let begun = Instant::now();
    stock.put_into(&store).await?;
    let filled_s = begun.elapsed().as_secs();
    let begun = Instant::now();
    let entries = mend::mend_indexes(&store).await.map_err(|why| why.to_string())?;
    let indexed_s = begun.elapsed().as_secs();
    drop(store);

    let begun = Instant::now();
    let service = Service::start(config, Wiring::new(Arc::new(SystemClock))).await?;
    let started_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let loaded = load(args, &stock, service.address).await;
    let resident_octets = resident();
    service.shut_down().await;
    let store_octets = open(&path, args.cache).await?.size_on_disk();
    Ok(Figures {
        listings: args.listings,
        filled_s,
        indexed_s,
        entries,
        started_ms,
        store_octets,
        resident_octets,
        pages: loaded?,
    })
}

async fn open(path: &Path, cache: u64) -> Result<Sled, String> {
    let path = path.to_owned();
    let opened = tokio::task::spawn_blocking(move || Sled::open(&path, cache * 1024 * 1024)).await;
    opened.map_err(|why| why.to_string())?.map_err(|why| why.to_string())
}

/// Loads every kind of page, one kind after the other.
async fn load(args: &BenchShopArgs, stock: &Stock, server: SocketAddr) -> Result<Vec<PageFigures>, String> {
    let client = reqwest::Client::builder().timeout(PATIENCE).build().map_err(|why| why.to_string())?;
    let client = Client { client, site: format!("http://{server}") };
    let mut chance = Entropy::from_seed(args.seed ^ 0x5ee_d0f_a11);
    let mut makers = Vec::new();
    for _ in 0..MAKERS {
        let page = client.reads(&stock.piece(&mut chance)).await?;
        let link = page.split("href=\"/maker/").nth(1).and_then(|rest| rest.split('"').next());
        makers.push(format!("/maker/{}", link.ok_or("a piece's page names no maker")?));
    }
    let mut figures = Vec::new();
    for kind in ["home", "craft", "search", "price", "piece", "maker"] {
        let paths: Vec<String> = (0..args.pages)
            .map(|_| match kind {
                "craft" => stock.craft(&mut chance),
                "search" => stock.search(&mut chance),
                "price" => stock.price(&mut chance),
                "piece" => stock.piece(&mut chance),
                "maker" => fill::one_of(&makers, &mut chance).clone(),
                _ => "/".to_owned(),
            })
            .collect();
        figures.push(client.load(kind, paths, args.readers).await?);
    }
    Ok(figures)
}

#[derive(Clone)]
struct Client {
    client: reqwest::Client,
    site: String,
}

impl Client {
    /// A page, which has to be there.
    async fn reads(&self, path: &str) -> Result<String, String> {
        let said = |why: reqwest::Error| format!("{path}: {why}");
        let answer = self.client.get(format!("{}{path}", self.site)).send().await.map_err(said)?;
        let status = answer.status();
        let page = answer.text().await.map_err(said)?;
        if status.is_success() { Ok(page) } else { Err(format!("{path}: {status}")) }
    }

    /// Loads these pages by so many readers.
    async fn load(
        &self, page: &'static str, paths: Vec<String>, readers: u32,
    ) -> Result<PageFigures, String> {
        let waiting = Arc::new(Mutex::new(paths.into_iter()));
        let seen = Arc::new(Mutex::new((Latencies::default(), 0u64)));
        let mut tasks = JoinSet::new();
        for _ in 0..readers {
            let (client, waiting, seen) = (self.clone(), Arc::clone(&waiting), Arc::clone(&seen));
            tasks.spawn(async move {
                loop {
                    let Some(path) = waiting.lock().await.next() else { return Ok(()) };
                    let begun = Instant::now();
                    let octets = client.reads(&path).await?.len() as u64;
                    let took = begun.elapsed();
                    let mut seen = seen.lock().await;
                    seen.0.record(took);
                    seen.1 += octets;
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.map_err(|why| why.to_string()).and_then(|done: Result<(), String>| done)?;
        }
        let (latencies, octets) = &*seen.lock().await;
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        Ok(PageFigures {
            page,
            loaded: latencies.count(),
            p50_us: micros(latencies.percentile(50)),
            p99_us: micros(latencies.percentile(99)),
            longest_us: micros(latencies.longest()),
            octets: octets / latencies.count().max(1),
        })
    }
}

/// Octets of this process that are in memory, as Linux says it.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// The figures for people.
fn table(figures: &Figures) -> String {
    let mut text = String::from("page       loaded     p50 ms     p99 ms longest ms   octets\n");
    let millis = |micros: u64| micros as f64 / 1000.0;
    for page in &figures.pages {
        // Writing to a String does not fail.
        let _ = writeln!(
            text,
            "{:<8} {:>8} {:>10.2} {:>10.2} {:>10.2} {:>8}",
            page.page,
            page.loaded,
            millis(page.p50_us),
            millis(page.p99_us),
            millis(page.longest_us),
            page.octets,
        );
    }
    let mebibytes = |octets: u64| octets / (1024 * 1024);
    let memory =
        figures.resident_octets.map_or_else(|| "unknown".to_owned(), |o| format!("{} MiB", mebibytes(o)));
    let _ = write!(
        text,
        "\n{} pieces, filled in {} s; {} entries of indexes built in {} s; started in {} ms\n\
         store {} MiB on disk; {memory} in memory\n",
        figures.listings,
        figures.filled_s,
        figures.entries,
        figures.indexed_s,
        figures.started_ms,
        mebibytes(figures.store_octets),
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_kind_of_page_of_a_filled_shop_is_loaded() {
        let args = BenchShopArgs { listings: 300, pages: 12, readers: 2, seed: 7, cache: 32, json: false };
        let figures = measure(&args).await.expect("measured");
        let kinds: Vec<&str> = figures.pages.iter().map(|page| page.page).collect();
        assert_eq!(kinds, ["home", "craft", "search", "price", "piece", "maker"]);
        assert!(figures.pages.iter().all(|page| page.loaded == 12 && page.octets > 1_000), "{figures:?}");
        // Eight words of the shop's own index beside those of the listing itself.
        assert!(figures.entries > 300 * 8, "{figures:?}");
        let table = table(&figures);
        assert!(table.contains("\npiece          12 ") && table.contains("300 pieces, filled in"), "{table}");
    }
}
