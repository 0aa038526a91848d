//! The shim's parts: what stands where the compiler stood, and the words it exchanges with the companion.
