//! Records come back, count, age and go.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use spec_cc::base::digest::Digest;
use spec_cc::store::{Build, ElementKey, Generated, Made, RecordId, Store, StoreError, Use};

use super::common::{build, compile, key, open};

fn inputs(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("{{root}}/{name}")).collect()
}

#[test]
fn what_was_put_is_loaded_after_a_reopen() {
    let dir = tempfile::tempdir().unwrap();
    let mut second = compile("deflate");
    second.order = 1;
    let read = inputs(&["zlib.h", "adler32.c", "zconf.h"]);
    {
        let store = open(dir.path());
        store.put(&key(), &second, &inputs(&["zlib.h", "deflate.c"])).unwrap();
        store.put(&key(), &compile("adler32"), &read).unwrap();
    }
    let element = open(dir.path()).load(&key()).unwrap();
    let [first, second_back] = &element.records[..] else { panic!("{:?}", element.records) };
    let mut expected = compile("adler32");
    expected.set = first.set;
    assert_eq!(first, &expected);
    second.set = second_back.set;
    assert_eq!(second_back, &second);
    let back: HashSet<&str> = element.inputs(first).collect();
    assert_eq!(back, read.iter().map(String::as_str).collect());
    assert_eq!(element.lost, 0);
}

#[test]
fn commands_that_read_the_same_share_one_set() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let a = store.put(&key(), &compile("a"), &inputs(&["x.h", "y.h", "y.h"])).unwrap();
    let b = store.put(&key(), &compile("b"), &inputs(&["y.h", "x.h"])).unwrap();
    let c = store.put(&key(), &compile("c"), &inputs(&["y.h"])).unwrap();
    assert_eq!(a, b);
    assert_ne!(a, c);
    let element = store.load(&key()).unwrap();
    assert_eq!(element.sets.len(), 2);
    assert_eq!(element.paths.len(), 2);
}

#[test]
fn a_changed_flag_replaces_the_command() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut record = compile("a");
    store.put(&key(), &record, &inputs(&["a.c"])).unwrap();
    record.args[1] = "-O0".into();
    store.put(&key(), &record, &inputs(&["a.c"])).unwrap();
    let element = store.load(&key()).unwrap();
    assert_eq!(element.records.len(), 1);
    assert_eq!(element.records[0].args[1], "-O0");
    assert_eq!(store.elements().unwrap()[0].commands, 1);
}

#[test]
fn uses_add_up_and_costs_are_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let record = compile("a");
    store.put(&key(), &record, &[]).unwrap();
    let launched = Use { launched: 1, useful: 1, asked: 1, cost_us: Some(9), ..Use::default() };
    let wasted = Use { launched: 1, wasted: 1, order: Some(4), ..Use::default() };
    let nobody = (RecordId::of("", "nobody.o"), launched);
    let uses = vec![(record.id, launched), (record.id, wasted), nobody];
    store.finish_build(&key(), &Build { uses, ..Build::default() }).unwrap();
    let back = &store.load(&key()).unwrap().records[0];
    assert_eq!((back.asked, back.launched, back.useful, back.wasted), (1, 2, 1, 1));
    assert_eq!((back.order, back.cost_us, back.wall_us), (4, 9, record.wall_us));
}

#[test]
fn what_five_complete_builds_do_not_ask_for_goes_with_its_set_and_paths() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let kept = compile("kept");
    store.put(&key(), &kept, &inputs(&["both.h", "kept.c"])).unwrap();
    store.put(&key(), &compile("gone"), &inputs(&["both.h", "gone.c", "gone1.h", "gone2.h"])).unwrap();
    let seen = HashSet::from([kept.id]);
    for _ in 0..4 {
        store.finish_build(&key(), &build(&seen, true)).unwrap();
        store.finish_build(&key(), &build(&seen, false)).unwrap();
    }
    assert_eq!(store.load(&key()).unwrap().records.len(), 2, "four complete builds are not enough");
    store.finish_build(&key(), &build(&seen, true)).unwrap();
    let element = store.load(&key()).unwrap();
    assert_eq!(element.records.len(), 1);
    assert_eq!((element.sets.len(), element.builds), (1, 9));
    assert_eq!(element.paths, inputs(&["both.h", "kept.c"]));
    assert_eq!(element.inputs(&element.records[0]).count(), 2);
    assert_eq!(element.records[0].args, kept.args);

    let set = store.put(&key(), &compile("new"), &inputs(&["new.h", "both.h"])).unwrap();
    let element = store.load(&key()).unwrap();
    let new = element.records.iter().find(|record| record.set == set).unwrap();
    assert_eq!(element.inputs(new).collect::<HashSet<_>>(), HashSet::from(["{root}/new.h", "{root}/both.h"]));
    assert_eq!(element.lost, 0);
}

#[test]
fn being_asked_for_again_makes_young() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let record = compile("check");
    store.put(&key(), &record, &[]).unwrap();
    for number in 0..20 {
        let seen = if number % 5 == 4 { HashSet::from([record.id]) } else { HashSet::new() };
        store.finish_build(&key(), &build(&seen, true)).unwrap();
    }
    assert_eq!(store.load(&key()).unwrap().records.len(), 1);
}

#[test]
fn elements_are_listed_and_forgotten_one_by_one() {
    let dir = tempfile::tempdir().unwrap();
    let other = ElementKey::new("sdk", "components/zlib.bst2");
    {
        let store = open(dir.path());
        store.put(&key(), &compile("a"), &inputs(&["a.c", "a.h"])).unwrap();
        store.put(&other, &compile("a"), &inputs(&["a.c"])).unwrap();
        store.finish_build(&other, &build(&HashSet::from([compile("a").id]), true)).unwrap();
    }
    let store = open(dir.path());
    let list = store.elements().unwrap();
    assert_eq!(
        list.iter().map(|line| (&line.key, line.commands, line.inputs, line.builds)).collect::<Vec<_>>(),
        [(&key(), 1, 2, 0), (&other, 1, 1, 1)]
    );
    assert!(list[1].last_built > 1_700_000_000);
    store.forget(&key()).unwrap();
    store.forget(&key()).unwrap();
    assert!(store.load(&key()).unwrap().records.is_empty());
    assert_eq!(store.elements().unwrap().len(), 1);
    assert_eq!(store.load(&other).unwrap().records.len(), 1);
    store.put(&key(), &compile("b"), &inputs(&["b.c"])).unwrap();
    assert_eq!(store.load(&key()).unwrap().paths, inputs(&["b.c"]));
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Row {
    number: u32,
}

fn numbers(store: &Store, key: Option<&ElementKey>) -> Vec<u32> {
    store.sessions::<Row>(key).unwrap().into_iter().map(|(_, row)| row.number).collect()
}

#[test]
fn the_last_fifty_sessions_of_each_element_stay_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let other = ElementKey::new("sdk", "other.bst");
    let store = open(dir.path());
    store.put_session(&other, &Row { number: 1000 }).unwrap();
    for number in 0..60 {
        store.put_session(&key(), &Row { number }).unwrap();
    }
    store.put_session(&other, &"not a row").unwrap();
    store.put_session(&other, &Row { number: 1001 }).unwrap();
    store.put(&key(), &compile("a"), &[]).unwrap();
    store.finish_build(&key(), &build(&HashSet::new(), true)).unwrap();
    assert_eq!(numbers(&store, Some(&key())), (10..60).collect::<Vec<_>>());
    let all = numbers(&store, None);
    assert_eq!((all[0], all[1], all[51], all.len()), (1000, 10, 1001, 52));
    assert!(numbers(&store, Some(&ElementKey::new("sdk", "unknown"))).is_empty());
}

#[test]
fn two_threads_may_write_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let store: Store = open(dir.path());
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let store = &store;
            scope.spawn(move || {
                for number in 0..50 {
                    let name = format!("t{thread}_{number}");
                    store.put(&key(), &compile(&name), &inputs(&[&name, "common.h"])).unwrap();
                }
            });
        }
    });
    let element = store.load(&key()).unwrap();
    assert_eq!((element.records.len(), element.paths.len(), element.lost), (100, 101, 0));
}

#[test]
fn a_second_owner_is_turned_away() {
    let dir = tempfile::tempdir().unwrap();
    let _store = open(dir.path());
    assert!(matches!(Store::open(dir.path()), Err(StoreError::Locked { path }) if path == dir.path()));
}

#[test]
fn what_builds_make_is_kept_with_how_often_it_changed() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.put(&key(), &compile("a"), &inputs(&["a.c", "config.h"])).unwrap();
    let made = |path: &str, text: &str| Made {
        path: path.to_owned(),
        content: Digest::of(text.as_bytes()),
        from: vec![Digest::of(b"source")],
        made_ns: 1,
        late: false,
    };
    let config = |text: &str| made("{root}/config.h", text);
    // A condition keeps it from being read.
    let unread = made("{root}/nobody/reads.h", "");
    let changes = ["one", "one", "two", "three", "three"].map(|text| {
        let made = vec![config(text), unread.clone()];
        store.finish_build(&key(), &Build { made, ..Build::default() }).unwrap();
        store.load(&key()).unwrap().generated["{root}/config.h"].changes
    });
    assert_eq!(changes, [0, 0, 1, 2, 0]);
    store.finish_build(&key(), &build(&HashSet::new(), false)).unwrap();
    assert!(
        store.load(&key()).unwrap().generated.contains_key(&unread.path),
        "a part of a build says nothing"
    );
    store.finish_build(&key(), &build(&HashSet::new(), true)).unwrap();
    let blob = store.export(&key()).unwrap();
    drop(store);

    let Made { content, from, made_ns, .. } = config("three");
    let made = Generated { content, changes: 0, from, made_ns };
    let expected = BTreeMap::from([("{root}/config.h".to_owned(), made)]);
    assert_eq!(open(dir.path()).load(&key()).unwrap().generated, expected);
    let other = tempfile::tempdir().unwrap();
    let store = open(other.path());
    store.import(&blob, None).unwrap();
    assert_eq!(store.load(&key()).unwrap().generated, expected);
}

#[test]
fn the_last_reports_stay_until_its_element_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let report = |id| store.report::<Vec<String>>(&key(), id).unwrap();
    assert_eq!(report(None), None);
    store.put(&key(), &compile("adler32"), &inputs(&["a.h"])).unwrap();
    for id in 1..=12 {
        store.put_report(&key(), id, &[format!("session {id}")]).unwrap();
    }
    store.put_report(&key(), 12, &["last"]).unwrap();
    assert_eq!(report(None), Some(vec!["last".to_owned()]));
    assert_eq!(report(Some(3)), Some(vec!["session 3".to_owned()]));
    assert_eq!((report(Some(2)), report(Some(13))), (None, None), "the last ten are kept");
    assert_eq!(store.report::<u32>(&key(), None).unwrap(), None, "a report of another version");
    assert_eq!(store.load(&key()).unwrap().records.len(), 1);
    store.forget(&key()).unwrap();
    store.put(&key(), &compile("adler32"), &inputs(&["a.h"])).unwrap();
    assert_eq!((report(None), report(Some(12))), (None, None));
}

#[test]
fn a_row_of_wasted_launches_is_replaced_and_wrong_guesses_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let record = compile("adler32");
    {
        let store = open(folder.path());
        store.put(&key(), &record, &inputs(&["a.h"])).unwrap();
        for row in [2, 3] {
            let used = Use { mispredicted: 1, wasted_in_row: Some(row), ..Use::default() };
            let all = vec![(record.id, used), (record.id, Use::default())];
            store.finish_build(&key(), &Build { uses: all, ..Build::default() }).unwrap();
        }
    }
    let records = open(folder.path()).load(&key()).unwrap().records;
    assert_eq!((records[0].wasted_in_row, records[0].mispredicted), (3, 2));
}
