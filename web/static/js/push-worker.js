// Shows notices while no page is open, ES2019. Taken in by /sw.js, and still a worker of its own in browsers that agreed before there was
// that one. It keeps nothing and answers no requests.
//   what is sent: {"title", "body", "link", "tag"}; link is a path of this site; notices of one tag take each other's place
"use strict";

const NOTICE = { title: "Phản ánh hiện trường", body: "", link: "/", tag: "" };

const read = event => {
  try {
    return { ...NOTICE, ...(event.data && event.data.json()) };
  } catch {
    return NOTICE;
  }
};

// only pages of this site are opened, whatever was sent
const addressOf = link => {
  const address = new URL(String(link), self.location.origin);
  return address.origin === self.location.origin ? address.href : self.location.origin;
};

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", event => event.waitUntil(self.clients.claim()));

self.addEventListener("push", event => {
  const notice = read(event);
  const shown = { body: notice.body, data: { link: addressOf(notice.link) }, icon: "/static/img/mark.svg", lang: notice.lang || "vi" };
  if (notice.tag) Object.assign(shown, { tag: notice.tag, renotify: true });
  event.waitUntil(self.registration.showNotification(notice.title, shown));
});

self.addEventListener("notificationclick", event => {
  event.notification.close();
  const address = (event.notification.data && event.notification.data.link) || self.location.origin;
  event.waitUntil((async () => {
    const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const there = open.find(page => page.url === address);
    if (there) await there.focus();
    else await self.clients.openWindow(address);
  })());
});
