//! Reviving: an element's records on the paths and with the compilers of today.

use std::collections::HashMap;
use std::sync::Arc;

use crate::base::paths::{PathId, Paths};
use crate::command::driver::driver;
use crate::command::{Reason, normalise};
use crate::compile::call::Call;
use crate::compile::engine::Engine;
use crate::compile::reads::Reads;
use crate::inputs::shape::Shape;
use crate::inputs::snapshot::Snapshot;
use crate::launch::candidate::Candidate;
use crate::launch::context::SessionContext;
use crate::store::{Element, Given, Record, RecordId, SetId};
use crate::toolchain::{ToolchainError, Toolchains};
use crate::traced::Traced;
use crate::traced::work::Work;

/// Why a record can no longer be treated.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unrevived {
    /// Its arguments name what a tracer does not see.
    #[error("it can no longer be traced")]
    Untraceable,
    /// It was taken for a compile by other rules.
    #[error("its compiler's name is not a compiler's")]
    NoCompiler,
    /// Its compiler is not known.
    #[error(transparent)]
    Toolchain(#[from] ToolchainError),
    /// Its options are bypassed today.
    #[error("{0}")]
    Bypassed(Reason),
}

/// Puts an element's records on today's paths. Records that can no longer be treated are left out.
pub fn revive(
    engine: &Engine,
    element: Element,
    context: &SessionContext,
) -> HashMap<RecordId, Arc<Candidate>> {
    let sorted = Sorted::new(engine.paths(), &element.paths, &context.site.root);
    let sets: HashMap<SetId, Arc<[PathId]>> =
        element.sets.into_iter().map(|(id, numbers)| (id, sorted.set(&numbers))).collect();
    let mut candidates = HashMap::with_capacity(element.records.len());
    let mut snapshot = Snapshot::new(&engine.files);
    for record in element.records {
        let Some(set) = sets.get(&record.set) else { continue };
        let reads = Reads { set: Arc::clone(set), shape: Shape(record.shape) };
        match work(&engine.toolchains, &record, context, &mut snapshot) {
            Ok(work) => {
                let (id, given) = (record.id, given(&record, context));
                let superseded = record.superseded;
                let candidate = Arc::new(Candidate::new(work, record, reads, given));
                if !superseded {
                    context.makes(engine, &candidate);
                }
                candidates.insert(id, candidate);
            }
            Err(why) => tracing::debug!("record of {} not used: {why}", record.source),
        }
    }
    candidates
}

/// The files of its build that a traced command read, on today's paths.
pub(super) fn given(record: &Record, context: &SessionContext) -> Vec<Given> {
    let back = |path: &String| normalise::from_template(path, &context.site.root);
    let given = record.traced.iter().flat_map(|traced| &traced.given);
    given
        .map(|given| Given { path: back(&given.path), real: back(&given.real), content: given.content })
        .collect()
}

pub(super) fn work(
    toolchains: &Toolchains,
    record: &Record,
    context: &SessionContext,
    snapshot: &mut Snapshot<'_>,
) -> Result<Work, Unrevived> {
    if record.traced.is_some() {
        let traced = Traced::from_record(record, &context.site).ok_or(Unrevived::Untraceable)?;
        return Ok(Work::Traced(traced));
    }
    let name = record.compiler.rsplit('/').next().unwrap_or_default();
    let driver = driver(name).ok_or(Unrevived::NoCompiler)?;
    let variable = |name: &str| match name {
        "PATH" => context.site.path().map(Into::into),
        name => {
            let value = record.env.iter().find(|(key, _)| key == name).map(|(_, value)| value);
            value.map(|value| normalise::from_template(value, &context.site.root).into())
        }
    };
    let family = toolchains.family(record.compiler.as_ref(), &variable, snapshot)?;
    Call::from_record(record, family, driver.cplusplus, &context.site)
        .map(|call| Work::Compile(Box::new(call)))
        .map_err(|bypass| Unrevived::Bypassed(bypass.reason))
}

/// An element's paths on today's root, sorted by their texts as a set has to be.
struct Sorted {
    /// The place of each of the element's paths among them.
    places: Vec<u32>,
    ids: Vec<PathId>,
}

impl Sorted {
    fn new(paths: &Paths, names: &[String], root: &str) -> Self {
        let texts: Vec<String> = names.iter().map(|path| normalise::from_template(path, root)).collect();
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_unstable_by_key(|&number| texts.get(number));
        let mut places = vec![0; texts.len()];
        for (place, &number) in order.iter().enumerate() {
            if let Some(slot) = places.get_mut(number) {
                *slot = place as u32;
            }
        }
        let ids = order.into_iter().filter_map(|number| Some(paths.intern(texts.get(number)?))).collect();
        Self { places, ids }
    }

    /// The set of the paths with these numbers.
    fn set(&self, numbers: &[u32]) -> Arc<[PathId]> {
        let places = numbers.iter().filter_map(|&number| self.places.get(number as usize));
        let mut places: Vec<u32> = places.copied().collect();
        places.sort_unstable();
        places.dedup();
        places.into_iter().filter_map(|place| self.ids.get(place as usize).copied()).collect()
    }
}
