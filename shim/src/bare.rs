//! What std would have given: the way in, the allocator, the end of a panic. All of it that a static program needs.

use core::alloc::{GlobalAlloc, Layout};
use core::ffi::{c_char, c_int};
use core::panic::PanicInfo;
use spec_cc_shim::{shim, sys};

#[global_allocator]
static ALLOCATOR: Malloc = Malloc;

/// The C library's allocator. Nothing here asks for more than its alignment.
struct Malloc;

// SAFETY: malloc aligns for every type this program has; a layout beyond that is refused, not misplaced.
unsafe impl GlobalAlloc for Malloc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > align_of::<libc::max_align_t>() {
            return core::ptr::null_mut();
        }
        // SAFETY: any size may be asked for.
        unsafe { libc::malloc(layout.size()).cast() }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, _layout: Layout) {
        // SAFETY: the pointer came from `alloc` or `realloc`.
        unsafe { libc::free(pointer.cast()) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, _layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the pointer came from `alloc` or `realloc`, with an alignment that malloc gives.
        unsafe { libc::realloc(pointer.cast(), size).cast() }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.align() > align_of::<libc::max_align_t>() {
            return core::ptr::null_mut();
        }
        // SAFETY: any size may be asked for.
        unsafe { libc::calloc(1, layout.size()).cast() }
    }
}

/// The C library's way in. Returns the exit status.
///
/// # Safety
/// Called once, with the arguments as the kernel laid them out.
#[unsafe(no_mangle)]
unsafe extern "C" fn main(_count: c_int, arguments: *const *const c_char) -> c_int {
    // SAFETY: the caller's promise.
    let arguments = unsafe { sys::process::arguments(arguments) };
    shim::main(&arguments)
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: aborting is always allowed.
    unsafe { libc::abort() }
}

/// The standard library's parts were compiled for unwinding and name this; panics abort, so that it is never called.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
