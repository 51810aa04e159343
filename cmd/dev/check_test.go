package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestCheckRunsEveryStepAndNamesTheFailures(t *testing.T) {
	var out bytes.Buffer
	failed := runSteps(t.Context(), repository{out: &out}, []step{
		{"one", func(_ context.Context, r repository) error { fmt.Fprintln(r.out, "a.go:1: wrong"); return errFound }},
		{"two", func(context.Context, repository) error { return nil }},
		{"three", func(context.Context, repository) error { return errors.New("no such tool") }},
	})
	slices.Sort(failed)
	if !slices.Equal(failed, []string{"one", "three"}) {
		t.Errorf("failed %v", failed)
	}
	for _, want := range []string{"a.go:1: wrong", "two           ok", "no such tool"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, &out)
		}
	}
}

func TestCheckShortRunsNoTests(t *testing.T) {
	names := func(steps []step) (names []string) {
		for _, s := range steps {
			names = append(names, s.name)
		}
		return names
	}
	if got := names(checkSteps(true, false)); slices.Contains(got, "golden") || slices.Contains(got, "race") {
		t.Errorf("-short runs %v", got)
	}
	if got := names(checkSteps(false, true)); !slices.Contains(got, "golden") || !slices.Contains(got, "race") {
		t.Errorf("-race runs %v", got)
	}
}

func TestDispatchOfAnUnknownTaskShowsTheTasks(t *testing.T) {
	var out bytes.Buffer
	if err := dispatch(t.Context(), []string{"nothing"}, &out); !errors.Is(err, errUsage) {
		t.Error(err)
	}
	for _, task := range tasks() {
		if !strings.Contains(out.String(), task.name) {
			t.Errorf("the usage lacks %s", task.name)
		}
	}
}
