package web

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := NewTries(2, time.Minute)
		for i, want := range []bool{true, true, false, false} {
			if got := tries.Spend("a"); got != want {
				t.Errorf("try %d: %v", i, got)
			}
		}
		if !tries.Spend("b") {
			t.Error("another one has no tries")
		}
		tries.GiveBack("a")
		if !tries.Spend("a") || tries.Spend("a") {
			t.Error("one try was given back")
		}
		time.Sleep(time.Minute)
		if !tries.Spend("a") {
			t.Error("no tries after the time is over")
		}
	})
}

func TestTriesAtOnce(t *testing.T) {
	tries, won := NewTries(5, time.Minute), atomic.Int32{}
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if tries.Spend("a") {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if won.Load() != 5 {
		t.Errorf("%d tries", won.Load())
	}
}

// DS-08: memory is bounded whoever asks.
func TestTriesAreBounded(t *testing.T) {
	tries := NewTries(5, time.Hour)
	for i := range 3 * maxTriers {
		tries.Spend(fmt.Sprint(i))
	}
	if len(tries.used) > maxTriers {
		t.Errorf("%d remembered", len(tries.used))
	}
}

// EN-06: one subject under many names is one: all of a /64, an IPv4 address in the clothes of an IPv6 one, an address with a zone.
func TestNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3::4": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := Network(netip.MustParseAddr(address), 64); got != want {
			t.Errorf("%s: %s", address, got)
		}
	}
	if Network(netip.Addr{}, 64) != "" {
		t.Error("an unknown address has a network")
	}
}
