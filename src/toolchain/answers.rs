//! Answers: what compilers have said, each asked once however many want to know at the same time.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::base::threads;
use crate::toolchain::error::ToolchainError;

/// How often an answer that had changed when it came is asked for again together with others.
const ATTEMPTS: usize = 2;

/// How often who waits is asked whether to go on.
const LOOK: Duration = Duration::from_millis(100);

type Answered<V> = Result<Arc<V>, ToolchainError>;

/// The answers known so far, and the questions that are being asked.
pub(super) struct Answers<K, V> {
    inner: Arc<Inner<K, V>>,
}

struct Inner<K, V> {
    known: Mutex<HashMap<K, Arc<V>>>,
    asked: Mutex<HashMap<K, Arc<Question<V>>>>,
}

/// A question that somebody asks and others wait for.
struct Question<V> {
    answer: Mutex<Option<Answered<V>>>,
    came: Condvar,
}

/// How long an answer is waited for.
pub(super) enum Wait<'w> {
    /// Until it comes; asked by the thread that first wants to know.
    ToTheEnd,
    /// As long as this gives true, which is called at once and every now and then; another thread asks, and goes on with it.
    While(&'w mut dyn FnMut() -> bool),
}

impl<K, V> Default for Answers<K, V> {
    fn default() -> Self {
        Self { inner: Arc::new(Inner { known: Mutex::default(), asked: Mutex::default() }) }
    }
}

impl<K, V> fmt::Debug for Answers<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers").finish_non_exhaustive()
    }
}

impl<K, V> Answers<K, V>
where
    K: Hash + Eq + Clone + Send + 'static,
    V: Send + Sync + 'static,
{
    /// Forgets all answers; what is being asked is not disturbed.
    pub(super) fn clear(&self) {
        self.inner.known.lock().clear();
    }

    /// The answer to `key`, if it `holds`; else what `ask` gives now, to this thread or to another one that wants to know the same.
    /// An error is shared by all that waited for it, and not kept. `None` when it was not waited for to the end.
    pub(super) fn get(
        &self,
        key: &K,
        mut wait: Wait<'_>,
        holds: &mut dyn FnMut(&V) -> bool,
        ask: impl Fn(&K) -> Result<V, ToolchainError> + Clone + Send + 'static,
    ) -> Option<Answered<V>> {
        for _ in 0..ATTEMPTS {
            let known = self.inner.known.lock().get(key).cloned();
            if let Some(known) = known.filter(|known| holds(known)) {
                return Some(Ok(known));
            }
            let question = self.inner.question(key, &wait, &ask);
            match question.wait(&mut wait)? {
                Ok(answer) if !holds(&answer) => {}
                answered => return Some(answered),
            }
        }
        // It changes all the while: what it is for this question alone.
        Some(ask(key).map(Arc::new))
    }
}

impl<K, V> Inner<K, V>
where
    K: Hash + Eq + Clone + Send + 'static,
    V: Send + Sync + 'static,
{
    /// The question as it is being asked; asked now if nobody does.
    fn question(
        self: &Arc<Self>,
        key: &K,
        wait: &Wait<'_>,
        ask: &(impl Fn(&K) -> Result<V, ToolchainError> + Clone + Send + 'static),
    ) -> Arc<Question<V>> {
        let mut asked = self.asked.lock();
        if let Some(question) = asked.get(key) {
            return Arc::clone(question);
        }
        let question = Arc::new(Question::default());
        asked.insert(key.clone(), Arc::clone(&question));
        drop(asked);
        let work = {
            let (inner, question, key, ask) =
                (Arc::clone(self), Arc::clone(&question), key.clone(), ask.clone());
            move || inner.answer(&question, &key, &ask)
        };
        match wait {
            Wait::ToTheEnd => work(),
            Wait::While(_) => {
                if !threads::start(work.clone()) {
                    work();
                }
            }
        }
        question
    }

    fn answer(&self, question: &Question<V>, key: &K, ask: &impl Fn(&K) -> Result<V, ToolchainError>) {
        let answered = ask(key).map(Arc::new);
        if let Ok(answer) = &answered {
            self.known.lock().insert(key.clone(), Arc::clone(answer));
        }
        self.asked.lock().remove(key);
        *question.answer.lock() = Some(answered);
        question.came.notify_all();
    }
}

impl<V> Default for Question<V> {
    fn default() -> Self {
        Self { answer: Mutex::default(), came: Condvar::new() }
    }
}

impl<V> Question<V> {
    /// The answer; `None` when it is not waited for any more.
    fn wait(&self, wait: &mut Wait<'_>) -> Option<Answered<V>> {
        let mut answer = self.answer.lock();
        loop {
            if let Some(answered) = &*answer {
                return Some(answered.clone());
            }
            match wait {
                Wait::ToTheEnd => self.came.wait(&mut answer),
                Wait::While(patient) => {
                    if !patient() {
                        return None;
                    }
                    self.came.wait_for(&mut answer, LOOK);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Barrier, mpsc};
    use std::thread;

    use super::*;

    #[test]
    fn many_that_want_to_know_at_once_ask_once() {
        let answers = Answers::<u32, u32>::default();
        let (asked, together) = (Arc::new(AtomicUsize::new(0)), Barrier::new(8));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let counted = Arc::clone(&asked);
                    together.wait();
                    let answer = answers.get(&7, Wait::ToTheEnd, &mut |_| true, move |key| {
                        counted.fetch_add(1, Ordering::SeqCst);
                        thread::sleep(Duration::from_millis(50));
                        Ok(key + 1)
                    });
                    assert_eq!(answer.and_then(Result::ok).as_deref(), Some(&8));
                });
            }
        });
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn who_does_not_wait_to_the_end_is_told_so_and_the_answer_is_kept() {
        let answers = Answers::<u32, u32>::default();
        let (go, waits) = mpsc::channel::<()>();
        let waits = Arc::new(Mutex::new(waits));
        let ask = move |key: &u32| {
            let _ = waits.lock().recv();
            Ok(key + 1)
        };
        for looks in 0..3 {
            let mut left = looks;
            let mut patient = || {
                left -= 1;
                left >= 0
            };
            let busy = answers.get(&7, Wait::While(&mut patient), &mut |_| true, ask.clone());
            assert!(busy.is_none(), "{busy:?}");
            assert_eq!(left, -1, "it is asked whether to go on");
        }
        go.send(()).expect("somebody asks");
        let answer = answers.get(&7, Wait::ToTheEnd, &mut |_| true, ask.clone());
        assert_eq!(answer.and_then(Result::ok).as_deref(), Some(&8), "nobody was left to ask anew");
    }
}
