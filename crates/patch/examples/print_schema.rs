//! Prints the JSON Schema of patches with the standard nodes.

fn main() {
    let schema = patchline_patch::schema(&patchline_patch::Registry::standard());
    println!("{schema:#}");
}
