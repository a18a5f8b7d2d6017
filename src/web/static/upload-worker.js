// Keeps the page for photographs on the phone, so that it opens without a network. Nothing else goes
// through here: what is sent and asked is the page's own business.

const SHELF = 'sokoni-upload-1';

async function fill() {
  const shelf = await caches.open(SHELF);
  const page = await fetch('/upload', { cache: 'no-store' });
  const text = await page.clone().text();
  const needed = [...text.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map((found) => found[1]);
  await shelf.addAll([...new Set(needed)]);
  await shelf.put('/upload', page);
}

self.addEventListener('install', (event) => event.waitUntil(fill().then(() => self.skipWaiting())));
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('fetch', (event) => {
  const { pathname } = new URL(event.request.url);
  if (event.request.method !== 'GET') return;
  if (pathname === '/upload') {
    // The newest page where there is a network, the kept one where there is none.
    event.respondWith(
      fetch(event.request)
        .then((page) => {
          if (page.ok) event.waitUntil(fill().catch(() => {}));
          return page;
        })
        .catch(() => caches.match('/upload')),
    );
  } else if (pathname.startsWith('/static/')) {
    event.respondWith(caches.match(event.request).then((kept) => kept ?? fetch(event.request)));
  }
});
