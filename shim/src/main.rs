//! `spec-cc`: runs the compiler through spec-cc.
//!
//! Without std: alone it would put a static program past a megabyte. A test build has std and nothing to run.
#![cfg_attr(not(test), no_std, no_main)]

#[cfg(not(test))]
mod bare;

use spec_cc_shim::identity::Note;

#[used]
#[unsafe(link_section = ".note.spec-cc")]
static NOTE: Note = Note::OURS;
