// The page between another application and ours sends itself; without this file one press does it.
(function () {
  "use strict";
  var form = document.querySelector("form[data-by-itself]");
  if (form) {
    form.submit();
  }
})();
