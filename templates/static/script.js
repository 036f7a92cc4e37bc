// Everything on the pages works without this file; it only saves waiting, double clicks and retyping.
(function () {
  "use strict";

  var lang = document.documentElement.lang;

  // A wait counts down, and the form opens again at its end.
  document.querySelectorAll("[data-seconds]").forEach(function (wait) {
    var forms = JSON.parse(wait.dataset.forms);
    var end = Date.now() + wait.dataset.seconds * 1000;
    var buttons = document.querySelectorAll("main form[data-waits] button");
    var rules = window.Intl && Intl.PluralRules ? new Intl.PluralRules(lang) : null;
    buttons.forEach(function (b) { b.disabled = true; });
    var timer = setInterval(tick, 1000);
    function tick() {
      var n = Math.ceil((end - Date.now()) / 1000);
      if (n > 0) {
        var form = forms["=" + n] || (rules && forms[rules.select(n)]) || forms.other;
        wait.textContent = form.replace("{n}", n);
        return;
      }
      clearInterval(timer);
      wait.textContent = wait.dataset.over;
      buttons.forEach(function (b) { b.disabled = false; });
    }
  });

  // A second click on the same form does not send it twice. The button stays enabled: a disabled one would not be sent.
  document.querySelectorAll("form[method=post]").forEach(function (form) {
    form.addEventListener("submit", function (event) {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "yes";
      form.querySelectorAll("button:not([type=button])").forEach(function (b) { b.setAttribute("aria-disabled", "true"); });
    });
  });
  window.addEventListener("pageshow", function (event) {
    if (!event.persisted) { return; }
    document.querySelectorAll("form[data-sent]").forEach(function (form) {
      delete form.dataset.sent;
      form.querySelectorAll("[aria-disabled]").forEach(function (b) { b.removeAttribute("aria-disabled"); });
    });
  });

  document.querySelectorAll("[data-print]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () { window.print(); });
  });

  if (navigator.clipboard) {
    document.querySelectorAll("[data-copy]").forEach(function (button) {
      var words = button.textContent;
      button.hidden = false;
      button.addEventListener("click", function () {
        var source = document.getElementById(button.dataset.copy);
        var lines = source.querySelectorAll("code");
        var text = lines.length ? Array.prototype.map.call(lines, function (c) { return c.textContent; }).join("\n") : source.textContent;
        navigator.clipboard.writeText(text).then(function () {
          button.textContent = button.dataset.copied;
          setTimeout(function () { button.textContent = words; }, 3000);
        });
      });
    });
  }
})();
