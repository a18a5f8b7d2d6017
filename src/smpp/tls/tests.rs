use super::*;
use crate::smpp::health::BindState;
use crate::smpp::peer::{Peer, Still, engine, settings, until};
use crate::smpp::pool::Pool;
use crate::smpp::status;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::server;
use tokio_util::sync::CancellationToken;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// An authority and what it vouched for, as files.
struct Authority {
    folder: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer =
            CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("signed");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).expect("written");
        Self { folder, issuer }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Vouches for a name: `NAME.pem` and `NAME.key`.
    fn vouch(&self, name: &str) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.issuer).expect("signed");
        std::fs::write(self.file(&format!("{name}.pem")), certificate.pem()).expect("written");
        std::fs::write(self.file(&format!("{name}.key")), key.serialize_pem()).expect("written");
    }

    fn chain(&self, name: &str) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let certificate = CertificateDer::from_pem_file(self.file(&format!("{name}.pem"))).expect("read");
        let key = PrivateKeyDer::from_pem_file(self.file(&format!("{name}.key"))).expect("read");
        (vec![certificate], key)
    }
}

/// An SMSC behind TLS, called `smsc.example`, and a pool that binds to it.
struct Rig {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    pool: Arc<Pool>,
    stop: CancellationToken,
}

impl Rig {
    async fn new(authority: &Authority, asks_for_ours: bool, more: &str) -> Self {
        authority.vouch("smsc.example");
        let (chain, key) = authority.chain("smsc.example");
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .expect("versions");
        let config = if asks_for_ours {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_file(authority.file("ca.pem")).expect("read")).expect("added");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.expect("a verifier")).with_single_cert(chain, key)
        } else {
            builder.with_no_client_auth().with_single_cert(chain, key)
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound").to_string();
        let more = format!("tls = true\nserver_name = \"smsc.example\"\n{more}");
        let pool = Pool::new(vec![settings(&address, &more)], Arc::new(Still)).expect("sound");
        let (pool, stop) = (Arc::new(pool), CancellationToken::new());
        pool.start(&engine().1, &stop);
        Self { listener, acceptor: TlsAcceptor::from(Arc::new(config.expect("a server"))), pool, stop }
    }

    async fn accept(&self) -> std::io::Result<Peer<server::TlsStream<TcpStream>>> {
        let (stream, _) = self.listener.accept().await?;
        Ok(Peer::new(self.acceptor.accept(stream).await?))
    }

    /// Lets it try until the reason it is down says this.
    async fn is_down_because(&self, says: &str) {
        let serving = async {
            loop {
                // What comes of the handshake shows on our side.
                let _ = self.accept().await;
            }
        };
        let down = until(|| {
            let reason = self.pool.status().remove(0).last_error;
            reason.is_some_and(|why| why.contains(says))
        });
        tokio::select! {
            () = down => {}
            () = serving => {}
        }
    }
}

fn trusting(ca: &Path) -> String {
    format!("ca_file = {ca:?}\n")
}

#[tokio::test]
async fn a_session_runs_over_tls_from_bind_to_unbind() {
    let authority = Authority::new();
    let rig = Rig::new(&authority, false, &trusting(&authority.file("ca.pem"))).await;
    let mut peer = rig.accept().await.expect("a handshake");
    peer.bind(status::OK).await;
    until(|| rig.pool.status()[0].state == BindState::Bound).await;
    peer.deliver("10-ussd-begin-its.hex", 1, "*483*57#").await;
    assert_eq!(peer.acked().await, (1, status::OK));
    let (sequence, _, text) = peer.submitted().await;
    assert_eq!(text, "you said begin *483*57#");
    peer.resp(sequence, status::OK, "").await;
    rig.stop.cancel();
    peer.unbind().await;
    rig.pool.stopped().await;
    assert!(rig.pool.status()[0].tls);
}

/// Nobody flushes here: a session writes, and then waits by reading.
#[tokio::test]
async fn what_a_full_socket_held_back_leaves_while_we_wait_for_an_answer() {
    let authority = Authority::new();
    let trust = trusting(&authority.file("ca.pem"));
    let rig = Rig::new(&authority, false, &trust).await;
    let more = format!("tls = true\nserver_name = \"smsc.example\"\n{trust}");
    let tls = Tls::of(&settings("h:1", &more)).expect("sound").expect("encrypted");
    let (ours, theirs) = tokio::io::duplex(512);
    let broken = Broken::default();
    let (client, server) = tokio::join!(tls.connect(ours, &broken), rig.acceptor.accept(theirs));
    let (mut client, mut server) = (client.expect("a handshake"), server.expect("a handshake"));
    const OCTETS: usize = 50_000;
    let peer = async move {
        let mut got = vec![0; OCTETS];
        server.read_exact(&mut got).await.expect("everything comes");
        server.write_all(b"done").await.expect("written");
        server.flush().await.expect("flushed");
        server
    };
    let us = async {
        client.write_all(&[7; OCTETS]).await.expect("accepted");
        let mut answer = [0; 4];
        client.read_exact(&mut answer).await.expect("the answer comes");
        answer
    };
    let both = async { tokio::join!(us, peer) };
    let (answer, _server) = tokio::time::timeout(PATIENCE, both).await.expect("nothing is stuck");
    assert_eq!(&answer, b"done");
}

#[tokio::test]
async fn an_smsc_of_an_unknown_authority_is_refused_with_the_remedy() {
    let (authority, another) = (Authority::new(), Authority::new());
    let rig = Rig::new(&authority, false, &trusting(&another.file("ca.pem"))).await;
    rig.is_down_because("name the SMSC's authority in ca_file").await;
}

#[tokio::test]
async fn an_smsc_of_another_name_is_refused_with_the_remedy() {
    let authority = Authority::new();
    authority.vouch("other.example");
    let trust = trusting(&authority.file("ca.pem"));
    let mut rig = Rig::new(&authority, false, &trust).await;
    let (chain, key) = authority.chain("other.example");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key);
    rig.acceptor = TlsAcceptor::from(Arc::new(config.expect("a server")));
    rig.is_down_because("set server_name").await;
}

#[tokio::test]
async fn an_smsc_that_asks_for_our_certificate_gets_it_or_says_so() {
    let authority = Authority::new();
    authority.vouch("sokoni");
    let trust = trusting(&authority.file("ca.pem"));
    let ours = format!(
        "client_cert_file = {:?}\nclient_key_file = {:?}\n",
        authority.file("sokoni.pem"),
        authority.file("sokoni.key")
    );
    let rig = Rig::new(&authority, true, &(trust.clone() + &ours)).await;
    let mut peer = rig.accept().await.expect("a handshake with both certificates");
    peer.bind(status::OK).await;
    until(|| rig.pool.status()[0].state == BindState::Bound).await;

    let without = Rig::new(&authority, true, &trust).await;
    without.is_down_because("client_cert_file").await;
}

#[test]
fn a_file_that_is_missing_or_empty_is_told_at_the_start() {
    let empty = tempfile::NamedTempFile::new().expect("a file");
    for (path, says) in [(Path::new("/nowhere/ca.pem"), "/nowhere/ca.pem"), (empty.path(), "no certificate")]
    {
        let smsc = settings("h:1", &format!("tls = true\n{}", trusting(path)));
        let Err(error) = Pool::new(vec![smsc], Arc::new(Still)) else { panic!("refused") };
        assert!(error.to_string().contains(says), "{error}");
    }
}
