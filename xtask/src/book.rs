//! The documentation as a book, by mdBook.

use mdbook_driver::MDBook;
use mdbook_preprocessor::book::{Book, BookItem};
use mdbook_preprocessor::errors::Result;
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

/// Where a reader of the book finds what lies outside of it.
const REPOSITORY: &str = "https://github.com/patchline/patchline/blob/main/";

/// Builds it into `target/book`.
///
/// # Errors
/// What mdBook says; the pages of `docs` that are in no chapter.
pub(crate) fn build() -> std::result::Result<(), String> {
    let failed = |error: mdbook_preprocessor::errors::Error| format!("{error:#}");
    let mut book = MDBook::load(crate::root()).map_err(failed)?;
    let missing = missing(&book.book)?;
    if !missing.is_empty() {
        return Err(format!("docs/SUMMARY.md does not have {}", missing.join(", ")));
    }
    book.with_preprocessor(Outside);
    book.build().map_err(failed)?;
    println!("{}", crate::root().join("target/book/index.html").display());
    Ok(())
}

/// The pages that no chapter is.
fn missing(book: &Book) -> std::result::Result<Vec<String>, String> {
    let chapters: Vec<_> = book
        .iter()
        .filter_map(|item| match item {
            BookItem::Chapter(chapter) => chapter.source_path.clone(),
            _ => None,
        })
        .collect();
    let entries =
        std::fs::read_dir(crate::root().join("docs")).map_err(|error| format!("cannot read docs: {error}"))?;
    let mut missing: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".md") && name != "SUMMARY.md")
        .filter(|name| !chapters.iter().any(|chapter| chapter.to_str() == Some(name)))
        .collect();
    missing.sort();
    Ok(missing)
}

/// Leads links out of `docs` to the repository.
struct Outside;

impl Preprocessor for Outside {
    fn name(&self) -> &str {
        "outside"
    }

    fn run(&self, _ctx: &PreprocessorContext, mut book: Book) -> Result<Book> {
        book.for_each_mut(|item| {
            if let BookItem::Chapter(chapter) = item {
                chapter.content = led_outside(&chapter.content);
            }
        });
        Ok(book)
    }
}

fn led_outside(text: &str) -> String {
    text.replace("](../", &format!("]({REPOSITORY}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_out_of_the_book_change() {
        let text = "[a](../README.md#x), [b](nodes.md), `../c`";
        assert_eq!(led_outside(text), format!("[a]({REPOSITORY}README.md#x), [b](nodes.md), `../c`"));
    }
}
