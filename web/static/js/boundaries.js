// The map of an import: [data-changes="id"] draws the GeoJSON of that script element, what was there dashed, what comes filled.
"use strict";
document.querySelectorAll("[data-changes]").forEach(stage => {
  const drawn = JSON.parse(document.getElementById(stage.dataset.changes).textContent);
  const { map, areas } = window.fieldMap(stage, { view: { points: [] } });
  if (!drawn.features.length) return;
  const title = layer => { const box = document.createElement("span"); box.textContent = layer.feature.properties.name; return box; };
  const changes = L.geoJSON(drawn, { style: feature => ({ className: `map-${feature.properties.kind}` }), interactive: true })
    .bindTooltip(title, { sticky: true }).addTo(map);
  // a file of a province may change one commune: that is looked at, not all that stays as it is
  const changed = L.geoJSON({ ...drawn, features: drawn.features.filter(feature => feature.properties.is_new) });
  const bounds = changed.getBounds().isValid() ? changed.getBounds() : changes.getBounds();
  const look = () => map.fitBounds(bounds, { padding: [16, 16], animate: false });
  look();
  areas.then(look);                                                            // the areas would otherwise be looked at once they are here
});
