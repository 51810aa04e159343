package load

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// form is what pressing a button sends.
type form struct {
	method, action string
	values         url.Values
}

// findForm returns the form around the element with the id, with the element's own value when it is a button with a name.
func findForm(document, id string) (form, error) {
	root, err := html.Parse(strings.NewReader(document))
	if err != nil {
		return form{}, err
	}
	button := findID(root, id)
	if button == nil {
		return form{}, fmt.Errorf("load: the page has no #%s", id)
	}
	around := button
	for around != nil && around.Data != "form" {
		around = around.Parent
	}
	if around == nil {
		return form{}, fmt.Errorf("load: #%s is in no form", id)
	}
	f := form{method: strings.ToUpper(cmp.Or(attribute(around, "method"), http.MethodGet)), action: attribute(around, "action"), values: url.Values{}}
	addFields(f.values, around)
	if name := attribute(button, "name"); name != "" {
		f.values.Set(name, attribute(button, "value"))
	}
	return f, nil
}

// hasID reports whether the document has an element with the id. Attributes are written with double quotes in all our pages.
func hasID(document, id string) bool { return strings.Contains(document, ` id="`+id+`"`) }

func findID(n *html.Node, id string) *html.Node {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && attribute(d, "id") == id {
			return d
		}
	}
	return nil
}

// addFields adds what a form sends beside its button.
func addFields(values url.Values, form *html.Node) {
	for n := range form.Descendants() {
		name := attribute(n, "name")
		if n.Data != "input" || name == "" {
			continue
		}
		switch attribute(n, "type") {
		case "submit":
		case "checkbox", "radio":
			if hasAttribute(n, "checked") {
				values.Add(name, attribute(n, "value"))
			}
		default:
			values.Add(name, attribute(n, "value"))
		}
	}
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func hasAttribute(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}
