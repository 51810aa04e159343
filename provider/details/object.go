package details

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Limits on what one request may ask for.
const (
	maxBytes   = 4 << 10
	maxObjects = 8
	maxDepth   = 8 // with the array around the objects
)

// Object is one object of authorization details. It fits its type, and can be shown to a person.
type Object struct {
	typ     *Type
	members map[string]any
}

// List is the value of authorization_details: one to eight objects, or none at all.
type List []Object

// Type returns the object's registered type.
func (o Object) Type() *Type { return o.typ }

// Parse reads what a client asks for. Its error is the end of a sentence that begins with the name of the parameter.
func (ts Types) Parse(text string) (List, error) {
	if len(text) > maxBytes {
		return nil, errors.New("is longer than 4 KiB")
	}
	value, err := decode(text, maxDepth)
	if err != nil {
		return nil, err
	}
	array, ok := value.([]any)
	switch {
	case !ok || len(array) == 0: // RFC 9396 §2
		return nil, errors.New("must be an array of objects")
	case len(array) > maxObjects:
		return nil, errors.New("has more than 8 objects")
	}
	list := make(List, len(array))
	for i, v := range array {
		if list[i], err = ts.object(v); err != nil {
			return nil, fmt.Errorf("has a wrong object, number %d: it %w", i+1, err)
		}
		if slices.ContainsFunc(list[:i], list[i].equal) {
			return nil, errors.New("has an object twice")
		}
	}
	if len(list.String()) > maxBytes { // what JSON has to escape may be longer than it came
		return nil, errors.New("is longer than 4 KiB")
	}
	return list, nil
}

// object holds one object against its type (RFC 9396 §5).
func (ts Types) object(v any) (Object, error) {
	members, ok := v.(map[string]any)
	name, named := members["type"].(string)
	switch {
	case !ok:
		return Object{}, errors.New("is no object")
	case !named: // RFC 9396 §2: type is required
		return Object{}, errors.New("has no type")
	}
	o := Object{ts.named(name), members}
	if o.typ == nil {
		return Object{}, errors.New("has an unknown type; those that are known stand in authorization_details_types_supported")
	}
	var invalid *jsonschema.ValidationError
	switch err := o.typ.schema.root.Validate(members); {
	case errors.As(err, &invalid):
		return Object{}, errors.New("does not fit its type " + placeOf(invalid))
	case err != nil:
		return Object{}, errors.New("does not fit its type")
	}
	if why := o.unreadable(); why != "" {
		return Object{}, errors.New("cannot be shown to a person: " + why)
	}
	return o, nil
}

// Restore reads a text that List.String has made. Objects whose type is not registered any more, or that do not fit it any more, are left out.
func (ts Types) Restore(text string) (list List) {
	if text == "" || len(ts) == 0 {
		return nil
	}
	value, _ := decode(text, maxDepth)
	array, _ := value.([]any)
	for _, v := range array {
		if o, err := ts.object(v); err == nil {
			list = append(list, o)
		}
	}
	return list
}

// String returns the objects as JSON with sorted members, or "" when there are none.
func (l List) String() string {
	if len(l) == 0 {
		return ""
	}
	values := make([]map[string]any, len(l))
	for i, o := range l {
		values[i] = o.members
	}
	text, err := json.Marshal(values)
	if err != nil {
		panic(err) // it was decoded from JSON
	}
	return string(text)
}

// Filter returns the objects that keep says yes to.
func (l List) Filter(keep func(Object) bool) List {
	return slices.DeleteFunc(slices.Clone(l), func(o Object) bool { return !keep(o) })
}

// Within says whether every object is one of granted, or narrower than one (RFC 9396 §6.1).
func (l List) Within(granted List) bool {
	return !slices.ContainsFunc(l, func(o Object) bool { return !slices.ContainsFunc(granted, o.within) })
}

func (o Object) equal(other Object) bool { return reflect.DeepEqual(o.members, other.members) }

// additive are the common fields whose every value is one more thing that is allowed (RFC 9396 §2.2): with fewer of them an object is narrower.
// A field that is left out may well mean all, so none is.
func additive(name string) bool {
	return slices.Contains([]string{"locations", "actions", "datatypes", "privileges"}, name)
}

// within says whether o is granted or narrower: what only the type knows about its fields is not guessed.
func (o Object) within(granted Object) bool {
	if len(o.members) != len(granted.members) {
		return false
	}
	for name, value := range o.members {
		whole, there := granted.members[name]
		if !there || !reflect.DeepEqual(value, whole) && !(additive(name) && fewer(value, whole)) {
			return false
		}
	}
	return true
}

// fewer says whether both are lists, and the first has some of the second and nothing else.
func fewer(value, whole any) bool {
	some, ok := value.([]any)
	all, also := whole.([]any)
	if !ok || !also || len(some) == 0 {
		return false
	}
	return !slices.ContainsFunc(some, func(v any) bool {
		return !slices.ContainsFunc(all, func(w any) bool { return reflect.DeepEqual(v, w) })
	})
}

// Locations returns where the object is for (RFC 9396 §2.2); nil where it does not say.
func (o Object) Locations() (locations []string) {
	list, _ := o.members["locations"].([]any)
	for _, v := range list {
		if s, ok := v.(string); ok {
			locations = append(locations, s)
		}
	}
	return locations
}
