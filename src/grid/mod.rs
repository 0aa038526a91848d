//! A session's grid: looking results up, having commands executed, uploading results and records for others.
//! See `docs/rooms/grid.md`.

pub mod complaints;
pub mod depfile;
pub mod entry;
pub mod fitness;
pub mod moment;
pub mod places;
pub mod provenance;
pub mod publish;
pub mod publish_compile;
pub mod records;
pub mod remote_actions;
pub mod result;
pub mod settings;
pub mod traced;
pub mod traced_run;
pub mod unobtainable;
pub mod unusable;
pub mod upload;
pub mod upload_batch;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use bytes::Bytes;

use crate::action::Folders;
use crate::base::digest::Digest;
use crate::cache::outcome::Outcome;
use crate::compile::engine::Engine;
use crate::compile::job::Job;
use crate::grid::result::digest_of;
use crate::grid::unobtainable::Unobtainable;
use crate::grid::unusable::Unusable;
use crate::inputs::links::{Links, LinksNow};
use crate::reapi::{Cancel, Client, Execute, GridError, Heard};
use crate::settings::Policy;
use complaints::Complaints;
use fitness::Fitness;
use provenance::Provenance;
use remote_actions::{ActionIds, RemoteActions};
use settings::GridSettings;
use upload::Uploads;
use upload_batch::{Needs, UploadBatch};

/// A client with what a session's settings make of it.
pub struct Grid {
    client: Arc<Client>,
    settings: GridSettings,
    uploads: Uploads,
    complaints: Arc<Complaints>,
    links: Links,
    folders: Folders,
    records: records::Known,
    /// Whether a worker has been seen to run commands in another folder than their own.
    works_elsewhere: AtomicBool,
    fitness: Fitness,
}

impl Grid {
    /// A grid behind `client`.
    pub fn new(client: Arc<Client>, settings: GridSettings) -> Self {
        let complaints = Arc::<Complaints>::default();
        Self {
            uploads: Uploads::new(Arc::clone(&client), Arc::clone(&complaints)),
            client,
            settings,
            complaints,
            links: Links::default(),
            folders: Folders::default(),
            records: records::Known::default(),
            works_elsewhere: AtomicBool::new(false),
            fitness: Fitness::default(),
        }
    }

    /// Tells in the log why the command on `source` is run here, as a warning if that is news.
    pub fn complain(&self, source: &str, error: &Unobtainable) {
        self.tell(&format!("{source} is compiled here"), error);
    }

    /// Tells in the log of an error that has `what` as its consequence, as a warning if that is news.
    pub fn tell(&self, what: &str, error: &Unobtainable) {
        self.complaints.tell(what, error);
    }

    /// What the session wants of it.
    pub fn settings(&self) -> &GridSettings {
        &self.settings
    }

    /// Whether it may run on this machine's own cores.
    pub fn is_near(&self) -> bool {
        let near = |url: &str| {
            url.starts_with("unix:")
                || ["//127.", "//localhost", "//[::1]"].iter().any(|host| url.contains(host))
        };
        self.settings.endpoints.execution.as_ref().is_some_and(|server| near(&server.url))
    }

    /// What to do about a job whose result is not there: what the settings say, if the server does that.
    ///
    /// Nobody could vouch for a link that an unknown linker has made; nor, once a worker is seen to work in a folder of its
    /// own, for an object that names where it was made. What has an absolute name a worker without a root of its own would
    /// write right there.
    pub fn policy(&self, job: &Job<'_>, actions: &RemoteActions) -> Policy {
        let policy = self.settings.policy(job.link);
        let unknown = job.link && !actions.is_pinned()
            || self.works_elsewhere.load(Ordering::Relaxed) && provenance::tells_directory(job);
        let outside = job.outputs.iter().any(|output| output.path.starts_with('/'));
        if unknown
            || outside
            || policy != Policy::CacheOnly && !self.client.offer().is_ok_and(|offer| offer.execute)
        {
            return Policy::CacheOnly;
        }
        policy
    }

    /// The job as it goes to the server.
    pub fn actions(&self, job: &Job<'_>) -> Result<RemoteActions, Unobtainable> {
        self.actions_at(job, &self.links())
    }

    /// The same, with links as they are at a moment.
    pub(super) fn actions_at(
        &self,
        job: &Job<'_>,
        links: &LinksNow<'_>,
    ) -> Result<RemoteActions, Unobtainable> {
        Ok(remote_actions::actions(job, &self.settings.layout, links, &self.folders)?)
    }

    /// Links as they are now.
    pub(super) fn links(&self) -> LinksNow<'_> {
        self.links.now()
    }

    /// The job's result, if the grid has one that may be used: then it is in the local cache afterwards.
    pub fn find(
        &self,
        engine: &Engine,
        job: &Job<'_>,
        actions: &RemoteActions,
    ) -> Result<Option<Outcome>, Unobtainable> {
        let ids = actions.ids();
        match self.look_up(&[&ids]).pop() {
            Some(found) => match found? {
                Some(result) => self.take_found(engine, job, &ids, &result),
                None => Ok(None),
            },
            None => Ok(None),
        }
    }

    /// What the grid has under recc's actions, in their order. Nothing is taken over yet.
    pub(super) fn look_up(
        &self,
        all_ids: &[&ActionIds],
    ) -> Vec<Result<Option<reapi::ActionResult>, GridError>> {
        if self.settings.skip_cache {
            return all_ids.iter().map(|_| Ok(None)).collect();
        }
        let wanted = all_ids.iter().map(|ids| (ids.asked.action.0, ids.asked.outputs.as_slice()));
        self.client.results(&wanted.collect::<Vec<_>>())
    }

    /// Takes over a result that was found, if it may be used.
    pub(super) fn take_found(
        &self,
        engine: &Engine,
        job: &Job<'_>,
        ids: &ActionIds,
        result: &reapi::ActionResult,
    ) -> Result<Option<Outcome>, Unobtainable> {
        if result.exit_code != 0 {
            tracing::debug!("{} failed when it was run elsewhere: it is run again", job.name());
            return Ok(None);
        }
        let outcome = provenance::before(job, ids, result)
            .map_err(Unobtainable::from)
            .and_then(|by| self.receive(engine, job, &ids.asked.outputs, result, by));
        match outcome {
            Ok(outcome) => Ok(Some(outcome)),
            // What others left, or what has lost its blobs meanwhile, is no reason to fail: the command is run.
            Err(error) if error.is_of_result() => {
                self.complaints
                    .tell(&format!("the result of {} on the grid is not used", job.name()), &error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Has the grid run the job because a build waits: with a status of 0 its outputs are here, else its compiler refused the source.
    /// `cancel` ends that from another thread.
    pub fn execute(
        &self,
        engine: &Engine,
        job: &Job<'_>,
        actions: &RemoteActions,
        cancel: &Cancel,
    ) -> Result<Outcome, Unobtainable> {
        let built = actions.executable();
        let ids = actions.ids();
        let how = self.how(&ids, false);
        self.send(engine, job, actions)?;
        let executed = match self.client.execute(&built.action.0, &how, cancel) {
            // What was found to be there a moment ago has gone.
            Err(error) if !error.missing_blobs().is_empty() => {
                self.send(engine, job, actions)?;
                self.client.execute(&built.action.0, &how, cancel)?
            }
            other => other?,
        };
        self.take_executed(engine, job, &ids, actions.further_messages(), &executed.result)
    }

    /// How an action is to be executed, `ahead` of the build or because it waits.
    pub(super) fn how(&self, ids: &ActionIds, ahead: bool) -> Execute {
        Execute {
            skip_cache: self.settings.skip_cache,
            priority: if ahead { self.priority() } else { 0 },
            inline: ids.executable.outputs.clone(),
        }
    }

    /// The priority of launches, as far as the server takes it.
    fn priority(&self) -> i32 {
        let wanted = self.settings.priority;
        self.client.offer().map_or(wanted, |offer| offer.priority(wanted))
    }

    /// Takes over what a worker has made of a job, as [`Grid::execute`] says, and leaves it for others; `further` messages go with it.
    pub(super) fn take_executed(
        &self,
        engine: &Engine,
        job: &Job<'_>,
        ids: &ActionIds,
        further: &[(Digest, Bytes)],
        result: &reapi::ActionResult,
    ) -> Result<Outcome, Unobtainable> {
        if result.exit_code != 0 {
            return self.failure(result);
        }
        let outcome = self.receive(engine, job, &ids.executable.outputs, result, Provenance::Worker)?;
        if self.settings.uploads() {
            self.queue(engine, (job, ids), further, &outcome);
        }
        Ok(outcome)
    }

    fn send(&self, engine: &Engine, job: &Job<'_>, actions: &RemoteActions) -> Result<(), GridError> {
        let mut batch = UploadBatch::default();
        let needs = batch.add(engine, job, actions.executable().clone());
        self.ship(&batch, std::iter::once(&needs)).map(drop)
    }

    /// Sends what the server lacks of what some actions need; says how many bytes that was.
    pub(super) fn ship<'a>(
        &self,
        batch: &UploadBatch,
        needs: impl Iterator<Item = &'a Needs>,
    ) -> Result<u64, GridError> {
        self.client.upload(&batch.blobs(needs))
    }

    /// Fetches the outputs of results ahead of [`Grid::take_found`], all together. What fails here is fetched there.
    pub(super) fn fetch<'a>(&self, engine: &Engine, results: impl Iterator<Item = &'a reapi::ActionResult>) {
        let files = results.filter(|result| result.exit_code == 0).flat_map(|result| &result.output_files);
        let lacking = files.filter(|file| file.contents.is_empty());
        let wanted: Vec<Digest> = lacking.filter_map(|file| digest_of(file.digest.as_ref())).collect();
        if !wanted.is_empty()
            && let Err(error) = self.client.download(&wanted, &engine.cache.blobs)
        {
            tracing::debug!("outputs are fetched one by one: {error}");
        }
    }

    /// Blocks the thread while `future` is under way, which may use [`Grid::attend`].
    pub(super) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.client.wait(future)
    }

    /// Has the grid run a launch whose batch it has; `tell` hears how far it has come.
    pub(super) async fn attend(
        &self,
        ids: &ActionIds,
        cancel: &Cancel,
        tell: &dyn Fn(Heard),
    ) -> Result<reapi::ActionResult, GridError> {
        let how = self.how(ids, true);
        self.client.attend(&ids.executable.action.0, &how, cancel, tell).await.map(|executed| executed.result)
    }

    /// Takes a result over into the local cache, under the job's own keys.
    fn receive(
        &self,
        engine: &Engine,
        job: &Job<'_>,
        named: &[String],
        result: &reapi::ActionResult,
        by: Provenance,
    ) -> Result<Outcome, Unobtainable> {
        let mut outcome = result::to_outcome(job, named, result)?;
        if let (true, Some(digest)) = (result.stderr_raw.is_empty(), digest_of(result.stderr_digest.as_ref()))
        {
            outcome.stderr = self.client.read(&digest)?;
        }
        if by == Provenance::Stranger {
            depfile::drop_from(job, &mut outcome);
        }
        // What came along needs no trip of its own. A blob goes by the digest of its bytes, whatever the server says.
        for file in result.output_files.iter().filter(|file| !file.contents.is_empty()) {
            engine.cache.blobs.put_bytes(&file.contents).map_err(Unusable::from)?;
        }
        let wanted: Vec<Digest> = outcome.files.iter().map(|file| file.digest).collect();
        self.client.download(&wanted, &engine.cache.blobs)?;
        if by != Provenance::Ourselves {
            provenance::after(engine, job, &outcome).inspect_err(|why| {
                if by == Provenance::Worker && matches!(why, Unusable::Elsewhere) {
                    self.works_elsewhere.store(true, Ordering::Relaxed);
                }
            })?;
        }
        if by == Provenance::Stranger {
            depfile::renew(engine, job, &mut outcome)?;
        }
        job.keys.store(&engine.cache, &outcome).map_err(Unusable::from)?;
        Ok(outcome)
    }

    /// A failure that the compiler itself explains is the source's; any other may be the grid's.
    fn failure(&self, result: &reapi::ActionResult) -> Result<Outcome, Unobtainable> {
        let text = |raw: &[u8], digest: Option<&reapi::Digest>| match digest_of(digest) {
            Some(digest) if raw.is_empty() => self.client.read(&digest),
            _ => Ok(raw.to_vec()),
        };
        let stderr = text(&result.stderr_raw, result.stderr_digest.as_ref())?;
        let stdout = text(&result.stdout_raw, result.stdout_digest.as_ref())?;
        match u8::try_from(result.exit_code) {
            Ok(status @ 1) if provenance::is_diagnosis(&stderr) => {
                Ok(Outcome { files: Vec::new(), stdout, stderr, status })
            }
            _ => {
                let said = String::from_utf8_lossy(&stderr);
                let said = said.lines().next().unwrap_or("it said nothing").to_owned();
                Err(Unusable::Failed { status: result.exit_code, said }.into())
            }
        }
    }
}
