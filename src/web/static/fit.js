// Tells whoever types words for phones what they come to on the air. Everything is judged by the server;
// this only carries and draws. Without it the form is answered when it is sent.
"use strict";

/** Rest after a key before the words are sent, in milliseconds. */
const REST = 250;

for (const form of document.querySelectorAll("form[data-fit]")) {
  const status = document.createElement("div");
  status.dataset.testid = `fit-${form.dataset.fit}`;
  status.setAttribute("role", "status");
  status.setAttribute("aria-label", "On the air");
  // A list of its own: the status would hide that it is one.
  const shown = document.createElement("ul");
  shown.className = "fit";
  status.append(shown);
  form.querySelector("button").before(status);
  let resting = 0;
  let asked = 0;

  const words = () => {
    const field = (name) => form.elements.namedItem(name).value;
    if (form.dataset.fit === "advise") return { what: "advise", listing: field("listing"), text: field("text") };
    const texts = ["en", "sw", "am"].map((lang) => [lang, field(lang)]).filter(([, text]) => text.trim());
    return { what: "tip", texts: Object.fromEntries(texts) };
  };

  const draw = ({ rows, why }) => {
    const line = (text, bad) => {
      const item = document.createElement("li");
      item.textContent = text;
      if (bad) item.className = "bad";
      return item;
    };
    const told = rows.map(({ says, strange }) => line(says, strange.length > 0));
    if (why) told.push(line(why, true));
    shown.replaceChildren(...told);
  };

  const ask = async () => {
    asked += 1;
    const mine = asked;
    const body = words();
    if (!(body.text ?? Object.values(body.texts ?? {}).join("")).trim()) {
      shown.replaceChildren();
      return;
    }
    const options = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const answer = await fetch("/desk/api/depot/fit", options).catch(() => null);
    // Whoever went on typing is told about what stands there now.
    if (answer?.ok && mine === asked) draw(await answer.json());
  };

  form.addEventListener("input", () => {
    clearTimeout(resting);
    resting = setTimeout(ask, REST);
  });
}
