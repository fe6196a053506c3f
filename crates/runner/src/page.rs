//! The page that `--ui` serves to browsers: one file, which asks for nothing but the WebSocket of its own port.

use std::sync::{Arc, LazyLock};

static PAGE: LazyLock<Arc<str>> = LazyLock::new(|| {
    let page = include_str!("page/page.html");
    let style = include_str!("page/style.css");
    let script = include_str!("page/script.js");
    page.replace("@STYLE@", style.trim_end()).replace("@SCRIPT@", script.trim_end()).into()
});

/// The page, whole.
pub(crate) fn page() -> Arc<str> {
    Arc::clone(&PAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_asks_for_nothing_from_elsewhere() {
        let page = page();
        assert!(!page.contains("@STYLE@") && !page.contains("@SCRIPT@"));
        for foreign in ["https:", "src=", "@import", "url(http", "fetch(", "XMLHttpRequest", "eval("] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        // The name of a kind of element, and nothing that is fetched.
        assert!(!page.replace("http://www.w3.org/2000/svg", "").contains("http:"));
    }
}
