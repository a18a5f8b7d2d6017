//! An SMS to a phone's tree, answered with made-up values and outcomes that somebody chooses.

use super::{Choose, Trial, samples::sample_code};
use crate::{
    dialog::{
        input::{Input, SmsWish},
        keyword::{Half, Reading, complete, understand},
        sms::{SmsStep, SmsTurn},
    },
    menu::{
        graph::{Asked, Bound, Command, Graph, Slot},
        value::Value,
    },
    types::Lang,
};

/// A text that is this command: its first word and what must follow, with made-up values.
pub fn example(graph: &Graph, command: &Command) -> String {
    let label = |set: &String| {
        let (word, _) = graph.enums.get(set)?.words.first()?;
        graph.words().label(set, word, Lang::EN)
    };
    let slots = command.slots.iter().map(|slot| match slot {
        Slot::Word(words) => words[0].clone(),
        Slot::Value { asked, .. } => match asked {
            Asked::Kes(..) => "850".to_owned(),
            Asked::Int(Bound::Fixed(least), Bound::Fixed(most)) => 3.clamp(*least, *most).to_string(),
            Asked::Int(..) => "3".to_owned(),
            Asked::Text(_) => "Asante sana".to_owned(),
            Asked::Phone => "0712345678".to_owned(),
            Asked::Date => "31/12".to_owned(),
            Asked::Code(kind) | Asked::Record { code: kind, .. } => sample_code(*kind, 0).to_string(),
            Asked::Enum(set) => label(set).unwrap_or_default(),
        },
    });
    command.words.first().cloned().into_iter().chain(slots).collect::<Vec<_>>().join(" ")
}

impl Trial<'_> {
    /// Reads a text as a command of the tree, or as the rest of the one that was half understood,
    /// carries it out, and says which message answers. The outcome is the first when nobody chooses.
    pub fn text(&mut self, text: &str, half: &mut Option<Half>, choose: Choose<'_>) -> SmsWish {
        self.env.now = self.env.now.after(std::time::Duration::from_secs(1));
        let mut reading = understand(self.graph, text, self.env.now);
        if let (Reading::Unknown, Some(half)) = (&reading, &half) {
            reading = complete(self.graph, half, text, self.env.now);
        }
        *half = match &reading {
            Reading::Half(half) | Reading::BadCode { half, .. } => Some(half.clone()),
            Reading::Understood(_) | Reading::Unknown => None,
        };
        let command = match &reading {
            Reading::Understood(understood) => self.graph.commands.get(understood.command),
            _ => None,
        };
        let mut turn = SmsTurn::new(self.graph, self.env.lang, reading, "text");
        let mut input = Input::Begin { typed: Vec::new() };
        let say = |name: &str, args| SmsWish { name: name.to_owned(), args };
        loop {
            input = match turn.step(input) {
                SmsStep::Ask(ask) => Input::Data(self.samples.data(&ask, self.env.lang)),
                SmsStep::Do(wish) => {
                    let replies = command.map_or(&[][..], |command| &command.replies);
                    let known: Vec<String> = replies.iter().map(|(outcome, ..)| outcome.clone()).collect();
                    let first = || known.first().cloned().unwrap_or_default();
                    let name = choose(&wish, &known).unwrap_or_else(first);
                    Input::Outcome { args: self.samples.outcome(&wish, &name, self.env.lang), name }
                }
                SmsStep::Say(wish) => return wish,
                SmsStep::BadCode { echo, sound: false } => return say("bad_code", vec![Value::text(echo)]),
                SmsStep::BadCode { echo, sound: true } => return say("no_such", vec![Value::text(echo)]),
                SmsStep::NotUnderstood => {
                    let dial = self.graph.dial.clone().unwrap_or_default();
                    return say("not_understood", vec![Value::text(dial)]);
                }
                SmsStep::Fault => return say("try_later", Vec::new()),
            };
        }
    }
}
