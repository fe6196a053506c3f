//! The `[control]` table of a patch, read and checked.

use patchline_nodes::resolve_path;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::{Address, ControlSettings, LONGEST_TOKEN, SHORTEST_TOKEN};
use crate::diagnostic::{Code, Diagnostic};
use crate::keys::Keys;
use crate::mistakes::Mistakes;
use crate::parts::{Context, sub_table};
use crate::table::TableCheck;

/// Reads `[control]`; what is wrong in it is as if it were not there.
pub(crate) fn read_control(table: &DeTable<'_>, context: &Context<'_>, mistakes: &mut Mistakes) -> ControlSettings {
    let Some((table, span)) = sub_table(table, "control", "control is a table: [control]", mistakes) else {
        return ControlSettings::default();
    };
    let Context { rate, broken, registry, .. } = *context;
    let check = TableCheck {
        params: ControlSettings::params(),
        beside: &[],
        what: "[control]",
        place: span.clone(),
        rate,
        broken,
    };
    let keys = Keys { registry, not_yet: &[], in_node: false };
    let mut table = table.clone();
    check.run(&mut table, mistakes, &mut |key, diagnostic| keys.explain(key, diagnostic));
    let settings = loop {
        let value = Spanned::new(span.clone(), DeValue::Table(table.clone()));
        match ControlSettings::deserialize(ValueDeserializer::from(value)) {
            Ok(settings) => break settings,
            Err(error) => {
                let at = error.span().unwrap_or_else(|| span.clone());
                mistakes.push(Diagnostic::new(Code::Value, at.clone(), error.message()));
                // Without the value at fault, the rest is read on.
                let key = table.iter().find(|(_, value)| value.span() == at).map(|(key, _)| key.get_ref().to_string());
                let Some(key) = key else { return ControlSettings::default() };
                table.remove(key.as_str());
            }
        }
    };
    Checker { table: &table, context, mistakes }.check(settings)
}

/// Looks at what the values mean together.
struct Checker<'a, 'i> {
    table: &'a DeTable<'i>,
    context: &'a Context<'a>,
    mistakes: &'a mut Mistakes,
}

impl Checker<'_, '_> {
    fn check(mut self, mut settings: ControlSettings) -> ControlSettings {
        self.remote("osc", settings.osc, settings.allow_remote);
        self.remote("websocket", settings.websocket, settings.allow_remote);
        self.origins(&settings);
        self.token(&settings);
        if let Some(file) = &settings.token_file {
            match resolve_path(&self.context.surroundings, "token_file", file) {
                Ok(place) => settings.token_place = Some(place),
                Err(error) => self.report("token_file", Code::File, error.message, None),
            }
        }
        settings
    }

    fn report(&mut self, key: &str, code: Code, message: String, help: Option<&str>) {
        let diagnostic = Diagnostic::new(code, self.table.get(key).map(Spanned::span), message);
        self.mistakes.push(match help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        });
    }

    fn remote(&mut self, key: &str, address: Option<Address>, allowed: bool) {
        let Some(address) = address.filter(|address| !allowed && !address.is_local()) else { return };
        let message = format!("{address} can be reached from other machines");
        let help = "write 127.0.0.1 to serve this machine only, or say `allow_remote = true` beside it";
        self.report(key, Code::Value, message, Some(help));
    }

    fn origins(&mut self, settings: &ControlSettings) {
        let wrong = settings.origins.iter().enumerate().filter(|(_, origin)| !is_origin(origin));
        for (index, _) in wrong {
            let list = self.table.get("origins").map(Spanned::get_ref).and_then(DeValue::as_array);
            let place = list.and_then(|list| list.get(index)).map(Spanned::span);
            let message = "an origin is a page's scheme, host and port, without a path";
            let help = "as in \"https://desk.example\" or \"http://10.0.0.5:8080\"";
            self.mistakes.push(Diagnostic::new(Code::Value, place, message).help(help));
        }
    }

    fn token(&mut self, settings: &ControlSettings) {
        let Some(token) = &settings.token else { return };
        if settings.token_file.is_some() {
            let message = "there are a `token` and a `token_file`; a patch has one of them".to_owned();
            self.report("token", Code::Value, message, None);
        }
        let graphic = token.bytes().all(|byte| byte.is_ascii_graphic());
        if !graphic || !(SHORTEST_TOKEN..=LONGEST_TOKEN).contains(&token.len()) {
            let message =
                format!("a token has {SHORTEST_TOKEN} to {LONGEST_TOKEN} ASCII characters, and no spaces among them");
            self.report("token", Code::Value, message, Some("without a token, each run makes one of its own"));
        }
    }
}

/// Whether a text is `scheme://host` or `scheme://host:port`, as browsers write origins.
fn is_origin(text: &str) -> bool {
    let Some((scheme, host)) = text.split_once("://") else { return false };
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    matches!(scheme, "http" | "https") && !host.is_empty() && host.chars().all(named)
}
