// Shows progress on the pressed button and ignores a second press. The button stays enabled: a disabled one would not send its value.
(function () {
  'use strict';
  var pressed, timer;
  function rest() {
    clearTimeout(timer);
    if (pressed) pressed.removeAttribute('aria-busy');
    pressed = null;
  }
  document.addEventListener('submit', function (event) {
    if (pressed) return event.preventDefault();
    pressed = event.submitter || event.target.querySelector('button');
    pressed.setAttribute('aria-busy', 'true');
    timer = setTimeout(rest, 15000); // an app was opened, or nothing answered: the page is still here
  });
  addEventListener('pageshow', rest); // back from the history
  var auto = document.querySelector('form[data-auto]');
  if (auto) auto.submit(); // the answer to a partner: nothing to decide
})();
