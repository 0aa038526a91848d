//! What is understood of a command line, and what real compilers leave behind.
