//! Where actions run and results live.
