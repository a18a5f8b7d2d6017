//! `sokoni menu preview`: an editor in the browser with phones that show what the text says.

use super::{CLEAN, records::Records, sources::sources};
use crate::{
    cli::serve,
    dialog::tape::stats::{Count, Stats},
    engine::preview::Ground,
    menu::check::Limits,
    web::{
        self,
        preview::{Editor, alone, shelf::Shelf},
    },
};
use clap::Args;
use std::{
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpListener, runtime::Handle, task};
use tokio_util::sync::CancellationToken;

/// Write menus in the browser, with phones that show them as you write
///
/// Opens a page on this machine. It follows the files: what another editor saves is shown at once,
/// and what is saved on the page is written to the file.
#[derive(Debug, Clone, Args)]
pub struct PreviewArgs {
    /// Menu files or folders of them; without any, `menus/` when it is there, else the menus
    /// compiled in, which can only be looked at.
    pub paths: Vec<PathBuf>,
    /// Where the page is served. Whoever reaches it may change the files.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7658")]
    pub addr: SocketAddr,
    /// The smallest limit of any route, in septets.
    #[arg(long, value_name = "SEPTETS", value_parser = clap::value_parser!(u16).range(40..=182))]
    pub limit: Option<u16>,
    /// What one part of an SMS costs, in cents, so that texts are shown with their price.
    #[arg(long, value_name = "CENTS")]
    pub part_cents: Option<u32>,
    /// Where the records are, to tell where people broke off last week.
    #[command(flatten)]
    records: Records,
}

/// How far back recorded dialogs are added up.
const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// Serves the page until Ctrl-C.
///
/// # Errors
/// Files that cannot be read; an address that is taken.
pub fn run(args: &PreviewArgs, out: &mut impl Write) -> io::Result<u8> {
    sources(&args.paths)?;
    let editor = editor(args, stats(args)?);
    task::block_in_place(|| {
        Handle::current().block_on(async {
            let listener = TcpListener::bind(args.addr).await.map_err(|why| {
                let sentence = format!("cannot listen on {}: {why}; choose another with --addr", args.addr);
                io::Error::new(why.kind(), sentence)
            })?;
            let address = listener.local_addr()?;
            writeln!(out, "Preview  http://{address}/   (Ctrl-C ends it)")?;
            if !address.ip().is_loopback() {
                writeln!(out, "Whoever reaches {address} can change these files.")?;
            }
            out.flush()?;
            let shutdown = editor.shutdown.clone();
            let serving = web::serve(listener, alone(editor), shutdown.clone(), Duration::from_secs(2));
            tokio::pin!(serving);
            tokio::select! {
                () = &mut serving => {}
                () = serve::interrupted() => {
                    shutdown.cancel();
                    serving.await;
                }
            }
            Ok(CLEAN)
        })
    })
}

/// What recorded dialogs add up to, where somebody says where they are.
fn stats(args: &PreviewArgs) -> io::Result<Option<Arc<Stats>>> {
    if !args.records.are_named() {
        return Ok(None);
    }
    let mut count = Count::default();
    args.records.each(WEEK, |tape, now| count.take(tape, now))?;
    Ok(Some(Arc::new(count.stats())))
}

fn editor(args: &PreviewArgs, stats: Option<Arc<Stats>>) -> Editor {
    let compiled_in = args.paths.is_empty() && !Path::new("menus").is_dir();
    let paths = args.paths.clone();
    let read = Arc::new(move || sources(&paths).map_err(|why| why.to_string()));
    let routes = args.limit.map(|limit| ("--limit".to_owned(), limit));
    Editor {
        shelf: if compiled_in { Shelf::read_only(read) } else { Shelf::new(read) },
        ground: Ground {
            limits: Limits { routes: routes.into_iter().collect(), ..Limits::default() },
            part_cents: args.part_cents,
            stats,
        },
        base: "",
        serves: false,
        shutdown: CancellationToken::new(),
        dialogs: None,
    }
}
