//! Edited: an element of 1,000 commands, 50 of whose sources have been edited, on today's files and without a preprocessor.
//!
//! That no process is started is asserted by `tests/rescans.rs`.

use anyhow::{Result, ensure};
use spec_cc::compile::call::Call;
use spec_cc::compile::instance::instantiate;
use spec_cc::compile::reads::Reads;
use spec_cc::compile::site::Context;
use spec_cc::inputs::snapshot::Snapshot;

use crate::element::{PATH, call, engine, read};
use crate::tree::Tree;
use crate::{cpu, print};

const COMMANDS: usize = 1000;
const EDITED: usize = 50;

pub(crate) fn measure() -> Result<()> {
    let dir = tempfile::Builder::new().prefix("spec-cc-bench-").tempdir()?;
    let engine = engine(dir.path());
    let tree = Tree::write(&dir.path().join("tree"), COMMANDS)?;
    std::thread::sleep(std::time::Duration::from_millis(50));
    let mut recorded: Vec<(Call, Reads)> = Vec::with_capacity(COMMANDS);
    for number in 0..COMMANDS {
        let call = call(&tree, number)?;
        let reads = read(&engine, &call, number)?;
        recorded.push((call, reads));
    }
    let instantiate_all = || -> Result<_> {
        let start = cpu()?;
        let mut snapshot = Snapshot::new(&engine.files);
        for (call, reads) in &recorded {
            let instance = instantiate(
                &engine,
                &mut snapshot,
                call,
                reads,
                Context { path: Some(PATH), root: &call.directory, predicted: &[] },
            );
            ensure!(instance.is_ok(), "{}: {instance:?}", call.compile.source);
        }
        Ok(cpu()?.saturating_sub(start))
    };
    let unchanged = instantiate_all()?;
    tree.edit((0..COMMANDS).step_by(COMMANDS / EDITED))?;
    let edited = instantiate_all()?;
    print(&format!("{COMMANDS} commands, nothing edited"), &format!("{unchanged:.0?}"));
    print(&format!("{COMMANDS} commands, {EDITED} sources edited"), &format!("{edited:.0?}"));
    Ok(())
}
