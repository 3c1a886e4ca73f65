// The drawing as a file: SVG is made here, PDF by the server from it.

/** The drawing as text, without the document type that the library writes before it. */
async function svgOf(viewer) {
  const { svg } = await viewer.saveSVG();
  return svg.slice(svg.indexOf("<svg"));
}

function hand(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Saves the drawing as a file of that kind, "svg" or "pdf"; throws the words of a refusal, or nothing when there is no connection. */
export async function savePicture(viewer, kind, { name, url, token }) {
  const svg = await svgOf(viewer);
  if (kind === "svg") return hand(new Blob([`<?xml version="1.0" encoding="utf-8"?>\n${svg}`], { type: "image/svg+xml" }), `${name}.svg`);
  const answer = await fetch(url, { method: "POST", credentials: "same-origin", body: svg,
    headers: { "Content-Type": "image/svg+xml", "X-CSRFToken": token } });
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).refusal || "");
  return hand(await answer.blob(), `${name}.pdf`);
}

/** Buttons [data-picture] of a page that only shows a version; its drawing is on [data-diagram] (js/diagram.js). */
const tools = document.querySelector("[data-picture-tools]");
if (tools) {
  const canvas = document.querySelector("[data-diagram]");
  tools.hidden = false;
  tools.addEventListener("click", async event => {
    const kind = event.target.closest("[data-picture]")?.dataset.picture, said = tools.querySelector("[data-picture-said]");
    if (!kind || !canvas.drawing) return;
    said.textContent = "";
    try {
      await savePicture(canvas.drawing, kind, tools.dataset);
    } catch (fault) {
      said.textContent = fault.message || said.dataset.failed;
    }
  });
}
