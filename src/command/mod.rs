//! Compiler command lines: one table of options, and what is derived from it.
