// The camera of the field desk: first the picture, for the case chosen over it, the nearest unless one was named; its old photo lies faintly on
// top. The picture is made and sealed on the device. Without a camera the telephone's own is asked for a file: self.langbiangFieldCamera.
"use strict";
(() => {
  const work = self.langbiangFieldWork, { at, sorted, find } = self.langbiangFieldList, finder = find("[data-viewfinder]"), input = find("[data-choose]");
  const part = name => find(`[data-${name}]`, finder), video = part("finder"), which = part("finder-case"), take = part("finder-take"), ghost = part("ghost");
  const canStream = Boolean(navigator.mediaDevices?.getUserMedia && finder.showModal), MOST_WIDE = 1920, QUALITY = 0.85, BLANK = ghost.src;
  let stream = null, chosen = "", opening = 0;

  const caseOf = () => work.cases.find(one => one.assignment === chosen);
  const stop = () => { stream?.getTracks().forEach(track => track.stop()); stream = video.srcObject = null; };
  const look = () => {
    const one = caseOf(), thing = one && work.thingOf(one.assignment), old = one && one.thumbs && one.thumbs[0];
    ghost.src = old || BLANK;
    ghost.hidden = !old || !part("ghost-on").checked;
    part("finder-taken").textContent = part("finder-taken").dataset.words.replace("{n}", thing ? thing.photos.length : 0);
  };
  const choose = () => {
    input.setAttribute("capture", "environment");
    input.click();
    input.removeAttribute("capture");
  };
  const open = async (assignment = "") => {
    const list = sorted().map(({ one }) => one);
    if (!list.length) return;
    chosen = assignment || list[0].assignment;
    which.replaceChildren(...list.map((one, index) => new Option(`${index + 1}. ${one.title || one.code}`, one.assignment, false, one.assignment === chosen)));
    if (!canStream) { choose(); return; }
    const turn = opening += 1;
    part("finder-fault").hidden = true;
    take.disabled = true;
    finder.showModal();
    look();
    try {
      const own = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: { ideal: "environment" }, width: { ideal: MOST_WIDE } } });
      if (!finder.open || turn !== opening) { own.getTracks().forEach(track => track.stop()); return; }
      stream = video.srcObject = own;
      await video.play();
      take.disabled = false;
    } catch {
      part("finder-fault").hidden = false;
      if (navigator.userActivation?.isActive === false) return;
      finder.close();
      choose();
    }
  };
  const keep = async blob => {
    const one = caseOf();
    if (!one || !blob) return;
    await work.addPhoto(work.answerOf(one), blob);
    look();
  };
  // Drawn anew, so that what a telephone writes into a picture (position, model) stays behind.
  const drawn = (source, width, height) => new Promise(done => {
    const canvas = document.createElement("canvas"), scale = Math.min(1, MOST_WIDE / width);
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
    canvas.toBlob(done, "image/jpeg", QUALITY);
  });
  take.addEventListener("click", async () => {
    take.disabled = true;
    await keep(await drawn(video, video.videoWidth, video.videoHeight));
    take.disabled = false;
  });
  input.addEventListener("change", async () => {
    for (const file of [...input.files]) {
      const picture = await createImageBitmap(file).catch(() => null);
      await keep(picture ? await drawn(picture, picture.width, picture.height) : file);
    }
    input.value = "";
  });
  which.addEventListener("change", () => { chosen = which.value; look(); });
  part("ghost-on").addEventListener("change", look);
  part("finder-close").addEventListener("click", () => finder.close());
  finder.addEventListener("close", stop);
  window.addEventListener("pagehide", stop);
  self.langbiangFieldCamera = { open, at };
})();
