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

#[test]
fn what_is_primed_beside_a_build_is_there_before_the_build_below_has_ended() {
    let Some(stand) = Stand::get() else { return };
    let graph = chain::lay_out(stand, "beside");
    graph.specctl(&["bst", "build"], &["all.bst"]);
    chain::edit(&graph);
    let written = graph.specctl(&["bst", "build"], &["--json", "all.bst"]);
    let rows: Value = serde_json::from_str(written.lines().last().unwrap()).unwrap();
    let edited = chain::built(&graph);
    let row = |name: &str| rows.as_array().unwrap().iter().find(|row| row["element"] == name).unwrap();
    let (bottom, top) = (row(NAMES[0]), row(NAMES[2]));
    assert!(top["primed_s"].as_f64() < bottom["built_s"].as_f64(), "{rows:#}");
    assert_eq!(top["state"], "done", "{rows:#}");
    for (served, (element, _, compiles)) in edited.served.iter().zip(ELEMENTS).skip(1) {
        let sources = chain::sources(served);
        assert_eq!(sources.len() as u64, compiles, "{element}: {served}");
        let ahead = ["cached", "prefetched", "joined"];
        assert!(
            sources.iter().all(|command| ahead.iter().any(|how| command["how"] == *how)),
            "{element}: {served:#}"
        );
    }
    graph.delete(&NAMES);
    assert_eq!(edited.products, chain::build(&graph, "plain").products, "not as the plain compiler has it");
}

#[test]
fn a_tree_that_a_build_is_told_of_is_foretold() {
    let Some(stand) = Stand::get() else { return };
    let graph = chain::lay_out(stand, "told");
    graph.write(
        "elements/teller.bst",
        "kind: manual\nbuild-depends:\n- base.bst\n- spec-cc.bst\n- filename: lower.bst\n  config: {digest-environment: LOWER}\n\
         - filename: libs/middle.bst\n  config: {digest-environment: BOTH}\n- filename: base.bst\n  config: {digest-environment: BOTH}\n\
         config:\n  install-commands: [\"echo $LOWER $BOTH > %{install-root}/told\"]\n",
    );
    graph.specctl(&["bst", "build"], &["libs/middle.bst"]);
    let rows = graph.specctl(&["bst", "plan"], &["--json", "teller.bst"]);
    let rows: Value = serde_json::from_str(&rows).unwrap();
    let digests = &rows[0]["digests"];
    graph.bst(&["build", "teller.bst"]);
    let told = std::fs::read_to_string(graph.checkout("none", "teller.bst").path().join("told")).unwrap();
    let foretold = ["LOWER", "BOTH"].map(|name| digests[name].as_str().unwrap_or_default());
    assert_eq!(told.trim(), foretold.join(" "), "{rows:#}");
}
