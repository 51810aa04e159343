package web

import "net/http"

// MaxBody returns a guard that lets a handler read at most n bytes of the body.
func MaxBody(n int64) Guard {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, n)
			next.ServeHTTP(w, r)
		})
	}
}

// Headers returns a guard that sets the named response headers before the handler runs: name, value, name, value, …
func Headers(pairs ...string) Guard {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for i := 0; i+1 < len(pairs); i += 2 {
				w.Header().Set(pairs[i], pairs[i+1])
			}
			next.ServeHTTP(w, r)
		})
	}
}

// NoHead returns a guard for GET routes that do more than show something: a HEAD request, which the mux sends there too, must not. allow lists
// the methods of the path.
func NoHead(allow string) Guard {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				w.Header().Set("Allow", allow)
				w.WriteHeader(http.StatusMethodNotAllowed)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}
