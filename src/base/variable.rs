//! A variable of an environment.

/// A variable's name and its value.
pub type Variable = (String, String);
