//! The proofs, watched by RealtimeSanitizer.

#[global_allocator]
static ALLOCATOR: patchline_guard::CountingAllocator<patchline_proofs::Switch> = patchline_proofs::allocator();

fn main() -> std::process::ExitCode {
    patchline_proofs::main()
}
