//! What lies ready for those who run Sokoni names only what there is: the dashboard and the alerts, the unit,
//! the package.

use sokoni::telemetry::names::{self, Kind};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn file(name: &str) -> String {
    let path = root().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

const ALERTS: &str = "ops/prometheus/alerts.yml";
const DASHBOARD: &str = "ops/grafana/sokoni.json";

/// Every name of ours that an expression asks for.
fn asked(text: &str) -> BTreeSet<String> {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let ours = |word: &&str| word.starts_with("sokoni_") || word.starts_with("process_");
    text.split(word).filter(ours).map(str::to_owned).collect()
}

/// Names as Prometheus knows them: a histogram is three.
fn known() -> BTreeSet<String> {
    let each = names::ALL.iter().flat_map(|metric| match metric.kind {
        Kind::Histogram => {
            ["_bucket", "_sum", "_count"].iter().map(|end| format!("{}{end}", metric.name)).collect()
        }
        Kind::Counter | Kind::Gauge => vec![metric.name.to_owned()],
    });
    each.collect()
}

#[test]
fn dashboard_and_alerts_ask_for_metrics_that_there_are() {
    let known = known();
    for name in [ALERTS, DASHBOARD] {
        let asked = asked(&file(name));
        assert!(asked.len() > 15, "{name} asks for {asked:?}");
        let unknown: Vec<_> = asked.difference(&known).collect();
        assert!(unknown.is_empty(), "{name} asks for {unknown:?}");
    }
    serde_json::from_str::<serde_json::Value>(&file(DASHBOARD)).expect("JSON");
}

#[test]
fn alerts_are_rules_that_prometheus_takes() {
    let checked = Command::new("promtool").args(["check", "rules"]).arg(root().join(ALERTS)).output();
    let checked = checked.expect("promtool is installed by .ci/steps/10-tools.sh");
    let said =
        String::from_utf8_lossy(&checked.stdout).into_owned() + &String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{said}");
}

#[test]
fn every_alert_has_a_row_that_says_what_it_means_and_what_to_do() {
    let (alerts, handbook) = (file(ALERTS), file("docs/OPERATING.md"));
    let names: Vec<&str> = alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(names.len() > 15, "{names:?}");
    for name in &names {
        let row = handbook.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let cells =
            row.unwrap_or_else(|| panic!("docs/OPERATING.md has no row for {name}")).matches(" | ").count();
        assert_eq!(cells, 2, "{name}: meaning and remedy");
    }
    let rows = handbook.lines().filter_map(|line| line.strip_prefix("| `Sokoni")?.split('`').next());
    let gone: Vec<_> = rows.filter(|row| !names.contains(&format!("Sokoni{row}").as_str())).collect();
    assert!(gone.is_empty(), "rows without an alert: {gone:?}");
}

#[test]
fn every_metric_has_a_row_in_the_handbook() {
    let handbook = file("docs/METRICS.md");
    for metric in names::ALL {
        let labels = metric.labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        let row = format!("| `{}` | {labels} | {} |", metric.name, metric.help().trim_end_matches('.'));
        assert!(handbook.lines().any(|line| line == row), "docs/METRICS.md wants the row\n{row}");
    }
}

/// The unit with the program of this build in the place of the one that a package brings.
fn unit(folder: &Path) -> PathBuf {
    let path = folder.join("sokoni.service");
    let text = file("ops/systemd/sokoni.service").replace("/usr/bin/sokoni", env!("CARGO_BIN_EXE_sokoni"));
    std::fs::write(&path, text).expect("written");
    path
}

#[test]
fn the_unit_is_sound_and_leaves_the_service_no_power_over_the_machine() {
    let folder = tempfile::tempdir().expect("a folder");
    let unit = unit(folder.path());
    let run = |args: &[&str]| {
        let done = Command::new("systemd-analyze").args(args).arg(&unit).output();
        let done = done.expect("systemd-analyze is installed by .ci/steps/10-tools.sh");
        let said =
            String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
        (done.status.success(), said)
    };
    let (sound, said) = run(&["verify", "--man=no"]);
    assert!(sound && !said.contains("sokoni.service:"), "{said}");
    // 0 is shut in, 100 may do everything.
    let (shut, said) = run(&["security", "--offline=yes", "--threshold=15"]);
    assert!(shut, "{said}");
}

#[test]
fn what_a_package_holds_beside_the_program_is_written_by_the_program() {
    let folder = tempfile::tempdir().expect("a folder");
    let staged = folder.path().join("package");
    let done = Command::new(root().join("ops/debian/stage"))
        .arg(env!("CARGO_BIN_EXE_sokoni"))
        .arg(&staged)
        .output()
        .expect("runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let there = |name: &str| std::fs::metadata(staged.join(name)).is_ok_and(|file| file.len() > 0);
    for name in ["man/sokoni.1.gz", "man/sokoni-serve.1.gz", "man/sokoni-store-verify.1.gz"] {
        assert!(there(name), "{name}");
    }
    for name in ["sokoni.bash", "_sokoni", "sokoni.fish", "changelog.gz"] {
        assert!(there(name), "{name}");
    }
    let checked = Command::new(env!("CARGO_BIN_EXE_sokoni"))
        .args(["config", "check"])
        .arg(staged.join("config.toml"))
        .output()
        .expect("runs");
    let said = String::from_utf8_lossy(&checked.stderr).into_owned();
    // Only the secrets are missing, which the operator makes.
    assert!(checked.status.success() || said.contains("secrets/"), "{said}");

    // What the table of the package names is there, or was just written.
    let manifest: toml::Table = file("Cargo.toml").parse().expect("TOML");
    let assets = &manifest["package"]["metadata"]["deb"]["assets"];
    for asset in assets.as_array().expect("a list") {
        let from = asset[0].as_str().expect("a path");
        let path = match from.strip_prefix("target/package/") {
            Some(written) => staged.join(written),
            None if from == "target/release/sokoni" => continue,
            None => root().join(from),
        };
        let parent = path.parent().expect("a folder");
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        let end = name.rsplit('*').next().expect("an end");
        let found = std::fs::read_dir(parent).expect("a folder").filter_map(Result::ok);
        assert!(found.into_iter().any(|file| file.file_name().to_string_lossy().ends_with(end)), "{from}");
    }
}
