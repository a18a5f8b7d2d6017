//! One TCP connection: PDUs cut off the stream and handed over, answers written in batches.

use super::{
    Smsc,
    exchange::{LinkId, Out},
};
use crate::smpp::codec::{self, Uncut};
use bytes::BytesMut;
use std::{io, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// Octets asked of the socket at a time.
const READ: usize = 16 * 1024;
/// PDUs written at once.
const BATCH: usize = 64;
/// How long a peer may take to read what a closing link still has to say.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Serves a connection until either side is done with it.
pub(super) async fn serve(smsc: Smsc, stream: TcpStream) {
    // Without this, every screen waits for the peer's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let (out, frames) = mpsc::unbounded_channel();
    let cut = CancellationToken::new();
    let Some(id) = smsc.with(|exchange, now| exchange.connected(out, cut.clone(), now)) else { return };
    let (reader, writer) = stream.into_split();
    tokio::select! {
        _ = read(&smsc, id, reader) => {}
        _ = write(&smsc, frames, writer) => {}
        () = cut.cancelled() => {}
        () = smsc.stopped() => {}
    }
    smsc.with(|exchange, now| exchange.lost(id, now));
}

async fn read(smsc: &Smsc, id: LinkId, mut reader: OwnedReadHalf) -> io::Result<()> {
    let mut stream = BytesMut::with_capacity(READ);
    loop {
        loop {
            match codec::cut(&mut stream, codec::MOST_OCTETS) {
                Ok(frame) => smsc.with(|exchange, now| exchange.received(id, &frame, now)),
                Err(Uncut::Incomplete) => break,
                Err(Uncut::Invalid(_)) => {
                    smsc.with(|exchange, _| exchange.unframed(id));
                    // The writer says so and closes.
                    return std::future::pending().await;
                }
            }
        }
        stream.reserve(READ);
        if reader.read_buf(&mut stream).await? == 0 {
            return Ok(());
        }
    }
}

async fn write(
    smsc: &Smsc, mut frames: mpsc::UnboundedReceiver<Out>, mut writer: OwnedWriteHalf,
) -> io::Result<()> {
    let mut batch = Vec::with_capacity(BATCH);
    let mut octets = BytesMut::with_capacity(READ);
    while frames.recv_many(&mut batch, BATCH).await > 0 {
        let (delay, at_once) = smsc.with(|e, _| (e.faults.delay, e.faults.octets_at_once));
        if !delay.is_zero() {
            sleep(delay).await;
        }
        let mut last = false;
        for out in batch.drain(..) {
            match out {
                Out::Frame(frame) => octets.extend_from_slice(&frame),
                Out::Close => last = true,
            }
        }
        if last {
            let _ = timeout(LAST_WORDS, writer.write_all(&octets)).await;
            let _ = writer.shutdown().await;
            return Ok(());
        }
        if at_once == 0 {
            writer.write_all(&octets).await?;
        }
        for piece in octets.chunks(at_once.max(1)).take_while(|_| at_once > 0) {
            writer.write_all(piece).await?;
            tokio::task::yield_now().await;
        }
        octets.clear();
    }
    Ok(())
}
