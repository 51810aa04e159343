package main

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/symbolon-id/symbolon/clients"
)

// Every member of the metadata has a flag of its name (in the singular for a list), of its type.
func TestEveryMemberHasAFlag(t *testing.T) {
	want := map[string]string{}
	for i := range reflect.TypeFor[clients.Metadata]().NumField() {
		f := reflect.TypeFor[clients.Metadata]().Field(i)
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "-" {
			want[name] = strings.TrimPrefix(f.Type.String(), "*")
		}
	}
	got := map[string]string{}
	for _, m := range memberFlags() {
		got[m.member] = reflect.TypeOf(m.kind).String()
		name := strings.ReplaceAll(m.member, "_", "-")
		if !slices.Contains([]string{name, strings.TrimSuffix(name, "s")}, m.flag) {
			t.Errorf("the flag of %s is --%s", m.member, m.flag)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
