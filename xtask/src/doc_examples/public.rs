//! The items of a crate that its users can reach, as rustdoc tells of them: what is hidden or private is not among them.

use std::collections::HashSet;

use rustdoc_types::{Crate, Id, Impl, ItemEnum, Visibility};

/// An item that should have an example.
pub(super) struct Item<'a> {
    pub(super) kind: &'static str,
    /// As a user writes it.
    pub(super) path: String,
    pub(super) name: &'a str,
    /// `file:line`.
    pub(super) place: String,
    pub(super) docs: &'a str,
    /// For a method: the type or the trait.
    pub(super) owner: Option<Owner<'a>>,
}

impl Item<'_> {
    /// Whether it is called, and not named otherwise.
    pub(super) fn is_function(&self) -> bool {
        self.kind == "function"
    }
}

/// What a method belongs to.
#[derive(Clone)]
pub(super) struct Owner<'a> {
    pub(super) kind: &'static str,
    pub(super) path: String,
    pub(super) docs: &'a str,
}

/// Each type, trait, function, macro and method that can be reached, once, by the first path that leads to it.
pub(super) fn items(krate: &Crate) -> Vec<Item<'_>> {
    let mut walk = Walk { krate, seen: HashSet::new(), found: Vec::new() };
    walk.item(krate.root, None, "");
    walk.found
}

struct Walk<'a> {
    krate: &'a Crate,
    seen: HashSet<Id>,
    found: Vec<Item<'a>>,
}

impl<'a> Walk<'a> {
    /// Takes an item with all that it contains. A re-export has a name of its own.
    fn item(&mut self, id: Id, renamed: Option<&'a str>, parent: &str) {
        // What is not in the index belongs to another crate, which has its own documentation.
        let Some(item) = self.krate.index.get(&id) else { return };
        if let ItemEnum::Use(used) = &item.inner {
            return match used.id {
                Some(target) if used.is_glob => self.contents(target, parent),
                Some(target) => self.item(target, Some(&used.name), parent),
                None => (),
            };
        }
        let name = renamed.or(item.name.as_deref()).unwrap_or_default();
        let path = if parent.is_empty() { name.to_owned() } else { format!("{parent}::{name}") };
        if let ItemEnum::Module(_) = &item.inner {
            return self.contents(id, &path);
        }
        if self.seen.insert(id) && self.push(id, name, path.clone(), None) {
            self.methods(id, &path);
        }
    }

    /// What is in a module.
    fn contents(&mut self, module: Id, path: &str) {
        let Some(ItemEnum::Module(module)) = self.krate.index.get(&module).map(|item| &item.inner) else { return };
        for &id in &module.items {
            self.item(id, None, path);
        }
    }

    /// The functions of a trait, or those of a type's own.
    fn methods(&mut self, id: Id, path: &str) {
        let item = &self.krate.index[&id];
        let impls = match &item.inner {
            ItemEnum::Struct(of) => &of.impls,
            ItemEnum::Enum(of) => &of.impls,
            ItemEnum::Union(of) => &of.impls,
            ItemEnum::Trait(of) => return self.owned(&of.items, id, path),
            _ => return,
        };
        for block in impls {
            if let Some(ItemEnum::Impl(Impl { trait_: None, items, .. })) =
                self.krate.index.get(block).map(|item| &item.inner)
            {
                self.owned(items, id, path);
            }
        }
    }

    fn owned(&mut self, methods: &[Id], owner: Id, path: &str) {
        let item = &self.krate.index[&owner];
        let docs = item.docs.as_deref().unwrap_or_default();
        let owner = Owner { kind: kind(&item.inner).unwrap_or_default(), path: path.to_owned(), docs };
        for &id in methods {
            let Some(method) = self.krate.index.get(&id) else { continue };
            // Functions of a trait are as public as it is.
            let can_be_called = matches!(method.visibility, Visibility::Public | Visibility::Default);
            if let (ItemEnum::Function(_), Some(name), true) = (&method.inner, &method.name, can_be_called) {
                self.push(id, name, format!("{path}::{name}"), Some(owner.clone()));
            }
        }
    }

    /// Whether it is an item that should have an example.
    fn push(&mut self, id: Id, name: &'a str, path: String, owner: Option<Owner<'a>>) -> bool {
        let item = &self.krate.index[&id];
        let Some(kind) = kind(&item.inner) else { return false };
        let place = item.span.as_ref().map_or_else(String::new, |span| {
            // Rustdoc counts lines from 1.
            format!("{}:{}", span.filename.display(), span.begin.0)
        });
        let docs = item.docs.as_deref().unwrap_or_default();
        self.found.push(Item { kind, path, name, place, docs, owner });
        true
    }
}

fn kind(inner: &ItemEnum) -> Option<&'static str> {
    Some(match inner {
        ItemEnum::Struct(_) => "struct",
        ItemEnum::Enum(_) => "enum",
        ItemEnum::Union(_) => "union",
        ItemEnum::TypeAlias(_) => "type",
        ItemEnum::Trait(_) | ItemEnum::TraitAlias(_) => "trait",
        ItemEnum::Function(_) => "function",
        ItemEnum::Macro(_) | ItemEnum::ProcMacro(_) => "macro",
        _ => return None,
    })
}
