//! Why the launch of a command does not serve a compile of it.

use crate::base::digest::Digest;
use crate::base::paths::PathId;
use crate::compile::engine::Engine;
use crate::compile::instance::Unready;
use crate::launch::candidate::Candidate;
use crate::launch::life::Launch;
use crate::launch::miss::{Miss, MissReason};

/// Why the launch of a command does not serve a compile of it that has this key `now`, or that cannot be instantiated.
pub(super) fn unserved(engine: &Engine, candidate: &Candidate, now: Result<Digest, &Unready>) -> Miss {
    let (launch, set) = (candidate.launch(), candidate.reads().set);
    let miss = judge(&launch, now, |path| engine.name(path));
    if !miss.detail.is_empty() || !matches!(miss.why, MissReason::ChangedSet | MissReason::ChangedInput) {
        return miss;
    }
    let changed = set.iter().filter_map(|&path| Some((engine.files.stat(path).ok()?.changed_ns(), path)));
    miss.why.of(changed.max_by_key(|(when, _)| *when).map_or_else(String::new, |(_, path)| engine.name(path)))
}

fn judge(launch: &Launch, now: Result<Digest, &Unready>, name: impl Fn(PathId) -> String) -> Miss {
    let done = match launch {
        Launch::Not(why) => return why.clone(),
        Launch::Failed(why) => return MissReason::Failed.of(why),
        Launch::Unseen | Launch::Queued | Launch::Running(_) => return MissReason::NotLookedAt.into(),
        Launch::Pending(path) => return MissReason::LateInput.of(name(*path)),
        Launch::Ready(key, _) | Launch::Held(key) => key,
    };
    match now {
        Err(Unready::Refused(why) | Unready::Untold(why) | Unready::Absent(_, why)) => {
            MissReason::Refused.of(why)
        }
        Err(Unready::Missing(path)) => MissReason::ChangedSet.of(format!("{} has gone", name(*path))),
        Err(Unready::Changed) => MissReason::ChangedSet.into(),
        Ok(now) if now == *done => MissReason::Evicted.into(),
        Ok(_) => MissReason::ChangedInput.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::paths::Paths;
    use crate::cache::outcome::Outcome;

    #[test]
    fn a_launch_that_is_ready_and_serves_nothing_was_overtaken() {
        let paths = Paths::default();
        let say = |launch: &Launch, now: Result<Digest, &Unready>| {
            judge(launch, now, |path| paths.get(path).as_str().to_owned()).to_string()
        };
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        let ready = Launch::Ready(one, Outcome::default());
        assert_eq!(say(&ready, Ok(one)), "its result had been removed from the cache");
        assert_eq!(say(&ready, Ok(other)), "an input changed after it was launched");
        let gone = Unready::Missing(paths.intern("/b/old.h"));
        assert_eq!(
            say(&Launch::Held(one), Err(&gone)),
            "its includes or directives changed after it was launched: /b/old.h has gone"
        );
        assert_eq!(say(&Launch::Failed("no view".into()), Ok(one)), "its launch failed: no view");
    }
}
