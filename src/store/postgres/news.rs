//! Word from node to node by `NOTIFY` (PostgreSQL, SQL commands): outside of every commit, many words at
//! once, since a commit that notifies holds up all others that do.

use super::PAUSE;
use super::link::{Broken, Link};
use crate::store::news::{Heard, News};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc};
use tokio_postgres::Client;

/// Words that wait to be told; more are lost.
const QUEUE: usize = 4_096;
/// Words are gathered for so long.
const GATHER: Duration = Duration::from_millis(10);
/// Octets of one notification; PostgreSQL takes fewer than 8,000.
const MOST: usize = 7_000;
/// Between two tries to reach a database that is away.
const LATER: Duration = Duration::from_secs(1);
/// A node that hears nothing asks so often whether its connection lives.
const ALIVE: Duration = Duration::from_secs(15);

/// The board. Its task ends when it is dropped.
pub(super) struct Board {
    words: mpsc::Sender<String>,
    heard: broadcast::Sender<Heard>,
}

impl Board {
    pub(super) fn start(link: Link, node: String) -> Self {
        let (words, told) = mpsc::channel(QUEUE);
        let heard = broadcast::channel(QUEUE).0;
        tokio::spawn(run(link, node, told, heard.clone()));
        Self { words, heard }
    }
}

impl News for Board {
    fn tell(&self, word: String) {
        // One that finds no room is lost, as any may be.
        let _ = self.words.try_send(word);
    }

    fn heard(&self) -> broadcast::Receiver<Heard> {
        self.heard.subscribe()
    }
}

async fn run(link: Link, node: String, mut words: mpsc::Receiver<String>, heard: broadcast::Sender<Heard>) {
    loop {
        match listen(&link, &node, &mut words, &heard).await {
            Ok(()) => return,
            Err(why) => tracing::debug!(%why, "word from other nodes is not heard for now"),
        }
        tokio::time::sleep(LATER).await;
    }
}

/// Tells and hears until nobody can tell any more.
async fn listen(
    link: &Link, node: &str, words: &mut mpsc::Receiver<String>, heard: &broadcast::Sender<Heard>,
) -> Result<(), Broken> {
    let (ear, mut notes) = mpsc::unbounded_channel();
    let client = link.open_hearing(Some(ear)).await?;
    client.batch_execute("LISTEN sokoni").await?;
    // Nobody who listens is no fault, here and below.
    let _ = heard.send(Heard::Missed);
    let mut alive = tokio::time::interval(ALIVE);
    loop {
        tokio::select! {
            note = notes.recv() => {
                let Some(note) = note else { return Err(Broken::Again("its connection ended".to_owned())) };
                let Some((from, told)) = note.payload().split_once('\n') else { continue };
                if from != node {
                    for word in told.lines() {
                        let _ = heard.send(Heard::Word(word.into()));
                    }
                }
            }
            word = words.recv() => {
                let Some(word) = word else { return Ok(()) };
                tokio::time::sleep(GATHER).await;
                tell(&client, node, word, words).await?;
            }
            _ = alive.tick() => client.batch_execute("").await?,
        }
    }
}

/// Tells everything that waits, each word once.
async fn tell(
    client: &Client, node: &str, first: String, words: &mut mpsc::Receiver<String>,
) -> Result<(), Broken> {
    let mut all = BTreeSet::from([first]);
    while all.len() < QUEUE
        && let Ok(word) = words.try_recv()
    {
        all.insert(word);
    }
    let mut note = node.to_owned();
    let mut notes = Vec::new();
    for word in all {
        if note.len() + word.len() >= MOST {
            notes.push(std::mem::replace(&mut note, node.to_owned()));
        }
        note.push('\n');
        note.push_str(&word);
    }
    notes.push(note);
    for note in notes {
        tokio::time::timeout(ALIVE, client.execute("SELECT pg_notify('sokoni', $1)", &[&note]))
            .await
            .map_err(|_| Broken::Again("the database does not answer".to_owned()))??;
    }
    tokio::time::sleep(PAUSE / 10).await;
    Ok(())
}
