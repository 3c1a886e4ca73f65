// The camera of an agency's answer: what it sees, with the old photo faintly on top, so that both are taken from the same angle.
//   [data-shoot] opens [data-viewfinder]; the picture joins the files of the form's field. Without a camera the buttons open that field.
// The picture is made on the device and sent with the form alone.
"use strict";
(() => {
  const finder = document.querySelector("[data-viewfinder]"), input = document.querySelector("input[type=file][data-previews]");
  const openers = [...document.querySelectorAll("[data-shoot]")];
  if (!finder || !input || input.closest("fieldset:disabled")) return;
  const part = name => finder.querySelector(`[data-${name}]`);
  const video = part("finder"), fault = part("finder-fault"), take = part("finder-take"), ghost = part("ghost"), ghostOn = part("ghost-on");
  const canStream = Boolean(navigator.mediaDevices?.getUserMedia && finder.showModal && window.DataTransfer);
  const MOST_WIDE = 1920, QUALITY = 0.9;
  let stream = null;

  const choose = () => {
    input.setAttribute("capture", "environment");                              // a telephone opens its camera, a desk its files
    input.click();
    input.removeAttribute("capture");
  };
  const stop = () => {
    stream?.getTracks().forEach(track => track.stop());
    stream = video.srcObject = null;
  };
  const open = async () => {
    if (!canStream) return choose();
    fault.hidden = true;
    take.disabled = true;
    finder.showModal();
    try {
      const own = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: { ideal: "environment" }, width: { ideal: MOST_WIDE } } });
      if (!finder.open) return own.getTracks().forEach(track => track.stop());   // closed while the person was asked
      stream = video.srcObject = own;
      await video.play();
      take.disabled = false;
    } catch {
      fault.hidden = false;
      if (navigator.userActivation?.isActive === false) return;                // too long ago for a choice of files: the words stay
      finder.close();
      choose();
    }
  };
  const shoot = () => {
    const canvas = document.createElement("canvas"), size = Math.min(1, MOST_WIDE / video.videoWidth);
    canvas.width = Math.round(video.videoWidth * size);
    canvas.height = Math.round(video.videoHeight * size);
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    canvas.toBlob(blob => {
      const files = new DataTransfer();
      [...input.files].forEach(file => files.items.add(file));
      files.items.add(new File([blob], `${input.files.length + 1}.jpg`, { type: "image/jpeg", lastModified: Date.now() }));
      input.files = files.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
      finder.close();
    }, "image/jpeg", QUALITY);
  };
  openers.forEach(button => { button.hidden = false; button.addEventListener("click", open); });
  take.addEventListener("click", shoot);
  part("finder-close").addEventListener("click", () => finder.close());
  finder.addEventListener("close", stop);
  window.addEventListener("pagehide", stop);
  ghostOn?.addEventListener("change", () => { ghost.hidden = !ghostOn.checked; });
})();
