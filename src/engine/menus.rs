//! The trees and the catalogue that serve now.

use super::vocabulary::vocabulary;
use crate::market::Role;
use crate::menu::check::{Limits, compile};
use crate::menu::graph::{Catalogue, Graph};
use crate::menu::report::Problem;
use crate::menu::value::Value;
use crate::types::{Lang, Purpose};
use std::sync::Arc;

/// Checked trees and texts.
#[derive(Debug)]
pub struct Menus {
    graphs: Vec<Arc<Graph>>,
    catalogue: Catalogue,
}

impl Menus {
    /// Reads and checks menu files, by name and text.
    pub fn read(sources: &[(String, String)], limits: &Limits) -> Result<Self, Vec<Problem>> {
        let (graphs, catalogue) = compile(sources, &vocabulary(), limits)?;
        Ok(Self { graphs: graphs.into_iter().map(Arc::new).collect(), catalogue })
    }

    /// The tree of this hash.
    pub fn graph(&self, hash: &str) -> Option<Arc<Graph>> {
        self.graphs.iter().find(|graph| graph.hash == hash).cloned()
    }

    /// The tree for a role: the one written for it.
    pub fn of(&self, role: Option<Role>) -> Option<Arc<Graph>> {
        let word = role.map_or("stranger", Role::word);
        self.graphs.iter().find(|graph| graph.who == word).cloned()
    }

    /// The tree that a dialled string reaches for a role, and the answers typed behind its code:
    /// `*483*57*1*2#` is `*483*57#` and then 1 and 2.
    pub fn dialled(&self, dialled: &str, role: Option<Role>) -> Option<(Arc<Graph>, Vec<String>)> {
        let graph = self.of(role)?;
        let code = graph.dial.as_deref()?.trim_end_matches('#');
        let rest = dialled.trim().trim_end_matches('#').strip_prefix(code);
        // Gateways that give only the short code, or a phone number in its place, mean the whole code.
        let rest = match rest {
            Some("") => "",
            Some(rest) => rest.strip_prefix('*')?,
            None => "",
        };
        let typed = rest.split('*').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        Some((graph, typed))
    }

    /// A dialled string that may be kept: answers typed behind the code are counted and not told,
    /// since one of them may be a PIN.
    pub fn masked(&self, dialled: &str) -> String {
        let codes = self.graphs.iter().filter_map(|graph| graph.dial.as_deref());
        let code = codes.map(|code| code.trim_end_matches('#')).find(|code| dialled.starts_with(code));
        match code.map(|code| (code, dialled[code.len()..].matches('*').count())) {
            Some((code, 0)) => format!("{code}#"),
            Some((code, answers)) => format!("{code}# and {answers} answers"),
            None => "another code".to_owned(),
        }
    }

    /// A text of the catalogue with its values.
    pub fn say(&self, name: &str, args: &[Value], lang: Lang) -> Result<String, String> {
        match self.catalogue.render(name, args, lang) {
            Some(Ok(text)) => Ok(text),
            Some(Err(missing)) => Err(format!("SMS {name}: {missing:?}")),
            None => Err(format!("there is no SMS called {name}")),
        }
    }

    /// Why a text of the catalogue is sent; a screen sent as a text is a reply.
    pub fn purpose(&self, name: &str) -> Purpose {
        self.catalogue.messages.get(name).map(|message| message.about).unwrap_or_default()
    }

    /// A text of the catalogue that takes nothing.
    pub fn words(&self, name: &str, lang: Lang) -> String {
        self.say(name, &[], lang).unwrap_or_else(|why| {
            tracing::error!(why, "a text is missing");
            "Sokoni".to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_menus_of_the_house_are_sound() {
        let sources = crate::menu::builtin::sources();
        if let Err(problems) = Menus::read(&sources, &Limits::default()) {
            for problem in &problems {
                eprintln!("{problem:?}");
            }
            panic!("{} problems", problems.len());
        }
    }
}
