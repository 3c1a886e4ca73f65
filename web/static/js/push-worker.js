// Shows notices while no page is open, ES2019. Taken in by sw.js, and still a worker of its own in browsers that agreed before there was
// that one. It keeps nothing and answers no requests.
//   what is sent: {"title", "body", "link", "tag"}; link is a path of this host, the home page if empty; notices of one tag take each other's place
"use strict";

const HOME = new URL(".", self.location), NOTICE = { title: "Phản ánh hiện trường", body: "", link: "", tag: "" };

const read = event => {
  try {
    return { ...NOTICE, ...(event.data && event.data.json()) };
  } catch {
    return NOTICE;
  }
};

// only pages of this site are opened, whatever was sent
const addressOf = link => {
  const address = new URL(String(link), HOME);
  return address.origin === HOME.origin ? address.href : HOME.href;
};

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", event => event.waitUntil(self.clients.claim()));

self.addEventListener("push", event => {
  const notice = read(event);
  const shown = { body: notice.body, data: { link: addressOf(notice.link) }, icon: HOME.pathname + "static/img/mark.svg", lang: notice.lang || "vi" };
  if (notice.tag) Object.assign(shown, { tag: notice.tag, renotify: true });
  event.waitUntil(self.registration.showNotification(notice.title, shown));
});

self.addEventListener("notificationclick", event => {
  event.notification.close();
  const address = (event.notification.data && event.notification.data.link) || HOME.href;
  event.waitUntil((async () => {
    const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const there = open.find(page => page.url === address);
    if (there) await there.focus();
    else await self.clients.openWindow(address);
  })());
});
