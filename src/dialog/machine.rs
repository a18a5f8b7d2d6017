//! One step of a dialog: an input goes in, a screen or a wish comes out. Same inputs, same
//! screens, which is what makes replay possible.

use crate::{
    dialog::{
        answer, hints,
        input::{Ask, Do, FROZEN, Input, MOST_STEPS, PinPurpose, PinVerdict, SmsWish, Step, TypedPin},
        present::{Face, Last},
        scope::{Globals, Scope, globals_of},
        state::{Note, Phase, Place, Shown, State},
    },
    menu::{
        graph::{Branch, Choice, Graph, Kind, NodeId, Target, Tries},
        value::{Record, Value},
    },
    types::{Lang, Timestamp},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// What surrounds a step. Handed in at each one: an action may change the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Env {
    /// The subscriber's language.
    pub lang: Lang,
    /// Septets a screen may have on this route.
    pub limit: usize,
    /// The moment.
    pub now: Timestamp,
}

/// A dialog being stepped. Made for a turn from the stored [`State`], which it gives back.
#[derive(Debug)]
pub struct Machine<'g> {
    pub(super) graph: &'g Graph,
    pub(super) state: State,
    /// Global values read in this turn. Dropped when an action may have changed them.
    pub(super) globals: BTreeMap<String, Value>,
    pub(super) env: Env,
    /// Whether each answer read in this turn was understood.
    pub(super) understood: Vec<bool>,
}

impl<'g> Machine<'g> {
    /// A machine over a stored dialog, on the tree it began with.
    pub fn new(graph: &'g Graph, state: State) -> Self {
        let env = Env { lang: Lang::EN, limit: usize::from(graph.limit), now: Timestamp::default() };
        Self { graph, state, globals: BTreeMap::new(), env, understood: Vec::new() }
    }

    /// What is to be stored.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What is to be stored.
    pub fn into_state(self) -> State {
        self.state
    }

    /// Whether each answer that was read in this turn was understood where it was read: those dialled
    /// behind the code in their order, or the one key. Answers that no block read are not in it.
    pub fn understood(&self) -> &[bool] {
        &self.understood
    }

    /// Feeds one input. The answer is a wish to be fulfilled (and its result fed back), or a
    /// screen that ends the turn.
    pub fn step(&mut self, env: Env, input: Input) -> Step {
        self.env = env;
        self.state.touched = env.now;
        let early = match input {
            Input::Begin { typed } => self.turn(false, |m| m.begin(typed)),
            Input::Redial { typed } => self.turn(false, |m| m.redial(typed)),
            Input::Key(typed) => self.turn(false, |m| m.key(typed.trim())),
            Input::Bare(typed) => self.turn(true, |m| m.bare(typed.trim())),
            Input::Again => self.turn(false, |_| None),
            Input::Data(data) if !self.state.stale.is_empty() => {
                self.renewed(data.found);
                None
            }
            Input::Data(data) => {
                self.globals.extend(data.globals);
                if self.wants_rows() {
                    self.state.shown.rows = data.rows;
                }
                for name in self.wanted_globals() {
                    self.globals.entry(name).or_insert_with(|| Value::text(""));
                }
                None
            }
            Input::Pin(verdict) => {
                self.verdict(verdict);
                None
            }
            Input::Outcome { name, args } => {
                self.outcome(&name, args);
                None
            }
        };
        early.unwrap_or_else(|| self.run())
    }

    /// Begins a turn: nothing read before counts any more.
    fn turn(&mut self, by_sms: bool, act: impl FnOnce(&mut Self) -> Option<Step>) -> Option<Step> {
        self.globals.clear();
        self.understood.clear();
        self.state.steps = 0;
        self.state.by_sms = by_sms;
        if !by_sms {
            self.state.cut = None;
        }
        act(self)
    }

    /// Goes on until somebody else is needed.
    fn run(&mut self) -> Step {
        loop {
            self.state.steps = self.state.steps.saturating_add(1);
            if usize::from(self.state.steps) > MOST_STEPS {
                self.state.phase = Phase::Broken;
            }
            if let Some(step) = self.advance() {
                return step;
            }
        }
    }

    fn advance(&mut self) -> Option<Step> {
        if let Some(ask) = self.needs() {
            return Some(Step::Ask(ask));
        }
        match self.state.phase.clone() {
            Phase::New => self.begin(Vec::new()),
            Phase::Going { to, binds } => {
                self.go(&to, binds);
                None
            }
            Phase::Doing(wish) => Some(Step::Do(wish)),
            Phase::Showing(note) => self.show(note),
            Phase::Shown | Phase::Checking(_) => {
                self.state.phase = Phase::Showing(Note::None);
                None
            }
            Phase::Offering(note) => Some(self.offer(note)),
            Phase::Offered => {
                self.state.phase = Phase::Offering(Note::None);
                None
            }
            Phase::Ended => Some(match self.face(Note::None).last {
                Some(Last { text, .. }) => Step::End(text, None),
                None => Step::End(hints::broken(self.env.lang).to_owned(), None),
            }),
            Phase::Stopped(text) => Some(Step::End(text, None)),
            Phase::Broken => Some(Step::End(hints::broken(self.env.lang).to_owned(), None)),
        }
    }

    // ---- what the engine must read first --------------------------------------------------

    /// Globals that the present phase needs, at hand or not.
    fn wanted_globals(&self) -> BTreeSet<String> {
        match &self.state.phase {
            Phase::Going { to: Target::Node { args, .. }, .. } => {
                let mut found = Globals::default();
                found.args(args);
                found.0
            }
            Phase::Showing(_) | Phase::Shown | Phase::Checking(_) | Phase::Ended => {
                globals_of(self.graph.node(self.state.at.node))
            }
            Phase::Offering(_) | Phase::Offered => {
                let mut found = Globals(globals_of(self.graph.node(self.state.at.node)));
                if let Some(resume) = &self.graph.resume {
                    found.text(&resume.say);
                    found.choices(&resume.choices);
                }
                found.0
            }
            _ => BTreeSet::new(),
        }
    }

    fn wants_rows(&self) -> bool {
        matches!(self.state.phase, Phase::Showing(_) | Phase::Shown)
            && self.state.shown.rows.is_none()
            && matches!(self.graph.node(self.state.at.node).kind, Kind::List { .. })
    }

    fn needs(&self) -> Option<Ask> {
        if let Some(find) = self.state.stale.last() {
            return Some(Ask { globals: Vec::new(), query: None, find: Some(find.clone()) });
        }
        let globals: Vec<String> =
            self.wanted_globals().into_iter().filter(|name| !self.globals.contains_key(name)).collect();
        let query = match &self.graph.node(self.state.at.node).kind {
            Kind::List { query, .. } if self.wants_rows() => {
                let mut first = Globals::default();
                first.call(query);
                let ready = first.0.iter().all(|name| self.globals.contains_key(name));
                ready.then(|| (query.name.clone(), self.scope().call(query)))
            }
            _ => None,
        };
        (!globals.is_empty() || query.is_some()).then_some(Ask { globals, query, find: None })
    }

    // ---- walking --------------------------------------------------------------------------

    fn begin(&mut self, typed: Vec<String>) -> Option<Step> {
        let state = &mut self.state;
        state.history.clear();
        state.answers.clear();
        state.typed = typed.into();
        state.unseen = false;
        state.tries = 0;
        state.shown = Shown::default();
        state.stale.clear();
        state.at = Place { node: self.graph.home, args: BTreeMap::new(), page: 0 };
        state.visits += 1;
        state.phase = Phase::Showing(Note::None);
        None
    }

    /// An outcome that may never have been seen comes before everything else; then pre-typed
    /// answers; then the offer to go on.
    fn redial(&mut self, typed: Vec<String>) -> Option<Step> {
        match self.state.phase {
            Phase::Doing(_) => None,
            Phase::Going { .. } if self.state.unseen => None,
            Phase::Ended if self.state.unseen => {
                self.state.unseen = false;
                None
            }
            Phase::New | Phase::Ended | Phase::Stopped(_) | Phase::Broken => self.begin(typed),
            _ if self.state.unseen => {
                self.renew();
                self.state.phase = Phase::Showing(Note::None);
                None
            }
            _ if !typed.is_empty() || self.graph.resume.is_none() => self.begin(typed),
            _ => {
                let never = self.graph.resume.as_ref().map_or(&[][..], |r| &r.never);
                while never.contains(&self.state.at.node) || self.is_do(self.state.at.node) {
                    let Some(before) = self.state.history.pop() else { return self.begin(typed) };
                    self.arrive(before);
                }
                if self.state.at.node == self.graph.home {
                    return self.begin(typed);
                }
                self.renew();
                self.state.phase = Phase::Offering(Note::None);
                None
            }
        }
    }

    /// What was true before a cut need not be true after it: rows are asked for again, and every
    /// record on the way here is read again by its number.
    fn renew(&mut self) {
        self.state.shown = Shown::default();
        let places = std::iter::once(&self.state.at).chain(&self.state.history);
        let records = places.flat_map(|place| place.args.values()).filter_map(|value| match value {
            Value::Record(record) => Some((record.ty.clone(), record.key.clone())),
            _ => None,
        });
        let spoken = records.filter(|(_, key)| key.bytes().all(|octet| octet.is_ascii_digit()));
        self.state.stale = spoken.collect::<BTreeSet<_>>().into_iter().collect();
    }

    /// Takes a record that was read again. Where it is not hers any more she begins anew.
    fn renewed(&mut self, found: Option<Record>) {
        let Some((ty, key)) = self.state.stale.pop() else { return };
        let Some(new) = found else {
            self.begin(Vec::new());
            return;
        };
        let places = std::iter::once(&mut self.state.at).chain(&mut self.state.history);
        for value in places.flat_map(|place| place.args.values_mut()) {
            if matches!(value, Value::Record(old) if (&old.ty, &old.key) == (&ty, &key)) {
                *value = Value::Record(new.clone());
            }
        }
    }

    fn is_do(&self, node: NodeId) -> bool {
        matches!(self.graph.node(node).kind, Kind::Do { .. })
    }

    fn going(&mut self, to: &Target, binds: BTreeMap<String, Value>) {
        self.state.phase = Phase::Going { to: to.clone(), binds };
    }

    fn go(&mut self, to: &Target, binds: BTreeMap<String, Value>) {
        let Target::Node { node, args } = to else {
            self.state.phase = Phase::Showing(Note::None);
            return;
        };
        let graph = self.graph;
        let mut scope = self.scope();
        scope.params.extend(binds);
        let values = scope.args(args);
        let params = graph.node(*node).params.iter().map(|(name, _)| name.clone());
        let args: BTreeMap<_, _> = params.zip(values).collect();
        if !self.is_do(self.state.at.node) {
            let here = self.state.at.clone();
            self.state.history.push(here);
        }
        // No block stands twice in the way back, so it can neither grow without end nor lead in a
        // circle.
        if let Some(before) = self.state.history.iter().position(|place| place.node == *node) {
            self.state.history.truncate(before);
        }
        if *node == self.graph.home {
            self.state.history.clear();
            self.state.answers.clear();
        }
        self.arrive(Place { node: *node, args, page: 0 });
    }

    fn arrive(&mut self, place: Place) {
        self.state.at = place;
        self.state.visits += 1;
        self.state.tries = 0;
        self.state.shown = Shown::default();
        self.state.phase = Phase::Showing(Note::None);
    }

    fn back(&mut self) -> bool {
        if self.state.shown.again {
            self.state.shown.again = false;
        } else if self.state.at.page > 0 {
            self.state.at.page -= 1;
        } else if let Some(before) = self.state.history.pop() {
            self.arrive(before);
        } else if self.state.at.node != self.graph.home {
            self.go_home();
        } else {
            return false;
        }
        self.state.phase = Phase::Showing(Note::None);
        true
    }

    fn go_home(&mut self) {
        self.going(&Target::Node { node: self.graph.home, args: Vec::new() }, BTreeMap::new());
    }

    // ---- keys -----------------------------------------------------------------------------

    fn bare(&mut self, typed: &str) -> Option<Step> {
        if self.state.takes_bare(self.graph) { self.key(typed) } else { Some(self.dial_to_go_on()) }
    }

    fn dial_to_go_on(&self) -> Step {
        Step::Show(hints::dial_to_go_on(self.env.lang, self.graph.dial.as_deref().unwrap_or_default()))
    }

    /// A key is read for what stood on the screen; where nothing stands it only shows it again.
    fn key(&mut self, typed: &str) -> Option<Step> {
        if matches!(self.state.phase, Phase::Offered | Phase::Shown) {
            self.understood.push(true);
        }
        match self.state.phase {
            Phase::Offered => {
                self.offer_key(typed);
                return None;
            }
            Phase::Shown => {}
            _ => return None,
        }
        self.state.unseen = false;
        if typed == self.graph.back.key && self.back() {
            return None;
        }
        if typed == self.graph.home_key.key {
            self.go_home();
            return None;
        }
        if typed == self.graph.more.key && self.state.at.page + 1 < self.state.shown.pages {
            self.state.at.page += 1;
            self.state.phase = Phase::Showing(Note::None);
            return None;
        }
        let graph = self.graph;
        match &graph.node(self.state.at.node).kind {
            Kind::Screen { choices, .. } => self.choose(choices, typed),
            Kind::Pick { set, then, .. } => {
                let words = graph.enums.get(set).map_or(&[][..], |set| &set.words);
                match self.row(typed).and_then(|at| words.get(at)) {
                    Some((word, _)) => self.answered(Value::word(set, word), then),
                    None => self.again(Note::NotAKey),
                }
            }
            Kind::List { var, then: Some(then), .. } => {
                let row = self.row(typed);
                let record = row.and_then(|at| self.state.shown.rows.as_ref()?.get(at).cloned());
                match record {
                    Some(record) => {
                        self.going(then, BTreeMap::from([(var.clone(), Value::Record(record))]));
                    }
                    None => self.again(Note::NotAKey),
                }
            }
            Kind::Ask { asked, tries, then, .. } => {
                let bounds = self.state.shown.bounds.unwrap_or((0, 0));
                match answer::read(asked, bounds, typed, self.env.now) {
                    Some(value) => self.answered(value, then),
                    None => self.wrong(tries, Note::Bad(0)),
                }
            }
            Kind::Pin { .. } => return Some(self.pin(typed, PinPurpose::Prove)),
            Kind::NewPin { .. } => {
                let again = self.state.shown.again;
                return Some(self.pin(typed, if again { PinPurpose::Confirm } else { PinPurpose::Choose }));
            }
            Kind::List { .. } | Kind::End { .. } | Kind::Do { .. } => self.again(Note::NotAKey),
        }
        None
    }

    /// What was typed was not understood, and is no part of what may be written down.
    pub(super) fn refuse(&mut self) {
        if let Some(last) = self.understood.last_mut() {
            *last = false;
        }
    }

    fn again(&mut self, note: Note) {
        self.refuse();
        self.state.typed.clear();
        self.state.phase = Phase::Showing(note);
    }

    fn choose(&mut self, choices: &[Choice], typed: &str) {
        let shown = &self.state.shown;
        let at = typed.parse::<u8>().ok().and_then(|key| shown.keys.iter().position(|known| *known == key));
        // What was shown before options were kept had no two on one key that lead to two places.
        let option = at.and_then(|at| match shown.options.get(at) {
            Some(option) => choices.get(usize::from(*option)),
            None => choices.iter().find(|choice| Some(&choice.key) == shown.keys.get(at)),
        });
        match option {
            Some(choice) => self.going(&choice.to, BTreeMap::new()),
            None => self.again(Note::NotAKey),
        }
    }

    /// The row that a key means: numbers begin at 1 on each page.
    fn row(&self, typed: &str) -> Option<usize> {
        let key = typed.parse::<u16>().ok().filter(|key| (1..=self.state.shown.count).contains(key))?;
        Some(usize::from(self.state.shown.first + key - 1))
    }

    fn answered(&mut self, value: Value, then: &Target) {
        let name = self.graph.node(self.state.at.node).name.clone();
        self.state.answers.insert(name, value);
        self.going(then, BTreeMap::new());
    }

    fn wrong(&mut self, tries: &Tries, note: Note) {
        self.refuse();
        self.state.tries = self.state.tries.saturating_add(1);
        if self.state.tries >= tries.most {
            self.state.typed.clear();
            self.going(&tries.to, BTreeMap::new());
        } else {
            self.again(note);
        }
    }

    // ---- PINs -----------------------------------------------------------------------------

    fn pin(&mut self, typed: &str, purpose: PinPurpose) -> Step {
        self.state.phase = Phase::Checking(purpose);
        Step::Pin { typed: TypedPin::new(typed), purpose }
    }

    fn verdict(&mut self, verdict: PinVerdict) {
        let Phase::Checking(purpose) = self.state.phase else { return };
        let graph = self.graph;
        let (Kind::Pin { tries, then, .. } | Kind::NewPin { tries, then, .. }) =
            &graph.node(self.state.at.node).kind
        else {
            return;
        };
        match (verdict, purpose) {
            (PinVerdict::Right, PinPurpose::Choose) => {
                self.state.shown.again = true;
                self.state.phase = Phase::Showing(Note::None);
            }
            (PinVerdict::Right, _) => self.going(then, BTreeMap::new()),
            (PinVerdict::Locked, _) | (PinVerdict::Wrong { left: 0 }, PinPurpose::Prove) => {
                self.going(&tries.to, BTreeMap::new());
            }
            (PinVerdict::Wrong { left }, PinPurpose::Prove) => self.wrong(tries, Note::Bad(left)),
            (PinVerdict::Wrong { .. } | PinVerdict::TooEasy, _) => {
                self.state.shown.again = false;
                let differ = purpose == PinPurpose::Confirm;
                self.wrong(tries, if differ { Note::Differ } else { Note::Bad(0) });
            }
        }
    }

    // ---- actions --------------------------------------------------------------------------

    fn act(&mut self) -> Option<Step> {
        let node = self.graph.node(self.state.at.node);
        let Kind::Do { call, once, .. } = &node.kind else { return None };
        let wish = Do {
            name: call.name.clone(),
            args: self.scope().call(call),
            once: once.then(|| format!("{}/{}/{}", self.state.id, node.name, self.state.visits)),
            at: node.name.clone(),
        };
        self.state.phase = Phase::Doing(wish.clone());
        Some(Step::Do(wish))
    }

    fn outcome(&mut self, name: &str, args: Vec<Value>) {
        let Phase::Doing(wish) = &self.state.phase else { return };
        let once = wish.once.is_some();
        let graph = self.graph;
        let Kind::Do { branches, .. } = &graph.node(self.state.at.node).kind else { return };
        self.globals.clear();
        if let (FROZEN, [Value::Text(why)]) = (name, args.as_slice()) {
            self.state.phase = Phase::Stopped(why.clone());
            return;
        }
        if once {
            self.state.unseen = true;
            self.forget_the_way();
        }
        match (branches.iter().find(|branch| branch.outcome == name), graph.fault) {
            (Some(Branch { binds, to, .. }), _) => {
                self.going(to, binds.iter().cloned().zip(args).collect());
            }
            (None, Some(fault)) => {
                self.going(&Target::Node { node: fault, args: Vec::new() }, BTreeMap::new());
            }
            (None, None) => self.state.phase = Phase::Broken,
        }
    }

    /// After an action that changed something, Back leads neither to the key that ran it nor to
    /// the questions before it: they would run it again.
    fn forget_the_way(&mut self) {
        self.state.history.pop();
        while self.state.history.last().is_some_and(|place| {
            let kind = &self.graph.node(place.node).kind;
            matches!(kind, Kind::Ask { .. } | Kind::Pick { .. } | Kind::Pin { .. } | Kind::NewPin { .. })
        }) {
            self.state.history.pop();
        }
    }

    // ---- showing --------------------------------------------------------------------------

    fn show(&mut self, note: Note) -> Option<Step> {
        let kind = &self.graph.node(self.state.at.node).kind;
        if matches!(kind, Kind::Do { .. }) {
            return self.act();
        }
        let Face { screen, last, shown } = self.face(note);
        self.state.at.page = self.state.at.page.min(shown.pages.saturating_sub(1));
        self.state.shown = shown;
        self.state.phase = Phase::Shown;
        if let Some(Last { text, sms }) = last {
            self.state.phase = Phase::Ended;
            self.state.typed.clear();
            return Some(Step::End(text, sms));
        }
        if matches!(kind, Kind::Pin { .. } | Kind::NewPin { .. } | Kind::End { .. }) {
            self.state.typed.clear();
        }
        match self.state.typed.pop_front() {
            Some(typed) => self.key(typed.trim()),
            None if self.state.by_sms && self.state.drops_here(self.graph).is_none() => {
                self.state.cut.get_or_insert(self.env.now);
                Some(self.dial_to_go_on())
            }
            None => Some(Step::Show(screen)),
        }
    }

    /// What a cut at this place sends after a while: when, and which SMS. `globals` are those its
    /// arguments name, if any.
    pub fn drop_wish(&self, env: Env, globals: &BTreeMap<String, Value>) -> Option<(Duration, SmsWish)> {
        if self.state.phase != Phase::Shown || self.state.unseen {
            return None;
        }
        let drop = self.state.drops_here(self.graph)?;
        let scope = Scope { lang: env.lang, globals, ..self.scope() };
        Some((drop.after, SmsWish { name: drop.sms.name.clone(), args: scope.args(&drop.sms.args) }))
    }
}
