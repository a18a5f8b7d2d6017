// The editor of menus: sends what is written to be checked and shows what phones would show.
// Everything that is judged is judged by the server; this only carries and draws.

const $ = (id) => document.getElementById(id);
const base = document.body.dataset.base;
/** Rest after a key before the text is sent, in milliseconds. */
const REST = 20;
/** Under a quick hand, answers to texts that have changed since are drawn this far apart, in milliseconds. */
const STALE = 150;

/** Files by name: `text` as on the disk, its `version`, and the `area` in which it is written. */
const files = new Map();
let open = null;
let sight = null;
let path = [];
let lead = { lang: 'en', filling: 'typical' };
/** Keys pressed so far: what was asked before the last one does not say where the path leads now. */
let pressed = 0;
/** The block that the phones were last led to, so that they follow the cursor and not each key. */
let followed = '';
/** The line that the cursor was last seen on. */
let caret = 1;
let writable = false;
let serves = false;

/** A new element with a class, a text and children. */
function make(tag, { text, ...attributes } = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(name, value);
  }
  if (text !== undefined) element.textContent = text;
  element.append(...children);
  return element;
}

const count = (n, noun) => `${n} ${noun}${n === 1 ? '' : 's'}`;
const short = (name) => name.split('/').pop();
const language = (() => {
  const names = new Intl.DisplayNames(['en'], { type: 'language' });
  return (tag) => names.of(tag) ?? tag;
})();

// ---- files --------------------------------------------------------------------------------

async function ask(what, body) {
  const options = body && {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
  const answer = await fetch(`${base}/${what}`, options);
  const said = await answer.json().catch(() => ({ message: `the server answered ${answer.status}` }));
  return { status: answer.status, ok: answer.ok, said };
}

const isDirty = (file) => file.area.value !== file.text;
const dirty = () => [...files.values()].filter(isDirty);

function addFile({ name, text, version }) {
  const area = make('textarea', {
    'aria-label': `Text of ${short(name)}`,
    'aria-describedby': 'here',
    'data-testid': 'text',
    spellcheck: 'false',
    autocapitalize: 'off',
    autocomplete: 'off',
    wrap: 'off',
  });
  area.value = text;
  area.hidden = true;
  area.addEventListener('input', () => {
    leapt(area);
    wanted.typedAt = performance.now();
    outcome = null;
    $('tip').hidden = true;
    drawGutter();
    drawState();
    later(REST);
  });
  area.addEventListener('scroll', scrolled, { passive: true });
  area.addEventListener('mousemove', hover);
  area.addEventListener('mouseleave', () => ($('tip').hidden = true));
  $('paper').append(area);
  files.set(name, { name, text, version, area });
  $('file').append(make('option', { value: name, text: short(name), title: name }));
}

function openFile(name, caret = 0) {
  if (open) open.area.hidden = true;
  open = files.get(name);
  open.area.hidden = false;
  $('file').value = name;
  if (caret !== null) open.area.setSelectionRange(caret, caret);
  sight = null;
  path = [];
  followed = '';
  drawGutter();
  drawMarks();
  drawState();
  later(0, true);
}

/** Puts a text in place: only what differs, so that it can be undone and the cursor stays. */
function replaceText({ area }, text) {
  const old = area.value;
  const [start, end, top] = [area.selectionStart, area.selectionEnd, area.scrollTop];
  const most = Math.min(old.length, text.length);
  let first = 0;
  while (first < most && old[first] === text[first]) first += 1;
  let last = 0;
  while (last < most - first && old[old.length - 1 - last] === text[text.length - 1 - last]) last += 1;
  const part = text.slice(first, text.length - last);
  // Browsers take seconds to insert hundreds of lines in a way that can be undone.
  if (!area.hidden && part.length < 4000) {
    const focused = document.activeElement;
    area.focus({ preventScroll: true });
    area.setSelectionRange(first, old.length - last);
    document.execCommand(part ? 'insertText' : 'delete', false, part);
    focused?.focus?.({ preventScroll: true });
  }
  if (area.value !== text) area.value = text;
  const moved = (at) => (at <= first ? at : Math.max(first, at + text.length - old.length));
  area.setSelectionRange(moved(start), moved(end));
  area.scrollTop = top;
}

/** Takes the files as they stand on the disk; where one is being written here, asks. */
function fromDisk(now) {
  let changed = false;
  for (const kept of now) {
    const file = files.get(kept.name);
    if (!file) {
      addFile(kept);
      continue;
    }
    if (file.version === kept.version) continue;
    if (!isDirty(file) || file.area.value === kept.text) {
      Object.assign(file, { text: kept.text, version: kept.version });
      if (file.area.value !== kept.text) replaceText(file, kept.text);
      changed = true;
    } else {
      conflict(file, kept);
    }
  }
  if (changed) {
    drawGutter();
    later(0);
  }
  drawState();
}

let clash = null;

/** The lines in which two texts differ, with two lines around them. */
function difference(a, b) {
  const [left, right] = [a.split('\n'), b.split('\n')];
  let first = 0;
  while (first < Math.min(left.length, right.length) && left[first] === right[first]) first += 1;
  let last = 0;
  const most = Math.min(left.length, right.length) - first;
  while (last < most && left[left.length - 1 - last] === right[right.length - 1 - last]) last += 1;
  const from = Math.max(first - 2, 0);
  const part = (lines) =>
    lines
      .slice(from, Math.max(lines.length - last + 2, from))
      .map((line, at) => `${String(from + at + 1).padStart(4)}  ${line}`)
      .join('\n');
  return [part(left), part(right)];
}

function conflict(file, kept) {
  clash = { file, kept };
  const [theirs, mine] = difference(kept.text, file.area.value);
  $('conflict-title').textContent = `${short(file.name)} was changed on the disk while you wrote`;
  $('theirs').textContent = theirs;
  $('mine').textContent = mine;
  $('conflict').hidden = false;
}

function settle(take) {
  const { file, kept } = clash;
  Object.assign(file, { text: kept.text, version: kept.version });
  if (take) replaceText(file, kept.text);
  clash = null;
  $('conflict').hidden = true;
  drawGutter();
  drawState();
  later(0);
  file.area.focus();
}

/** What came of saving, until the next key. */
let outcome = null;

async function save() {
  const drafts = dirty();
  if (!writable || drafts.length === 0) return;
  const sent = drafts.map(({ name, version, area }) => ({ name, version, text: area.value }));
  const { ok, status, said } = await ask('save', { files: sent });
  if (ok) {
    for (const kept of said.files) {
      const file = files.get(kept.name);
      if (file) Object.assign(file, { text: kept.text, version: kept.version });
    }
    outcome = { text: serves ? 'Saved; it goes live after its check.' : 'Saved.', isFault: false };
  } else {
    outcome = { text: `Not saved: ${said.message}`, isFault: true };
    if (status === 409) conflict(files.get(said.changed[0].name), said.changed[0]);
  }
  drawState();
}

function drawState() {
  const unsaved = dirty();
  const errors = sight ? sight.faults.filter(({ severity }) => severity === 'error').length : 0;
  const isRefused = serves && errors > 0;
  let text = writable ? 'As on the disk.' : 'Compiled in: to be looked at, not changed.';
  if (unsaved.length > 0) {
    text = `Not saved: ${unsaved.map(({ name }) => short(name)).join(', ')}.`;
    if (isRefused) text += ` It goes live, so its ${count(errors, 'error')} first.`;
  }
  $('state').textContent = outcome?.text ?? text;
  $('state').dataset.dirty = unsaved.length > 0;
  $('state').dataset.fault = outcome?.isFault ?? false;
  $('save').disabled = !writable || unsaved.length === 0 || isRefused;
  document.title = `${unsaved.length > 0 ? '• ' : ''}${open ? short(open.name) : 'Menus'} · Sokoni`;
}

// ---- looking ------------------------------------------------------------------------------

const wanted = { timer: 0, running: false, again: false, follow: false, typedAt: null, drawnAt: 0 };

/** Looks anew after so many milliseconds; one look at a time. */
function later(rest, follow = false) {
  wanted.follow ||= follow;
  clearTimeout(wanted.timer);
  wanted.timer = setTimeout(lookNow, rest);
}

async function lookNow() {
  if (wanted.running) {
    wanted.again = true;
    return;
  }
  if (!open) return;
  const { follow, typedAt } = wanted;
  const asked = pressed;
  Object.assign(wanted, { running: true, again: false, follow: false, typedAt: null });
  const file = open;
  const line = lineOf(file.area.value, file.area.selectionStart);
  const sure = follow || !isPlace(blockAt(line));
  const look = { file: file.name, path, lead, ...(sure ? { line } : {}) };
  const drafts = Object.fromEntries(dirty().map(({ name, area }) => [name, area.value]));
  try {
    const { ok, said } = await ask('look', { look, drafts });
    if (!ok) throw new Error(said.message);
    // A newer text has its own answer soon: this one is drawn only if the page has stood still for long.
    const isStale = wanted.typedAt !== null && performance.now() - wanted.drawnAt < STALE;
    if (file === open && isStale) wanted.follow ||= follow;
    else if (file === open) show(said, typedAt, asked === pressed, line);
  } catch (error) {
    $('state').textContent = `The server does not answer: ${error.message}`;
    $('state').dataset.fault = true;
  }
  wanted.running = false;
  if (wanted.again || wanted.follow) lookNow();
}

const lineOf = (text, offset) => text.slice(0, offset).split('\n').length;
const keyOf = (block) => (block ? `${block.word} ${block.name}` : '');
const NO_PLACES = ['menu', 'messages', 'overlay', 'words', 'enum', 'sms', 'text'];
const isPlace = (block) => !!block && !NO_PLACES.includes(block.word);

function blockAt(line) {
  return sight?.blocks.findLast((block) => block.line <= line);
}

/** The phones follow the cursor from block to block. */
function moved() {
  if (!open || document.activeElement !== open.area) return;
  drawHere();
  if (!sight || wanted.typedAt !== null) return;
  caret = lineOf(open.area.value, open.area.selectionStart);
  const block = blockAt(caret);
  if (keyOf(block) === followed) return;
  followed = keyOf(block);
  // Behind a look that is under way comes another one.
  if (wanted.running) wanted.follow = true;
  else later(0, true);
}

/** Who types as soon as the cursor is put elsewhere is quicker than the word of its move: the phones go after it. */
function leapt(area) {
  const line = lineOf(area.value, area.selectionStart);
  const key = keyOf(blockAt(line));
  if (wanted.typedAt === null && Math.abs(line - caret) > 1 && key !== followed) {
    followed = key;
    wanted.follow = true;
  }
  caret = line;
}

function show(seen, typedAt, isLast, askedLine) {
  sight = seen;
  wanted.drawnAt = performance.now();
  const line = lineOf(open.area.value, open.area.selectionStart);
  followed = keyOf(blockAt(line));
  // The cursor went to another block while the answer was under way: the phones go after it.
  if (wanted.typedAt === null && line !== askedLine && followed !== keyOf(blockAt(askedLine))) wanted.follow = true;
  drawMarks();
  drawGutter();
  drawFaults();
  drawHere();
  drawTexts(seen.texts);
  $('walk').hidden = !seen.phones;
  if (seen.phones) drawPhones(seen.phones, isLast);
  drawState();
  if (typedAt === null) return;
  // Two frames later everything stands on the screen.
  requestAnimationFrame(() =>
    setTimeout(() => performance.measure('from key to phones', { start: typedAt, end: performance.now() })),
  );
}

// ---- the text and its faults --------------------------------------------------------------

const ours = () => (sight ? sight.faults.filter(({ file }) => file === open.name) : []);

function scrolled() {
  const { scrollTop, scrollLeft } = open.area;
  $('back').scrollTop = scrollTop;
  $('back').scrollLeft = scrollLeft;
  $('gutter').scrollTop = scrollTop;
}

function drawGutter() {
  const worst = new Map();
  for (const fault of ours()) {
    const known = worst.get(fault.line);
    const sentences = [...(known?.sentences ?? []), fault.sentence];
    const severity = known?.severity === 'error' ? 'error' : fault.severity;
    worst.set(fault.line, { severity, sentences });
  }
  const now = lineOf(open.area.value, open.area.selectionStart);
  const lines = open.area.value.split('\n').length;
  const parts = document.createDocumentFragment();
  let plain = '';
  for (let line = 1; line <= lines; line += 1) {
    const fault = worst.get(line);
    if (!fault && line !== now) {
      plain += `${line}\n`;
      continue;
    }
    parts.append(plain);
    plain = '\n';
    const title = fault?.sentences.join('\n');
    parts.append(make('span', { class: fault?.severity ?? 'now', text: `${line}`, title }));
  }
  parts.append(plain);
  $('gutter').replaceChildren(parts);
  scrolled();
}

function drawMarks() {
  const text = open.area.value;
  const parts = document.createDocumentFragment();
  let at = 0;
  for (const { start, end, severity } of ours().toSorted((a, b) => a.start - b.start)) {
    if (start < at || start > text.length) continue;
    parts.append(text.slice(at, start), make('mark', { class: severity, text: text.slice(start, end) || ' ' }));
    at = Math.min(end, text.length);
  }
  parts.append(text.slice(at), '\n');
  $('back').replaceChildren(parts);
  scrolled();
}

/** The fault that the cursor stands in is said below the text, also to those who cannot see it. */
function drawHere() {
  const caret = open.area.selectionStart;
  const line = lineOf(open.area.value, caret);
  const faults = ours();
  const fault =
    faults.find(({ start, end }) => start <= caret && caret <= end) ?? faults.find((fault) => fault.line === line);
  const text = fault ? `Line ${fault.line}: ${fault.sentence}` : '';
  if ($('here').textContent !== text) $('here').textContent = text;
  $('here').classList.toggle('warning', fault?.severity === 'warning');
}

const metrics = (() => {
  let known = null;
  return () => {
    if (known) return known;
    const probe = make('span', { text: '0'.repeat(100) });
    $('back').append(probe);
    known = { width: probe.getBoundingClientRect().width / 100, height: 20, left: 10, top: 8 };
    probe.remove();
    return known;
  };
})();

/** Over a marked stretch of the text its fault is shown. */
function hover(event) {
  const { width, height, left, top } = metrics();
  const box = open.area.getBoundingClientRect();
  const row = Math.floor((event.clientY - box.top - top + open.area.scrollTop) / height);
  const column = Math.floor((event.clientX - box.left - left + open.area.scrollLeft) / width);
  const lines = open.area.value.split('\n');
  const tip = $('tip');
  if (row < 0 || row >= lines.length || column > lines[row].length) {
    tip.hidden = true;
    return;
  }
  const offset = lines.slice(0, row).reduce((sum, line) => sum + line.length + 1, 0) + Math.max(column, 0);
  const fault = ours().find(({ start, end }) => start <= offset && offset < end);
  tip.hidden = !fault;
  if (!fault) return;
  tip.replaceChildren(make('p', { text: fault.sentence }), make('p', { text: fault.help }));
  tip.style.left = `${Math.min(event.clientX, innerWidth - 320)}px`;
  tip.style.top = `${event.clientY + 18}px`;
}

function drawFaults() {
  const order = (fault) => [fault.file !== open.name, fault.severity !== 'error', fault.start];
  const faults = sight.faults.toSorted((a, b) => {
    const [left, right] = [order(a), order(b)];
    const at = left.findIndex((value, index) => value !== right[index]);
    return at < 0 ? 0 : Number(left[at]) - Number(right[at]);
  });
  const rows = faults.slice(0, 200).map((fault) => {
    const elsewhere = fault.file === open.name ? '' : `${short(fault.file)}, `;
    const where = make('b', { text: `${elsewhere}line ${fault.line}, ${fault.severity}: ` });
    const button = make('button', { type: 'button' }, where, fault.sentence);
    if (fault.help) button.append(make('span', { class: 'help', text: fault.help }));
    button.addEventListener('click', () => goTo(fault));
    return make('li', { class: fault.severity, 'data-code': fault.code, 'data-testid': 'fault' }, button);
  });
  $('faults').replaceChildren(...rows);
  $('faults-title').textContent = rows.length > 0 ? `Faults (${faults.length})` : 'Faults';
  $('none').hidden = rows.length > 0;
}

function goTo({ file, start, end }) {
  if (open.name !== file) openFile(file, null);
  const { area } = open;
  area.focus();
  area.setSelectionRange(start, Math.min(end, area.value.length));
  const line = lineOf(area.value, start);
  area.scrollTop = Math.max(0, (line - 8) * metrics().height);
  moved();
}

// ---- phones -------------------------------------------------------------------------------

const size = ({ used, limit, unit, over }) => `${used} of ${limit} ${unit}${over ? ': too long' : ''}`;

function phoneFrame(lang, filling) {
  const button = make('button', { type: 'button', 'aria-pressed': 'false', text: filling });
  const pre = make('pre', {
    tabindex: '0',
    role: 'group',
    'aria-label': `Screen in ${language(lang)}, ${filling}`,
    'data-testid': 'screen',
  });
  const bar = make('div', { class: 'bar', 'aria-hidden': 'true' }, make('span'));
  const phone = make(
    'article',
    { class: 'phone', 'data-lang': lang, 'data-filling': filling, 'data-testid': `phone-${lang}-${filling}` },
    button,
    make('div', { class: 'glass' }, pre),
    bar,
    make('p', { class: 'size', 'data-testid': 'size' }),
  );
  const take = () => {
    lead = { lang, filling };
    pressed += 1;
    drawLead();
  };
  button.addEventListener('click', take);
  pre.addEventListener('click', (event) => {
    take();
    const key = event.target.closest?.('.key')?.dataset.key;
    if (key) send(key);
  });
  pre.addEventListener('scroll', () => fold(pre), { passive: true });
  return phone;
}

function fold(pre) {
  pre.parentElement.classList.toggle('more', pre.scrollTop + pre.clientHeight < pre.scrollHeight - 2);
}

function screenText(pre, text, keyed) {
  if (pre.dataset.text === text) return;
  pre.dataset.text = text;
  const lines = text.split('\n').map((line, at, all) => {
    const key = keyed && /^(\d{1,2}) /.exec(line)?.[1];
    return make('span', { class: key ? 'key' : undefined, 'data-key': key || undefined, text: line + (at + 1 < all.length ? '\n' : '') });
  });
  pre.replaceChildren(...lines);
  pre.scrollTop = 0;
}

function drawPhones(phones, isLast) {
  if (isLast) ({ path, lead } = phones);
  const rows = $('rows');
  const langs = phones.langs.map(({ lang }) => lang).join(' ');
  if (rows.dataset.langs !== langs) {
    rows.dataset.langs = langs;
    rows.replaceChildren(
      ...phones.langs.map((row) =>
        make(
          'section',
          { class: 'lang', 'data-lang': row.lang },
          make('header', {}, make('h2', { text: language(row.lang) }), make('p', { class: 'wide', 'data-testid': `faces-${row.lang}` })),
          make('div', { class: 'trio' }, ...row.phones.map(({ filling }) => phoneFrame(row.lang, filling))),
        ),
      ),
    );
  }
  for (const row of phones.langs) {
    const section = rows.querySelector(`section[data-lang="${row.lang}"]`);
    drawFaces(section.querySelector('.wide'), row.faces);
    for (const phone of row.phones) drawPhone(section, phone, phones.over);
  }
  const { at } = phones;
  const word = at.word === 'end' ? 'the end of the dialog' : at.word;
  $('at').textContent = at.word === 'resume' ? 'The offer to go on' : `${at.name} · ${word}`;
  $('at').dataset.line = at.line;
  $('trail').textContent = phones.trail.length > 1 ? `from ${phones.trail.slice(0, -1).join(' › ')}` : '';
  $('elsewhere').hidden = !phones.elsewhere;
  $('direct').textContent = phones.direct ?? 'this tree has no code';
  $('by-hand').textContent = phones.by_hand ? 'and from there key by key' : '';
  $('undo').disabled = path.length === 0;
  drawLead(phones.over);
  drawValues(phones.values);
  drawActions(phones.actions);
  $('sms').replaceChildren(...phones.sms.map((message) => messageOf(message, `SMS ${message.when}`)));
  const { figures } = phones;
  $('figures').hidden = !figures;
  if (figures) {
    const share = figures.shown > 0 ? Math.round((100 * figures.left) / figures.shown) : 0;
    $('figures').textContent = `Last week it was shown ${count(figures.shown, 'time')}; ${count(figures.left, 'dialog')} (${share} %) went no further.`;
  }
}

function drawPhone(section, phone, isOver) {
  const frame = section.querySelector(`.phone[data-filling="${phone.filling}"]`);
  const pre = frame.querySelector('pre');
  screenText(pre, phone.text, !isOver);
  frame.classList.toggle('over', phone.over);
  frame.dataset.over = phone.over;
  frame.querySelector('.bar').style.setProperty('--used', Math.min(100, (100 * phone.used) / phone.limit));
  const page = phone.pages > 1 ? `, page ${phone.page} of ${phone.pages}` : '';
  frame.querySelector('.size').textContent = `${size(phone)}${page}`;
  requestAnimationFrame(() => fold(pre));
}

function drawFaces(line, faces) {
  const widest = faces.toSorted((a, b) => b.used / b.limit - a.used / a.limit)[0];
  line.classList.toggle('over', faces.some(({ over }) => over));
  const other = widest?.when ? `, ${widest.when}` : '';
  line.textContent = widest ? `at the very widest${other}: ${size(widest)}` : '';
}

function drawLead(isOver = sight?.phones?.over) {
  for (const frame of document.querySelectorAll('.phone')) {
    const leads = frame.dataset.lang === lead.lang && frame.dataset.filling === lead.filling;
    frame.classList.toggle('leads', leads);
    frame.querySelector('button').setAttribute('aria-pressed', leads);
  }
  const who = `${language(lead.lang)}, ${lead.filling}`;
  $('lead').textContent = isOver
    ? 'The dialog is over. Send dials anew.'
    : `Keys go to the phone “${who}”; the others follow it. PIN 0000 is wrong, any other is right.`;
}

function drawValues(values) {
  $('values').replaceChildren(
    ...values.map(({ name, words, now }) =>
      choice(`Value ${name}`, words, now, (word) => {
        go([`?${name}=${word}`, ...path.filter((step) => !step.startsWith(`?${name}=`))]);
      }),
    ),
  );
}

function drawActions(actions) {
  $('actions').replaceChildren(
    ...actions.map(({ block, call, outcomes, came, place }) =>
      choice(`${block}: ${call}`, outcomes, came, (outcome) => {
        go([...path.slice(0, place), `!${outcome}`]);
      }),
    ),
  );
}

let groups = 0;

/** One of several words, as a row of radio buttons. */
function choice(title, words, now, chosen) {
  groups += 1;
  const options = words.map((word) => {
    const input = make('input', { type: 'radio', name: `choice-${groups}`, value: word });
    input.checked = word === now;
    input.addEventListener('change', () => chosen(word));
    return make('label', {}, input, word);
  });
  return make('fieldset', { 'data-testid': 'choice' }, make('legend', { text: title }), ...options);
}

const price = (cents) => (cents === null ? '' : `, ${(cents / 100).toFixed(2)}`);
const paid = ({ parts, cents, used, unit }) => `${used} ${unit}, ${count(parts, 'part')}${price(cents)}`;

/** A message in every language, as people usually get it, and what it takes at its widest. */
function messageOf({ name, about, forms }, title) {
  const list = make('dl');
  for (const lang of new Set(forms.map((form) => form.lang))) {
    const of = (filling) => forms.find((form) => form.lang === lang && form.filling === filling);
    const usual = of(lead.filling) ?? of('typical');
    const widest = of('widest');
    const line = `${paid(usual)}${widest && widest !== usual ? `; at its widest ${paid(widest)}` : ''}`;
    list.append(
      make('dt', { text: lang }),
      make('dd', { text: usual.text }, make('span', { class: 'size', text: line })),
    );
  }
  return make('div', { class: 'message', 'data-name': name }, make('h3', { text: `${title}: ${name} (${about})` }), list);
}

function drawTexts(texts) {
  const box = $('texts');
  box.hidden = !texts;
  if (!texts) return;
  const messages = texts.messages.map((message) => messageOf(message, message.when ? `When ${message.when}` : 'SMS'));
  const none = make('p', { class: 'soft', text: 'It cannot be shown before its faults are mended.' });
  box.replaceChildren(make('h2', { text: texts.title }), ...(messages.length > 0 ? messages : [none]));
}

// ---- keys ---------------------------------------------------------------------------------

/** Goes another way. */
function go(way) {
  path = way;
  pressed += 1;
  later(0);
}

/** The beginning of the way: the values that were chosen, and nothing typed. */
const beginning = () => path.filter((step) => step.startsWith('?'));

function send(typed) {
  const text = typed.trim();
  $('typed').value = '';
  if (sight?.phones?.over) go(beginning());
  else if (text) go([...path, text]);
}

function takeBack() {
  let end = path.length;
  while (end > 0 && path[end - 1].startsWith('!')) end -= 1;
  go(path.slice(0, Math.max(end - 1, 0)));
}

for (const key of '123456789*0#') {
  const names = { '*': 'star', '#': 'hash' };
  const button = make('button', { type: 'button', text: key, 'data-testid': `key-${names[key] ?? key}` });
  button.addEventListener('click', () => ($('typed').value += key));
  $('pad').append(button);
}
$('entry').addEventListener('submit', (event) => {
  event.preventDefault();
  send($('typed').value);
});
$('again').addEventListener('click', () => go(beginning()));
$('undo').addEventListener('click', takeBack);
$('cut').addEventListener('click', () => go([...path, 'cut']));
$('at').addEventListener('click', ({ currentTarget }) => {
  const line = Number(currentTarget.dataset.line);
  if (!line) return;
  const start = open.area.value.split('\n').slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  followed = keyOf(blockAt(line));
  goTo({ file: open.name, start, end: start });
});
$('rows').addEventListener('keydown', (event) => {
  if (event.target.tagName !== 'PRE' || event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^[0-9*#]$/.test(event.key)) {
    $('typed').value += event.key;
  } else if (event.key === 'Backspace') {
    $('typed').value = $('typed').value.slice(0, -1);
  } else if (event.key === 'Enter') {
    send($('typed').value);
  } else {
    return;
  }
  event.preventDefault();
});

// ---- the page -----------------------------------------------------------------------------

$('file').addEventListener('change', ({ currentTarget }) => openFile(currentTarget.value));
$('save').addEventListener('click', save);
$('take-theirs').addEventListener('click', () => settle(true));
$('keep-mine').addEventListener('click', () => settle(false));
document.addEventListener('selectionchange', moved);
document.addEventListener('keydown', (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 's') {
    event.preventDefault();
    save();
  }
});
window.addEventListener('beforeunload', (event) => {
  if (dirty().length > 0) event.preventDefault();
});

function follow() {
  let pause = 1000;
  const listen = () => {
    const source = new EventSource(`${base}/events`);
    source.addEventListener('files', ({ data }) => {
      pause = 1000;
      fromDisk(JSON.parse(data));
    });
    source.addEventListener('unreadable', ({ data }) => {
      $('state').textContent = JSON.parse(data);
      $('state').dataset.fault = true;
    });
    source.addEventListener('error', () => {
      if (source.readyState !== EventSource.CLOSED) return;
      pause = Math.min(pause * 2, 60_000);
      setTimeout(listen, pause);
    });
    window.addEventListener('pagehide', () => source.close(), { once: true });
  };
  listen();
}

const { ok, said } = await ask('files');
if (ok) {
  ({ writable, serves } = said);
  said.files.forEach(addFile);
  const first = said.files.find(({ text }) => /^\s*dial\s/m.test(text)) ?? said.files[0];
  openFile(first.name);
  follow();
} else {
  $('state').textContent = said.message;
  $('state').dataset.fault = true;
}
