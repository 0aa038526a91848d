//! Candidates against a reference: whatever is done to one, in whatever order and by whom, comes to what a table says.

use std::sync::{Barrier, OnceLock};
use std::thread;

use proptest::prelude::*;
use proptest::test_runner::Config;

use super::*;
use crate::base::digest::Digest;
use crate::cache::outcome::Outcome;
use crate::command::Scratch;
use crate::inputs::shape::Shape;
use crate::launch::miss::MissReason;
use crate::reapi::Cancel;
use crate::traced::Traced;

/// One of a command that reads nothing, with this record.
pub(in crate::launch) fn of_record(record: Record) -> Candidate {
    let traced = Traced {
        program: "/usr/bin/gcc".into(),
        argv: vec!["gcc".into()],
        environment: Vec::new(),
        directory: "/r".into(),
        output: None,
        operands: Vec::new(),
        probe: false,
        scratch: Scratch::default(),
    };
    let reads = Reads { set: Arc::new([]), shape: Shape::UNKNOWN };
    Candidate::new(Work::Traced(traced), record, reads, Vec::new())
}

fn candidate() -> Candidate {
    of_record(Record::default())
}

/// One for all tests: it is asked for names of paths alone.
fn engine() -> &'static Engine {
    static ENGINE: OnceLock<(tempfile::TempDir, Engine)> = OnceLock::new();
    let (_, engine) = ENGINE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let engine = Engine::new(folder.path(), 0);
        (folder, engine)
    });
    engine
}

/// A state without what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Unseen,
    Not,
    Pending,
    Held,
    Queued,
    Running,
    Ready,
    Failed,
}

fn name(launch: &Launch) -> Name {
    match launch {
        Launch::Unseen => Name::Unseen,
        Launch::Not(_) => Name::Not,
        Launch::Pending(_) => Name::Pending,
        Launch::Held(_) => Name::Held,
        Launch::Queued => Name::Queued,
        Launch::Running(_) => Name::Running,
        Launch::Ready(..) => Name::Ready,
        Launch::Failed(_) => Name::Failed,
    }
}

/// What anybody may do to a candidate. Who acts for a launch does so in the round that he had last.
#[derive(Debug, Clone, Copy)]
enum Step {
    Look,
    ClaimNow,
    Decide(End),
    Issue,
    Claim,
    RunBy,
    Requeue,
    End(End),
    Cancel,
    /// Gives up the launch that he has seen.
    GiveUp,
    Overtake,
    /// The build asks for another key than that of the launch.
    Invalidate,
    Quarantine,
    /// The session ends.
    Close,
}

#[derive(Debug, Clone, Copy)]
enum End {
    Ready,
    Held,
    Wait,
    Not,
    LeaveOut,
    Failed,
}

fn step() -> impl Strategy<Value = Step> {
    let end =
        || prop::sample::select(vec![End::Ready, End::Held, End::Wait, End::Not, End::LeaveOut, End::Failed]);
    prop_oneof![
        4 => Just(Step::Look),
        2 => Just(Step::ClaimNow),
        1 => end().prop_map(Step::Decide),
        4 => Just(Step::Issue),
        4 => Just(Step::Claim),
        2 => Just(Step::RunBy),
        2 => Just(Step::Requeue),
        2 => end().prop_map(Step::End),
        1 => Just(Step::Cancel),
        2 => Just(Step::GiveUp),
        2 => Just(Step::Overtake),
        1 => Just(Step::Invalidate),
        1 => Just(Step::Quarantine),
        1 => Just(Step::Close),
    ]
}

/// Somebody who acts: a thread of the launcher's, or of the build's.
struct Actor<R> {
    round: R,
}

fn decision(end: End, paths: &Engine) -> Decision {
    let digest = Digest::of(b"action");
    match end {
        End::Ready => Decision::Ready(digest, Outcome::default()),
        End::Held => Decision::Held(digest),
        End::Wait => Decision::Wait(paths.paths().intern("/r/config.h")),
        End::Not => Decision::Not(MissReason::UpToDate.into()),
        End::LeaveOut => Decision::LeaveOut(MissReason::KeptBeingWasted.into()),
        End::Failed => Decision::Failed("it failed".into()),
    }
}

impl Actor<Round> {
    fn new(candidate: &Candidate) -> Self {
        Self { round: candidate.round() }
    }

    /// Does a step; whether it had an effect.
    fn act(&mut self, candidate: &Candidate, engine: &Engine, step: Step) -> bool {
        let round = self.round;
        let mut take = |found: Option<Round>| found.map(|found| self.round = found).is_some();
        match step {
            Step::Look => take(candidate.look()),
            Step::ClaimNow => take(candidate.claim_now()),
            Step::Decide(end) => candidate.decide(round, decision(end, engine)),
            Step::Issue => candidate.issue(round, Some(CacheKey::undivided(Digest::of(b"launched")))),
            Step::Claim => candidate.claim(round),
            Step::RunBy => candidate.run_by(round, Runner::Grid(Cancel::new())),
            Step::Requeue => candidate.requeue(round, false),
            Step::End(end) => candidate.end(round, decision(end, engine)),
            Step::Cancel => candidate.cancel(round),
            Step::GiveUp => candidate.give_up(round),
            Step::Overtake => candidate.mark_overtaken(engine, None),
            Step::Invalidate => candidate.invalidate(&CacheKey::undivided(Digest::of(b"other"))),
            Step::Quarantine => {
                candidate.quarantine();
                true
            }
            Step::Close => {
                candidate.close();
                true
            }
        }
    }
}

/// The reference: a state, a number, and what counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Model {
    state: Name,
    round: u32,
    closed: bool,
    launched: bool,
    cancelled: bool,
    mispredicted: bool,
    left_out: bool,
}

impl Model {
    const NEW: Self = Self {
        state: Name::Unseen,
        round: 0,
        closed: false,
        launched: false,
        cancelled: false,
        mispredicted: false,
        left_out: false,
    };

    fn act(&mut self, actor: &mut Actor<u32>, step: Step) -> bool {
        let current = actor.round == self.round;
        let open = matches!(self.state, Name::Unseen | Name::Pending);
        let running = self.state == Name::Running;
        let may = match step {
            Step::Look => open && !self.closed,
            Step::Overtake => open,
            Step::ClaimNow => self.state == Name::Queued,
            Step::Decide(_) => current && open,
            Step::Issue => current && open && !self.closed,
            Step::Claim => current && self.state == Name::Queued,
            Step::RunBy | Step::Requeue => current && running && !self.closed,
            Step::End(_) | Step::Cancel => current && running,
            Step::GiveUp => current,
            Step::Invalidate => running,
            Step::Quarantine | Step::Close => true,
        };
        if may {
            self.follow(actor, step);
        } else if matches!(step, Step::Requeue) && current && running {
            (self.state, self.cancelled) = (Name::Failed, true);
        }
        may
    }

    fn follow(&mut self, actor: &mut Actor<u32>, step: Step) {
        match step {
            Step::Look => actor.round = self.round,
            Step::RunBy => {}
            Step::ClaimNow | Step::Claim => {
                actor.round = self.round;
                self.state = Name::Running;
            }
            Step::Decide(end) => {
                self.launched |= matches!(end, End::Ready);
                self.come_to(end);
            }
            Step::Issue => {
                (self.state, self.launched) = (Name::Queued, true);
                (self.cancelled, self.left_out) = (false, false);
            }
            Step::Requeue => self.state = Name::Queued,
            Step::End(end) => {
                self.launched &= matches!(end, End::Ready | End::Failed);
                self.come_to(end);
            }
            Step::Cancel => (self.state, self.cancelled) = (Name::Failed, true),
            Step::GiveUp => {
                self.mispredicted |= self.launched;
                self.end_round(Name::Unseen);
            }
            Step::Overtake | Step::Invalidate => self.end_round(Name::Not),
            Step::Quarantine => {
                self.left_out |= !self.launched;
                self.end_round(Name::Not);
            }
            Step::Close => {
                self.closed = true;
                match self.state {
                    Name::Queued => self.end_round(Name::Failed),
                    Name::Running => self.cancelled = true,
                    _ => {}
                }
            }
        }
    }

    fn come_to(&mut self, end: End) {
        self.state = match end {
            End::Ready => Name::Ready,
            End::Held => Name::Held,
            End::Wait => Name::Pending,
            End::Not | End::LeaveOut => Name::Not,
            End::Failed => Name::Failed,
        };
        if matches!(end, End::LeaveOut) {
            (self.launched, self.left_out) = (false, true);
        }
    }

    fn end_round(&mut self, to: Name) {
        self.cancelled |= matches!(self.state, Name::Queued | Name::Running);
        self.state = to;
        self.round += 1;
    }

    /// Whether a candidate is at this, the numbers of rounds aside.
    fn is(&self, candidate: &Candidate) -> bool {
        let tally = candidate.tally();
        let counts = (tally.launched, tally.cancelled, tally.mispredicted, tally.left_out.is_some());
        name(&candidate.launch()) == self.state
            && counts == (self.launched, self.cancelled, self.mispredicted, self.left_out)
    }
}

/// Whether the reference could have given each thread what it was given, and end so, in some order of their steps.
fn explains(model: Model, rounds: &[u32], left: &[&[(Step, bool)]], candidate: &Candidate) -> bool {
    if left.iter().all(|steps| steps.is_empty()) {
        return model.is(candidate);
    }
    (0..left.len()).any(|thread| {
        let Some(((step, did), rest)) = left[thread].split_first() else { return false };
        let (mut model, mut rounds, mut left) = (model, rounds.to_vec(), left.to_vec());
        let mut actor = Actor { round: rounds[thread] };
        let would = model.act(&mut actor, *step);
        (rounds[thread], left[thread]) = (actor.round, rest);
        would == *did && explains(model, &rounds, &left, candidate)
    })
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn one_after_the_other(steps in prop::collection::vec((0..3_usize, step()), 0..60)) {
        let engine = engine();
        let candidate = candidate();
        let mut model = Model::NEW;
        let mut actors: Vec<_> = (0..3).map(|_| (Actor::new(&candidate), Actor { round: 0 })).collect();
        for (number, (who, step)) in steps.into_iter().enumerate() {
            let (actor, twin) = &mut actors[who];
            let did = actor.act(&candidate, engine, step);
            prop_assert_eq!(did, model.act(twin, step), "step {}: {:?}", number, step);
            prop_assert!(model.is(&candidate), "step {}: {:?}: {:?} is not {:?}", number, step, candidate, model);
        }
    }

    #[test]
    fn beside_one_another(programs in prop::collection::vec(prop::collection::vec(step(), 1..6), 2..4)) {
        let engine = engine();
        let candidate = candidate();
        let all_there = Barrier::new(programs.len());
        let did: Vec<Vec<(Step, bool)>> = thread::scope(|scope| {
            let run = |program: &Vec<Step>| {
                let mut actor = Actor::new(&candidate);
                all_there.wait();
                program.iter().map(|&step| (step, actor.act(&candidate, engine, step))).collect()
            };
            let threads: Vec<_> = programs.iter().map(|program| scope.spawn(move || run(program))).collect();
            threads.into_iter().map(|thread| thread.join().expect("it ends")).collect()
        });
        let left: Vec<_> = did.iter().map(Vec::as_slice).collect();
        let explained = explains(Model::NEW, &vec![0; left.len()], &left, &candidate);
        prop_assert!(explained, "no order gives {:?} and {:?}", did, candidate);
    }
}

#[test]
fn what_the_build_overtakes_during_a_look_is_not_issued() {
    let engine = engine();
    let candidate = candidate();
    let round = candidate.look().expect("nobody has looked at it");
    assert!(candidate.mark_overtaken(engine, None));
    assert!(!candidate.issue(round, None), "the build runs it already");
    assert_eq!(name(&candidate.launch()), Name::Not);
    assert!(!candidate.tally().launched && candidate.claim_now().is_none());
}

#[test]
fn a_session_that_has_ended_leaves_nothing_queued() {
    let (looked, queued, running) = (candidate(), candidate(), candidate());
    let rounds = [&looked, &queued, &running].map(|one| one.look().expect("nobody has looked at it"));
    assert!(queued.issue(rounds[1], None) && running.issue(rounds[2], None) && running.claim(rounds[2]));
    for one in [&looked, &queued, &running] {
        one.close();
    }
    assert!(!looked.issue(rounds[0], None), "its look has lasted longer than the session");
    assert!(!queued.claim(rounds[1]) && queued.claim_now().is_none());
    let cancel = Runner::Grid(Cancel::new());
    assert!(!running.run_by(rounds[2], cancel), "who runs it is to stop");
    assert!(!running.requeue(rounds[2], true) && !running.is_in_flight());
    assert!(queued.tally().cancelled && running.tally().cancelled && !looked.tally().launched);
}

#[test]
fn a_launch_is_issued_once_though_two_have_looked() {
    let candidate = candidate();
    let rounds = [candidate.look(), candidate.look()].map(|round| round.expect("nobody has issued it"));
    assert!(candidate.issue(rounds[0], None));
    assert!(candidate.claim(rounds[0]));
    assert!(!candidate.issue(rounds[1], None), "it runs");
    assert_eq!(name(&candidate.launch()), Name::Running);
}

#[test]
fn who_runs_what_is_given_up_is_stopped_and_has_no_say() {
    let candidate = candidate();
    let round = candidate.look().expect("nobody has looked at it");
    assert!(candidate.issue(round, None) && candidate.claim(round));
    let cancel = Cancel::new();
    assert!(candidate.run_by(round, Runner::Grid(cancel.clone())));
    assert!(candidate.give_up(round) && cancel.is_fired());
    assert!(!candidate.end(round, Decision::Failed("too late".into())));
    assert!(!candidate.learn(round, candidate.reads()));
    assert_eq!(name(&candidate.launch()), Name::Unseen);
}

#[test]
fn what_a_run_has_read_otherwise_is_kept() {
    let engine = engine();
    let candidate = candidate();
    let round = candidate.look().expect("nobody has looked at it");
    assert!(candidate.issue(round, None) && candidate.claim(round));
    assert!(candidate.learn_run(round, candidate.reads(), Duration::ZERO, Duration::ZERO));
    assert!(candidate.rescanned().is_none(), "it has read the same");
    let reads = Reads { set: Arc::new([engine.paths().intern("/r/new.h")]), shape: Shape::UNKNOWN };
    assert!(candidate.learn_run(round, reads.clone(), Duration::ZERO, Duration::ZERO));
    assert_eq!(candidate.rescanned().map(|(_, reads)| reads), Some(reads));
}

#[test]
fn who_waits_goes_on_when_the_launch_has_ended() {
    let engine = engine();
    let candidate = candidate();
    let round = candidate.look().expect("nobody has looked at it");
    assert!(candidate.issue(round, None) && candidate.claim(round));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| candidate.wait(&mut || true));
        assert!(candidate.end(round, decision(End::Ready, engine)));
        assert!(waiting.join().expect("it ends"));
    });
}
