//! Across the graph: what is recorded of all elements is launched before the first of them is built.
use crate::chain::{self, Built, ELEMENTS, NAMES};
use crate::stand::Stand;
use serde_json::Value;

#[test]
fn elements_are_primed_before_what_they_are_built_on_is_built_again() {
    let Some(stand) = Stand::get() else { return };
    let graph = chain::lay_out(stand, "across");
    // This bst notes what artifacts are built from.
    graph.specctl(&["bst", "build"], &["all.bst"]);
    let first = chain::built(&graph);
    chain::edit(&graph);
    let rows = graph.specctl(&["bst", "prime"], &["--json", "--fetch", "all.bst"]);
    let rows: Value = serde_json::from_str(&rows).unwrap();
    for name in NAMES {
        let row = rows.as_array().unwrap().iter().find(|row| row["element"] == name).unwrap();
        assert_eq!(row["state"], "done", "{rows:#}");
    }
    // Launches nothing itself.
    let edited = chain::build(&graph, "cache");
    assert_all_found(&edited);
    graph.delete(&NAMES);
    let plain = chain::build(&graph, "plain");
    assert_ne!(plain.products, first.products, "the edits change nothing");
    assert_eq!(edited.products, plain.products, "not as the plain compiler has it");
}

/// Panics unless every compile of a source was found in the action cache.
fn assert_all_found(built: &Built) {
    for (served, (element, _, compiles)) in built.served.iter().zip(ELEMENTS) {
        let sources = chain::sources(served);
        assert_eq!(sources.len() as u64, compiles, "{element}: {served}");
        assert!(sources.iter().all(|command| command["how"] == "cached"), "{element}: {served:#}");
    }
}
