//! The client of a grid: any service that speaks the Remote Execution API v2.

mod options;

pub use options::{Endpoint, Endpoints, Retry, Tls};
