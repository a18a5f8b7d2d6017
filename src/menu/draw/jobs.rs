//! The jobs of a tree: what somebody can get done with it, and the fewest keys to each.

use crate::menu::graph::{Asked, Graph, Kind, NodeId, Target};
use std::collections::{BTreeMap, VecDeque};

/// What is pressed at a block to get on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Press {
    /// The key of an option.
    Option(u8),
    /// The key of any word or row.
    Any,
    /// A typed answer.
    Answer(Asked),
    /// The PIN.
    Pin,
    /// A new PIN, twice.
    NewPin,
    /// Nothing: an action that answered so.
    Outcome(String),
}

/// One step of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// The block.
    pub at: NodeId,
    /// What leads on.
    pub press: Press,
}

/// A way to get something done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The block that does it.
    pub goal: NodeId,
    /// From the first block up to the goal, without it.
    pub stops: Vec<Stop>,
}

impl Job {
    /// The keys that anybody can dial at once behind the code, up to the first that depends on the
    /// person or on the day: `*384*7656*3*1#` is `*384*7656#`, then 3, then 1.
    pub fn dialled(&self, code: &str) -> String {
        let keys = self.stops.iter().map_while(|stop| match stop.press {
            Press::Option(key) => Some(format!("*{key}")),
            _ => None,
        });
        format!("{}{}#", code.trim_end_matches('#'), keys.collect::<String>())
    }
}

/// The ways to every block that `is_goal` names, each with the fewest steps, in the order of the
/// file. Outcomes named `fault` and ways behind wrong answers are no ways to get something done.
pub fn jobs(graph: &Graph, is_goal: impl Fn(NodeId) -> bool) -> Vec<Job> {
    let mut before: BTreeMap<NodeId, Stop> = BTreeMap::new();
    let mut next = VecDeque::from([graph.home]);
    while let Some(at) = next.pop_front() {
        for (press, to) in onward(graph, at) {
            if to != graph.home && !before.contains_key(&to) {
                before.insert(to, Stop { at, press });
                next.push_back(to);
            }
        }
    }
    let reached = |id: &NodeId| before.contains_key(id) || *id == graph.home;
    let goals = (0..graph.nodes.len()).map(|at| NodeId(at as u16)).filter(|id| is_goal(*id)).filter(reached);
    let job = |goal| {
        let mut stops: Vec<Stop> =
            std::iter::successors(before.get(&goal), |stop| before.get(&stop.at)).cloned().collect();
        stops.reverse();
        Job { goal, stops }
    };
    goals.map(job).collect()
}

/// Where a block leads when all goes well.
fn onward(graph: &Graph, at: NodeId) -> Vec<(Press, NodeId)> {
    let to = |press, target: &Target| match target {
        Target::Node { node, .. } => Some((press, *node)),
        Target::Resume => None,
    };
    match &graph.node(at).kind {
        Kind::Screen { choices, .. } => {
            choices.iter().filter_map(|choice| to(Press::Option(choice.key), &choice.to)).collect()
        }
        Kind::Pick { then, .. } => to(Press::Any, then).into_iter().collect(),
        Kind::List { then, .. } => then.iter().filter_map(|then| to(Press::Any, then)).collect(),
        Kind::Ask { asked, then, .. } => to(Press::Answer(asked.clone()), then).into_iter().collect(),
        Kind::Pin { then, .. } => to(Press::Pin, then).into_iter().collect(),
        Kind::NewPin { then, .. } => to(Press::NewPin, then).into_iter().collect(),
        Kind::Do { branches, .. } => branches
            .iter()
            .filter(|branch| branch.outcome != "fault")
            .filter_map(|branch| to(Press::Outcome(branch.outcome.clone()), &branch.to))
            .collect(),
        Kind::End { .. } => Vec::new(),
    }
}
