//! `sokoni config check` proves the menus that a configuration names, on its narrowest route.

use std::{fs, path::Path, process::Command};

/// What the check of this configuration says, and whether it is content.
fn checked(folder: &Path, config: &str) -> (bool, String) {
    let file = folder.join("config.toml");
    fs::write(&file, config).expect("written");
    let sokoni = Command::new(env!("CARGO_BIN_EXE_sokoni")).args(["config", "check"]).arg(&file).output();
    let sokoni = sokoni.expect("runs");
    let said = [sokoni.stdout, sokoni.stderr].map(|octets| String::from_utf8_lossy(&octets).into_owned());
    (sokoni.status.success(), said.concat())
}

#[test]
fn menus_are_proven_on_the_narrowest_route_of_the_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = sokoni::config::EXAMPLE;
    let (content, said) = checked(folder.path(), plain);
    assert!(content, "{said}");
    assert!(said.contains("the menus of this release: ") && said.contains(": sound"), "{said}");
    assert!(said.contains("measured for 160 septets, the least of 1 gateway and [limits]"), "{said}");

    let narrow = plain.replace("screen_septets = 160", "screen_septets = 100");
    assert_ne!(narrow, plain);
    let (content, said) = checked(folder.path(), &narrow);
    assert!(!content, "{said}");
    assert!(
        said.contains("error[too-long]") && said.contains("route `limits.screen_septets` allows 100"),
        "{said}"
    );
    assert!(said.contains("measured for 100 septets"), "{said}");

    let silent = plain.replace("[limits]", "[limits]\nidle_seconds = 20");
    let (content, said) = checked(folder.path(), &silent);
    assert!(!content && said.contains("error[idle-too-long]"), "{said}");
}

#[test]
fn a_gateway_that_pages_earlier_than_the_limits_say_is_the_narrowest() {
    let folder = tempfile::tempdir().expect("a folder");
    let menus = folder.path().join("own");
    fs::create_dir(&menus).expect("made");
    let small = "menu small\n  who stranger\n  langs en\n  limit 160\nend home\n  say ";
    fs::write(menus.join("small.menu"), format!("{small}{}\n", "long ".repeat(24))).expect("written");
    let own = sokoni::config::EXAMPLE.replace("[service]", "[service]\nmenus = \"own\"");
    let (content, said) = checked(folder.path(), &own);
    assert!(content && said.contains("/own: 1 file, 1 block, 0 messages: sound"), "{said}");

    let mut settings: toml::Table = own.parse().expect("TOML");
    let gateways = settings["smsc"].as_array_mut().expect("gateways");
    let gateway = gateways[0].as_table_mut().expect("a table");
    let name = gateway["name"].as_str().expect("a name").to_owned();
    let ussd = gateway.entry("ussd").or_insert_with(|| toml::Table::new().into());
    ussd.as_table_mut().expect("a table").insert("page_septets".to_owned(), 100.into());
    let (content, said) = checked(folder.path(), &settings.to_string());
    assert!(!content, "{said}");
    assert!(said.contains(&format!("route `{name}` allows 100")), "{said}");
    assert!(said.contains("small.menu:6:"), "{said}");
}
