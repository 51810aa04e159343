package load

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// NewClient returns an HTTP client with up to conns connections to each server, kept open. It follows no redirect, and takes localhost for
// 127.0.0.1, as every address of this package is on the loopback interface.
func NewClient(conns int) *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return &http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			MaxConnsPerHost: conns, MaxIdleConnsPerHost: conns, DisableCompression: true,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				if port, ok := strings.CutPrefix(address, "localhost:"); ok {
					address = "127.0.0.1:" + port
				}
				return dialer.DialContext(ctx, network, address)
			},
		},
	}
}

// send returns the answer with its whole body.
func send(client *http.Client, r *http.Request) (*http.Response, []byte, error) {
	resp, err := client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, body, err
}
