package load

import "testing"

// A form sends its fields, the checked boxes, and of its buttons only the one that was pressed.
func TestForm(t *testing.T) {
	const document = `<form action="/a?b=c" method="post"><input type="hidden" name="i" value="1"><input type="checkbox" name="on" value="x" checked>
		<input type="checkbox" name="off" value="y"><button id="one" name="choice" value="1">1</button><button id="two" name="choice" value="2">2</button></form>
		<form action="/get"><button id="three">3</button></form><button id="lost">!</button>`
	f, err := findForm(document, "two")
	if err != nil || f.method != "POST" || f.action != "/a?b=c" || f.values.Encode() != "choice=2&i=1&on=x" {
		t.Errorf("%+v, %v", f, err)
	}
	if f, err = findForm(document, "three"); err != nil || f.method != "GET" || len(f.values) != 0 {
		t.Errorf("%+v, %v", f, err)
	}
	for _, id := range []string{"lost", "absent"} {
		if _, err := findForm(document, id); err == nil {
			t.Errorf("#%s is found in a form", id)
		}
	}
}
