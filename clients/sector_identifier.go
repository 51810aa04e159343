package clients

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Limits on fetching the document at a sector_identifier_uri.
const (
	maxSectorDocument = 64 << 10
	sectorTimeout     = 5 * time.Second
)

// FetchSector returns the JSON document at a sector_identifier_uri.
type FetchSector func(ctx context.Context, uri string) ([]byte, error)

// NewFetchSector returns a FetchSector over an HTTP client that guards where requests may go and follows no redirects.
func NewFetchSector(client *http.Client) FetchSector {
	return func(ctx context.Context, uri string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, sectorTimeout)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
		if err != nil {
			return nil, err
		}
		r.Header.Set("Accept", "application/json")
		r.Header.Set("Accept-Encoding", "identity") // nothing grows while it is read
		resp, err := client.Do(r)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("answered with status %d", resp.StatusCode)
		}
		document, err := io.ReadAll(io.LimitReader(resp.Body, maxSectorDocument+1))
		if err == nil && len(document) > maxSectorDocument {
			err = errors.New("answered with more than 64 KiB")
		}
		return document, err
	}
}

// Check says whether the client may be of the sector it names: the document at its sector_identifier_uri has to list every redirect URI (OIDC
// Core §8.1, OIDC Registration §5). It comes after Validate, at each registration and each change of the URIs. old is what was registered
// before, nil at first. Neither the kind of subjects nor the sector of a pairwise client ever changes: every person would become a stranger to
// it, and a refreshed ID token would name another one than the first (OIDC Core §12.2). The error is a *MetadataError.
func (fetch FetchSector) Check(ctx context.Context, old, m *Metadata) error {
	var found problems
	if old != nil && (old.SubjectType == SubjectPairwise) != (m.SubjectType == SubjectPairwise) {
		found.add("subject_type", "would change, and every person would get another sub: keep it, or register a new client")
		return found.err()
	}
	if old != nil && m.SubjectType == SubjectPairwise && old.Sector() != m.Sector() {
		found.add("sector_identifier_uri", "would take the client from the sector "+quote(old.Sector())+" to "+quote(m.Sector())+", and every person would get another sub: keep it at the host it was, or register a new client")
		return found.err()
	}
	unchanged := old != nil && old.SectorIdentifierURI == m.SectorIdentifierURI && !slices.ContainsFunc(m.RedirectURIs, func(uri string) bool {
		return !slices.Contains(old.RedirectURIs, uri)
	})
	if m.SectorIdentifierURI == "" || unchanged {
		return nil
	}
	if fetch == nil {
		found.add("sector_identifier_uri", "cannot be fetched here")
		return found.err()
	}
	document, err := fetch(ctx, m.SectorIdentifierURI)
	var listed []string
	if err != nil || json.Unmarshal(document, &listed) != nil || listed == nil {
		// One text whatever the reason: nobody is to map a network through us.
		found.add("sector_identifier_uri", quote(m.SectorIdentifierURI)+" does not answer with a JSON array of redirect URIs, of 64 KiB at most, status 200 and no redirect")
		return found.err()
	}
	for _, uri := range m.RedirectURIs {
		if !slices.Contains(listed, uri) {
			found.add("sector_identifier_uri", fmt.Sprintf("%s does not list the redirect URI %s", quote(m.SectorIdentifierURI), quote(uri)))
		}
	}
	return found.err()
}

// Sector returns the sector identifier (OIDC Core §8.1): the host of the sector_identifier_uri or, where there is none, of all redirect URIs;
// "" where they do not agree on one.
func (m *Metadata) Sector() string {
	if m.SectorIdentifierURI != "" {
		return hostOf(m.SectorIdentifierURI)
	}
	sector := ""
	for i, uri := range m.RedirectURIs {
		host := hostOf(uri)
		// A loopback address and a scheme of an app are nobody's own: all apps on all devices would be one sector.
		if isLoopback(host) || (i > 0 && host != sector) {
			return ""
		}
		sector = host
	}
	return sector
}

// hostOf returns the host of an http or https URI, and "" for every other.
func hostOf(uri string) string {
	u, reason := splitURI(uri)
	if reason != "" || (u.scheme != "https" && u.scheme != "http") {
		return ""
	}
	host, _, _ := splitHostPort(u.authority)
	return strings.ToLower(host)
}

// validateSector looks at what can be seen without fetching anything.
func (m *Metadata) validateSector(found *problems, r Rules) {
	if m.SectorIdentifierURI != "" {
		if reason := checkPageURI(m.SectorIdentifierURI, r); reason != "" {
			found.add("sector_identifier_uri", quote(m.SectorIdentifierURI)+" "+reason)
		} else if strings.Contains(m.SectorIdentifierURI, "#") {
			found.add("sector_identifier_uri", quote(m.SectorIdentifierURI)+" has a fragment: leave it out")
		}
	}
	if m.SubjectType == SubjectPairwise && m.Sector() == "" {
		found.add("sector_identifier_uri", "is missing: a pairwise client needs one unless all its redirect URIs are https URIs of one host")
	}
}
