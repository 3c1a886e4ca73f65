// How far the device is from the place of a case: [data-own-position] asks for it, [data-own-distance] says it, and the map shows both.
// The position is worked with here and sent nowhere. Who has allowed it before is not asked again.
"use strict";
(() => {
  const button = document.querySelector("[data-own-position]"), place = document.querySelector("[data-place=own]"), said = document.querySelector("[data-own-distance]");
  if (!button || !place || !said || !navigator.geolocation) return;
  const stage = document.querySelector("[data-staff-map]"), { lang } = document.documentElement, EARTH = 6371000, RADIAN = Math.PI / 180;
  const there = [Number(place.dataset.latitude), Number(place.dataset.longitude)];
  let mark = null;

  const metres = ([south, west], [north, east]) => {
    const half = degrees => Math.sin(degrees * RADIAN / 2) ** 2;
    return 2 * EARTH * Math.asin(Math.sqrt(half(north - south) + Math.cos(south * RADIAN) * Math.cos(north * RADIAN) * half(east - west)));
  };
  const words = distance => distance < 1000 ? `${Math.round(distance / 10) * 10} m`
    : `${(distance / 1000).toLocaleString(lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 })} km`;
  const show = ({ coords }) => {
    const here = [coords.latitude, coords.longitude];
    said.textContent = ` · ${button.dataset.away.replace("{distance}", words(metres(here, there)))}`;
    if (!window.L || !stage?.drawnMap) return;
    mark?.remove();
    const icon = L.divIcon({ className: "map-here", iconSize: [18, 18], iconAnchor: [9, 9] });
    mark = L.marker(here, { icon, title: button.dataset.here, alt: button.dataset.here, keyboard: false }).addTo(stage.drawnMap);
    stage.drawnMap.fitBounds([here, there], { padding: [28, 28], maxZoom: 16, animate: false });
  };
  const ask = () => navigator.geolocation.getCurrentPosition(show, () => { said.textContent = ` · ${button.dataset.fault}`; },
    { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 });
  said.setAttribute("role", "status");
  button.hidden = false;
  button.addEventListener("click", ask);
  navigator.permissions?.query({ name: "geolocation" }).then(({ state }) => { if (state === "granted") ask(); }).catch(() => {});
})();
