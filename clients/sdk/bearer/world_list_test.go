package bearer

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"maps"
	"net/http"
	"time"
)

type testList struct {
	bits     int
	statuses []byte
	ttl      float64
	exp      time.Duration // from iat
	signedAt time.Time
	sub      string
	typ      string
	ids      bool // answer with an ETag
	claims   map[string]any
}

func (w *world) serveList(rw http.ResponseWriter, r *http.Request, l *testList) {
	if r.Header.Get("Accept") != "application/statuslist+jwt" {
		w.t.Errorf("Accept is %q", r.Header.Get("Accept"))
	}
	if l.ids {
		rw.Header().Set("ETag", `"v1"`)
	}
	rw.Header().Set("Content-Type", "application/statuslist+jwt")
	_, _ = rw.Write([]byte(w.listToken(l, w.issuer+r.URL.Path)))
}

func (w *world) listToken(l *testList, uri string) string {
	at := l.signedAt
	if at.IsZero() {
		at = time.Now()
	}
	claims := map[string]any{"sub": uri, "iat": at.Unix(), "status_list": map[string]any{"bits": l.bits, "lst": deflate(l.statuses)}}
	if l.sub != "" {
		claims["sub"] = l.sub
	}
	if l.ttl != 0 {
		claims["ttl"] = l.ttl
	}
	if l.exp != 0 {
		claims["exp"] = at.Add(l.exp).Unix()
	}
	maps.Copy(claims, l.claims)
	typ := l.typ
	if typ == "" {
		typ = "statuslist+jwt"
	}
	return w.signer.sign(w.t, map[string]any{"typ": typ}, claims)
}

func deflate(b []byte) string {
	var buf bytes.Buffer
	z := zlib.NewWriter(&buf)
	_, _ = z.Write(b)
	_ = z.Close()
	return base64.RawURLEncoding.EncodeToString(buf.Bytes())
}

func (w *world) status(path string, index int) map[string]any {
	return map[string]any{"status_list": map[string]any{"idx": index, "uri": w.issuer + path}}
}
