// Pieces and their photographs, drafted on the phone and sent when there is a network. Everything that is
// typed or taken lies in the browser's own database until the house has answered for it.

const KEPT = 'sokoni-upload';
const LONGEST_SIDE = 1600;
const SENT_SHOWN = 5;
const find = (id) => document.querySelector(`[data-testid="${id}"]`);

let database;
let sending = false;
let again = false;
/** The pass of a link that is for one piece: good for this visit, never in the place of her own. */
let visit = null;

function openDatabase() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(KEPT, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('drafts', { keyPath: 'key' });
      request.result.createObjectStore('pass');
      request.result.createObjectStore('sent', { autoIncrement: true });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function rows(store, mode, ask) {
  return new Promise((resolve, reject) => {
    const work = database.transaction(store, mode);
    const request = ask(work.objectStore(store));
    work.oncomplete = () => resolve(request.result);
    work.onerror = () => reject(work.error);
    work.onabort = () => reject(work.error);
  });
}

const drafts = () => rows('drafts', 'readonly', (store) => store.getAll());
const keep = (draft) => rows('drafts', 'readwrite', (store) => store.put(draft));
const drop = (draft) => rows('drafts', 'readwrite', (store) => store.delete(draft.key));
/** Who shows what she has: `token`, and once the house has said it `number`, `first` and `only`. */
const pass = async () => visit ?? (await rows('pass', 'readonly', (store) => store.get('pass')));
const keepPass = (known) => rows('pass', 'readwrite', (store) => store.put(known, 'pass'));
async function dropPass() {
  if (visit) visit = null;
  else await rows('pass', 'readwrite', (store) => store.delete('pass'));
}
const sentBefore = () => rows('sent', 'readonly', (store) => store.getAll());
const keepSent = (words) => rows('sent', 'readwrite', (store) => store.add(words));

/** A photograph as small as the shop needs it: a phone's own takes minutes on a slow network. */
async function smaller(file) {
  try {
    const seen = await createImageBitmap(file, { imageOrientation: 'from-image' });
    const scale = Math.min(1, LONGEST_SIDE / Math.max(seen.width, seen.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(seen.width * scale);
    canvas.height = Math.round(seen.height * scale);
    canvas.getContext('2d').drawImage(seen, 0, 0, canvas.width, canvas.height);
    seen.close();
    return await new Promise((resolve) => canvas.toBlob((made) => resolve(made ?? file), 'image/jpeg', 0.85));
  } catch {
    return file; // The house says what is wrong with it.
  }
}

function say(text, bad = false) {
  const status = find('upload-status');
  status.textContent = text;
  status.classList.toggle('complaint', bad);
}

/** Asks the house. Throws when it cannot be reached; else the answer. */
async function ask(token, path, options = {}) {
  const headers = { ...options.headers, authorization: `Bearer ${token}` };
  const answer = await fetch(`/upload/api/${path}`, { ...options, headers });
  const body = await answer.json().catch(() => ({}));
  return { ok: answer.ok, status: answer.status, body };
}

/** What comes right by itself when it is tried once more. */
const passes = (status) => status === 408 || status === 429 || status >= 500;

/** Takes a pass, and asks the house whose it is; without a network that is asked later. */
async function take(token) {
  let known = { token };
  try {
    const me = await ask(token, 'me');
    if (me.status === 401) {
      if ((await pass())?.token === token) await dropPass();
      say('This link is not good, or not any more. Text PAGE for a new one; what you drafted is still here.', true);
      return;
    }
    if (me.ok) known = { token, number: me.body.number, first: me.body.first, only: me.body.only ?? undefined };
  } catch {
    // Asked again before anything is sent.
  }
  if (known.only) visit = known;
  else await keepPass(known);
}

/** The pass that a draft is sent with: her own of then, or a newer one of the same person. */
const passOf = (draft, mine) => (mine?.number && mine.number === draft.pass.number ? mine : draft.pass);

/** Sends one draft as far as it goes. What was answered for is not sent again. */
async function send(draft, { token }) {
  if (!draft.code) {
    const { kind, stuff, price, ready } = draft;
    const made = await ask(token, 'listings', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': draft.key },
      body: JSON.stringify({ kind, stuff, price, ready }),
    });
    if (!made.ok) return made;
    draft.code = made.body.code;
    await keep(draft);
  }
  while (draft.photos.length > 0) {
    const sent = await ask(token, `photos/${draft.code}`, { method: 'POST', body: draft.photos[0] });
    if (!sent.ok) return sent;
    draft.photos.shift();
    await keep(draft);
  }
  await keepSent(`${draft.code}: ${titled(draft)}, ${photographs(draft.taken)}`);
  await drop(draft);
  return { ok: true };
}

async function sendAll() {
  again = true;
  if (sending || !navigator.onLine) return;
  sending = true;
  try {
    const mine = await pass();
    if (mine && !mine.number) await take(mine.token);
    while (again) await sendEach();
  } finally {
    sending = false;
    await show();
  }
}

async function sendEach() {
  again = false;
  for (const draft of await drafts()) {
    if (draft.trouble) continue; // Until she wants it tried once more.
    say('Sending ...');
    let done;
    try {
      done = await send(draft, passOf(draft, await pass()));
    } catch {
      say('No network now. What you drafted is kept on this phone and sent later.');
      return;
    }
    if (done.ok) {
      say(`${draft.code} is sent, with its photographs.`);
    } else if (done.status === 401) {
      if ((await pass())?.token === passOf(draft, await pass()).token) await dropPass();
      say('This phone is not known any more. Text PAGE for a new link; what you drafted is still here.', true);
    } else if (passes(done.status)) {
      say('Not now. What you drafted is kept on this phone and sent later.');
    } else {
      draft.trouble = done.body.error?.message ?? 'it was refused';
      say('One draft was refused: see below.', true);
      await keep(draft);
    }
    await show();
  }
}

const photographs = (many) => (many === 1 ? '1 photograph' : `${many} photographs`);

/** What a draft is, in the words of the form. */
function titled(draft) {
  const word = (name) => find('upload-form').querySelector(`#${name} option[value="${CSS.escape(draft[name])}"]`);
  return draft.kind ? `${word('kind').textContent}, ${word('stuff').textContent.toLowerCase()}` : 'listed before';
}

async function show() {
  const [known, all, sent] = [await pass(), await drafts(), await sentBefore()];
  find('upload-door').hidden = Boolean(known);
  const form = find('upload-form');
  form.hidden = !known;
  find('upload-who').textContent = known?.first ? `You are ${known.first}: what you send is ${known.first}'s.` : '';
  form.querySelector('fieldset').hidden = Boolean(known?.only);
  form.elements.code.readOnly = Boolean(known?.only);
  if (known?.only) form.elements.code.value = known.only;
  const list = find('upload-drafts');
  list.replaceChildren(
    ...all.map((draft) => {
      const item = document.createElement('li');
      item.dataset.testid = 'upload-draft';
      item.textContent = `${draft.code ? `${draft.code}: ` : ''}${titled(draft)}, ${photographs(draft.photos.length)} to send`;
      if (draft.trouble) {
        const trouble = document.createElement('p');
        trouble.className = 'complaint';
        trouble.textContent = draft.trouble;
        const button = (text, press) => {
          const made = Object.assign(document.createElement('button'), { className: 'quiet', textContent: text });
          made.addEventListener('click', press);
          return made;
        };
        const once = () => keep({ ...draft, trouble: undefined }).then(sendAll);
        item.append(trouble, button('Try again', once), button('Throw it away', () => drop(draft).then(show)));
      }
      return item;
    }),
  );
  find('upload-none').hidden = all.length > 0;
  find('upload-gone').hidden = sent.length === 0;
  const last = sent.slice(-SENT_SHOWN).reverse();
  find('upload-sent').replaceChildren(
    ...last.map((words) => Object.assign(document.createElement('li'), { textContent: words })),
  );
  document.body.dataset.drafts = all.length;
}

async function draft(event) {
  event.preventDefault();
  const form = event.target;
  const value = (name) => form.elements[name].value.trim();
  const photos = await Promise.all([...form.elements.photos.files].map(smaller));
  const code = value('code').replaceAll(' ', '');
  const own = { kind: value('kind'), stuff: value('stuff'), price: Number(value('price')), ready: Number(value('ready')) };
  if (photos.length === 0) return say('Take a photograph of the piece first.', true);
  if (!code && !(own.price > 0 && own.ready > 0)) return say('Say the price and how many are ready.', true);
  const key = crypto.randomUUID();
  await keep({ key, pass: await pass(), photos, taken: photos.length, ...(code ? { code } : own) });
  form.reset();
  say('Kept on this phone.');
  await show();
  await sendAll();
}

async function begin() {
  database = await openDatabase();
  if (location.hash.length > 1) {
    await take(location.hash.slice(1));
    history.replaceState(null, '', location.pathname);
  }
  find('upload-form').addEventListener('submit', draft);
  find('upload-door').addEventListener('submit', async (event) => {
    event.preventDefault();
    await take(event.target.elements.pass.value.trim().toLowerCase());
    await show();
    await sendAll();
  });
  window.addEventListener('online', sendAll);
  window.addEventListener('hashchange', () => location.reload());
  document.addEventListener('visibilitychange', () => document.hidden || sendAll());
  setInterval(sendAll, 20_000);
  await show();
  if ('serviceWorker' in navigator) {
    // Without it drafts are kept all the same; only the page itself needs a network then.
    const kept = navigator.serviceWorker.register('/upload/worker.js', { scope: '/upload' });
    await kept.then(() => navigator.serviceWorker.ready).catch(() => {});
  }
  document.body.dataset.ready = 'true';
  await sendAll();
}

begin().catch((why) => say(`This browser cannot keep drafts: ${why.message}`, true));
