//! `sokoni dial`: a basic phone in the terminal, on the network of a running demo.
//!
//! Plain lines in, plain lines out: it can stand at either end of a pipe.

use crate::{
    sim::{
        phones::{
            api::{About, Dial, Look, Press, Problem, Text},
            events::{ScreenNews, SmsNews},
        },
        smsc::Screen,
    },
    types::Msisdn,
};
use reqwest::{Client, Response};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};

/// Where a demo is unless it was told to listen elsewhere.
pub const DEMO: &str = "http://127.0.0.1:8080";
/// The SMS that are shown when the phone is switched on, at most.
const KEPT: usize = 5;
/// Longer than any gateway waits for an application.
const PATIENCE: Duration = Duration::from_secs(60);
/// For finding the demo at all.
const CONNECT: Duration = Duration::from_secs(5);

const HELP: &str = "\
It is a phone of a demo: neither `sokoni serve` nor `sokoni smsc sim` has phones
for it. Those of the simulated operator are driven by lines of its own (sokoni
smsc sim --help).

Begins with the last SMS that the phone holds, at most five.

What you type:
  1, 42, a name     answers the screen
  sms TEXT          texts the short code; the answer is printed when it comes
  redial            dials the same code again
  *483*57*1#        dials another one, when no dialog is open
  cancel            hangs up
  quit              hangs up and leaves; so does the end of the input

Examples:
  sokoni dial '*483*57#' --as 0700000101
  printf '1\\n2\\nquit\\n' | sokoni dial '*483*57#' --as 0700000101
  echo 'sms BALANCE' | sokoni dial --as 0700000101 --linger 5";

/// A basic phone in the terminal, on the network of a running `sokoni demo`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = HELP)]
pub struct DialArgs {
    /// The code to dial first, such as '*483*57#' (quote it); without one the phone is only switched on
    pub code: Option<String>,

    /// Whose phone: 0700000101, +254700000101
    #[arg(long = "as", value_name = "NUMBER", value_parser = Msisdn::parse_kenyan, default_value = "+254700000101")]
    pub number: Msisdn,

    /// Where the demo is
    #[arg(long, value_name = "URL", default_value = DEMO)]
    pub demo: String,

    /// Stay so many seconds after the last line, for SMS that are still to come
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub linger: u64,
}

/// Runs the phone on the terminal's lines. Fails when the demo cannot be reached, or when a step
/// brought no screen.
pub async fn run(args: DialArgs) -> ExitCode {
    let prompt = std::io::stdin().is_terminal();
    let (lines, input) = mpsc::channel(1);
    // A thread of its own, for nothing can call back a read of the terminal: it must not keep the
    // command from ending.
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if lines.blocking_send(line).is_err() {
                return;
            }
        }
    });
    talk(&args, input, &mut std::io::stdout(), prompt).await
}

/// Runs the phone on any lines.
pub(crate) async fn talk(
    args: &DialArgs, input: mpsc::Receiver<String>, output: &mut impl Write, prompt: bool,
) -> ExitCode {
    let mut phone = match Phone::switch_on(args, output, prompt).await {
        Ok(phone) => phone,
        Err(why) => {
            eprintln!("sokoni dial: {why}");
            return ExitCode::FAILURE;
        }
    };
    match phone.talk(args, input).await {
        Ok(()) if !phone.failed => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("sokoni dial: {why}");
            ExitCode::FAILURE
        }
    }
}

/// What the stream of events tells.
#[derive(Debug)]
enum News {
    Screen(ScreenNews),
    Sms(SmsNews),
    /// The demo is gone.
    Gone,
}

/// A line's meaning.
#[derive(Debug, PartialEq, Eq)]
enum Line<'a> {
    Nothing,
    Quit,
    Cancel,
    Redial,
    Sms(&'a str),
    Dial(&'a str),
    Answer(&'a str),
}

impl<'a> Line<'a> {
    fn read(line: &'a str, open: bool) -> Self {
        let line = line.trim();
        match line.split_once(char::is_whitespace) {
            Some((word, text)) if word.eq_ignore_ascii_case("sms") => return Self::Sms(text.trim()),
            _ => {}
        }
        match line {
            "" => Self::Nothing,
            "quit" => Self::Quit,
            "cancel" => Self::Cancel,
            "redial" => Self::Redial,
            code if !open && code.starts_with('*') && code.ends_with('#') => Self::Dial(code),
            answer => Self::Answer(answer),
        }
    }
}

struct Phone<'a, W> {
    client: Client,
    base: String,
    output: &'a mut W,
    prompt: bool,
    news: mpsc::UnboundedReceiver<News>,
    code: String,
    open: bool,
    failed: bool,
}

impl<'a, W: Write> Phone<'a, W> {
    async fn switch_on(args: &DialArgs, output: &'a mut W, prompt: bool) -> Result<Self, String> {
        let demo = args.demo.trim_end_matches('/');
        let unreachable = |why: reqwest::Error| {
            format!(
                "no demo answers at {demo}: start one with `sokoni demo`, or say where with --demo ({why})"
            )
        };
        let client = Client::builder().connect_timeout(CONNECT).build().map_err(|why| why.to_string())?;
        let about = client.get(format!("{demo}/phones/api")).send().await.map_err(unreachable)?;
        let about: About = about
            .error_for_status()
            .map_err(unreachable)?
            .json()
            .await
            .map_err(|why| format!("{demo} has no phones: is it a demo? ({why})"))?;
        let base = format!("{demo}/phones/api/{}", args.number);
        let events = client.get(format!("{base}/events")).send().await.map_err(unreachable)?;
        let (tell, news) = mpsc::unbounded_channel();
        tokio::spawn(listen(events, tell));
        let code = args.code.clone().unwrap_or(about.service_code);
        let mut phone = Self { client, base, output, prompt, news, code, open: false, failed: false };
        phone.settle().await?;
        Ok(phone)
    }

    /// Takes in what happened before the phone was switched on, and shows the last SMS of it: the
    /// stream begins with it and ends it with the display.
    async fn settle(&mut self) -> Result<(), String> {
        let mut kept = Vec::new();
        loop {
            match timeout(CONNECT, self.news.recv()).await {
                Ok(Some(News::Sms(sms))) => kept.push(sms),
                Ok(Some(News::Screen(screen))) => {
                    self.open = screen.open;
                    let earlier = kept.len().saturating_sub(KEPT);
                    if earlier > 0 {
                        self.say(&format!("[{earlier} earlier SMS not shown]"))?;
                    }
                    return kept[earlier..].iter().try_for_each(|sms| self.say_sms(sms));
                }
                _ => return Err("the demo sent no events".into()),
            }
        }
    }

    async fn talk(&mut self, args: &DialArgs, mut input: mpsc::Receiver<String>) -> Result<(), String> {
        if args.code.is_some() {
            self.dial().await?;
        }
        loop {
            self.prompt()?;
            tokio::select! {
                news = self.news.recv() => self.tell(news.unwrap_or(News::Gone)).await?,
                line = input.recv() => match line {
                    Some(line) => if !self.obey(&line).await? { break },
                    None => break,
                },
            }
        }
        let end = Instant::now() + Duration::from_secs(args.linger);
        loop {
            tokio::select! {
                () = sleep_until(end) => break,
                news = self.news.recv() => self.tell(news.unwrap_or(News::Gone)).await?,
            }
        }
        if self.open {
            self.post("cancel", &()).await?;
        }
        Ok(())
    }

    /// Does what a line says; `false` at the end.
    async fn obey(&mut self, line: &str) -> Result<bool, String> {
        match Line::read(line, self.open) {
            Line::Nothing => {}
            Line::Quit => return Ok(false),
            Line::Cancel => {
                self.post("cancel", &()).await?;
                self.open = false;
                self.say("[hung up]")?;
            }
            Line::Redial => self.dial().await?,
            Line::Dial(code) => {
                self.code = code.to_owned();
                self.dial().await?;
            }
            Line::Sms(text) => {
                let sent = self.post("sms", &Text { text: text.to_owned() }).await?;
                match problem(sent).await {
                    Ok(_) => self.say("[sent]")?,
                    Err(why) => self.fail(&why)?,
                }
            }
            Line::Answer(_) if !self.open => self.fail("no dialog is open: redial, sms TEXT, or quit")?,
            Line::Answer(keys) => {
                let answer = self.post("press", &Press { keys: keys.to_owned() }).await?;
                self.show(answer).await?;
            }
        }
        Ok(true)
    }

    async fn dial(&mut self) -> Result<(), String> {
        let answer = self.post("dial", &Dial { code: self.code.clone() }).await?;
        self.show(answer).await
    }

    async fn post(&self, what: &str, body: &impl Serialize) -> Result<Response, String> {
        let request = self.client.post(format!("{}/{what}", self.base)).timeout(PATIENCE).json(body);
        request.send().await.map_err(|why| format!("the demo does not answer any more ({why})"))
    }

    async fn show(&mut self, answer: Response) -> Result<(), String> {
        let screen = match problem(answer).await {
            Ok(answer) => answer.json::<Screen>().await.map_err(|why| why.to_string())?,
            Err(why) => {
                self.open = false;
                return self.fail(&why);
            }
        };
        self.open = screen.open;
        self.say(&screen.text)?;
        if !screen.open {
            self.say("[end]")?;
        }
        Ok(())
    }

    /// News that nobody asked for: an SMS, or a dialog that a timer ended.
    async fn tell(&mut self, news: News) -> Result<(), String> {
        match news {
            News::Sms(sms) => self.say_sms(&sms),
            News::Screen(screen) if self.open && !screen.open && !screen.busy => {
                // The event may be older than the last answer: what counts is the display now.
                let look = self.client.get(&self.base).timeout(PATIENCE).send().await;
                let look: Look = match look {
                    Ok(look) => look.json().await.map_err(|why| why.to_string())?,
                    Err(why) => return Err(format!("the demo does not answer any more ({why})")),
                };
                if look.screen.open || look.busy {
                    return Ok(());
                }
                self.open = false;
                self.say(&look.screen.text)?;
                self.say("[end]")
            }
            News::Screen(_) => Ok(()),
            News::Gone => Err("the demo is gone".into()),
        }
    }

    fn prompt(&mut self) -> Result<(), String> {
        if self.prompt {
            write!(self.output, "> ").and_then(|()| self.output.flush()).map_err(|why| why.to_string())?;
        }
        Ok(())
    }

    fn say(&mut self, text: &str) -> Result<(), String> {
        writeln!(self.output, "{text}").and_then(|()| self.output.flush()).map_err(|why| why.to_string())
    }

    fn say_sms(&mut self, sms: &SmsNews) -> Result<(), String> {
        self.say(&format!("[SMS from {}] {}", sms.from, sms.text))
    }

    fn fail(&mut self, why: &str) -> Result<(), String> {
        self.failed = true;
        self.say(&format!("[{why}]"))
    }
}

/// The answer, or what the demo says is wrong.
async fn problem(answer: Response) -> Result<Response, String> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    match answer.json::<Problem>().await {
        Ok(problem) => Err(problem.error),
        Err(_) => Err(format!("the demo answered {status}")),
    }
}

/// Reads server-sent events until the stream ends.
async fn listen(mut events: Response, tell: mpsc::UnboundedSender<News>) {
    let mut octets = Vec::new();
    while let Ok(Some(chunk)) = events.chunk().await {
        octets.extend_from_slice(&chunk);
        while let Some(end) = octets.windows(2).position(|pair| pair == b"\n\n") {
            let block: Vec<u8> = octets.drain(..end + 2).collect();
            if let Some(news) = read_event(&String::from_utf8_lossy(&block))
                && tell.send(news).is_err()
            {
                return;
            }
        }
    }
    let _ = tell.send(News::Gone);
}

/// One event; comments that only keep the stream alive are none.
fn read_event(block: &str) -> Option<News> {
    let field = |name: &str| {
        block.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim_start()))
    };
    fn parse<T: DeserializeOwned>(data: &str) -> Option<T> {
        serde_json::from_str(data).ok()
    }
    match field("event")? {
        "screen" => parse(field("data")?).map(News::Screen),
        "sms" => parse(field("data")?).map(News::Sms),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{
        echo::{Echo, EchoSettings},
        phones::{PhonesSettings, router},
        smsc::{Smsc, SmscSettings},
    };

    async fn demo() -> (Smsc, String) {
        let smsc = Smsc::start(SmscSettings::default()).await.expect("listens");
        let settings = PhonesSettings {
            phones: Vec::new(),
            service_code: "*483*57#".into(),
            short_code: "48357".into(),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}/", listener.local_addr().expect("its address"));
        let app = router(smsc.clone(), settings);
        tokio::spawn(async move { axum::serve(listener, app).await });
        (smsc, base)
    }

    fn args(demo: String, code: Option<&str>) -> DialArgs {
        let number = Msisdn::from_e164("254700000101").expect("a number");
        DialArgs { code: code.map(Into::into), number, demo, linger: 0 }
    }

    async fn typed(args: &DialArgs, lines: &str) -> (bool, String) {
        let mut output = Vec::new();
        let (typing, input) = mpsc::channel(100);
        for line in lines.lines() {
            typing.try_send(line.to_owned()).expect("room");
        }
        drop(typing);
        let code = talk(args, input, &mut output, false).await;
        (code == ExitCode::SUCCESS, String::from_utf8(output).expect("UTF-8"))
    }

    #[tokio::test]
    async fn a_piped_phone_prints_screens_and_sends_texts() {
        let (smsc, base) = demo().await;
        let screen = EchoSettings { screen: "Karibu\n1. Endelea".into(), ..EchoSettings::default() };
        let _echo = Echo::start(smsc.addr, screen).await.expect("binds");
        let (well, output) = typed(&args(base, Some("*483*57#")), "1\nsms UZA KIKAPU 850\nquit\n1\n").await;
        assert!(well, "{output}");
        assert_eq!(output, "Karibu\n1. Endelea\nKaribu\n1. Endelea\n[sent]\n");
        let counters = smsc.counters();
        assert_eq!(
            (counters.begins, counters.replies, counters.sms_from_phones, counters.aborts),
            (1, 1, 1, 1)
        );
    }

    #[tokio::test]
    async fn a_step_without_a_screen_is_said_and_fails_the_command() {
        let (_smsc, base) = demo().await;
        let (well, output) = typed(&args(base, Some("*483*57#")), "1\n").await;
        assert!(!well);
        assert!(
            output.contains("no application is bound") && output.contains("no dialog is open"),
            "{output}"
        );
        let (well, output) = typed(&args("http://127.0.0.1:1".into(), None), "").await;
        assert_eq!((well, output.as_str()), (false, ""));
    }

    #[tokio::test]
    async fn an_sms_that_comes_late_is_printed_while_the_phone_lingers() {
        let (smsc, base) = demo().await;
        let later = DialArgs { linger: 1, ..args(base, None) };
        let ((well, output), ()) = tokio::join!(typed(&later, ""), esme::send(smsc.addr));
        assert!(well);
        assert_eq!(output, "[SMS from SOKONI] Oda mpya\n");
    }

    /// An application that sends one SMS.
    #[tokio::test]
    async fn what_came_while_the_phone_was_off_is_shown_when_it_is_switched_on() {
        let (smsc, base) = demo().await;
        for _ in 0..KEPT + 1 {
            esme::send(smsc.addr).await;
        }
        let (well, output) = typed(&args(base, None), "quit\n").await;
        assert!(well, "{output}");
        let shown = format!("[1 earlier SMS not shown]\n{}", "[SMS from SOKONI] Oda mpya\n".repeat(KEPT));
        assert_eq!(output, shown);
    }

    mod esme {
        use crate::smpp::{
            codec,
            pdu::{Address, Bind, Body, Message, Mode, Pdu},
        };
        use bytes::{Bytes, BytesMut};
        use std::{net::SocketAddr, time::Duration};
        use tokio::{io::AsyncWriteExt, net::TcpStream};

        pub(super) async fn send(smsc: SocketAddr) {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let mut stream = TcpStream::connect(smsc).await.expect("connects");
            let bind = Bind { system_id: "sokoni".into(), password: "s3cr3t".into(), ..Bind::default() };
            let message = Message {
                source: Address::new(5, 0, "SOKONI"),
                dest: Address::new(1, 1, "254700000101"),
                short_message: Bytes::from_static(b"Oda mpya"),
                ..Message::default()
            };
            let mut out = BytesMut::new();
            codec::encode(&Pdu::request(1, Body::Bind(Mode::Transmitter, bind)), &mut out);
            codec::encode(&Pdu::request(2, Body::SubmitSm(message)), &mut out);
            stream.write_all(&out).await.expect("written");
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    #[test]
    fn lines_mean_different_things_inside_a_dialog_and_outside() {
        assert_eq!(Line::read("sms UZA KIKAPU", true), Line::Sms("UZA KIKAPU"));
        assert_eq!(Line::read("*144#", false), Line::Dial("*144#"));
        assert_eq!(Line::read("*144#", true), Line::Answer("*144#"));
        assert_eq!(Line::read(" Wanjiku wa Nyeri ", true), Line::Answer("Wanjiku wa Nyeri"));
        assert_eq!(Line::read("  ", true), Line::Nothing);
    }
}
