// Keeps an order page fresh: each event brings the part of the page that changed, drawn by the
// server. Without this script the page asks again by itself.
"use strict";

const live = document.querySelector("[data-live]");
const said = document.querySelector("[data-live-status]");

if (live && window.EventSource) {
  let source = null;
  let pause = 1000;

  const listen = () => {
    source = new EventSource(live.dataset.live);
    source.addEventListener("order", (event) => {
      pause = 1000;
      // Whoever goes by keys stays where she was.
      const here = live.contains(document.activeElement) && document.activeElement.getAttribute("href");
      const next = document.createElement("template");
      next.innerHTML = event.data;
      // What was waited for has come: the whole page is asked for anew, once. A cart that it paid for is empty then.
      if (live.querySelector("[data-live-waits]") && !next.content.querySelector("[data-live-waits]")) {
        source.close();
        location.reload();
        return;
      }
      live.replaceChildren(next.content);
      if (here) live.querySelector(`a[href="${CSS.escape(here)}"]`)?.focus();
      const headline = live.querySelector("[data-headline]");
      if (said && headline) said.textContent = headline.textContent;
    });
    source.addEventListener("error", () => {
      // The browser goes on by itself unless the answer was a refusal, such as "too busy".
      if (source.readyState !== EventSource.CLOSED) return;
      pause = Math.min(pause * 2, 60000);
      setTimeout(listen, pause);
    });
  };

  listen();
  window.addEventListener("pagehide", () => source.close());
  window.addEventListener("pageshow", (event) => event.persisted && listen());
}
