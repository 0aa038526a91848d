//! What `specctl` asks of the companion: requests and answers as JSON.

mod ahead;
pub mod contents;
pub mod error;
pub mod explain;
mod lookup;
pub mod past;
pub mod shown;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::digest::{hex, unhex};
use crate::base::variable::Variable;
use crate::grid::records::{Left, Spot};
use crate::serve::request::{Request, is_same_folder};
use crate::session::companion::Companion;
use crate::session::whereabouts::whereabouts;
use crate::session::{Opening, Session, SessionRow};
use crate::settings::Settings;
use error::ControlError;
use lookup::{find, newest, store};

/// How long a closing session, and who wants to know what was learnt, waits for what is still being learnt.
const SETTLE: Duration = Duration::from_secs(10);

/// How long somebody waits for launches at most.
const PATIENCE: Duration = Duration::from_mins(10);

/// How long the answer may take that a build waits for: a session's records may come from a grid and go there.
const A_MOMENT: Duration = Duration::from_mins(1);

/// How long opening a session may wait for its records to be looked at.
const HEAD_START: Duration = Duration::from_millis(250);

/// A request of `specctl`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub enum Control {
    /// Opens a session.
    Open {
        /// Folder the build starts in.
        directory: PathBuf,
        /// Its environment.
        environment: Vec<Variable>,
    },
    /// Launches what is recorded of a folder's element before it is built, and leaves it on the session's grid.
    Ahead {
        /// Folder the build will start in.
        directory: PathBuf,
        /// Its environment.
        environment: Vec<Variable>,
    },
    /// Closes a session of this companion: an earlier one's had the same numbers.
    Close {
        /// What [`Session::ticket`] gave.
        ticket: String,
        /// Whether the build ended well.
        succeeded: bool,
    },
    /// Closes the newest session of an element.
    CloseElement {
        /// `project/element` or `element`.
        element: Option<String>,
        /// Whether the build ended well.
        succeeded: bool,
    },
    /// Waits until what is launched in a session has come to rest.
    Wait {
        /// What [`Session::ticket`] gave; else the newest session of the element.
        ticket: Option<String>,
        /// `project/element` or `element`.
        element: Option<String>,
    },
    /// All elements.
    List,
    /// One element's commands.
    Show {
        /// `project/element` or `element`.
        element: String,
    },
    /// How the commands of an element's last session were served, and why not by launches.
    Why {
        /// `project/element` or `element`.
        element: String,
    },
    /// The sessions that are kept, oldest first, and those that are open.
    Sessions {
        /// Of this element only.
        element: Option<String>,
    },
    /// All that is kept of one session.
    Session {
        /// `project/element` or `element`; else that of the last session.
        element: Option<String>,
        /// `last` or a number.
        session: String,
    },
    /// Has statistics begin anew.
    Zero,
    /// The accounts.
    Stats {
        /// Of this element only.
        element: Option<String>,
        /// Of this session only: `last` or a number.
        session: Option<String>,
    },
    /// How a command would be treated.
    Explain {
        /// The compiler's absolute path.
        compiler: PathBuf,
        /// Its arguments.
        args: Vec<String>,
        /// The working directory.
        directory: PathBuf,
        /// The environment.
        environment: Vec<Variable>,
        /// Whether to show what would go to a server.
        proto: bool,
    },
    /// An element's records as one blob, in base 16.
    Export {
        /// `project/element` or `element`.
        element: String,
    },
    /// Takes a blob in.
    Import {
        /// The blob, in base 16.
        blob: String,
        /// Under this name instead of its own.
        element: Option<String>,
    },
    /// Gives the contents that an element's launches need as a blob, in base 16.
    Pack {
        /// `project/element` or `element`.
        element: String,
    },
    /// Takes such contents in.
    Unpack {
        /// The blob, in base 16.
        blob: String,
    },
    /// Leaves an element's records on the grid that an environment names, where sandboxes look for them.
    Carry {
        /// `project/element` or `element`.
        element: String,
        /// The environment.
        environment: Vec<Variable>,
    },
    /// Removes an element's records, and lets its commands out of quarantine.
    Forget {
        /// `project/element` or `element`.
        element: String,
        /// Only the latter.
        quarantine: bool,
    },
    /// What the companion is.
    Status,
    /// Ends the companion.
    Stop,
}

impl Control {
    /// Whether the compiles that have ended are to be in the answer.
    fn tells_what_was_learnt(&self) -> bool {
        use Control::{Carry, Export, List, Pack, Session, Show, Stats, Why};
        matches!(
            self,
            List | Show { .. }
                | Why { .. }
                | Session { .. }
                | Stats { .. }
                | Export { .. }
                | Pack { .. }
                | Carry { .. }
        )
    }

    /// How long the answer may take at most.
    pub fn patience(&self) -> Duration {
        match self {
            Self::Open { .. } | Self::Close { .. } | Self::Status | Self::List => A_MOMENT,
            _ => PATIENCE + A_MOMENT,
        }
    }
}

/// The answer to `Open`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Opened {
    /// Number of the session.
    pub session: u64,
    /// What `SPEC_CC_SESSION` is to be set to, so that compiles find it.
    pub ticket: String,
    /// `project/element`.
    pub element: String,
    /// Commands that are known.
    pub commands: usize,
}

/// Answers a request.
pub(super) fn answer(companion: &Companion, control: Control) -> Result<Value, ControlError> {
    if control.tells_what_was_learnt() {
        let sessions: Vec<_> = companion.sessions().values().cloned().collect();
        wait_until(|| !sessions.iter().any(|session| session.is_learning()));
    }
    match control {
        Control::Open { directory, environment } => open(companion, &directory, &environment),
        Control::Ahead { directory, environment } => ahead::launch(companion, &directory, &environment),
        Control::Close { ticket, succeeded } => {
            let session = companion.session_of_ticket(&ticket).ok_or(ControlError::NotOpen)?;
            Ok(json!(close(companion, &session, succeeded)))
        }
        Control::CloseElement { element, succeeded } => {
            let session = newest(companion, element.as_deref())?;
            Ok(json!(close(companion, &session, succeeded)))
        }
        Control::Wait { ticket, element } => wait(companion, ticket.as_deref(), element.as_deref()),
        Control::List => shown::list(companion),
        Control::Show { element } => shown::show(companion, &element),
        Control::Why { element } => shown::why(companion, &element),
        Control::Sessions { element } => Ok(json!(past::sessions(companion, element.as_deref())?)),
        Control::Session { element, session } => {
            Ok(json!(past::session(companion, element.as_deref(), &session)?))
        }
        Control::Zero => past::zero(companion),
        Control::Stats { element, session } => past::stats(companion, element.as_deref(), session.as_deref()),
        Control::Explain { compiler, args, directory, mut environment, proto } => {
            // As a shim would tell of it.
            environment.retain(|(name, value)| name != "PWD" || is_same_folder(Path::new(value), &directory));
            let args = args.into_iter().map(Into::into).collect();
            let argv0 = compiler.display().to_string();
            let request =
                Request { compiler, argv0, args, directory, environment, terminal: false, apart: true };
            Ok(explain::explain(companion, &request, proto))
        }
        Control::Export { element } => {
            let key = find(companion, &element)?;
            Ok(json!(hex(&store(companion)?.export(&key)?)))
        }
        Control::Import { blob, element } => {
            let blob = unhex(&blob).ok_or(ControlError::NotBase16)?;
            let key = element.as_deref().map(str::parse).transpose()?;
            Ok(json!(store(companion)?.import(&blob, key)?.to_string()))
        }
        Control::Pack { element } => {
            let element = store(companion)?.load(&find(companion, &element)?)?;
            let cache = &companion.engine.cache;
            Ok(json!(hex(&contents::pack(cache, &contents::needed(&element, cache))?)))
        }
        Control::Unpack { blob } => {
            let blob = unhex(&blob).ok_or(ControlError::NotBase16)?;
            contents::unpack(&companion.engine.cache, &blob).map(|()| Value::Null)
        }
        Control::Carry { element, environment } => carry(companion, &element, &environment),
        Control::Forget { element, quarantine } => {
            let key = find(companion, &element)?;
            let store = store(companion)?;
            if quarantine { store.lift(&key) } else { store.forget(&key) }?;
            companion.quarantine.lift(&companion.engine.cache.bars, &key);
            Ok(json!(key.to_string()))
        }
        Control::Status => Ok(status(companion)),
        Control::Stop => Ok(json!("stopping")),
    }
}

fn open(companion: &Companion, directory: &Path, environment: &[Variable]) -> Result<Value, ControlError> {
    let session = begin(companion, directory, environment, Opening::Person)?;
    let commands = session.inner().candidates.len();
    Ok(json!(Opened {
        session: session.id,
        ticket: session.ticket(),
        element: session.whereabouts.key.to_string(),
        commands
    }))
}

/// A new session for a folder.
fn begin(
    companion: &Companion,
    directory: &Path,
    environment: &[Variable],
    opening: Opening,
) -> Result<Arc<Session>, ControlError> {
    let variables = environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let settings = Settings::read(variables, directory)?;
    companion.warnings.of_settings(&settings);
    let mut place = whereabouts(directory, &settings);
    if settings.get("root").is_none() && crate::bst::build_root(directory).is_none() {
        // Who opens a session by hand stands at the top of the tree.
        directory.clone_into(&mut place.root);
        if settings.get("element").is_none()
            && let Some(name) = directory.file_name()
        {
            place.key.element = name.to_string_lossy().into_owned();
        }
    }
    settings.mode()?;
    let session = companion.open(place, environment, &settings, opening).ok_or(ControlError::FolderName)?;
    // Who opens a session by hand is about to build: a moment now lets the first compiles find their launches.
    let begun = Instant::now();
    while !session.is_looked() && begun.elapsed() < HEAD_START {
        thread::sleep(Duration::from_millis(1));
    }
    Ok(session)
}

fn close(companion: &Companion, session: &Arc<Session>, succeeded: bool) -> SessionRow {
    wait_until(|| !session.is_active());
    let row = companion.close(session, succeeded);
    session.finish_publishing();
    SessionRow { kept_here: session.why_kept_here(), ..row }
}

fn wait_until(done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() && begun.elapsed() < SETTLE {
        thread::sleep(Duration::from_millis(2));
    }
}

fn wait(companion: &Companion, ticket: Option<&str>, element: Option<&str>) -> Result<Value, ControlError> {
    let session = match ticket {
        Some(ticket) => companion.session_of_ticket(ticket).ok_or(ControlError::NotOpen)?,
        None => newest(companion, element)?,
    };
    if !session.wait(PATIENCE) {
        return Err(ControlError::StillUnderWay(PATIENCE));
    }
    Ok(json!(session.whereabouts.key.to_string()))
}

fn carry(companion: &Companion, name: &str, environment: &[Variable]) -> Result<Value, ControlError> {
    let key = find(companion, name)?;
    let variables = environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let settings = Settings::read(variables, Path::new("/"))?;
    let grid = companion.grids.of_records(&settings).ok_or(ControlError::NoGrid)?;
    let (store, cache) = (store(companion)?, &companion.engine.cache);
    let blobs = contents::needed(&store.load(&key)?, cache);
    let merged = grid.merged(&key);
    let left = Left { records: store.export(&key)?, blobs, merged, session: String::new() };
    grid.publish_records(cache, &key, &mut Spot::default(), &left)?;
    Ok(json!(key.to_string()))
}

fn status(companion: &Companion) -> Value {
    let sessions: Vec<Value> = companion
        .sessions()
        .values()
        .map(|session| json!({ "session": session.id, "element": session.whereabouts.key.to_string() }))
        .collect();
    json!({ "pid": std::process::id(), "cache": companion.cache_folder, "sessions": sessions })
}
