//! The demo's release in the hands of a coordinator: from no-go to shipped, by keys alone.

use super::*;

const UP: &str = "\u{1b}[A";

/// Moves down to a service of the release.
fn select(terminal: &mut Terminal, keys: &str, service: &str) {
    terminal.press(keys);
    terminal.wait_for(&format!("act on {service}"));
}

#[test]
fn a_release_goes_from_no_go_to_shipped_by_keys() {
    let mut terminal = Terminal::demo(80, 24, "", &[]);
    terminal.press("2");
    for told in [
        "GO / NO-GO 2026.47 > production",
        "NO-GO  no go of qa, sre",
        "hold: carol holds it",
        "quality: unit coverage is 78.9",
        "sign-off: 0 of 1 go, waits for qa",
        "fits, ends",
    ] {
        terminal.wait_for(told);
    }
    terminal.press("p");
    terminal.wait_for("PLAN 2026.47");
    terminal.press("\u{1b}");
    terminal.wait_for("GO / NO-GO 2026.47");

    // The release's vote: one go counts for both of alice's roles.
    terminal.press("V");
    terminal.wait_for("VOTE on 2026.47");
    terminal.press(&format!("{UP}tried it on staging\t\t"));
    terminal.wait_for("> Vote <");
    terminal.press("\r");
    terminal.wait_for("GO  P starts it; 3 would wait");

    select(&mut terminal, "j", "sessions");
    terminal.press("H");
    terminal.wait_for("HELD sessions");
    terminal.press(&format!("{UP}a false alarm\t\t"));
    terminal.wait_for("> Lift <");
    terminal.press("\r");
    terminal.wait_until_gone("carol holds it");

    select(&mut terminal, "jj", "search");
    terminal.press("O");
    terminal.wait_for("OVERRIDE search");
    terminal.press(&format!("{UP}tests follow on Monday\t\t"));
    terminal.wait_for("> Override <");
    terminal.press("\r");
    terminal.wait_until_gone("quality:");

    // The service's own sign-off stands with its gates; esc leads back to the release.
    select(&mut terminal, "G", "notify");
    terminal.press("\r");
    terminal.wait_for("[Gates");
    terminal.press("V");
    terminal.wait_for("GATES notify");
    terminal.press("\t");
    terminal.wait_for("> Vote GO <");
    terminal.press("\r");
    terminal.wait_until_gone("GATES notify");
    terminal.wait_for("Gates 11/11");
    terminal.press("\u{1b}");
    terminal.wait_for("every gate is open");

    terminal.press("P");
    terminal.wait_for("START 2026.47");
    terminal.press(&format!("{UP}{UP}weekly\tproduction\t\t"));
    terminal.wait_for("> Start <");
    terminal.press("\r");
    terminal.wait_for("RUNS  wave 1 of 3");
    terminal.wait_for("SHIPPED  6 of 6 live");
    let screen = terminal.screen();
    assert!(
        !screen.contains("STALE"),
        "votes stay what they were:\n{screen}"
    );
    // What another forge still runs would make `q` ask.
    terminal.press("\u{3}");
    terminal.is_sane_after("0");
    terminal.ends_within(PATIENCE);
}
