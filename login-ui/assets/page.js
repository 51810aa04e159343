// Shows progress on the pressed button and ignores a second press. The button stays enabled: a disabled one would not send its value.
// Sends the forms and follows the links that go on by themselves.
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
  var next = document.querySelector('a[data-after]');
  // The header Refresh says the same, but browsers begin to count when all frames have loaded, and an app that does not answer never does.
  if (next) setTimeout(function () { location.replace(next.href); }, next.getAttribute('data-after') * 1000);
})();
