//! Chains: how long a build takes from a command on, along the longest chain of commands that wait for what it makes.

use std::collections::HashMap;
use std::sync::Arc;

use super::candidate::Candidate;
use super::context::SessionContext;
use crate::compile::engine::Engine;
use crate::store::RecordId;

/// Tells each command of a session how long the longest chain takes that it is the first of.
pub fn weigh(engine: &Engine, context: &SessionContext, candidates: &[Arc<Candidate>]) {
    let places: HashMap<RecordId, usize> =
        candidates.iter().map(|candidate| candidate.id()).zip(0..).collect();
    let costs: Vec<u64> =
        candidates.iter().map(|candidate| candidate.record(|record| record.wall_us)).collect();
    let needs: Vec<Vec<usize>> =
        candidates.iter().map(|candidate| needs(engine, context, candidate, &places)).collect();
    for (candidate, chain) in candidates.iter().zip(chains(&costs, &needs)) {
        candidate.set_chain(chain);
    }
}

/// The commands that make what a command reads. A compile reads what no recorded command makes, as far as they are known.
fn needs(
    engine: &Engine,
    context: &SessionContext,
    candidate: &Candidate,
    places: &HashMap<RecordId, usize>,
) -> Vec<usize> {
    let (given, order) = (candidate.given(), candidate.record(|record| record.order));
    let producers = given.iter().filter_map(|given| context.producer(engine, &given.real, order));
    producers.filter_map(|(_, producer)| places.get(&producer.id()).copied()).collect()
}

/// For each node the largest sum of costs along a chain that begins with it, where the node at a place waits for those that
/// `needs` has there. Of nodes that wait for each other none counts the others.
fn chains(costs: &[u64], needs: &[Vec<usize>]) -> Vec<u64> {
    let mut waiting = vec![0_usize; costs.len()];
    for &needed in needs.iter().flatten() {
        waiting[needed] += 1;
    }
    let mut chains = costs.to_vec();
    // Those that nobody waits for, then those for whom all that wait for them are settled.
    let mut settled: Vec<usize> = (0..costs.len()).filter(|&node| waiting[node] == 0).collect();
    while let Some(node) = settled.pop() {
        for &needed in &needs[node] {
            chains[needed] = chains[needed].max(costs[needed].saturating_add(chains[node]));
            waiting[needed] -= 1;
            if waiting[needed] == 0 {
                settled.push(needed);
            }
        }
    }
    chains
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::base::digest::Digest;
    use crate::command;
    use crate::command::Scratch;
    use crate::command::{Family, Invocation, Verdict};
    use crate::compile::call::Call;
    use crate::compile::reads::Reads;
    use crate::inputs::shape::Shape;
    use crate::launch::priority::rank;
    use crate::store::{Given, Record};
    use crate::traced::Traced;
    use crate::traced::work::Work;

    const MS: u64 = 1000;

    #[test]
    fn the_longest_chain_counts_and_a_circle_ends() {
        // 0 and 1 are needed by 2, 1 by 3 as well, 2 by 4; 5 and 6 wait for each other.
        let needs = [vec![], vec![], vec![0, 1], vec![1], vec![2, 2], vec![6], vec![5]];
        assert_eq!(chains(&[1, 2, 10, 50, 100, 3, 4], &needs), [111, 112, 110, 50, 100, 3, 4]);
    }

    fn candidate(work: Work, record: Record, given: Vec<Given>) -> Arc<Candidate> {
        let reads = Reads { set: Arc::new([]), shape: Shape::UNKNOWN };
        Arc::new(Candidate::new(work, record, reads, given))
    }

    fn compile(name: &str, order: u32, ms: u64) -> Arc<Candidate> {
        let args = ["-c".to_owned(), format!("{name}.c")];
        let inv = Invocation {
            compiler: "/usr/bin/gcc".into(),
            args: args.map(Into::into).into(),
            cwd: "/r".into(),
        };
        let nothing = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
        let Verdict::Compile(compile) = command::read(&inv, Family::Gcc, false, &nothing) else {
            panic!("it is a compile")
        };
        let object = format!("{name}.o");
        let record = Record {
            id: RecordId::of("/r", &object),
            outputs: vec![object],
            order,
            wall_us: ms * MS,
            ..Record::default()
        };
        let (compiler, directory) = ("/usr/bin/gcc".to_owned(), "/r".to_owned());
        let call = Call { compiler, compile: *compile, environment: Vec::new(), directory };
        candidate(Work::Compile(Box::new(call)), record, Vec::new())
    }

    fn traced(output: &str, reads: &[&str], probe: bool, order: u32, ms: u64) -> Arc<Candidate> {
        let traced = Traced {
            program: "/usr/bin/gcc".into(),
            argv: vec!["gcc".into()],
            environment: Vec::new(),
            directory: "/r".into(),
            output: Some(output.into()),
            operands: Vec::new(),
            probe,
            scratch: Scratch::default(),
        };
        let given = reads.iter().map(|path| {
            let path = format!("/r/{path}");
            Given { real: path.clone(), path, content: Digest::of(b"") }
        });
        let id = RecordId::of("/r", output);
        let outputs = vec![output.to_owned()];
        let record = Record { id, outputs, order, wall_us: ms * MS, ..Record::default() };
        candidate(Work::Traced(traced), record, given.collect())
    }

    #[test]
    fn what_a_long_link_waits_for_goes_ahead_and_tests_of_configure_go_first() {
        let cache = tempfile::tempdir().expect("a folder");
        let engine = Engine::new(cache.path(), 0);
        let context = SessionContext::new("/r".into(), Vec::new());
        let mut candidates = vec![
            traced("conftest", &[], true, 0, 1),
            compile("alone", 1, 100),
            compile("long", 2, 1000),
            compile("part", 3, 90),
            traced("lib.a", &["part.o"], false, 4, 10),
            traced("app", &["alone.h", "lib.a"], false, 5, 9000),
        ];
        for candidate in &candidates {
            context.makes(&engine, candidate);
        }
        weigh(&engine, &context, &candidates);
        let chains: Vec<u64> = candidates.iter().map(|candidate| candidate.chain_us() / MS).collect();
        assert_eq!(chains, [1, 100, 1000, 9100, 9010, 9000]);
        candidates.sort_by_key(|candidate| rank(candidate));
        let order: Vec<u32> =
            candidates.iter().map(|candidate| candidate.record(|record| record.order)).collect();
        assert_eq!(order, [0, 3, 4, 5, 2, 1]);
    }
}
