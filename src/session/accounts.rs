//! A session's accounts as they are at this moment, open or closed.

use super::Session;
use crate::session::counts::Accounts;

impl Session {
    /// What it has come to by now. `launched` is the sum of `useful`, `wasted`, `cancelled` and, while it is open, `pending`.
    pub fn accounts(&self) -> Accounts {
        let closed = self.is_closed();
        let (mut accounts, candidates) = {
            let inner = self.inner();
            (inner.accounts.clone(), inner.candidates.values().cloned().collect::<Vec<_>>())
        };
        for candidate in candidates {
            let (tally, fate) = candidate.account(closed);
            accounts.mispredicted += u64::from(tally.mispredicted);
            if let Some(why) = tally.left_out {
                *accounts.left_out.entry(why).or_default() += 1;
            }
            let Some(fate) = fate else { continue };
            accounts.launch(fate, tally.executed, tally.cpu);
        }
        let spent = self.context.budget.spent();
        accounts.launched_cpu_s = spent.cpu.as_secs_f64();
        accounts.launched_bytes = spent.bytes;
        accounts
    }
}
