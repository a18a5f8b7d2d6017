//! Paths, types and arguments: what a name in a text or a call stands for.

use super::{Checker, meant};
use crate::menu::{
    graph::{Arg, Asked, Bound, Call, Path, SmsCall},
    report::nearest,
    template::MACHINE_TEXT,
    tree::{self, At, Given, Head, Name, NodeHead, Span, Ty},
    vocabulary::Type,
};

/// What may be named at one place of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    /// Parameters, rows and what outcomes bring.
    pub params: Vec<(String, Type)>,
    /// What the machine itself knows here.
    pub machine: Vec<(&'static str, Type)>,
}

impl Scope {
    /// The same with these in front of what is there.
    pub fn with(&self, more: impl IntoIterator<Item = (String, Type)>) -> Self {
        let mut scope = self.clone();
        for (name, ty) in more {
            scope.params.retain(|(known, _)| *known != name);
            scope.params.push((name, ty));
        }
        scope
    }

    /// The same, and these words of the machine.
    pub fn knowing(&self, words: &[(&'static str, Type)]) -> Self {
        let mut scope = self.clone();
        scope.machine.extend_from_slice(words);
        scope
    }
}

/// Stands where a type could not be read, so that one fault is not reported again at every use.
pub(super) const UNKNOWN: Type = Type::Text(0);

/// What the machine knows somewhere, for the remedy.
const MACHINE: [(&str, &str); 9] = [
    ("min", "the `bad` text of an `ask`"),
    ("max", "the `bad` text of an `ask`"),
    ("left", "the `bad` text of a `pin`"),
    ("at", "the `say` of `resume`"),
    ("here", "the arguments of a `do`"),
    ("heard", "the `half` line of a `text`"),
    ("miss", "the `half` line of a `text`"),
    ("echo", "the `half` line of a `text`"),
    ("draft", "the `sms` of a `drop`"),
];

/// Whether a value of one type may stand where the other is wanted: never a wider one, since
/// lengths are proven from types.
fn fits(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::Kes, Type::Cents) => true,
        (Type::Int { min, max }, Type::Int { min: least, max: most }) => least <= min && max <= most,
        (Type::Text(from), Type::Text(to)) => from <= to,
        (from, to) => from == to,
    }
}

/// A type as people write it.
pub(super) fn spelt(ty: &Type) -> String {
    match ty {
        Type::Kes => "kes".into(),
        Type::Cents => "cents".into(),
        Type::Int { min, max } => format!("int {min}..{max}"),
        Type::Text(width) => format!("text {width}"),
        Type::Date => "date".into(),
        Type::Time => "time".into(),
        Type::Phone => "phone".into(),
        Type::Code(kind) => format!("code {kind:?}").to_lowercase(),
        Type::Enum(name) | Type::Record(name) => name.clone(),
    }
}

impl Checker<'_> {
    /// The words of an enum, of this file or of the domain.
    pub(super) fn words_of(&self, set: &str) -> Option<Vec<String>> {
        match self.enums.get(set) {
            Some(set) => Some(set.words.iter().map(|(word, _)| word.clone()).collect()),
            None => self.vocabulary.enums.get(set).cloned(),
        }
    }

    /// The type of a parameter.
    pub(super) fn ty(&mut self, ty: &At<Ty>) -> Option<Type> {
        Some(match &ty.it {
            Ty::Kes(_) => Type::Kes,
            Ty::Cents => Type::Cents,
            Ty::Int(tree::Bound::Fixed(min), tree::Bound::Fixed(max)) if min <= max => {
                Type::Int { min: *min, max: *max }
            }
            Ty::Int(..) => {
                let help = "write two numbers, the smaller first, such as `int 1..99`".to_owned();
                self.error("empty-range", ty.at, "this range holds no fixed numbers".into(), help);
                return None;
            }
            Ty::Text(0) => {
                let help = "write the most letters it can have, such as `text 20`".to_owned();
                self.error("empty-range", ty.at, "nothing fits into this text".into(), help);
                return None;
            }
            Ty::Text(width) => Type::Text(*width),
            Ty::Date => Type::Date,
            Ty::Time => Type::Time,
            Ty::Phone => Type::Phone,
            Ty::Code(kind) => Type::Code(*kind),
            Ty::Named(name) if self.vocabulary.records.contains_key(name) => Type::Record(name.clone()),
            Ty::Named(name) if self.words_of(name).is_some() => Type::Enum(name.clone()),
            Ty::Named(name) => {
                let plain = ["kes", "cents", "int", "text", "date", "time", "phone", "code"];
                let records = self.vocabulary.records.keys().map(String::as_str);
                let enums = self.enums.keys().chain(self.vocabulary.enums.keys()).map(String::as_str);
                let near = nearest(name, records.chain(enums).chain(plain));
                let help = meant(near, || "it is neither a record of the domain nor an enum".into());
                self.error("unknown-type", ty.at, format!("there is no type `{name}`"), help);
                return None;
            }
        })
    }

    /// The parameters of a block.
    pub(super) fn params(&mut self, params: &[tree::Param]) -> Vec<(String, Type)> {
        let mut out: Vec<(String, Type)> = Vec::new();
        for param in params {
            if out.iter().any(|(name, _)| *name == param.name.it) {
                let sentence = format!("there is a parameter `{}` already", param.name.it);
                self.error("name-twice", param.name.at, sentence, "give one of them another name".into());
            } else if let Some(ty) = self.ty(&param.ty) {
                out.push((param.name.it.clone(), ty));
            } else {
                // Known by name, so that one fault is not reported again at every use.
                out.push((param.name.it.clone(), UNKNOWN));
            }
        }
        out
    }

    /// What `path` stands for here; says why when it stands for nothing.
    pub(super) fn resolve(&mut self, path: &Name, scope: &Scope) -> Option<(Path, Type)> {
        let found = self.look_up(&path.it, scope, 0);
        if let Some((Path::Answer(_), None)) = found {
            let help = "a PIN is checked and forgotten; show the amount, not the PIN".to_owned();
            self.error("pin-used", path.at, format!("`{}` is a PIN and can go nowhere", path.it), help);
            return None;
        }
        if let Some((found, Some(ty))) = found {
            return Some((found, ty));
        }
        let (first, field) = split(&path.it);
        let param = scope.params.iter().find(|(name, _)| name == first).map(|(_, ty)| ty.clone());
        let (sentence, help) = match (param, field) {
            (Some(Type::Record(record)), Some(field)) => {
                let fields = &self.vocabulary.records[&record];
                let near = nearest(field, fields.keys().map(String::as_str)).map(|f| format!("{first}.{f}"));
                let known = || fields.keys().cloned().collect::<Vec<_>>().join(", ");
                let help = meant(near.as_deref(), || format!("its fields are: {}", known()));
                (format!("{} `{first}` has no `{field}`", article(&record)), help)
            }
            (Some(ty), Some(_)) if ty != UNKNOWN => {
                (format!("`{first}` is {} and has no fields", spelt(&ty)), String::new())
            }
            (Some(_), _) => return None,
            (None, _) => {
                let machine = MACHINE.iter().find(|(name, _)| *name == path.it);
                let names = scope.params.iter().map(|(name, _)| name.as_str());
                let globals = self.vocabulary.globals.keys().map(String::as_str);
                let near = nearest(&path.it, names.chain(globals).chain(self.by_name.keys().copied()));
                let help = match machine {
                    Some((_, place)) => format!("it is known only in {place}"),
                    None => meant(near, || {
                        "a value is a parameter, an answer by its block's name, or one that the domain offers"
                            .into()
                    }),
                };
                (format!("nothing here is called `{}`", path.it), help)
            }
        };
        self.error("unknown-value", path.at, sentence, help);
        None
    }

    /// What a path stands for; an answer without a type is a PIN.
    fn look_up(&self, path: &str, scope: &Scope, depth: usize) -> Option<(Path, Option<Type>)> {
        let (first, field) = split(path);
        if let Some((name, ty)) = scope.params.iter().find(|(name, _)| name == first) {
            let here =
                |field: Option<&str>| Path::Param { name: name.clone(), field: field.map(str::to_owned) };
            match (ty, field) {
                (ty, None) => return Some((here(None), Some(ty.clone()))),
                (Type::Record(record), Some(field)) => {
                    if let Some(ty) = self.vocabulary.records.get(record).and_then(|r| r.get(field)) {
                        return Some((here(Some(field)), Some(ty.clone())));
                    }
                }
                _ => {}
            }
        }
        if let Some(node) = self.by_name.get(path)
            && let Some(ty) = self.answer(*node, depth)
        {
            return Some((Path::Answer(path.to_owned()), ty));
        }
        if let Some((_, ty)) = scope.machine.iter().find(|(name, _)| *name == path) {
            return Some((Path::Machine(path.to_owned()), Some(ty.clone())));
        }
        let ty = self.vocabulary.globals.get(path)?;
        Some((Path::Global(path.to_owned()), Some(ty.clone())))
    }

    /// What the block at this index takes: nothing, or a PIN (without a type), or a value.
    fn answer(&self, node: usize, depth: usize) -> Option<Option<Type>> {
        let Head::Node { kind, params, .. } = &self.nodes[node].head else { return None };
        match kind {
            NodeHead::Pin | NodeHead::NewPin => Some(None),
            NodeHead::Pick(set) => Some(Some(Type::Enum(set.it.clone()))),
            NodeHead::Ask(ty) => Some(Some(match &ty.it {
                Ty::Kes(_) => Type::Kes,
                Ty::Int(low, high) => {
                    let end = |bound: &tree::Bound, upper| self.end(bound, upper, params, depth);
                    Type::Int { min: end(low, false)?, max: end(high, true)? }
                }
                Ty::Text(width) => Type::Text(*width),
                Ty::Date => Type::Date,
                Ty::Phone => Type::Phone,
                Ty::Code(kind) => Type::Code(*kind),
                Ty::Named(name) => Type::Enum(name.clone()),
                Ty::Cents | Ty::Time => return None,
            })),
            _ => None,
        }
    }

    /// The least or most that a bound can be.
    fn end(&self, bound: &tree::Bound, upper: bool, params: &[tree::Param], depth: usize) -> Option<i64> {
        let path = match bound {
            tree::Bound::Fixed(n) => return Some(*n),
            // Two questions that bound each other would be looked up for ever.
            tree::Bound::Value(_) if depth > 4 => return None,
            tree::Bound::Value(path) => path,
        };
        let known = params.iter().filter_map(|param| match &param.ty.it {
            Ty::Named(name) => Some((param.name.it.clone(), Type::Record(name.clone()))),
            Ty::Int(tree::Bound::Fixed(min), tree::Bound::Fixed(max)) => {
                Some((param.name.it.clone(), Type::Int { min: *min, max: *max }))
            }
            _ => None,
        });
        let scope = Scope { params: known.collect(), machine: Vec::new() };
        match self.look_up(&path.it, &scope, depth + 1)? {
            (_, Some(Type::Int { min, max })) => Some(if upper { max } else { min }),
            _ => None,
        }
    }

    /// What an `ask` or a slot of a `text` takes.
    pub(super) fn asked(&mut self, ty: &At<Ty>, scope: &Scope, spoken: bool) -> Option<Asked> {
        let asked = match &ty.it {
            Ty::Kes(Some((low, high))) => {
                Asked::Kes(self.bound(low, scope, ty.at, true)?, self.bound(high, scope, ty.at, true)?)
            }
            Ty::Int(low, high) => {
                Asked::Int(self.bound(low, scope, ty.at, false)?, self.bound(high, scope, ty.at, false)?)
            }
            Ty::Text(width) => Asked::Text(*width),
            Ty::Date => Asked::Date,
            Ty::Phone => Asked::Phone,
            Ty::Code(kind) => Asked::Code(*kind),
            Ty::Named(_) if spoken => match self.ty(ty)? {
                Type::Enum(set) => Asked::Enum(set),
                Type::Record(record) => match self.vocabulary.records[&record].get("code") {
                    Some(Type::Code(code)) => Asked::Record { ty: record, code: *code },
                    _ => {
                        let sentence = format!("{} has no `code` that people could say", article(&record));
                        self.error("not-askable", ty.at, sentence, String::new());
                        return None;
                    }
                },
                _ => return None,
            },
            Ty::Kes(None) => {
                let help = "name the least and the most, such as `kes 50..20000`".to_owned();
                self.error("not-askable", ty.at, "a sum is asked for within bounds".into(), help);
                return None;
            }
            Ty::Named(_) => {
                let found = self.ty(ty)?;
                let help = match found {
                    Type::Enum(_) => "use `pick` to let people choose from an enum",
                    _ => "use `list` to let people choose a record",
                };
                self.error("not-askable", ty.at, format!("nobody can type {}", spelt(&found)), help.into());
                return None;
            }
            Ty::Cents | Ty::Time => {
                let help = "ask for kes, int, text, date, phone or code".to_owned();
                self.error("not-askable", ty.at, "this cannot be asked for".into(), help);
                return None;
            }
        };
        if let Asked::Kes(Bound::Fixed(low), Bound::Fixed(high))
        | Asked::Int(Bound::Fixed(low), Bound::Fixed(high)) = &asked
            && low > high
        {
            let help = "write the smaller number first".to_owned();
            self.error("empty-range", ty.at, format!("no number lies between {low} and {high}"), help);
        }
        Some(asked)
    }

    fn bound(&mut self, bound: &tree::Bound, scope: &Scope, _at: Span, money: bool) -> Option<Bound> {
        let path = match bound {
            tree::Bound::Fixed(n) => return Some(Bound::Fixed(*n)),
            tree::Bound::Value(path) => path,
        };
        let (found, ty) = self.resolve(path, scope)?;
        let right = match ty {
            Type::Kes | Type::Cents => money,
            Type::Int { .. } => !money,
            _ => false,
        };
        if !right {
            let wanted = if money { "a sum" } else { "a count" };
            let sentence = format!("`{}` is {}; {wanted} is wanted here", path.it, spelt(&ty));
            self.error("wrong-type", path.at, sentence, String::new());
            return None;
        }
        Some(Bound::Value(found))
    }

    /// Arguments, one for each parameter in order; those at fault are left out.
    pub(super) fn args(
        &mut self, call: &tree::Call, params: &[(String, Type)], scope: &Scope,
    ) -> Vec<(String, Arg)> {
        let mut given: Vec<Option<Arg>> = vec![None; params.len()];
        let mut faulty = false;
        for (place, arg) in call.args.iter().enumerate() {
            let at = match &arg.name {
                Some(name) => params.iter().position(|(known, _)| *known == name.it),
                None => (place < params.len()).then_some(place),
            };
            let Some(at) = at else {
                faulty = true;
                let known = params.iter().map(|(name, _)| name.as_str());
                let (span, near) = match &arg.name {
                    Some(name) => (name.at, nearest(&name.it, known.clone())),
                    None => (arg.value.at, None),
                };
                let list = known.collect::<Vec<_>>().join(", ");
                let help = meant(near, || match list.as_str() {
                    "" => format!("`{}` takes nothing", call.name.it),
                    list => format!("`{}` takes: {list}", call.name.it),
                });
                self.error("argument-unknown", span, format!("`{}` does not take this", call.name.it), help);
                continue;
            };
            if given[at].is_some() {
                let sentence = format!("`{}` is given twice", params[at].0);
                self.error("argument-twice", arg.value.at, sentence, String::new());
            }
            match self.arg(&call.name.it, &arg.value, &params[at], scope) {
                Some(value) => given[at] = Some(value),
                None => faulty = true,
            }
        }
        let missing: Vec<&str> = params
            .iter()
            .zip(&given)
            .filter(|(_, arg)| arg.is_none())
            .map(|((name, _), _)| name.as_str())
            .collect();
        if !faulty && !missing.is_empty() {
            let sentence = format!("`{}` is not told its `{}`", call.name.it, missing.join("`, `"));
            let wanted: Vec<String> =
                params.iter().map(|(name, ty)| format!("{name}: {}", spelt(ty))).collect();
            let help = format!("it takes ({})", wanted.join(", "));
            self.error("argument-missing", call.name.at, sentence, help);
        }
        let named = params.iter().map(|(name, _)| name.clone());
        named.zip(given).filter_map(|(name, arg)| Some((name, arg?))).collect()
    }

    fn arg(&mut self, call: &str, given: &At<Given>, param: &(String, Type), scope: &Scope) -> Option<Arg> {
        let (name, wanted) = param;
        let path = match &given.it {
            Given::Int(n) => {
                let right = match wanted {
                    Type::Int { min, max } => (min..=max).contains(&n),
                    Type::Kes | Type::Cents => *n >= 0,
                    _ => false,
                };
                if !right {
                    let sentence = format!("the `{name}` of `{call}` is {}, and {n} is not", noun(wanted));
                    let help = match wanted {
                        Type::Int { min, max } => format!("write a number from {min} to {max}"),
                        _ => format!("give {} by its name", noun(wanted)),
                    };
                    self.error("wrong-type", given.at, sentence, help);
                }
                return right.then_some(Arg::Int(*n));
            }
            Given::Path(path) => At { it: path.clone(), at: given.at },
        };
        if let Type::Enum(set) = wanted
            && self.look_up(&path.it, scope, 0).is_none()
            && !path.it.contains('.')
        {
            let words = self.words_of(set).unwrap_or_default();
            if words.contains(&path.it) {
                return Some(Arg::Word { set: set.clone(), word: path.it });
            }
            let near = nearest(&path.it, words.iter().map(String::as_str));
            let help = meant(near, || format!("the words of `{set}` are: {}", words.join(", ")));
            self.error("unknown-word", path.at, format!("`{}` is no word of `{set}`", path.it), help);
            return None;
        }
        let (found, ty) = self.resolve(&path, scope)?;
        let cut_to_fit = matches!(found, Path::Machine(_)) && ty == MACHINE_TEXT;
        let unknown = ty == UNKNOWN || *wanted == UNKNOWN;
        if !(fits(&ty, wanted) || unknown || cut_to_fit && matches!(wanted, Type::Text(_))) {
            let sentence = format!(
                "the `{name}` of `{call}` is {}, and `{}` here is {}",
                noun(wanted),
                path.it,
                noun(&ty)
            );
            let help = match (&ty, wanted) {
                (Type::Int { .. }, Type::Int { .. })
                | (Type::Text(_), Type::Text(_))
                | (Type::Cents, Type::Kes) => {
                    "the value can be wider than what takes it, and lengths are proven from types".to_owned()
                }
                (Type::Record(given), Type::Record(_)) if self.by_name.contains_key(call) => {
                    format!(
                        "lead to a block that takes {}, or write `{name}: {given}` in the header of `{call}`",
                        article(given)
                    )
                }
                (Type::Record(record), _) => {
                    let fields = self.vocabulary.records[record].iter();
                    let mut fit = fields.filter(|(_, ty)| fits(ty, wanted)).map(|(field, _)| field);
                    match fit.next() {
                        Some(field) => format!("give one of its fields, such as `{}.{field}`", path.it),
                        None => format!("give {} instead", noun(wanted)),
                    }
                }
                (_, Type::Record(record)) => {
                    format!(
                        "give {} whole: a parameter, a row of a list, or what an outcome brings",
                        article(record)
                    )
                }
                _ => format!("give {} instead", noun(wanted)),
            };
            self.error("wrong-type", given.at, sentence, help);
            return None;
        }
        Some(Arg::Path(found))
    }

    /// A call of a query or an action with these parameters; of an unknown one nothing is asked.
    pub(super) fn call(
        &mut self, call: &tree::Call, params: Option<&[(String, Type)]>, scope: &Scope,
    ) -> Call {
        let args = params.map(|params| self.args(call, params, scope)).unwrap_or_default();
        Call { name: call.name.it.clone(), args }
    }

    /// An SMS of the catalogue.
    pub(super) fn sms(&mut self, call: &tree::Call, scope: &Scope) -> Option<SmsCall> {
        let shared = &self.shared.catalogue;
        let Some(message) = shared.messages.get(&call.name.it) else {
            let near = nearest(&call.name.it, shared.messages.keys().map(String::as_str));
            let help = meant(near, || "write it into the messages file as an `sms` block".into());
            self.error("unknown-sms", call.name.at, format!("there is no SMS `{}`", call.name.it), help);
            return None;
        };
        let args = self.args(call, &message.params, scope);
        Some(SmsCall { name: call.name.it.clone(), args: args.into_iter().map(|(_, arg)| arg).collect() })
    }
}

fn split(path: &str) -> (&str, Option<&str>) {
    match path.split_once('.') {
        Some((first, field)) => (first, Some(field)),
        None => (path, None),
    }
}

/// A type in a sentence: "an order", "kes", "a word of `kind`".
fn noun(ty: &Type) -> String {
    match ty {
        Type::Record(record) => article(record),
        Type::Enum(set) => format!("a word of `{set}`"),
        _ => spelt(ty),
    }
}

/// "an order", "a listing".
fn article(noun: &str) -> String {
    let an = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if an { "an" } else { "a" })
}
