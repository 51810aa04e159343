package upstream

import (
	"context"
	"fmt"
	"net/http"
)

// userInfo asks the userinfo endpoint. OIDC Core §5.3. A signed answer (application/jwt) is not understood, and never asked for.
func userInfo(ctx context.Context, client *http.Client, endpoint, accessToken string) (claims, error) {
	res, body, err := get(ctx, client, endpoint, "application/json", accessToken)
	if err != nil {
		return nil, fmt.Errorf("userinfo: %w: %w", ErrUnavailable, err)
	}
	if err := statusError(res.StatusCode); err != nil {
		return nil, fmt.Errorf("userinfo: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("userinfo: %w: status %d", ErrProtocol, res.StatusCode)
	}
	if !isJSON(res.Header) {
		return nil, fmt.Errorf("userinfo: %w: answer is not JSON", ErrUnavailable)
	}
	c, err := parseClaims(body)
	if err != nil {
		return nil, fmt.Errorf("userinfo: %w: %w", ErrProtocol, err)
	}
	return c, nil
}
