// The phones of the page. The network's side is the truth: keys are sent there, and what the
// screens show comes back on one stream of events for all of them.
"use strict";

const serviceCode = document.body.dataset.serviceCode;
const phones = new Map();

class Phone {
  constructor(section) {
    this.msisdn = section.dataset.msisdn;
    this.section = section;
    const part = (name) => section.querySelector(`[data-testid="${name}"]`);
    this.screen = part("screen");
    this.entry = part("entry");
    this.state = part("state");
    this.unread = part("unread");
    this.inbox = part("inbox");
    this.none = part("no-sms");
    this.text = part("sms-text");
    this.sent = part("sms-sent");
    this.open = false;
    this.news = 0;
    this.seen = 0;

    part("entry-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.call();
    });
    part("compose").addEventListener("submit", (event) => {
      event.preventDefault();
      this.sms();
    });
    this.text.addEventListener("input", () => {
      this.sent.textContent = "";
    });
    section.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-key]");
      if (button) this.key(button.dataset.key);
    });
    section.querySelector(".body").addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        event.preventDefault();
        this.end();
      } else if (event.target !== this.entry && /^[0-9*#]$/.test(event.key)) {
        event.preventDefault();
        this.key(event.key);
      }
    });
    section.querySelector(".messages").addEventListener("focusin", () => this.read());
    this.inbox.addEventListener("click", () => this.read());
  }

  key(name) {
    if (name === "call") this.call();
    else if (name === "end") this.end();
    else if (name === "clear") this.entry.value = this.entry.value.slice(0, -1);
    else this.entry.value += name;
  }

  // One key calls and answers, as on the phone it is drawn after.
  async call() {
    const typed = this.entry.value;
    if (this.section.dataset.busy === "true" || (this.open && typed === "")) return;
    this.entry.value = "";
    if (this.open) await this.post("press", { keys: typed });
    else await this.post("dial", { code: typed || serviceCode });
    this.entry.focus({ preventScroll: true });
  }

  async end() {
    this.entry.value = "";
    await this.post("cancel", {});
  }

  async sms() {
    const text = this.text.value.trim();
    if (text === "") return;
    if (await this.post("sms", { text })) {
      this.text.value = "";
      this.sent.textContent = "Sent.";
    } else {
      this.sent.textContent = "Not sent. Try again.";
    }
  }

  async post(what, body) {
    try {
      const answer = await fetch(`/phones/api/${this.msisdn}/${what}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      return answer.ok;
    } catch {
      this.show({ text: "The network does not answer. Is the demo still running?", open: false, busy: false });
      return false;
    }
  }

  show({ text, open, busy }) {
    this.open = open;
    this.section.dataset.busy = String(busy);
    if (this.screen.textContent !== text) {
      this.screen.textContent = text;
      this.screen.scrollTop = 0;
    }
    this.screen.dataset.open = String(open);
    this.state.textContent = busy ? "waiting…" : open ? "in a dialog" : "idle";
    this.entry.placeholder = open ? "answer" : serviceCode;
  }

  receive({ index, from, text, at }) {
    if (index < this.seen) return;
    this.seen = index + 1;
    const item = document.createElement("li");
    item.className = "new";
    item.dataset.testid = "sms";
    const head = document.createElement("span");
    head.className = "from";
    const sender = document.createElement("span");
    sender.textContent = from;
    const time = document.createElement("time");
    time.dateTime = new Date(at).toISOString();
    time.textContent = new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    head.append(sender, time);
    const body = document.createElement("span");
    body.dataset.testid = "sms-body";
    body.textContent = text;
    item.append(head, body);
    this.inbox.prepend(item);
    this.none.hidden = true;
    this.news += 1;
    this.unread.hidden = false;
    this.unread.textContent = `✉ ${this.news}`;
  }

  forget() {
    this.seen = 0;
    this.inbox.replaceChildren();
    this.none.hidden = false;
    this.read();
  }

  read() {
    this.news = 0;
    this.unread.hidden = true;
    for (const item of this.inbox.querySelectorAll(".new")) item.classList.remove("new");
  }
}

for (const section of document.querySelectorAll(".phone")) {
  const phone = new Phone(section);
  phones.set(phone.msisdn, phone);
}

const stream = new EventSource("/phones/api/events");
const on = (name, act) =>
  stream.addEventListener(name, (event) => {
    const data = JSON.parse(event.data);
    const phone = phones.get(data.msisdn);
    if (phone) act(phone, data);
  });
on("screen", (phone, data) => phone.show(data));
on("sms", (phone, data) => phone.receive(data));
// A stream begins with everything there is, so whatever an earlier one brought is forgotten.
stream.addEventListener("open", () => {
  for (const phone of phones.values()) phone.forget();
  document.body.setAttribute("data-connected", "true");
});
stream.addEventListener("error", () => document.body.removeAttribute("data-connected"));
