// One-time codes: a pasted message becomes its digits, and another code is offered when the time for it has come.
// Without this file the field takes anything with six digits in it, and the server keeps the time.
(function () {
  "use strict";

  function all(selector) {
    return Array.prototype.slice.call(document.querySelectorAll(selector));
  }

  all("input[data-digits]").forEach(function (field) {
    var length = Number(field.getAttribute("data-digits"));
    field.addEventListener("paste", function (event) {
      var text = event.clipboardData ? event.clipboardData.getData("text") : "";
      var found = text.match(new RegExp("(?:^|\\D)(\\d{" + length + "})(?!\\d)"));
      if (found) {
        event.preventDefault();
        field.value = found[1];
      }
    });
  });

  all("button[data-wait]").forEach(function (button) {
    var words = button.textContent;
    var waiting = button.getAttribute("data-wait-words");
    var end = Date.now() + Number(button.getAttribute("data-wait")) * 1000;

    function tick() {
      var left = Math.ceil((end - Date.now()) / 1000);
      button.disabled = left > 0;
      button.textContent = left > 0 ? waiting.replace("{seconds}", String(left)) : words;
      if (left > 0) {
        setTimeout(tick, 1000);
      }
    }

    tick();
  });
})();
