//! How much machine so many artisans want: reckoned from what was measured and what is assumed about them.
//! Pure, and in whole numbers; whatever is divided is rounded up.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// The figures that come with the program.
const FIGURES: &str = include_str!("plan.toml");
/// No figure is larger, so that no product of them overflows.
const MOST: u64 = 100_000;
/// Artisans at most.
pub const MOST_ARTISANS: u64 = 100_000_000;

const MIB: u128 = 1 << 20;
const GB: u128 = 1_000_000_000;
const GIB_IN_MIB: u128 = 1_024;
const MILLION: u128 = 1_000_000;

/// A number, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Figure {
    value: u64,
    from: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    measured: BTreeMap<String, Figure>,
    configured: BTreeMap<String, Figure>,
    assumed: BTreeMap<String, Figure>,
}

/// What is reckoned with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures(File);

impl Figures {
    /// Those that come with the program.
    ///
    /// # Errors
    /// When they cannot be read, which a test rules out.
    pub fn builtin() -> Result<Self, String> {
        toml::from_str(FIGURES).map(Self).map_err(|why| why.to_string())
    }

    /// Puts a number in the place of another.
    ///
    /// # Errors
    /// When there is none of this name, or the number is out of range.
    pub fn set(&mut self, name: &str, value: u64, from: &str) -> Result<(), String> {
        let File { measured, configured, assumed } = &mut self.0;
        let found = [assumed, configured, measured].into_iter().find_map(|group| group.get_mut(name));
        let figure = found.ok_or_else(|| format!("{name:?} is no figure of a plan"))?;
        if value > MOST {
            return Err(format!("{name} is at most {MOST}"));
        }
        *figure = Figure { value, from: format!("{} [{from}]", figure.from) };
        Ok(())
    }

    /// The same from one `NAME=NUMBER`.
    ///
    /// # Errors
    /// When it is none, or as [`Figures::set`].
    pub fn assume(&mut self, text: &str) -> Result<(), String> {
        let (name, value) = text.split_once('=').ok_or_else(|| format!("{text:?} is no NAME=NUMBER"))?;
        let value = value.trim().replace('_', "");
        let value = value.parse().map_err(|_| format!("{text:?} is no NAME=NUMBER"))?;
        self.set(name.trim(), value, "as asked for")
    }

    /// The same from a file of lines `name = number`.
    ///
    /// # Errors
    /// When it is no such TOML, or as [`Figures::set`].
    pub fn assume_all(&mut self, file: &str) -> Result<(), String> {
        let table: BTreeMap<String, u64> = toml::from_str(file).map_err(|why| why.to_string())?;
        table.iter().try_for_each(|(name, value)| self.set(name, *value, "from the file"))
    }

    fn get(&self, name: &str) -> u128 {
        let File { measured, configured, assumed } = &self.0;
        let found = [measured, configured, assumed].into_iter().find_map(|group| group.get(name));
        found.map_or(0, |figure| u128::from(figure.value))
    }
}

/// What carries the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One machine with a folder of its own.
    Folder,
    /// Machines over PostgreSQL.
    Database,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// For so many artisans.
    pub artisans: u64,
    /// Carried by what.
    pub shape: Shape,
    /// Why one machine is not enough.
    pub because: Vec<String>,
    /// Machines that run Sokoni.
    pub nodes: u128,
    /// Memory of each, in MiB.
    pub node_mib: u128,
    /// Commits of the busiest second, with those of SMS and orders.
    pub commits_second: u128,
    /// Pages of the shop in it.
    pub pages_second: u128,
    /// Dialogs that are open at a time in it.
    pub open_dialogs: u128,
    /// Cores that Sokoni keeps busy in it, over all nodes, headroom with them.
    pub cores: u128,
    /// Cores of the database.
    pub database_cores: u128,
    /// Connections that the database must take.
    pub connections: u128,
    /// Binds to each operator, if all artisans were with one.
    pub binds: u128,
    /// Gigabytes of rows at the end of the years.
    pub store_gb: u128,
    /// Gigabytes of photographs.
    pub photos_gb: u128,
}

fn up(number: u128, by: u128) -> u128 {
    number.div_ceil(by.max(1))
}

/// What so many artisans want.
pub fn plan(artisans: u64, figures: &Figures) -> Plan {
    let (all, get) = (u128::from(artisans), |name: &str| figures.get(name));
    // In the busiest second, of what happens in a month.
    let peak =
        |month: u128| up(month * get("busy_hour_percent") * get("burst_percent"), 30 * 3_600 * 100 * 100);
    let dialogs = all * get("dialogs_month");
    let steps = dialogs * get("steps_dialog");
    let texts = all * get("texts_month");
    let orders = all * get("orders_month");
    let commits = steps + texts * get("commits_text") + orders * get("commits_order");
    let listings = all * get("listings");
    let (commits_second, pages_second) = (peak(commits), peak(orders * get("pages_order")));

    let spare = |number: u128, of: u128| up(number * 100, of * get("busy_percent"));
    let step_micros = up(MILLION, get("steps_second_core"));
    let for_steps = spare(commits_second * step_micros, MILLION);
    let cores = spare(commits_second * step_micros + pages_second * get("page_microseconds"), MILLION);

    let turns = up(steps * get("octets_turn") * get("dialog_days"), 30);
    let kept = commits * get("octets_commit") * 12 * get("years") + turns + all * get("octets_artisan");
    // What a piece takes was measured on the disk itself.
    let store_gb = up(up(kept * get("space_percent"), 100) + listings * get("octets_listing"), GB);
    let photos_gb = up(listings * get("photo_kib") * 1_024, GB);

    let folder_mib = get("memory_node_mib") + get("cache_mib") + up(listings * get("memory_listing"), MIB);
    let start = up(listings * get("start_microseconds_listing"), MILLION);
    let too_much = |what: &str, wanted: u128, has: u128, unit: &str| {
        (wanted > has).then(|| format!("{what}: {} {unit} wanted, {} there", grouped(wanted), grouped(has)))
    };
    let folder_commits = get("commits_second_folder") * get("busy_percent") / 100;
    let because: Vec<String> = [
        too_much("processor", cores, get("cores"), "cores"),
        too_much("one folder", commits_second, folder_commits, "commits a second"),
        too_much("memory", folder_mib, get("memory_gib") * GIB_IN_MIB, "MiB"),
        too_much("disk", store_gb + photos_gb, get("disk_gb"), "GB"),
        too_much("a start", start, get("start_seconds"), "s"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let shape = if because.is_empty() { Shape::Folder } else { Shape::Database };
    let per_bind = up(get("window") * 1_000 * get("busy_percent"), get("round_trip_ms") * 100);
    let binds = up(peak(steps + texts), per_bind).max(1);
    let (nodes, node_mib, database_cores, connections) = match shape {
        Shape::Folder => (1, folder_mib, 0, 0),
        Shape::Database => {
            let nodes = up(cores, get("cores")).max(1) + get("spare_nodes");
            let connections = nodes * get("connections_node") + get("connections_beside");
            let cores = up(for_steps * get("database_cores_percent"), 100);
            (nodes, get("memory_node_mib") + get("cache_mib"), cores, connections)
        }
    };
    let open_dialogs = peak(dialogs * get("seconds_dialog"));
    Plan {
        artisans,
        shape,
        because,
        nodes,
        node_mib,
        commits_second,
        pages_second,
        open_dialogs,
        cores,
        database_cores,
        connections,
        binds,
        store_gb,
        photos_gb,
    }
}

/// A number as people read it: 1,234,567.
fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |what: &str, number: u128| writeln!(f, "{:>14}  {what}", grouped(number));
        row("artisans", self.artisans.into())?;
        row("commits in the busiest second", self.commits_second)?;
        row("pages of the shop in it", self.pages_second)?;
        row("dialogs open at a time in it", self.open_dialogs)?;
        row("cores for Sokoni, headroom with them", self.cores)?;
        row("machines that run Sokoni", self.nodes)?;
        row("MiB of memory on each", self.node_mib)?;
        row("cores for PostgreSQL", self.database_cores)?;
        row("connections that PostgreSQL must take (max_connections)", self.connections)?;
        row("binds to an operator, were all with one", self.binds)?;
        row("GB of rows at the end of the years", self.store_gb)?;
        row("GB of photographs", self.photos_gb)?;
        match self.shape {
            Shape::Folder => writeln!(f, "\nOne machine with a data folder of its own carries it."),
            Shape::Database => {
                writeln!(f, "\nMachines over PostgreSQL carry it; one machine is not enough:")?;
                self.because.iter().try_for_each(|why| writeln!(f, "  {why}"))
            }
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let File { measured, configured, assumed } = &self.0;
        for (title, group) in [("Assumed", assumed), ("Configured", configured), ("Measured", measured)] {
            writeln!(f, "\n{title}:")?;
            for (name, figure) in group {
                writeln!(f, "{:>14}  {name}: {}", grouped(figure.value.into()), figure.from)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> Figures {
        Figures::builtin().expect("the figures of the program can be read")
    }

    #[test]
    fn a_thousand_artisans_want_one_machine_and_a_million_want_several_over_a_database() {
        let small = plan(1_000, &figures());
        assert_eq!((small.shape, small.nodes, small.connections), (Shape::Folder, 1, 0));
        assert!(small.cores == 1 && small.store_gb < 100, "{small}");
        let middle = plan(100_000, &figures());
        assert!(middle.cores <= 8 && middle.store_gb > 10 * small.store_gb, "{middle}");
        let large = plan(1_000_000, &figures());
        assert_eq!(large.shape, Shape::Database);
        assert!(large.nodes >= 2 && large.connections >= large.nodes * 10, "{large}");
        assert!(large.to_string().contains("disk: "), "{large}");
    }

    #[test]
    fn more_artisans_never_want_less_up_to_the_most_that_can_be_asked_for() {
        let mut before = plan(1, &figures());
        for artisans in (0..=8).flat_map(|tens| [1, 2, 5].map(|n| n * 10_u64.pow(tens))).skip(1) {
            let now = plan(artisans.min(MOST_ARTISANS), &figures());
            let sizes = |plan: &Plan| {
                let Plan { commits_second, pages_second, open_dialogs, cores, nodes, .. } = *plan;
                let Plan { database_cores, connections, binds, store_gb, photos_gb, .. } = *plan;
                let first = [commits_second, pages_second, open_dialogs, cores, nodes];
                (first, [database_cores, connections, binds, store_gb, photos_gb])
            };
            let ((a, b), (c, d)) = (sizes(&before), sizes(&now));
            let grows = a.iter().zip(&c).chain(b.iter().zip(&d)).all(|(old, new)| old <= new);
            assert!(grows, "{before}\n{now}");
            before = now;
        }
    }

    #[test]
    fn every_figure_counts_and_none_is_read_that_is_not_there() {
        let source = include_str!("plan.rs");
        let asked: Vec<&str> =
            source.split("get(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let File { measured, configured, assumed } = figures().0;
        let names: Vec<_> = [measured, configured, assumed].into_iter().flatten().collect();
        for (name, figure) in &names {
            assert!(asked.contains(&name.as_str()), "{name} is not reckoned with");
            assert!(!figure.from.is_empty() && figure.value <= MOST, "{name}");
        }
        let known = |asked: &str| names.iter().any(|(name, _)| name == asked);
        assert!(asked.iter().all(|asked| known(asked)), "{asked:?}");
    }

    #[test]
    fn what_is_assumed_can_be_changed_by_flag_and_by_file_and_a_wrong_name_is_said() {
        let mut figures = figures();
        let before = plan(100_000, &figures);
        figures.assume("years=10").expect("a figure");
        let longer = plan(100_000, &figures);
        assert!(longer.store_gb > before.store_gb && longer.cores == before.cores);
        figures.assume_all("steps_dialog = 600\ncores = 1\n").expect("figures");
        let busier = plan(100_000, &figures);
        assert!(busier.shape == Shape::Database && busier.nodes > before.nodes, "{busier}");
        assert!(figures.to_string().contains("how long everything is kept [as asked for]"));
        for wrong in ["year=10", "years", "years=-1", "years=100001"] {
            assert!(figures.assume(wrong).is_err(), "{wrong}");
        }
        assert!(figures.assume_all("years = \"ten\"").is_err());
    }

    #[test]
    fn no_figures_overflow_and_none_divide_by_nothing() {
        for value in [0, MOST] {
            let mut figures = figures();
            let File { measured, configured, assumed } = figures.0.clone();
            for (name, _) in [measured, configured, assumed].into_iter().flatten() {
                figures.set(&name, value, "edge").expect("in range");
            }
            assert_eq!(plan(MOST_ARTISANS, &figures).artisans, MOST_ARTISANS);
        }
    }
}
