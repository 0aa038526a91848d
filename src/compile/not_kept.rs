//! Why a result is not kept.

/// Why a command's result, or the command itself, is not kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotKept {
    /// Something that was read cannot be accounted for, so that it cannot even be recorded.
    #[error("{0}")]
    Unaccountable(String),
    /// An input, or what would be one now, was written since the compiler began.
    #[error("{0} changed while it was compiled")]
    Changed(String),
    /// The result depends on more than the inputs.
    #[error("{0}")]
    Hazard(String),
    /// The outputs could not be stored.
    #[error("{0}")]
    Outputs(String),
}
