package web

import "net/http"

// SeeOther sends the browser to location by GET, whatever the method was (RFC 9110 §15.4.4): a POST that carried a choice is never repeated at
// the target (RFC 9700 §4.12). It writes no body.
func SeeOther(w http.ResponseWriter, location string) {
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusSeeOther)
}
