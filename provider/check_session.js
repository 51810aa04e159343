// The OP iframe (OIDC Session Management §3.2): a client's page asks "client_id session_state" and hears unchanged, changed or error.
// Plain ES5 without WebCrypto, for every browser that a client may support.
(function () {
  'use strict';
  var NAME = '__Host-symbolon-state';
  var seen = false;

  // browserState returns the value of our cookie, or '' when the browser shows us none.
  function browserState() {
    var cookies = document.cookie.split(/; */), i;
    for (i = 0; i < cookies.length; i++) {
      if (cookies[i].indexOf(NAME + '=') === 0) return cookies[i].slice(NAME.length + 1);
    }
    return '';
  }

  // parentOrigin returns the origin of the page around this frame, or '' where the browser does not tell.
  function parentOrigin() {
    var list = window.location.ancestorOrigins;
    if (list && list.length && list[0] !== 'null') return list[0];
    var origin = /^https?:\/\/[^\/?#]+/.exec(document.referrer || '');
    return origin ? origin[0] : '';
  }

  // answer compares. A frame that has never seen the cookie does not say changed: where the browser keeps cookies from frames, the client would ask
  // for a new state for ever.
  function answer(message, origin) {
    var parts = typeof message === 'string' && /^([!-~]+) ([\w\-]+\.([\w\-]+))$/.exec(message);
    if (!parts) return 'error';
    var browser = browserState();
    if (!browser) return seen ? 'changed' : 'error';
    seen = true;
    var hash = base64url(sha256(bytesOf(parts[1] + ' ' + origin + ' ' + browser + ' ' + parts[3])));
    return parts[2] === hash + '.' + parts[3] ? 'unchanged' : 'changed';
  }

  // Only the page around this frame, and frames of its origin, are answered, and only at their own origin.
  window.addEventListener('message', function (event) {
    var around = parentOrigin();
    if (!event.source || !/^https?:\/\//.test(event.origin) || (around && around !== event.origin)) return;
    event.source.postMessage(answer(event.data, event.origin), event.origin);
  }, false);

  // bytesOf returns the bytes of a text in ASCII, which all of the parts are.
  function bytesOf(text) {
    var bytes = [], i;
    for (i = 0; i < text.length; i++) bytes.push(text.charCodeAt(i));
    return bytes;
  }

  // base64url encodes without padding (RFC 4648 §5).
  function base64url(bytes) {
    var alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', text = '', bits = 0, held = 0, i;
    for (i = 0; i < bytes.length; i++) {
      held = (held << 8) | bytes[i];
      for (bits += 8; bits >= 6; bits -= 6) text += alphabet.charAt((held >>> (bits - 6)) & 63);
      held &= 255;
    }
    return bits ? text + alphabet.charAt((held << (6 - bits)) & 63) : text;
  }

  // constants returns the first 32 bits of the fractional parts of the roots of the first n primes (FIPS 180-4 §4.2.2, §5.3.3).
  function constants(n, root) {
    var list = [], candidate, divisor;
    for (candidate = 2; list.length < n; candidate++) {
      for (divisor = 2; candidate % divisor; divisor++) ;
      if (divisor === candidate) list.push(((root(candidate) % 1) * 4294967296) | 0);
    }
    return list;
  }

  // sha256 is the hash of some bytes, as bytes (FIPS 180-4 §6.2).
  function sha256(bytes) {
    var k = constants(64, function (p) { return Math.pow(p, 1 / 3); });
    var h = constants(8, Math.sqrt);
    var padded = bytes.concat(128), out = [], w = [], at, i;
    while (padded.length % 64 !== 56) padded.push(0);
    // The length in bits, 64 of them; nobody sends 512 MiB.
    padded.push(0, 0, 0, 0);
    for (i = 24; i >= 0; i -= 8) padded.push(((bytes.length * 8) >>> i) & 255);
    for (at = 0; at < padded.length; at += 64) {
      for (i = 0; i < 16; i++) {
        var p = at + 4 * i;
        w[i] = (padded[p] << 24) | (padded[p + 1] << 16) | (padded[p + 2] << 8) | padded[p + 3];
      }
      for (i = 16; i < 64; i++) {
        var s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ (w[i - 15] >>> 3);
        var s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ (w[i - 2] >>> 10);
        w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
      }
      h = compress(h, w, k);
    }
    for (i = 0; i < 32; i++) out.push((h[i >> 2] >>> (24 - 8 * (i & 3))) & 255);
    return out;
  }

  // compress works one block into the hash h.
  function compress(h, w, k) {
    var v = h.slice(), i, sum1, sum0, t1;
    for (i = 0; i < 64; i++) {
      sum1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
      sum0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
      t1 = (v[7] + sum1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i]) | 0;
      v.pop();
      v.unshift((t1 + sum0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]))) | 0);
      v[4] = (v[4] + t1) | 0;
    }
    for (i = 0; i < 8; i++) v[i] = (v[i] + h[i]) | 0;
    return v;
  }

  function rotate(word, n) { return (word >>> n) | (word << (32 - n)); }
})();
